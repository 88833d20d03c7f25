//! The broker's addresses: one setting may name every node of a cluster.

use std::{
    collections::hash_map::RandomState,
    hash::{BuildHasher, Hasher},
    net::IpAddr,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
};

use lapin::uri::{AMQPScheme, AMQPUri};

/// A cluster has three or five nodes; a longer list is a mistake.
const ADDRESSES_MAX: usize = 16;

/// Why a setting is no address; never a part of it, because any part may be the password.
pub(crate) type Problem = &'static str;

/// Reads `amqp://user:password@a:5672,b:5672/vhost`, or whole addresses with commas between them.
pub(crate) fn read(setting: &str) -> Result<Vec<AMQPUri>, Problem> {
    let mut addresses = Vec::new();
    for whole in whole_addresses(setting)? {
        for one in one_a_host(&whole)? {
            addresses.push(parse(&one)?);
        }
    }
    if addresses.len() > ADDRESSES_MAX {
        return Err("it names more than 16 addresses; name the nodes of one cluster");
    }
    let place = |uri: &AMQPUri| (uri.scheme.clone(), uri.vhost.clone());
    if addresses.windows(2).any(|pair| matches!(pair, [one, next] if place(one) != place(next))) {
        return Err(
            "its addresses differ in more than the host; all must be nodes of one cluster, with one scheme and one virtual host",
        );
    }
    Ok(addresses)
}

/// Host, port and virtual host: what may be shown of an address.
pub(crate) fn endpoint(uri: &AMQPUri) -> String {
    format!("{}:{}/{}", uri.authority.host, uri.authority.port, uri.vhost)
}

/// Whether a connection would leave this machine without TLS.
pub(crate) fn is_remote_plain_text(uri: &AMQPUri) -> bool {
    let host = uri.authority.host.as_str();
    let local = host == "localhost" || host.parse::<IpAddr>().is_ok_and(|address| address.is_loopback());
    match uri.scheme {
        AMQPScheme::AMQP => !local,
        AMQPScheme::AMQPS => false,
    }
}

/// A comma stands between two addresses where a scheme follows it, and between two hosts elsewhere.
fn whole_addresses(setting: &str) -> Result<Vec<String>, Problem> {
    let mut addresses: Vec<String> = Vec::new();
    for part in setting.split(',').map(str::trim) {
        if part.starts_with("amqp://") || part.starts_with("amqps://") {
            addresses.push(part.to_owned());
            continue;
        }
        match addresses.last_mut() {
            Some(last) => {
                last.push(',');
                last.push_str(part);
            }
            None => return Err("its address is not of the form amqp://user:password@host:port/vhost"),
        }
    }
    Ok(addresses)
}

/// The same address once for each of its hosts.
fn one_a_host(whole: &str) -> Result<Vec<String>, Problem> {
    let malformed = "its address is not of the form amqp://user:password@host:port/vhost";
    let (scheme, rest) = whole.split_once("://").ok_or(malformed)?;
    let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
    let (authority, place) = rest.split_at_checked(end).ok_or(malformed)?;
    if place.contains([',', '@']) {
        return Err(
            "a comma or an @ stands behind its virtual host; several nodes are written amqp://user:password@a:5672,b:5672/vhost, and in a password / is %2F, @ is %40, and a comma is %2C",
        );
    }
    let (login, hosts) = match authority.rsplit_once('@') {
        Some((login, hosts)) => (format!("{login}@"), hosts),
        None => (String::new(), authority),
    };
    if login.trim_end_matches('@').contains('@') && login.contains(',') {
        return Err(
            "the user and password stand before each host; write them once, amqp://user:password@a:5672,b:5672/vhost, or write whole addresses with commas between them",
        );
    }
    let hosts: Vec<&str> = hosts.split(',').collect();
    if hosts.len() > 1 && hosts.iter().any(|host| host.is_empty()) {
        return Err("a host is empty; take the comma out that has no host beside it");
    }
    Ok(hosts.into_iter().map(|host| format!("{scheme}://{login}{host}{place}")).collect())
}

fn parse(one: &str) -> Result<AMQPUri, Problem> {
    // The client library takes an IPv6 literal for no host at all and connects to localhost.
    if one.contains("@[") || one.contains("//[") {
        return Err("its address is an IPv6 literal; use a host name");
    }
    // The parser's own message may repeat the address with its password, so it is not passed on.
    one.parse().map_err(|_| "its address is not of the form amqp://user:password@host:port/vhost")
}

/// Which address of several is tried first; the connections of a process share it.
///
/// It begins anywhere, so that the processes of a fleet spread over a cluster's nodes.
/// It stays where a connection came about, and goes on from where one was lost.
#[derive(Debug, Clone)]
pub struct Turn(Arc<AtomicUsize>);

