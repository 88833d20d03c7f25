//! Calls that are up: watched until the PBX's record tells their end.

use std::{sync::Arc, time::Duration};

use closure_broker::{OutMessage, Publisher};
use closure_contract::{
    FailureCode,
    facts::calls::{CallEventKind, ChannelPresence, ChannelState},
};
use closure_policy::dial::record::{CallEnd, CallProgress, CallResult, read_call};
use closure_providers::AriDial;
use closure_store::{AttemptUse, Debt, DeliveryState, FinalState, OpenCall, Store, StoreError};
use serde_json::json;
use tracing::{info, warn};

use crate::delivery::ending::ended;
use crate::{
    announce,
    config::DialSettings,
    lifecycle::Lifecycle,
    runtime::{self, Outage as _, Remedy},
    services::Service,
    why::Why,
};

/// One look takes at most this many calls.
const CALLS_PER_LOOK: i64 = 200;

/// Watches the calls that are up.
///
/// A placed call is not held as an unacked message: its row is what remains to be done, so that a worker that starts
/// after a crash adopts the calls of the one before.
pub struct CallWatch {
    pub ari: Arc<AriDial>,
    /// The calls and the PBX's record of them.
    pub store: Store,
    /// How to tell the CRM.
    pub publisher: Publisher,
    pub settings: DialSettings,
    pub lifecycle: Lifecycle,
}

impl CallWatch {
    /// Looks at every open call at each interval, until the process stops.
    pub async fn run(self) {
        let pause = Duration::from_millis(self.settings.watch_ms);
        self.lifecycle.poll(Service::SideLooks, pause, || self.look_at_all()).await;
    }

    /// One call that cannot be looked at keeps no other from it.
    async fn look_at_all(&self) -> Result<(), StoreError> {
        let mut looked = Ok(());
        for call in self.store.open_calls(self.settings.watch_ms.saturating_mul(3), CALLS_PER_LOOK).await? {
            match self.look(&call).await {
                Ok(()) => {}
                Err(problem) if problem.remedy() == Remedy::Time => looked = Err(problem),
                Err(problem) => {
                    warn!(job_id = %call.job_id, %problem, "a call could not be looked at; looking again later");
                }
            }
        }
        looked
    }

    async fn look(&self, call: &OpenCall) -> Result<(), StoreError> {
        let channel_id = call.client_ref.to_string();
        let said = self.ari.channel(call.client_ref).await;
        // What a channel that is gone by now left behind is read after the PBX was asked.
        let events = self.store.call_events(&channel_id).await?;
        let presence = match said {
            Ok(ChannelPresence::Alive { state }) => return self.look_after(call, state).await,
            Ok(ChannelPresence::Gone) if call.gone_ms.unwrap_or(0) >= self.settings.evidence_wait_ms => {
                Some(ChannelPresence::Gone)
            }
            // A channel that has just ended may be ahead of its record.
            Ok(ChannelPresence::Gone) | Err(_) => None,
        };
        match read_call(&channel_id, &events, presence) {
            CallProgress::Ended(end) => {
                let agent_answered = events
                    .iter()
                    .any(|event| event.kind == CallEventKind::Answer && event.unique_id == channel_id);
                // Where our hang-up met an agent who was just answering, the record looks like a dialplan that did nothing.
                let is_ours = |code| {
                    !agent_answered
                        || matches!(code, FailureCode::DialplanMissing | FailureCode::AgentAbandoned)
                };
                let end = match end.result {
                    CallResult::Failed(code) if call.is_hung_up && is_ours(code) => {
                        CallEnd { result: CallResult::Failed(FailureCode::StaleClick), ..end }
                    }
                    CallResult::Failed(_) | CallResult::Answered => end,
                };
                self.conclude(call, &end, agent_answered).await
            }
            CallProgress::NeverPlaced if presence == Some(ChannelPresence::Gone) => {
                let end = CallEnd {
                    result: CallResult::Failed(FailureCode::CallInDoubt),
                    talk_seconds: None,
                    cause: None,
                };
                self.conclude(call, &end, false).await
            }
            CallProgress::NeverPlaced | CallProgress::Ongoing if said.is_ok() && call.gone_ms.is_none() => {
                self.store.note_call_presence(call.job_id, call.generation, true).await
            }
            CallProgress::NeverPlaced | CallProgress::Ongoing => Ok(()),
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

    async fn conclude(&self, call: &OpenCall, end: &CallEnd, agent_answered: bool) -> Result<(), StoreError> {
        let (state, why) = match end.result {
            CallResult::Answered => (FinalState::Delivered, None),
            CallResult::Failed(code @ FailureCode::CallInDoubt) => (FinalState::Unknown, Some(Why::of(code))),
            CallResult::Failed(code @ FailureCode::StaleClick) => {
                let detail = too_late(agent_answered).to_owned();
                (FinalState::Undelivered, Some(Why { code, detail }))
            }
            CallResult::Failed(code) => (FinalState::Undelivered, Some(Why::of(code))),
        };
        let ending = ended(state, why, AttemptUse::Spent);
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

/// What was seen once the click was no longer fresh, or the job too late: a phone that rang, or one that was answered.
fn too_late(agent_answered: bool) -> &'static str {
    if agent_answered {
        "the agent's phone was answered when the click was no longer fresh or the job too late, and the PBX called no \
         customer"
    } else {
        "nobody had answered when the click was no longer fresh or the job too late, and the call was hung up"
    }
}
