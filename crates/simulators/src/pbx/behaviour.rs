//! What can happen to a call here, and the tables that choose it.

use serde::{Deserialize, Serialize};

/// What an agent's phone does; the comment gives the extensions.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AgentBehaviour {
    /// `1001` to `1099`, and `1196`, whose agent hangs up: rings and is answered.
    Answers,
    /// `1888`: is not registered.
    Offline,
    /// `1777`: refuses as busy, although the PBX knows of no call.
    Busy,
    /// `1776`: the PBX knows of another call.
    OnAnotherCall,
    /// `1666`: rings until the time-out.
    NoAnswer,
    /// `1555`: the agent declines.
    Rejects,
    /// `1444`: is answered, and the PBX says only after `stall_ms` that the phone is free.
    SlowToSay,
    /// Every other extension: unknown.
    Unknown,
}

impl AgentBehaviour {
    /// What an extension's phone does where no rule says otherwise.
    pub fn by_extension(extension: &str) -> Self {
        match extension {
            "1196" => Self::Answers,
            "1888" => Self::Offline,
            "1777" => Self::Busy,
            "1776" => Self::OnAnotherCall,
            "1666" => Self::NoAnswer,
            "1555" => Self::Rejects,
            "1444" => Self::SlowToSay,
            _ => match extension.parse::<u16>() {
                Ok(1001..=1099) if extension.len() == 4 => Self::Answers,
                _ => Self::Unknown,
            },
        }
    }
}

/// How the call to the customer goes; the comment gives the last four of the dialled digits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CustomerBehaviour {
    /// `0001` and every number not in this table: answered; the customer hangs up after the talk.
    Answers,
    /// `0002`: answered; the agent hangs up after the talk.
    AnswersAgentHangsUp,
    /// `0195`: the PBX's own limit of a call is over while the customer's phone rings.
    LimitReached,
    /// `0196`: the agent hangs up while the customer's phone rings.
    AgentAbandons,
    /// `0197`: the trunk is known to be down; there is no customer leg.
    TrunkDown,
    /// `0198`: the trunk never replies.
    TrunkSilent,
    /// `0199`: rings until the time-out.
    NoAnswer,
    /// `0401`: 401, our own line is refused.
    Unauthorized,
    /// `0403`: 403.
    Forbidden,
    /// `0404`: 404.
    NotFound,
    /// `0408`: 408, the far end took too long.
    TimedOut,
    /// `0410`: 410, the number changed.
    NumberChanged,
    /// `0480`: 480, unavailable.
    Unavailable,
    /// `0481`: 481, the far end lost the call.
    CallLost,
    /// `0484`: 484, the number is incomplete.
    Incomplete,
    /// `0485`: 485, the number is ambiguous.
    Ambiguous,
    /// `0486`: 486, busy.
    Busy,
    /// `0488`: 488, no common codec.
    NotAcceptable,
    /// `0500`: 500.
    NetworkFailure,
    /// `0501`: 501, not implemented.
    NotImplemented,
    /// `0502`: 502, a gateway behind the trunk failed.
    BadGateway,
    /// `0503`: 503.
    Congestion,
    /// `0504`: 504, a gateway behind the trunk took too long.
    GatewayTimedOut,
    /// `0600`: 600, busy everywhere.
    BusyEverywhere,
    /// `0603`: 603, declined.
    Declined,
    /// `0604`: 604, does not exist anywhere.
    NowhereFound,
    /// `0606`: 606, no common codec anywhere.
    NowhereAcceptable,
}

/// How a refused or unanswered customer leg ends: the Q.850 cause and the words of the PBX.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Refusal {
    /// The cause of the customer's leg.
    pub(super) cause: u16,
    /// The cause of the agent's leg afterwards.
    pub(super) agent_cause: u16,
    /// `dialstatus` in the record of the agent's hang-up.
    pub(super) dial_status: &'static str,
}

/// How a call to a customer runs once the leg exists.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum CustomerCourse {
    Answered(HangsUp),
    Abandoned,
    Cut,
    NoLeg,
    Refused(Refusal),
    RingsOut,
    Silent,
}

/// Who ends an answered call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum HangsUp {
    Agent,
    Customer,
}

