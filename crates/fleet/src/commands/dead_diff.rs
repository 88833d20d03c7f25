//! `fleet dead diff`: what differs between two editions of a letter's message, field by field and masked.

use std::collections::{BTreeMap, BTreeSet};

use closure_contract::{Language, Words};
use closure_policy::mask;
use closure_store::{DeadLetterId, LetterEdition};
use serde::Serialize;
use serde_json::Value;

use super::{
    Failure, Invocation,
    dead::{no_such, subject},
    show_as,
};
use crate::{
    desk::{Act, masked},
    output,
    words::say,
};

/// Fields of our ids and times, which have as many digits as a number.
const IDS: &[&str] =
    &["job_id", "consultation.id", "fallback_of.job_id", "not_before", "expires_at", "clicked_at"];
/// Fields that say neither who the customer is nor what they read.
const PLAIN: &[&str] = &[
    "kind",
    "consultation.channel",
    "consultation.revision",
    "agent.id",
    "agent.extension",
    "scope",
    "to.phone.country_code",
    "to.phone.country_hint",
    "to.phone.form",
    "sms.template",
    "fallback_of.reason",
];
/// Fields that are a phone number.
const PHONES: &[&str] = &["to.phone.number", "to.phone.national_number", "sms.sender"];
/// Fields that are an address.
const ADDRESSES: &[&str] = &["to.email"];
/// One field that differs.
#[derive(Debug, PartialEq, Eq, Serialize)]
struct Differing {
    field: String,
    from: Shown,
    to: Shown,
}

/// A value as a person may see it in a list of changes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(into = "String")]
enum Shown {
    /// An edition has no such field.
    Absent,
    /// As it is, or masked.
    As(String),
    /// A text, by its length in characters.
    Text(usize),
    /// Bytes that are no JSON object, by how many there are.
    Bytes(usize),
    /// Anything else.
    Hidden,
}

impl Shown {
    fn told(&self, language: Language) -> String {
        match self {
            Self::Absent => Words::of("absent", "없음").in_language(language).to_owned(),
            Self::As(value) => value.clone(),
            Self::Text(count) => say!(language, "a text of {count} characters", "{count}자"),
            Self::Bytes(count) => say!(language, "{count} bytes", "{count}바이트"),
            Self::Hidden => Words::of("a value", "가려진 값").in_language(language).to_owned(),
        }
    }
}

