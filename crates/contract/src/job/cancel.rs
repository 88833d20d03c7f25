//! What the CRM takes back.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::{Agent, DecodeError, Document, Noted, limits, not_read_here};
use crate::{
    ids::{ConsultationId, JobId},
    topology::JOB_BYTES_MAX,
};

/// Takes the answer to a consultation back (`closure.cancel/1`), published with the routing key `cancel`.
///
/// What has not been sent yet ends as `cancelled`, and so does what arrives later with the same or an older revision;
/// what a provider already has is not called back. Publishing it again is harmless.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Cancel {
    /// Always `closure.cancel/1`.
    pub kind: CancelKind,
    /// The CRM's own UUID for this cancellation.
    #[serde(deserialize_with = "limits::uuid")]
    #[schemars(with = "JobId")]
    pub cancel_id: Uuid,
    /// What is taken back.
    pub consultation: CancelledConsultation,
    /// The agent who takes it back.
    pub agent: Agent,
    /// Why, for people; at most 500 characters are kept.
    #[serde(default)]
    pub reason: Option<String>,
}

/// The kind of a cancellation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum CancelKind {
    /// Version 1.
    #[serde(rename = "closure.cancel/1")]
    V1,
}

/// The consultation whose answer is taken back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct CancelledConsultation {
    /// The CRM's name for it.
    pub id: ConsultationId,
    /// The newest revision that is taken back, with every older one; a newer one may be published afterwards.
    #[serde(deserialize_with = "limits::revision")]
    #[schemars(range(min = 1, max = 1_000_000))]
    pub revision: u32,
}

impl Cancel {
    /// Reads a cancellation from the body of a message: UTF-8 JSON of at most [`JOB_BYTES_MAX`] bytes.
    pub fn decode(body: &[u8]) -> Result<Self, DecodeError> {
        Self::decode_noting(body).map(|(cancel, _)| cancel)
    }

    /// The same, with the paths of the fields that this release does not know.
    pub fn decode_noting(body: &[u8]) -> Result<Noted<Self>, DecodeError> {
        let document = Document::parse(body, JOB_BYTES_MAX)?;
        match document.kind() {
            Some("closure.cancel/1") => document.read(),
            other => Err(not_read_here(other)),
        }
    }

    /// The cancellation as the body of a message.
    pub fn encode(&self) -> Vec<u8> {
        serde_json::to_vec(self).expect("a cancellation holds only strings and numbers")
    }

    /// The kind and major version, which is also the message's `type`.
    pub fn kind(&self) -> &'static str {
        "closure.cancel/1"
    }
}
