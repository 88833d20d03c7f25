//! One call from its first ring to its last record.

use std::{sync::Arc, time::Duration};

use time::OffsetDateTime;
use tokio_util::sync::CancellationToken;

use super::{
    behaviour::{AgentBehaviour, CustomerCourse, HangsUp},
    cel::{CallFacts, CelEvent, CelRow, LegFacts},
    check::CHECK,
    switchboard::{Channel, ChannelState, Leg, Ring, Switchboard},
};

/// A call that is about to be placed.
pub(super) struct NewCall {
    pub(super) agent: AgentBehaviour,
    pub(super) agent_extension: String,
    pub(super) dialled: String,
    pub(super) context: String,
    /// From then on, in seconds since 1970, the dialplan calls nobody.
    pub(super) fresh_until_s: Option<i64>,
    pub(super) timeout_ms: u64,
    /// What the agent's phone shows.
    pub(super) shown_to_agent: Option<String>,
    /// What the customer's phone shows.
    pub(super) shown_to_customer: Option<String>,
    pub(super) agent_leg: LegFacts,
    pub(super) hang_up: CancellationToken,
    pub(super) life: CancellationToken,
}

/// Why a call does not go on.
enum Stopped {
    /// Somebody hung up through the interface.
    HungUp,
    /// The PBX crashed: nothing is written any more.
    Crashed,
}

/// How a call ended.
#[derive(Clone, Copy)]
struct Ending {
    agent_cause: u16,
    customer_cause: u16,
    dial_status: &'static str,
    by_customer: bool,
}

pub(super) const NORMAL_CLEARING: u16 = 16;
/// The extension where the dialplan's lines for numbers meet; called by itself it has no number.
const CUSTOMER: &str = "customer";
const NO_ROUTE: u16 = 3;
const INVALID_NUMBER: u16 = 28;
const TIMER_EXPIRED: u16 = 102;

struct Call {
    board: Arc<Switchboard>,
    new: NewCall,
    facts: CallFacts,
    agent_leg: LegFacts,
    customer_leg: Option<LegFacts>,
    agent_answered: bool,
    bridged: bool,
}

/// Writes the first record; the channel exists already.
pub(super) fn record_start(board: &Switchboard, leg: &LegFacts) {
    let facts = CallFacts { linked_id: leg.unique_id.clone(), bridge_id: String::new() };
    board.cel.write(CelRow::new(CelEvent::ChanStart, &facts, leg, None, OffsetDateTime::now_utc()));
}

/// Runs a call to its end.
pub(super) async fn run(board: Arc<Switchboard>, new: NewCall) {
    let facts =
        CallFacts { linked_id: new.agent_leg.unique_id.clone(), bridge_id: uuid::Uuid::new_v4().to_string() };
    let agent_leg = new.agent_leg.clone();
    let mut call =
        Call { board, new, facts, agent_leg, customer_leg: None, agent_answered: false, bridged: false };
    match call.proceed().await {
        Ok(ending) => call.end(ending),
        Err(Stopped::HungUp) => {
            let ending = call.hung_up();
            call.end(ending);
        }
        Err(Stopped::Crashed) => {}
    }
}

impl Call {
    async fn proceed(&mut self) -> Result<Ending, Stopped> {
        if let Some(ending) = self.ring_agent().await? {
            return Ok(ending);
        }
        self.agent_answered = true;
        self.set_state(ChannelState::Up);
        self.write(CelEvent::Answer, Leg::Agent);
        if let Some(cause) = self.dialplan_ends_it() {
            return Ok(Ending::of_agent(cause));
        }
        self.agent_leg.application = "Dial";
        self.agent_leg.application_data =
            format!("PJSIP/{}@{}", self.new.dialled.get(1..).unwrap_or_default(), self.board.settings.trunk);
        self.board.change(&self.new.agent_leg.unique_id, &self.new.life, |channel| {
            channel.application = "Dial";
        });
        self.write(CelEvent::AppStart, Leg::Agent);
        self.ring_customer().await
    }

    /// The cause with which the dialplan ends a call that it does not dial; where it has no such line there is none.
    fn dialplan_ends_it(&self) -> Option<u16> {
        let new = &self.new;
        if new.context != self.board.settings.context {
            return Some(0);
        }
        if new.dialled == CHECK {
            return Some(NORMAL_CLEARING);
        }
        // Its last line takes whatever begins with a digit and goes on.
        let is_taken = new.dialled.starts_with(|first: char| first.is_ascii_digit()) && new.dialled.len() > 1;
        if !is_taken && new.dialled != CUSTOMER {
            return Some(0);
        }
        if !is_called(&new.dialled) {
            return Some(INVALID_NUMBER);
        }
        let is_stale = |until| OffsetDateTime::now_utc().unix_timestamp() > until;
        new.fresh_until_s.is_some_and(is_stale).then_some(TIMER_EXPIRED)
    }

