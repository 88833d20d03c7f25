//! What a person decides about a letter, and why it may be refused.

use std::fmt;

use closure_contract::Timestamp;

use super::{DeadLetterId, DeadLetterState};
use crate::{delivery::state::DeliveryState, error::StoreError};

/// What a person decides about a letter, and as what they saw it.
#[derive(Debug, Clone, Copy)]
pub struct LetterDeed<'a> {
    /// Who.
    pub actor: &'a str,
    /// Why.
    pub reason: &'a str,
    /// The version of the letter that they decided by; nothing where they name none.
    pub seen: Option<u32>,
}

impl<'a> LetterDeed<'a> {
    /// One that names no version.
    pub fn of(actor: &'a str, reason: &'a str) -> Self {
        Self { actor, reason, seen: None }
    }
}

/// What happened to a letter last.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LetterChange {
    /// What: `replay`, `discard`, `reopen`, or what came of the job.
    pub what: String,
    /// Who did it; nothing where no person did.
    pub actor: Option<String>,
    /// When.
    pub at: Timestamp,
}

impl fmt::Display for LetterChange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.actor {
            Some(actor) => write!(f, "{} by {actor} at {}", self.what, self.at),
            None => write!(f, "{} at {}", self.what, self.at),
        }
    }
}

/// Why a dead letter cannot be sent again or given up.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ReplayError {
    /// There is no such dead letter.
    #[error("there is no dead letter {0}; it may have been listed in another environment")]
    NotFound(DeadLetterId),
    /// Something has happened to it since the person read it.
    #[error(
        "dead letter {id} is version {version} by now, and the decision was made on version {seen}: {latest}; read it again"
    )]
    Changed {
        /// The dead letter.
        id: DeadLetterId,
        /// The version that the person saw.
        seen: u32,
        /// The version that it has.
        version: u32,
        /// What happened to it last.
        latest: LetterChange,
    },
    /// Somebody has dealt with it, or is sending it again.
    #[error("dead letter {id} is {} by now: {latest}; read it again", .state.as_str())]
    NotOpen {
        /// The dead letter.
        id: DeadLetterId,
        /// Where it stands.
        state: DeadLetterState,
        /// What happened to it last.
        latest: LetterChange,
    },
    /// It was not given up, so that there is nothing to take back.
    #[error("dead letter {id} is {} and was not given up: {latest}; read it again", .state.as_str())]
    NotDiscarded {
        /// The dead letter.
        id: DeadLetterId,
        /// Where it stands.
        state: DeadLetterState,
        /// What happened to it last.
        latest: LetterChange,
    },
    /// Its delivery came to another end, so that sending it again would reach the customer twice.
    #[error(
        "the delivery of dead letter {id} is {state}; discard the letter, there is nothing to send again"
    )]
    NotDead {
        /// The dead letter.
        id: DeadLetterId,
        /// Where the delivery stands.
        state: DeliveryState,
    },
    /// It is a mail that came back, and no message that a worker could carry.
    #[error(
        "dead letter {0} is a mail that came back; there is nothing to send again: read it, then discard it"
    )]
    NoMessage(DeadLetterId),
    /// The database could not do it.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl ReplayError {
    /// The refusal as a stable code, for programs; nothing where the letter refuses nothing.
    pub fn code(&self) -> Option<&'static str> {
        match self {
            Self::NotFound(_) => Some("letter_not_found"),
            Self::Changed { .. } => Some("letter_changed"),
            Self::NotOpen { .. } => Some("letter_not_open"),
            Self::NotDiscarded { .. } => Some("letter_not_discarded"),
            Self::NotDead { .. } => Some("delivery_not_dead"),
            Self::NoMessage(_) => Some("letter_no_message"),
            Self::Store(_) => None,
        }
    }
}