/// Programs read the same in every language.
impl From<Shown> for String {
    fn from(shown: Shown) -> Self {
        shown.told(Language::English)
    }
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
    let language = invocation.language;
    show_as(invocation.style, &diff, |diff| {
        let (from, to) = (diff.from.told(language), diff.to.told(language));
        output::line(say!(language, "letter {id}: from {from} to {to}", "건 {id}: {from} → {to}"));
        if diff.differences.is_empty() {
            let none = Words::of("  no field differs", "  다른 필드가 없습니다");
            output::line(none.in_language(language));
        }
        for Differing { field, from, to } in &diff.differences {
            let is_masked = Words::of("  (where it is masked)", "  (가려진 부분이 다름)");
            let note = if from == to { is_masked.in_language(language) } else { "" };
            let (from, to) = (from.told(language), to.told(language));
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

    fn told(&self, language: Language) -> String {
        let number = self.edition;
        match (self.made_by, self.reason) {
            (Some(actor), Some(reason)) => {
                say!(
                    language,
                    "edition {number} by {actor} ({reason})",
                    "내용 {number}(처리자 {actor}: {reason})"
                )
            }
            _ => say!(language, "edition {number} as it came", "내용 {number}(받은 그대로)"),
        }
    }
}

/// What differs between two messages; of bytes that are no JSON object, how many there are.
fn differences(from: &[u8], to: &[u8]) -> Vec<Differing> {
    let read = |body: &[u8]| serde_json::from_slice(body).ok().filter(Value::is_object);
    let (Some(before), Some(after)) = (read(from), read(to)) else {
        let told = |body: &[u8]| Shown::Bytes(body.len());
        let bytes = Differing { field: "body".to_owned(), from: told(from), to: told(to) };
        return if from == to { Vec::new() } else { vec![bytes] };
    };
    let (mut old, mut new) = (BTreeMap::new(), BTreeMap::new());
    leaves(&[], &before, &mut old);
    leaves(&[], &after, &mut new);
    let paths: BTreeSet<&Vec<String>> = old.keys().chain(new.keys()).collect();
    let changed = paths.into_iter().filter(|path| old.get(*path) != new.get(*path));
    changed
        .map(|path| {
            let names: Vec<&str> = path.iter().map(|name| masked::name(name)).collect();
            let field = names.join(".");
            let side = |leaves: &BTreeMap<Vec<String>, &Value>| {
                leaves.get(path).map_or(Shown::Absent, |value| shown(&field, value))
            };
            let (from, to) = (side(&old), side(&new));
            Differing { field, from, to }
        })
        .collect()
}

/// Every value that has no others in it, by its path; null is as good as absent, as in a job.
fn leaves<'a>(path: &[String], value: &'a Value, found: &mut BTreeMap<Vec<String>, &'a Value>) {
    let below = |name: String| [path, &[name]].concat();
    match value {
        Value::Null => {}
        Value::Object(fields) => {
            fields.iter().for_each(|(name, value)| leaves(&below(name.clone()), value, found));
        }
        Value::Array(items) => {
            let numbered = items.iter().enumerate();
            numbered.for_each(|(index, item)| leaves(&below(index.to_string()), item, found));
        }
        Value::Bool(_) | Value::Number(_) | Value::String(_) => {
            found.insert(path.to_vec(), value);
        }
    }
}

/// A recipient masked, of a text how long it is, and what is neither only where it can hold none of both.
fn shown(field: &str, value: &Value) -> Shown {
    let word = output::word(value);
    let is_plain = masked::is_word(&word)
        && (IDS.contains(&field) || (PLAIN.contains(&field) && !masked::has_many_digits(&word)));
    match value {
        Value::String(number) if PHONES.contains(&field) => Shown::As(mask::phone(number)),
        Value::String(address) if ADDRESSES.contains(&field) => Shown::As(mask::email(address)),
        _ if is_plain => Shown::As(word),
        Value::String(text) => Shown::Text(text.chars().count()),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::Array(_) | Value::Object(_) => Shown::Hidden,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(from: &str, to: &str) -> Vec<(String, String, String)> {
        let differing = differences(from.as_bytes(), to.as_bytes());
        differing.into_iter().map(|one| (one.field, one.from.into(), one.to.into())).collect()
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
    fn what_stands_where_it_does_not_belong_is_hidden() {
        let to = r#"{"to":{"phone":{"country_code":"84912345678"}},"agent":{"id":"minsu@example.com","extension":"a84912345678"},
            "+84912345678":1,"consultation":{"id":"C-20261122-000001","revision":84912345678},
            "consultation.id":"x","sms":{"sender":"+84912345678","template":"vn-answer"},
            "expires_at":"2026-11-30T09:00:00Z","job_id":"84912345678"}"#;
        let expected = [
            line("(a name)", "absent", "a value"),
            line("agent.extension", "absent", "a text of 12 characters"),
            line("agent.id", "absent", "a text of 17 characters"),
            line("consultation.id", "absent", "C-20261122-000001"),
            line("consultation.revision", "absent", "a value"),
            line("(a name)", "absent", "a text of 1 characters"),
            line("expires_at", "absent", "2026-11-30T09:00:00Z"),
            line("job_id", "absent", "a text of 11 characters"),
            line("sms.sender", "absent", "+84 ******5678"),
            line("sms.template", "absent", "vn-answer"),
            line("to.phone.country_code", "absent", "a text of 11 characters"),
        ];
        assert_eq!(told("{}", to), expected);
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
