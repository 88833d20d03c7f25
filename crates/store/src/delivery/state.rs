//! The words that stand in the columns.

use std::{fmt, str::FromStr};

use closure_contract::{Channel, Evidence, Provider, ReceiptStatus};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::error::StoreError;

/// Where a delivery stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum DeliveryState {
    /// Nobody has tried.
    Pending,
    /// A try is under way, or the process that made it died.
    Sending,
    /// The request may have reached the customer; the provider is being asked.
    InDoubt,
    /// A retry is on its way.
    Waiting,
    /// The provider took it; the end of an email, not of a text message or a call.
    Accepted,
    /// It arrived, as far as the evidence goes; a call was answered.
    Delivered,
    /// It did not arrive; a call was not answered.
    Undelivered,
    /// Nobody will ever tell.
    Unknown,
    /// It was never sent.
    Refused,
    /// It was too late to send.
    Expired,
    /// It waits for a person.
    Dead,
    /// A person gave it up.
    Discarded,
    /// A newer answer took its place.
    Superseded,
    /// It was called back before it was sent.
    Cancelled,
}

impl DeliveryState {
    /// Every state.
    pub const ALL: [Self; 14] = [
        Self::Pending,
        Self::Sending,
        Self::InDoubt,
        Self::Waiting,
        Self::Accepted,
        Self::Delivered,
        Self::Undelivered,
        Self::Unknown,
        Self::Refused,
        Self::Expired,
        Self::Dead,
        Self::Discarded,
        Self::Superseded,
        Self::Cancelled,
    ];

    /// The state in its column.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Sending => "sending",
            Self::InDoubt => "in_doubt",
            Self::Waiting => "waiting",
            Self::Accepted => "accepted",
            Self::Delivered => "delivered",
            Self::Undelivered => "undelivered",
            Self::Unknown => "unknown",
            Self::Refused => "refused",
            Self::Expired => "expired",
            Self::Dead => "dead",
            Self::Discarded => "discarded",
            Self::Superseded => "superseded",
            Self::Cancelled => "cancelled",
        }
    }

    /// Whether nothing more happens by itself; an accepted email has ended too, which its `ended_at` tells.
    pub fn is_terminal(self) -> bool {
        match self {
            Self::Pending | Self::Sending | Self::InDoubt | Self::Waiting | Self::Accepted => false,
            Self::Delivered
            | Self::Undelivered
            | Self::Unknown
            | Self::Refused
            | Self::Expired
            | Self::Dead
            | Self::Discarded
            | Self::Superseded
            | Self::Cancelled => true,
        }
    }

    /// Whether a verdict may move it: what no provider has, and what a person holds, no receipt can speak of.
    pub(crate) fn hears_receipts(self) -> bool {
        match self {
            Self::Sending
            | Self::InDoubt
            | Self::Accepted
            | Self::Delivered
            | Self::Undelivered
            | Self::Unknown
            | Self::Refused
            | Self::Expired => true,
            Self::Pending
            | Self::Waiting
            | Self::Dead
            | Self::Discarded
            | Self::Superseded
            | Self::Cancelled => false,
        }
    }
}

impl fmt::Display for DeliveryState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for DeliveryState {
    type Err = StoreError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        named(&Self::ALL, Self::as_str, "state", text)
    }
}

/// The channel that a column names.
pub(crate) fn channel(text: &str) -> Result<Channel, StoreError> {
    named(&[Channel::Sms, Channel::Email, Channel::Dial], Channel::as_str, "channel", text)
}

/// The provider that a column names.
pub(crate) fn provider(text: &str) -> Result<Provider, StoreError> {
    named(Provider::ALL, Provider::as_str, "provider", text)
}

/// The grade of evidence that a column names.
pub(crate) fn evidence(text: &str) -> Result<Evidence, StoreError> {
    let all = [Evidence::None, Evidence::Gateway, Evidence::Carrier, Evidence::Handset];
    named(&all, Evidence::as_str, "evidence", text)
}

/// The receipt's status that a column names.
pub(crate) fn receipt_status(text: &str) -> Result<ReceiptStatus, StoreError> {
    let all = [
        ReceiptStatus::InTransit,
        ReceiptStatus::Delivered,
        ReceiptStatus::Undelivered,
        ReceiptStatus::Expired,
        ReceiptStatus::Unknown,
    ];
    named(&all, ReceiptStatus::as_str, "receipt status", text)
}

/// Finds a word of a closed set; one that is not in it was written by a newer release.
pub(crate) fn named<T: Copy>(
    all: &[T],
    name: impl Fn(T) -> &'static str,
    what: &str,
    text: &str,
) -> Result<T, StoreError> {
    all.iter()
        .copied()
        .find(|value| name(*value) == text)
        .ok_or_else(|| StoreError::NewerRow(format!("the {what} `{text}`")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_state_is_read_back_from_its_column() {
        for state in DeliveryState::ALL {
            assert_eq!(state.as_str().parse(), Ok(state));
            assert_eq!(serde_json::to_value(state).expect("a word"), state.as_str());
        }
    }
}
