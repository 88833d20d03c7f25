//! A mail server that says what its script says, whatever is asked.

use std::{
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use rustls::{
    ServerConfig,
    pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject},
};
use tokio::{
    io::{AsyncBufReadExt, AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, BufReader},
    net::{TcpListener, TcpStream},
    sync::{Notify, mpsc, oneshot},
    task::{JoinHandle, JoinSet},
};
use tokio_rustls::TlsAcceptor;

/// Nothing that a test waits for takes longer; it decides nothing but when a test gives up.
const HEARD_MAX: Duration = Duration::from_secs(60);

/// What the server does at one place of the dialogue.
#[derive(Debug, Clone)]
pub(crate) enum Act {
    /// It says this, with CRLF.
    Say(&'static str),
    /// It says these bytes as they are.
    SayBytes(Vec<u8>),
    /// It says nothing until the client gives up.
    Stall,
    /// It says this only after it was told the next thing, which it answers afterwards.
    SayLate(&'static str),
    /// It closes the connection.
    Drop,
}

/// Where the server speaks TLS.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum TlsMode {
    Never,
    AfterStartTls,
    FromTheFirstByte,
}

#[derive(Debug, Clone)]
pub(crate) struct Script {
    pub(crate) tls: TlsMode,
    /// Who it says it is over TLS; without it `localhost`, by the recorded authority.
    pub(crate) identity: Option<Arc<ServerConfig>>,
    pub(crate) greeting: Act,
    pub(crate) ehlo: Act,
    pub(crate) starttls: Act,
    pub(crate) auth: Act,
    pub(crate) mail: Act,
    pub(crate) rcpt: Act,
    pub(crate) data: Act,
    pub(crate) dot: Act,
    pub(crate) rset: Act,
    pub(crate) quit: Act,
    /// What holds from the second MAIL FROM of the connection on.
    pub(crate) later: Option<Box<Script>>,
}

impl Act {
    fn begins_with(&self, digit: u8) -> bool {
        match self {
            Self::Say(reply) => reply.as_bytes().first() == Some(&digit),
            Self::SayBytes(bytes) => bytes.first() == Some(&digit),
            Self::Stall | Self::SayLate(_) | Self::Drop => false,
        }
    }
}

impl Default for Script {
    fn default() -> Self {
        Self {
            tls: TlsMode::Never,
            identity: None,
            greeting: Act::Say("220 mail.test ESMTP"),
            ehlo: Act::Say("250-mail.test\r\n250-8BITMIME\r\n250-AUTH PLAIN LOGIN\r\n250 STARTTLS"),
            starttls: Act::Say("220 2.0.0 go ahead"),
            auth: Act::Say("235 2.7.0 welcome"),
            mail: Act::Say("250 2.1.0 ok"),
            rcpt: Act::Say("250 2.1.5 ok"),
            data: Act::Say("354 end with a dot"),
            dot: Act::Say("250 2.0.0 Ok: queued as 4XyZ12"),
            rset: Act::Say("250 2.0.0 ok"),
            quit: Act::Say("221 bye"),
            later: None,
        }
    }
}

/// What one connection heard.
#[derive(Debug, Clone, Default)]
pub(crate) struct Heard {
    pub(crate) commands: Vec<String>,
    /// The mails whose final dot came, with their dots unstuffed.
    pub(crate) mails: Vec<Vec<u8>>,
}

impl Heard {
    /// How often a command came.
    pub(crate) fn count(&self, verb: &str) -> usize {
        self.commands.iter().filter(|command| command.starts_with(verb)).count()
    }
}

pub(crate) struct SmtpServer {
    pub(crate) port: u16,
    log: Arc<Log>,
    task: JoinHandle<()>,
}

/// What all connections heard, and how each can be told to speak out of turn.
#[derive(Default)]
struct Log {
    heard: Mutex<Vec<Heard>>,
    changed: Notify,
    orders: Mutex<Vec<mpsc::UnboundedSender<Order>>>,
}

/// Something to do unasked, and whom to tell that it was done.
type Order = (Act, oneshot::Sender<()>);

impl Drop for SmtpServer {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl SmtpServer {
    /// One script for each connection, in their order; the last one repeats.
    pub(crate) async fn start(scripts: Vec<Script>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let port = listener.local_addr().expect("an address").port();
        let log = Arc::new(Log::default());
        let ours = Arc::clone(&log);
        let task = tokio::spawn(async move {
            let mut connections = JoinSet::new();
            let mut nth = 0;
            while let Ok((stream, _)) = listener.accept().await {
                let script = scripts.get(nth).or(scripts.last()).cloned().unwrap_or_default();
                let (order, orders) = mpsc::unbounded_channel();
                // What it says unasked must not wait until the client has something to say.
                stream.set_nodelay(true).expect("the connection is open");
                locked(&ours.heard).push(Heard::default());
                locked(&ours.orders).push(order);
                connections.spawn(Session { nth, script, orders, log: Arc::clone(&ours) }.serve(stream));
                nth += 1;
            }
        });
        Self { port, log, task }
    }

