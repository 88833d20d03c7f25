//! The shapes of NHN Cloud's requests and answers, as its `api-guide.md` (v3.0) documents them.
//!
//! Answers are read strictly where they decide something; the rest is ignored.

use serde::{Deserialize, Deserializer, Serialize};

use super::codes::SUCCESS;
use crate::sms::reported_sender::sender_field;

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct SendRequest<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) title: Option<&'a str>,
    pub(crate) body: &'a str,
    pub(crate) send_no: &'a str,
    pub(crate) sender_grouping_key: &'a str,
    pub(crate) recipient_list: [SendRecipient<'a>; 1],
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct SendRecipient<'a> {
    pub(crate) international_recipient_no: &'a str,
    pub(crate) recipient_grouping_key: &'a str,
}

/// The part that every answer has.
#[derive(Deserialize)]
pub(crate) struct Envelope {
    pub(crate) header: Header,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Header {
    pub(crate) is_successful: bool,
    pub(crate) result_code: i64,
    #[serde(default)]
    pub(crate) result_message: Option<String>,
}

/// What a header says.
pub(crate) enum Verdict {
    /// Both fields say success.
    Success,
    /// Both fields say failure.
    Failure,
    /// They contradict each other.
    Contradiction,
}

impl Header {
    pub(crate) fn verdict(&self) -> Verdict {
        match (self.is_successful, self.result_code == SUCCESS) {
            (true, true) => Verdict::Success,
            (false, false) => Verdict::Failure,
            (true, false) | (false, true) => Verdict::Contradiction,
        }
    }
}

#[derive(Deserialize)]
pub(crate) struct SendAnswer {
    pub(crate) body: SendBody,
}

#[derive(Deserialize)]
pub(crate) struct SendBody {
    pub(crate) data: SendData,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct SendData {
    pub(crate) request_id: String,
    /// 1 requesting, 2 completed, 3 failed.
    #[serde(default, deserialize_with = "text_or_number")]
    pub(crate) status_code: Option<String>,
    pub(crate) send_result_list: Vec<SendResult>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct SendResult {
    pub(crate) result_code: i64,
    #[serde(default)]
    pub(crate) result_message: Option<String>,
    pub(crate) recipient_seq: u64,
    #[serde(default)]
    pub(crate) recipient_grouping_key: Option<String>,
}

#[derive(Deserialize)]
pub(crate) struct ListAnswer {
    pub(crate) body: ListBody,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ListBody {
    pub(crate) total_count: u64,
    /// An empty result may be an empty list or nothing.
    #[serde(default)]
    pub(crate) data: Option<Vec<ListedMessage>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ListedMessage {
    pub(crate) request_id: String,
    pub(crate) recipient_seq: u64,
    #[serde(default, deserialize_with = "text_or_number")]
    pub(crate) country_code: Option<String>,
    #[serde(default, deserialize_with = "text_or_number")]
    pub(crate) msg_status: Option<String>,
    #[serde(default, deserialize_with = "text_or_number")]
    pub(crate) result_code: Option<String>,
    #[serde(default)]
    pub(crate) recipient_grouping_key: Option<String>,
    #[serde(default, rename = "sendNo", deserialize_with = "sender_field")]
    pub(crate) send_no: Option<String>,
}

/// The answer about one message.
#[derive(Deserialize)]
pub(crate) struct SingleAnswer {
    pub(crate) body: SingleBody,
}

#[derive(Deserialize)]
pub(crate) struct SingleBody {
    /// Nothing where this list does not have the message.
    #[serde(default)]
    pub(crate) data: Option<SingleMessage>,
}

/// One message, with the carrier's receipt from overseas where there is one.
#[derive(Deserialize)]
pub(crate) struct SingleMessage {
    #[serde(flatten)]
    pub(crate) row: ListedMessage,
    #[serde(default)]
    pub(crate) dlr: Option<Dlr>,
}

/// The carrier's receipt; its status may be null, which says nothing.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Dlr {
    #[serde(default)]
    pub(crate) dlr_status: Option<String>,
    #[serde(default, deserialize_with = "text_or_number")]
    pub(crate) error_code: Option<String>,
}

/// Results of messages; each row is read for itself.
#[derive(Deserialize)]
pub(crate) struct ResultsAnswer {
    pub(crate) body: ResultsBody,
}

#[derive(Deserialize)]
pub(crate) struct ResultsBody {
    #[serde(default)]
    data: serde_json::Value,
}

impl ResultsBody {
    /// The rows, whichever of its shapes the answer has: the document's sample has a list, and its table of the fields a
    /// list by name; an empty result may be an empty one of either, or nothing. Nothing is returned for any other shape.
    pub(crate) fn rows(self) -> Option<Vec<serde_json::Value>> {
        use serde_json::Value;
        match self.data {
            Value::Null => Some(Vec::new()),
            Value::Array(rows) => Some(rows),
            Value::Object(named) if named.is_empty() => Some(Vec::new()),
            Value::Object(mut named) => match named.remove("resultUpdateList")? {
                Value::Null => Some(Vec::new()),
                Value::Array(rows) => Some(rows),
                _ => None,
            },
            Value::Bool(_) | Value::Number(_) | Value::String(_) => None,
        }
    }
}

/// The gateway's reference of one message, as receipts name it too.
pub(crate) fn provider_ref(request_id: &str, recipient_seq: u64) -> Option<String> {
    const REQUEST_ID_CHARS_MAX: usize = 64;
    let fits = !request_id.is_empty()
        && request_id.len() <= REQUEST_ID_CHARS_MAX
        && request_id.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_');
    fits.then(|| format!("{request_id}:{recipient_seq}"))
}

/// A field that the document shows as text and the service may send as a number, or the other way round.
pub(crate) fn text_or_number<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<String>, D::Error> {
    use serde_json::Value;
    match Option::<Value>::deserialize(deserializer)? {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) => Ok(Some(text)),
        Some(Value::Number(number)) => Ok(Some(number.to_string())),
        Some(Value::Bool(_) | Value::Array(_) | Value::Object(_)) => {
            Err(serde::de::Error::custom("neither a text nor a number"))
        }
    }
}
