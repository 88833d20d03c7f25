//! Servers of a few lines, each on its own loopback port.

pub(crate) mod gateways;
pub(crate) mod http;
pub(crate) mod signing;
pub(crate) mod smtp;
pub(crate) mod tls;

use closure_contract::ClientRef;

/// The reference that the recorded exchanges carry.
pub(crate) fn client_ref() -> ClientRef {
    "6f2b1a4e-8f54-5f0e-9d0a-111111111111".parse().expect("a UUID")
}

/// What `main` does first.
pub(crate) fn install_tls() {
    // A second test of this process finds it installed, which is as good.
    let _ = rustls::crypto::ring::default_provider().install_default();
}

/// A loopback port on which nobody listens.
pub(crate) async fn closed_port() -> u16 {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    listener.local_addr().expect("an address").port()
}
