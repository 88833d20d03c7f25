//! A connection that is ready for MAIL FROM: reached, greeted, encrypted and authenticated as configured.

use std::{fmt, time::Duration};

use lettre::transport::smtp::{
    Error,
    authentication::{Credentials, Mechanism},
    client::AsyncSmtpConnection,
    commands::Starttls,
    extension::ClientId,
};
use tokio::net::TcpStream;

use super::{
    dialogue::Connection,
    reply::{Phase, Reply},
    stream::Wire,
    tls::Tls,
};
use crate::config::{ConfigError, is_loopback, positive, token};

pub(super) const SERVICE: &str = "SMTP";
/// The only reply to STARTTLS after which the server expects TLS.
const STARTTLS_READY: u16 = 220;
/// The library waits for a greeting, which after STARTTLS no server gives again.
const NO_GREETING: &[u8] = b"220 \r\n";

/// How to reach the mail server.
#[derive(Clone, PartialEq, Eq)]
pub struct SmtpSettings {
    /// The server's name, which its certificate must carry.
    pub host: String,
    /// Its port.
    pub port: u16,
    /// How the connection is protected.
    pub security: Security,
    /// Certificates of a private authority in PEM, beside the public ones.
    pub extra_roots_pem: Option<String>,
    /// Who we are, if the server wants to know.
    pub credentials: Option<SmtpCredentials>,
    /// Our own name in EHLO.
    pub hello_name: String,
    /// How long connecting, TLS and greeting may take together, in milliseconds.
    pub connect_timeout_ms: u64,
    /// How long each of AUTH, MAIL FROM, RCPT TO and DATA may take, in milliseconds.
    pub command_timeout_ms: u64,
    /// How long the mail's bytes and the final reply may take, in milliseconds; a short one makes duplicates.
    pub data_timeout_ms: u64,
    /// How many connections may be open at once.
    pub concurrency_max: usize,
    /// How many mails one connection may carry, one after the other; with 1 each mail has a connection of its own.
    pub mails_per_connection_max: u32,
    /// How long a connection may wait for its next mail, in milliseconds; less than the server's own limit.
    pub idle_ms: u64,
}

/// A user and its password.
#[derive(Clone, PartialEq, Eq)]
pub struct SmtpCredentials {
    /// The user.
    pub username: String,
    /// The password.
    pub password: String,
}

/// How a connection is protected; none of them falls back to another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Security {
    /// Plain at first, TLS before anything is said (port 587 or 25).
    StartTls,
    /// TLS from the first byte (port 465).
    ImplicitTls,
    /// Plain text, to this machine only.
    PlainLoopback,
}

impl fmt::Debug for SmtpSettings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SmtpSettings")
            .field("host", &self.host)
            .field("port", &self.port)
            .field("security", &self.security)
            .field("hello_name", &self.hello_name)
            .field("concurrency_max", &self.concurrency_max)
            .finish_non_exhaustive()
    }
}

impl fmt::Debug for SmtpCredentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SmtpCredentials(masked)")
    }
}

/// Why there is no connection, or why one broke off.
#[derive(Debug)]
pub(crate) enum Broken {
    /// The server refused.
    Refused(Phase, Reply),
    /// The server's reply was positive, but not the one that this phase needs.
    OutOfStep(Phase, u16),
    /// The server offers no mechanism that we may use.
    NoMechanism,
    /// Anything else; no reply was read.
    Lost(Phase, &'static str),
}

/// Makes connections.
pub(crate) struct Connector {
    host: String,
    port: u16,
    hello: ClientId,
    credentials: Option<Credentials>,
    protection: Protection,
    connect_timeout: Duration,
    command_timeout: Duration,
}

enum Protection {
    StartTls(Tls),
    ImplicitTls(Tls),
    PlainLoopback,
}

impl Connector {
    pub(crate) fn new(settings: &SmtpSettings) -> Result<Self, ConfigError> {
        token(SERVICE, "host", &settings.host)?;
        token(SERVICE, "hello_name", &settings.hello_name)?;
        positive(SERVICE, "port", u64::from(settings.port))?;
        positive(SERVICE, "connect_timeout_ms", settings.connect_timeout_ms)?;
        positive(SERVICE, "command_timeout_ms", settings.command_timeout_ms)?;
        positive(SERVICE, "data_timeout_ms", settings.data_timeout_ms)?;
        positive(SERVICE, "concurrency_max", settings.concurrency_max as u64)?;
        positive(SERVICE, "mails_per_connection_max", u64::from(settings.mails_per_connection_max))?;
        positive(SERVICE, "idle_ms", settings.idle_ms)?;
        let credentials = match &settings.credentials {
            Some(credentials) if credentials.username.is_empty() || credentials.password.is_empty() => {
                let problem = "must have a user and a password, or be left out";
                return Err(ConfigError::Setting { service: SERVICE, key: "credentials", problem });
            }
            Some(SmtpCredentials { username, password }) => {
                Some(Credentials::new(username.clone(), password.clone()))
            }
            None => None,
        };
        Ok(Self {
            host: settings.host.clone(),
            port: settings.port,
            hello: ClientId::Domain(settings.hello_name.clone()),
            credentials,
            protection: Protection::new(settings)?,
            connect_timeout: Duration::from_millis(settings.connect_timeout_ms),
            command_timeout: Duration::from_millis(settings.command_timeout_ms),
        })
    }

