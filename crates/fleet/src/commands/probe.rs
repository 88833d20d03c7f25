//! `fleet probe`: a health check for containers, which have no other HTTP client.

use std::time::Duration;

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

use super::Failure;

/// The whole probe takes at most this long.
const PROBE_MAX: Duration = Duration::from_secs(3);
/// An answer's first line fits into this many bytes.
const ANSWER_BYTES_MAX: usize = 1024;

/// Asks `host:port/path` and is content with a 200.
pub async fn run(address: &str) -> Result<(), Failure> {
    let (host, path) = address.split_once('/').unwrap_or((address, "readyz"));
    if !is_host_and_port(host) {
        let problem = format!("`{address}`: write host:port/path, such as 127.0.0.1:8081/readyz");
        return Err(Failure::Input(problem));
    }
    let answer = tokio::time::timeout(PROBE_MAX, ask(host, path))
        .await
        .map_err(|_| Failure::Unavailable(format!("{host} did not answer in {} s", PROBE_MAX.as_secs())))?
        .map_err(|problem| Failure::Unavailable(format!("{host}: {problem}")))?;
    let status = answer.lines().next().unwrap_or_default();
    if status.contains(" 200 ") { Ok(()) } else { Err(Failure::Refused(format!("{address}: {status}"))) }
}

fn is_host_and_port(text: &str) -> bool {
    let parts = text.rsplit_once(':');
    parts.is_some_and(|(host, port)| !host.is_empty() && port.parse::<u16>().is_ok_and(|port| port > 0))
}

async fn ask(host: &str, path: &str) -> std::io::Result<String> {
    let mut stream = TcpStream::connect(host).await?;
    let request = format!("GET /{path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).await?;
    let mut answer = vec![0; ANSWER_BYTES_MAX];
    let read = stream.read(&mut answer).await?;
    answer.truncate(read);
    Ok(String::from_utf8_lossy(&answer).into_owned())
}