    /// Rings the agent's phone; answers how the call ended, if the agent did not take it.
    async fn ring_agent(&mut self) -> Result<Option<Ending>, Stopped> {
        let settings = &self.board.settings;
        let (answer_ms, refusal_ms) = (settings.agent_answer_ms, settings.customer_refusal_ms);
        let timeout_ms = self.new.timeout_ms.min(settings.agent_timeout_max_ms);
        self.record_ring(Leg::Agent, &self.new.agent_extension, self.new.shown_to_agent.clone());
        match self.new.agent {
            AgentBehaviour::Answers | AgentBehaviour::SlowToSay | AgentBehaviour::OnAnotherCall => {
                self.set_state(ChannelState::Ringing);
                if answer_ms >= self.new.timeout_ms {
                    self.pause(self.new.timeout_ms).await?;
                    return Ok(Some(Ending::of_agent(19)));
                }
                self.pause(answer_ms).await?;
                Ok(None)
            }
            AgentBehaviour::Busy => {
                self.pause(refusal_ms).await?;
                Ok(Some(Ending::of_agent(17)))
            }
            AgentBehaviour::Rejects => {
                self.set_state(ChannelState::Ringing);
                self.pause(refusal_ms).await?;
                Ok(Some(Ending::of_agent(21)))
            }
            AgentBehaviour::NoAnswer | AgentBehaviour::Offline | AgentBehaviour::Unknown => {
                self.set_state(ChannelState::Ringing);
                self.pause(timeout_ms).await?;
                Ok(Some(Ending::of_agent(19)))
            }
        }
    }

    async fn ring_customer(&mut self) -> Result<Ending, Stopped> {
        let course = self.board.customer(&self.new.dialled).course();
        if course == CustomerCourse::NoLeg {
            return Ok(Ending::of_agent(3));
        }
        self.add_customer_leg();
        let settings = self.board.settings.clone();
        match course {
            CustomerCourse::NoLeg => Ok(Ending::of_agent(3)),
            CustomerCourse::Refused(refusal) => {
                self.pause(settings.customer_refusal_ms).await?;
                Ok(Ending {
                    agent_cause: refusal.agent_cause,
                    customer_cause: refusal.cause,
                    dial_status: refusal.dial_status,
                    by_customer: false,
                })
            }
            CustomerCourse::RingsOut | CustomerCourse::Silent => {
                self.pause(settings.customer_timeout_ms).await?;
                // The dialplan says more of a carrier from which nothing was heard.
                let cause = if course == CustomerCourse::Silent { NO_ROUTE } else { NORMAL_CLEARING };
                Ok(Ending { customer_cause: 0, dial_status: "NOANSWER", ..Ending::of_agent(cause) })
            }
            CustomerCourse::Cut => {
                self.pause(settings.customer_timeout_ms).await?;
                Ok(Ending { agent_cause: TIMER_EXPIRED, ..self.hung_up() })
            }
            CustomerCourse::Abandoned => {
                self.pause(settings.customer_answer_ms).await?;
                // A phone that hangs up names no cause.
                Ok(Ending { agent_cause: 0, ..self.hung_up() })
            }
            CustomerCourse::Answered(by) => {
                self.pause(settings.customer_answer_ms).await?;
                self.bridge();
                self.pause(settings.talk_ms).await?;
                Ok(Ending { by_customer: by == HangsUp::Customer, ..self.hung_up() })
            }
        }
    }

    fn add_customer_leg(&mut self) {
        let number = self.board.next_number();
        let created_at = OffsetDateTime::now_utc();
        let leg = LegFacts {
            unique_id: format!("pbx-{}.{number}", created_at.unix_timestamp()),
            channel_name: format!("PJSIP/{}-{number:08x}", self.board.settings.trunk),
            caller_number: self.new.dialled.get(1..).unwrap_or_default().to_owned(),
            extension: String::new(),
            context: format!("from-{}", self.board.settings.trunk),
            application: "AppDial",
            application_data: "(Outgoing Line)".to_owned(),
        };
        let channel = Channel {
            id: leg.unique_id.clone(),
            name: leg.channel_name.clone(),
            state: ChannelState::Ringing,
            agent_extension: None,
            context: leg.context.clone(),
            extension: leg.extension.clone(),
            application: leg.application,
            created_at,
            hang_up: self.new.hang_up.clone(),
        };
        self.board.add_second(channel, &self.new.life);
        self.customer_leg = Some(leg);
        self.write(CelEvent::ChanStart, Leg::Customer);
        self.record_ring(Leg::Customer, &self.new.dialled, self.new.shown_to_customer.clone());
    }

