//! The channels that are alive, the phones, and the record of what was dialled.

use std::{
    collections::HashMap,
    fmt,
    sync::{
        Mutex,
        atomic::{AtomicU64, Ordering},
    },
};

use serde::Serialize;
use time::OffsetDateTime;
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use super::{
    PbxSimSettings,
    behaviour::{AgentBehaviour, CustomerBehaviour, PostBehaviour},
    cel_writer::CelWriter,
};
use crate::{
    journal::Journal,
    lock::locked,
    rules::{Rule, Rules},
};

/// So many dialled legs are remembered.
const RINGS_MAX: usize = 200_000;
/// So many channels live at a time; further calls are refused as by a PBX that has no memory left.
const CHANNELS_MAX: usize = 20_000;

/// One of the two legs of a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Leg {
    /// To the agent's phone, which rings first.
    Agent,
    /// To the customer, through the trunk.
    Customer,
}

/// A leg that was dialled: an invitation left the PBX.
///
/// Its `Debug` form hides the digits.
#[derive(Clone, PartialEq, Eq, Serialize)]
pub struct Ring {
    /// The channel id of the call, which is the agent's leg and the caller's choice.
    pub channel_id: String,
    /// Which leg.
    pub leg: Leg,
    /// The agent's extension, or the digits dialled for the customer with the outside-line prefix.
    pub digits: String,
    /// The number shown to the one called: the customer to the agent, our line to the customer.
    pub shown_number: Option<String>,
    /// When.
    #[serde(with = "time::serde::rfc3339")]
    pub at: OffsetDateTime,
}

impl fmt::Debug for Ring {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Ring")
            .field("channel_id", &self.channel_id)
            .field("leg", &self.leg)
            .field("at", &self.at)
            .finish_non_exhaustive()
    }
}

/// The state of a channel in the words of the interface.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ChannelState {
    Down,
    Ringing,
    Up,
}

impl ChannelState {
    pub(super) fn word(self) -> &'static str {
        match self {
            Self::Down => "Down",
            Self::Ringing => "Ringing",
            Self::Up => "Up",
        }
    }
}

/// A living channel.
#[derive(Clone)]
pub(super) struct Channel {
    pub(super) id: String,
    pub(super) name: String,
    pub(super) state: ChannelState,
    pub(super) agent_extension: Option<String>,
    pub(super) context: String,
    pub(super) extension: String,
    pub(super) application: &'static str,
    pub(super) created_at: OffsetDateTime,
    /// Hangs up the call.
    pub(super) hang_up: CancellationToken,
}

/// Why a channel cannot be added.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum NotAdded {
    Exists,
    NotRegistered,
    Full,
}

pub(super) struct Switchboard {
    pub(super) settings: PbxSimSettings,
    pub(super) cel: CelWriter,
    pub(super) tasks: TaskTracker,
    pub(super) stop: CancellationToken,
    next_number: AtomicU64,
    requests: AtomicU64,
    looks: AtomicU64,
    channels: Mutex<Channels>,
    rings: Mutex<Journal<Ring>>,
    agents: Mutex<Rules<AgentBehaviour>>,
    customers: Mutex<Rules<CustomerBehaviour>>,
    posts: Mutex<Rules<PostBehaviour>>,
}

struct Channels {
    by_id: HashMap<String, Channel>,
    /// Cancelled by a crash; calls of an earlier life may not touch the channels of a later one.
    life: CancellationToken,
}

impl Switchboard {
    pub(super) fn new(
        settings: PbxSimSettings,
        cel: CelWriter,
        tasks: TaskTracker,
        stop: CancellationToken,
    ) -> Self {
        let channels = Channels { by_id: HashMap::new(), life: stop.child_token() };
        Self {
            settings,
            cel,
            tasks,
            stop,
            next_number: AtomicU64::new(0),
            requests: AtomicU64::new(0),
            looks: AtomicU64::new(0),
            channels: Mutex::new(channels),
            rings: Mutex::new(Journal::new(RINGS_MAX)),
            agents: Mutex::new(Rules::new()),
            customers: Mutex::new(Rules::new()),
            posts: Mutex::new(Rules::new()),
        }
    }

    /// A number that no other channel of this process has.
    pub(super) fn next_number(&self) -> u64 {
        self.next_number.fetch_add(1, Ordering::Relaxed) + 1
    }

