//! What the PBX's channel event log says about a call.
//!
//! Every row of a call has the agent's channel as its linked id, and the agent's own rows have it as their unique id.
//! The hang-up cause tells the end apart; the dial status does not, because it says NOANSWER for wrong numbers too.

use closure_contract::{
    FailureCode, Timestamp,
    facts::calls::{CallEvent, CallEventKind, ChannelPresence},
};
use serde::Deserialize;

/// The story of a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CallProgress {
    /// There is no trace of it.
    NeverPlaced,
    /// It rings or is talked on.
    Ongoing,
    /// It ended.
    Ended(CallEnd),
}

/// The end of a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CallEnd {
    /// Whether the customer was reached.
    pub result: CallResult,
    /// Seconds from the customer's answer to the end.
    pub talk_seconds: Option<u32>,
    /// The hang-up cause by Q.850: the customer's leg's, or the agent's where there was none.
    pub cause: Option<u32>,
}

/// Whether the customer was reached.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CallResult {
    /// The customer answered.
    Answered,
    /// The customer did not, for this reason.
    Failed(FailureCode),
}

/// Q.850's causes with which our dialplan (`deploy/asterisk/extensions.conf`) ends the agent's leg itself.
///
/// It refuses the number.
const DIALPLAN_REFUSED: u32 = 28;
/// The click is no longer fresh, or the longest call is over.
const TIME_IS_UP: u32 = 102;
/// It has run `closure-check`.
const NORMAL_CLEARING: u32 = 16;
/// Nothing was heard from the carrier.
const NO_ROUTE: u32 = 3;

/// What a hang-up's `extra` tells.
#[derive(Debug, Default, Deserialize)]
struct Extra {
    #[serde(default)]
    hangupcause: Option<u32>,
    #[serde(default)]
    dialstatus: Option<String>,
}

/// Reads the story of the call that began with this channel, from its rows in any order.
///
/// Presence is the PBX's word about the channel; nothing where it could not tell, or where a channel that is gone may be
/// ahead of its record.
pub fn read_call(channel_id: &str, events: &[CallEvent], presence: Option<ChannelPresence>) -> CallProgress {
    let call = Call { channel_id, events };
    let is_gone = match presence {
        Some(ChannelPresence::Alive { .. }) => return CallProgress::Ongoing,
        Some(ChannelPresence::Gone) => true,
        None => false,
    };
    if call.rows().next().is_none() {
        return CallProgress::NeverPlaced;
    }
    match (is_gone || call.all_ended(), call.agent_hung_up()) {
        (true, true) => CallProgress::Ended(call.end()),
        (true, false) => CallProgress::Ended(CallEnd {
            result: CallResult::Failed(FailureCode::CallInDoubt),
            talk_seconds: None,
            cause: None,
        }),
        (false, _) => CallProgress::Ongoing,
    }
}

/// What became of the dialplan's own check, which calls nobody.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CheckProgress {
    /// Its record is not there, or not whole.
    Unrecorded,
    /// The dialplan ran it.
    Well,
    /// The dialplan does not have it.
    NoDialplan,
}

/// Reads the record of the dialplan's own check: the far leg is the dialplan's, and it hangs up with a cause of its own.
pub fn read_check(channel_id: &str, events: &[CallEvent]) -> CheckProgress {
    let call = Call { channel_id, events };
    match call.hangup(Leg::Customer).map(|extra| extra.hangupcause) {
        // A record without a cause proves nothing about the dialplan.
        None | Some(None) => CheckProgress::Unrecorded,
        Some(Some(NORMAL_CLEARING)) => CheckProgress::Well,
        Some(Some(_)) => CheckProgress::NoDialplan,
    }
}

struct Call<'a> {
    channel_id: &'a str,
    events: &'a [CallEvent],
}

