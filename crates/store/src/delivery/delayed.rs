//! Jobs whose message waits in a delay of the broker, and those of them that did not come home in time.
//!
//! A quorum queue forwards what has run out by a part of the broker that can stand still, and counts what it holds by
//! then nowhere that a client may look: the record here is what tells.

use closure_contract::{Channel, Generation, JobId, Timestamp};

use super::state::{unsent_states, with_worker_states};
use crate::{
    database::row::{Columns, int, millis},
    error::StoreError,
    store::Store,
};

/// Jobs of one channel whose message should be home again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NotHome {
    /// What carries them.
    pub channel: Channel,
    /// How many they are; some may wait in their work queue.
    pub count: u64,
    /// When the first of them was due.
    pub due_since: Timestamp,
}

impl Store {
    /// Notes that a job's message is about to wait in a delay; nothing where the job has no row or is not waiting.
    pub async fn note_delay(
        &self,
        job: JobId,
        generation: Generation,
        delay_ms: u64,
    ) -> Result<(), StoreError> {
        self.database.query(NOTE_DELAY, &[&job.0, &int(generation.0), &millis(delay_ms)]).await?;
        Ok(())
    }

    /// Forgets what has ended by now.
    pub async fn forget_delays(&self) -> Result<(), StoreError> {
        self.database.query(FORGET, &[&FORGOTTEN_MAX]).await?;
        Ok(())
    }

    /// The jobs that nobody has taken up although their message was due home this long ago, by channel.
    pub async fn not_home(&self, overdue_ms: u64) -> Result<Vec<NotHome>, StoreError> {
        let rows = self.database.query(NOT_HOME, &[&millis(overdue_ms)]).await?;
        rows.iter()
            .map(|row| {
                let columns = Columns(row);
                Ok(NotHome {
                    channel: columns.word("channel")?,
                    count: columns.millis("jobs")?,
                    due_since: columns.time("due_since")?,
                })
            })
            .collect()
    }
}

/// One statement forgets at most this many.
const FORGOTTEN_MAX: i64 = 500;

/// Whether the message of the delivery `d` may wait in a delay: nobody has the delivery in hand.
macro_rules! may_wait {
    () => {
        concat!("d.state IN (", unsent_states!(), ", 'in_doubt') AND d.lease_until IS NULL")
    };
}

pub(crate) const NOTE_DELAY: &str = concat!(
    "
INSERT INTO delayed (job_id, channel, due_at)
SELECT d.job_id, d.channel, now() + $3::bigint * interval '1 millisecond' FROM delivery AS d
WHERE d.job_id = $1 AND d.generation = $2 AND ",
    may_wait!(),
    "
ON CONFLICT (job_id) DO UPDATE SET channel = excluded.channel, due_at = excluded.due_at
RETURNING job_id"
);

/// What is claimed has come home, and so has what was changed since it was due, perhaps by a worker of an older release
/// that notes no delays; what has ended waits for nothing. The limit keeps the look into `delivery` a probe.
pub(crate) const NOT_HOME: &str = concat!(
    "
SELECT w.channel, count(*) AS jobs, min(w.due_at) AS due_since
FROM delayed AS w CROSS JOIN LATERAL (
    SELECT FROM delivery AS d
    WHERE d.job_id = w.job_id AND ",
    may_wait!(),
    "
        AND d.updated_at <= w.due_at
    LIMIT 1
) AS d
WHERE w.due_at < now() - $1::bigint * interval '1 millisecond'
GROUP BY w.channel
ORDER BY w.channel"
);

/// What came to its end by another way than a settlement: a receipt, a person, or the broker that gave it up.
pub(crate) const FORGET: &str = concat!(
    "
WITH ended AS MATERIALIZED (
    SELECT w.job_id FROM delayed AS w LEFT JOIN LATERAL (
        SELECT d.state FROM delivery AS d WHERE d.job_id = w.job_id LIMIT 1
    ) AS d ON true
    WHERE w.due_at < now() AND coalesce(d.state, 'gone') NOT IN (",
    with_worker_states!(),
    ")
    ORDER BY w.due_at LIMIT $1
    FOR UPDATE OF w SKIP LOCKED
)
DELETE FROM delayed WHERE job_id = ANY (ARRAY (SELECT job_id FROM ended))"
);
