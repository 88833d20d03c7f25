//! A connection that is ready for MAIL FROM: reached, greeted, encrypted and authenticated as configured.

use std::{fmt, time::Duration};

use tokio::net::TcpStream;

use super::{
    auth::Mechanism,
    dialogue::Connection,
    reply::{Phase, Reply},
    stream::Wire,
    tls::Tls,
};
use crate::config::{ConfigError, is_loopback, positive, token};

pub(super) const SERVICE: &str = "SMTP";
/// The only reply to STARTTLS after which the server expects TLS.
const STARTTLS_READY: u16 = 220;

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
    /// Plain text, to any machine: whoever configures it says that the network between is trusted.
    PlainTrusted,
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
    /// The right to hand the mail over ended before the final dot.
    TooLate,
    /// The server said something that is no reply.
    NoReply(Phase, &'static str),
    /// Anything else; no reply was read.
    Lost(Phase, &'static str),
}

/// Makes connections.
pub(crate) struct Connector {
    host: String,
    port: u16,
    hello_name: String,
    credentials: Option<SmtpCredentials>,
    protection: Protection,
    connect_timeout: Duration,
    command_timeout: Duration,
}

enum Protection {
    StartTls(Tls),
    ImplicitTls(Tls),
    PlainLoopback,
    PlainTrusted,
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
        if let Some(SmtpCredentials { username, password }) = &settings.credentials
            && (username.is_empty() || password.is_empty())
        {
            let problem = "must have a user and a password, or be left out";
            return Err(ConfigError::Setting { service: SERVICE, key: "credentials", problem });
        }
        Ok(Self {
            host: settings.host.clone(),
            port: settings.port,
            hello_name: settings.hello_name.clone(),
            credentials: settings.credentials.clone(),
            protection: Protection::new(settings)?,
            connect_timeout: Duration::from_millis(settings.connect_timeout_ms),
            command_timeout: Duration::from_millis(settings.command_timeout_ms),
        })
    }

    /// A connection that is ready for MAIL FROM.
    pub(crate) async fn connect(&self) -> Result<Connection, Broken> {
        let (mut connection, hello) = tokio::time::timeout(self.connect_timeout, self.greet())
            .await
            .map_err(|_| lost("the time was up"))??;
        let Some(credentials) = &self.credentials else { return Ok(connection) };
        let mechanism = Mechanism::offered(&hello).ok_or(Broken::NoMechanism)?;
        let proof = connection.prove(mechanism, credentials);
        tokio::time::timeout(self.command_timeout, proof)
            .await
            .map_err(|_| Broken::Lost(Phase::Auth, "the time was up"))??;
        Ok(connection)
    }

    /// A connection that was greeted, and the reply to its last EHLO.
    async fn greet(&self) -> Result<(Connection, Reply), Broken> {
        let tcp =
            TcpStream::connect((self.host.as_str(), self.port)).await.map_err(|_| lost("no connection"))?;
        // The final dot is a small piece of its own, and must not wait for word that the piece before it has arrived.
        tcp.set_nodelay(true).map_err(|_| lost("no connection"))?;
        match &self.protection {
            Protection::PlainLoopback if tcp.peer_addr().is_ok_and(|peer| peer.ip().is_loopback()) => {
                self.hello(Wire::new(tcp)).await
            }
            Protection::PlainLoopback => Err(lost("plain text would have left this machine")),
            Protection::PlainTrusted => self.hello(Wire::new(tcp)).await,
            Protection::StartTls(tls) => self.start_tls(tls, tcp).await,
            Protection::ImplicitTls(tls) => self.hello(Wire::new(tls.handshake(tcp).await?)).await,
        }
    }

    async fn hello(&self, wire: Wire) -> Result<(Connection, Reply), Broken> {
        let mut connection = Connection::new(wire);
        connection.greeting().await?;
        let hello = connection.hello(&self.hello_name).await?;
        Ok((connection, hello))
    }

    /// Nothing that was said in plain text outlives it: the encrypted session begins with an EHLO of its own.
    async fn start_tls(&self, tls: &Tls, tcp: TcpStream) -> Result<(Connection, Reply), Broken> {
        let (mut plain, hello) = self.hello(Wire::new(tcp)).await?;
        if !offers_tls(&hello) {
            return Err(lost("the server offers no STARTTLS, and no mail goes in plain text"));
        }
        let reply = plain.ask(Phase::StartTls, "STARTTLS\r\n").await?;
        if reply.basic != STARTTLS_READY {
            return Err(Broken::OutOfStep(Phase::StartTls, reply.basic));
        }
        let tcp =
            plain.into_inner().ok_or_else(|| lost("plain text came along with the reply to STARTTLS"))?;
        let mut connection = Connection::new(Wire::new(tls.handshake(tcp).await?));
        let hello = connection.hello(&self.hello_name).await?;
        Ok((connection, hello))
    }
}

/// Each line of an EHLO reply but the first begins with the keyword of an extension.
fn offers_tls(hello: &Reply) -> bool {
    let keywords = hello.lines.iter().skip(1).filter_map(|line| line.split_whitespace().next());
    keywords.into_iter().any(|keyword| keyword.eq_ignore_ascii_case("STARTTLS"))
}

impl Protection {
    fn new(settings: &SmtpSettings) -> Result<Self, ConfigError> {
        match settings.security {
            Security::PlainLoopback if is_loopback(&settings.host) => Ok(Self::PlainLoopback),
            Security::PlainLoopback => Err(ConfigError::PlainText { service: SERVICE }),
            Security::PlainTrusted => Ok(Self::PlainTrusted),
            Security::StartTls => Ok(Self::StartTls(Tls::new(settings)?)),
            Security::ImplicitTls => Ok(Self::ImplicitTls(Tls::new(settings)?)),
        }
    }
}

fn lost(what: &'static str) -> Broken {
    Broken::Lost(Phase::Connect, what)
}
