//! What happened, for people: without bodies, recipients or the record of calls.

pub(crate) mod summary;

use closure_contract::{
    AttemptNumber, Channel, ClientRef, ConsultationId, Evidence, FailureCode, Generation, JobId, Provider,
    ReceiptStatus, Timestamp,
};
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::Value;
use tokio_postgres::Row;

use crate::{
    database::row::Columns,
    dead_letters::{
        DeadLetterAction, DeadLetterSummary,
        editions::{DeathHistory, EditionHistory},
        summary_columns,
    },
    delivery::{
        snapshot::{Snapshot, snapshot_columns},
        state::DeliveryState,
    },
    error::StoreError,
    store::Store,
};

/// A story tells at most this many attempts, and as many receipts and dead letters, the latest ones.
const TOLD_MAX: i64 = 200;
/// A consultation tells at most this many jobs, the latest ones.
const JOBS_MAX: i64 = 50;

/// Everything that happened to one job.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct JobHistory {
    /// The job.
    pub job_id: JobId,
    /// What carries it.
    pub channel: Channel,
    /// Kind and major version.
    pub kind: String,
    /// The consultation that it closes.
    pub consultation_id: ConsultationId,
    /// Which edition of the answer.
    pub revision: u32,
    /// Which edition of the job.
    pub generation: Generation,
    /// Where it stands.
    pub state: DeliveryState,
    /// Why, as a code.
    pub code: Option<FailureCode>,
    /// Why, for people.
    pub detail: Option<String>,
    /// What a `delivered` is worth.
    pub evidence: Evidence,
    /// How many times a provider was tried in this generation.
    pub attempts: u32,
    /// Every rule that had a say.
    pub rules: Value,
    /// Of a fallback email: the SMS that it stands in for.
    pub source_job_id: Option<JobId>,
    /// Of an SMS: the email that answers in its place.
    pub fallback_job_id: Option<JobId>,
    /// Of an SMS: an email is due in its place and held back since then.
    pub held_since: Option<Timestamp>,
    /// When it was first claimed or made.
    pub created_at: Timestamp,
    /// When it changed last.
    pub updated_at: Timestamp,
    /// When a provider took it.
    pub accepted_at: Option<Timestamp>,
    /// When silence begins to count as an answer.
    pub receipt_due_at: Option<Timestamp>,
    /// When it came to an end.
    pub ended_at: Option<Timestamp>,
    /// Of an SMS: the sender that its provider was asked to show.
    pub sender_asked: Option<String>,
    /// Of an SMS: the sender that its provider says it had.
    pub sender_reported: Option<String>,
    /// Every try, of every generation.
    pub tries: Vec<AttemptHistory>,
    /// Every receipt, of every generation.
    pub receipts: Vec<ReceiptHistory>,
    /// The generations before this one, as they ended.
    pub earlier_editions: Vec<EditionHistory>,
    /// Its dead letters, and what people did about them.
    pub dead_letters: Vec<DeadLetterHistory>,
}

/// One try at a provider.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct AttemptHistory {
    /// The generation that it belongs to.
    pub generation: Generation,
    /// Its number within the generation.
    pub number: AttemptNumber,
    /// Our name for it towards the provider.
    pub client_ref: ClientRef,
    /// Who was tried.
    pub provider: Provider,
    /// The provider's own reference.
    pub provider_ref: Option<String>,
    /// `sending`, `accepted`, `failed` or `in_doubt`.
    pub state: String,
    /// Why, as a code.
    pub code: Option<FailureCode>,
    /// Why, for people.
    pub detail: Option<String>,
    /// When it began.
    pub started_at: Timestamp,
    /// When its end became known.
    pub ended_at: Option<Timestamp>,
}

/// One word of a provider.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct ReceiptHistory {
    /// Who says it.
    pub provider: Provider,
    /// What it says.
    pub status: ReceiptStatus,
    /// What a `delivered` of it is worth.
    pub evidence: Evidence,
    /// The provider's own code.
    pub provider_code: Option<String>,
    /// The sender that it says the message had.
    pub reported_sender: Option<String>,
    /// The generation that it speaks of.
    pub generation: Option<Generation>,
    /// The attempt that it speaks of.
    pub attempt: Option<AttemptNumber>,
    /// Whether it counts: it does not where the attempt that it named is another provider's.
    pub counts: bool,
    /// When it happened, by the provider's clock.
    pub occurred_at: Option<Timestamp>,
    /// When the intake received it.
    pub received_at: Timestamp,
}

