//! What differs from channel to channel: how one try is made, and how its end is told.

use std::sync::{Arc, Mutex};

use bytes::Bytes;
use closure_broker::OutMessage;
use closure_contract::{
    AttemptNumber, Channel, ClientRef, Evidence, FailureCode, Generation, Job, JobId, Provider, Receipt,
    Timestamp,
    job::Scope,
    topology::{DelayStep, WorkQueue},
};
use closure_policy::{
    explain::{Decision, Plan},
    retry::Next,
};
use closure_providers::{Accepted, Handover, SendFailure};
use closure_store::{AttemptUse, EarlyReceipts, Ending, FinalState, Lease, Snapshot};
use serde_json::Value;

use crate::gateways::{health::Probe, rate_limit::SlotPermits};
use crate::runtime::{InHand, Interrupted};

/// What differs from channel to channel.
pub trait ChannelDriver: Send + Sync + 'static {
    fn channel(&self) -> Channel;
    /// The way of a job to the outside service that is to carry it; waits where only few may be on it at once.
    fn way(&self, job: &Job, decision: &Decision) -> impl Future<Output = Way> + Send;
    /// What is tried again, and when.
    fn next(&self, code: FailureCode, attempt: AttemptNumber, retry_after_ms: Option<u64>) -> Next;
    /// When a job that was not sent has a way again: by another provider, or when its own may be tried; nothing where
    /// the ladder is to say.
    fn next_way(
        &self,
        _job: &Job,
        _decision: &Decision,
        _failed: Provider,
        _code: FailureCode,
    ) -> Option<DelayStep> {
        None
    }
    /// The bytes that are stored before the first try and sent again unchanged, where the channel has such.
    fn render(&self, mail: Rendering<'_>) -> Result<Option<Bytes>, SendFailure>;
    /// One try at the provider.
    fn try_once(&self, attempt: &Attempt<'_>) -> impl Future<Output = Result<Accepted, SendFailure>> + Send;
    /// What became of a try whose answer was lost.
    fn look(&self, doubt: &Doubt<'_>) -> impl Future<Output = Result<Finding, Interrupted>> + Send;
    /// How a delivery stands once the provider took it.
    fn taken(&self, accepted: Accepted) -> Ending;
    /// How a delivery ends once nothing more is tried.
    fn given_up(&self, code: FailureCode, detail: String) -> Ending;
    /// How a delivery ends when nobody can tell what became of it.
    fn lost(&self, code: FailureCode) -> Ending;
    /// The record of a call that goes with the settlement (R4); nothing on other channels.
    fn call_record(&self, plan: Option<&Plan>) -> Option<Value>;
    /// Who is told what once the settlement is committed.
    fn tell(&self, snapshot: &Snapshot, decision: &Decision, early: EarlyReceipts) -> Vec<OutMessage>;
}

/// The way of a job to a provider.
pub enum Way {
    To(Passage),
    /// There is none yet to the one that is to carry it; nothing is tried, and no attempt is spent.
    Later(Provider, DelayStep),
}

/// A job on its way to a provider, with what it holds of it.
pub struct Passage {
    /// Who is to carry it.
    pub provider: Provider,
    /// The right to try a provider that is left alone.
    pub probe: Option<Probe>,
    /// The place among the few that wait for a slot; given up once the slot is had.
    pub room: Mutex<SlotPermits>,
}

impl Passage {
    /// A way on which nothing is to be held.
    pub fn to(provider: Provider) -> Self {
        Self { provider, probe: None, room: Mutex::default() }
    }
}

/// What the stored bytes are made from.
pub struct Rendering<'a> {
    pub job: JobId,
    /// Which edition of it.
    pub generation: Generation,
    /// What the rules made of it.
    pub plan: &'a Plan,
    pub now: Timestamp,
}

/// One try, with everything that it needs.
pub struct Attempt<'a> {
    pub job: JobId,
    /// Which edition of it.
    pub generation: Generation,
    /// The right to try it.
    pub lease: Lease,
    /// The message, with which whatever must be asked again is asked.
    pub hand: &'a InHand<'a>,
    /// What the rules made of the job.
    pub plan: &'a Plan,
    /// Who is tried: the one on record for this try.
    pub provider: Provider,
    /// Our name for this try.
    pub client_ref: ClientRef,
    /// The stored bytes, where the channel has such.
    pub rendered: Option<Bytes>,
    /// Asked right before the message is handed over, because another worker may hold the job by then.
    pub handover: &'a Arc<Handover>,
    /// What the job holds of its way.
    pub passage: &'a Passage,
}

/// A try whose end is not known.
pub struct Doubt<'a> {
    /// Who was tried, and is to be asked.
    pub provider: Provider,
    /// What the rules make of the job now; nothing where they would not send it any more.
    pub plan: Option<&'a Plan>,
    /// Our name for the try.
    pub client_ref: ClientRef,
    /// Whether it went overseas, for gateways that keep apart what does.
    pub scope: Scope,
    pub since: Timestamp,
    /// For how long it has lasted, by the database's clock.
    pub waited_ms: u64,
    /// How often the provider was asked about the latest request and knew nothing.
    pub lookups: u32,
    /// How often it was sent again because of a doubt.
    pub resends: u32,
    /// The message in hand.
    pub hand: &'a InHand<'a>,
}

/// What looking into a doubt found.
#[derive(Debug)]
pub enum Finding {
    /// The provider has it, and may know already what became of it.
    Taken(Accepted, Option<Box<Receipt>>),
    /// The provider knows nothing of it yet; look again later.
    NotYetKnown,
    /// The provider could not be asked; look again later, and do not count it as a miss.
    Unasked,
    /// The provider cannot tell; a receipt may.
    Waiting,
    /// Make the same request under the same name again: the provider refuses it if it has it.
    Repeat,
    /// It is certain enough that nothing was sent: send again, as a new attempt.
    Resend,
    /// Nobody will ever tell.
    Lost(FailureCode),
}

/// The ending of a job that waits for a person.
pub fn dead(channel: Channel, code: FailureCode, detail: String, attempt_use: AttemptUse) -> Ending {
    let queue = WorkQueue::Jobs(channel);
    Ending::Dead { code, detail, queue: queue.name(), routing_key: queue.routing_key(), attempt_use }
}

/// The ending of a job that no provider was asked for.
pub fn unsent(state: FinalState, code: FailureCode, detail: String) -> Ending {
    Ending::Final {
        state,
        code: Some(code),
        detail: Some(detail),
        evidence: Evidence::None,
        provider_ref: None,
        attempt_use: AttemptUse::GivenBack,
    }
}
