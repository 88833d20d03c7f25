//! The wrong messages of `tests/wrong/messages.jsonl`: each with the code, the field and a word of the answer to it.

use base64::Engine as _;
use closure_contract::JobId;
use serde_json::{Map, Value, json};
use time::{OffsetDateTime, format_description::well_known::Rfc3339};
use uuid::Uuid;

use crate::harness::jobs;

/// One wrong message, and what is said of it.
pub struct Wrong {
    /// What is wrong, for people.
    pub name: String,
    /// The kind that it is made from, if it is a message with a mistake rather than other bytes.
    pub base: Option<String>,
    /// Its bytes.
    pub body: Vec<u8>,
    /// The id of its job, where the mistake has left it alone.
    pub job: Option<JobId>,
    /// The failure code.
    pub code: String,
    /// The field that is named.
    pub path: Option<String>,
    /// A word of the answer.
    pub says: Option<String>,
}

/// Every wrong message; one is a line of the file, with a `base` and what is `set` in it and `drop`ped from it, or `raw`
/// text, or bytes in `base64`. A time such as `@+60` lies so many seconds in the future.
pub fn messages() -> Vec<Wrong> {
    include_str!("../wrong/messages.jsonl")
        .lines()
        .map(|line| wrong(&serde_json::from_str(line).expect("a line of the table is JSON")))
        .collect()
}

fn wrong(row: &Value) -> Wrong {
    let text = |name: &str| row[name].as_str().map(str::to_owned);
    let base = text("base");
    let (body, job) = match (&base, text("raw"), text("base64")) {
        (Some(base), None, None) => changed(base, row),
        (None, Some(raw), None) => (raw.into_bytes(), None),
        (None, None, Some(bytes)) => {
            (base64::engine::general_purpose::STANDARD.decode(bytes).expect("it is base64"), None)
        }
        _ => panic!("a row has one of base, raw and base64: {row}"),
    };
    Wrong {
        name: text("name").expect("a row has a name"),
        base,
        body,
        job,
        code: text("code").expect("a row has a code"),
        path: text("path"),
        says: text("says"),
    }
}

/// A good message of a kind.
pub fn good(kind: &str) -> Value {
    let mut message = match kind {
        "sms" => jobs::sms("+819012345678", "wrong@example.com"),
        "email" => jobs::email("wrong@example.com"),
        "dial" => jobs::dial("+819012345678", "1001"),
        "cancel" => json!({
            "kind": "closure.cancel/1", "cancel_id": Uuid::new_v4(), "agent": { "id": "a-1042" },
            "consultation": { "id": format!("C-{}", Uuid::new_v4()), "revision": 1 },
        }),
        other => panic!("no kind {other}"),
    };
    if kind != "cancel" && kind != "email" {
        message["to"]["phone"] = json!({ "country_code": "81", "national_number": "9012345678" });
    }
    message
}

fn changed(base: &str, row: &Value) -> (Vec<u8>, Option<JobId>) {
    let mut message = good(base);
    let own = message["job_id"].clone();
    for path in row["drop"].as_array().into_iter().flatten() {
        let (parent, name) = parent(&mut message, path.as_str().expect("a path is a text"));
        parent.remove(&name).unwrap_or_else(|| panic!("there is no {path} in {base}"));
    }
    for (path, value) in row["set"].as_object().into_iter().flatten() {
        let (parent, name) = parent(&mut message, path);
        parent.insert(name, later(value));
    }
    if let Some(bytes) = row["pad"].as_u64().and_then(|bytes| usize::try_from(bytes).ok()) {
        message["note"] = json!("x".repeat(bytes));
    }
    let job = (own.is_string() && message["job_id"] == own).then(|| jobs::id(&message));
    (message.to_string().into_bytes(), job)
}

/// The object in which a path ends, made where there is none, and the last name.
fn parent<'m>(message: &'m mut Value, path: &str) -> (&'m mut Map<String, Value>, String) {
    let mut steps: Vec<&str> = path.split('.').collect();
    let name = steps.pop().expect("a path has a name").to_owned();
    let parent = steps.into_iter().fold(message, |at, step| {
        if !at[step].is_object() {
            at[step] = json!({});
        }
        &mut at[step]
    });
    (parent.as_object_mut().expect("a path leads through objects"), name)
}

fn later(value: &Value) -> Value {
    let seconds = value.as_str().and_then(|text| text.strip_prefix("@+")?.parse().ok());
    seconds.map_or_else(
        || value.clone(),
        |seconds| {
            let at = OffsetDateTime::now_utc() + time::Duration::seconds(seconds);
            json!(at.format(&Rfc3339).expect("a near time can be written"))
        },
    )
}

/// A message of each kind with every field that there is, and every field in it beside its good value.
pub fn fields() -> Vec<(&'static str, String)> {
    const SMS: &str = "kind job_id consultation consultation.id consultation.channel consultation.revision agent agent.id \
        agent.extension scope to to.phone to.phone.country_code to.phone.national_number to.phone.number to.phone.country_hint to.phone.form \
        to.email to.language sms sms.text sms.template sms.variables sms.subject sms.sender sms.attachments fallback fallback.subject fallback.text fallback.html \
        not_before expires_at";
    const EMAIL: &str = "kind job_id consultation consultation.id consultation.channel consultation.revision agent agent.id \
        agent.extension scope to to.email to.language email email.subject email.text email.html fallback_of fallback_of.job_id not_before \
        expires_at";
    const DIAL: &str = "kind job_id consultation consultation.id consultation.channel consultation.revision agent agent.id \
        agent.extension scope to to.phone to.phone.country_code to.phone.national_number to.phone.number to.phone.country_hint to.phone.form clicked_at not_before \
        expires_at";
    const CANCEL: &str = "kind cancel_id consultation consultation.id consultation.revision agent agent.id agent.extension \
        reason";
    [("sms", SMS), ("email", EMAIL), ("dial", DIAL), ("cancel", CANCEL)]
        .into_iter()
        .flat_map(|(kind, fields)| fields.split_whitespace().map(move |field| (kind, field.to_owned())))
        .collect()
}

/// Every field with every kind of value, one message each: most of them are wrong, and some are not.
pub fn every_field_with_every_kind_of_value() -> Vec<Wrong> {
    let values = [
        Value::Null,
        json!(true),
        json!(7),
        json!(1.0),
        json!(1.5),
        json!(-1),
        json!(""),
        json!("IB"),
        json!("1"),
        json!([]),
        json!(["a"]),
        json!({}),
        json!({ "id": "a" }),
    ];
    let mut all = Vec::new();
    for (kind, field) in fields() {
        for value in &values {
            let row = json!({
                "name": format!("{kind}: {field} is {value}"), "base": kind, "set": { field.as_str(): value },
                "code": "",
            });
            all.push(wrong(&row));
        }
        if good(kind).pointer(&format!("/{}", field.replace('.', "/"))).is_some() {
            let row =
                json!({ "name": format!("{kind}: no {field}"), "base": kind, "drop": [field], "code": "" });
            all.push(wrong(&row));
        }
    }
    all
}
