//! What the DNS says of the domains of our mail.

use std::{net::SocketAddr, time::Duration};

use closure_contract::facts::mail::MailHost;
use hickory_resolver::{
    Resolver, TokioResolver,
    config::{ConnectionConfig, NameServerConfig, ResolveHosts, ResolverConfig},
    net::{NetError, runtime::TokioRuntimeProvider},
    proto::rr::RData,
};

/// One question waits so long for its answer, and is asked twice.
const TIMEOUT: Duration = Duration::from_secs(3);
const ATTEMPTS: usize = 2;
/// Of a domain at most so many mail hosts are looked at, those that are asked first among them.
const MAIL_HOSTS_MAX: usize = 10;

/// Who is asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NameServers {
    /// Those of this machine.
    System,
    /// These.
    These(Vec<SocketAddr>),
}

/// A question that was not answered; no message holds more than what was asked.
#[derive(Debug, thiserror::Error)]
#[error("the DNS could not be asked for {name}: {problem}")]
pub struct DnsError {
    name: String,
    problem: String,
}

/// Asks the DNS.
#[derive(Debug)]
pub struct Dns(TokioResolver);

impl Dns {
    /// Someone who asks these servers.
    pub fn new(servers: &NameServers) -> Result<Self, DnsError> {
        let unusable = |problem: NetError| DnsError {
            name: "the name servers".to_owned(),
            problem: problem.to_string(),
        };
        let mut builder = match servers {
            NameServers::System => TokioResolver::builder_tokio().map_err(unusable)?,
            NameServers::These(servers) => Resolver::builder_with_config(
                ResolverConfig::from_name_servers(servers.iter().map(server).collect()),
                TokioRuntimeProvider::default(),
            ),
        };
        let options = builder.options_mut();
        options.timeout = TIMEOUT;
        options.attempts = ATTEMPTS;
        // A key of 2048 bits is more than the 512 bytes of an answer without it.
        options.edns0 = true;
        options.use_hosts_file = ResolveHosts::Never;
        builder.build().map(Self).map_err(unusable)
    }

    /// The TXT records of a name, the strings of each as one text; none where there is no such name.
    pub async fn texts(&self, name: &str) -> Result<Vec<String>, DnsError> {
        let text = |data: &RData| match data {
            RData::TXT(text) => {
                let bytes: Vec<u8> = text.txt_data.iter().flat_map(|part| part.iter().copied()).collect();
                Some(String::from_utf8_lossy(&bytes).into_owned())
            }
            _ => None,
        };
        let found = self.0.txt_lookup(fully_qualified(name)).await;
        none_is_an_answer(
            name,
            found.map(|found| found.answers().iter().filter_map(|one| text(&one.data)).collect()),
        )
    }

    /// The hosts that take the mail of a domain, and whether each has an address.
    pub async fn mail_hosts(&self, domain: &str) -> Result<Vec<MailHost>, DnsError> {
        let host = |data: &RData| match data {
            RData::MX(host) => Some((host.preference, host.exchange.to_utf8())),
            _ => None,
        };
        let found = self.0.mx_lookup(fully_qualified(domain)).await;
        let mut named: Vec<(u16, String)> = none_is_an_answer(
            domain,
            found.map(|found| found.answers().iter().filter_map(|one| host(&one.data)).collect()),
        )?;
        named.sort();
        named.truncate(MAIL_HOSTS_MAX);
        let mut hosts = Vec::new();
        for (preference, name) in named {
            let name = name.trim_end_matches('.').to_owned();
            let has_address = !name.is_empty() && self.has_address(&name).await?;
            hosts.push(MailHost { preference, name, has_address });
        }
        Ok(hosts)
    }

    async fn has_address(&self, name: &str) -> Result<bool, DnsError> {
        let found = self.0.lookup_ip(fully_qualified(name)).await;
        none_is_an_answer(name, found.map(|found| found.iter().next().into_iter().collect()))
            .map(|found: Vec<_>| !found.is_empty())
    }
}

fn server(address: &SocketAddr) -> NameServerConfig {
    let connections = [ConnectionConfig::udp(), ConnectionConfig::tcp()];
    let connections = connections.into_iter().map(|mut one| {
        one.port = address.port();
        one
    });
    NameServerConfig::new(address.ip(), true, connections.collect())
}

/// No search domain of this machine is tried behind it.
fn fully_qualified(name: &str) -> String {
    format!("{}.", name.trim_end_matches('.'))
}

/// That there is no such name, or no such record, is an answer.
fn none_is_an_answer<T>(name: &str, found: Result<Vec<T>, NetError>) -> Result<Vec<T>, DnsError> {
    match found {
        Ok(found) => Ok(found),
        Err(problem) if problem.is_no_records_found() || problem.is_nx_domain() => Ok(Vec::new()),
        Err(problem) => Err(DnsError { name: name.to_owned(), problem: problem.to_string() }),
    }
}