    fn bridge(&mut self) {
        if let Some(leg) = &self.customer_leg {
            self.board.change(&leg.unique_id, &self.new.life, |channel| channel.state = ChannelState::Up);
        }
        self.bridged = true;
        self.write(CelEvent::Answer, Leg::Customer);
        self.write(CelEvent::BridgeEnter, Leg::Customer);
        self.write(CelEvent::BridgeEnter, Leg::Agent);
    }

    /// How the call ends when the agent's side is hung up now.
    fn hung_up(&self) -> Ending {
        let dial_status = match (self.bridged, &self.customer_leg) {
            (true, _) => "ANSWER",
            (false, Some(_)) => "CANCEL",
            (false, None) => "",
        };
        Ending { dial_status, ..Ending::of_agent(NORMAL_CLEARING) }
    }

    fn end(&mut self, ending: Ending) {
        let customer = self.customer_leg.clone();
        if self.bridged {
            self.write(CelEvent::BridgeExit, Leg::Customer);
            self.write(CelEvent::BridgeExit, Leg::Agent);
        }
        if let Some(leg) = &customer {
            let cause = ending.customer_cause;
            self.write(CelEvent::Hangup { cause, source_is_peer: false, dial_status: "" }, Leg::Customer);
            self.write(CelEvent::ChanEnd, Leg::Customer);
            self.board.remove(&leg.unique_id, &self.new.life);
        }
        let hangup = CelEvent::Hangup {
            cause: ending.agent_cause,
            source_is_peer: ending.by_customer,
            dial_status: ending.dial_status,
        };
        self.write(hangup, Leg::Agent);
        self.write(CelEvent::ChanEnd, Leg::Agent);
        self.write(CelEvent::LinkedIdEnd, Leg::Agent);
        self.board.remove(&self.agent_leg.unique_id, &self.new.life);
    }

    fn write(&self, event: CelEvent, leg: Leg) {
        if self.new.life.is_cancelled() {
            return;
        }
        let (about, peer) = match (leg, &self.customer_leg) {
            (Leg::Agent, customer) => (&self.agent_leg, customer.as_ref()),
            (Leg::Customer, Some(customer)) => (customer, Some(&self.agent_leg)),
            (Leg::Customer, None) => return,
        };
        self.board.cel.write(CelRow::new(event, &self.facts, about, peer, OffsetDateTime::now_utc()));
    }

    fn record_ring(&self, leg: Leg, digits: &str, shown_number: Option<String>) {
        self.board.record_ring(Ring {
            channel_id: self.facts.linked_id.clone(),
            leg,
            digits: digits.to_owned(),
            shown_number,
            at: OffsetDateTime::now_utc(),
        });
    }

    fn set_state(&self, state: ChannelState) {
        self.board.change(&self.agent_leg.unique_id, &self.new.life, |channel| channel.state = state);
    }

    async fn pause(&self, wait_ms: u64) -> Result<(), Stopped> {
        tokio::select! {
            biased;
            () = self.new.life.cancelled() => Err(Stopped::Crashed),
            () = self.new.hang_up.cancelled() => Err(Stopped::HungUp),
            () = tokio::time::sleep(Duration::from_millis(wait_ms)) => Ok(()),
        }
    }
}

impl Ending {
    fn of_agent(agent_cause: u16) -> Self {
        Self { agent_cause, customer_cause: NORMAL_CLEARING, dial_status: "", by_customer: false }
    }
}

/// Whether the dialplan calls these digits: the outside line, and a number overseas or at home.
fn is_called(extension: &str) -> bool {
    let Some(rest) = extension.strip_prefix('9') else { return false };
    let length = extension.len();
    let starts = |prefix: &str, next: std::ops::RangeInclusive<char>| {
        rest.strip_prefix(prefix)
            .and_then(|rest| rest.chars().next())
            .is_some_and(|digit| next.contains(&digit))
    };
    rest.bytes().all(|byte| byte.is_ascii_digit())
        && (starts("001", '1'..='9') && (11..=19).contains(&length)
            || starts("0", '1'..='9') && (10..=13).contains(&length)
            || (starts("1", '5'..='6') || starts("1", '8'..='8')) && length == 9)
}
