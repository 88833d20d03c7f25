//! The published contract: the JSON Schemas (draft 2020-12) of the messages, made from the types that read them, and
//! the AsyncAPI document beside them.

use schemars::{Schema, generate::SchemaSettings, transform::RecursiveTransform};
use serde_json::Value;

use crate::{
    asyncapi,
    cancel_outcome::CancelOutcome,
    job::{Cancel, DialJob, EmailJob, SmsJob},
    outcome::Outcome,
    receipt::{Receipt, Submission},
};

/// Every message kind with its schema, by the name of its file: `closure.sms.1` and so on.
pub fn all() -> Vec<(&'static str, Schema)> {
    let settings = SchemaSettings::draft2020_12().with_transform(RecursiveTransform(plain));
    let of = |name, make: fn(schemars::SchemaGenerator) -> Schema| {
        let mut schema = make(settings.clone().into_generator());
        // What is tolerated is said where a reader looks for it.
        schema.insert("additionalProperties".to_owned(), true.into());
        schema.insert(
            "$comment".to_owned(),
            "Unknown fields are tolerated in every object, so that a later release can add some; formats are asserted."
                .into(),
        );
        (name, schema)
    };
    vec![
        of("closure.sms.1", |generator| generator.into_root_schema_for::<SmsJob>()),
        of("closure.email.1", |generator| generator.into_root_schema_for::<EmailJob>()),
        of("closure.dial.1", |generator| generator.into_root_schema_for::<DialJob>()),
        of("closure.cancel.1", |generator| generator.into_root_schema_for::<Cancel>()),
        of("closure.outcome.1", |generator| generator.into_root_schema_for::<Outcome>()),
        of("closure.cancel-outcome.1", |generator| generator.into_root_schema_for::<CancelOutcome>()),
        of("closure.receipt.1", |generator| generator.into_root_schema_for::<Receipt>()),
        of("closure.submission.1", |generator| generator.into_root_schema_for::<Submission>()),
    ]
}

/// Every generated file of `docs/contract`: its name and its text.
pub fn files() -> Vec<(String, String)> {
    const JSON: &str = "a schema is JSON";
    let mut files: Vec<(String, String)> = all()
        .into_iter()
        .map(|(name, schema)| {
            let text = serde_json::to_string_pretty(&schema).expect(JSON);
            (format!("{name}.schema.json"), text + "\n")
        })
        .collect();
    let document = serde_json::to_string_pretty(&asyncapi::document()).expect(JSON);
    files.push(("asyncapi.json".to_owned(), document + "\n"));
    files
}

/// A message as a document shows it: without the times that a job need not have, which would soon be over.
pub fn example(fixture: &str) -> Value {
    let mut example: Value = serde_json::from_str(fixture).expect("a fixture is JSON");
    if let Some(fields) = example.as_object_mut() {
        for time in ["not_before", "expires_at", "clicked_at"] {
            fields.remove(time);
        }
    }
    example
}

/// A schema that every validator takes, a strict one too.
pub fn plain(schema: &mut Schema) {
    single_choice(schema);
    // A width of integers is no format of JSON Schema; minimum and maximum stand beside it.
    if schema
        .get("format")
        .and_then(serde_json::Value::as_str)
        .is_some_and(|format| format.starts_with("uint"))
    {
        schema.remove("format");
    }
}

/// A choice between one constant is that constant.
fn single_choice(schema: &mut Schema) {
    let only = match schema.get("oneOf").and_then(serde_json::Value::as_array).map(Vec::as_slice) {
        Some([only]) => only.get("const").cloned(),
        Some(_) | None => None,
    };
    if let Some(constant) = only {
        schema.remove("oneOf");
        schema.insert("type".to_owned(), "string".into());
        schema.insert("const".to_owned(), constant);
    }
}
