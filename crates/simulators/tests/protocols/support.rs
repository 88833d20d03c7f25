//! What the tests share: an HTTP client, a receipt door, and waiting for a condition.

use std::{
    net::SocketAddr,
    sync::{Arc, Mutex},
    time::Duration,
};

use axum::{Router, body::Bytes, extract::State, http::HeaderMap, http::StatusCode, routing::post};
use serde_json::Value;
use tokio::net::TcpListener;

/// How long a test waits for what must happen.
const DEADLINE_MS: u64 = 15_000;
/// How long it waits between two looks.
const LOOK_MS: u64 = 10;

/// An HTTP client that never goes through a proxy.
pub(crate) fn client() -> reqwest::Client {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let tls = rustls::ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .expect("ring supports the default versions")
        .with_root_certificates(rustls::RootCertStore::empty())
        .with_no_client_auth();
    reqwest::Client::builder()
        .tls_backend_preconfigured(tls)
        .no_proxy()
        .timeout(Duration::from_millis(DEADLINE_MS))
        .build()
        .expect("a client without certificates can be made")
}

/// Waits until the condition holds, and fails after the deadline.
pub(crate) async fn until(what: &str, mut condition: impl AsyncFnMut() -> bool) {
    let looks = DEADLINE_MS / LOOK_MS;
    for _ in 0..looks {
        if condition().await {
            return;
        }
        tokio::time::sleep(Duration::from_millis(LOOK_MS)).await;
    }
    panic!("this did not happen in time: {what}");
}

/// A receipt as it reached the door.
#[derive(Debug, Clone)]
pub(crate) struct Arrived {
    pub(crate) signature: String,
    pub(crate) body: Value,
    /// The status that the door answered with.
    pub(crate) status: u16,
}

impl Arrived {
    pub(crate) fn event(&self) -> &str {
        self.body["event"].as_str().unwrap_or_default()
    }

    pub(crate) fn hook(&self) -> &Value {
        &self.body["hooks"][0]
    }

    /// The receipt in a word, such as `DELIVERED` or `COMPLETED/1000`.
    pub(crate) fn word(&self) -> String {
        let hook = self.hook();
        match self.event() {
            "INTERNATIONAL_DELIVERY_RECEIPT" => hook["dlrStatus"].as_str().unwrap_or("null").to_owned(),
            _ => format!(
                "{}/{}",
                hook["messageStatus"].as_str().unwrap_or_default(),
                hook["resultCode"].as_str().unwrap_or_default()
            ),
        }
    }
}

/// A place where receipts arrive.
#[derive(Clone)]
pub(crate) struct Door {
    address: SocketAddr,
    shared: Arc<Mutex<Shared>>,
}

#[derive(Default)]
struct Shared {
    arrived: Vec<Arrived>,
    refusals_left: u32,
}

impl Door {
    /// A door that refuses so many receipts before it takes any.
    pub(crate) async fn open(refusals: u32) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("loopback has a free port");
        let address = listener.local_addr().expect("a bound listener has an address");
        let shared = Arc::new(Mutex::new(Shared { refusals_left: refusals, ..Shared::default() }));
        let routes = Router::new().route("/receipts", post(take)).with_state(Arc::clone(&shared));
        tokio::spawn(async move { axum::serve(listener, routes).await });
        Self { address, shared }
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}/receipts", self.address)
    }

    /// What arrived so far.
    pub(crate) fn arrived(&self) -> Vec<Arrived> {
        self.shared.lock().expect("no test panics with the lock").arrived.clone()
    }

    /// What arrived, as soon as there are so many.
    pub(crate) async fn arrived_at_least(&self, count: usize) -> Vec<Arrived> {
        until("the receipts arrive", async || self.arrived().len() >= count).await;
        self.arrived()
    }
}

async fn take(State(shared): State<Arc<Mutex<Shared>>>, headers: HeaderMap, body: Bytes) -> StatusCode {
    let mut shared = shared.lock().expect("no test panics with the lock");
    let status = if shared.refusals_left > 0 {
        shared.refusals_left -= 1;
        StatusCode::INTERNAL_SERVER_ERROR
    } else {
        StatusCode::OK
    };
    let signature = headers.get("X-Toast-Webhook-Signature").and_then(|value| value.to_str().ok());
    shared.arrived.push(Arrived {
        signature: signature.unwrap_or_default().to_owned(),
        body: serde_json::from_slice(&body).unwrap_or_default(),
        status: status.as_u16(),
    });
    status
}
