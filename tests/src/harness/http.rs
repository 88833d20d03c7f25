//! One HTTP request over a connection of its own, for the broker's API, the intake and the health probes.

use std::time::Duration;

use base64::{Engine, engine::general_purpose::STANDARD};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

/// One whole request takes at most this long.
const REQUEST_MAX: Duration = Duration::from_secs(20);
/// An answer has at most this many bytes.
const ANSWER_BYTES_MAX: u64 = 16 * 1024 * 1024;

/// An answer.
#[derive(Debug, Clone)]
pub struct HttpAnswer {
    /// The status code.
    pub status: u16,
    /// The headers' lines as they came.
    pub head: String,
    /// The body.
    pub body: Vec<u8>,
}

impl HttpAnswer {
    /// The body as JSON.
    pub fn json(&self) -> serde_json::Value {
        serde_json::from_slice(&self.body)
            .unwrap_or_else(|problem| panic!("no JSON ({problem}): {}", String::from_utf8_lossy(&self.body)))
    }

    /// The value of a header.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.head.lines().find_map(|line| {
            let (key, value) = line.split_once(':')?;
            key.eq_ignore_ascii_case(name).then(|| value.trim())
        })
    }
}

/// Sends one request to `http://[user:password@]host:port/path`.
pub async fn request(
    method: &str,
    url: &str,
    headers: &[(&str, &str)],
    body: &[u8],
) -> Result<HttpAnswer, String> {
    let rest = url.strip_prefix("http://").ok_or("only http:// is spoken here")?;
    let (authority, path) = rest.split_once('/').unwrap_or((rest, ""));
    let (credentials, host) = match authority.rsplit_once('@') {
        Some((credentials, host)) => (Some(credentials), host),
        None => (None, authority),
    };
    // With HTTP/1.0 the server closes at the end and never sends chunks.
    let mut head = format!("{method} /{path} HTTP/1.0\r\nHost: {host}\r\nContent-Length: {}\r\n", body.len());
    if let Some(credentials) = credentials {
        head.push_str(&format!("Authorization: Basic {}\r\n", STANDARD.encode(credentials)));
    }
    for (name, value) in headers {
        head.push_str(&format!("{name}: {value}\r\n"));
    }
    head.push_str("\r\n");
    tokio::time::timeout(REQUEST_MAX, exchange(host, head.as_bytes(), body))
        .await
        .map_err(|_| format!("{host} did not answer in {} s", REQUEST_MAX.as_secs()))?
}

async fn exchange(host: &str, head: &[u8], body: &[u8]) -> Result<HttpAnswer, String> {
    let failed = |problem: std::io::Error| format!("{host}: {problem}");
    let mut stream = TcpStream::connect(host).await.map_err(failed)?;
    stream.write_all(head).await.map_err(failed)?;
    stream.write_all(body).await.map_err(failed)?;
    let mut bytes = Vec::new();
    stream.take(ANSWER_BYTES_MAX).read_to_end(&mut bytes).await.map_err(failed)?;
    let end = bytes.windows(4).position(|window| window == b"\r\n\r\n").ok_or("the answer has no head")?;
    let head = String::from_utf8_lossy(&bytes[..end]).into_owned();
    let status = head.split_ascii_whitespace().nth(1).and_then(|status| status.parse().ok());
    Ok(HttpAnswer {
        status: status.ok_or("the answer has no status")?,
        head,
        body: bytes[end + 4..].to_vec(),
    })
}
