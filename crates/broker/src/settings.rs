//! How to reach the broker.

use std::{fmt, time::Duration};

use lapin::uri::{AMQPScheme, AMQPUri};

use crate::{
    addresses::{self, Turn},
    error::BrokerError,
};

/// The largest frame of a connection, which is the broker's own default.
///
/// The client library makes room for many frames. Where it knows their size before it connects, the system gives that room
/// page by page, as it is used; learnt from the broker alone, the library writes over all of it, 8 MiB a connection.
const FRAME_BYTES_MAX: u32 = 131_072;

/// How one process reaches the broker.
#[derive(Clone)]
pub struct BrokerSettings {
    /// `amqp://user:password@host:port/vhost`, or the same with `amqps://`.
    ///
    /// A cluster's nodes stand behind each other, `amqp://user:password@a:5672,b:5672/vhost`, and are tried in turn.
    pub uri: String,
    /// Which of several nodes is tried first.
    pub turn: Turn,
    /// What the broker's own console shows as the connection's name, such as `fleet sms`.
    pub name: String,
    /// Certificates in PEM of an authority of one's own that vouches for an `amqps://` broker, besides the public ones.
    pub tls_ca_pem: Option<String>,
    /// How often each side shows that it is alive; a silent peer is noticed after twice this time.
    pub heartbeat_s: u16,
    /// How long a connection may take to be established, each node's for itself.
    pub connect_timeout_ms: u64,
    /// How long a publish may take, waiting for a connection included.
    pub confirm_timeout_ms: u64,
    /// The longest pause between two attempts to connect.
    pub backoff_max_ms: u64,
}

impl BrokerSettings {
    /// Settings with the recommended times.
    pub fn new(uri: impl Into<String>, name: impl Into<String>) -> Self {
        Self {
            uri: uri.into(),
            turn: Turn::default(),
            name: name.into(),
            tls_ca_pem: None,
            heartbeat_s: 10,
            connect_timeout_ms: 5_000,
            confirm_timeout_ms: 8_000,
            backoff_max_ms: 10_000,
        }
    }

    /// Says what is wrong with the settings before anything is connected.
    pub fn check(&self) -> Result<(), BrokerError> {
        self.parse().map(drop)
    }

    pub(crate) fn connect_timeout(&self) -> Duration {
        Duration::from_millis(self.connect_timeout_ms)
    }

    pub(crate) fn confirm_timeout(&self) -> Duration {
        Duration::from_millis(self.confirm_timeout_ms)
    }

    /// Whether an address leads to another machine without TLS, where everybody on the way reads the password.
    ///
    /// An address that cannot be read leads nowhere.
    pub fn is_remote_plain_text(&self) -> bool {
        addresses::read(&self.uri).is_ok_and(|all| all.iter().any(addresses::is_remote_plain_text))
    }

    /// The broker's addresses without the credentials.
    pub(crate) fn endpoint(&self) -> String {
        match addresses::read(&self.uri) {
            Ok(all) => all.iter().map(addresses::endpoint).collect::<Vec<_>>().join(", "),
            Err(_) => "an invalid address".to_owned(),
        }
    }

    /// Every node's address, at least one.
    pub(crate) fn parse(&self) -> Result<Vec<AMQPUri>, BrokerError> {
        let invalid = |problem| BrokerError::InvalidSettings { problem };
        let mut all = addresses::read(&self.uri).map_err(invalid)?;
        for uri in &mut all {
            match (&uri.scheme, &self.tls_ca_pem) {
                (AMQPScheme::AMQP, Some(_)) => {
                    return Err(invalid(
                        "it names certificates, but the address is amqp:// and not amqps://",
                    ));
                }
                (AMQPScheme::AMQP, None) | (AMQPScheme::AMQPS, _) => {}
            }
            uri.query.heartbeat = Some(self.heartbeat_s);
            uri.query.frame_max.get_or_insert(FRAME_BYTES_MAX);
        }
        Ok(all)
    }
}

impl fmt::Debug for BrokerSettings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BrokerSettings")
            .field("endpoint", &self.endpoint())
            .field("name", &self.name)
            .field("heartbeat_s", &self.heartbeat_s)
            .field("connect_timeout_ms", &self.connect_timeout_ms)
            .field("confirm_timeout_ms", &self.confirm_timeout_ms)
            .field("backoff_max_ms", &self.backoff_max_ms)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn debug_output_names_the_endpoint_and_never_the_credentials() {
        let settings =
            BrokerSettings::new("amqp://worker:hunter2@broker.internal:5672/closures", "fleet sms");
        let shown = format!("{settings:?}");
        assert!(shown.contains("broker.internal:5672/closures"), "{shown}");
        assert!(!shown.contains("hunter2") && !shown.contains("worker"), "{shown}");
    }

    #[test]
    fn an_unreadable_address_is_refused_without_repeating_it() {
        for uri in [
            "amqp:worker:hunter2",
            "http://worker:hunter2@host/",
            "amqp://worker:hunter2@[::1]:5672/",
            "amqp://worker:first@a:5672/v,worker:hunter2@b:5672/v",
            "amqp://worker:first@a:5672,worker:hunter2@b:5672/v",
            "amqp://worker:first@a/v,amqp://worker:hunter2@b/w",
            "amqp://worker:5/hunter2@host/v",
            "amqp://worker:first@a,b:hunter2/v",
        ] {
            let settings = BrokerSettings::new(uri, "fleet");
            let error = settings.check().expect_err("the address is not valid");
            let shown = format!("{error} {error:?} {settings:?} {}", settings.endpoint());
            assert!(!shown.contains("hunter2") && !shown.contains("first"), "{shown}");
        }
    }

    #[test]
    fn the_frames_of_a_connection_have_the_brokers_own_limit_unless_its_address_names_another() {
        for (uri, bytes_max) in [
            ("amqp://localhost", FRAME_BYTES_MAX),
            ("amqp://localhost?frame_max=262144", 262_144),
            ("amqp://localhost?frame_max=8192", 8_192),
        ] {
            let nodes = BrokerSettings::new(uri, "fleet").parse().expect("the address is valid");
            let named: Vec<_> = nodes.into_iter().map(|uri| uri.query.frame_max).collect();
            assert_eq!(named, [Some(bytes_max)], "{uri}");
        }
    }

    #[test]
    fn certificates_for_a_connection_without_tls_are_a_mistake() {
        let mut settings = BrokerSettings::new("amqp://broker.internal/", "fleet");
        settings.tls_ca_pem = Some("a certificate".to_owned());
        assert!(settings.check().is_err());
        settings.uri = "amqps://broker.internal/".to_owned();
        assert!(settings.check().is_ok());
    }
}
