//! What a message holds, for whoever may read letters and not see a customer's data.
//!
//! What is shown is chosen, and everything else is hidden: a field that a newer release adds, or a CRM by mistake, is
//! hidden until somebody has decided otherwise.

use closure_policy::mask;
use serde_json::{Map, Value};

/// Fields that say what a message is and nothing of any customer.
const SHOWN: [&str; 27] = [
    "at",
    "cancel_id",
    "channel",
    "clicked_at",
    "code",
    "country",
    "country_code",
    "created_at",
    "effect",
    "evidence",
    "expires_at",
    "extension",
    "fallback_job_id",
    "fallback_of",
    "id",
    "job_id",
    "kind",
    "language",
    "not_before",
    "occurred_at",
    "outcome",
    "outcome_id",
    "provider",
    "received_at",
    "scope",
    "status",
    "template",
];
/// Fields that hold a number.
const NUMBERS: [&str; 4] = ["number", "national_number", "phone", "sender"];
/// More digits than this may be a phone number, wherever they stand.
const DIGITS_MAX: usize = 6;
/// A longer word of a shown field is none of ours.
const WORD_BYTES_MAX: usize = 64;
/// A longer name of a field is none of ours.
const NAME_BYTES_MAX: usize = 32;

/// A message with everything hidden that is a customer's; nothing where it is no JSON object.
pub fn body(bytes: &[u8]) -> Option<Value> {
    match serde_json::from_slice(bytes) {
        Ok(Value::Object(fields)) => Some(object(fields)),
        Ok(_) | Err(_) => None,
    }
}

fn object(fields: Map<String, Value>) -> Value {
    let shown = |(name, value): (String, Value)| {
        let masked = masked(&name, value);
        (self::name(&name).to_owned(), masked)
    };
    Value::Object(fields.into_iter().map(shown).collect())
}

fn masked(name: &str, value: Value) -> Value {
    match value {
        Value::Null | Value::Bool(_) => value,
        Value::Number(number) if has_many_digits(&number.to_string()) => "(a number)".into(),
        Value::Number(number) => Value::Number(number),
        Value::String(text) => text_of(name, &text).into(),
        Value::Array(items) => items.into_iter().map(|item| masked(name, item)).collect(),
        Value::Object(fields) => object(fields),
    }
}

fn text_of(name: &str, text: &str) -> String {
    if SHOWN.contains(&name) && is_word(text) {
        return text.to_owned();
    }
    match name {
        "email" => mask::email(text),
        _ if NUMBERS.contains(&name) => mask::phone(text),
        _ => format!("({} characters)", text.chars().count()),
    }
}

/// The name of a field as anybody may see it.
pub(crate) fn name(name: &str) -> &str {
    if is_name(name) { name } else { "(a name)" }
}

/// A word that is, and holds, no address and no number.
pub(crate) fn is_word(text: &str) -> bool {
    let is_number = text.chars().all(|one| one.is_numeric() || " +-()./".contains(one));
    let is_personal = (is_number && has_many_digits(text))
        || text.contains(['@', '\u{ff20}'])
        || mask::names_somebody(text);
    text.len() <= WORD_BYTES_MAX && !is_personal
}

/// Whether its digits may be a phone number.
pub(crate) fn has_many_digits(text: &str) -> bool {
    digits(text) > DIGITS_MAX
}

fn is_name(name: &str) -> bool {
    name.len() <= NAME_BYTES_MAX
        && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
        && !has_many_digits(name)
}

fn digits(text: &str) -> usize {
    text.chars().filter(|one| one.is_numeric()).count()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::body;

    #[test]
    fn a_job_shows_what_it_is_and_hides_whom_and_what_it_says() {
        let job = json!({
            "kind": "closure.sms/1",
            "job_id": "8f0c6a1e-27b4-4d63-9a51-000000000001",
            "consultation": { "id": "C-20261122-000001", "channel": "board", "revision": 1 },
            "to": {
                "phone": { "country_code": "84", "national_number": "0912345678", "number": "+84912345678" },
                "email": "minsu@example.com",
                "name": "김민수",
            },
            "sms": { "text": "Your refund was completed.", "template": "vn-answer", "variables": { "ticket": "A1042" } },
        });
        let shown = body(job.to_string().as_bytes()).expect("it is an object");
        assert_eq!(
            shown,
            json!({
                "kind": "closure.sms/1",
                "job_id": "8f0c6a1e-27b4-4d63-9a51-000000000001",
                "consultation": { "id": "C-20261122-000001", "channel": "board", "revision": 1 },
                "to": {
                    "phone": { "country_code": "84", "national_number": "******5678", "number": "+84 ******5678" },
                    "email": "m***@example.com",
                    "name": "(3 characters)",
                },
                "sms": { "text": "(26 characters)", "template": "vn-answer", "variables": { "ticket": "(5 characters)" } },
            })
        );
    }

    #[test]
    fn what_stands_where_it_does_not_belong_is_hidden_too() {
        for wrong in [
            json!({ "id": "minsu@example.com" }),
            json!({ "id": "+84 912 345 678" }),
            json!({ "id": "번호84912345678로" }),
            json!({ "id": 84_912_345_678_u64 }),
            json!({ "number": ["+84912345678"] }),
            json!({ "84912345678": 1 }),
            json!({ "minsu@example.com": 1 }),
            json!({ "later": { "text": "84912345678" } }),
            json!({ "kind": "84912345678 is what minsu@example.com has".repeat(3) }),
        ] {
            let shown = body(wrong.to_string().as_bytes()).expect("it is an object").to_string();
            for personal in ["12345678", "345 678", "minsu"] {
                assert!(!shown.contains(personal), "{wrong} shows {shown}");
            }
        }
        assert_eq!(body(b"+84912345678"), None);
        assert_eq!(body(b"\xff"), None);
    }
}
