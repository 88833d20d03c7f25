//! What a configuration of an outside service may not be, found before any socket is opened.

use std::net::IpAddr;

use reqwest::Url;

use crate::addresses::{Addresses, is_public};

/// Why a sender or a receipt door cannot be made from its settings.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ConfigError {
    /// The base URL cannot be read.
    #[error("{service}: the base URL cannot be read; write it as https://host[:port]")]
    Url {
        /// The service that it belongs to.
        service: &'static str,
    },
    /// The base URL carries a user, a password, a query or a fragment.
    #[error(
        "{service}: the base URL may hold only scheme, host, port and path; credentials have their own keys"
    )]
    UrlExtras {
        /// The service that it belongs to.
        service: &'static str,
    },
    /// Plain text to a host that is not this machine.
    #[error(
        "{service}: plain text is allowed to this machine only; use TLS, or say that the network is trusted"
    )]
    PlainText {
        /// The service that it belongs to.
        service: &'static str,
    },
    /// The base URL names an address that is not one of the public Internet.
    #[error(
        "{service}: the base URL leads into a private network or to this machine; say `any` in `network.gateway_addresses` if it is meant to"
    )]
    PrivateAddress {
        /// The service that it belongs to.
        service: &'static str,
    },
    /// A setting is empty or malformed.
    #[error("{service}: `{key}` {problem}")]
    Setting {
        /// The service that it belongs to.
        service: &'static str,
        /// The setting's name.
        key: &'static str,
        /// What is wrong with it, and what to do.
        problem: &'static str,
    },
    /// The process has no rustls provider.
    #[error("{service}: no TLS provider is installed; `main` must install rustls' ring provider first")]
    NoTlsProvider {
        /// The service that it belongs to.
        service: &'static str,
    },
    /// The TLS or HTTP library refuses the settings.
    #[error("{service}: the client cannot be built: {problem}")]
    Client {
        /// The service that it belongs to.
        service: &'static str,
        /// What the library says.
        problem: String,
    },
}

/// Where plain HTTP may go.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum PlainHttp {
    /// To this machine only.
    #[default]
    LoopbackOnly,
    /// To any host: whoever configures it says that the network between is trusted.
    TrustedNetwork,
}

/// Reads a base URL and refuses what would send credentials or numbers in plain text.
pub(crate) fn base_url(service: &'static str, text: &str, plain: PlainHttp) -> Result<Url, ConfigError> {
    let url = Url::parse(text).map_err(|_| ConfigError::Url { service })?;
    let host = url.host_str().filter(|host| !host.is_empty()).ok_or(ConfigError::Url { service })?;
    if !url.username().is_empty()
        || url.password().is_some()
        || url.query().is_some()
        || url.fragment().is_some()
    {
        return Err(ConfigError::UrlExtras { service });
    }
    match (url.scheme(), plain) {
        ("https", _) | ("http", PlainHttp::TrustedNetwork) => Ok(url),
        ("http", PlainHttp::LoopbackOnly) if is_loopback(host) => Ok(url),
        ("http", PlainHttp::LoopbackOnly) => Err(ConfigError::PlainText { service }),
        _ => Err(ConfigError::Url { service }),
    }
}

/// The base URL of a gateway: what its host is called is looked at here, and where a name leads at each connection.
pub(crate) fn gateway_url(
    service: &'static str,
    text: &str,
    plain: PlainHttp,
    addresses: Addresses,
) -> Result<Url, ConfigError> {
    let url = base_url(service, text, plain)?;
    let literal = url.host_str().and_then(literal);
    match (addresses, literal) {
        (Addresses::Public, Some(address)) if !is_public(address) => {
            Err(ConfigError::PrivateAddress { service })
        }
        (Addresses::Public | Addresses::Any, _) => Ok(url),
    }
}

/// The address of a host that is one.
fn literal(host: &str) -> Option<IpAddr> {
    host.trim_start_matches('[').trim_end_matches(']').parse().ok()
}

/// Whether a host names this machine.
pub(crate) fn is_loopback(host: &str) -> bool {
    host.eq_ignore_ascii_case("localhost") || literal(host).is_some_and(|address| address.is_loopback())
}

/// Whether a text is a domain by its form.
pub(crate) fn is_domain(text: &str) -> bool {
    const DOMAIN_CHARS_MAX: usize = 253;
    !text.is_empty()
        && text.len() <= DOMAIN_CHARS_MAX
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'.')
        && !text.starts_with(['.', '-'])
        && !text.ends_with(['.', '-'])
}

/// A limit in milliseconds must be at least one.
pub(crate) fn positive(service: &'static str, key: &'static str, value: u64) -> Result<(), ConfigError> {
    if value == 0 {
        return Err(ConfigError::Setting { service, key, problem: "must be more than zero" });
    }
    Ok(())
}

/// A setting that travels in a header or a command: not empty, and printable ASCII without spaces.
pub(crate) fn token(service: &'static str, key: &'static str, value: &str) -> Result<(), ConfigError> {
    if value.is_empty() || !value.bytes().all(|byte| byte.is_ascii_graphic()) {
        let problem = "must be set, in printable ASCII without spaces";
        return Err(ConfigError::Setting { service, key, problem });
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_http_goes_to_this_machine_only_unless_the_network_is_said_to_be_trusted() {
        for text in ["http://127.0.0.1:8088", "http://[::1]:1", "http://localhost:9", "https://example.com"] {
            assert!(base_url("x", text, PlainHttp::LoopbackOnly).is_ok(), "{text}");
        }
        for text in ["http://example.com", "http://10.0.0.1", "http://127.0.0.1.example.com"] {
            let refused = base_url("x", text, PlainHttp::LoopbackOnly);
            assert_eq!(refused, Err(ConfigError::PlainText { service: "x" }), "{text}");
            assert!(base_url("x", text, PlainHttp::TrustedNetwork).is_ok(), "{text}");
        }
    }

    #[test]
    fn a_gateways_host_is_no_private_address_in_whatever_way_it_is_written() {
        for text in [
            "https://127.0.0.1",
            "https://10.1.2.3:8443",
            "https://169.254.169.254",
            "https://0x7f000001",
            "https://2130706433",
            "https://127.1",
            "https://017700000001",
            "https://[::1]",
            "https://[::ffff:10.0.0.1]",
            "https://[fd00::1]",
            "https://[fe80::1]",
            "https://100.64.0.1",
        ] {
            let refused = gateway_url("x", text, PlainHttp::TrustedNetwork, Addresses::Public);
            assert_eq!(refused, Err(ConfigError::PrivateAddress { service: "x" }), "{text}");
            assert!(gateway_url("x", text, PlainHttp::TrustedNetwork, Addresses::Any).is_ok(), "{text}");
        }
        for text in ["https://api.example.com", "https://8.8.8.8", "https://[2606:4700::1]"] {
            assert!(gateway_url("x", text, PlainHttp::LoopbackOnly, Addresses::Public).is_ok(), "{text}");
        }
    }

    #[test]
    fn a_base_url_carries_no_credentials_and_no_other_scheme() {
        for text in ["https://user:pass@example.com", "https://example.com/?key=1", "https://example.com/#x"]
        {
            let refused = base_url("x", text, PlainHttp::LoopbackOnly);
            assert_eq!(refused, Err(ConfigError::UrlExtras { service: "x" }), "{text}");
        }
        for text in ["", "example.com", "ftp://example.com", "file:///etc/passwd"] {
            assert_eq!(
                base_url("x", text, PlainHttp::TrustedNetwork),
                Err(ConfigError::Url { service: "x" }),
                "{text}"
            );
        }
    }
}