impl<'a> Call<'a> {
    fn rows(&self) -> impl Iterator<Item = &'a CallEvent> {
        let channel_id = self.channel_id;
        self.events.iter().filter(move |event| event.linked_id == channel_id)
    }

    fn of(&self, leg: Leg, kind: CallEventKind) -> impl Iterator<Item = &'a CallEvent> {
        let channel_id = self.channel_id;
        self.rows()
            .filter(move |event| event.kind == kind && (event.unique_id == channel_id) == (leg == Leg::Agent))
    }

    fn agent_hung_up(&self) -> bool {
        self.of(Leg::Agent, CallEventKind::Hangup).next().is_some()
    }

    /// Whether every channel that came up is gone.
    fn all_ended(&self) -> bool {
        let ended = |unique_id: &str| {
            self.rows().any(|event| {
                event.unique_id == unique_id
                    && matches!(event.kind, CallEventKind::Hangup | CallEventKind::ChanEnd)
            })
        };
        self.rows().any(|event| event.kind == CallEventKind::LinkedIdEnd)
            || self.rows().all(|event| ended(&event.unique_id))
    }

    fn end(&self) -> CallEnd {
        let agent = self.hangup(Leg::Agent);
        let customer = self.hangup(Leg::Customer);
        let customer_was_called =
            self.of(Leg::Customer, CallEventKind::ChanStart).next().is_some() || customer.is_some();
        let answer = self.of(Leg::Customer, CallEventKind::Answer).map(|event| event.at).min();
        let agent_answered = self.of(Leg::Agent, CallEventKind::Answer).next().is_some();
        let agent_cause = agent.as_ref().and_then(|extra| extra.hangupcause);
        let dial_status = agent.and_then(|extra| extra.dialstatus);
        let customer_cause = customer.and_then(|extra| extra.hangupcause);
        let cause = if customer_was_called { customer_cause } else { agent_cause };
        let dialled = self.of(Leg::Agent, CallEventKind::AppStart).next().is_some();
        let result = match (answer, agent_answered, customer_was_called, dialled) {
            (Some(_), _, _, _) => CallResult::Answered,
            (None, false, _, _) => CallResult::Failed(agent_failure(agent_cause)),
            (None, true, false, false) => CallResult::Failed(nobody_dialled(agent_cause)),
            (None, true, false, true) => {
                CallResult::Failed(no_customer_leg(agent_cause, dial_status.as_deref()))
            }
            (None, true, true, _) => {
                CallResult::Failed(customer_failure(customer_cause, agent_cause, dial_status.as_deref()))
            }
        };
        CallEnd { result, talk_seconds: answer.and_then(|answer| self.seconds_since(answer)), cause }
    }

    /// The last hang-up of a leg; its `extra` may be unreadable, and then it tells nothing.
    fn hangup(&self, leg: Leg) -> Option<Extra> {
        let last = self.of(leg, CallEventKind::Hangup).max_by_key(|event| (event.at, &event.unique_id))?;
        let extra = last.extra.as_deref().and_then(|extra| serde_json::from_str(extra).ok());
        Some(extra.unwrap_or_default())
    }

    /// Until the customer's leg was hung up, or else the agent's.
    fn seconds_since(&self, answer: Timestamp) -> Option<u32> {
        let end = self
            .of(Leg::Customer, CallEventKind::Hangup)
            .chain(self.of(Leg::Customer, CallEventKind::ChanEnd))
            .map(|event| event.at)
            .min()
            .or_else(|| self.of(Leg::Agent, CallEventKind::Hangup).map(|event| event.at).min())?;
        u32::try_from((end.0 - answer.0).whole_seconds().max(0)).ok()
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Leg {
    Agent,
    Customer,
}

fn agent_failure(cause: Option<u32>) -> FailureCode {
    match cause {
        Some(17) => FailureCode::AgentBusy,
        Some(21) => FailureCode::AgentRejected,
        Some(1 | 3 | 20 | 22 | 27 | 28) => FailureCode::AgentOffline,
        // It rang until its time ended, or another phone of the agent's took or stopped it.
        Some(0 | 16 | 18 | 19 | 26) | None => FailureCode::AgentNoAnswer,
        Some(_) => FailureCode::NetworkFailure,
    }
}

/// The dialplan ended the call before it dialled, by causes of its own, or there was no dialplan.
fn nobody_dialled(agent_cause: Option<u32>) -> FailureCode {
    match agent_cause {
        Some(DIALPLAN_REFUSED) => FailureCode::PbxNumberRefused,
        Some(TIME_IS_UP) => FailureCode::StaleClick,
        Some(NO_ROUTE | 20) => FailureCode::TrunkUnreachable,
        Some(0 | 16) => FailureCode::DialplanMissing,
        // Without a cause nothing is known of the dialplan.
        Some(_) | None => FailureCode::NetworkFailure,
    }
}

fn no_customer_leg(agent_cause: Option<u32>, dial_status: Option<&str>) -> FailureCode {
    match (agent_cause, dial_status) {
        (Some(NO_ROUTE | 20), _) | (_, Some("CHANUNAVAIL")) => FailureCode::TrunkUnreachable,
        (Some(34 | 42), _) | (_, Some("CONGESTION")) => FailureCode::Congestion,
        (Some(0 | 16) | None, _) => FailureCode::AgentAbandoned,
        (Some(_), _) => FailureCode::NetworkFailure,
    }
}

/// Measured at a real trunk, answer by answer; a call that nobody picked up before its time ended has cause 0.
///
/// The agent's leg passes the customer's cause on, where the customer's own row is missing or the dialplan says more.
fn customer_failure(
    customer_cause: Option<u32>,
    agent_cause: Option<u32>,
    dial_status: Option<&str>,
) -> FailureCode {
    match (customer_cause.or(agent_cause), agent_cause) {
        (Some(0), Some(NO_ROUTE)) => FailureCode::TrunkUnreachable,
        (Some(0 | 16), Some(TIME_IS_UP)) => FailureCode::CallLimitReached,
        (Some(17), _) => FailureCode::CustomerBusy,
        (Some(21), _) => FailureCode::CustomerRejected,
        (Some(1 | 22 | 28), _) => FailureCode::CustomerNumberInvalid,
        (Some(34 | 42), _) => FailureCode::Congestion,
        (Some(NO_ROUTE), _) => FailureCode::TrunkUnreachable,
        // A normal clearing without an answer is the agent's hanging up while it rang.
        (Some(16), _) if dial_status == Some("NOANSWER") => FailureCode::CustomerNoAnswer,
        (Some(16), _) => FailureCode::AgentAbandoned,
        (Some(0 | 18 | 19 | 20) | None, _) => FailureCode::CustomerNoAnswer,
        (Some(_), _) => FailureCode::NetworkFailure,
    }
}
