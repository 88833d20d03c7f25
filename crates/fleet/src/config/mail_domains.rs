//! The domains of our mail, and who is asked about them.

use std::net::{IpAddr, SocketAddr};

use closure_contract::facts::mail::DkimRecord;
use closure_providers::NameServers;

use super::{bounces::dkim, sections::rulebook, source::Source};

/// The port of DNS.
const DNS_PORT: u16 = 53;

/// Who is asked about our domains.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NameServerSettings {
    /// Nobody.
    Off,
    /// These.
    Asked(NameServers),
}

/// The names that a mail of ours bears.
#[derive(Debug, Clone)]
pub struct MailDomains {
    /// The domain of the `From` address.
    pub from: String,
    /// The domain of the envelope senders, where they have one of their own.
    pub bounces: Option<String>,
    /// The mail server that takes our mail.
    pub relay: String,
    /// What is to be published of each key that signs.
    pub keys: Vec<DkimRecord>,
}

/// Who is asked about our domains.
pub fn name_servers(source: &mut Source<'_>) -> NameServerSettings {
    let text = source.value::<String>("network.dns_servers");
    let mut servers = Vec::new();
    match text.as_str() {
        "off" => return NameServerSettings::Off,
        "system" => return NameServerSettings::Asked(NameServers::System),
        list => {
            for entry in list.split(',').map(str::trim) {
                let address = entry.parse::<SocketAddr>();
                let address =
                    address.or_else(|_| entry.parse::<IpAddr>().map(|ip| SocketAddr::new(ip, DNS_PORT)));
                match address {
                    Ok(address) => servers.push(address),
                    Err(_) => source.refuse(format!(
                        "`network.dns_servers`: `{entry}` is no address; say system, off, or such as 10.0.0.2,10.0.0.3:5353"
                    )),
                }
            }
        }
    }
    NameServerSettings::Asked(NameServers::These(servers))
}

/// The names that a mail of ours bears.
pub fn mail_domains(source: &mut Source<'_>) -> MailDomains {
    let rulebook = rulebook(source);
    let from = rulebook.rules().email.from_address.as_str();
    let domain = from.rsplit_once('@').map_or(from, |(_, domain)| domain);
    MailDomains {
        from: domain.to_ascii_lowercase(),
        bounces: source.maybe::<String>("bounces.domain").map(|domain| domain.to_ascii_lowercase()),
        relay: source.maybe("email.host").unwrap_or_else(|| "mail.example.com".to_owned()),
        keys: dkim(source).map(|signer| signer.records()).unwrap_or_default(),
    }
}
