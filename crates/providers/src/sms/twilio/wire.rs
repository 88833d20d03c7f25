//! The shapes of Twilio's requests and answers, as its OpenAPI document of 2010-04-01 describes them.

use std::time::Duration;

use closure_contract::ClientRef;
use serde::Deserialize;

use crate::sms::reported_sender::sender_field;

/// The field of the receipts' address that carries our reference.
const REFERENCE_FIELD: &str = "ref";
/// How Twilio brings a receipt, as its page "Webhooks connection overrides" lets an address say after a `#`.
///
/// By itself Twilio tries again once, and only where it found nobody to connect to, so that one answer of 503 or one slow
/// answer loses a receipt for good.
/// So it is told to try five times more (`rc`, the most there is) whatever went wrong (`rp`), to give a connection two
/// seconds (`ct`) and an answer three (`rt`), and to spend the whole of the fifteen seconds (`tt`) that it has at most.
/// The fragment is neither sent nor signed.
const CONNECTION_OVERRIDES: &str = "#rc=5&rp=all&ct=2000&rt=3000&tt=15000";
/// A callback is answered within this, so that the answer arrives before Twilio gives up a try (`rt`).
pub(crate) const CALLBACK_ANSWER_MAX: Duration = Duration::from_secs(2);
/// A SID is two letters and 32 hexadecimal digits.
const SID_CHARS: usize = 34;

/// A Message resource, as an answer or in a list.
#[derive(Deserialize)]
pub(crate) struct Message {
    pub(crate) sid: Option<String>,
    pub(crate) status: String,
    #[serde(default)]
    pub(crate) error_code: Option<i64>,
    #[serde(default)]
    pub(crate) to: Option<String>,
    #[serde(default)]
    pub(crate) body: Option<String>,
    #[serde(default)]
    pub(crate) direction: Option<String>,
    #[serde(default, deserialize_with = "sender_field")]
    pub(crate) from: Option<String>,
    #[serde(default)]
    pub(crate) date_created: Option<String>,
}

/// One page of a list.
#[derive(Deserialize)]
pub(crate) struct Page {
    pub(crate) messages: Vec<Message>,
    /// Where the next page is, below the host; every page says whether there is one.
    #[serde(deserialize_with = "present")]
    pub(crate) next_page_uri: Option<String>,
}

/// The body of a refusal.
#[derive(Deserialize)]
pub(crate) struct ApiError {
    pub(crate) code: i64,
    #[serde(default)]
    pub(crate) message: Option<String>,
}

/// A field that may be null and may not be missing.
fn present<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Option<String>, D::Error> {
    Option::deserialize(deserializer)
}

/// The SID of a message, if it is one.
pub(crate) fn message_sid(text: &str) -> Option<&str> {
    ["SM", "MM"].iter().any(|kind| is_sid(kind, text)).then_some(text)
}

/// Whether a text is the SID of such a resource.
pub(crate) fn is_sid(kind: &str, text: &str) -> bool {
    text.len() == SID_CHARS
        && text.strip_prefix(kind).is_some_and(|rest| rest.bytes().all(|byte| byte.is_ascii_hexdigit()))
}

/// The address for the receipts of one attempt: Twilio takes no reference of ours, so that it travels here.
pub(crate) fn receipt_address(receipt_url: &str, client_ref: ClientRef) -> String {
    format!("{receipt_url}?{REFERENCE_FIELD}={client_ref}{CONNECTION_OVERRIDES}")
}

/// Our reference in the query of such an address.
pub(crate) fn reference(query: &str) -> Option<ClientRef> {
    let mut fields = form_urlencoded::parse(query.as_bytes());
    fields.find(|(name, _)| name == REFERENCE_FIELD).and_then(|(_, value)| value.parse().ok())
}
