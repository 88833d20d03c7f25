//! The dial worker: places calls; `call_watch` looks after those that are up.

use std::sync::Arc;

use bytes::Bytes;
use closure_broker::OutMessage;
use closure_contract::{
    AttemptNumber, Channel, Evidence, FailureCode, Job, Provider, facts::calls::ChannelPresence,
    outcome::CallRecord, topology::WorkQueue,
};
use closure_policy::{
    explain::{Decision, DialPlan, Plan},
    retry::{Ladder, Next},
};
use closure_providers::{Accepted, AgentPhone, AriDial, Call, SendFailure};
use closure_store::{
    AttemptUse, EarlyReceipts, Ending, FinalState, NewCall, Placing, Snapshot, Store, StoreError,
};
use serde_json::Value;
use tracing::warn;

use super::{
    channel::{self, Attempt, ChannelDriver, Doubt, Finding, Passage, Rendering, Way},
    pipeline::DeliveryPipeline,
};
use crate::{
    announce,
    runtime::{Disposition, InHand, Interrupted, Worker},
};

/// The PBX is asked this often about a call whose placing is in doubt, before the call is given up as unknown.
const LOOKUPS_MAX: u32 = 3;
/// A call of which nobody knows whether it was placed keeps its agent from another one for at most so long; no phone of
/// a call that was placed before still rings then.
const DOUBT_HOLDS_MS: u64 = 120_000;

pub struct DialDriver {
    pub ari: Arc<AriDial>,
    /// The PBX's record of calls.
    pub store: Store,
    /// The delays between tries that rang nobody's phone.
    pub ladder: Ladder,
}

impl ChannelDriver for DialDriver {
    fn channel(&self) -> Channel {
        Channel::Dial
    }

    async fn way(&self, _job: &Job, _decision: &Decision) -> Way {
        Way::To(Passage::to(Provider::Asterisk))
    }

    /// Only where surely nothing rang and a moment may mend it is it tried again, and only while the click is fresh:
    /// the ladder is that long.
    fn next(&self, code: FailureCode, attempt: AttemptNumber, _retry_after_ms: Option<u64>) -> Next {
        let rung = usize::try_from(attempt.0.saturating_sub(1)).unwrap_or(usize::MAX);
        match code {
            FailureCode::PbxUnavailable | FailureCode::PbxTakesNoCalls | FailureCode::PbxWithoutAri => {
                match self.ladder.steps.get(rung) {
                    Some(step) => Next::Retry { step: *step },
                    None => Next::GiveUp,
                }
            }
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
            fresh_until: plan.fresh_until,
            handover: Arc::clone(attempt.handover),
        };
        // An agent who clicked twice hears of the other call, and not of a phone that is busy with it.
        if self.has_another_call(attempt, plan).await? {
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
        let placed = Ok(Finding::Taken(Accepted::under(Some(channel_id.clone())), None));
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
            return channel::unsent(FinalState::Refused, code, detail);
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

impl DialDriver {
    /// The last thing before the PBX is asked: the call is on record, and no other call of the agent's can be.
    async fn begin(&self, attempt: &Attempt<'_>, plan: &DialPlan) -> Result<(), SendFailure> {
        let new = NewCall {
            lease: attempt.lease,
            extension: plan.extension.clone(),
            record: record(plan),
            fresh_until: plan.fresh_until,
            doubt_holds_ms: DOUBT_HOLDS_MS,
        };
        match ask(attempt, || self.store.begin_call(new.clone())).await? {
            Placing::Begun => Ok(()),
            Placing::AgentOnCall => Err(agent_on_call()),
            Placing::LeaseLost => Err(not_sent(attempt, "another worker has the call")),
        }
    }

    /// Whether the agent has another call, which the PBX knows before its end is on record here: an agent who hangs up
    /// may call again at once.
    async fn has_another_call(&self, attempt: &Attempt<'_>, plan: &DialPlan) -> Result<bool, SendFailure> {
        let asked =
            ask(attempt, || self.store.agents_other_call(&plan.extension, attempt.job, DOUBT_HOLDS_MS));
        let Some(other) = asked.await? else { return Ok(false) };
        if !other.is_accepted || self.ari.channel(other.client_ref).await? != ChannelPresence::Gone {
            return Ok(true);
        }
        ask(attempt, || self.store.note_call_presence(other.job_id, other.generation, true)).await?;
        Ok(false)
    }
}

/// Asks the database until it answers; where the right to place the call is over before that, nothing was sent.
async fn ask<T, F>(attempt: &Attempt<'_>, question: impl Fn() -> F + Send) -> Result<T, SendFailure>
where
    F: Future<Output = Result<T, StoreError>> + Send,
{
    match attempt.hand.until_available(question).await {
        Ok(Ok(answer)) => Ok(answer),
        Ok(Err(problem)) => {
            warn!(job_id = %attempt.job, %problem, "the database could not say whether a call may be placed");
            Err(not_sent(attempt, "the database could not be asked"))
        }
        Err(_interrupted) => Err(not_sent(attempt, "the process ends")),
    }
}

/// Nothing was handed over and nothing will be, so that the try is given back.
fn not_sent(attempt: &Attempt<'_>, why: &str) -> SendFailure {
    attempt.handover.refuse();
    SendFailure::new(FailureCode::PbxUnavailable, &format!("{why}; nothing was sent"))
}

fn agent_on_call() -> SendFailure {
    SendFailure::new(
        FailureCode::AgentCallOpen,
        "the agent has another call; nobody's phone rang for this one",
    )
}

impl Worker for DeliveryPipeline<DialDriver> {
    fn queue(&self) -> &'static str {
        WorkQueue::Jobs(Channel::Dial).name()
    }

    async fn handle(&self, hand: &InHand<'_>) -> Result<Disposition, Interrupted> {
        self.carry(hand).await
    }
}

pub(crate) fn final_ending(state: FinalState, code: Option<FailureCode>, detail: Option<String>) -> Ending {
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
