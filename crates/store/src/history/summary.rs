//! What became of a job, for the CRM that published it: no body, no recipient, no text, and no word of a provider.

use closure_contract::{Channel, ConsultationId, Evidence, FailureCode, Generation, JobId, Timestamp};
use tokio_postgres::Row;
use uuid::Uuid;

use crate::{database::row::Columns, delivery::state::DeliveryState, error::StoreError, store::Store};

/// A consultation lists at most this many jobs, those of the newest revisions.
const JOBS_MAX: usize = 50;
/// Of one job at most this many earlier words are told, the latest ones.
const EARLIER_MAX: i64 = 50;

/// How one job stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JobSummary {
    /// The job.
    pub job_id: JobId,
    /// What carries it.
    pub channel: Channel,
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
    /// What a `delivered` is worth.
    pub evidence: Evidence,
    /// How many times a provider was tried in this generation.
    pub attempts: u32,
    /// How many different words about this generation the CRM is told: the number of the latest.
    pub words: u32,
    /// Whether nothing is owed about it any more: the broker has confirmed its latest word.
    pub told: bool,
    /// Of an SMS: its try ended it, and whether an email answers is still to be decided.
    pub unjudged: bool,
    /// Of an SMS: an email is due in its place and held back since then.
    pub held_since: Option<Timestamp>,
    /// Of an SMS: the email that answers in its place.
    pub fallback_job_id: Option<JobId>,
    /// Of a fallback email: the SMS that it stands in for.
    pub source_job_id: Option<JobId>,
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
    /// What the CRM was told before its latest word, the oldest first: at most the latest 50.
    pub earlier: Vec<EarlierWord>,
}

/// A word about a job in whose place the CRM is told another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct EarlierWord {
    /// Which edition of the job it speaks of.
    pub generation: Generation,
    /// Its number within the generation.
    pub word: u32,
    /// Where the job stood.
    pub state: DeliveryState,
    /// Why, as a code.
    pub code: Option<FailureCode>,
    /// What a `delivered` was worth.
    pub evidence: Evidence,
    /// When it came to that end.
    pub at: Timestamp,
    /// Whether the broker had confirmed it when the next one took its place.
    pub told: bool,
}

/// The jobs of one consultation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConsultationSummary {
    /// At most 50 of them: the newest revision first, and of one revision the job that began last.
    pub jobs: Vec<JobSummary>,
    /// Whether there are more than these.
    pub has_more: bool,
}

impl Store {
    /// How a job stands; nothing where no worker has had it in hand.
    pub async fn job_summary(&self, job_id: JobId) -> Result<Option<JobSummary>, StoreError> {
        let rows = self.database.query(JOB, &[&job_id.0]).await?;
        let mut found: Vec<JobSummary> = rows.iter().map(JobSummary::read).collect::<Result<_, _>>()?;
        self.add_earlier_words(&mut found).await?;
        Ok(found.pop())
    }

    /// How the jobs of a consultation stand; none where nothing is known of it.
    pub async fn consultation_summary(
        &self,
        consultation: &ConsultationId,
    ) -> Result<ConsultationSummary, StoreError> {
        let rows = self.database.query(CONSULTATION, &[&consultation.as_str(), &asked()]).await?;
        let mut summary = ConsultationSummary { jobs: Vec::new(), has_more: rows.len() > JOBS_MAX };
        for row in rows.iter().take(JOBS_MAX) {
            match JobSummary::read(row) {
                Ok(job) => summary.jobs.push(job),
                // It is a newer release's to show, and hides none of the others.
                Err(StoreError::NewerRow(_)) => summary.has_more = true,
                Err(problem) => return Err(problem),
            }
        }
        self.add_earlier_words(&mut summary.jobs).await?;
        Ok(summary)
    }

    async fn add_earlier_words(&self, jobs: &mut [JobSummary]) -> Result<(), StoreError> {
        let ids: Vec<Uuid> = jobs.iter().map(|job| job.job_id.0).collect();
        for row in &self.database.query(EARLIER, &[&ids, &EARLIER_MAX]).await? {
            let columns = Columns(row);
            let (job_id, word) = (columns.job("job_id")?, EarlierWord::read(&columns)?);
            let job = jobs.iter_mut().find(|job| job.job_id == job_id);
            // The row of the delivery was read first: what became an earlier word since then is still its latest here.
            if let Some(job) = job.filter(|job| job.is_after(&word)) {
                job.earlier.push(word);
            }
        }
        Ok(())
    }
}

