//! What a mail says of its origin, and where it comes back to: the signature, the envelope senders and the maildir.

use std::{path::PathBuf, time::Duration};

use closure_providers::{BounceAddresses, DkimSigner};

use super::source::Source;

pub struct BounceSettings {
    /// Where the mail server delivers what comes back.
    pub maildir: PathBuf,
    /// Which addresses are ours.
    pub addresses: BounceAddresses,
    pub pause: Duration,
}

/// The envelope senders of our mail, where a domain for them is configured.
pub fn bounce_addresses(source: &mut Source<'_>) -> Option<BounceAddresses> {
    source.maybe::<String>("bounces.domain").and_then(|domain| addresses(source, &domain))
}

/// Whether mail that could not be delivered comes back to a domain of ours.
pub fn has_bounces(source: &mut Source<'_>) -> bool {
    source.maybe::<String>("bounces.domain").is_some()
}

/// Who signs our mail, where a key is configured.
pub fn dkim(source: &mut Source<'_>) -> Option<DkimSigner> {
    let key = source.maybe::<String>("email.dkim_key")?;
    let (domain, selector) =
        (source.require::<String>("email.dkim_domain"), source.require::<String>("email.dkim_selector"));
    let second = source.maybe::<String>("email.dkim_second_key");
    let second = second.map(|key| (source.require::<String>("email.dkim_second_selector"), key));
    let signer = DkimSigner::new(&domain, &selector, &key).and_then(|signer| match second {
        Some((selector, key)) => signer.and(&selector, &key),
        None => Ok(signer),
    });
    match signer {
        Ok(signer) => Some(signer),
        Err(problem) => {
            source.refuse(format!("`email`: {problem}"));
            None
        }
    }
}

/// The bounce reader; nothing is returned where an error was recorded.
pub fn bounces(source: &mut Source<'_>) -> Option<BounceSettings> {
    let maildir = source.require::<String>("bounces.maildir").into();
    let pause = Duration::from_millis(source.value("bounces.look_ms"));
    let domain = source.require::<String>("bounces.domain");
    let addresses = if domain.is_empty() { None } else { addresses(source, &domain) };
    addresses.map(|addresses| BounceSettings { maildir, addresses, pause })
}

fn addresses(source: &mut Source<'_>, domain: &str) -> Option<BounceAddresses> {
    let mut secrets = vec![source.require::<String>("bounces.secret")];
    secrets.extend(source.maybe("bounces.secret_next"));
    // A secret that is not there was recorded as missing.
    if secrets.first().is_some_and(String::is_empty) {
        return None;
    }
    match BounceAddresses::new(domain, &secrets) {
        Ok(addresses) => Some(addresses),
        Err(problem) => {
            source.refuse(format!("`bounces`: {problem}"));
            None
        }
    }
}
