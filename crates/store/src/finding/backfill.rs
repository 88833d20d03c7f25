//! What deliveries and letters of earlier releases are found by, written later, a few at a time.
//!
//! A batch is walked by the primary key and written in one short statement that waits for nobody: a row that a worker
//! has in hand is left, told, and tried again. How far the walk has come is on record, so that a cut one goes on.

use bytes::Bytes;
use closure_contract::{ConsultationId, Timestamp, facts::jobs::JobFacts};
use sha2::{Digest, Sha256};
use tokio_postgres::types::ToSql;
use uuid::Uuid;

use super::facts::{FactArrays, FactColumns};
use crate::{
    database::{batch::column, column_word::column_words, row::Columns},
    error::StoreError,
    store::Store,
};

/// One batch has at most this many rows: it is locked for milliseconds.
const BATCH_MAX: u32 = 1_000;

column_words! {
    /// Which rows are read again.
    #[derive(Debug, Clone, Copy, PartialEq, Eq)]
    pub enum BackfillOf: "backfill" {
        /// The deliveries.
        Deliveries = "deliveries",
        /// The letters, after the deliveries that they take it from.
        Letters = "letters",
    }
}

/// How far a walk has come.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BackfillProgress {
    /// The last row that was looked at; empty at the beginning.
    pub done_to: String,
    /// How many rows were written.
    pub done: u64,
    /// When the last one was reached, if it was.
    pub ended_at: Option<Timestamp>,
}

/// A row that lacks what it is found by.
#[derive(Clone)]
pub struct UnreadRow {
    /// Its key, in the order of the walk.
    pub key: String,
    /// The job's bytes.
    pub body: Bytes,
    /// When it began: a template is looked for as of then.
    pub at: Timestamp,
}

/// A batch of the walk.
#[derive(Clone)]
pub struct UnreadRows {
    /// Those of it that lack something.
    pub rows: Vec<UnreadRow>,
    /// Where the next batch begins; nothing at the end.
    pub end: Option<String>,
}

/// What a row is to be found by.
#[derive(Clone)]
pub struct ReadRow {
    /// The row as it was read.
    pub row: UnreadRow,
    /// What was read of its bytes.
    pub found_by: JobFacts,
    /// The consultation that its job closes.
    pub consultation_id: Option<ConsultationId>,
}

impl Store {
    /// How far a walk has come; nothing where none has begun.
    pub async fn backfill_progress(&self, of: BackfillOf) -> Result<Option<BackfillProgress>, StoreError> {
        let rows = self.database.query(PROGRESS, &[&of.as_str()]).await?;
        rows.first()
            .map(|row| {
                let columns = Columns(row);
                Ok(BackfillProgress {
                    done_to: columns.get("done_to")?,
                    done: u64::try_from(columns.get::<i64>("done")?).unwrap_or(0),
                    ended_at: columns.maybe_time("ended_at")?,
                })
            })
            .transpose()
    }

    /// Whether everything that there is has been given what it is found by.
    pub(crate) async fn is_backfilled(&self) -> Result<bool, StoreError> {
        let rows = self.database.query(ENDED, &[]).await?;
        Ok(rows.first().is_some_and(|row| row.get::<_, i64>("ended") == 2))
    }

    /// Writes how far a walk has come, and how many rows it wrote since it last said so.
    pub async fn note_backfill(
        &self,
        of: BackfillOf,
        done_to: &str,
        written: usize,
        has_ended: bool,
    ) -> Result<(), StoreError> {
        let written = i64::try_from(written).unwrap_or(i64::MAX);
        self.database.query(NOTE_PROGRESS, &[&of.as_str(), &done_to, &written, &has_ended]).await?;
        Ok(())
    }

    /// The next rows after this key, and those of them that lack something, or were hashed by an older key than the newest.
    pub async fn unread_rows(
        &self,
        of: BackfillOf,
        after: &str,
        batch: u32,
    ) -> Result<UnreadRows, StoreError> {
        let batch = batch.clamp(1, BATCH_MAX);
        let newest = self.keys.newest_number().map(|number| number.0);
        let limit = i64::from(batch);
        let rows = match of {
            BackfillOf::Deliveries => {
                let after: Uuid = after.parse().unwrap_or(Uuid::nil());
                self.database.query(UNREAD_DELIVERIES, &[&after, &limit, &newest]).await?
            }
            BackfillOf::Letters => {
                let after: i64 = after.parse().unwrap_or(i64::MIN);
                self.database.query(UNREAD_LETTERS, &[&after, &limit, &newest]).await?
            }
        };
        let mut unread = UnreadRows { rows: Vec::new(), end: None };
        for row in &rows {
            let columns = Columns(row);
            let key: String = columns.get("key")?;
            unread.end = Some(key.clone());
            if let Some(body) = columns.maybe_bytes("body")? {
                unread.rows.push(UnreadRow { key, body, at: columns.time("at")? });
            }
        }
        Ok(unread)
    }

