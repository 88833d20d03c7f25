//! The dial worker: places calls; `call_watch` looks after those that are up.

use std::sync::Arc;

use closure_broker::OutMessage;
use closure_contract::{Channel, FailureCode, Provider, facts::calls::ChannelPresence};
use closure_policy::explain::{Decision, DialPlan, Plan};
use closure_providers::{Accepted, AgentPhone, AriDial, Call, Handover, SendFailure};
use closure_store::{Doubt, EarlyReceipts, NewCall, Placing, Snapshot, Store, StoreError};
use tracing::warn;

use super::{
    channel::{ChannelDriver, Claimed, Decided, FailedTry, Finding, Route, Routing, wrong_plan},
    record,
};
use crate::{announce, runtime::Interrupted};

/// The PBX is asked this often about a call whose placing is in doubt, before the call is given up as unknown.
const LOOKUPS_MAX: u32 = 3;
/// A call of which nobody knows whether it was placed keeps its agent from another one for at most so long; no phone of
/// a call that was placed before still rings then.
const DOUBT_HOLDS_MS: u64 = 120_000;

pub struct DialDriver {
    pub ari: Arc<AriDial>,
    /// The PBX's record of calls.
    pub store: Store,
}

impl ChannelDriver for DialDriver {
    const CHANNEL: Channel = Channel::Dial;

    async fn route(&self, _decided: Decided<'_>) -> Routing {
        Routing::Now(Route::to(Provider::Asterisk))
    }

    async fn send(&self, claimed: &Claimed<'_>, handover: &Arc<Handover>) -> Result<Accepted, FailedTry> {
        let Some(Plan::Dial(plan)) = &claimed.decision.plan else { return Err(wrong_plan().into()) };
        let call = Call {
            channel_id: claimed.grant.client_ref,
            extension: plan.extension.clone(),
            dial_string: plan.dial_string.clone(),
            fresh_until: plan.fresh_until,
            handover: Arc::clone(handover),
        };
        // An agent who clicked twice hears of the other call, and not of a phone that is busy with it.
        if self.has_another_call(claimed, handover, plan).await? {
            return Err(agent_on_call().into());
        }
        match self.ari.look_at_phone(&call).await? {
            AgentPhone::InThisCall => Ok(Accepted::under(Some(call.channel_id.to_string()))),
            AgentPhone::Free => {
                self.begin(claimed, handover, plan).await?;
                Ok(self.ari.place(&call).await?)
            }
        }
    }

    /// A call is never placed again once its start is unclear: the live channel or the PBX's record must tell.
    async fn look_up(
        &self,
        claimed: &Claimed<'_>,
        doubt: Doubt,
        _waited_ms: u64,
    ) -> Result<Finding, Interrupted> {
        let channel_id = claimed.grant.client_ref.to_string();
        let placed = Ok(Finding::Taken(Accepted::under(Some(channel_id.clone())), None));
        match self.ari.channel(claimed.grant.client_ref).await {
            Ok(ChannelPresence::Alive { .. }) => return placed,
            Ok(ChannelPresence::Gone) => {}
            Err(problem) => {
                warn!(%problem, "the PBX could not be asked about a call in doubt");
                return Ok(Finding::Unasked);
            }
        }
        let rows =
            claimed.hand.stored("read a call's record", || self.store.call_events(&channel_id)).await?;
        if !rows.is_empty() {
            return placed;
        }
        Ok(if doubt.lookups >= LOOKUPS_MAX { Finding::Lost } else { Finding::NotYetKnown })
    }

    fn announce(&self, snapshot: &Snapshot, _decision: &Decision, _early: EarlyReceipts) -> Vec<OutMessage> {
        announce::outcome(snapshot).into_iter().collect()
    }
}

impl DialDriver {
    /// The last thing before the PBX is asked: the call is on record, and no other call of the agent's can be.
    async fn begin(
        &self,
        claimed: &Claimed<'_>,
        handover: &Handover,
        plan: &DialPlan,
    ) -> Result<(), SendFailure> {
        let new = NewCall {
            lease: claimed.grant.lease,
            extension: plan.extension.clone(),
            record: record::call(plan),
            fresh_until: plan.fresh_until,
            doubt_holds_ms: DOUBT_HOLDS_MS,
        };
        match ask(claimed, handover, || self.store.begin_call(new.clone())).await? {
            Placing::Begun => Ok(()),
            Placing::AgentOnCall => Err(agent_on_call()),
            Placing::LeaseLost => Err(not_sent(handover, "another worker has the call")),
        }
    }

    /// Whether the agent has another call, which the PBX knows before its end is on record here: an agent who hangs up
    /// may call again at once.
    async fn has_another_call(
        &self,
        claimed: &Claimed<'_>,
        handover: &Handover,
        plan: &DialPlan,
    ) -> Result<bool, SendFailure> {
        let other = || self.store.agents_other_call(&plan.extension, claimed.job.id(), DOUBT_HOLDS_MS);
        let Some(other) = ask(claimed, handover, other).await? else { return Ok(false) };
        if !other.is_accepted || self.ari.channel(other.client_ref).await? != ChannelPresence::Gone {
            return Ok(true);
        }
        let note_gone = || self.store.note_call_presence(other.job_id, other.generation, true);
        ask(claimed, handover, note_gone).await?;
        Ok(false)
    }
}

/// Asks the database until it answers; where the right to place the call is over before that, nothing was sent.
async fn ask<T, F>(
    claimed: &Claimed<'_>,
    handover: &Handover,
    question: impl Fn() -> F + Send,
) -> Result<T, SendFailure>
where
    F: Future<Output = Result<T, StoreError>> + Send,
{
    match claimed.hand.until_available(question).await {
        Ok(Ok(answer)) => Ok(answer),
        Ok(Err(problem)) => {
            let job_id = claimed.job.id();
            warn!(%job_id, %problem, "the database could not say whether a call may be placed");
            Err(not_sent(handover, "the database could not be asked"))
        }
        Err(_interrupted) => Err(not_sent(handover, "the process ends")),
    }
}

/// Nothing was handed over and nothing will be, so that the try is given back.
fn not_sent(handover: &Handover, why: &str) -> SendFailure {
    handover.refuse();
    SendFailure::new(FailureCode::PbxUnavailable, &format!("{why}; nothing was sent"))
}

fn agent_on_call() -> SendFailure {
    SendFailure::new(
        FailureCode::AgentCallOpen,
        "the agent has another call; nobody's phone rang for this one",
    )
}
