//! A provider's later word about a delivery, and the prompt to look at one again.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{
    failure::FailureCode,
    ids::{ClientRef, Generation, JobId, Timestamp},
    job::{DecodeError, Document},
    provider::Provider,
    topology::RECEIPT_BYTES_MAX,
};

/// What travels through `closure.receipts`.
#[derive(Debug, Clone, PartialEq)]
pub enum ReceiptMessage {
    /// A provider's receipt, verified by the intake.
    Receipt(Receipt),
    /// The SMS worker's word that a delivery should be looked at now.
    Submission(Submission),
}

/// A provider's receipt in our own words (`closure.receipt/1`).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Receipt {
    /// Always `closure.receipt/1`.
    pub kind: ReceiptKind,
    /// What makes this statement unique at its provider; the same statement twice has the same id.
    pub receipt_id: String,
    /// Who says it.
    pub provider: Provider,
    /// The provider's own reference of the message.
    pub provider_ref: Option<String>,
    /// Our reference of the attempt, where the provider echoes it.
    pub client_ref: Option<ClientRef>,
    /// What the provider says.
    pub status: ReceiptStatus,
    /// What a `delivered` of this provider is worth.
    pub evidence: Evidence,
    /// The provider's own code, for people.
    pub provider_code: Option<String>,
    /// Why it did not arrive, where the provider's code says so; whose fault that is decides what follows (R14e).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub failure_code: Option<FailureCode>,
    /// The sender that the provider says the message had, where it says one; it decides nothing (R12).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reported_sender: Option<String>,
    /// When it happened, by the provider's clock.
    pub occurred_at: Option<Timestamp>,
    /// When the intake received it.
    pub received_at: Timestamp,
}

/// A prompt to look at an SMS delivery now, with what the database knows (`closure.submission/1`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Submission {
    /// Always `closure.submission/1`.
    pub kind: SubmissionKind,
    /// The SMS job.
    pub job_id: JobId,
    /// Which edition of it.
    pub generation: Generation,
}

/// The kind of a receipt.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum ReceiptKind {
    /// Version 1.
    #[serde(rename = "closure.receipt/1")]
    V1,
}

/// The kind of a submission.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum SubmissionKind {
    /// Version 1.
    #[serde(rename = "closure.submission/1")]
    V1,
}

/// What a provider says became of a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ReceiptStatus {
    /// On its way: the gateway or a carrier has it.
    InTransit,
    /// Delivered; how much that is worth is the receipt's evidence.
    Delivered,
    /// Will not be delivered.
    Undelivered,
    /// The validity period ended first.
    Expired,
    /// The provider does not know.
    Unknown,
}

/// What a `delivered` is worth, from nothing to the customer's own device (R14f).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Evidence {
    /// Nobody vouches for it.
    None,
    /// The gateway handed it on.
    Gateway,
    /// A carrier took it.
    Carrier,
    /// The handset confirmed it.
    Handset,
}

impl ReceiptMessage {
    /// Reads a message of the receipts queue: UTF-8 JSON of at most [`RECEIPT_BYTES_MAX`] bytes.
    pub fn decode(body: &[u8]) -> Result<Self, DecodeError> {
        let document = Document::parse(body, RECEIPT_BYTES_MAX)?;
        match document.kind() {
            Some("closure.receipt/1") => document.read().map(|(receipt, _)| Self::Receipt(receipt)),
            Some("closure.submission/1") => document.read().map(|(said, _)| Self::Submission(said)),
            _ => Err(DecodeError::UnknownKind),
        }
    }

    /// The message's body.
    pub fn encode(&self) -> Vec<u8> {
        let encoded = match self {
            Self::Receipt(receipt) => serde_json::to_vec(receipt),
            Self::Submission(submission) => serde_json::to_vec(submission),
        };
        encoded.expect("a receipt holds only strings and numbers")
    }

    /// The kind and major version, which is also the message's `type`.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Receipt(_) => "closure.receipt/1",
            Self::Submission(_) => "closure.submission/1",
        }
    }
}

impl ReceiptStatus {
    /// The status on the wire.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::InTransit => "in_transit",
            Self::Delivered => "delivered",
            Self::Undelivered => "undelivered",
            Self::Expired => "expired",
            Self::Unknown => "unknown",
        }
    }
}

impl Evidence {
    /// The grade on the wire.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Gateway => "gateway",
            Self::Carrier => "carrier",
            Self::Handset => "handset",
        }
    }
}
