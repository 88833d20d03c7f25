//! What waits for a person.

pub(crate) mod case;
pub(crate) mod deed;
pub(crate) mod editions;
pub(crate) mod job_letter;
pub(crate) mod record;
pub(crate) mod reopen;
pub(crate) mod replay;
pub(crate) mod replays_owed;

use std::fmt;

use bytes::Bytes;
use closure_contract::{
    Channel, ConsultationId, FailureCode, Generation, JobId, Timestamp, facts::jobs::JobFacts,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use time::{OffsetDateTime, macros::datetime};
use tokio_postgres::Row;

use self::{
    editions::{DeathHistory, LetterEdition},
    job_letter::job_key,
};
use crate::{
    database::{column_word::column_words, row::Columns},
    error::StoreError,
    store::Store,
};

/// One listing has at most this many dead letters.
const LISTED_MAX: i64 = 1_000;
/// Later than anything that has happened.
pub(crate) const LAST_MOMENT: OffsetDateTime = datetime!(9999-12-31 23:59:59 UTC);
/// One dead letter shows at most this many actions, the latest ones.
const ACTIONS_MAX: i64 = 200;

/// The number of a dead letter.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(transparent)]
pub struct DeadLetterId(pub i64);

impl fmt::Display for DeadLetterId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

column_words! {
    /// Where a dead letter stands.
    #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
    #[serde(rename_all = "snake_case")]
    pub enum DeadLetterState: "dead letter's state" {
        /// It waits for a person.
        Open = "open",
        /// It was sent again, and its end is not known.
        Replaying = "replaying",
        /// A replay brought it to an end, or the job that it only names reached the customer.
        Resolved = "resolved",
        /// A person gave it up.
        Discarded = "discarded",
    }
}

/// A message that the broker gave up, or that is no job of ours.
#[derive(Clone)]
pub struct NewDeadLetter {
    /// The work queue that it belonged to.
    pub queue: String,
    /// The routing key that it came with.
    pub routing_key: String,
    /// Why, as a code.
    pub code: FailureCode,
    /// Why, for people.
    pub detail: String,
    /// Its bytes, as they came.
    pub body: Bytes,
    /// What else is known of the message; its `generation` says which edition of a job it is.
    pub headers: Value,
    /// The job that it is a message of, where it could be worked on at all.
    pub job_id: Option<JobId>,
    /// The job that it only names: the letter is resolved when that one reaches the customer.
    pub about_job: Option<JobId>,
    /// The message's own id.
    pub message_id: Option<String>,
    /// The consultation of the job, as far as it can be read.
    pub consultation_id: Option<ConsultationId>,
    /// What it is found by; a delivery's own facts go before these.
    pub found_by: JobFacts,
}

/// Which dead letters are listed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeadLetterFilter {
    /// In this state alone.
    pub state: Option<DeadLetterState>,
    /// Of this channel alone.
    pub channel: Option<Channel>,
    /// With this code alone.
    pub code: Option<FailureCode>,
    /// Those that died before this one did, the last of the page before.
    pub before: Option<(Timestamp, DeadLetterId)>,
    /// At most so many.
    pub limit: i64,
}

impl Default for DeadLetterFilter {
    fn default() -> Self {
        Self { state: None, channel: None, code: None, before: None, limit: 100 }
    }
}

/// A dead letter in a listing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct DeadLetterSummary {
    /// Its number.
    pub id: DeadLetterId,
    /// The job, where it is one of ours.
    pub job_id: Option<JobId>,
    /// The job that it only names, where it began none.
    pub about_job: Option<JobId>,
    /// The channel, where it is known.
    pub channel: Option<Channel>,
    /// The work queue that it belonged to.
    pub queue: String,
    /// Why, as a code.
    pub code: FailureCode,
    /// Why, for people.
    pub detail: String,
    /// What the provider said of the latest try of that generation, masked, where it is more than the reason.
    pub said: Option<String>,
    /// Where it stands.
    pub state: DeadLetterState,
    /// One more with each change: a decision may name the one that it was made on.
    pub version: u32,
    /// The generation that died last.
    pub generation: Generation,
    /// How often it died.
    pub deaths: u32,
    /// When it died first.
    pub first_died_at: Timestamp,
    /// When it died last.
    pub last_died_at: Timestamp,
    /// When it was resolved or discarded.
    pub settled_at: Option<Timestamp>,
    /// When the message of the latest replay was published, or found with its worker.
    pub published_at: Option<Timestamp>,
    /// When the CRM hears that it was given up, as long as that can be taken back.
    pub announce_at: Option<Timestamp>,
}