impl Default for Turn {
    fn default() -> Self {
        // Each `RandomState` has keys of its own, and hashing nothing gives a number that depends on them alone.
        let anywhere = RandomState::new().build_hasher().finish() % 1_000;
        Self(Arc::new(AtomicUsize::new(usize::try_from(anywhere).unwrap_or_default())))
    }
}

impl Turn {
    /// The positions of so many addresses in the order in which they are tried.
    pub(crate) fn order(&self, addresses: usize) -> impl Iterator<Item = usize> + use<> {
        let first = self.0.load(Ordering::Relaxed);
        (0..addresses).map(move |step| (first + step) % addresses)
    }

    /// A connection came about there.
    pub(crate) fn stay(&self, position: usize) {
        self.0.store(position, Ordering::Relaxed);
    }

    /// The connection there is lost; the next one is sought elsewhere, unless another has found it already.
    pub(crate) fn leave(&self, position: usize) {
        let _moved_by_another =
            self.0.compare_exchange(position, position + 1, Ordering::Relaxed, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn endpoints(setting: &str) -> Result<Vec<String>, Problem> {
        read(setting).map(|addresses| addresses.iter().map(endpoint).collect())
    }

    #[test]
    fn several_nodes_are_hosts_of_one_address_or_whole_addresses() {
        for setting in [
            "amqp://u:p@a:5672,b:5673/closures",
            "amqp://u:p@a:5672, b:5673/closures",
            "amqp://u:p@a,b:5673/closures",
            "amqp://u:p@a:5672/closures,amqp://u:p@b:5673/closures",
            "amqp://u:p@a:5672/closures, amqp://u:q@b:5673/closures",
        ] {
            assert_eq!(
                endpoints(setting),
                Ok(vec!["a:5672/closures".to_owned(), "b:5673/closures".to_owned()]),
                "{setting}"
            );
        }
        assert_eq!(endpoints("amqps://u:p@a,b/%2f").map(|all| all.join(" ")), Ok("a:5671// b:5671//".into()));
    }

    #[test]
    fn one_address_means_what_it_always_meant() {
        for (setting, wanted) in [
            ("amqp://u:p@host:5672/closures", "host:5672/closures"),
            ("amqp://u:p%2Cq@host/a", "host:5672/a"),
            ("amqp://u:p,q@host/a", "host:5672/a"),
            ("amqp://host", "host:5672//"),
        ] {
            assert_eq!(endpoints(setting), Ok(vec![wanted.to_owned()]), "{setting}");
        }
    }

    #[test]
    fn the_password_of_a_list_is_the_one_before_its_hosts() {
        let all = read("amqp://u:p,w@a,b/v").expect("two hosts behind one login");
        let logins: Vec<_> = all.iter().map(|uri| uri.authority.userinfo.password.as_str()).collect();
        assert_eq!(logins, ["p,w", "p,w"]);
    }

    #[test]
    fn what_cannot_be_one_cluster_is_refused() {
        for setting in [
            "amqp://u:p@a/one,amqp://u:p@b/two",
            "amqp://u:p@a/v,amqps://u:p@b/v",
            "amqp://u:p@a:5672/v,u:p@b:5672/v",
            "amqp://u:p@a,u:p@b/v",
            "amqp://u:p@a,/v",
            "amqp://u:p@,a/v",
            "a:5672,b:5672",
            "",
        ] {
            assert!(read(setting).is_err(), "{setting}");
        }
    }

    #[test]
    fn a_name_is_another_machine_unless_it_is_localhost() {
        for (setting, remote) in [
            ("amqp://127.0.0.1/", false),
            ("amqp://127.8.0.1/", false),
            ("amqp://localhost/", false),
            ("amqp://broker.internal/", true),
            ("amqp://192.0.2.7/", true),
            ("amqps://broker.internal/", false),
        ] {
            let uri = read(setting).expect("an address").remove(0);
            assert_eq!(is_remote_plain_text(&uri), remote, "{setting}");
        }
    }

    #[test]
    fn a_lost_connection_is_sought_elsewhere_and_a_found_one_is_kept() {
        let turn = Turn::default();
        turn.stay(1);
        assert_eq!(turn.order(3).collect::<Vec<_>>(), [1, 2, 0]);
        turn.leave(1);
        turn.leave(1);
        assert_eq!(turn.order(3).collect::<Vec<_>>(), [2, 0, 1], "two connections were lost with one node");
        turn.leave(2);
        assert_eq!(turn.order(3).collect::<Vec<_>>(), [0, 1, 2]);
    }
}
