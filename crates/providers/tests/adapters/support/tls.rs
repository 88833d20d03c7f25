//! Servers that show a certificate, sound or not.

use std::sync::Arc;

use rcgen::{
    BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair,
    date_time_ymd,
};
use rustls::{
    ServerConfig,
    pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer},
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpListener,
    task::{JoinHandle, JoinSet},
};
use tokio_rustls::TlsAcceptor;

use super::{http::response, smtp::identity};

/// What a server may show; all but the last three are signed by an authority that the client trusts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Shown {
    /// One for `localhost` that is valid today.
    Sound,
    /// Its time is over.
    Expired,
    /// Its time has not begun.
    NotValidYet,
    /// It names another host.
    AnotherName,
    /// It is for a client.
    AClients,
    /// Another authority signed it.
    AnotherAuthoritys,
    /// It signed itself, as a server.
    SelfSigned,
    /// It signed itself, as an authority: what `openssl req -x509` makes.
    SelfSignedAuthority,
}

/// A server that takes any request over TLS and answers it with an empty object.
pub(crate) struct TlsServer {
    port: u16,
    task: JoinHandle<()>,
}

impl Drop for TlsServer {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl TlsServer {
    /// Shows this certificate to everybody.
    pub(crate) async fn start(identity: Arc<ServerConfig>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let port = listener.local_addr().expect("an address").port();
        let acceptor = TlsAcceptor::from(identity);
        let task = tokio::spawn(async move {
            let mut connections = JoinSet::new();
            while let Ok((stream, _)) = listener.accept().await {
                let acceptor = acceptor.clone();
                connections.spawn(async move {
                    // A client that does not trust us leaves at once.
                    let Ok(mut stream) = acceptor.accept(stream).await else { return };
                    let _ = stream.read(&mut [0; 4096]).await;
                    let _ = stream.write_all(&response(200, "", b"{}")).await;
                    let _ = stream.shutdown().await;
                });
            }
        });
        Self { port, task }
    }

    pub(crate) fn base_url(&self) -> String {
        format!("https://localhost:{}", self.port)
    }
}

/// What a server shows, and in PEM what a client that means this server trusts: the authority, or a certificate that
/// signed itself.
pub(crate) fn shown(what: Shown) -> (Arc<ServerConfig>, String) {
    let authority = authority("Trusted");
    let trusted = authority.1.clone();
    let mut server = CertificateParams::new(vec!["localhost".to_owned()]).expect("a name");
    server.distinguished_name.push(DnType::CommonName, "server");
    match what {
        Shown::Expired => {
            server.not_before = date_time_ymd(2020, 1, 1);
            server.not_after = date_time_ymd(2021, 1, 1);
        }
        Shown::NotValidYet => {
            server.not_before = date_time_ymd(4000, 1, 1);
            server.not_after = date_time_ymd(4001, 1, 1);
        }
        Shown::AnotherName => {
            server.subject_alt_names =
                CertificateParams::new(vec!["pbx.example.com".to_owned()]).expect("a name").subject_alt_names;
        }
        Shown::AClients => server.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth],
        Shown::SelfSignedAuthority => server.is_ca = IsCa::Ca(BasicConstraints::Unconstrained),
        Shown::Sound | Shown::AnotherAuthoritys | Shown::SelfSigned => {}
    }
    let key = KeyPair::generate().expect("a key can be made");
    let certificate = match what {
        Shown::SelfSigned | Shown::SelfSignedAuthority => server.self_signed(&key),
        Shown::AnotherAuthoritys => server.signed_by(&key, &self::authority("Other").0),
        Shown::Sound | Shown::Expired | Shown::NotValidYet | Shown::AnotherName | Shown::AClients => {
            server.signed_by(&key, &authority.0)
        }
    };
    let certificate = certificate.expect("a certificate can be made");
    let trusted = match what {
        Shown::SelfSigned | Shown::SelfSignedAuthority => certificate.pem(),
        _ => trusted,
    };
    let key = PrivateKeyDer::from(PrivatePkcs8KeyDer::from(key.serialize_der()));
    (identity(vec![certificate.der().clone()], key), trusted)
}

/// An authority and its certificate in PEM.
fn authority(name: &str) -> (Issuer<'static, KeyPair>, String) {
    let mut authority = CertificateParams::default();
    authority.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    authority.distinguished_name.push(DnType::CommonName, name);
    let key = KeyPair::generate().expect("a key can be made");
    let pem = authority.self_signed(&key).expect("a certificate can be made").pem();
    (Issuer::new(authority, key), pem)
}
