//! Jobs that are put off for failures that cost no try, for whoever must be told.

use std::fmt;

use bytes::Bytes;
use closure_contract::{Channel, ConsultationId, FailureCode, Generation, JobId, Timestamp};
use sha2::{Digest, Sha256};

use super::state::{in_flight_states, unsent_states, with_worker_states};
use crate::{
    database::{
        row::{Columns, int, millis},
        text,
    },
    error::StoreError,
    store::Store,
};

/// A job that is put off before anybody claimed it.
#[derive(Clone)]
pub struct NewPostponement {
    /// The job.
    pub job_id: JobId,
    /// What is to carry it.
    pub channel: Channel,
    /// Kind and major version of the body.
    pub kind: String,
    /// The consultation that the job closes.
    pub consultation_id: ConsultationId,
    /// Which edition of the answer.
    pub revision: u32,
    /// The generation that the message names.
    pub generation: Generation,
    /// The message's bytes.
    pub body: Bytes,
    /// Of a fallback email: the SMS that it stands in for.
    pub source_job_id: Option<JobId>,
    /// The W3C trace context of the message; the first one stays.
    pub traceparent: Option<String>,
    /// Why it is put off, as a code.
    pub code: FailureCode,
    /// Why, for people.
    pub detail: String,
}

/// Jobs of one channel that are put off for one reason.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Postponed {
    /// What carries them.
    pub channel: Channel,
    /// Why they are put off.
    pub code: FailureCode,
    /// How many they are.
    pub count: u64,
    /// Since when the first of them has been put off.
    pub since: Timestamp,
    /// Why, for people: what the provider said last of the one that was put off first, masked.
    pub detail: Option<String>,
}

impl Store {
    /// Remembers since when a job is put off, and answers for how long that is in milliseconds, or how long it has been
    /// in doubt; nothing where this generation has come to its end, or another took its place.
    ///
    /// Only the first time writes anything.
    pub async fn put_off(&self, new: NewPostponement) -> Result<Option<u64>, StoreError> {
        let rows = self
            .database
            .query(
                PUT_OFF,
                &[
                    &new.job_id.0,
                    &new.channel.as_str(),
                    &new.kind,
                    &new.consultation_id.as_str(),
                    &int(new.revision),
                    &int(new.generation.0),
                    &&new.body[..],
                    &Sha256::digest(&new.body).to_vec(),
                    &new.source_job_id.map(|id| id.0),
                    &new.code.as_str(),
                    &text::detail(&new.detail),
                    &new.traceparent,
                ],
            )
            .await?;
        rows.first().map(|row| Columns(row).millis("postponed_ms")).transpose()
    }

    /// The jobs that have been put off for longer than this, by channel and reason.
    pub async fn postponed(&self, longer_than_ms: u64) -> Result<Vec<Postponed>, StoreError> {
        let rows = self.database.query(POSTPONED, &[&millis(longer_than_ms)]).await?;
        rows.iter()
            .map(|row| {
                let columns = Columns(row);
                Ok(Postponed {
                    channel: columns.word("channel")?,
                    code: columns.code("failure_code")?,
                    count: u64::try_from(columns.get::<i64>("jobs")?).unwrap_or_default(),
                    since: columns.time("since")?,
                    detail: columns.get("detail")?,
                })
            })
            .collect()
    }
}

pub(crate) const PUT_OFF: &str = concat!(
    "
WITH made AS (
    INSERT INTO delivery (
        job_id, channel, kind, consultation_id, revision, generation, state, body, body_hash, source_job_id,
        failure_code, detail, postponed_since, traceparent
    )
    SELECT $1, $2, $3, $4, $5, $6, 'pending', $7, $8, $9, $10, $11, now(), $12
    WHERE NOT EXISTS (SELECT FROM delivery WHERE job_id = $1)
    ON CONFLICT DO NOTHING
    RETURNING 0::bigint AS postponed_ms
), marked AS (
    UPDATE delivery SET postponed_since = now(), failure_code = $10, detail = $11, updated_at = now()
    WHERE job_id = $1 AND generation = $6 AND state IN (",
    unsent_states!(),
    ") AND postponed_since IS NULL
    RETURNING 0::bigint AS postponed_ms
)
SELECT postponed_ms FROM made
UNION ALL
SELECT postponed_ms FROM marked
UNION ALL
SELECT (extract(epoch FROM now() - coalesce(postponed_since, tried_at, now())) * 1000)::bigint
FROM delivery
WHERE job_id = $1 AND generation = $6
    AND (state IN (",
    in_flight_states!(),
    ") OR state IN (",
    unsent_states!(),
    ") AND postponed_since IS NOT NULL)
LIMIT 1"
);

pub(crate) const POSTPONED: &str = concat!(
    "
SELECT waiting.*, first.detail
FROM (
    SELECT channel, failure_code, count(*) AS jobs, min(postponed_since) AS since
    FROM delivery
    WHERE postponed_since < now() - $1::bigint * interval '1 millisecond'
        AND state IN (",
    with_worker_states!(),
    ") AND failure_code IS NOT NULL
    GROUP BY channel, failure_code
) AS waiting CROSS JOIN LATERAL (
    SELECT d.detail FROM delivery AS d
    WHERE d.postponed_since = waiting.since AND d.channel = waiting.channel AND d.failure_code = waiting.failure_code
    LIMIT 1
) AS first
ORDER BY channel, failure_code"
);

impl fmt::Debug for NewPostponement {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("NewPostponement")
            .field("job_id", &self.job_id)
            .field("generation", &self.generation)
            .field("code", &self.code)
            .finish_non_exhaustive()
    }
}
