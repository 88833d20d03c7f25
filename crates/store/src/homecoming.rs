//! Jobs whose message waits in a delay of the broker, and those of them that did not come home in time.
//!
//! A quorum queue forwards what has run out by a part of the broker that can stand still, and counts what it holds by
//! then nowhere that a client may look: the record here is what tells.

use closure_contract::{Channel, Generation, JobId, Timestamp};

use crate::{
    error::StoreError,
    row::{Columns, int, millis},
    state,
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

    /// The jobs that nobody has taken up although their message was due home this long ago, by channel.
    pub async fn not_home(&self, overdue_ms: u64) -> Result<Vec<NotHome>, StoreError> {
        let rows = self.database.query(NOT_HOME, &[&millis(overdue_ms)]).await?;
        rows.iter()
            .map(|row| {
                let columns = Columns(row);
                Ok(NotHome {
                    channel: columns.word("channel", state::channel)?,
                    count: columns.millis("jobs")?,
                    due_since: columns.time("due_since")?,
                })
            })
            .collect()
    }
}

pub(crate) const NOTE_DELAY: &str = "
UPDATE delivery SET home_at = now() + $3::bigint * interval '1 millisecond'
WHERE job_id = $1 AND generation = $2 AND state IN ('pending', 'waiting', 'in_doubt') AND lease_until IS NULL
RETURNING job_id";

/// What is claimed has come home.
pub(crate) const NOT_HOME: &str = "
SELECT channel, count(*) AS jobs, min(home_at) AS due_since
FROM delivery
WHERE home_at < now() - $1::bigint * interval '1 millisecond'
    AND state IN ('pending', 'waiting', 'in_doubt') AND lease_until IS NULL
GROUP BY channel
ORDER BY channel";
