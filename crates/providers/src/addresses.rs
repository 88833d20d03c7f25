//! Which addresses a gateway's host may have: one that is named from outside must not lead into our own network.

use std::{
    io,
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr},
};

use reqwest::dns::{Addrs, Name, Resolve, Resolving};

/// Where a gateway's host may be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Addresses {
    /// On the public Internet alone.
    #[default]
    Public,
    /// Anywhere, also on this machine and in a private network.
    Any,
}

/// Resolves names as the system does, and gives out public addresses alone.
///
/// It is asked for each new connection, so that a name that changes its mind later gains nothing.
pub(crate) struct PublicResolver;

impl Resolve for PublicResolver {
    fn resolve(&self, name: Name) -> Resolving {
        Box::pin(async move {
            let found = tokio::net::lookup_host((name.as_str(), 0)).await?;
            Ok(public(found)?)
        })
    }
}

/// The public ones among the addresses of a name; an error where there are none.
fn public(found: impl Iterator<Item = SocketAddr>) -> io::Result<Addrs> {
    let public: Vec<SocketAddr> = found.filter(|address| is_public(address.ip())).collect();
    if public.is_empty() {
        let problem = "the host has no public address; see `network.gateway_addresses`";
        return Err(io::Error::new(io::ErrorKind::PermissionDenied, problem));
    }
    Ok(Box::new(public.into_iter()))
}

/// Whether an address is one of the public Internet.
pub(crate) fn is_public(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => is_public_v4(address),
        IpAddr::V6(address) => is_public_v6(address),
    }
}

/// Everything but what the registry of special purposes (RFC 6890 and its successors) keeps from the Internet.
fn is_public_v4(address: Ipv4Addr) -> bool {
    let [first, second, third, _] = address.octets();
    let is_carriers_own = first == 100 && (64..128).contains(&second);
    let is_for_protocols = (first, second, third) == (192, 0, 0) || (first, second, third) == (192, 88, 99);
    let is_for_measuring = first == 198 && (second == 18 || second == 19);
    let is_special =
        first == 0 || first >= 240 || address.is_multicast() || is_for_protocols || is_for_measuring;
    !(is_special
        || is_carriers_own
        || address.is_loopback()
        || address.is_private()
        || address.is_link_local()
        || address.is_documentation())
}

/// Global unicast, without the blocks inside it that lead elsewhere; an address that carries an older one is judged by
/// that.
fn is_public_v6(address: Ipv6Addr) -> bool {
    let segments = address.segments();
    if let Some(inner) = address.to_ipv4_mapped() {
        return is_public_v4(inner);
    }
    let [high, low] = [segments[6].to_be_bytes(), segments[7].to_be_bytes()];
    match segments {
        // A translator's prefix (RFC 6052), which a network without older addresses puts before each of them.
        [0x64, 0xff9b, 0, 0, 0, 0, _, _] => is_public_v4(Ipv4Addr::new(high[0], high[1], low[0], low[1])),
        // Tunnels and other uses of protocols (2001::/23), documentation, and 6to4.
        [0x2001, 0..=0x1ff, ..] | [0x2001, 0xdb8, ..] | [0x2002, ..] | [0x3fff, 0..=0xfff, ..] => false,
        [first, ..] => (0x2000..0x4000).contains(&first),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOT_PUBLIC: &[&str] = &[
        "0.0.0.0",
        "0.1.2.3",
        "10.0.0.1",
        "100.64.0.1",
        "100.127.255.255",
        "127.0.0.1",
        "127.9.9.9",
        "169.254.169.254",
        "172.16.0.1",
        "172.31.255.255",
        "192.0.0.1",
        "192.0.2.1",
        "192.88.99.1",
        "192.168.1.1",
        "198.18.0.1",
        "198.19.255.255",
        "198.51.100.1",
        "203.0.113.1",
        "224.0.0.1",
        "239.255.255.255",
        "240.0.0.1",
        "255.255.255.255",
        "::",
        "::1",
        "::127.0.0.1",
        "::8.8.8.8",
        "::ffff:127.0.0.1",
        "::ffff:10.0.0.1",
        "::ffff:169.254.169.254",
        "64:ff9b::10.0.0.1",
        "64:ff9b::169.254.169.254",
        "64:ff9b:1::1",
        "100::1",
        "2001::1",
        "2001:1ff::1",
        "2001:db8::1",
        "2002:7f00:1::1",
        "3fff::1",
        "4000::1",
        "fc00::1",
        "fd00:ec2::254",
        "fe80::1",
        "fec0::1",
        "ff02::1",
    ];

    const PUBLIC: &[&str] = &[
        "1.1.1.1",
        "8.8.8.8",
        "9.255.255.255",
        "11.0.0.0",
        "100.63.255.255",
        "100.128.0.0",
        "126.0.0.1",
        "128.0.0.1",
        "169.253.255.255",
        "172.15.255.255",
        "172.32.0.0",
        "192.0.1.1",
        "198.17.255.255",
        "198.20.0.0",
        "223.255.255.255",
        "::ffff:8.8.8.8",
        "64:ff9b::8.8.8.8",
        "2001:200::1",
        "2606:4700::1",
        "2a00:1450::1",
    ];

    #[test]
    fn only_addresses_of_the_public_internet_are_given_out() {
        for text in NOT_PUBLIC {
            assert!(!is_public(text.parse().expect(text)), "{text}");
        }
        for text in PUBLIC {
            assert!(is_public(text.parse().expect(text)), "{text}");
        }
    }

    #[test]
    fn a_name_with_a_public_address_and_a_private_one_leads_to_the_public_one_alone() {
        let address = |text: &str| SocketAddr::new(text.parse().expect(text), 0);
        let found = [address("127.0.0.1"), address("8.8.8.8"), address("fe80::1")];
        let given: Vec<SocketAddr> = public(found.into_iter()).expect("one is public").collect();
        assert_eq!(given, [address("8.8.8.8")]);
        assert!(public([address("10.0.0.1")].into_iter()).is_err());
        assert!(public(std::iter::empty()).is_err());
    }
}
