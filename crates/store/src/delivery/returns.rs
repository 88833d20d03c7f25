//! Jobs that the broker gave up after too many deliveries, on their way back to their own workers.

use std::fmt;

use bytes::Bytes;
use closure_contract::Generation;
use sha2::{Digest, Sha256};

use crate::{
    database::row::{Columns, int},
    error::StoreError,
    store::Store,
};

/// A job that is to go back to its work queue.
#[derive(Clone, PartialEq, Eq)]
pub struct JobReturn {
    /// The work queue.
    pub queue: String,
    /// Which edition of the job.
    pub generation: Generation,
    /// The message's bytes.
    pub body: Bytes,
}

/// What became of the wish to give a job back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Returning {
    /// It is on record, and its own worker publishes it again.
    Planned,
    /// It was given back as often as may be.
    TooOften,
}

/// A count that nothing was added to for so long tells nothing of an outage of today.
const REMEMBERED_MS: i64 = 7 * 24 * 3_600_000;
/// Each wish forgets at most so many of those: more than it adds, and no others wait for it.
const FORGOTTEN_MAX: i64 = 20;

impl Store {
    /// Puts a job on record that is to go back, at most so often; asked again before it went, it is the same wish.
    pub async fn plan_return(&self, job: &JobReturn, times_max: u32) -> Result<Returning, StoreError> {
        let fingerprint = fingerprint(job);
        let rows = self
            .database
            .query(
                PLAN,
                &[
                    &fingerprint,
                    &job.queue,
                    &int(job.generation.0),
                    &&job.body[..],
                    &int(times_max),
                    &REMEMBERED_MS,
                    &FORGOTTEN_MAX,
                ],
            )
            .await?;
        Ok(if rows.is_empty() { Returning::TooOften } else { Returning::Planned })
    }

    /// Jobs that are to go back to a queue, at most so many.
    pub async fn due_returns(&self, queue: &str, limit: i64) -> Result<Vec<JobReturn>, StoreError> {
        let rows = self.database.query(DUE, &[&queue, &limit]).await?;
        rows.iter()
            .map(|row| {
                let columns = Columns(row);
                Ok(JobReturn {
                    queue: queue.to_owned(),
                    generation: columns.generation("generation")?,
                    body: columns.bytes("body")?,
                })
            })
            .collect()
    }

    /// A job is published again: its bytes are in the broker's hands, and only the count is kept.
    pub async fn returned(&self, job: &JobReturn) -> Result<(), StoreError> {
        self.database.query(RETURNED, &[&fingerprint(job)]).await?;
        Ok(())
    }
}

fn fingerprint(job: &JobReturn) -> Vec<u8> {
    Sha256::new().chain_update(&job.queue).chain_update([0]).chain_update(&job.body).finalize().to_vec()
}

pub(crate) const PLAN: &str = "
WITH old AS MATERIALIZED (
    SELECT fingerprint FROM job_return
    WHERE body IS NULL AND updated_at < now() - $6::bigint * interval '1 millisecond' AND fingerprint <> $1
    ORDER BY updated_at LIMIT $7
    FOR UPDATE SKIP LOCKED
), forgotten AS (
    DELETE FROM job_return WHERE fingerprint = ANY (ARRAY (SELECT fingerprint FROM old))
)
INSERT INTO job_return AS r (fingerprint, queue, generation, body, times)
VALUES ($1, $2, $3, $4, 1)
ON CONFLICT (fingerprint) DO UPDATE SET
    generation = excluded.generation, body = excluded.body,
    times = r.times + CASE WHEN r.body IS NULL THEN 1 ELSE 0 END, updated_at = now()
WHERE r.times < $5 OR r.body IS NOT NULL
RETURNING times";

pub(crate) const DUE: &str =
    "SELECT generation, body FROM job_return WHERE queue = $1 AND body IS NOT NULL LIMIT $2";

pub(crate) const RETURNED: &str =
    "UPDATE job_return SET body = NULL, updated_at = now() WHERE fingerprint = $1";

impl fmt::Debug for JobReturn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("JobReturn")
            .field("queue", &self.queue)
            .field("generation", &self.generation)
            .finish_non_exhaustive()
    }
}