/// A dead letter with what people did about it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct DeadLetterHistory {
    /// The dead letter.
    pub letter: DeadLetterSummary,
    /// How it died before the last time.
    pub earlier_deaths: Vec<DeathHistory>,
    /// Who did what, the latest last.
    pub actions: Vec<DeadLetterAction>,
}

/// How many deliveries stand in one state.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct StateCount {
    /// The channel.
    pub channel: Channel,
    /// The state.
    pub state: DeliveryState,
    /// How many.
    pub count: u64,
}

impl Store {
    /// A delivery as it stands, its bytes included.
    pub async fn snapshot(&self, job_id: JobId) -> Result<Option<Snapshot>, StoreError> {
        let rows = self.database.query(SNAPSHOT, &[&job_id.0]).await?;
        rows.first().map(Snapshot::read).transpose()
    }

    /// Everything that happened to one job.
    pub async fn job_history(&self, job_id: JobId) -> Result<Option<JobHistory>, StoreError> {
        let deliveries = self.database.query(JOB, &[&job_id.0]).await?;
        let Some(row) = deliveries.first() else { return Ok(None) };
        let tries = self.database.query(TRIES, &[&job_id.0, &TOLD_MAX]).await?;
        let receipts = self.database.query(RECEIPTS, &[&job_id.0, &TOLD_MAX]).await?;
        let mut dead_letters = Vec::new();
        for letter in self.database.query(LETTERS, &[&job_id.0, &TOLD_MAX]).await? {
            let letter = DeadLetterSummary::read(&letter)?;
            let actions = self.dead_letter_actions(letter.id).await?;
            let earlier_deaths = self.earlier_deaths(letter.id).await?;
            dead_letters.push(DeadLetterHistory { letter, earlier_deaths, actions });
        }
        let earlier_editions = self.earlier_editions(job_id).await?;
        let tries = tries.iter().map(AttemptHistory::read).collect::<Result<_, _>>()?;
        let receipts = receipts.iter().map(ReceiptHistory::read).collect::<Result<_, _>>()?;
        story(row, tries, receipts).map(|story| Some(JobHistory { earlier_editions, dead_letters, ..story }))
    }

    /// Everything that happened to the jobs of one consultation, the oldest first.
    pub async fn consultation_history(
        &self,
        consultation: &ConsultationId,
    ) -> Result<Vec<JobHistory>, StoreError> {
        let rows = self.database.query(CONSULTATION, &[&consultation.as_str(), &JOBS_MAX]).await?;
        let mut stories = Vec::with_capacity(rows.len());
        for row in &rows {
            stories.extend(self.job_history(Columns(row).job("job_id")?).await?);
        }
        Ok(stories)
    }

    /// How many deliveries stand in each state; reads the whole table, so it is for people and tests alone.
    pub async fn counts_by_state(&self) -> Result<Vec<StateCount>, StoreError> {
        let rows = self.database.query(COUNTS, &[]).await?;
        rows.iter().map(StateCount::read).collect()
    }
}

fn story(
    row: &Row,
    tries: Vec<AttemptHistory>,
    receipts: Vec<ReceiptHistory>,
) -> Result<JobHistory, StoreError> {
    let columns = Columns(row);
    Ok(JobHistory {
        job_id: columns.job("job_id")?,
        channel: columns.word("channel")?,
        kind: columns.get("kind")?,
        consultation_id: columns.consultation("consultation_id")?,
        revision: columns.count("revision")?,
        generation: columns.generation("generation")?,
        state: columns.word("state")?,
        code: columns.maybe_code("failure_code")?,
        detail: columns.get("detail")?,
        evidence: columns.word("evidence")?,
        attempts: columns.count("attempts")?,
        rules: columns.get("rules")?,
        source_job_id: columns.maybe_job("source_job_id")?,
        fallback_job_id: columns.maybe_job("fallback_job_id")?,
        held_since: columns.maybe_time("held_since")?,
        created_at: columns.time("created_at")?,
        updated_at: columns.time("updated_at")?,
        accepted_at: columns.maybe_time("accepted_at")?,
        receipt_due_at: columns.maybe_time("receipt_due_at")?,
        ended_at: columns.maybe_time("ended_at")?,
        sender_asked: columns.get("sender_asked")?,
        sender_reported: columns.get("sender_reported")?,
        tries,
        receipts,
        earlier_editions: Vec::new(),
        dead_letters: Vec::new(),
    })
}

