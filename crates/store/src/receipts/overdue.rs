//! What no message tells: silence, and receipts that were early.
//!
//! Every sweep may run in several processes at once. What is handed out is put off in the same statement, so that no
//! other process gets it too, and comes back by itself where the process dies before it has done anything about it.

use closure_contract::JobId;
use tokio_postgres::Row;

use crate::{database::row::Columns, delivery::state::in_flight_states, error::StoreError, store::Store};

/// What a sweep hands out comes back after this long: long enough to evaluate it, and short against any receipt's due
/// time.
pub(crate) const LOOK_AGAIN_MS: i64 = 60_000;
/// A receipt that has matched nothing for so long is none of ours.
pub(crate) const INBOX_MS: i64 = 24 * 3_600_000;

impl Store {
    /// Text messages whose receipt is overdue, whose receipt was matched and not looked at, or whose email was held;
    /// each to one process.
    pub async fn overdue(&self, limit: i64) -> Result<Vec<JobId>, StoreError> {
        jobs(&self.database.query(OVERDUE, &[&limit, &LOOK_AGAIN_MS]).await?)
    }

    /// Matches receipts that came before their delivery was known; gives the deliveries that they speak of.
    pub async fn match_inbox(&self, limit: i64) -> Result<Vec<JobId>, StoreError> {
        jobs(&self.database.query(MATCH, &[&limit, &INBOX_MS, &LOOK_AGAIN_MS]).await?)
    }

    /// Has a delivery looked at by a sweep within a minute: this process cannot, and one of a newer release can.
    pub async fn look_again(&self, job: JobId) -> Result<(), StoreError> {
        self.database.query(LOOK_AGAIN, &[&job.0, &LOOK_AGAIN_MS]).await?;
        Ok(())
    }
}

pub(crate) fn jobs(rows: &[Row]) -> Result<Vec<JobId>, StoreError> {
    rows.iter().map(|row| Columns(row).job("job_id")).collect()
}

pub(crate) const OVERDUE: &str = concat!(
    "
WITH due AS MATERIALIZED (
    SELECT job_id FROM delivery
    WHERE channel = 'sms' AND look_at <= now()
        AND (state IN ('accepted', ",
    in_flight_states!(),
    ") OR held_since IS NOT NULL)
    ORDER BY look_at LIMIT $1
    FOR UPDATE SKIP LOCKED
)
UPDATE delivery AS d SET look_at = now() + $2::bigint * interval '1 millisecond'
FROM due WHERE d.job_id = due.job_id
RETURNING d.job_id"
);

/// A settlement matches what is in the inbox by then, so that what is left here came within its very moment, or is named by
/// another receipt alone. So the newest are looked at each time, and as many from a moment of the day that chance chooses: a
/// look costs the same however many receipts of others lie there, and none is passed over for long. The
/// delivery is marked, because the process that matched it may die before it looks. Deliveries are locked in the order
/// of every batch of settlements, so that none of the two waits for the other.
pub(crate) const MATCH: &str = "
WITH looked AS MATERIALIZED (
    (
        SELECT id FROM receipt
        WHERE inbox_since > now() - $2::bigint * interval '1 millisecond'
        ORDER BY inbox_since DESC LIMIT $1
    ) UNION (
        SELECT id FROM receipt
        WHERE inbox_since > now() - $2::bigint * interval '1 millisecond'
            AND inbox_since <= (SELECT now() - random() * ($2::bigint * interval '1 millisecond'))
        ORDER BY inbox_since DESC LIMIT $1
    )
), inbox AS MATERIALIZED (
    SELECT r.id, named.job_id, named.generation, named.number
    FROM looked CROSS JOIN LATERAL (
        SELECT * FROM receipt WHERE receipt.id = looked.id AND receipt.inbox_since IS NOT NULL
        FOR UPDATE SKIP LOCKED
    ) AS r CROSS JOIN LATERAL (
        (SELECT 1 AS rank, a.job_id, a.generation, a.number FROM attempt AS a
         WHERE a.provider = r.provider AND a.provider_ref = r.provider_ref
         ORDER BY a.started_at DESC LIMIT 1)
        UNION ALL
        (SELECT 2, s.job_id, s.generation, s.number FROM receipt AS s
         WHERE s.provider = r.provider AND s.provider_ref = r.provider_ref
            AND s.client_ref IS NOT NULL AND s.job_id IS NOT NULL
         ORDER BY s.id DESC LIMIT 1)
        ORDER BY rank LIMIT 1
    ) AS named
), matched AS (
    UPDATE receipt AS r SET
        job_id = inbox.job_id, generation = inbox.generation, number = inbox.number, inbox_since = NULL
    FROM inbox WHERE r.id = inbox.id
    RETURNING r.job_id
), spoken_of AS MATERIALIZED (
    SELECT d.job_id FROM delivery AS d
    WHERE d.job_id = ANY (ARRAY (SELECT job_id FROM matched))
    ORDER BY d.job_id
    FOR UPDATE
), marked AS (
    UPDATE delivery AS d SET look_at = least(d.look_at, now() + $3::bigint * interval '1 millisecond')
    FROM spoken_of AS m
    WHERE d.job_id = m.job_id
)
SELECT DISTINCT job_id FROM matched";

pub(crate) const LOOK_AGAIN: &str = "
UPDATE delivery SET look_at = least(look_at, now() + $2::bigint * interval '1 millisecond')
WHERE job_id = $1";
