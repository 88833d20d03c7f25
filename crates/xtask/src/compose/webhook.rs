//! The CRM's server, which takes outcomes by webhook from the containers.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use crate::error::{Context, Result};

/// The host as the engine's containers see it: the engine's usual bridge.
const HOST: &str = "172.17.0.1:0";
/// Whoever says nothing for so long is hung up on.
const SILENCE_LIMIT: Duration = Duration::from_secs(30);
/// A request has at most this many bytes.
const REQUEST_BYTES_MAX: u64 = 1024 * 1024;

/// A server that takes every post and keeps it.
pub struct CrmServer {
    address: SocketAddr,
    posts: Arc<Mutex<Vec<String>>>,
}

impl CrmServer {
    /// Listens where the containers reach it, until this process ends.
    pub fn start() -> Result<CrmServer> {
        let listener = TcpListener::bind(HOST).context(|| format!("cannot listen on {HOST}"))?;
        let address = listener.local_addr().context(|| "the listener has no address".to_owned())?;
        let posts = Arc::new(Mutex::new(Vec::new()));
        let kept = Arc::clone(&posts);
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let kept = Arc::clone(&kept);
                // A connection that breaks is the other side's to make again.
                std::thread::spawn(move || serve(&stream, &kept));
            }
        });
        Ok(CrmServer { address, posts })
    }

    /// What `webhooks.url` names.
    pub fn url(&self) -> String {
        format!("http://{}/closure", self.address)
    }

    /// The head and body of each post until now.
    pub fn posts(&self) -> Vec<String> {
        self.posts.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

/// Takes the requests of one connection; nothing more is read after one that is no whole request.
fn serve(stream: &TcpStream, kept: &Mutex<Vec<String>>) -> std::io::Result<()> {
    stream.set_read_timeout(Some(SILENCE_LIMIT))?;
    let mut reader = BufReader::new(stream);
    while let Some(post) = read(&mut reader)? {
        kept.lock().unwrap_or_else(PoisonError::into_inner).push(post);
        (&*stream).write_all(b"HTTP/1.1 204 No Content\r\n\r\n")?;
    }
    Ok(())
}

/// One request, head and body; nothing at the end of the connection, or where it ends in the middle.
fn read(reader: &mut impl BufRead) -> std::io::Result<Option<String>> {
    let mut head = String::new();
    let mut limited = reader.take(REQUEST_BYTES_MAX);
    while !head.ends_with("\r\n\r\n") {
        if limited.read_line(&mut head)? == 0 {
            return Ok(None);
        }
    }
    let length = head
        .lines()
        .filter_map(|line| line.split_once(':'))
        .find(|(name, _)| name.eq_ignore_ascii_case("content-length"))
        .and_then(|(_, value)| value.trim().parse().ok())
        .unwrap_or(0);
    let mut body = String::new();
    limited.set_limit(REQUEST_BYTES_MAX.min(length));
    limited.read_to_string(&mut body)?;
    let is_whole = u64::try_from(body.len()).is_ok_and(|read| read == length);
    Ok(is_whole.then(|| head + &body))
}
