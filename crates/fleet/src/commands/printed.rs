//! What `--json` prints for other people's programs, with the JSON Schemas that `docs/contract/printed` publishes.
//!
//! The number in a file's name is the version: within one, fields are added and none is taken away or changed.

use closure_contract::{Facts, Timestamp, schema};
use closure_store::{
    CountedDeliveries, DeadLetter, DeadLetterAction, DeadLetterSummary, DeathHistory, FoundDelivery,
    FoundPage, JobHistory, LetterEdition,
};
use schemars::{JsonSchema, Schema, generate::SchemaSettings, transform::RecursiveTransform};
use serde::Serialize;
use serde_json::Value;

use crate::{desk::masked, earlier::EarlierOutcome};

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

/// What `fleet find` prints: one page.
#[derive(Debug, Serialize, JsonSchema)]
pub struct FoundJobs {
    /// The deliveries, the latest first.
    pub deliveries: Vec<FoundDelivery>,
    /// Letters of jobs that no worker has had in hand, with the first page.
    pub letters: Letters,
    /// What `--after` takes for the next page, if there is one.
    pub next: Option<String>,
    /// What the search cannot see, and why.
    pub notes: Vec<String>,
}

impl FoundJobs {
    /// A page as it is printed.
    pub fn of(page: FoundPage, notes: impl FnOnce(&FoundPage) -> Vec<String>) -> Self {
        let notes = notes(&page);
        let next = page.next.map(|end| format!("{},{}", end.created_at, end.job_id));
        Self { deliveries: page.deliveries, letters: page.letters, next, notes }
    }
}

/// What `fleet history` prints.
#[derive(Debug, Serialize, JsonSchema)]
pub struct CountedHistory {
    /// The counts, in the order of what they are told apart by.
    pub rows: Vec<CountedDeliveries>,
    /// Their sum.
    pub total: u64,
    /// Whether there are more rows than these.
    pub has_more: bool,
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
    /// Where nothing is revealed, and none of the three before is told: the original bytes with every number, address and
    /// text masked; absent too where they are no JSON object.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub masked_body: Option<Value>,
    /// Who did what, the latest last.
    actions: &'a [DeadLetterAction],
    /// How it died before the last time.
    earlier_deaths: &'a [DeathHistory],
    /// Every edition of its message, the oldest first.
    editions: Vec<Edition<'a>>,
}

/// One edition of a letter's message: the generation of a job, or what was sent of any other.
#[derive(Debug, Serialize, JsonSchema)]
struct Edition<'a> {
    /// The generation of a job; of any other message, which in the order in which they were sent.
    number: u32,
    /// Whose replay made it; nothing for what came from outside.
    made_by: Option<&'a str>,
    /// Why, in that person's words.
    reason: Option<&'a str>,
    /// When it was made, where that is known.
    made_at: Option<Timestamp>,
    /// Its bytes as text; what is no UTF-8 is replaced.
    body: Option<String>,
    /// Where nothing is revealed: its bytes with every number, address and text masked; absent too where they are no JSON
    /// object.
    #[serde(skip_serializing_if = "Option::is_none")]
    masked_body: Option<Value>,
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
            masked_body: None,
            actions: &letter.actions,
            earlier_deaths: &letter.earlier_deaths,
            editions: letter.editions.iter().map(Edition::of).collect(),
        }
    }

    /// The same for whoever is to see no customer's data.
    pub fn masked(letter: &'a DeadLetter, facts: &'a Facts) -> Self {
        let (masked_body, editions) =
            (masked::body(&letter.body), letter.editions.iter().map(Edition::masked).collect());
        Self {
            body: None,
            body_hex: None,
            edited_body: None,
            masked_body,
            editions,
            ..Self::of(letter, facts)
        }
    }
}

impl<'a> Edition<'a> {
    fn of(edition: &'a LetterEdition) -> Self {
        Self {
            number: edition.number,
            made_by: edition.made_by.as_deref(),
            reason: edition.reason.as_deref(),
            made_at: edition.made_at,
            body: Some(String::from_utf8_lossy(&edition.body).into_owned()),
            masked_body: None,
        }
    }

    fn masked(edition: &'a LetterEdition) -> Self {
        Self { body: None, masked_body: masked::body(&edition.body), ..Self::of(edition) }
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
        file("find.1", schema_of::<FoundJobs>()),
        file("history.1", schema_of::<CountedHistory>()),
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