/// One more than is listed tells that there are more.
fn asked() -> i64 {
    i64::try_from(JOBS_MAX + 1).unwrap_or(i64::MAX)
}

impl EarlierWord {
    fn read(columns: &Columns<'_>) -> Result<Self, StoreError> {
        Ok(Self {
            generation: columns.generation("generation")?,
            word: columns.count("word")?,
            state: columns.word("state")?,
            code: columns.maybe_code("failure_code")?,
            evidence: columns.word("evidence")?,
            at: columns.time("at")?,
            told: columns.get("told")?,
        })
    }
}

impl JobSummary {
    /// Whether the CRM has been told, or is to be told, something else after this word.
    ///
    /// A job that goes on, and one of which it is not decided yet what is told, has no word of its own.
    fn is_after(&self, word: &EarlierWord) -> bool {
        let speaks = self.state.has_ended(self.channel) && self.held_since.is_none() && !self.unjudged;
        let (latest, this) = ((self.generation.0, self.words.max(1)), (word.generation.0, word.word));
        this < latest || (this == latest && !speaks)
    }

    fn read(row: &Row) -> Result<Self, StoreError> {
        let columns = Columns(row);
        Ok(Self {
            job_id: columns.job("job_id")?,
            channel: columns.word("channel")?,
            consultation_id: columns.consultation("consultation_id")?,
            revision: columns.count("revision")?,
            generation: columns.generation("generation")?,
            state: columns.word("state")?,
            code: columns.maybe_code("failure_code")?,
            evidence: columns.word("evidence")?,
            attempts: columns.count("attempts")?,
            words: columns.count("words")?,
            told: columns.get("told")?,
            unjudged: columns.get("unjudged")?,
            held_since: columns.maybe_time("held_since")?,
            fallback_job_id: columns.maybe_job("fallback_job_id")?,
            source_job_id: columns.maybe_job("source_job_id")?,
            created_at: columns.time("created_at")?,
            updated_at: columns.time("updated_at")?,
            accepted_at: columns.maybe_time("accepted_at")?,
            receipt_due_at: columns.maybe_time("receipt_due_at")?,
            ended_at: columns.maybe_time("ended_at")?,
            earlier: Vec::new(),
        })
    }
}

/// The columns of a summary, of the deliveries that are called `d`; the advisor's user may read these and no others.
macro_rules! summary_of_deliveries {
    () => {
        "SELECT
    d.job_id, d.channel, d.consultation_id, d.revision, d.generation, d.state, d.failure_code, d.evidence, d.attempts,
    coalesce(d.words, 1) AS words, d.unjudged, d.held_since, d.fallback_job_id, d.source_job_id,
    d.created_at, d.updated_at, d.accepted_at, d.receipt_due_at, d.ended_at,
    NOT EXISTS (SELECT FROM owed AS o WHERE o.job_id = d.job_id) AS told
FROM delivery AS d "
    };
}

/// The lateral query fixes the plan: a short walk of the primary key for each job.
pub(crate) const EARLIER: &str = "
SELECT e.job_id, e.generation, e.word, e.state, e.failure_code, e.evidence, e.at, e.told
FROM unnest($1::uuid[]) AS asked (job_id)
CROSS JOIN LATERAL (
    SELECT w.* FROM earlier_word AS w
    WHERE w.job_id = asked.job_id ORDER BY w.generation DESC, w.word DESC LIMIT $2
) AS e
ORDER BY e.job_id, e.generation, e.word";

pub(crate) const JOB: &str = concat!(summary_of_deliveries!(), "WHERE d.job_id = $1");

pub(crate) const CONSULTATION: &str = concat!(
    summary_of_deliveries!(),
    "WHERE d.consultation_id = $1 ORDER BY d.revision DESC, d.created_at DESC, d.job_id DESC LIMIT $2"
);
