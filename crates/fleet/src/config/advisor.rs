//! The section of the advisor.

use std::{net::SocketAddr, num::NonZeroU32, time::Duration};

use super::{sections, source::Source};
use crate::advisor::{Limits, Tokens};

/// The door for the CRM's questions.
pub struct AdvisorSettings {
    /// Where it listens.
    pub listen: SocketAddr,
    /// The one or two live bearer tokens.
    pub tokens: Tokens,
    /// What one caller, and all of them together, may ask for.
    pub limits: Limits,
}

/// The advisor; nothing is returned where an error was recorded.
pub fn advisor(source: &mut Source<'_>) -> Option<AdvisorSettings> {
    let listen = source.value::<String>("advisor.listen");
    let listen = sections::address(source, "advisor.listen", &listen);
    let mut tokens: Vec<String> = vec![source.require("advisor.token")];
    tokens.extend(source.maybe("advisor.token_next"));
    let limits = Limits {
        per_token: rate(source, "advisor.requests_per_s_per_token"),
        per_process: rate(source, "advisor.requests_per_s"),
        concurrency_max: usize::from(source.value::<u16>("advisor.concurrency_max").max(1)),
        timeout: Duration::from_millis(source.value("advisor.timeout_ms")),
    };
    match Tokens::new(&tokens) {
        Ok(tokens) => Some(AdvisorSettings { listen, tokens, limits }),
        // A token that is not there was recorded as missing.
        Err(_) if tokens.first().is_some_and(String::is_empty) => None,
        Err(problem) => {
            source.refuse(format!("`advisor.token`: {problem}"));
            None
        }
    }
}

/// The advisor where a token is configured, for a look at the configuration as a whole.
pub fn advisor_if_any(source: &mut Source<'_>) -> Option<AdvisorSettings> {
    source.maybe::<String>("advisor.token").and_then(|_| advisor(source))
}

fn rate(source: &mut Source<'_>, name: &'static str) -> NonZeroU32 {
    NonZeroU32::new(source.value(name)).unwrap_or_else(|| {
        source.refuse(format!("`{name}`: say how many requests a second, at least 1"));
        NonZeroU32::MIN
    })
}
