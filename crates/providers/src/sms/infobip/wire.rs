//! The shapes of Infobip's requests, answers and reports, as its OpenAPI document of SMS v3 describes them.

use serde::{Deserialize, Serialize};

use crate::sms::reported_sender::sender_field;

#[derive(Serialize)]
pub(crate) struct SendRequest<'a> {
    pub(crate) messages: [Message<'a>; 1],
}

#[derive(Serialize)]
pub(crate) struct Message<'a> {
    pub(crate) sender: &'a str,
    pub(crate) destinations: [Destination<'a>; 1],
    pub(crate) content: Content<'a>,
    pub(crate) options: Options,
    pub(crate) webhooks: Webhooks<'a>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Destination<'a> {
    pub(crate) to: &'a str,
    pub(crate) message_id: &'a str,
}

#[derive(Serialize)]
pub(crate) struct Content<'a> {
    pub(crate) text: &'a str,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Options {
    pub(crate) validity_period: ValidityPeriod,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ValidityPeriod {
    pub(crate) amount: u64,
    pub(crate) time_unit: &'static str,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Webhooks<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) delivery: Option<Delivery<'a>>,
    pub(crate) content_type: &'static str,
    pub(crate) callback_data: &'a str,
}

#[derive(Serialize)]
pub(crate) struct Delivery<'a> {
    pub(crate) url: &'a str,
}

#[derive(Deserialize)]
pub(crate) struct SendAnswer {
    pub(crate) messages: Vec<SentMessage>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct SentMessage {
    pub(crate) message_id: String,
    pub(crate) status: Status,
}

/// No field of it is required by the document.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Status {
    #[serde(default)]
    pub(crate) id: Option<i64>,
    #[serde(default)]
    pub(crate) name: Option<String>,
    #[serde(default)]
    pub(crate) group_id: Option<i64>,
    #[serde(default)]
    pub(crate) group_name: Option<String>,
}

/// What explains a status.
#[derive(Deserialize)]
pub(crate) struct MessageError {
    #[serde(default)]
    pub(crate) id: Option<i64>,
}

#[derive(Deserialize)]
pub(crate) struct LogAnswer {
    pub(crate) results: Vec<LoggedMessage>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct LoggedMessage {
    #[serde(default)]
    pub(crate) message_id: Option<String>,
    pub(crate) status: Status,
    #[serde(default)]
    pub(crate) error: Option<MessageError>,
    #[serde(default, deserialize_with = "sender_field")]
    pub(crate) sender: Option<String>,
}

/// The body of a 4xx.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ApiError {
    pub(crate) error_code: String,
    #[serde(default)]
    pub(crate) description: Option<String>,
    #[serde(default)]
    pub(crate) violations: Vec<Violation>,
}

#[derive(Deserialize)]
pub(crate) struct Violation {
    #[serde(default)]
    pub(crate) property: Option<String>,
}

/// A batch of reports; each element is read for itself.
#[derive(Deserialize)]
pub(crate) struct Reports {
    pub(crate) results: Vec<serde_json::Value>,
    /// Where the logs go on, if they were asked for with a cursor; what it looks like must cost no report.
    #[serde(default)]
    cursor: serde_json::Value,
}

impl Reports {
    /// The cursor of the next page; nothing on the last one.
    pub(crate) fn next_cursor(&self) -> Option<&str> {
        self.cursor.get("nextCursor")?.as_str().filter(|next| !next.is_empty())
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Report {
    #[serde(default)]
    pub(crate) message_id: Option<String>,
    pub(crate) status: Status,
    #[serde(default)]
    pub(crate) error: Option<MessageError>,
    #[serde(default)]
    pub(crate) done_at: Option<String>,
    #[serde(default)]
    pub(crate) callback_data: Option<String>,
    #[serde(default, deserialize_with = "sender_field")]
    pub(crate) sender: Option<String>,
}
