//! The CRM's webhook, as it misbehaves: it keeps what is posted to it, and answers what a test says.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use closure_contract::OutcomeIds;
use tokio::{
    io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader},
    net::{TcpListener, TcpStream, tcp::OwnedReadHalf},
};
use uuid::Uuid;

/// How long a receiver hangs: longer than any test waits for an answer.
const HANGING: Duration = Duration::from_secs(600);

/// What it answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reply {
    /// This status.
    Status(u16),
    /// This status, and to come again after so many seconds.
    Later(u16, u64),
    /// Nothing, while the connection stays open.
    Hang,
    /// Nothing, and the connection is closed.
    Close,
}

/// One request.
#[derive(Debug, Clone)]
pub struct Posted {
    /// Its headers, the names in lower case.
    pub headers: HashMap<String, String>,
    /// Its body.
    pub body: Vec<u8>,
    /// What it speaks of: a job or a cancellation.
    pub subject: Uuid,
    /// The outcome's own id.
    pub outcome_id: Uuid,
    /// What was answered.
    pub reply: Reply,
}

type Script = Box<dyn FnMut(&Posted) -> Reply + Send>;

/// A webhook on this machine.
#[derive(Clone)]
pub struct Receiver {
    url: String,
    shared: Arc<Shared>,
}

struct Shared {
    posted: Mutex<Vec<Posted>>,
    /// The first request that was none of ours: a task cannot fail a test, and so it is kept for whoever asks.
    complaint: Mutex<Option<String>>,
    script: Mutex<Script>,
}

impl Receiver {
    /// One that takes everything.
    pub async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port is free");
        let url = format!("http://{}/outcomes", listener.local_addr().expect("it is bound"));
        let script: Script = Box::new(|_| Reply::Status(204));
        let shared = Arc::new(Shared {
            posted: Mutex::default(),
            complaint: Mutex::default(),
            script: Mutex::new(script),
        });
        let ours = Arc::clone(&shared);
        tokio::spawn(async move {
            while let Ok((connection, _)) = listener.accept().await {
                let shared = Arc::clone(&ours);
                // A connection that breaks is the fleet's to notice.
                tokio::spawn(async move { drop(serve(connection, &shared).await) });
            }
        });
        Self { url, shared }
    }

    /// Its address.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// From now on it answers so.
    pub fn answer(&self, script: impl FnMut(&Posted) -> Reply + Send + 'static) {
        *self.shared.script.lock().unwrap_or_else(PoisonError::into_inner) = Box::new(script);
    }

    /// Every request so far, in the order in which they came; it panics where one of them was none of an outcome.
    #[track_caller]
    pub fn posted(&self) -> Vec<Posted> {
        let complaint = self.shared.complaint.lock().unwrap_or_else(PoisonError::into_inner).clone();
        assert_eq!(complaint, None, "a request that posts no outcome");
        self.shared.posted.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// The outcomes that it took, each once, in the order in which it took them first.
    #[track_caller]
    pub fn taken(&self) -> Vec<Posted> {
        let mut taken: Vec<Posted> = Vec::new();
        for posted in self.posted() {
            let is_taken = matches!(posted.reply, Reply::Status(200..=299));
            if is_taken && taken.iter().all(|known| known.outcome_id != posted.outcome_id) {
                taken.push(posted);
            }
        }
        taken
    }
}

impl Shared {
    fn complain(&self, what: String) {
        self.complaint.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert(what);
    }

    fn reply(&self, mut posted: Posted) -> Reply {
        let mut script = self.script.lock().unwrap_or_else(PoisonError::into_inner);
        posted.reply = script(&posted);
        let reply = posted.reply;
        self.posted.lock().unwrap_or_else(PoisonError::into_inner).push(posted);
        reply
    }
}

/// Answers the requests of one connection, one after the other.
async fn serve(connection: TcpStream, shared: &Shared) -> std::io::Result<()> {
    let (reading, mut writing) = connection.into_split();
    let mut reading = BufReader::new(reading);
    while let Some((line, headers, body)) = request(&mut reading).await? {
        if !line.starts_with("POST /outcomes HTTP/1.1") {
            shared.complain(line);
            return Ok(());
        }
        let Some(OutcomeIds { outcome_id, subject }) = OutcomeIds::decode(&body) else {
            shared.complain(format!("{} names no outcome", String::from_utf8_lossy(&body)));
            return Ok(());
        };
        let unanswered = Reply::Hang;
        let head = match shared.reply(Posted { headers, body, subject, outcome_id, reply: unanswered }) {
            Reply::Status(status) => format!("HTTP/1.1 {status} x\r\n"),
            Reply::Later(status, seconds) => format!("HTTP/1.1 {status} x\r\nretry-after: {seconds}\r\n"),
            Reply::Hang => {
                tokio::time::sleep(HANGING).await;
                return Ok(());
            }
            Reply::Close => return Ok(()),
        };
        writing.write_all(format!("{head}content-length: 0\r\n\r\n").as_bytes()).await?;
    }
    Ok(())
}

/// The first line, the headers and the body of a request; nothing where the other side is done.
async fn request(
    reading: &mut BufReader<OwnedReadHalf>,
) -> std::io::Result<Option<(String, HashMap<String, String>, Vec<u8>)>> {
    let (mut first, mut line) = (String::new(), String::new());
    if reading.read_line(&mut first).await? == 0 {
        return Ok(None);
    }
    let mut headers = HashMap::new();
    loop {
        line.clear();
        reading.read_line(&mut line).await?;
        let Some((name, value)) = line.trim_end().split_once(':') else { break };
        headers.insert(name.to_ascii_lowercase(), value.trim().to_owned());
    }
    let length = headers.get("content-length").and_then(|length| length.parse().ok()).unwrap_or(0);
    let mut body = vec![0; length];
    reading.read_exact(&mut body).await?;
    Ok(Some((first, headers, body)))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Sends this and waits until the receiver has dealt with it.
    async fn send(receiver: &Receiver, request: &str) {
        let address = receiver.url().trim_start_matches("http://").trim_end_matches("/outcomes");
        let mut connection = TcpStream::connect(address).await.expect("it listens");
        connection.write_all(request.as_bytes()).await.expect("it reads");
        let mut answer = Vec::new();
        connection.read_to_end(&mut answer).await.expect("it closes the connection");
    }

    #[tokio::test]
    #[should_panic(expected = "GET /outcomes")]
    async fn a_request_that_posts_nothing_fails_the_test() {
        let receiver = Receiver::start().await;
        send(&receiver, "GET /outcomes HTTP/1.1\r\n\r\n").await;
        receiver.posted();
    }

    #[tokio::test]
    #[should_panic(expected = "names no outcome")]
    async fn a_body_that_names_no_outcome_fails_the_test() {
        let receiver = Receiver::start().await;
        send(&receiver, "POST /outcomes HTTP/1.1\r\ncontent-length: 2\r\n\r\n{}").await;
        receiver.taken();
    }
}
