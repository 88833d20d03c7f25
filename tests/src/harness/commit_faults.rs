//! A way to the database on which something happens to each kind of statement, a few times.
//!
//! Either the answer to a commit is lost, and its connection with it: PostgreSQL has committed by then, and whoever
//! asked cannot know it, as behind a server that crashes right after.
//! Or a statement is refused in PostgreSQL's own words before the server hears of it.

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
    sync::Mutex as AsyncMutex,
};

/// What happens to each kind of statement.
#[derive(Debug, Clone, Copy)]
pub enum Fault {
    /// The answer to what it commits is lost, so many times.
    AnswerLost {
        /// How often.
        times: u32,
    },
    /// It is refused once with each of these SQLSTATEs.
    Refused {
        /// In this order.
        codes: &'static [&'static str],
    },
}

/// The way, and what happened on it.
#[derive(Clone)]
pub struct CommitFaults {
    address: String,
    fault: Fault,
    armed: Arc<AtomicBool>,
    hit: Arc<Mutex<BTreeMap<String, u32>>>,
}

/// What is to happen now.
enum Hit {
    Nothing,
    LoseAnswer,
    Refuse(&'static str),
}

/// The client's side, to which two may write.
type ToClient = Arc<AsyncMutex<OwnedWriteHalf>>;

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
    /// What the next answer is the answer to.
    asked: Option<Asked>,
}

/// A statement that the client waits for.
struct Asked {
    /// What it reads or writes.
    what: String,
    /// Whether its answer says that something was committed.
    commits: bool,
}