    pub(crate) fn heard(&self) -> Vec<Heard> {
        locked(&self.log.heard).clone()
    }

    /// Waits until what was heard is so.
    pub(crate) async fn until(&self, is_so: impl Fn(&[Heard]) -> bool) {
        let heard = async {
            loop {
                let changed = self.log.changed.notified();
                if is_so(&self.heard()) {
                    return;
                }
                changed.await;
            }
        };
        tokio::time::timeout(HEARD_MAX, heard).await.expect("it is heard in time");
    }

    /// Does something on a connection that waits for a command.
    pub(crate) async fn unasked(&self, nth: usize, act: Act) {
        let (done, was_done) = oneshot::channel();
        locked(&self.log.orders)[nth].send((act, done)).expect("the connection is open");
        was_done.await.expect("the connection was open");
    }
}

struct Session {
    nth: usize,
    script: Script,
    orders: mpsc::UnboundedReceiver<Order>,
    log: Arc<Log>,
}

/// The connection has ended.
struct Over;

impl Session {
    async fn serve(mut self, stream: TcpStream) {
        // A client that leaves early is what many tests are about.
        let _ = match self.script.tls {
            TlsMode::FromTheFirstByte => match self.acceptor().accept(stream).await {
                Ok(stream) => self.greet_and_talk(stream).await.map(drop),
                Err(_) => Err(Over),
            },
            TlsMode::Never | TlsMode::AfterStartTls => match self.greet_and_talk(stream).await {
                Ok(stream) => match self.acceptor().accept(stream).await {
                    Ok(stream) => self.talk(BufReader::new(stream)).await.map(drop),
                    Err(_) => Err(Over),
                },
                Err(Over) => Err(Over),
            },
        };
    }

    fn acceptor(&self) -> TlsAcceptor {
        TlsAcceptor::from(self.script.identity.clone().unwrap_or_else(recorded_identity))
    }

    async fn greet_and_talk<S: AsyncRead + AsyncWrite + Unpin>(&mut self, stream: S) -> Result<S, Over> {
        let mut stream = BufReader::new(stream);
        act(&mut stream, &self.script.greeting).await?;
        self.talk(stream).await
    }

