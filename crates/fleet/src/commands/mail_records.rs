//! What `fleet doctor` finds in the DNS about our mail: who may send it, who signs it, and where it comes back to.

use std::net::IpAddr;

use closure_policy::email::records::{MailNames, RecordFinding, Relay, dkim, dmarc, mx, spf};
use closure_providers::{Dns, DnsError};

use super::Invocation;
use crate::{
    cli::{Member, Role},
    config::{self, MailDomains, NameServerSettings},
};

/// One record: what it is called, and what is found of it, or why nobody could ask.
pub(super) type LookedAt = (String, Result<RecordFinding, DnsError>);

/// What the DNS says of the mail of those among these processes that send mail, or read what comes back.
///
/// Keys that are wrong are told elsewhere; `None` where the configuration asks nobody.
pub(super) async fn look(invocation: &Invocation, members: &[Member]) -> Option<Vec<LookedAt>> {
    let (sends, reads) =
        (members.contains(&Member::Work(Role::Email)), members.contains(&Member::Work(Role::Bounces)));
    if !sends && !reads {
        return None;
    }
    let read = |source: &mut config::Source<'_>| (config::name_servers(source), config::mail_domains(source));
    let (servers, domains) = config::load(invocation.config.as_ref(), read).ok()?;
    let NameServerSettings::Asked(servers) = servers else { return None };
    let dns = match Dns::new(&servers) {
        Ok(dns) => dns,
        Err(problem) => return Some(vec![("DNS".to_owned(), Err(problem))]),
    };
    let mut found = Vec::new();
    if sends {
        found.extend(of_sending(&dns, &domains).await);
    }
    if let Some(bounces) = &domains.bounces {
        let hosts = dns.mail_hosts(bounces).await;
        let relay = relay(&domains.relay);
        found.push((format!("MX of {bounces}"), hosts.map(|hosts| mx(bounces, relay, &hosts))));
    }
    Some(found)
}

async fn of_sending(dns: &Dns, domains: &MailDomains) -> Vec<LookedAt> {
    let envelope = domains.bounces.as_deref().unwrap_or(&domains.from);
    let texts = dns.texts(envelope).await;
    let mut found =
        vec![(format!("SPF of {envelope}"), texts.map(|texts| spf(envelope, relay(&domains.relay), &texts)))];
    for key in &domains.keys {
        let texts = dns.texts(&key.name).await;
        found.push((format!("DKIM {}", key.name), texts.map(|texts| dkim(key, &texts))));
    }
    let signers: Vec<&str> = domains.keys.iter().map(|key| key.domain.as_str()).collect();
    let names = MailNames { from: &domains.from, envelope, signers: &signers };
    let looked = policy_of(dns, &domains.from).await;
    found.push((
        format!("DMARC of {}", domains.from),
        looked.map(|(place, texts)| dmarc(names, &place, &texts)),
    ));
    found
}

/// The record of the domain itself, or of the nearest domain above it that has one, and where it is.
async fn policy_of(dns: &Dns, from: &str) -> Result<(String, Vec<String>), DnsError> {
    let mut domain = from;
    loop {
        let place = format!("_dmarc.{domain}");
        let texts = dns.texts(&place).await?;
        let above = domain.split_once('.').map(|(_, above)| above).filter(|above| above.contains('.'));
        match above {
            Some(above) if texts.is_empty() => domain = above,
            Some(_) | None => return Ok((place, texts)),
        }
    }
}

fn relay(host: &str) -> Relay<'_> {
    match host.parse::<IpAddr>() {
        Ok(IpAddr::V4(_)) => Relay::Ip4(host),
        Ok(IpAddr::V6(_)) => Relay::Ip6(host),
        Err(_) => Relay::Host(host),
    }
}