impl CommitFaults {
    /// Opens a way to the server of an address.
    pub async fn open(url: &str, fault: Fault) -> Self {
        let (_, place) = url.rsplit_once('@').expect("the address names a user");
        let (server, _) = place.split_once('/').expect("the address names a database");
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let address = listener.local_addr().expect("it is bound").to_string();
        let way = Self { address, fault, armed: Arc::default(), hit: Arc::default() };
        let (ours, server) = (way.clone(), server.to_owned());
        tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                if let Ok(upstream) = TcpStream::connect(&server).await {
                    tokio::spawn(ours.clone().carry(client, upstream));
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

    /// From now on it happens.
    pub fn arm(&self) {
        self.armed.store(true, Ordering::SeqCst);
    }

    /// Each kind of statement, by the tables that it reads or writes, and how often it was hit.
    pub fn hit(&self) -> BTreeMap<String, u32> {
        self.hit.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn next_hit(&self, asked: &Asked) -> Hit {
        if !self.armed.load(Ordering::SeqCst) {
            return Hit::Nothing;
        }
        let mut hit = self.hit.lock().unwrap_or_else(PoisonError::into_inner);
        let count = hit.get(&asked.what).copied().unwrap_or(0);
        let next = match self.fault {
            Fault::AnswerLost { times } if asked.commits && count < times => Hit::LoseAnswer,
            Fault::Refused { codes } => {
                let index = usize::try_from(count).unwrap_or(usize::MAX);
                codes.get(index).map_or(Hit::Nothing, |code| Hit::Refuse(code))
            }
            Fault::AnswerLost { .. } => Hit::Nothing,
        };
        if !matches!(next, Hit::Nothing) {
            hit.insert(asked.what.clone(), count + 1);
        }
        next
    }

    async fn carry(self, client: TcpStream, upstream: TcpStream) {
        let (from_client, to_client) = client.into_split();
        let (from_server, to_server) = upstream.into_split();
        let (to_client, loses) = (Arc::new(AsyncMutex::new(to_client)), Arc::new(AtomicBool::new(false)));
        tokio::select! {
            () = self.requests(from_client, to_server, &to_client, &loses) => {}
            () = answers(from_server, &to_client, &loses) => {}
        }
    }

    async fn requests(
        &self,
        mut client: OwnedReadHalf,
        mut server: OwnedWriteHalf,
        to_client: &ToClient,
        loses: &AtomicBool,
    ) {
        // The first message has no kind.
        let Some(start) = content(&mut client).await else { return };
        if server.write_all(&framed(None, &start)).await.is_err() {
            return;
        }
        let (mut talk, mut waiting) = (Talk::default(), Vec::new());
        while let Some(message) = next(&mut client).await {
            let is_whole = talk.heard(&message);
            waiting.extend(framed(Some(message.kind), &message.content));
            if !is_whole {
                continue;
            }
            match talk.asked.take().map_or(Hit::Nothing, |asked| self.next_hit(&asked)) {
                Hit::Nothing => {}
                Hit::LoseAnswer => loses.store(true, Ordering::SeqCst),
                Hit::Refuse(code) => {
                    waiting.clear();
                    if to_client.lock().await.write_all(&refusal(code)).await.is_err() {
                        return;
                    }
                }
            }
            if server.write_all(&std::mem::take(&mut waiting)).await.is_err() {
                return;
            }
        }
    }
}

/// What the server would say: an error, and that it is ready for another question.
fn refusal(code: &str) -> Vec<u8> {
    let fields = format!("SERROR\0VERROR\0C{code}\0Mrefused on purpose\0\0");
    [framed(Some(b'E'), fields.as_bytes()), framed(Some(b'Z'), b"I")].concat()
}

/// Passes answers on, until one is to be lost: it is waited for, and then everything ends.
async fn answers(mut server: OwnedReadHalf, to_client: &ToClient, loses: &AtomicBool) {
    const READY: u8 = b'Z';
    while let Some(message) = next(&mut server).await {
        if loses.load(Ordering::SeqCst) {
            if message.kind == READY {
                return;
            }
            continue;
        }
        let framed = framed(Some(message.kind), &message.content);
        if to_client.lock().await.write_all(&framed).await.is_err() {
            return;
        }
    }
}

impl Talk {
    /// Hears a message of the client; says whether the server is to answer now.
    fn heard(&mut self, message: &Message) -> bool {
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
            b'E' => self.execute(),
            b'Q' => self.simple(&text()),
            _ => {}
        }
        !matches!(message.kind, b'P' | b'B' | b'E' | b'D' | b'C')
    }

    fn execute(&mut self) {
        let what = tables(&self.bound);
        let writes = writes(&self.bound);
        if let Some(written) = &mut self.transaction
            && writes
        {
            written.push_str(&what);
        }
        self.asked = Some(Asked { what, commits: writes && self.transaction.is_none() });
    }

    fn simple(&mut self, sql: &str) {
        let sql = sql.trim().to_uppercase();
        if sql.starts_with("BEGIN") || sql.starts_with("START TRANSACTION") {
            self.transaction = Some(String::new());
        } else if sql.starts_with("COMMIT") {
            let written = self.transaction.take().filter(|written| !written.is_empty());
            self.asked = written.map(|what| Asked { what: format!("commit {what}"), commits: true });
        } else if sql.starts_with("ROLLBACK") {
            self.transaction = None;
        }
    }
}

fn writes(sql: &str) -> bool {
    ["INSERT INTO", "UPDATE ", "DELETE FROM"].iter().any(|word| {
        // A lock is no write.
        sql.replace("FOR UPDATE", "").contains(word)
    })
}

/// What tells a statement from most others: the tables that it writes, or the first one that it reads.
fn tables(sql: &str) -> String {
    let words: Vec<&str> = sql.split_ascii_whitespace().collect();
    let mut said = String::new();
    for three in words.windows(3) {
        match three {
            ["INSERT", "INTO", table] => said.push_str(&format!("+{table} ")),
            ["DELETE", "FROM", table] => said.push_str(&format!("-{table} ")),
            ["UPDATE", table, "AS" | "SET"] => said.push_str(&format!("~{table} ")),
            _ => {}
        }
    }
    if said.is_empty() {
        let read = words.windows(2).find(|two| two[0] == "FROM").map_or("", |two| two[1]);
        said = format!("?{read} ");
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