/// A dead letter with everything that is known of it.
#[derive(Clone, PartialEq)]
pub struct DeadLetter {
    /// What a listing shows.
    pub summary: DeadLetterSummary,
    /// The routing key that leads to its queue.
    pub routing_key: String,
    /// The message's own id.
    pub message_id: Option<String>,
    /// The original bytes.
    pub body: Bytes,
    /// What a person made of them for the latest replay.
    pub replay_body: Option<Bytes>,
    /// What else is known of the message.
    pub headers: Value,
    /// Who did what, the latest last.
    pub actions: Vec<DeadLetterAction>,
    /// How it died before the last time.
    pub earlier_deaths: Vec<DeathHistory>,
    /// The bytes of every edition, the oldest first.
    pub editions: Vec<LetterEdition>,
}

/// What a person did about a dead letter.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct DeadLetterAction {
    /// `replay`, `discard` or `reopen`.
    pub action: String,
    /// Who.
    pub actor: String,
    /// Why.
    pub reason: String,
    /// The generation that a replay made, or that was discarded or opened again.
    pub generation: Generation,
    /// The version of the letter that it changed; nothing where an earlier release wrote it.
    pub letter_version: Option<u32>,
    /// When.
    pub at: Timestamp,
}

impl Store {
    /// How many letters with this code wait for a person; nothing of what stands in them is read.
    pub async fn open_letters(&self, code: FailureCode) -> Result<u64, StoreError> {
        let rows = self.database.query(COUNT_OPEN, &[&code.as_str()]).await?;
        let row = rows.first().expect("a count has one row");
        Ok(u64::try_from(Columns(row).get::<i64>("count")?).unwrap_or(0))
    }

    /// Dead letters, the one that died latest first.
    ///
    /// What waits is few and has an index of its own: the list does not slow down with what was settled.
    pub async fn dead_letters(&self, filter: DeadLetterFilter) -> Result<Vec<DeadLetterSummary>, StoreError> {
        let states: Vec<&str> = match filter.state {
            Some(state) => vec![state.as_str()],
            None => DeadLetterState::ALL.iter().map(|state| state.as_str()).collect(),
        };
        let list = match filter.state {
            Some(DeadLetterState::Open | DeadLetterState::Replaying) => LIST_WAITING,
            Some(DeadLetterState::Resolved | DeadLetterState::Discarded) | None => LIST,
        };
        let (died_at, id) = filter.before.unwrap_or((Timestamp(LAST_MOMENT), DeadLetterId(i64::MAX)));
        let rows = self
            .database
            .query(
                list,
                &[
                    &states,
                    &filter.channel.map(Channel::as_str),
                    &filter.code.map(FailureCode::as_str),
                    &died_at.0,
                    &id.0,
                    &filter.limit.clamp(0, LISTED_MAX),
                ],
            )
            .await?;
        rows.iter().map(DeadLetterSummary::read).collect()
    }

    /// One dead letter with its bytes and its actions.
    pub async fn dead_letter(&self, id: DeadLetterId) -> Result<Option<DeadLetter>, StoreError> {
        let rows = self.database.query(ONE, &[&id.0]).await?;
        let Some(row) = rows.first() else { return Ok(None) };
        let columns = Columns(row);
        let mut letter = DeadLetter {
            summary: DeadLetterSummary::read(row)?,
            routing_key: columns.get("routing_key")?,
            message_id: columns.get("message_id")?,
            body: columns.bytes("body")?,
            replay_body: columns.maybe_bytes("replay_body")?,
            headers: columns.get("headers")?,
            actions: self.dead_letter_actions(id).await?,
            earlier_deaths: self.earlier_deaths(id).await?,
            editions: Vec::new(),
        };
        letter.editions = self.letter_editions(&letter, columns.get("is_of_job")?).await?;
        Ok(Some(letter))
    }

    pub(crate) async fn dead_letter_actions(
        &self,
        id: DeadLetterId,
    ) -> Result<Vec<DeadLetterAction>, StoreError> {
        let rows = self.database.query(ACTIONS, &[&id.0, &ACTIONS_MAX]).await?;
        rows.iter().map(DeadLetterAction::read).collect()
    }
}

