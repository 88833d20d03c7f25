//! What differs from channel to channel: who carries a job, how one try is made, how a doubt is resolved, who is told.

use std::sync::{Arc, Mutex};

use bytes::Bytes;
use closure_broker::OutMessage;
use closure_contract::{
    Channel, FailureCode, Generation, Job, Provider, Receipt, Timestamp, topology::DelayStep,
};
use closure_policy::{explain::Decision, number::meaning::JobNumber, retry::Circuit};
use closure_providers::{Accepted, Handover, SendFailure};
use closure_store::{Doubt, EarlyReceipts, GatewayScope, Grant, JsonText, Snapshot};

use super::leases::Kept;
use crate::gateways::{health::Probe, rate_limit::SlotPermits};
use crate::runtime::{InHand, Interrupted};

/// One channel's own part of the way of a job.
pub trait ChannelDriver: Send + Sync + 'static {
    const CHANNEL: Channel;
    /// Who is to carry a job, and what goes with it; waits where only few may be on their way at once.
    fn route(&self, decided: Decided<'_>) -> impl Future<Output = Routing> + Send;
    /// One try at the provider; the handover is begun right before the message is, because another worker may hold the
    /// job by then.
    fn send(
        &self,
        claimed: &Claimed<'_>,
        handover: &Arc<Handover>,
    ) -> impl Future<Output = Result<Accepted, FailedTry>> + Send;
    /// After so many milliseconds the silence of the one who took it is an answer; nothing where no receipt is due.
    fn receipt_due_ms(&self, _claimed: &Claimed<'_>) -> Option<u64> {
        None
    }
    /// What became of a try whose answer was lost `waited_ms` milliseconds ago.
    fn look_up(
        &self,
        claimed: &Claimed<'_>,
        doubt: Doubt,
        waited_ms: u64,
    ) -> impl Future<Output = Result<Finding, Interrupted>> + Send;
    /// Who is told what once a settlement is committed.
    fn announce(&self, snapshot: &Snapshot, decision: &Decision, early: EarlyReceipts) -> Vec<OutMessage>;
}

/// A job as the rules decided it.
#[derive(Clone, Copy)]
pub struct Decided<'a> {
    pub job: &'a Job,
    pub generation: Generation,
    pub decision: &'a Decision,
    /// When they did, by the database's clock.
    pub at: Timestamp,
}

/// The way of a job to a provider.
pub enum Routing {
    /// It may be tried now.
    Now(Route),
    /// The provider that is to carry it may not be asked before this; nothing is tried, and no attempt is spent.
    Later(Route, DelayStep),
}

/// Who is to carry a job, and what goes with it.
pub struct Route {
    pub provider: Provider,
    /// The bytes that are stored before the first try and sent again unchanged, where the channel has such; or why
    /// they cannot be made.
    pub rendered: Result<Option<Bytes>, SendFailure>,
    /// The right to try a provider that is left alone.
    pub probe: Option<Probe>,
    /// The place among the few that wait for a slot; given up once the slot is had.
    pub permits: Mutex<SlotPermits>,
}

impl Route {
    /// A route on which nothing is made or held beforehand.
    pub fn to(provider: Provider) -> Self {
        Self { provider, rendered: Ok(None), probe: None, permits: Mutex::default() }
    }
}

/// A claimed attempt, with everything that its try, its look-up and its settlement need.
#[derive(Clone, Copy)]
pub struct Claimed<'a> {
    pub hand: &'a InHand<'a>,
    pub job: &'a Job,
    /// Its number as it was read, once for all.
    pub number: &'a JobNumber,
    /// What the rules say of it now.
    pub decision: &'a Decision,
    /// The rules that its claim was asked for with.
    pub rules: &'a JsonText,
    pub route: &'a Route,
    /// The lease, renewed for as long as this takes.
    pub kept: &'a Kept,
    /// The attempt as it is on record.
    pub grant: &'a Grant,
    /// Set where the claim is to find out about a try whose end is not known.
    pub doubt: Option<Doubt>,
}

impl Claimed<'_> {
    /// What fails or works for this job and others alike: its provider, to its country where that is known.
    pub fn scope(&self) -> GatewayScope {
        let country_code = self.decision.phone.as_ref().and_then(|phone| phone.country_code);
        GatewayScope { provider: self.grant.provider, country_code }
    }
}

/// A try that failed, and how its provider stands by now.
pub struct FailedTry {
    pub failure: SendFailure,
    pub circuit: Circuit,
}

impl From<SendFailure> for FailedTry {
    fn from(failure: SendFailure) -> Self {
        Self { failure, circuit: Circuit::Closed }
    }
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
    Lost,
}

/// How a provider stands that was asked whether a job may go to it.
pub(super) fn circuit_of(admitted: Result<Option<Probe>, DelayStep>) -> Circuit {
    admitted.map_or_else(Circuit::Open, |_probe| Circuit::Closed)
}

pub(super) fn wrong_plan() -> SendFailure {
    SendFailure::new(FailureCode::WrongQueue, "the plan is not of this channel")
}
