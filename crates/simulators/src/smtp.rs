//! The mail server: SMTP without TLS, for loopback.

mod behaviour;
mod lines;
mod mailbox;
mod proof;
mod raw;
mod session;
mod sim_api;

use std::{fmt, io, net::SocketAddr, sync::Arc, time::Duration};

use tokio::net::TcpListener;
use tokio_util::{
    sync::{CancellationToken, DropGuard},
    task::TaskTracker,
};

use crate::{
    http::HttpServer,
    rules::{Rule, Target},
};

pub use behaviour::MailBehaviour;
pub use mailbox::{KeptMail, MailEnding, TriedRecipient};
pub use raw::MailPhase;

use mailbox::SmtpState;

/// So many connections at most are served at a time; further ones are told 421.
const CONNECTIONS_MAX: usize = 1_000;
/// How long a server that stops waits for its connections to end.
const STOP_WAIT_MS: u64 = 2_000;

/// Whether the server asks who is sending.
#[derive(Clone, PartialEq, Eq)]
pub enum SmtpAuth {
    /// It is not offered, and everybody may send.
    NotOffered,
    /// Nobody may send who has not proved to be this user.
    Required {
        /// The user's name.
        username: String,
        /// The user's password.
        password: String,
    },
    /// It is offered and required, and every proof is refused.
    AlwaysRefused,
}

impl fmt::Debug for SmtpAuth {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotOffered => f.write_str("NotOffered"),
            Self::Required { .. } => f.write_str("Required(masked)"),
            Self::AlwaysRefused => f.write_str("AlwaysRefused"),
        }
    }
}

/// How the mail server is set up.
#[derive(Debug, Clone)]
pub struct SmtpSimSettings {
    /// Where it takes mail; port 0 takes a free one.
    pub listen: SocketAddr,
    /// Where its records can be read over HTTP; without it, only through Rust.
    pub http_listen: Option<SocketAddr>,
    /// The name that it greets with.
    pub hello_name: String,
    /// Whether it asks who is sending.
    pub auth: SmtpAuth,
    /// The largest message that it takes, in bytes.
    pub mail_bytes_max: usize,
    /// How many messages are remembered.
    pub mails_max: usize,
    /// How long a slow answer takes, in milliseconds.
    pub slow_ms: u64,
    /// How long a connection may be silent, in milliseconds; one that owes a command is told 421, and all are closed.
    pub idle_ms: u64,
    /// How many messages one connection may begin; the next one is told 421, and the connection is closed.
    pub mails_per_connection_max: Option<u32>,
}

impl Default for SmtpSimSettings {
    fn default() -> Self {
        Self {
            listen: SocketAddr::from(([127, 0, 0, 1], 0)),
            http_listen: None,
            hello_name: "mail.simulated.example".to_owned(),
            auth: SmtpAuth::NotOffered,
            mail_bytes_max: 1024 * 1024,
            mails_max: 20_000,
            slow_ms: 3_000,
            idle_ms: 60_000,
            mails_per_connection_max: None,
        }
    }
}

/// A running mail server.
pub struct SmtpSimulator {
    address: SocketAddr,
    http: Option<HttpServer>,
    state: Arc<SmtpState>,
    tasks: TaskTracker,
    /// A simulator that is merely dropped stops too, without waiting for the end.
    stop: DropGuard,
}

impl SmtpSimulator {
    /// Starts the mail server.
    ///
    /// # Errors
    ///
    /// Returns an error if an address is taken.
    pub async fn start(settings: SmtpSimSettings) -> io::Result<Self> {
        let listener = TcpListener::bind(settings.listen).await?;
        let address = listener.local_addr()?;
        let http_listener = match settings.http_listen {
            Some(listen) => Some(TcpListener::bind(listen).await?),
            None => None,
        };
        let stop = CancellationToken::new();
        let tasks = TaskTracker::new();
        let state = Arc::new(SmtpState::new(settings));
        let http = match http_listener {
            Some(listener) => {
                Some(HttpServer::start(listener, sim_api::routes(Arc::clone(&state)), stop.clone())?)
            }
            None => None,
        };
        tasks.spawn(accept(listener, Arc::clone(&state), tasks.clone(), stop.clone()));
        Ok(Self { address, http, state, tasks, stop: stop.drop_guard() })
    }

