//! The shapes of Sinch's requests, answers and reports, as its OpenAPI document of SMS v1 describes them.

use closure_contract::ClientRef;
use serde::{Deserialize, Serialize};

use crate::sms::reported_sender::sender_field;

/// A batch's id has 26 characters, and no document says that it stays so.
const BATCH_ID_CHARS_MAX: usize = 64;

/// A batch of one message.
#[derive(Serialize)]
pub(crate) struct SendRequest<'a> {
    #[serde(rename = "type")]
    pub(crate) kind: &'static str,
    pub(crate) from: &'a str,
    pub(crate) to: [&'a str; 1],
    pub(crate) body: &'a str,
    pub(crate) delivery_report: &'static str,
    pub(crate) expire_at: String,
    pub(crate) callback_url: &'a str,
    pub(crate) client_reference: &'a str,
}

/// A batch, as an answer or in a list.
///
/// Its recipients and its text come back too, and nobody needs them.
#[derive(Deserialize)]
pub(crate) struct Batch {
    #[serde(default)]
    pub(crate) id: Option<String>,
    #[serde(rename = "type")]
    pub(crate) kind: String,
    #[serde(default)]
    pub(crate) client_reference: Option<String>,
    #[serde(default)]
    pub(crate) canceled: Option<bool>,
    #[serde(default, deserialize_with = "sender_field")]
    pub(crate) from: Option<String>,
}

/// One page of a list.
#[derive(Deserialize)]
pub(crate) struct Batches {
    /// How many there are on all pages.
    pub(crate) count: u64,
    pub(crate) batches: Vec<Batch>,
}

/// What became of a batch, by its states.
#[derive(Deserialize)]
pub(crate) struct BatchReport {
    pub(crate) batch_id: String,
    pub(crate) statuses: Vec<CountedStatus>,
}

/// So many messages of a batch are in one state.
#[derive(Deserialize)]
pub(crate) struct CountedStatus {
    pub(crate) code: i64,
    pub(crate) status: String,
    pub(crate) count: u64,
}

/// What a callback is about.
#[derive(Deserialize)]
pub(crate) struct Event {
    #[serde(rename = "type")]
    pub(crate) kind: String,
}

/// A callback about one message.
#[derive(Deserialize)]
pub(crate) struct RecipientReport {
    pub(crate) batch_id: String,
    pub(crate) code: i64,
    pub(crate) status: String,
    #[serde(default)]
    pub(crate) client_reference: Option<String>,
    #[serde(default)]
    pub(crate) at: Option<String>,
    #[serde(default)]
    pub(crate) operator_status_at: Option<String>,
    #[serde(default, deserialize_with = "sender_field")]
    pub(crate) applied_originator: Option<String>,
}

/// The body of a 400 and of a 403.
#[derive(Deserialize)]
pub(crate) struct ApiError {
    pub(crate) code: String,
    #[serde(default)]
    pub(crate) text: Option<String>,
}

/// The id of a batch, if it may be one: it becomes part of a path.
pub(crate) fn batch_id(text: &str) -> Option<&str> {
    let is_id = !text.is_empty()
        && text.len() <= BATCH_ID_CHARS_MAX
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte));
    is_id.then_some(text)
}

/// Whether this is the reference that we gave.
pub(crate) fn is_ours(reference: Option<&str>, client_ref: ClientRef) -> bool {
    reference.and_then(|text| text.parse().ok()) == Some(client_ref)
}