macro_rules! summary_columns {
    () => {
        "l.id, l.job_id, l.about_job, l.channel, l.queue, l.code, l.detail, l.state, l.version, l.generation, l.deaths, l.first_died_at, \
         l.last_died_at, l.settled_at, l.published_at, l.announce_at, \
         (SELECT a.detail FROM attempt AS a WHERE a.job_id = l.job_id AND a.generation = l.generation \
            AND a.detail <> l.detail ORDER BY a.number DESC LIMIT 1) AS said"
    };
}
pub(crate) use summary_columns;

const COUNT_OPEN: &str = "SELECT count(*) AS count FROM dead_letter WHERE state = 'open' AND code = $1";

macro_rules! listed {
    ($state:literal) => {
        concat!(
            "SELECT ",
            summary_columns!(),
            "
FROM dead_letter AS l
WHERE ",
            $state,
            "
    AND ($2::text IS NULL OR l.channel = $2)
    AND ($3::text IS NULL OR l.code = $3)
    AND (l.last_died_at, l.id) < ($4, $5)
ORDER BY l.last_died_at DESC, l.id DESC LIMIT $6"
        )
    };
}

/// The literal states are those of the index: with a parameter alone no plan would find it.
pub(crate) const LIST_WAITING: &str =
    listed!("l.state IN ('open', 'replaying') AND l.state = ANY ($1::text[])");

/// A walk of the index for each state, as long as the page, and then the latest of all.
pub(crate) const LIST: &str = concat!(
    "SELECT found.* FROM unnest($1::text[]) AS asked (state) CROSS JOIN LATERAL (",
    listed!("l.state = asked.state"),
    ") AS found ORDER BY found.last_died_at DESC, found.id DESC LIMIT $6"
);

pub(crate) const ONE: &str = concat!(
    "SELECT ",
    summary_columns!(),
    ", l.routing_key, l.message_id, l.body, l.replay_body, l.headers, coalesce(l.key = ",
    job_key!("l.job_id"),
    ", false) AS is_of_job FROM dead_letter AS l WHERE l.id = $1"
);

pub(crate) const ACTIONS: &str = "
SELECT * FROM (
    SELECT id, action, actor, reason, generation, letter_version, at FROM dead_letter_action
    WHERE dead_letter_id = $1 ORDER BY id DESC LIMIT $2
) AS latest ORDER BY id";

impl DeadLetterSummary {
    /// Reads the columns that `summary_columns!` names.
    pub(crate) fn read(row: &Row) -> Result<Self, StoreError> {
        let columns = Columns(row);
        Ok(Self {
            id: columns.get("id").map(DeadLetterId)?,
            job_id: columns.maybe_job("job_id")?,
            about_job: columns.maybe_job("about_job")?,
            channel: columns.maybe_word("channel")?,
            queue: columns.get("queue")?,
            code: columns.code("code")?,
            detail: columns.get("detail")?,
            said: columns.get("said")?,
            state: columns.word("state")?,
            version: columns.count("version")?,
            generation: columns.generation("generation")?,
            deaths: columns.count("deaths")?,
            first_died_at: columns.time("first_died_at")?,
            last_died_at: columns.time("last_died_at")?,
            settled_at: columns.maybe_time("settled_at")?,
            published_at: columns.maybe_time("published_at")?,
            announce_at: columns.maybe_time("announce_at")?,
        })
    }
}

impl DeadLetterAction {
    pub(crate) fn read(row: &Row) -> Result<Self, StoreError> {
        let columns = Columns(row);
        Ok(Self {
            action: columns.get("action")?,
            actor: columns.get("actor")?,
            reason: columns.get("reason")?,
            generation: columns.generation("generation")?,
            letter_version: columns.maybe_count("letter_version")?,
            at: columns.time("at")?,
        })
    }
}

impl fmt::Debug for NewDeadLetter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("NewDeadLetter")
            .field("queue", &self.queue)
            .field("code", &self.code)
            .field("job_id", &self.job_id)
            .finish_non_exhaustive()
    }
}

impl fmt::Debug for DeadLetter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DeadLetter").field("summary", &self.summary).finish_non_exhaustive()
    }
}