impl CustomerBehaviour {
    /// The behaviour that the last four of the dialled digits choose.
    pub fn by_suffix(digits: &str) -> Self {
        match last_four(digits) {
            "0002" => Self::AnswersAgentHangsUp,
            "0195" => Self::LimitReached,
            "0196" => Self::AgentAbandons,
            "0197" => Self::TrunkDown,
            "0198" => Self::TrunkSilent,
            "0199" => Self::NoAnswer,
            "0401" => Self::Unauthorized,
            "0403" => Self::Forbidden,
            "0404" => Self::NotFound,
            "0408" => Self::TimedOut,
            "0410" => Self::NumberChanged,
            "0480" => Self::Unavailable,
            "0481" => Self::CallLost,
            "0484" => Self::Incomplete,
            "0485" => Self::Ambiguous,
            "0486" => Self::Busy,
            "0488" => Self::NotAcceptable,
            "0500" => Self::NetworkFailure,
            "0501" => Self::NotImplemented,
            "0502" => Self::BadGateway,
            "0503" => Self::Congestion,
            "0504" => Self::GatewayTimedOut,
            "0600" => Self::BusyEverywhere,
            "0603" => Self::Declined,
            "0604" => Self::NowhereFound,
            "0606" => Self::NowhereAcceptable,
            _ => Self::Answers,
        }
    }

    /// How the call runs, with the causes that were measured on Asterisk 22.
    pub(super) fn course(self) -> CustomerCourse {
        let refused =
            |cause, dial_status| CustomerCourse::Refused(Refusal { cause, agent_cause: cause, dial_status });
        match self {
            Self::Answers => CustomerCourse::Answered(HangsUp::Customer),
            Self::AnswersAgentHangsUp => CustomerCourse::Answered(HangsUp::Agent),
            Self::LimitReached => CustomerCourse::Cut,
            Self::AgentAbandons => CustomerCourse::Abandoned,
            Self::TrunkDown => CustomerCourse::NoLeg,
            Self::TrunkSilent => CustomerCourse::Silent,
            Self::NoAnswer => CustomerCourse::RingsOut,
            Self::Unauthorized | Self::Forbidden | Self::Declined => refused(21, "NOANSWER"),
            Self::NotFound | Self::Ambiguous | Self::NowhereFound => refused(1, "NOANSWER"),
            Self::TimedOut => refused(18, "NOANSWER"),
            Self::NumberChanged => refused(22, "NOANSWER"),
            Self::Unavailable => refused(19, "NOANSWER"),
            Self::Incomplete => refused(28, "NOANSWER"),
            Self::CallLost => refused(127, "NOANSWER"),
            Self::Busy | Self::BusyEverywhere => refused(17, "BUSY"),
            Self::NotAcceptable | Self::NowhereAcceptable => refused(58, "NOANSWER"),
            Self::NetworkFailure => refused(38, "NOANSWER"),
            Self::NotImplemented => refused(29, "NOANSWER"),
            Self::BadGateway => refused(27, "NOANSWER"),
            Self::GatewayTimedOut => refused(102, "NOANSWER"),
            Self::Congestion => refused(34, "CONGESTION"),
        }
    }
}

/// What happens to a request to call; the comment gives the last four digits of the extension asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PostBehaviour {
    /// Every number not in this table: placed and answered at once.
    Prompt,
    /// `0901`: placed only after `stall_ms`, whether or not the caller still waits.
    Stall,
    /// `0902`: placed, and the connection breaks before the answer.
    AnswerLost,
    /// `0903`: not placed, and the connection breaks.
    RequestLost,
    /// `0904`: placed, and at once the PBX crashes and forgets every channel.
    Crash,
    /// `0905`: not placed: status 503.
    Unavailable,
    /// `0906`: placed, although the answer is status 500.
    ServerErrorPlaced,
    /// `0907`: not placed, because the PBX makes no new channel: status 500 as for a phone without registration.
    ShuttingDown,
}

impl PostBehaviour {
    /// The behaviour that the last four digits of the extension asked for choose.
    pub fn by_suffix(extension: &str) -> Self {
        match last_four(extension) {
            "0901" => Self::Stall,
            "0902" => Self::AnswerLost,
            "0903" => Self::RequestLost,
            "0904" => Self::Crash,
            "0905" => Self::Unavailable,
            "0906" => Self::ServerErrorPlaced,
            "0907" => Self::ShuttingDown,
            _ => Self::Prompt,
        }
    }
}

fn last_four(digits: &str) -> &str {
    digits.get(digits.len().saturating_sub(4)..).unwrap_or_default()
}
