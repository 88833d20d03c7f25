//! The broker's management interface, over a hand-written HTTP/1.1 request.

use base64::{Engine, engine::general_purpose::STANDARD};
use serde_json::Value;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    time::timeout,
};

use super::PATIENCE;

/// The management interface of the test's broker.
pub(crate) struct Api {
    address: String,
    authorization: String,
}

impl Api {
    /// From `http://user:password@host:port`.
    pub(crate) fn new(url: &str) -> Self {
        let rest =
            url.trim_end_matches('/').strip_prefix("http://").expect("the address starts with http://");
        let (credentials, address) = rest.split_once('@').expect("the address names a user and a password");
        Self { address: address.to_owned(), authorization: STANDARD.encode(credentials) }
    }

    pub(crate) async fn get(&self, path: &str) -> Value {
        let body = self.request("GET", path, "").await;
        serde_json::from_str(&body).expect("the answer is JSON")
    }

    pub(crate) async fn put(&self, path: &str, body: &str) {
        self.request("PUT", path, body).await;
    }

    pub(crate) async fn post(&self, path: &str, body: &str) -> String {
        self.request("POST", path, body).await
    }

    pub(crate) async fn delete(&self, path: &str) {
        self.request("DELETE", path, "").await;
    }

    async fn request(&self, method: &str, path: &str, body: &str) -> String {
        let request = format!(
            "{method} {path} HTTP/1.0\r\nHost: {}\r\nAuthorization: Basic {}\r\nContent-Type: application/json\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{body}",
            self.address,
            self.authorization,
            body.len()
        );
        let exchange = async {
            let mut stream =
                TcpStream::connect(&self.address).await.expect("the management interface is there");
            stream.write_all(request.as_bytes()).await.expect("the request is written");
            let mut answer = Vec::new();
            stream.read_to_end(&mut answer).await.expect("the answer is read");
            String::from_utf8(answer).expect("the answer is UTF-8")
        };
        let answer = timeout(PATIENCE, exchange).await.expect("the management interface answers");
        let (head, body) = answer.split_once("\r\n\r\n").expect("the answer has a head");
        let status = head.split(' ').nth(1).expect("the answer has a status");
        // A connection may be gone before it is told to close.
        assert!(
            status.starts_with('2') || (method == "DELETE" && status == "404"),
            "{method} {path}: {answer}"
        );
        body.to_owned()
    }
}

/// A connection's name as a part of a path.
pub(crate) fn escaped(text: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._".contains(&byte);
    text.bytes()
        .map(|byte| if plain(byte) { char::from(byte).to_string() } else { format!("%{byte:02X}") })
        .collect()
}
