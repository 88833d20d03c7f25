//! The little HTTP that the demo speaks to services on loopback.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use base64::Engine;
use base64::prelude::BASE64_STANDARD as STANDARD;

use crate::error::{Context, Result, failed};

/// One request takes at most this long.
const REQUEST_LIMIT: Duration = Duration::from_secs(10);
/// An answer has at most this many bytes.
const ANSWER_BYTES_MAX: u64 = 64 * 1024 * 1024;

/// What a request is answered with.
pub struct Answer {
    /// The status code.
    pub status: u16,
    /// The body.
    pub body: String,
}

/// Sends one request to `http://[user:password@]host:port` and reads the whole answer.
pub fn request(method: &str, base_url: &str, path: &str, body: Option<&str>) -> Result<Answer> {
    let rest = base_url.trim_end_matches('/').trim_start_matches("http://");
    let (credentials, host) = match rest.rsplit_once('@') {
        Some((credentials, host)) => (Some(credentials), host),
        None => (None, rest),
    };
    let what = || format!("{method} {path} at {host}");
    let mut stream = TcpStream::connect(host).context(what)?;
    stream.set_read_timeout(Some(REQUEST_LIMIT)).context(what)?;
    stream.set_write_timeout(Some(REQUEST_LIMIT)).context(what)?;
    let body = body.unwrap_or_default();
    let authorization = credentials.map_or_else(String::new, |credentials| {
        format!("Authorization: Basic {}\r\n", STANDARD.encode(credentials))
    });
    let head = format!(
        "{method} {path} HTTP/1.0\r\nHost: {host}\r\n{authorization}Content-Type: application/json\r\n\
         Content-Length: {}\r\nConnection: close\r\n\r\n",
        body.len()
    );
    stream.write_all(head.as_bytes()).and_then(|()| stream.write_all(body.as_bytes())).context(what)?;
    let mut bytes = Vec::new();
    stream.take(ANSWER_BYTES_MAX).read_to_end(&mut bytes).context(what)?;
    let text = String::from_utf8_lossy(&bytes);
    let Some((head, body)) = text.split_once("\r\n\r\n") else {
        return failed(format!("{}: the answer is no HTTP", what()));
    };
    let status = head.split(' ').nth(1).and_then(|status| status.parse().ok());
    let Some(status) = status else {
        return failed(format!("{}: the answer has no status", what()));
    };
    let chunked = head.to_ascii_lowercase().contains("transfer-encoding: chunked");
    let body = if chunked { unchunked(body) } else { body.to_owned() };
    Ok(Answer { status, body })
}

/// Joins the chunks of a body that came in chunks although HTTP/1.0 has none.
fn unchunked(body: &str) -> String {
    let mut joined = String::new();
    let mut rest = body;
    while let Some((size, after)) = rest.split_once("\r\n") {
        let size = usize::from_str_radix(size.trim(), 16).unwrap_or(0);
        match after.get(..size) {
            Some(chunk) if size > 0 => joined.push_str(chunk),
            Some(_) | None => break,
        }
        rest = after.get(size..).unwrap_or_default().trim_start_matches("\r\n");
    }
    joined
}

#[cfg(test)]
mod tests {
    use super::unchunked;

    #[test]
    fn chunks_are_joined() {
        assert_eq!(unchunked("3\r\n[1,\r\n2\r\n2]\r\n0\r\n\r\n"), "[1,2]");
    }
}
