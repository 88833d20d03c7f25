//! How a job ends without a provider, in the words of the store.

use closure_contract::{AttemptNumber, Channel, FailureCode, Job, Timestamp, topology::DelayStep};
use closure_policy::{
    explain::{Decision, Plan, Verdict},
    failure::{Class, class},
};
use closure_store::{AttemptUse, Contact, Ending, FinalState, Tried};
use serde_json::Value;

use super::{
    carrier::{self, Carrier},
    conflict,
    courier::{Courier, Trip},
    patience::capped,
    telling::settled_or_stop,
};
use crate::{
    announce,
    runtime::{Disposition, Hand, Interrupted},
};

impl<C: Carrier> Courier<C> {
    /// A contact that surely did not come about counts towards no cap (B5).
    pub(super) async fn give_back(
        &self,
        trip: &Trip<'_>,
        attempt: AttemptNumber,
        contact: Option<&Contact>,
        code: FailureCode,
    ) -> Result<(), Interrupted> {
        let generation = trip.hand.message.generation;
        let tried = Tried { job_id: trip.job.id(), generation, attempt };
        match (contact, class(code)) {
            (Some(contact), Class::Transient | Class::Permanent) => {
                let given = || self.store.give_back(tried, code, contact);
                settled_or_stop(trip.hand, "give a contact back", given).await
            }
            (Some(_), Class::InDoubt) | (None, _) => Ok(()),
        }
    }

    /// The rules do not let it pass: it ends, waits for a person, or comes again when its time has come.
    pub(super) async fn unsent(
        &self,
        trip: &Trip<'_>,
        attempt: AttemptNumber,
    ) -> Result<Disposition, Interrupted> {
        match unsent(self.carrier.channel(), trip.decision, self.engine.now()) {
            Unsent::Ends(ending) => self.end(trip, attempt, ending).await,
            Unsent::PutOff(ending, step) => {
                if let Some(why) = capped(trip.decision) {
                    return self.put_off(trip, attempt, why, step).await;
                }
                self.end(trip, attempt, ending).await?;
                Ok(Disposition::Again { step, attempt })
            }
        }
    }

    /// The same job id with other content: the first one stands, this one is kept for a person.
    pub(super) async fn conflict(&self, hand: &Hand<'_>, job: &Job) -> Result<Disposition, Interrupted> {
        let letter = conflict::letter(self.carrier.channel(), hand.message);
        let buried =
            settled_or_stop(hand, "record a dead letter", || self.store.record_dead_letter(letter.clone()))
                .await?;
        let outcome = conflict::outcome(job, hand.message, &buried);
        Ok(Disposition::Done(vec![announce::outcome_message(&outcome, hand.message.traceparent.clone())]))
    }
}

/// What becomes of a claimed job that the rules do not let pass.
enum Unsent {
    /// It ends, or waits for a person.
    Ends(Ending),
    /// It is given back, and comes again after this delay.
    PutOff(Ending, DelayStep),
}

/// Reads it from a decision whose verdict is not to send.
fn unsent(channel: Channel, decision: &Decision, now: Timestamp) -> Unsent {
    if let (Verdict::Postpone, Some(until)) = (decision.verdict, decision.postpone_until) {
        let (code, detail) = (decision.code, decision.detail.clone().unwrap_or_default());
        return Unsent::PutOff(Ending::GivenBack { code, detail }, step_until(until, now));
    }
    let code = decision.code.unwrap_or(FailureCode::GivenUp);
    let detail = decision.detail.clone().unwrap_or_else(|| code.what().to_owned());
    match decision.verdict {
        Verdict::Reject => Unsent::Ends(carrier::unsent(final_state(code), code, detail)),
        Verdict::Hold | Verdict::Send | Verdict::Postpone => {
            Unsent::Ends(carrier::dead(channel, code, detail, AttemptUse::GivenBack))
        }
    }
}

/// The end of a job that the rules refuse: most are refused, and some are no longer wanted.
fn final_state(code: FailureCode) -> FinalState {
    if code == FailureCode::Expired {
        FinalState::Expired
    } else if code == FailureCode::Superseded {
        FinalState::Superseded
    } else if code == FailureCode::Cancelled {
        FinalState::Cancelled
    } else {
        FinalState::Refused
    }
}

/// The delay after which a job that was put off is looked at again: its time, or as much of the way as a step takes.
pub(super) fn step_until(until: Timestamp, now: Timestamp) -> DelayStep {
    DelayStep::within(u64::try_from((until.0 - now.0).whole_milliseconds()).unwrap_or(0))
}

pub(super) fn rules_json(decision: &Decision) -> Value {
    serde_json::to_value(&decision.rules).unwrap_or(Value::Null)
}

/// The sender that a gateway is asked to show; nothing where none is asked.
pub(super) fn sender_asked(decision: &Decision) -> Option<String> {
    match (decision.verdict, &decision.plan) {
        (Verdict::Send, Some(Plan::Sms(plan))) => Some(plan.sender.clone()),
        (_, Some(Plan::Sms(_) | Plan::Email(_) | Plan::Dial(_)) | None) => None,
    }
}
