//! Replays that were begun and whose message may never have been published.

use closure_contract::Generation;

use super::{DeadLetterId, job_letter::bytes_prefix, replay::Replay};
use crate::{
    database::row::{Columns, int, millis},
    error::StoreError,
    store::Store,
};

impl Store {
    /// Replays into these queues that nobody published in time, and that no worker has in hand; each to one process.
    ///
    /// What is not published then either comes back.
    pub async fn owed_replays(&self, queues: &[&str], limit: i32) -> Result<Vec<Replay>, StoreError> {
        let rows = self.database.query(OWED_REPLAYS, &[&queues, &limit]).await?;
        rows.iter()
            .map(|row| {
                let columns = Columns(row);
                Ok(Replay {
                    id: columns.get("id").map(DeadLetterId)?,
                    job_id: columns.maybe_job("job_id")?,
                    queue: columns.get("queue")?,
                    routing_key: columns.get("routing_key")?,
                    message_id: columns.get("message_id")?,
                    kind: columns.get("kind")?,
                    body: columns.bytes("body")?,
                    generation: columns.generation("generation")?,
                    again: true,
                })
            })
            .collect()
    }

    /// How many replays have been due for longer than this: no worker may publish them, or none runs.
    pub async fn stranded_replays(&self, older_than_ms: u64) -> Result<u64, StoreError> {
        let rows = self.database.query(STRANDED, &[&millis(older_than_ms)]).await?;
        Columns(rows.first().expect("a count has one row")).millis("count")
    }

    /// How many letters that were given up have been due to be told of for longer than this: no process tells of them.
    pub async fn untold_discards(&self, older_than_ms: u64) -> Result<u64, StoreError> {
        let rows = self.database.query(UNTOLD, &[&millis(older_than_ms)]).await?;
        Columns(rows.first().expect("a count has one row")).millis("count")
    }

    /// The broker has confirmed the message of a replay; a later replay of the same letter is owed still.
    ///
    /// A letter that is no job of ours is resolved with it: nothing else will tell.
    pub async fn replay_published(&self, id: DeadLetterId, generation: Generation) -> Result<(), StoreError> {
        self.database.query(PUBLISHED, &[&id.0, &int(generation.0)]).await?;
        Ok(())
    }
}

pub(crate) const OWED_REPLAYS: &str = "SELECT * FROM owed_replays($1, $2)";

/// What a worker takes up is due anew each time.
pub(crate) const STRANDED: &str = "
SELECT count(*) AS count FROM dead_letter WHERE publish_at <= now() - $1::bigint * interval '1 millisecond'";

pub(crate) const UNTOLD: &str = "
SELECT count(*) AS count FROM dead_letter WHERE announce_at <= now() - $1::bigint * interval '1 millisecond'";

pub(crate) const PUBLISHED: &str = concat!(
    "
UPDATE dead_letter SET
    published_at = now(), publish_at = NULL,
    state = CASE WHEN key LIKE '",
    bytes_prefix!(),
    "%' THEN 'resolved' ELSE state END,
    settled_at = CASE WHEN key LIKE '",
    bytes_prefix!(),
    "%' THEN now() ELSE settled_at END
WHERE id = $1 AND state = 'replaying' AND replay_generation = $2"
);
