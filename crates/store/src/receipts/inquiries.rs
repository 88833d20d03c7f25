//! Text messages of which nothing is heard, and that their gateways are asked about before silence counts.

use bytes::Bytes;
use closure_contract::{ClientRef, JobId, Provider};
use tokio_postgres::Row;

use crate::{
    database::row::{Columns, millis},
    error::StoreError,
    store::Store,
};

/// A text message that its gateway took, and whose receipt is nearly overdue.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unheard {
    /// The job.
    pub job_id: JobId,
    /// The job as it was published.
    pub body: Bytes,
    /// Who took it.
    pub provider: Provider,
    /// The gateway's name for it.
    pub provider_ref: String,
    /// Our name for the attempt.
    pub client_ref: ClientRef,
}

/// What was handed out and not answered about is handed out again after this long.
const ASKED_AGAIN_MS: i64 = 60_000;
/// A text message of which the gateway said no last word is asked about once more so long before silence counts.
const LAST_ASKED_MS: i64 = 2 * 60_000;

impl Store {
    /// Text messages at this gateway whose receipt is due within `before_ms`, or within half of what it had; each to one
    /// process, and again in a minute unless it is [`answered`](Self::answered) by then.
    pub async fn unheard(
        &self,
        before_ms: u64,
        gateway: Provider,
        limit: usize,
    ) -> Result<Vec<Unheard>, StoreError> {
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        let rows = self
            .database
            .query(UNHEARD, &[&millis(before_ms), &gateway.as_str(), &limit, &ASKED_AGAIN_MS])
            .await?;
        rows.iter().map(read).collect()
    }

    /// The gateway has answered about these: where it said no last word, it is asked once more right before silence counts.
    pub async fn answered(&self, jobs: &[JobId]) -> Result<(), StoreError> {
        let jobs: Vec<uuid::Uuid> = jobs.iter().map(|job| job.0).collect();
        self.database.query(ANSWERED, &[&jobs, &LAST_ASKED_MS]).await?;
        Ok(())
    }
}

fn read(row: &Row) -> Result<Unheard, StoreError> {
    let columns = Columns(row);
    Ok(Unheard {
        job_id: columns.job("job_id")?,
        body: columns.bytes("body")?,
        provider: columns.word("provider")?,
        provider_ref: columns.get("provider_ref")?,
        client_ref: ClientRef(columns.get("client_ref")?),
    })
}

/// A text message that is heard of is looked at by nobody any more, so that the index holds the silent ones alone.
pub(crate) const UNHEARD: &str = "
WITH due AS MATERIALIZED (
    SELECT job_id FROM delivery
    WHERE channel = 'sms' AND look_at <= now() + $1::bigint * interval '1 millisecond'
        AND state = 'accepted' AND held_since IS NULL AND provider = $2
        AND provider_ref IS NOT NULL AND client_ref IS NOT NULL
        AND receipt_due_at > now()
        AND receipt_due_at - now() <= least($1::bigint * interval '1 millisecond', (receipt_due_at - accepted_at) / 2)
        AND coalesce(inquire_after <= now(), true)
    ORDER BY look_at LIMIT $3
    FOR UPDATE SKIP LOCKED
)
UPDATE delivery AS d SET inquire_after = now() + $4::bigint * interval '1 millisecond'
FROM due WHERE d.job_id = due.job_id
RETURNING d.job_id, d.body, d.provider, d.provider_ref, d.client_ref";

/// A text message that was still on its way may have arrived by then.
pub(crate) const ANSWERED: &str = "
UPDATE delivery SET inquire_after = CASE
    WHEN receipt_due_at - $2::bigint * interval '1 millisecond' > now()
        THEN receipt_due_at - $2::bigint * interval '1 millisecond'
    ELSE 'infinity' END
WHERE job_id = ANY ($1) AND state = 'accepted' AND inquire_after IS NOT NULL";