    /// Writes what these deliveries are found by; gives the keys of those that were free. The others are in a worker's
    /// hand and are asked for again.
    pub async fn write_facts(&self, of: BackfillOf, read: &[ReadRow]) -> Result<Vec<String>, StoreError> {
        let columns: Vec<FactColumns> =
            read.iter().map(|row| FactColumns::of(&row.found_by, &self.keys)).collect();
        let columns: Vec<&FactColumns> = columns.iter().collect();
        let facts = FactArrays::of(&columns, |columns| columns);
        let rows: Vec<&ReadRow> = read.iter().collect();
        let keys: Vec<Option<Uuid>> = column(&rows, |row| row.row.key.parse().ok());
        let ids: Vec<Option<i64>> = column(&rows, |row| row.row.key.parse().ok());
        let hashes: Vec<Vec<u8>> = column(&rows, |row| Sha256::digest(&row.row.body).to_vec());
        let consultations: Vec<Option<&str>> =
            column(&rows, |row| row.consultation_id.as_ref().map(ConsultationId::as_str));
        let shared: [&(dyn ToSql + Sync); 6] = [
            &facts.hashes,
            &facts.hash_keys,
            &facts.tails,
            &facts.country_codes,
            &facts.agent_ids,
            &facts.templates,
        ];
        let written = match of {
            BackfillOf::Deliveries => {
                let values: Vec<&(dyn ToSql + Sync)> =
                    [&keys as &(dyn ToSql + Sync)].into_iter().chain(shared).chain([&hashes as _]).collect();
                self.database.query(WRITE_DELIVERIES, &values).await?
            }
            BackfillOf::Letters => {
                let values: Vec<&(dyn ToSql + Sync)> = [&ids as &(dyn ToSql + Sync)]
                    .into_iter()
                    .chain(shared)
                    .chain([&consultations as _])
                    .collect();
                self.database.query(WRITE_LETTERS, &values).await?
            }
        };
        written.iter().map(|row| Columns(row).get("key")).collect()
    }
}

const PROGRESS: &str = "SELECT done_to, done, ended_at FROM backfill WHERE what = $1";

const ENDED: &str = "SELECT count(*) AS ended FROM backfill WHERE ended_at IS NOT NULL";

const NOTE_PROGRESS: &str = "
INSERT INTO backfill AS b (what, done_to, done, ended_at)
VALUES ($1, $2, $3, CASE WHEN $4 THEN now() END)
ON CONFLICT (what) DO UPDATE SET
    done_to = excluded.done_to, done = b.done + excluded.done, ended_at = excluded.ended_at, looked_at = now()";

/// Every job that can be read has an agent, so that a row without one was never read; one without a hash was written where
/// no key was configured, or has no recipient.
pub(crate) const UNREAD_DELIVERIES: &str = "
SELECT job_id::text AS key, created_at AS at,
    CASE WHEN agent_id IS NULL OR $3::smallint IS NOT NULL AND coalesce(hash_key, 0) < $3 THEN body END AS body
FROM (
    SELECT job_id, created_at, agent_id, hash_key, body FROM delivery
    WHERE job_id > $1 ORDER BY job_id LIMIT $2
) AS walked
ORDER BY job_id";

pub(crate) const UNREAD_LETTERS: &str = "
SELECT id::text AS key, first_died_at AS at,
    CASE WHEN search IS NULL OR $3::smallint IS NOT NULL AND coalesce(hash_key, 0) < $3 THEN
        coalesce(replay_body, body) END AS body
FROM (
    SELECT id, first_died_at, search, hash_key, replay_body, body FROM dead_letter
    WHERE id > $1 ORDER BY id LIMIT $2
) AS walked
ORDER BY id";

/// A row that another holds is left; what a person made of a job meanwhile is not written over.
pub(crate) const WRITE_DELIVERIES: &str = "
WITH asked AS (
    SELECT * FROM unnest(
        $1::uuid[], $2::bytea[], $3::smallint[], $4::text[], $5::integer[], $6::text[], $7::text[],
        $8::bytea[]
    ) AS asked (job_id, recipient_hash, hash_key, recipient_tail, country_code, agent_id, template, body_hash)
), held AS MATERIALIZED (
    SELECT asked.* FROM asked CROSS JOIN LATERAL (
        SELECT FROM delivery AS d WHERE d.job_id = asked.job_id AND d.body_hash = asked.body_hash FOR NO KEY UPDATE SKIP LOCKED
    ) AS found
)
UPDATE delivery AS d SET
    recipient_hash = h.recipient_hash, hash_key = h.hash_key, recipient_tail = h.recipient_tail,
    country_code = h.country_code, agent_id = h.agent_id, template = coalesce(h.template, d.template),
    doubt_since = CASE WHEN d.state = 'in_doubt' THEN coalesce(d.doubt_since, d.tried_at, d.updated_at) END
FROM held AS h
WHERE d.job_id = h.job_id
RETURNING d.job_id::text AS key";

/// The letter's trigger takes what its delivery has, and makes the text to search in.
pub(crate) const WRITE_LETTERS: &str = "
WITH asked AS (
    SELECT * FROM unnest(
        $1::bigint[], $2::bytea[], $3::smallint[], $4::text[], $5::integer[], $6::text[], $7::text[], $8::text[]
    ) AS asked (id, recipient_hash, hash_key, recipient_tail, country_code, agent_id, template, consultation_id)
), held AS MATERIALIZED (
    SELECT asked.* FROM asked CROSS JOIN LATERAL (
        SELECT FROM dead_letter AS l WHERE l.id = asked.id FOR NO KEY UPDATE SKIP LOCKED
    ) AS found
)
UPDATE dead_letter AS l SET
    recipient_hash = h.recipient_hash, hash_key = h.hash_key, recipient_tail = h.recipient_tail,
    country_code = h.country_code, agent_id = h.agent_id, template = coalesce(h.template, l.template),
    consultation_id = coalesce(l.consultation_id, h.consultation_id), search = NULL
FROM held AS h
WHERE l.id = h.id
RETURNING l.id::text AS key";
