//! The dial worker: places calls, and watches those that are up until the PBX's record tells their end.

use std::{sync::Arc, time::Duration};

use bytes::Bytes;
use closure_broker::{OutMessage, Publisher};
use closure_contract::{
    AttemptNumber, Channel, Evidence, FailureCode, Job, Provider, outcome::CallRecord, topology::WorkQueue,
};
use closure_policy::{
    call::{
        CallEnd, CallEvent, CallEventKind, CallResult, CallStory, ChannelPresence as Presence, read_call,
    },
    explain::{Decision, DialPlan, Plan},
    retry::{Ladder, Next},
};
use closure_providers::{Accepted, AgentPhone, AriDial, Call, ChannelPresence, ChannelState, SendFailure};
use closure_store::{
    AttemptUse, CelRow, Debt, DeliveryState, EarlyReceipts, Ending, FinalState, NewCall, OpenCall, Placing,
    Snapshot, Store, StoreError,
};
use serde_json::{Value, json};
use tracing::{info, warn};

use super::{
    carrier::{self, Attempt, Carrier, Doubt, Finding, Passage, Rendering, Way},
    courier::Courier,
};
use crate::{
    announce,
    config::DialSettings,
    lifecycle::Lifecycle,
    runtime::{self, Disposition, Hand, Interrupted, Outage as _, Remedy, Worker},
    services::Service,
};

/// The PBX is asked this often about a call whose placing is in doubt, before the call is given up as unknown.
const LOOKUPS_MAX: u32 = 3;
/// A call of which nobody knows whether it was placed keeps its agent from another one for at most so long; no phone of
/// a call that was placed before still rings then.
const DOUBT_HOLDS_MS: u64 = 120_000;
/// One look takes at most this many calls.
const CALLS_PER_LOOK: i64 = 200;

/// Places calls.
pub struct DialCarrier {
    /// The PBX.
    pub ari: Arc<AriDial>,
    /// The PBX's record of calls.
    pub store: Store,
    /// The delays between tries that rang nobody's phone.
    pub ladder: Ladder,
}

impl Carrier for DialCarrier {
    fn channel(&self) -> Channel {
        Channel::Dial
    }

    async fn way(&self, _job: &Job, _decision: &Decision) -> Way {
        Way::To(Passage::to(Provider::Asterisk))
    }

    /// Only a PBX that was never reached is tried again, and only while the click is fresh: the ladder is that long.
    fn next(&self, code: FailureCode, attempt: AttemptNumber, _retry_after_ms: Option<u64>) -> Next {
        let rung = usize::try_from(attempt.0.saturating_sub(1)).unwrap_or(usize::MAX);
        match code {
            FailureCode::PbxUnavailable => match self.ladder.steps.get(rung) {
                Some(step) => Next::Retry { step: *step },
                None => Next::GiveUp,
            },
            FailureCode::CallInDoubt | FailureCode::AnswerLost => {
                let step = self.ladder.steps.get(rung).or(self.ladder.steps.last()).copied();
                Next::Reconcile { step: step.unwrap_or(closure_contract::topology::DelayStep::Seconds1) }
            }
            _ => Next::GiveUp,
        }
    }

    fn render(&self, _rendering: Rendering<'_>) -> Result<Option<Bytes>, SendFailure> {
        Ok(None)
    }

    async fn try_once(&self, attempt: &Attempt<'_>) -> Result<Accepted, SendFailure> {
        let Plan::Dial(plan) = attempt.plan else {
            return Err(SendFailure::new(FailureCode::WrongQueue, "the plan is not of this channel"));
        };
        let call = Call {
            channel_id: attempt.client_ref,
            extension: plan.extension.clone(),
            dial_string: plan.dial_string.clone(),
            handover: Arc::clone(attempt.handover),
        };
        // An agent who clicked twice hears of the other call, and not of a phone that is busy with it.
        let another = self.store.agent_has_another_call(&plan.extension, attempt.job, DOUBT_HOLDS_MS).await;
        if another.map_err(|problem| unasked(&problem))? {
            return Err(agent_on_call());
        }
        match self.ari.look_at_phone(&call).await? {
            AgentPhone::InThisCall => Ok(Accepted::under(Some(call.channel_id.to_string()))),
            AgentPhone::Free => {
                self.begin(attempt, plan).await?;
                self.ari.place(&call).await
            }
        }
    }

