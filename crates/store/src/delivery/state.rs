//! Where a delivery stands, in Rust and within statements.

use std::{fmt, str::FromStr};

use closure_contract::Channel;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{
    database::column_word::{ColumnWord, column_words},
    error::StoreError,
};

column_words! {
    /// Where a delivery stands.
    #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
    #[serde(rename_all = "snake_case")]
    pub enum DeliveryState: "state" {
        /// Nobody has tried.
        Pending = "pending",
        /// A try is under way, or the process that made it died.
        Sending = "sending",
        /// The request may have reached the customer; the provider is being asked.
        InDoubt = "in_doubt",
        /// A retry is on its way.
        Waiting = "waiting",
        /// The provider took it; the end of an email, not of a text message or a call.
        Accepted = "accepted",
        /// It arrived, as far as the evidence goes; a call was answered.
        Delivered = "delivered",
        /// It did not arrive; a call was not answered.
        Undelivered = "undelivered",
        /// Nobody will ever tell.
        Unknown = "unknown",
        /// It was never sent.
        Refused = "refused",
        /// It was too late to send.
        Expired = "expired",
        /// It waits for a person.
        Dead = "dead",
        /// A person gave it up.
        Discarded = "discarded",
        /// A newer answer took its place.
        Superseded = "superseded",
        /// It was called back before it was sent.
        Cancelled = "cancelled",
    }
}

/// What a state means for whoever comes next, so that nobody but [`DeliveryState::phase`] lists the states.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum DeliveryPhase {
    /// No provider has it, and a try is to come.
    Unsent,
    /// A provider may have it: a try is under way or in doubt.
    InFlight,
    /// A provider took it.
    Accepted,
    /// It has come to an end, which a later receipt may still correct.
    Ended,
    /// People have decided about it or are to decide, and nothing that a provider says moves it.
    WithPerson,
}

impl DeliveryState {
    /// Which phase it belongs to; the lists below, of which statements are made, say the same.
    pub const fn phase(self) -> DeliveryPhase {
        match self {
            Self::Pending | Self::Waiting => DeliveryPhase::Unsent,
            Self::Sending | Self::InDoubt => DeliveryPhase::InFlight,
            Self::Accepted => DeliveryPhase::Accepted,
            Self::Delivered | Self::Undelivered | Self::Unknown | Self::Refused | Self::Expired => {
                DeliveryPhase::Ended
            }
            Self::Dead | Self::Discarded | Self::Superseded | Self::Cancelled => DeliveryPhase::WithPerson,
        }
    }

    /// Whether nothing more happens by itself: no receipt of an accepted email is waited for.
    pub const fn has_ended(self, channel: Channel) -> bool {
        match self.phase() {
            DeliveryPhase::Unsent | DeliveryPhase::InFlight => false,
            DeliveryPhase::Accepted => matches!(channel, Channel::Email),
            DeliveryPhase::Ended | DeliveryPhase::WithPerson => true,
        }
    }

    /// Whether a worker goes on with it: no provider is known to have taken it, and it has not ended.
    pub(crate) const fn is_with_worker(self) -> bool {
        matches!(self.phase(), DeliveryPhase::Unsent | DeliveryPhase::InFlight)
    }

    /// Whether an update may move it: what no provider has, and what a person holds, no receipt can speak of.
    pub(crate) const fn hears_receipts(self) -> bool {
        match self.phase() {
            DeliveryPhase::InFlight | DeliveryPhase::Accepted | DeliveryPhase::Ended => true,
            DeliveryPhase::Unsent | DeliveryPhase::WithPerson => false,
        }
    }
}

/// The states of [`DeliveryPhase::Unsent`], as a list within a statement.
macro_rules! unsent_states {
    () => {
        "'pending', 'waiting'"
    };
}

/// The states of [`DeliveryPhase::InFlight`], as a list within a statement.
macro_rules! in_flight_states {
    () => {
        "'sending', 'in_doubt'"
    };
}

/// The states of which [`DeliveryState::is_with_worker`] is true, as a list within a statement.
macro_rules! with_worker_states {
    () => {
        concat!(crate::delivery::state::unsent_states!(), ", ", crate::delivery::state::in_flight_states!())
    };
}

/// The states in which a text message's silence comes to count as an answer, as a list within a statement.
macro_rules! silent_states {
    () => {
        "'accepted', 'in_doubt'"
    };
}

pub(crate) use {in_flight_states, silent_states, unsent_states, with_worker_states};

impl fmt::Display for DeliveryState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for DeliveryState {
    type Err = StoreError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        ColumnWord::read(text)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn every_state_is_read_back_from_its_column() {
        for state in DeliveryState::ALL {
            assert_eq!(state.as_str().parse(), Ok(state));
            assert_eq!(serde_json::to_value(state).expect("a word"), state.as_str());
        }
    }

    /// The states that a list within a statement names.
    fn listed(list: &str) -> Vec<DeliveryState> {
        let words = list.split(", ").map(|word| word.trim_matches('\'').parse().expect("a state"));
        words.collect()
    }

    #[test]
    fn the_lists_within_statements_name_the_states_of_their_phases() {
        let all_of = |belongs: fn(DeliveryState) -> bool| -> HashSet<DeliveryState> {
            DeliveryState::ALL.into_iter().filter(|state| belongs(*state)).collect()
        };
        let unsent = all_of(|state| state.phase() == DeliveryPhase::Unsent);
        let in_flight = all_of(|state| state.phase() == DeliveryPhase::InFlight);
        for (list, states) in [
            (unsent_states!(), unsent),
            (in_flight_states!(), in_flight),
            (with_worker_states!(), all_of(DeliveryState::is_with_worker)),
        ] {
            assert_eq!(listed(list).len(), states.len(), "{list}");
            assert_eq!(HashSet::from_iter(listed(list)), states, "{list}");
        }
        for state in listed(silent_states!()) {
            assert!(state.hears_receipts() && !state.has_ended(Channel::Sms), "{state}");
        }
    }

    #[test]
    fn an_accepted_email_has_ended_and_an_accepted_text_message_or_call_has_not() {
        for channel in Channel::ALL {
            assert_eq!(DeliveryState::Accepted.has_ended(channel), channel == Channel::Email, "{channel}");
        }
    }
}