    /// A connection that is ready for MAIL FROM.
    pub(crate) async fn connect(&self) -> Result<Connection, Broken> {
        let (mut smtp, wire) = tokio::time::timeout(self.connect_timeout, self.greet())
            .await
            .map_err(|_| lost("the time was up"))??;
        let Some(credentials) = &self.credentials else { return Ok(Connection::new(smtp, wire)) };
        let mechanisms = [Mechanism::Plain, Mechanism::Login];
        if smtp.server_info().get_auth_mechanism(&mechanisms).is_none() {
            return Err(Broken::NoMechanism);
        }
        let reply = tokio::time::timeout(self.command_timeout, smtp.auth(&mechanisms, credentials))
            .await
            .map_err(|_| Broken::Lost(Phase::Auth, "the time was up"))?
            .map_err(|error| broken(Phase::Auth, &error))?;
        match u16::from(reply.code()) {
            200..=299 => Ok(Connection::new(smtp, wire)),
            code => Err(Broken::OutOfStep(Phase::Auth, code)),
        }
    }

    async fn greet(&self) -> Result<(AsyncSmtpConnection, Wire), Broken> {
        let tcp =
            TcpStream::connect((self.host.as_str(), self.port)).await.map_err(|_| lost("no connection"))?;
        // The final dot is a small piece of its own, and must not wait for word that the piece before it has arrived.
        tcp.set_nodelay(true).map_err(|_| lost("no connection"))?;
        let wire = match &self.protection {
            Protection::PlainLoopback if tcp.peer_addr().is_ok_and(|peer| peer.ip().is_loopback()) => {
                Wire::new(tcp)
            }
            Protection::PlainLoopback => return Err(lost("plain text would have left this machine")),
            Protection::StartTls(tls) => self.start_tls(tls, tcp).await?,
            Protection::ImplicitTls(tls) => Wire::new(tls.handshake(tcp).await?),
        };
        Ok((self.hello(&wire).await?, wire))
    }

    async fn hello(&self, wire: &Wire) -> Result<AsyncSmtpConnection, Broken> {
        let stream = Box::new(wire.clone());
        let connection = AsyncSmtpConnection::connect_with_transport(stream, &self.hello).await;
        connection.map_err(|error| broken(Phase::Connect, &error))
    }

    /// Nothing that was said in plain text outlives it: the encrypted session begins with an EHLO of its own.
    async fn start_tls(&self, tls: &Tls, tcp: TcpStream) -> Result<Wire, Broken> {
        let wire = Wire::new(tcp);
        let mut plain = self.hello(&wire).await?;
        if !plain.can_starttls() {
            return Err(lost("the server offers no STARTTLS, and no mail goes in plain text"));
        }
        let reply = plain.command(Starttls).await.map_err(|error| broken(Phase::Connect, &error))?;
        if !reply.has_code(STARTTLS_READY) {
            return Err(Broken::OutOfStep(Phase::Connect, u16::from(reply.code())));
        }
        drop(plain);
        let tcp =
            wire.into_inner().ok_or_else(|| lost("plain text came along with the reply to STARTTLS"))?;
        Ok(Wire::that_begins_with(NO_GREETING, tls.handshake(tcp).await?))
    }
}

impl Protection {
    fn new(settings: &SmtpSettings) -> Result<Self, ConfigError> {
        match settings.security {
            Security::PlainLoopback if is_loopback(&settings.host) => Ok(Self::PlainLoopback),
            Security::PlainLoopback => Err(ConfigError::PlainText { service: SERVICE }),
            Security::StartTls => Ok(Self::StartTls(Tls::new(settings)?)),
            Security::ImplicitTls => Ok(Self::ImplicitTls(Tls::new(settings)?)),
        }
    }
}

/// A library error, as far as it tells something about the dialogue.
pub(crate) fn broken(phase: Phase, error: &Error) -> Broken {
    match Reply::of(error) {
        Some(reply) => Broken::Refused(phase, reply),
        None if error.is_response() => Broken::Lost(phase, "no complete and readable reply came"),
        None if error.is_timeout() => Broken::Lost(phase, "the time was up"),
        None => Broken::Lost(phase, "the connection broke"),
    }
}

fn lost(what: &'static str) -> Broken {
    Broken::Lost(Phase::Connect, what)
}
