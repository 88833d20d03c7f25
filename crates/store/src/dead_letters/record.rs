//! How a message becomes a dead letter, and what that does to its delivery.

use closure_contract::{
    Channel, ConsultationId, Generation, JobId, Timestamp,
    topology::{HEADER_GENERATION, WorkQueue},
};
use deadpool_postgres::Transaction;
use serde_json::Value;
use sha2::{Digest, Sha256};

use super::{DeadLetterId, NewDeadLetter, job_letter::LetterKey, replay::HAS_GENERATION};
use crate::{
    database::{
        pool::query,
        row::{Columns, int},
        text,
    },
    delivery::{
        snapshot::{Snapshot, snapshot_columns},
        state::DeliveryState,
    },
    error::StoreError,
    finding::{facts::FactColumns, keys::HashKeys},
    store::Store,
};

/// A letter at the desk, and the delivery that it speaks for.
#[derive(Debug, Clone, PartialEq)]
pub struct RecordedLetter {
    /// The letter.
    pub id: DeadLetterId,
    /// How often it died.
    pub deaths: u32,
    /// When it died last.
    pub died_at: Timestamp,
    /// The delivery of this very generation of the job, where the message is its own: the CRM is told of that, whether
    /// it is dead by the letter or had come to its end before.
    pub delivery: Option<Snapshot>,
}

impl Store {
    /// Keeps a message that nobody can work on, once; a job of ours that had not come to its end is dead with it.
    ///
    /// A letter speaks for a job only with the job's own bytes: another content under the same job id is a letter of
    /// its own, and the first content is left in peace.
    pub async fn record_dead_letter(&self, letter: NewDeadLetter) -> Result<RecordedLetter, StoreError> {
        self.database
            .bounded(async {
                let mut session = self.database.session().await?;
                let transaction = session.transaction().await?;
                let recorded = record(&transaction, &letter, &self.keys).await?;
                transaction.commit().await?;
                session.done();
                Ok(recorded)
            })
            .await
    }
}

/// How a letter relates to the delivery that it names.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Relation {
    /// It is this delivery's own message, and the delivery is dead by it.
    Killed,
    /// It is this delivery's own message, and the delivery had come to its end before.
    TooLate,
    /// It names a job that we have no delivery of.
    Unclaimed,
    /// It is no job's message.
    Stranger,
}

async fn record(
    transaction: &Transaction<'_>,
    letter: &NewDeadLetter,
    keys: &HashKeys,
) -> Result<RecordedLetter, StoreError> {
    let generation = match letter.job_id {
        Some(job) => believed(transaction, job, generation_of(&letter.headers)).await?,
        None => Generation::FIRST,
    };
    let hash = Sha256::digest(&letter.body);
    let detail = text::detail(&letter.detail);
    let relation = match letter.job_id {
        None => Relation::Stranger,
        Some(job) => relation(transaction, job, generation, &hash).await?,
    };
    let key = match (relation, letter.job_id) {
        (Relation::Stranger, _) | (_, None) => LetterKey::of_bytes(&hash),
        (Relation::Killed | Relation::TooLate | Relation::Unclaimed, Some(job)) => LetterKey::of_job(job),
    };
    if let (Relation::Killed, Some(job)) = (relation, letter.job_id) {
        query(transaction, KILL, &[&job.0, &letter.code.as_str(), &detail]).await?;
    }
    // A copy of an old death must not reopen what a person has dealt with: a delivery's letter is opened again by
    // the delivery's death alone, any other one by a message of the latest replay.
    let again = match relation {
        Relation::Killed => Some(true),
        Relation::TooLate => Some(false),
        Relation::Unclaimed | Relation::Stranger => None,
    };
    let facts = FactColumns::of(&letter.found_by, keys);
    let rows = query(
        transaction,
        KEEP,
        &[
            &key.as_str(),
            &letter.job_id.map(|job| job.0),
            &channel_of(&letter.queue).map(Channel::as_str),
            &text::reference(&letter.queue),
            &text::reference(&letter.routing_key),
            &text::optional(letter.message_id.as_deref()),
            &letter.code.as_str(),
            &detail,
            &&letter.body[..],
            &text::json(letter.headers.clone()),
            &int(generation.0),
            &again,
            &letter.about_job.map(|job| job.0),
            &letter.consultation_id.as_ref().map(ConsultationId::as_str),
            &facts.hash(),
            &facts.hash_key(),
            &facts.tail(),
            &facts.country_code(),
            &facts.agent_id(),
            &facts.template(),
        ],
    )
    .await?;
    let kept = Columns(rows.first().expect("an upsert returns the row that it was given"));
    Ok(RecordedLetter {
        id: kept.get("id").map(DeadLetterId)?,
        deaths: kept.count("deaths")?,
        died_at: kept.time("last_died_at")?,
        delivery: match (relation, letter.job_id) {
            (Relation::Killed | Relation::TooLate, Some(job)) => told(transaction, job, generation).await?,
            (Relation::Unclaimed | Relation::Stranger, _) | (_, None) => None,
        },
    })
}

