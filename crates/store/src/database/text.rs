//! Text from outside, made fit for a column.

use serde_json::Value;

/// A text for people has at most this many characters in the database.
const DETAIL_CHARS_MAX: usize = 1_000;
/// A provider's reference has at most this many characters in the database.
const REFERENCE_CHARS_MAX: usize = 256;

/// A text without the one character that PostgreSQL cannot hold, cut to the column's length.
///
/// A provider's answer must never be what keeps a settlement from being written.
pub(crate) fn detail(text: &str) -> String {
    text.chars().take(DETAIL_CHARS_MAX).map(storable).collect()
}

/// The same for an optional text.
pub(crate) fn optional(text: Option<&str>) -> Option<String> {
    text.map(detail)
}

/// The same for a provider's reference, which is in an index and therefore shorter.
pub(crate) fn reference(text: &str) -> String {
    text.chars().take(REFERENCE_CHARS_MAX).map(storable).collect()
}

/// The same for every text within a JSON value, uncut.
pub(crate) fn json(value: Value) -> Value {
    match value {
        Value::String(text) if text.contains('\0') => Value::String(text.chars().map(storable).collect()),
        Value::Array(items) => Value::Array(items.into_iter().map(json).collect()),
        Value::Object(fields) => {
            let clean = |(key, value): (String, Value)| (key.chars().map(storable).collect(), json(value));
            Value::Object(fields.into_iter().map(clean).collect())
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => value,
    }
}

fn storable(character: char) -> char {
    if character == '\0' { char::REPLACEMENT_CHARACTER } else { character }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_database_cannot_hold_is_replaced_everywhere() {
        assert_eq!(detail("a\0b"), "a\u{fffd}b");
        let value = serde_json::json!({ "k\0": ["x\0", 1, { "y": "\0" }] });
        assert!(!json(value).to_string().contains("\\u0000"));
        assert_eq!(detail(&"가".repeat(5_000)).chars().count(), DETAIL_CHARS_MAX);
    }
}