    /// Where it takes mail.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Where its records can be read over HTTP, without a path.
    pub fn http_url(&self) -> Option<String> {
        self.http.as_ref().map(HttpServer::base_url)
    }

    /// Treats mail to this address so from now on.
    pub fn behave(&self, address: &str, behaviour: MailBehaviour) {
        self.add_rule(Rule {
            target: Target::Exact(mailbox::normal_address(address)),
            behaviour,
            times: None,
        });
    }

    /// Treats the next tries to this address so.
    pub fn behave_times(&self, address: &str, behaviour: MailBehaviour, times: u32) {
        let target = Target::Exact(mailbox::normal_address(address));
        self.add_rule(Rule { target, behaviour, times: Some(times) });
    }

    /// Treats mail to everybody so from now on.
    pub fn behave_all(&self, behaviour: MailBehaviour) {
        self.add_rule(Rule { target: Target::Suffix(String::new()), behaviour, times: None });
    }

    /// Adds a rule; the newest that matches wins.
    pub fn add_rule(&self, rule: Rule<MailBehaviour>) {
        self.state.add_rule(rule);
    }

    /// Takes back every rule; the built-in table of local parts remains.
    pub fn clear_rules(&self) {
        self.state.replace_rules(Vec::new());
    }

    /// Says these bytes at this place of every dialogue from now on, or so often, in place of its own words.
    ///
    /// It acts by the code that they begin with: a message is taken after a 250, and not after a 554.
    pub fn say_at(&self, phase: MailPhase, bytes: &[u8], times: Option<u32>) {
        self.state.raw.say(phase, bytes.to_vec(), times);
    }

    /// Says its own words again, at every place.
    pub fn clear_replies(&self) {
        self.state.raw.clear();
    }

    /// Asks from now on who is sending, or no longer.
    pub fn set_auth(&self, auth: SmtpAuth) {
        self.state.set_auth(auth);
    }

    /// Every message that was taken, oldest first, also those whose sender could not know.
    pub fn mails(&self) -> Vec<KeptMail> {
        self.state.mails()
    }

    /// Every message that was taken for this address, oldest first.
    pub fn mails_to(&self, address: &str) -> Vec<KeptMail> {
        self.state.mails_to(address)
    }

    /// Every recipient that a sender named, with the answer it got, oldest first.
    pub fn tried(&self) -> Vec<TriedRecipient> {
        self.state.tried()
    }

    /// How often a sender named this recipient.
    pub fn tries_to(&self, address: &str) -> usize {
        let address = mailbox::normal_address(address);
        self.state.tried().iter().filter(|tried| tried.address == address).count()
    }

    /// How many connections there were.
    pub fn connections(&self) -> usize {
        self.state.connections()
    }

    /// Stops the server; open connections are closed.
    pub async fn stop(self) {
        drop(self.stop);
        self.tasks.close();
        if let Some(http) = self.http {
            http.stop().await;
        }
        let wait = Duration::from_millis(STOP_WAIT_MS);
        if tokio::time::timeout(wait, self.tasks.wait()).await.is_err() {
            tracing::warn!("some SMTP connections did not end in time");
        }
    }
}

async fn accept(listener: TcpListener, state: Arc<SmtpState>, tasks: TaskTracker, stop: CancellationToken) {
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            () = stop.cancelled() => return,
        };
        let Ok((stream, _)) = accepted else {
            // The machine is out of descriptors; the next try may find one.
            tokio::time::sleep(Duration::from_millis(50)).await;
            continue;
        };
        let crowded = tasks.len() > CONNECTIONS_MAX;
        state.count_connection();
        let state = Arc::clone(&state);
        let stop = stop.clone();
        tasks.spawn(async move {
            tokio::select! {
                () = session::serve(stream, &state, crowded) => {}
                () = stop.cancelled() => {}
            }
        });
    }
}
