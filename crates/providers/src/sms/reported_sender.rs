//! The sender that a gateway says a text message had (R12).
//!
//! Networks abroad change senders as they like, and nothing follows from it: whatever stands in the field, the receipt
//! or the look-up around it is read, and what could be no sender is left out.

use serde::{Deserialize, Deserializer};
use serde_json::Value;

/// A number has at most 15 digits and a name 11 characters; some networks put a prefix of their own before a name.
const CHARS_MAX: usize = 20;

/// A gateway's text, if it could be a sender.
pub(crate) fn reported_sender(text: &str) -> Option<String> {
    let text = text.trim();
    let is_sender = !text.is_empty()
        && text.chars().count() <= CHARS_MAX
        && text.chars().all(|char| char.is_alphanumeric() || char.is_ascii_graphic() || char == ' ');
    is_sender.then(|| text.to_owned())
}

/// A field of JSON of whatever type, because no type of it may cost the message around it.
pub(crate) fn sender_field<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<String>, D::Error> {
    Ok(match Value::deserialize(deserializer)? {
        Value::String(text) => reported_sender(&text),
        Value::Number(number) => reported_sender(&number.to_string()),
        Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => None,
    })
}
