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
    script: Mutex<Script>,
}

impl Receiver {
    /// One that takes everything.
    pub async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port is free");
        let url = format!("http://{}/outcomes", listener.local_addr().expect("it is bound"));
        let script: Script = Box::new(|_| Reply::Status(204));
        let shared = Arc::new(Shared { posted: Mutex::default(), script: Mutex::new(script) });
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

    /// Every request so far, in the order in which they came.
    pub fn posted(&self) -> Vec<Posted> {
        self.shared.posted.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// The outcomes that it took, each once, in the order in which it took them first.
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
    while let Some((headers, body)) = request(&mut reading).await? {
        let ids = OutcomeIds::decode(&body).expect("an outcome names itself");
        let OutcomeIds { outcome_id, subject } = ids;
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

/// The headers and the body of a request; nothing where the other side is done.
async fn request(
    reading: &mut BufReader<OwnedReadHalf>,
) -> std::io::Result<Option<(HashMap<String, String>, Vec<u8>)>> {
    let mut line = String::new();
    if reading.read_line(&mut line).await? == 0 {
        return Ok(None);
    }
    assert!(line.starts_with("POST /outcomes HTTP/1.1"), "{line}");
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
    Ok(Some((headers, body)))
}