    /// A call is never placed again once its start is unclear: the live channel or the PBX's record must tell.
    async fn look(&self, doubt: &Doubt<'_>) -> Result<Finding, Interrupted> {
        let channel_id = doubt.client_ref.to_string();
        let placed = Ok(Finding::Taken(Accepted::under(Some(channel_id.clone()))));
        match self.ari.channel(doubt.client_ref).await {
            Ok(ChannelPresence::Alive { .. }) => return placed,
            Ok(ChannelPresence::Gone) => {}
            Err(problem) => {
                warn!(%problem, "the PBX could not be asked about a call in doubt");
                return Ok(Finding::Unasked);
            }
        }
        let events = doubt.hand.until_available(|| self.store.call_events(&channel_id)).await?;
        match events {
            Ok(rows) if !rows.is_empty() => placed,
            Ok(_) if doubt.lookups >= LOOKUPS_MAX => Ok(Finding::Lost(FailureCode::CallInDoubt)),
            Ok(_) => Ok(Finding::NotYetKnown),
            Err(problem) => Err(Interrupted::Refused(problem)),
        }
    }

    fn taken(&self, accepted: Accepted) -> Ending {
        Ending::Accepted {
            provider_ref: accepted.provider_ref,
            receipt_due_in_ms: None,
            reported_sender: None,
        }
    }

    fn given_up(&self, code: FailureCode, detail: String) -> Ending {
        if code == FailureCode::AgentCallOpen {
            return carrier::unsent(FinalState::Refused, code, detail);
        }
        final_ending(FinalState::Undelivered, Some(code), Some(detail))
    }

    fn lost(&self, code: FailureCode) -> Ending {
        final_ending(FinalState::Unknown, Some(code), Some(code.what().to_owned()))
    }

    fn call_record(&self, plan: Option<&Plan>) -> Option<Value> {
        match plan {
            Some(Plan::Dial(plan)) => record(plan),
            Some(Plan::Sms(_) | Plan::Email(_)) | None => None,
        }
    }

    fn tell(&self, snapshot: &Snapshot, _decision: &Decision, _early: EarlyReceipts) -> Vec<OutMessage> {
        announce::outcome(snapshot).into_iter().collect()
    }
}

impl DialCarrier {
    /// The last thing before the PBX is asked: the call is on record, and no other call of the agent's can be.
    async fn begin(&self, attempt: &Attempt<'_>, plan: &DialPlan) -> Result<(), SendFailure> {
        let new = NewCall {
            lease: attempt.lease,
            extension: plan.extension.clone(),
            record: record(plan),
            fresh_until: plan.fresh_until,
            doubt_holds_ms: DOUBT_HOLDS_MS,
        };
        match self.store.begin_call(new).await.map_err(|problem| unasked(&problem))? {
            Placing::Begun => Ok(()),
            Placing::AgentOnCall => Err(agent_on_call()),
            Placing::LeaseLost => {
                attempt.handover.refuse();
                Err(SendFailure::new(
                    FailureCode::PbxUnavailable,
                    "another worker has the call; nothing was sent",
                ))
            }
        }
    }
}

fn agent_on_call() -> SendFailure {
    SendFailure::new(
        FailureCode::AgentCallOpen,
        "the agent has another call; nobody's phone rang for this one",
    )
}

/// Without the database nobody knows whether the agent has another call.
fn unasked(problem: &StoreError) -> SendFailure {
    SendFailure::new(FailureCode::PbxUnavailable, &format!("nothing was sent: {problem}"))
}

impl Worker for Courier<DialCarrier> {
    fn queue(&self) -> &'static str {
        WorkQueue::Jobs(Channel::Dial).name()
    }

    async fn handle(&self, hand: &Hand<'_>) -> Result<Disposition, Interrupted> {
        self.carry(hand).await
    }
}

/// Watches the calls that are up.
///
/// A placed call is not held as an unacked message: its row is what remains to be done, so that a worker that starts
/// after a crash adopts the calls of the one before.
pub struct CallWatch {
    /// The PBX.
    pub ari: Arc<AriDial>,
    /// The calls and the PBX's record of them.
    pub store: Store,
    /// How to tell the CRM.
    pub publisher: Publisher,
    /// The intervals.
    pub settings: DialSettings,
    /// When to stop.
    pub lifecycle: Lifecycle,
}

impl CallWatch {
    /// Looks at every open call at each interval, until the process stops.
    pub async fn run(self) {
        let pause = Duration::from_millis(self.settings.watch_ms);
        let mut asking = self.lifecycle.services.ask(Service::SideLooks);
        loop {
            match self.store.open_calls(self.settings.watch_ms.saturating_mul(3), CALLS_PER_LOOK).await {
                Ok(calls) => {
                    let mut away = None;
                    for call in calls {
                        match self.look(&call).await {
                            Ok(()) => {}
                            Err(problem) if problem.remedy() == Remedy::Time => away = Some(problem),
                            Err(problem) => {
                                warn!(job_id = %call.job_id, %problem, "a call could not be looked at; looking again later");
                            }
                        }
                    }
                    match away {
                        None => asking.answered(),
                        Some(problem) => asking.failed(&problem),
                    }
                }
                Err(problem) => asking.failed(&problem),
            }
            tokio::select! {
                () = tokio::time::sleep(pause) => {}
                () = self.lifecycle.stop.cancelled() => return,
            }
        }
    }

