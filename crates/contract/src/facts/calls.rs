//! What the PBX knows and has written down about a call.

use serde::{
    Deserialize,
    de::{IntoDeserializer, value},
};

use crate::ids::Timestamp;

/// One row of the PBX's channel event log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CallEvent {
    /// What happened.
    pub kind: CallEventKind,
    /// The channel to which it happened.
    pub unique_id: String,
    /// The channel with which the call began.
    pub linked_id: String,
    /// When, by the PBX's clock.
    pub at: Timestamp,
    /// More about it as JSON, such as the cause of a hang-up.
    pub extra: Option<String>,
}

/// What happened to a channel, by its name in the log.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Deserialize)]
pub enum CallEventKind {
    /// It came up.
    #[serde(rename = "CHAN_START")]
    ChanStart,
    /// It was answered.
    #[serde(rename = "ANSWER")]
    Answer,
    /// It was joined to another.
    #[serde(rename = "BRIDGE_ENTER")]
    BridgeEnter,
    /// It was parted from another.
    #[serde(rename = "BRIDGE_EXIT")]
    BridgeExit,
    /// It was hung up; the cause is in `extra`.
    #[serde(rename = "HANGUP")]
    Hangup,
    /// It is gone.
    #[serde(rename = "CHAN_END")]
    ChanEnd,
    /// The last channel of the call is gone.
    #[serde(rename = "LINKEDID_END")]
    LinkedIdEnd,
    /// It began to dial: of the dialplan's applications that one alone is on record.
    #[serde(rename = "APP_START")]
    AppStart,
    /// Something that says nothing about the end.
    #[serde(other)]
    Other,
}

impl CallEventKind {
    /// The kind by its name in the log, such as `CHAN_START`.
    pub fn named(name: &str) -> Self {
        let name = IntoDeserializer::<value::Error>::into_deserializer(name);
        Self::deserialize(name).unwrap_or(Self::Other)
    }
}

/// Whether a call lives, by the PBX's own word.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ChannelPresence {
    /// The agent's channel exists.
    Alive {
        /// How far it is.
        state: ChannelState,
    },
    /// There is no such channel: it has ended, or it never began, or a stalled PBX has not begun yet.
    Gone,
}

/// How far the agent's channel is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ChannelState {
    /// Made, and not ringing yet.
    Down,
    /// The agent's phone rings.
    Ringing,
    /// The agent picked up.
    Up,
    /// Any other state that Asterisk names.
    Other,
}