impl AttemptHistory {
    fn read(row: &Row) -> Result<Self, StoreError> {
        let columns = Columns(row);
        Ok(Self {
            generation: columns.generation("generation")?,
            number: columns.attempt("number")?,
            client_ref: columns.get("client_ref").map(ClientRef)?,
            provider: columns.word("provider")?,
            provider_ref: columns.get("provider_ref")?,
            state: columns.get("state")?,
            code: columns.maybe_code("failure_code")?,
            detail: columns.get("detail")?,
            started_at: columns.time("started_at")?,
            ended_at: columns.maybe_time("ended_at")?,
        })
    }
}

impl ReceiptHistory {
    fn read(row: &Row) -> Result<Self, StoreError> {
        let columns = Columns(row);
        let count = |name| -> Result<Option<u32>, StoreError> {
            Ok(columns.get::<Option<i32>>(name)?.and_then(|number| u32::try_from(number).ok()))
        };
        Ok(Self {
            provider: columns.word("provider")?,
            status: columns.word("status")?,
            evidence: columns.word("evidence")?,
            provider_code: columns.get("provider_code")?,
            reported_sender: columns.get("reported_sender")?,
            generation: count("generation")?.map(Generation),
            attempt: count("number")?.map(AttemptNumber),
            counts: columns.get("counts")?,
            occurred_at: columns.maybe_time("occurred_at")?,
            received_at: columns.time("received_at")?,
        })
    }
}

impl StateCount {
    fn read(row: &Row) -> Result<Self, StoreError> {
        let columns = Columns(row);
        Ok(Self {
            channel: columns.word("channel")?,
            state: columns.word("state")?,
            count: u64::try_from(columns.get::<i64>("count")?).unwrap_or(0),
        })
    }
}

pub(crate) const SNAPSHOT: &str =
    concat!("SELECT ", snapshot_columns!(), " FROM delivery AS d WHERE d.job_id = $1");

const JOB: &str = "
SELECT
    job_id, channel, kind, consultation_id, revision, generation, state, failure_code, detail, evidence, attempts,
    rules, source_job_id, fallback_job_id, held_since, created_at, updated_at, accepted_at, receipt_due_at, ended_at,
    sender_asked, sender_reported
FROM delivery WHERE job_id = $1";

pub(crate) const TRIES: &str = "
SELECT * FROM (
    SELECT
        generation, number, client_ref, provider, provider_ref, state, failure_code, detail, started_at, ended_at
    FROM attempt WHERE job_id = $1 ORDER BY generation DESC, number DESC LIMIT $2
) AS latest ORDER BY generation, number";

pub(crate) const RECEIPTS: &str = "
SELECT * FROM (
    (SELECT id, provider, status, evidence, provider_code, reported_sender, generation, number, occurred_at, received_at, true AS counts
     FROM receipt WHERE job_id = $1 ORDER BY id DESC LIMIT $2)
    UNION ALL
    (SELECT id, provider, status, evidence, provider_code, reported_sender, generation, number, occurred_at, received_at, false
     FROM receipt WHERE anothers_job_id = $1 ORDER BY id DESC LIMIT $2)
) AS latest ORDER BY id";

pub(crate) const LETTERS: &str = concat!(
    "SELECT * FROM (SELECT ",
    summary_columns!(),
    " FROM dead_letter AS l WHERE l.job_id = $1 ORDER BY l.id DESC LIMIT $2) AS latest ORDER BY id"
);

pub(crate) const CONSULTATION: &str = "
SELECT * FROM (
    SELECT job_id, created_at FROM delivery WHERE consultation_id = $1 ORDER BY created_at DESC, job_id DESC LIMIT $2
) AS latest ORDER BY created_at, job_id";

const COUNTS: &str = "
SELECT channel, state, count(*) AS count FROM delivery GROUP BY channel, state ORDER BY channel, state";