    /// Gives the stream back when TLS is due on it.
    async fn talk<S: AsyncRead + AsyncWrite + Unpin>(&mut self, mut stream: BufReader<S>) -> Result<S, Over> {
        let mut script = self.script.clone();
        let mut owed = None;
        loop {
            let line = tokio::select! {
                line = read_line(&mut stream) => line?,
                Some((order, done)) = self.orders.recv() => {
                    let done_so = act(&mut stream, &order).await;
                    let _ = done.send(());
                    done_so?;
                    continue;
                }
            };
            if let Some(late) = owed.take() {
                act(&mut stream, &Act::Say(late)).await?;
            }
            let verb = line.split_whitespace().next().unwrap_or_default().to_ascii_uppercase();
            self.note(|heard| heard.commands.push(line));
            let reply = match verb.as_str() {
                "EHLO" => &script.ehlo,
                "STARTTLS" => {
                    act(&mut stream, &script.starttls).await?;
                    if script.tls == TlsMode::AfterStartTls {
                        return Ok(stream.into_inner());
                    }
                    continue;
                }
                "AUTH" => &script.auth,
                "MAIL" => {
                    if self.heard_so_far("MAIL") == 2
                        && let Some(later) = script.later.take()
                    {
                        script = *later;
                    }
                    &script.mail
                }
                "RCPT" => &script.rcpt,
                "DATA" if script.data.begins_with(b'3') => {
                    act(&mut stream, &script.data).await?;
                    self.take_mail(&mut stream).await?;
                    &script.dot
                }
                "DATA" => &script.data,
                "RSET" => &script.rset,
                "QUIT" => {
                    act(&mut stream, &script.quit).await?;
                    return Err(Over);
                }
                _ => &Act::Say("500 5.5.2 what?"),
            };
            match reply {
                Act::SayLate(reply) => owed = Some(*reply),
                reply => act(&mut stream, reply).await?,
            }
        }
    }

    async fn take_mail<S: AsyncRead + AsyncWrite + Unpin>(
        &self,
        stream: &mut BufReader<S>,
    ) -> Result<(), Over> {
        let mut mail = Vec::new();
        loop {
            let line = read_line(stream).await?;
            if line == "." {
                self.note(|heard| heard.mails.push(mail));
                return Ok(());
            }
            let unstuffed = line.strip_prefix('.').unwrap_or(&line);
            mail.extend_from_slice(unstuffed.as_bytes());
            mail.extend_from_slice(b"\r\n");
        }
    }

    fn note(&self, change: impl FnOnce(&mut Heard)) {
        if let Some(heard) = locked(&self.log.heard).get_mut(self.nth) {
            change(heard);
        }
        self.log.changed.notify_waiters();
    }

    fn heard_so_far(&self, verb: &str) -> usize {
        locked(&self.log.heard)[self.nth].count(verb)
    }
}

fn locked<T>(what: &Mutex<T>) -> MutexGuard<'_, T> {
    what.lock().unwrap_or_else(PoisonError::into_inner)
}

async fn read_line<S: AsyncRead + Unpin>(stream: &mut BufReader<S>) -> Result<String, Over> {
    let mut line = String::new();
    match stream.read_line(&mut line).await {
        Ok(count) if count > 0 && line.ends_with("\r\n") => Ok(line.trim_end_matches("\r\n").to_owned()),
        _ => Err(Over),
    }
}

async fn act<S: AsyncRead + AsyncWrite + Unpin>(stream: &mut BufReader<S>, act: &Act) -> Result<(), Over> {
    let bytes = match act {
        Act::Say(reply) => format!("{reply}\r\n").into_bytes(),
        Act::SayBytes(bytes) => bytes.clone(),
        Act::Stall => {
            let _ = stream.read(&mut [0; 1]).await;
            return Err(Over);
        }
        Act::SayLate(_) => unreachable!("only the reply to a command can be late"),
        Act::Drop => return Err(Over),
    };
    stream.get_mut().write_all(&bytes).await.map_err(|_| Over)?;
    stream.get_mut().flush().await.map_err(|_| Over)
}

/// The authority that signed the test server's certificate.
pub(crate) fn authority_pem() -> String {
    include_str!("../../recorded/tls/ca.pem").to_owned()
}

fn recorded_identity() -> Arc<ServerConfig> {
    let certificate = CertificateDer::from_pem_slice(include_bytes!("../../recorded/tls/server.pem"));
    let key = PrivateKeyDer::from_pem_slice(include_bytes!("../../recorded/tls/server.key"));
    identity(vec![certificate.expect("a certificate")], key.expect("a key"))
}

/// A server that shows this chain.
pub(crate) fn identity(
    chain: Vec<CertificateDer<'static>>,
    key: PrivateKeyDer<'static>,
) -> Arc<ServerConfig> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .expect("the provider has the default versions")
        .with_no_client_auth()
        .with_single_cert(chain, key)
        .expect("the key fits the certificate");
    Arc::new(config)
}