    async fn look(&self, call: &OpenCall) -> Result<(), StoreError> {
        let channel_id = call.client_ref.to_string();
        let said = self.ari.channel(call.client_ref).await;
        // What a channel that is gone by now left behind is read after the PBX was asked.
        let rows = self.store.call_events(&channel_id).await?;
        let events: Vec<CallEvent> = rows.into_iter().map(event).collect();
        let presence = match said {
            Ok(ChannelPresence::Alive { state }) => return self.look_after(call, state).await,
            Ok(ChannelPresence::Gone) if call.gone_ms.unwrap_or(0) >= self.settings.evidence_wait_ms => {
                Presence::Gone
            }
            // A channel that has just ended may be ahead of its record.
            Ok(ChannelPresence::Gone) | Err(_) => Presence::Unknown,
        };
        match read_call(&channel_id, &events, presence) {
            CallStory::Ended(end) => self.conclude(call, &end).await,
            CallStory::NeverPlaced if presence == Presence::Gone => {
                let end = CallEnd {
                    result: CallResult::Failed(FailureCode::CallInDoubt),
                    talk_seconds: None,
                    cause: None,
                };
                self.conclude(call, &end).await
            }
            CallStory::NeverPlaced | CallStory::Ongoing if said.is_ok() && call.gone_ms.is_none() => {
                self.store.note_call_presence(call.job_id, call.generation, true).await
            }
            CallStory::NeverPlaced | CallStory::Ongoing => Ok(()),
        }
    }

    /// Looks after a call that is up: the agent's phone does not ring on for a click that is no longer fresh.
    async fn look_after(&self, call: &OpenCall, state: ChannelState) -> Result<(), StoreError> {
        if call.gone_ms.is_some() {
            // A PBX that stood still may know nothing yet of a call that it is about to make.
            self.store.note_call_presence(call.job_id, call.generation, false).await?;
        }
        let is_unanswered = matches!(state, ChannelState::Down | ChannelState::Ringing);
        if !(is_unanswered && call.is_stale) {
            return Ok(());
        }
        self.store.note_hang_up(call.job_id, call.generation).await?;
        match self.ari.hang_up(call.client_ref).await {
            Ok(()) => {
                info!(job_id = %call.job_id, "nobody answered while the click was fresh; the call is hung up")
            }
            Err(problem) => {
                warn!(job_id = %call.job_id, %problem, "a call could not be hung up; trying again")
            }
        }
        Ok(())
    }

    async fn conclude(&self, call: &OpenCall, end: &CallEnd) -> Result<(), StoreError> {
        let ending = match end.result {
            CallResult::Answered => final_ending(FinalState::Delivered, None, None),
            CallResult::Failed(code @ FailureCode::CallInDoubt) => {
                final_ending(FinalState::Unknown, Some(code), Some(code.what().to_owned()))
            }
            CallResult::Failed(_) if call.is_hung_up => final_ending(
                FinalState::Undelivered,
                Some(FailureCode::StaleClick),
                Some(
                    "nobody had answered when the click was no longer fresh, and the call was hung up"
                        .to_owned(),
                ),
            ),
            CallResult::Failed(code) => {
                final_ending(FinalState::Undelivered, Some(code), Some(code.what().to_owned()))
            }
        };
        let call_end = json!({ "talk_seconds": end.talk_seconds, "cause": end.cause });
        let concluded = self
            .store
            .conclude(call.job_id, call.generation, DeliveryState::Accepted, ending, call_end)
            .await?;
        let Some(snapshot) = concluded else { return Ok(()) };
        info!(job_id = %call.job_id, result = ?end.result, "a call ended");
        let told: Vec<OutMessage> = announce::outcome(&snapshot).into_iter().collect();
        if runtime::publish(&self.publisher, told, &self.lifecycle).await.is_ok() {
            self.store.pay_later(vec![Debt::of(&snapshot)]);
        }
        Ok(())
    }
}

fn final_ending(state: FinalState, code: Option<FailureCode>, detail: Option<String>) -> Ending {
    Ending::Final {
        state,
        code,
        detail,
        evidence: Evidence::None,
        provider_ref: None,
        attempt_use: AttemptUse::Spent,
    }
}

/// The K-RIDE record of a call (R4) as it is placed; its end adds the talk time and the cause.
fn record(plan: &DialPlan) -> Option<Value> {
    let record = CallRecord {
        representative_number_class: plan.representative_number_class.to_owned(),
        service_class: plan.service_class.to_owned(),
        customer_contact: plan.customer_contact.clone(),
        talk_seconds: None,
        cause: None,
    };
    serde_json::to_value(record).ok()
}

fn event(row: CelRow) -> CallEvent {
    CallEvent {
        kind: CallEventKind::named(&row.event_type),
        unique_id: row.unique_id,
        linked_id: row.linked_id,
        at: row.event_time,
        extra: row.extra,
    }
}