    pub(super) fn count_request(&self) {
        self.requests.fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn count_look(&self) {
        self.looks.fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn looks(&self) -> u64 {
        self.looks.load(Ordering::Relaxed)
    }

    pub(super) fn requests(&self) -> u64 {
        self.requests.load(Ordering::Relaxed)
    }

    /// Adds the first channel of a call, and answers the life that it belongs to.
    ///
    /// Asterisk asks the endpoint before it looks for the id.
    pub(super) fn add_first(
        &self,
        channel: Channel,
        agent: AgentBehaviour,
    ) -> Result<CancellationToken, NotAdded> {
        let mut channels = locked(&self.channels);
        match agent {
            AgentBehaviour::Offline | AgentBehaviour::Unknown => return Err(NotAdded::NotRegistered),
            AgentBehaviour::Answers
            | AgentBehaviour::SlowToSay
            | AgentBehaviour::Busy
            | AgentBehaviour::OnAnotherCall
            | AgentBehaviour::NoAnswer
            | AgentBehaviour::Rejects => {}
        }
        if channels.by_id.contains_key(&channel.id) {
            return Err(NotAdded::Exists);
        }
        if channels.by_id.len() >= CHANNELS_MAX {
            return Err(NotAdded::Full);
        }
        channels.by_id.insert(channel.id.clone(), channel);
        Ok(channels.life.clone())
    }

    /// Adds the second channel of a call, unless the PBX crashed meanwhile.
    pub(super) fn add_second(&self, channel: Channel, life: &CancellationToken) {
        let mut channels = locked(&self.channels);
        if !life.is_cancelled() {
            channels.by_id.insert(channel.id.clone(), channel);
        }
    }

    /// Changes a channel of a call, unless the PBX crashed meanwhile.
    pub(super) fn change(&self, id: &str, life: &CancellationToken, change: impl FnOnce(&mut Channel)) {
        let mut channels = locked(&self.channels);
        if !life.is_cancelled()
            && let Some(channel) = channels.by_id.get_mut(id)
        {
            change(channel);
        }
    }

    /// Takes away a channel of a call, unless the PBX crashed meanwhile.
    pub(super) fn remove(&self, id: &str, life: &CancellationToken) {
        let mut channels = locked(&self.channels);
        if !life.is_cancelled() {
            channels.by_id.remove(id);
        }
    }

    pub(super) fn channel(&self, id: &str) -> Option<Channel> {
        locked(&self.channels).by_id.get(id).cloned()
    }

    pub(super) fn channels(&self) -> Vec<Channel> {
        locked(&self.channels).by_id.values().cloned().collect()
    }

    pub(super) fn channels_of_agent(&self, extension: &str) -> Vec<String> {
        let channels = locked(&self.channels);
        let of_agent =
            channels.by_id.values().filter(|channel| channel.agent_extension.as_deref() == Some(extension));
        of_agent.map(|channel| channel.id.clone()).collect()
    }

    pub(super) fn channels_alive(&self) -> usize {
        locked(&self.channels).by_id.len()
    }

    /// Forgets every channel; their calls end without a word.
    pub(super) fn crash(&self) {
        let mut channels = locked(&self.channels);
        channels.life.cancel();
        channels.life = self.stop.child_token();
        channels.by_id.clear();
    }

    pub(super) fn record_ring(&self, ring: Ring) {
        locked(&self.rings).push(ring);
    }

    pub(super) fn rings(&self) -> Vec<Ring> {
        locked(&self.rings).iter().cloned().collect()
    }

    pub(super) fn add_agent_rule(&self, rule: Rule<AgentBehaviour>) {
        locked(&self.agents).add(rule);
    }

    pub(super) fn add_customer_rule(&self, rule: Rule<CustomerBehaviour>) {
        locked(&self.customers).add(rule);
    }

    pub(super) fn add_post_rule(&self, rule: Rule<PostBehaviour>) {
        locked(&self.posts).add(rule);
    }

    /// Takes back every rule of every kind.
    pub(super) fn clear_rules(&self) {
        locked(&self.agents).replace(Vec::new());
        locked(&self.customers).replace(Vec::new());
        locked(&self.posts).replace(Vec::new());
    }

    pub(super) fn agent(&self, extension: &str) -> AgentBehaviour {
        let is_more = || extension.parse().is_ok_and(|number| self.settings.more_phones().contains(&number));
        locked(&self.agents).choose(extension).unwrap_or_else(|| {
            if is_more() { AgentBehaviour::Offline } else { AgentBehaviour::by_extension(extension) }
        })
    }

    pub(super) fn customer(&self, digits: &str) -> CustomerBehaviour {
        locked(&self.customers).choose(digits).unwrap_or_else(|| CustomerBehaviour::by_suffix(digits))
    }

    pub(super) fn post(&self, extension: &str) -> PostBehaviour {
        locked(&self.posts).choose(extension).unwrap_or_else(|| PostBehaviour::by_suffix(extension))
    }
}