async fn told(
    transaction: &Transaction<'_>,
    job: JobId,
    generation: Generation,
) -> Result<Option<Snapshot>, StoreError> {
    let rows = query(transaction, TOLD, &[&job.0, &int(generation.0)]).await?;
    match rows.first().map(Snapshot::read).transpose() {
        // What it says is for a newer release to tell; the letter is kept all the same.
        Err(StoreError::NewerRow(_)) => Ok(None),
        told => told,
    }
}

/// The generation that a message names, if a person's replay made it: whoever may publish may write any.
async fn believed(
    transaction: &Transaction<'_>,
    job: JobId,
    named: Generation,
) -> Result<Generation, StoreError> {
    if named == Generation::FIRST {
        return Ok(named);
    }
    let rows = query(transaction, HAS_GENERATION, &[&job.0, &int(named.0)]).await?;
    let row = rows.first().expect("a query without a table has one row");
    Ok(if Columns(row).get("has_generation")? { named } else { Generation::FIRST })
}

async fn relation(
    transaction: &Transaction<'_>,
    job: JobId,
    generation: Generation,
    hash: &[u8],
) -> Result<Relation, StoreError> {
    let rows = query(transaction, LOCK_DELIVERY, &[&job.0]).await?;
    let Some(row) = rows.first() else { return Ok(Relation::Unclaimed) };
    let columns = Columns(row);
    if generation < columns.generation("generation")? {
        return Ok(Relation::TooLate);
    }
    if columns.get::<&[u8]>("body_hash")? != hash {
        return Ok(Relation::Stranger);
    }
    let state = match columns.word::<DeliveryState>("state") {
        // A newer release knows whether it goes on.
        Err(StoreError::NewerRow(_)) => return Ok(Relation::TooLate),
        state => state?,
    };
    // What a provider took is not sent again because a worker could not tell of it.
    Ok(if state.is_with_worker() { Relation::Killed } else { Relation::TooLate })
}

/// The generation that a message's headers name, under our header's name or plainly.
fn generation_of(headers: &Value) -> Generation {
    ["generation", HEADER_GENERATION]
        .into_iter()
        .find_map(|name| headers.get(name)?.as_u64())
        .and_then(|number| u32::try_from(number).ok())
        .map_or(Generation::FIRST, |number| Generation(number).max(Generation::FIRST))
}

fn channel_of(queue: &str) -> Option<Channel> {
    WorkQueue::ALL.into_iter().find(|work| work.name() == queue).and_then(|work| match work {
        WorkQueue::Jobs(channel) => Some(channel),
        WorkQueue::Receipts | WorkQueue::Cancels | WorkQueue::Webhooks => None,
    })
}

pub(crate) const LOCK_DELIVERY: &str =
    "SELECT state, generation, body_hash FROM delivery WHERE job_id = $1 FOR UPDATE";

pub(crate) const KILL: &str = "
WITH killed AS (
    UPDATE delivery SET
        state = 'dead', failure_code = $2, detail = $3, lease_token = NULL, lease_until = NULL, lease_for = NULL,
        handed_over = NULL, look_at = NULL, ended_at = now(), updated_at = now()
    WHERE job_id = $1
)
UPDATE attempt SET state = 'in_doubt', ended_at = now() WHERE job_id = $1 AND state = 'sending'";

pub(crate) const KEEP: &str = "
INSERT INTO dead_letter AS l (
    key, job_id, channel, queue, routing_key, message_id, code, detail, body, headers, state, generation,
    about_job, consultation_id, recipient_hash, hash_key, recipient_tail, country_code, agent_id, template
) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, 'open', $11, $13, $14, $15, $16, $17, $18, $19, $20)
ON CONFLICT (key) DO UPDATE SET
    (state, code, detail, headers, generation, deaths, last_died_at, settled_at) = (
        SELECT
            CASE WHEN again THEN 'open' ELSE l.state END,
            CASE WHEN again THEN excluded.code ELSE l.code END,
            CASE WHEN again THEN excluded.detail ELSE l.detail END,
            CASE WHEN again THEN excluded.headers ELSE l.headers END,
            CASE WHEN again THEN excluded.generation ELSE l.generation END,
            CASE WHEN again THEN l.deaths + 1 ELSE l.deaths END,
            CASE WHEN again THEN now() ELSE l.last_died_at END,
            CASE WHEN again THEN NULL ELSE l.settled_at END
        FROM (
            SELECT coalesce($12::boolean, excluded.generation >= coalesce(l.replay_generation, 1))
                AND l.state <> 'open' AS again
        ) AS judged
    )
RETURNING id, deaths, last_died_at";

pub(crate) const TOLD: &str =
    concat!("SELECT ", snapshot_columns!(), " FROM delivery AS d WHERE d.job_id = $1 AND d.generation = $2");
