//! `fleet dead diff`: what differs between two editions of a letter's message, field by field and masked.

use std::collections::BTreeMap;

use closure_policy::mask;
use closure_store::{DeadLetterId, LetterEdition};
use serde::Serialize;
use serde_json::Value;

use super::{
    Failure, Invocation,
    dead::{no_such, subject},
    show_as,
};
use crate::{desk::Act, output};

/// Fields that say neither who the customer is nor what they read.
const PLAIN: &[&str] = &[
    "kind",
    "job_id",
    "consultation.id",
    "consultation.channel",
    "consultation.revision",
    "agent.id",
    "agent.extension",
    "scope",
    "to.phone.country_code",
    "to.phone.country_hint",
    "to.phone.form",
    "sms.template",
    "sms.sender",
    "fallback_of.job_id",
    "fallback_of.reason",
    "not_before",
    "expires_at",
    "clicked_at",
];
/// Fields that are a phone number.
const PHONES: &[&str] = &["to.phone.number", "to.phone.national_number"];
/// Fields that are an address.
const ADDRESSES: &[&str] = &["to.email"];
/// What stands for a field that an edition has not.
const ABSENT: &str = "absent";

/// One field that differs.
#[derive(Debug, PartialEq, Eq, Serialize)]
struct Differing {
    field: String,
    from: String,
    to: String,
}

#[derive(Debug, Serialize)]
struct Diff<'a> {
    letter: DeadLetterId,
    from: Side<'a>,
    to: Side<'a>,
    differences: Vec<Differing>,
}

/// Which edition it is, and whose.
#[derive(Debug, Serialize)]
struct Side<'a> {
    edition: u32,
    made_by: Option<&'a str>,
    reason: Option<&'a str>,
    made_at: Option<String>,
}

/// Prints what differs; without numbers, between the latest edition and the one before it.
pub(super) async fn run(
    invocation: &Invocation,
    id: DeadLetterId,
    from: Option<u32>,
    to: Option<u32>,
) -> Result<(), Failure> {
    let desk = invocation.desk().await?;
    let store = desk.look(Act::CompareLetter, subject(id)).await?;
    let letter = store.dead_letter(id).await?.ok_or_else(|| no_such(id))?;
    let later = edition(id, &letter.editions, to, |_| true)?;
    let earlier = edition(id, &letter.editions, from, |edition| edition.number < later.number)?;
    let diff = Diff {
        letter: id,
        from: Side::of(earlier),
        to: Side::of(later),
        differences: differences(&earlier.body, &later.body),
    };
    show_as(invocation.style, &diff, |diff| {
        output::line(format!("letter {id}: from {} to {}", diff.from.told(), diff.to.told()));
        if diff.differences.is_empty() {
            output::line("  no field differs");
        }
        for Differing { field, from, to } in &diff.differences {
            let note = if from == to { "  (where it is masked)" } else { "" };
            output::line(format!("  {field}: {from} -> {to}{note}"));
        }
    });
    Ok(())
}

/// The edition with this number, or the latest that will do.
fn edition(
    id: DeadLetterId,
    editions: &[LetterEdition],
    number: Option<u32>,
    will_do: impl Fn(&LetterEdition) -> bool,
) -> Result<&LetterEdition, Failure> {
    let found = match number {
        Some(number) => editions.iter().find(|edition| edition.number == number),
        None => editions.iter().rev().find(|edition| will_do(edition)),
    };
    found.ok_or_else(|| {
        let numbers: Vec<String> = editions.iter().map(|edition| edition.number.to_string()).collect();
        Failure::Input(format!("letter {id} has the editions {}, and two are compared", numbers.join(", ")))
    })
}

impl<'a> Side<'a> {
    fn of(edition: &'a LetterEdition) -> Self {
        Self {
            edition: edition.number,
            made_by: edition.made_by.as_deref(),
            reason: edition.reason.as_deref(),
            made_at: edition.made_at.map(|at| at.to_string()),
        }
    }

    fn told(&self) -> String {
        match (self.made_by, self.reason) {
            (Some(actor), Some(reason)) => format!("edition {} by {actor} ({reason})", self.edition),
            _ => format!("edition {} as it came", self.edition),
        }
    }
}

