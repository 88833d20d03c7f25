//! What a lease is for, and how it is renewed while its holder still needs it.

use closure_contract::JobId;
use uuid::Uuid;

use crate::{
    database::{
        column_word::column_words,
        row::{Columns, millis},
    },
    error::StoreError,
    store::Store,
};

/// The exclusive, expiring right to settle a delivery.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Lease {
    /// The delivery.
    pub job_id: JobId,
    /// What tells this holder from any other.
    pub token: Uuid,
}

column_words! {
    /// What its holder may do.
    #[derive(Clone, Copy)]
    pub(crate) enum LeaseFor: "purpose of a lease" {
        /// Make the next attempt.
        Try = "try",
        /// Find out what became of the latest one.
        FindOut = "find_out",
        /// Make another one because of a doubt.
        Resend = "resend",
    }
}

/// What became of a lease that its holder wanted to keep.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Renewal {
    /// It lasts for its whole length again.
    Renewed,
    /// Somebody else works on the delivery in this moment; ask again.
    Busy,
    /// Another holds the delivery by now, or it is settled.
    Lost,
}

impl Store {
    /// Makes leases last for so many milliseconds from now, all in one statement; the answers come in their order.
    ///
    /// One whose time is over is its holder's again where nobody took the delivery over: both would write the same
    /// row, so that only one of them can.
    pub async fn renew(&self, leases: &[Lease], lease_ms: u64) -> Result<Vec<Renewal>, StoreError> {
        let jobs: Vec<Uuid> = leases.iter().map(|lease| lease.job_id.0).collect();
        let tokens: Vec<Uuid> = leases.iter().map(|lease| lease.token).collect();
        let rows = self.database.query(RENEW, &[&jobs, &tokens, &millis(lease_ms)]).await?;
        let read = |row| {
            let columns = Columns(row);
            Ok(match (columns.get("renewed")?, columns.get("ours")?) {
                (true, _) => Renewal::Renewed,
                (false, true) => Renewal::Busy,
                (false, false) => Renewal::Lost,
            })
        };
        rows.iter().map(read).collect()
    }
}

/// A row that another transaction has locked is passed by, so that it keeps no other lease waiting and the order of
/// the rows is of no account.
pub(crate) const RENEW: &str = "
WITH asked AS MATERIALIZED (
    SELECT * FROM unnest($1::uuid[], $2::uuid[]) WITH ORDINALITY AS asked (job_id, token, place)
), held AS MATERIALIZED (
    SELECT found.job_id
    FROM asked CROSS JOIN LATERAL (
        SELECT d.job_id FROM delivery AS d
        WHERE d.job_id = asked.job_id AND d.lease_token = asked.token AND d.lease_for IS NOT NULL
        FOR UPDATE SKIP LOCKED
    ) AS found
), renewed AS (
    UPDATE delivery AS d SET lease_until = clock_timestamp() + $3::bigint * interval '1 millisecond'
    FROM held AS h
    WHERE d.job_id = h.job_id
    RETURNING d.job_id
)
SELECT
    asked.job_id = ANY (ARRAY (SELECT job_id FROM renewed)) AS renewed,
    coalesce((
        SELECT d.lease_token = asked.token AND d.lease_for IS NOT NULL
        FROM delivery AS d WHERE d.job_id = asked.job_id
    ), false) AS ours
FROM asked
ORDER BY asked.place";
