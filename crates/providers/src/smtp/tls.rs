//! TLS to the mail server, by one way for both kinds of port.

use std::sync::Arc;

use rustls::pki_types::{CertificateDer, ServerName, pem::PemObject};
use tokio_rustls::{TlsConnector, client::TlsStream};

use super::{
    connect::{Broken, SERVICE, SmtpSettings},
    reply::Phase,
    stream::Transport,
};
use crate::{config::ConfigError, distrust::Distrust};

/// Whom we trust, and the name that the server must prove.
#[derive(Clone)]
pub(crate) struct Tls {
    connector: TlsConnector,
    name: ServerName<'static>,
}

impl Tls {
    pub(crate) fn new(settings: &SmtpSettings) -> Result<Self, ConfigError> {
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
        Ok(Self { connector: TlsConnector::from(Arc::new(config)), name })
    }

    pub(crate) async fn handshake<S: Transport>(&self, stream: S) -> Result<TlsStream<S>, Broken> {
        let encrypted = self.connector.connect(self.name.clone(), stream).await;
        encrypted.map_err(|error| {
            let why = Distrust::of(&error).map_or("the connection broke while TLS began", Distrust::what);
            Broken::Lost(Phase::Connect, why)
        })
    }
}

fn client(error: &dyn std::error::Error) -> ConfigError {
    ConfigError::Client { service: SERVICE, problem: error.to_string() }
}
