//! The PBX: the part of Asterisk's REST interface that click-to-call uses, and its call records.

mod ari;
mod behaviour;
mod call;
mod cel;
mod cel_writer;
mod check;
mod originate;
mod sim_api;
mod switchboard;

use std::{fmt, io, net::SocketAddr, sync::Arc};

use tokio::net::TcpListener;
use tokio_util::{
    sync::{CancellationToken, DropGuard},
    task::TaskTracker,
};

use crate::{
    http::HttpServer,
    rules::{Rule, Target},
};

pub use behaviour::{AgentBehaviour, CustomerBehaviour, PostBehaviour};
pub use cel_writer::CelSwitch;
pub use switchboard::{Leg, Ring};

use cel_writer::CelWriter;
use switchboard::Switchboard;

/// How the PBX is set up; every time is in milliseconds.
#[derive(Clone)]
pub struct PbxSimSettings {
    /// Where it listens; port 0 takes a free one.
    pub listen: SocketAddr,
    /// The user of the REST interface.
    pub username: String,
    /// The password of every user.
    pub password: String,
    /// A user who may only read.
    pub read_only_username: String,
    /// The context whose dialplan calls the customer; every other one is empty.
    pub context: String,
    /// How many phones there are beside those of the table, from 20000 on; they never register.
    pub more_phones: u16,
    /// The trunk's name.
    pub trunk: String,
    /// The PostgreSQL that gets the call records; without it there are none.
    pub cel_database_url: Option<String>,
    /// How long an agent's phone rings before it is answered.
    pub agent_answer_ms: u64,
    /// How long an agent's phone rings at most, whatever time-out the request names.
    pub agent_timeout_max_ms: u64,
    /// How long a customer's phone rings before it is answered.
    pub customer_answer_ms: u64,
    /// How long the network takes to refuse a call.
    pub customer_refusal_ms: u64,
    /// How long a customer's phone rings when nobody answers.
    pub customer_timeout_ms: u64,
    /// How long the two talk.
    pub talk_ms: u64,
    /// How long a stalled POST waits before the call is placed.
    pub stall_ms: u64,
}

impl Default for PbxSimSettings {
    fn default() -> Self {
        Self {
            listen: SocketAddr::from(([127, 0, 0, 1], 0)),
            username: "closure".to_owned(),
            password: "simulated-ari-password".to_owned(),
            read_only_username: "reader".to_owned(),
            context: "closure-dial".to_owned(),
            more_phones: 0,
            trunk: "trunk".to_owned(),
            cel_database_url: None,
            agent_answer_ms: 100,
            agent_timeout_max_ms: 500,
            customer_answer_ms: 150,
            customer_refusal_ms: 100,
            customer_timeout_ms: 500,
            talk_ms: 300,
            stall_ms: 2_000,
        }
    }
}

impl PbxSimSettings {
    fn more_phones(&self) -> std::ops::Range<u32> {
        const FIRST: u32 = 20_000;
        FIRST..FIRST + u32::from(self.more_phones)
    }
}

impl fmt::Debug for PbxSimSettings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PbxSimSettings").field("listen", &self.listen).finish_non_exhaustive()
    }
}

/// A running PBX.
pub struct PbxSimulator {
    server: HttpServer,
    board: Arc<Switchboard>,
    tasks: TaskTracker,
    /// A simulator that is merely dropped stops too, without waiting for the end.
    stop: DropGuard,
}

impl PbxSimulator {
    /// Starts the PBX; the database of its call records may come later.
    ///
    /// # Errors
    ///
    /// Returns an error if the address is taken or the database's URL cannot be read.
    pub async fn start(settings: PbxSimSettings) -> io::Result<Self> {
        let listener = TcpListener::bind(settings.listen).await?;
        let stop = CancellationToken::new();
        let tasks = TaskTracker::new();
        let cel = CelWriter::start(settings.cel_database_url.as_deref(), &tasks, stop.clone())?;
        let board = Arc::new(Switchboard::new(settings, cel, tasks.clone(), stop.clone()));
        let server = HttpServer::start(listener, ari::routes(Arc::clone(&board)), stop.clone())?;
        Ok(Self { server, board, tasks, stop: stop.drop_guard() })
    }

    /// The PBX's address without a path; the interface is under `/ari`.
    pub fn base_url(&self) -> String {
        self.server.base_url()
    }

    /// Every leg that was dialled, oldest first.
    pub fn rings(&self) -> Vec<Ring> {
        self.board.rings()
    }

    /// The customer legs whose dialled digits end with these, oldest first.
    pub fn calls_to(&self, digits: &str) -> Vec<Ring> {
        self.rings()
            .into_iter()
            .filter(|ring| ring.leg == Leg::Customer && ring.digits.ends_with(digits))
            .collect()
    }

    /// How many requests to place a call came, also those that were refused or lost.
    pub fn requests(&self) -> u64 {
        self.board.requests()
    }

    /// How often anybody asked what an agent's phone is doing, counted before the answer.
    pub fn looks(&self) -> u64 {
        self.board.looks()
    }

    /// The channels that are alive.
    pub fn channels_alive(&self) -> usize {
        self.board.channels_alive()
    }

    /// Lets the phone of this agent behave so from now on.
    pub fn set_agent(&self, extension: &str, behaviour: AgentBehaviour) {
        let target = Target::Exact(extension.to_owned());
        self.board.add_agent_rule(Rule { target, behaviour, times: None });
    }

    /// Lets calls to numbers that end like this go so from now on.
    pub fn behave(&self, digits: &str, behaviour: CustomerBehaviour) {
        self.add_customer_rule(Rule { target: Target::Suffix(digits.to_owned()), behaviour, times: None });
    }

    /// Adds a rule over dialled digits; the newest that matches wins.
    pub fn add_customer_rule(&self, rule: Rule<CustomerBehaviour>) {
        self.board.add_customer_rule(rule);
    }

    /// Lets requests to call numbers that end like this go so from now on.
    pub fn misbehave(&self, digits: &str, behaviour: PostBehaviour) {
        self.add_post_rule(Rule { target: Target::Suffix(digits.to_owned()), behaviour, times: None });
    }

    /// Lets the next requests to call numbers that end like this go so.
    pub fn misbehave_times(&self, digits: &str, behaviour: PostBehaviour, times: u32) {
        let target = Target::Suffix(digits.to_owned());
        self.add_post_rule(Rule { target, behaviour, times: Some(times) });
    }

    /// Adds a rule over the extension asked for; the newest that matches wins.
    pub fn add_post_rule(&self, rule: Rule<PostBehaviour>) {
        self.board.add_post_rule(rule);
    }

    /// Forgets every channel at once, as a crash does: no hang-up is recorded.
    pub fn crash(&self) {
        self.board.crash();
    }

    /// Writes call records from now on, silently no more, or later.
    pub fn set_cel(&self, switch: CelSwitch) {
        self.board.cel.set(switch);
    }

    /// How many call records are not in the database yet.
    pub fn cel_pending(&self) -> usize {
        self.board.cel.pending()
    }

    /// Stops the PBX: calls end as in a crash, and the call records so far are written.
    pub async fn stop(self) {
        self.board.crash();
        drop(self.stop);
        self.tasks.close();
        self.server.stop().await;
        self.tasks.wait().await;
    }
}
