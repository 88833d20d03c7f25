//! A connection that is ready for MAIL FROM: reached, greeted, encrypted and authenticated as configured.

use std::{fmt, io, sync::Arc, time::Duration};

use lettre::transport::smtp::{
    Error,
    authentication::{Credentials, Mechanism},
    client::{AsyncSmtpConnection, Certificate, CertificateStore, TlsParameters},
    extension::ClientId,
};
use rustls::pki_types::{CertificateDer, ServerName, pem::PemObject};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;

use super::{
    reply::{Phase, Reply},
    stream::Guarded,
};
use crate::config::{ConfigError, is_loopback, positive, token};

const SERVICE: &str = "SMTP";

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
#[derive(Clone)]
pub(crate) struct Connector {
    host: String,
    port: u16,
    hello: ClientId,
    credentials: Option<Credentials>,
    protection: Protection,
    connect_timeout: Duration,
    command_timeout: Duration,
}

#[derive(Clone)]
enum Protection {
    StartTls(TlsParameters),
    ImplicitTls(Arc<rustls::ClientConfig>, ServerName<'static>),
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
    pub(crate) async fn connect(&self) -> Result<AsyncSmtpConnection, Broken> {
        let lost = |what| Broken::Lost(Phase::Connect, what);
        let mut connection = tokio::time::timeout(self.connect_timeout, self.greet())
            .await
            .map_err(|_| lost("the time was up"))??;
        let Some(credentials) = &self.credentials else { return Ok(connection) };
        let mechanisms = [Mechanism::Plain, Mechanism::Login];
        if connection.server_info().get_auth_mechanism(&mechanisms).is_none() {
            return Err(Broken::NoMechanism);
        }
        let reply = tokio::time::timeout(self.command_timeout, connection.auth(&mechanisms, credentials))
            .await
            .map_err(|_| Broken::Lost(Phase::Auth, "the time was up"))?
            .map_err(|error| broken(Phase::Auth, &error))?;
        match u16::from(reply.code()) {
            200..=299 => Ok(connection),
            code => Err(Broken::OutOfStep(Phase::Auth, code)),
        }
    }

    async fn greet(&self) -> Result<AsyncSmtpConnection, Broken> {
        let lost = |what| Broken::Lost(Phase::Connect, what);
        let failed = |error: Error| broken(Phase::Connect, &error);
        let tcp =
            TcpStream::connect((self.host.as_str(), self.port)).await.map_err(|_| lost("no connection"))?;
        let connection = match &self.protection {
            Protection::PlainLoopback => {
                if !tcp.peer_addr().is_ok_and(|peer| peer.ip().is_loopback()) {
                    return Err(lost("plain text would have left this machine"));
                }
                AsyncSmtpConnection::connect_with_transport(Box::new(Guarded::new(tcp)), &self.hello).await
            }
            Protection::StartTls(parameters) => {
                let stream = Box::new(Guarded::new(tcp));
                let mut connection =
                    AsyncSmtpConnection::connect_with_transport(stream, &self.hello).await.map_err(failed)?;
                if !connection.can_starttls() {
                    return Err(lost("the server offers no STARTTLS, and no mail goes in plain text"));
                }
                connection.starttls(parameters.clone(), &self.hello).await.map(|()| connection)
            }
            Protection::ImplicitTls(config, name) => {
                let tls = TlsConnector::from(Arc::clone(config))
                    .connect(name.clone(), tcp)
                    .await
                    .map_err(|error: io::Error| lost(tls_problem(&error)))?;
                AsyncSmtpConnection::connect_with_transport(Box::new(Guarded::new(tls)), &self.hello).await
            }
        };
        connection.map_err(failed)
    }
}

impl Protection {
    fn new(settings: &SmtpSettings) -> Result<Self, ConfigError> {
        match settings.security {
            Security::PlainLoopback if is_loopback(&settings.host) => Ok(Self::PlainLoopback),
            Security::PlainLoopback => Err(ConfigError::PlainText { service: SERVICE }),
            Security::StartTls => Self::start_tls(settings),
            Security::ImplicitTls => Self::implicit_tls(settings),
        }
    }

    fn start_tls(settings: &SmtpSettings) -> Result<Self, ConfigError> {
        let mut builder =
            TlsParameters::builder(settings.host.clone()).certificate_store(CertificateStore::WebpkiRoots);
        if let Some(pem) = &settings.extra_roots_pem {
            let certificate = Certificate::from_pem(pem.as_bytes()).map_err(|error| client(&error))?;
            builder = builder.add_root_certificate(certificate);
        }
        Ok(Self::StartTls(builder.build().map_err(|error| client(&error))?))
    }

    fn implicit_tls(settings: &SmtpSettings) -> Result<Self, ConfigError> {
        let mut roots = rustls::RootCertStore { roots: webpki_roots::TLS_SERVER_ROOTS.to_vec() };
        if let Some(pem) = &settings.extra_roots_pem {
            for certificate in CertificateDer::pem_slice_iter(pem.as_bytes()) {
                let certificate = certificate.map_err(|error| client(&error))?;
                roots.add(certificate).map_err(|error| client(&error))?;
            }
        }
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = rustls::ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .map_err(|error| client(&error))?
            .with_root_certificates(roots)
            .with_no_client_auth();
        let name = ServerName::try_from(settings.host.clone()).map_err(|error| client(&error))?;
        Ok(Self::ImplicitTls(Arc::new(config), name))
    }
}

/// A library error, as far as it tells something about the dialogue.
pub(crate) fn broken(phase: Phase, error: &Error) -> Broken {
    match Reply::of(error) {
        Some(reply) => Broken::Refused(phase, reply),
        None if error.is_response() => Broken::Lost(phase, "no complete and readable reply came"),
        None if error.is_timeout() => Broken::Lost(phase, "the time was up"),
        None if error.is_tls() => Broken::Lost(phase, "TLS failed"),
        None => Broken::Lost(phase, "the connection broke"),
    }
}

fn tls_problem(error: &io::Error) -> &'static str {
    match error.get_ref().and_then(|inner| inner.downcast_ref::<rustls::Error>()) {
        Some(rustls::Error::InvalidCertificate(_)) => "the server's certificate is not valid for its name",
        _ => "TLS failed",
    }
}

fn client(error: &dyn std::error::Error) -> ConfigError {
    ConfigError::Client { service: SERVICE, problem: error.to_string() }
}
