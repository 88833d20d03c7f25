//! A way to the database on which the answer to each kind of commit is lost a few times, and its connection with it.
//!
//! PostgreSQL has committed by then: whoever asked cannot know it, as behind a server that crashes right after.

use std::{
    collections::{BTreeMap, HashMap},
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
};

use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{
        TcpListener, TcpStream,
        tcp::{OwnedReadHalf, OwnedWriteHalf},
    },
};

/// The way, and what was lost on it.
#[derive(Clone)]
pub struct LostCommits {
    /// Where to connect in place of the server: host and port.
    pub address: String,
    lost: Arc<Mutex<BTreeMap<String, u32>>>,
}

/// One message of PostgreSQL's protocol, version 3: its kind, and everything behind its length.
struct Message {
    kind: u8,
    content: Vec<u8>,
}

/// What one connection has under way.
#[derive(Default)]
struct Talk {
    /// The text of each prepared statement, by its name.
    statements: HashMap<String, String>,
    /// The statement that is bound.
    bound: String,
    /// What was written since the transaction began, if one is open.
    transaction: Option<String>,
    /// What the next answer commits.
    commits: Option<String>,
}

impl LostCommits {
    /// Opens a way to the server of an address; each kind of commit loses its answer this often.
    pub async fn open(url: &str, times: u32) -> Self {
        let (_, place) = url.rsplit_once('@').expect("the address names a user");
        let (server, _) = place.split_once('/').expect("the address names a database");
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let address = listener.local_addr().expect("it is bound").to_string();
        let way = Self { address, lost: Arc::default() };
        let (ours, server) = (way.clone(), server.to_owned());
        tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                if let Ok(upstream) = TcpStream::connect(&server).await {
                    tokio::spawn(ours.clone().carry(client, upstream, times));
                }
            }
        });
        way
    }

    /// The same address, by this way.
    pub fn instead_of(&self, url: &str) -> String {
        let (login, place) = url.rsplit_once('@').expect("the address names a user");
        let (_server, name) = place.split_once('/').expect("the address names a database");
        format!("{login}@{}/{name}", self.address)
    }

    /// Each kind of commit, by the beginnings of its statements, and how often its answer was lost.
    pub fn lost(&self) -> BTreeMap<String, u32> {
        self.lost.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn loses(&self, commit: &str, times: u32) -> bool {
        let mut lost = self.lost.lock().unwrap_or_else(PoisonError::into_inner);
        let count = lost.entry(commit.to_owned()).or_default();
        let loses = *count < times;
        *count += u32::from(loses);
        loses
    }

    async fn carry(self, client: TcpStream, upstream: TcpStream, times: u32) {
        let (from_client, to_client) = client.into_split();
        let (from_server, to_server) = upstream.into_split();
        let loses = Arc::new(AtomicBool::new(false));
        tokio::select! {
            () = self.requests(from_client, to_server, &loses, times) => {}
            () = answers(from_server, to_client, &loses) => {}
        }
    }

    async fn requests(
        &self,
        mut client: OwnedReadHalf,
        mut server: OwnedWriteHalf,
        loses: &AtomicBool,
        times: u32,
    ) {
        // The first message has no kind.
        let Some(start) = content(&mut client).await else { return };
        if server.write_all(&framed(None, &start)).await.is_err() {
            return;
        }
        let mut talk = Talk::default();
        while let Some(message) = next(&mut client).await {
            if let Some(commit) = talk.heard(&message)
                && self.loses(&commit, times)
            {
                loses.store(true, Ordering::SeqCst);
            }
            if server.write_all(&framed(Some(message.kind), &message.content)).await.is_err() {
                return;
            }
        }
    }
}

/// Passes answers on, until one is to be lost: it is waited for, and then everything ends.
async fn answers(mut server: OwnedReadHalf, mut client: OwnedWriteHalf, loses: &AtomicBool) {
    const READY: u8 = b'Z';
    while let Some(message) = next(&mut server).await {
        if loses.load(Ordering::SeqCst) {
            if message.kind == READY {
                return;
            }
        } else if client.write_all(&framed(Some(message.kind), &message.content)).await.is_err() {
            return;
        }
    }
}

impl Talk {
    /// What the answer to this message commits; nothing where it commits nothing that was written.
    fn heard(&mut self, message: &Message) -> Option<String> {
        let mut texts = message.content.split(|byte| *byte == 0).map(|text| String::from_utf8_lossy(text));
        let mut text = || texts.next().unwrap_or_default().into_owned();
        match message.kind {
            b'P' => {
                let (name, sql) = (text(), text());
                self.statements.insert(name, sql);
            }
            b'B' => {
                let (_portal, name) = (text(), text());
                self.bound = self.statements.get(&name).cloned().unwrap_or_default();
            }
            b'E' if writes(&self.bound) => match &mut self.transaction {
                Some(written) => written.push_str(&beginning(&self.bound)),
                None => self.commits = Some(beginning(&self.bound)),
            },
            b'S' => return self.commits.take(),
            b'Q' => return self.simple(&text()),
            _ => {}
        }
        None
    }

    fn simple(&mut self, sql: &str) -> Option<String> {
        let sql = sql.trim().to_uppercase();
        if sql.starts_with("BEGIN") || sql.starts_with("START TRANSACTION") {
            self.transaction = Some(String::new());
        } else if sql.starts_with("COMMIT") {
            return self.transaction.take().filter(|written| !written.is_empty());
        } else if sql.starts_with("ROLLBACK") {
            self.transaction = None;
        }
        None
    }
}

fn writes(sql: &str) -> bool {
    ["INSERT INTO", "UPDATE ", "DELETE FROM"].iter().any(|word| {
        // A lock is no write.
        sql.replace("FOR UPDATE", "").contains(word)
    })
}

/// What tells a statement from every other one: the tables that it writes.
fn beginning(sql: &str) -> String {
    let words: Vec<&str> = sql.split_ascii_whitespace().collect();
    let mut said = String::new();
    for pair in words.windows(3) {
        match pair {
            ["INSERT", "INTO", table] => said.push_str(&format!("+{table} ")),
            ["DELETE", "FROM", table] => said.push_str(&format!("-{table} ")),
            ["UPDATE", table, "AS" | "SET"] => said.push_str(&format!("~{table} ")),
            _ => {}
        }
    }
    said
}

fn framed(kind: Option<u8>, content: &[u8]) -> Vec<u8> {
    let length = u32::try_from(content.len() + 4).expect("no message is that long");
    kind.into_iter().chain(length.to_be_bytes()).chain(content.iter().copied()).collect()
}

async fn content(from: &mut OwnedReadHalf) -> Option<Vec<u8>> {
    let length = from.read_u32().await.ok()?;
    let mut content = vec![0; usize::try_from(length).ok()?.checked_sub(4)?];
    from.read_exact(&mut content).await.ok()?;
    Some(content)
}

async fn next(from: &mut OwnedReadHalf) -> Option<Message> {
    let kind = from.read_u8().await.ok()?;
    Some(Message { kind, content: content(from).await? })
}
