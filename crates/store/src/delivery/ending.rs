//! How an attempt may end, and the words for it in the columns of its delivery and of itself.

use closure_contract::{Evidence, FailureCode};

use super::state::DeliveryState;
use crate::database::column_word::column_words;

/// How an attempt ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Ending {
    /// The provider took it, and the end is still to come.
    Accepted {
        /// The provider's own reference.
        provider_ref: Option<String>,
        /// After this time silence counts as an answer.
        receipt_due_in_ms: Option<u64>,
        /// The sender that the provider says a text message has, where a look-up told it.
        reported_sender: Option<String>,
    },
    /// It has come to its end.
    Final {
        /// Which one.
        state: FinalState,
        /// Why, as a code.
        code: Option<FailureCode>,
        /// Why, for people.
        detail: Option<String>,
        /// What a `delivered` is worth.
        evidence: Evidence,
        /// The provider's own reference.
        provider_ref: Option<String>,
        /// Whether a provider was tried at all.
        attempt_use: AttemptUse,
    },
    /// It failed, and a retry is on its way.
    Waiting {
        /// Why, as a code.
        code: FailureCode,
        /// Why, for people.
        detail: String,
    },
    /// The request may have reached the customer; the next claim finds out.
    InDoubt {
        /// Why, as a code.
        code: FailureCode,
        /// Why, for people.
        detail: String,
        /// How often the provider was asked by now, and knew nothing.
        lookups: u32,
    },
    /// It waits for a person; the dead letter is written in the same commit.
    Dead {
        /// Why, as a code.
        code: FailureCode,
        /// Why, for people.
        detail: String,
        /// The work queue that the message belongs to.
        queue: &'static str,
        /// The routing key that leads there.
        routing_key: &'static str,
        /// Whether a provider was tried at all.
        attempt_use: AttemptUse,
    },
    /// It was put off before anything was tried: the attempt leaves no row, and its number is free again.
    ///
    /// Where an older attempt is in doubt, the delivery stays in doubt.
    GivenBack {
        /// Why, as a code; nothing has failed where its time has not come.
        code: Option<FailureCode>,
        /// Why, for people.
        detail: String,
    },
}

/// The ends that an attempt may bring.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum FinalState {
    /// The mail server took it.
    Accepted,
    /// It arrived; a call was answered.
    Delivered,
    /// It did not arrive; a call was not answered.
    Undelivered,
    /// Nobody will ever tell.
    Unknown,
    /// It was never sent.
    Refused,
    /// It was too late to send.
    Expired,
    /// A newer answer took its place.
    Superseded,
    /// It was called back.
    Cancelled,
}

/// Whether a provider was tried.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum AttemptUse {
    /// It was, or it may have been.
    Spent,
    /// Our own rules refused it: the attempt leaves no row.
    GivenBack,
}

column_words! {
    /// An ending, as the statement of a settlement tells them apart.
    #[derive(Debug, Clone, Copy, PartialEq, Eq)]
    pub(crate) enum EndingWord: "ending" {
        /// The end is still to come.
        Accepted = "accepted",
        /// It has come.
        Final = "final",
        /// A retry is on its way.
        Waiting = "waiting",
        /// The next claim finds out.
        InDoubt = "in_doubt",
        /// A letter waits for a person.
        Dead = "dead",
        /// Nothing was tried.
        GivenBack = "given_back",
    }
}

column_words! {
    /// Where an attempt stands.
    #[derive(Debug, Clone, Copy, PartialEq, Eq)]
    pub(crate) enum AttemptState: "attempt's state" {
        /// It has begun.
        Sending = "sending",
        /// The provider took it.
        Accepted = "accepted",
        /// It did not.
        Failed = "failed",
        /// Nobody can tell.
        InDoubt = "in_doubt",
    }
}

/// What an ending says in the columns.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct EndingWords {
    pub(crate) ending: EndingWord,
    /// Of the delivery, unless a receipt has raised it before.
    pub(crate) state: DeliveryState,
    /// Of the attempt; nothing where none was made.
    pub(crate) attempt: Option<AttemptState>,
}

impl Ending {
    pub(crate) fn words(&self) -> EndingWords {
        let (ending, state, attempt) = match self {
            Self::Accepted { .. } => {
                (EndingWord::Accepted, DeliveryState::Accepted, Some(AttemptState::Accepted))
            }
            Self::Final { state, code, attempt_use, .. } => {
                (EndingWord::Final, (*state).into(), attempt_use.of(state.attempt(*code)))
            }
            Self::Waiting { .. } => (EndingWord::Waiting, DeliveryState::Waiting, Some(AttemptState::Failed)),
            Self::InDoubt { .. } => {
                (EndingWord::InDoubt, DeliveryState::InDoubt, Some(AttemptState::InDoubt))
            }
            Self::Dead { attempt_use, .. } => {
                (EndingWord::Dead, DeliveryState::Dead, attempt_use.of(AttemptState::Failed))
            }
            // Where the lease was for the next try, the statement says that it is still to come.
            Self::GivenBack { .. } => (EndingWord::GivenBack, DeliveryState::InDoubt, None),
        };
        EndingWords { ending, state, attempt }
    }
}

impl AttemptUse {
    fn of(self, state: AttemptState) -> Option<AttemptState> {
        match self {
            Self::Spent => Some(state),
            Self::GivenBack => None,
        }
    }
}

impl FinalState {
    /// What it says about an attempt that was made.
    fn attempt(self, code: Option<FailureCode>) -> AttemptState {
        match (self, code) {
            (Self::Unknown, _) => AttemptState::InDoubt,
            (_, None) => AttemptState::Accepted,
            (_, Some(_)) => AttemptState::Failed,
        }
    }
}

impl From<FinalState> for DeliveryState {
    fn from(state: FinalState) -> Self {
        match state {
            FinalState::Accepted => Self::Accepted,
            FinalState::Delivered => Self::Delivered,
            FinalState::Undelivered => Self::Undelivered,
            FinalState::Unknown => Self::Unknown,
            FinalState::Refused => Self::Refused,
            FinalState::Expired => Self::Expired,
            FinalState::Superseded => Self::Superseded,
            FinalState::Cancelled => Self::Cancelled,
        }
    }
}