/// What differs between two messages; of bytes that are no JSON object, how many there are.
fn differences(from: &[u8], to: &[u8]) -> Vec<Differing> {
    let read = |body: &[u8]| serde_json::from_slice(body).ok().filter(Value::is_object);
    let (Some(before), Some(after)) = (read(from), read(to)) else {
        let told = |body: &[u8]| format!("{} bytes", body.len());
        let bytes = Differing { field: "body".to_owned(), from: told(from), to: told(to) };
        return if from == to { Vec::new() } else { vec![bytes] };
    };
    let (mut old, mut new) = (BTreeMap::new(), BTreeMap::new());
    leaves("", &before, &mut old);
    leaves("", &after, &mut new);
    let fields: std::collections::BTreeSet<&String> = old.keys().chain(new.keys()).collect();
    let changed = fields.into_iter().filter(|field| old.get(*field) != new.get(*field));
    changed
        .map(|field| Differing {
            field: field.clone(),
            from: old.get(field).map_or_else(|| ABSENT.to_owned(), |value| shown(field, value)),
            to: new.get(field).map_or_else(|| ABSENT.to_owned(), |value| shown(field, value)),
        })
        .collect()
}

/// Every value that has no others in it, by its path; null is as good as absent, as in a job.
fn leaves<'a>(path: &str, value: &'a Value, found: &mut BTreeMap<String, &'a Value>) {
    let below = |name: &str| if path.is_empty() { name.to_owned() } else { format!("{path}.{name}") };
    match value {
        Value::Null => {}
        Value::Object(fields) => fields.iter().for_each(|(name, value)| leaves(&below(name), value, found)),
        Value::Array(items) => {
            items
                .iter()
                .enumerate()
                .for_each(|(index, item)| leaves(&below(&index.to_string()), item, found));
        }
        Value::Bool(_) | Value::Number(_) | Value::String(_) => {
            found.insert(path.to_owned(), value);
        }
    }
}

/// A value as a person may see it in a list of changes: a recipient masked, and of a text how long it is.
fn shown(field: &str, value: &Value) -> String {
    match value {
        value if PLAIN.contains(&field) => output::word(value),
        Value::String(number) if PHONES.contains(&field) => mask::phone(number),
        Value::String(address) if ADDRESSES.contains(&field) => mask::email(address),
        Value::String(text) => format!("a text of {} characters", text.chars().count()),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::Array(_) | Value::Object(_) => {
            "a value".to_owned()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(from: &str, to: &str) -> Vec<(String, String, String)> {
        let differing = differences(from.as_bytes(), to.as_bytes());
        differing.into_iter().map(|one| (one.field, one.from, one.to)).collect()
    }

    fn line(field: &str, from: &str, to: &str) -> (String, String, String) {
        (field.to_owned(), from.to_owned(), to.to_owned())
    }

    #[test]
    fn what_differs_is_told_field_by_field_and_shows_no_recipient_and_no_text() {
        let from = r#"{"scope":"overseas","to":{"phone":{"number":"+84912345678"},"email":null},
            "sms":{"text":"안녕하세요"},"expires_at":null,"x":1}"#;
        let to = r#"{"to":{"phone":{"number":"+84912345679"},"email":"minh@example.com"},
            "scope":"domestic","sms":{"text":"안녕히"},"x":2}"#;
        let expected = [
            line("scope", "overseas", "domestic"),
            line("sms.text", "a text of 5 characters", "a text of 3 characters"),
            line("to.email", "absent", "m***@example.com"),
            line("to.phone.number", "+84 ******5678", "+84 ******5679"),
            line("x", "a value", "a value"),
        ];
        assert_eq!(told(from, to), expected);
    }

    #[test]
    fn the_order_of_fields_and_spaces_is_no_difference() {
        assert_eq!(told(r#"{"a":1,"b":[1,{"c":null}]}"#, "{ \"b\": [1, {}], \"a\": 1 }"), []);
    }

    #[test]
    fn of_bytes_that_are_no_object_only_their_number_is_told() {
        assert_eq!(told("{", "{}"), [line("body", "1 bytes", "2 bytes")]);
        assert_eq!(told("+84912345678", "+84912345678"), []);
    }
}
