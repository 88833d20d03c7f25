//! The section of the advisor.

use std::{net::SocketAddr, num::NonZeroU32, time::Duration};

use super::{sections, source::Source};
use crate::advisor::{ConfiguredToken, Limits, Right, Tokens};

/// The door for the CRM's questions.
pub struct AdvisorSettings {
    pub listen: SocketAddr,
    /// The live bearer tokens: one or two of each right.
    pub tokens: Tokens,
    /// What one caller, and all of them together, may ask for.
    pub limits: Limits,
}

/// The advisor; nothing is returned where an error was recorded.
pub fn advisor(source: &mut Source<'_>) -> Option<AdvisorSettings> {
    let listen = source.value::<String>("advisor.listen");
    let listen = sections::address(source, "advisor.listen", &listen);
    let limits = Limits {
        per_token: rate(source, "advisor.requests_per_s_per_token"),
        per_process: rate(source, "advisor.requests_per_s"),
        concurrency_max: usize::from(source.value::<u16>("advisor.concurrency_max").max(1)),
        timeout: Duration::from_millis(source.value("advisor.timeout_ms")),
    };
    let tokens = tokens(source)?;
    Some(AdvisorSettings { listen, tokens, limits })
}

/// Whoever asks the rules is expected; what became of jobs is told where the operator has made a token for it.
fn tokens(source: &mut Source<'_>) -> Option<Tokens> {
    let first: String = source.require("advisor.token");
    // A token that is not there was recorded as missing.
    let mut secrets = vec![("advisor.token", Right::Rules, Some(first).filter(|secret| !secret.is_empty())?)];
    let further = [
        ("advisor.token_next", Right::Rules),
        ("advisor.jobs_token", Right::Jobs),
        ("advisor.jobs_token_next", Right::Jobs),
    ];
    for (name, right) in further {
        secrets.extend(source.maybe(name).map(|secret| (name, right, secret)));
    }
    let database: Option<String> = source.maybe("database.url");
    if database.is_none()
        && let Some((name, ..)) = secrets.iter().find(|(_, right, _)| *right == Right::Jobs)
    {
        source
            .refuse(format!("`{name}`: what became of jobs is in the database; set `database.url` as well"));
    }
    let configured = secrets.into_iter().map(|(name, right, secret)| ConfiguredToken { name, right, secret });
    Tokens::new(configured.collect()).map_err(|problem| source.refuse(problem.to_string())).ok()
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

#[cfg(test)]
mod tests {
    use super::advisor;
    use crate::config::load_from;

    const RULES: &str = "0123456789abcdef0123456789abcdef";
    const JOBS: &str = "fedcba9876543210fedcba9876543210";

    /// What is wrong with these tokens, with a database or without one.
    fn problems(jobs: &'static str, database: Option<&'static str>) -> String {
        let lookup = move |name: &str| match name {
            "FLEET_ADVISOR_TOKEN" => Some(RULES.to_owned()),
            "FLEET_ADVISOR_JOBS_TOKEN" => Some(jobs.to_owned()),
            "FLEET_DATABASE_URL" => database.map(str::to_owned),
            _ => None,
        };
        load_from(&lookup, None, advisor).err().map(|errors| errors.to_string()).unwrap_or_default()
    }

    #[test]
    fn a_token_that_asks_for_jobs_needs_the_database_and_is_not_the_one_that_asks_the_rules() {
        let database = Some("postgres://closure_advisor:x@localhost/closure");
        assert_eq!(problems(JOBS, database), "");
        assert_eq!(problems("", None), "", "without a token nobody asks for jobs");
        for (wrong, named) in [
            (problems(JOBS, None), "`advisor.jobs_token`: what became of jobs is in the database"),
            (problems(RULES, database), "`advisor.jobs_token`: another key has the same token"),
            (problems("short", database), "`advisor.jobs_token`: a token has 32 to 256 characters"),
        ] {
            assert!(wrong.contains(named) && !wrong.contains(RULES), "{wrong}");
        }
    }
}
