//! What `--json` prints for other people's programs, with the JSON Schemas that `docs/contract/printed` publishes.
//!
//! The number in a file's name is the version: within one, fields are added and none is taken away or changed.

use closure_contract::{Facts, schema};
use closure_store::{DeadLetter, DeadLetterAction, DeadLetterSummary, JobHistory};
use schemars::{JsonSchema, Schema, generate::SchemaSettings, transform::RecursiveTransform};
use serde::Serialize;
use serde_json::Value;

use crate::earlier::EarlierOutcome;

/// What `fleet show` prints: the latest jobs, in the order in which they began.
pub type ShownJobs = Vec<ShownJob>;
/// What `fleet dead list` prints: the latest letter first.
pub type Letters = Vec<DeadLetterSummary>;

/// What `fleet show` prints of one job.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "JobHistory")]
pub struct ShownJob {
    /// Everything that happened to it.
    #[serde(flatten)]
    pub job: JobHistory,
    /// What the CRM was told before the outcome that holds, the oldest first: at most the latest 50 outcomes, those of
    /// earlier generations included.
    pub earlier_outcomes: Vec<EarlierOutcome>,
    /// Why it stands there, as named values: for programs to count and group by.
    pub facts: Facts,
}

/// What `fleet dead show` prints: a letter with its bytes, as text where they are text, and as hexadecimal digits where
/// they are not.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Letter<'a> {
    /// What a listing shows.
    letter: &'a DeadLetterSummary,
    /// The routing key that leads to its queue.
    routing_key: &'a str,
    /// The message's own id.
    message_id: Option<&'a str>,
    /// What else is known of the message.
    headers: &'a Value,
    /// What a person can do.
    remedy: &'a str,
    /// Why it died, as named values.
    facts: &'a Facts,
    /// The original bytes, where they are UTF-8.
    body: Option<&'a str>,
    /// The original bytes in hexadecimal digits, where they are not.
    body_hex: Option<String>,
    /// What a person made of them for the latest replay.
    edited_body: Option<String>,
    /// Who did what, the latest last.
    actions: &'a [DeadLetterAction],
}

impl<'a> Letter<'a> {
    /// A letter as it is printed.
    pub fn of(letter: &'a DeadLetter, facts: &'a Facts) -> Self {
        let (body, body_hex) = match std::str::from_utf8(&letter.body) {
            Ok(text) => (Some(text), None),
            Err(_) => (None, Some(letter.body.iter().map(|byte| format!("{byte:02x}")).collect())),
        };
        Self {
            letter: &letter.summary,
            routing_key: &letter.routing_key,
            message_id: letter.message_id.as_deref(),
            headers: &letter.headers,
            remedy: letter.summary.code.remedy(),
            facts,
            body,
            body_hex,
            edited_body: letter.replay_body.as_ref().map(|body| String::from_utf8_lossy(body).into_owned()),
            actions: &letter.actions,
        }
    }
}

/// Every schema: the name of its file in `docs/contract`, and its text.
pub fn files() -> Vec<(String, String)> {
    let file = |name: &str, schema: Schema| {
        let text = serde_json::to_string_pretty(&schema).expect("a schema is JSON");
        (format!("printed/{name}.schema.json"), text + "\n")
    };
    vec![
        file("show.1", schema_of::<ShownJobs>()),
        file("dead-list.1", schema_of::<Letters>()),
        file("dead-show.1", schema_of::<Letter<'_>>()),
    ]
}

fn schema_of<T: JsonSchema>() -> Schema {
    let settings = SchemaSettings::draft2020_12().with_transform(RecursiveTransform(schema::plain));
    settings.for_serialize().into_generator().into_root_schema_for::<T>()
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    #[test]
    fn the_published_schemas_of_what_is_printed_are_those_of_the_types() {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/contract");
        for (name, made) in files() {
            let published = std::fs::read_to_string(folder.join(&name));
            assert_eq!(published.ok(), Some(made), "{name}; run: fleet schema docs/contract");
        }
    }
}
