//! The words of providers, each kept once and matched to its delivery.

use closure_contract::{FailureCode, JobId, Receipt};

use crate::{error::StoreError, row::Columns, store::Store, text};

/// What became of a receipt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Recorded {
    /// It is on record, and speaks of this delivery.
    Matched(JobId),
    /// It is on record, and speaks of no delivery that we know by now; it is matched later.
    Unmatched,
    /// It was on record before, and speaks of this delivery, if of any.
    Duplicate(Option<JobId>),
}

impl Store {
    /// Puts a receipt on record, once, whatever its order and number of copies.
    pub async fn record_receipt(&self, receipt: &Receipt) -> Result<Recorded, StoreError> {
        let rows = self
            .database
            .query(
                RECORD,
                &[
                    &receipt.provider.as_str(),
                    &text::reference(&receipt.receipt_id),
                    &receipt.provider_ref.as_deref().map(text::reference),
                    &receipt.client_ref.map(|reference| reference.0),
                    &receipt.status.as_str(),
                    &receipt.evidence.as_str(),
                    &text::optional(receipt.provider_code.as_deref()),
                    &receipt.occurred_at.map(|at| at.0),
                    &receipt.received_at.0,
                    &receipt.failure_code.map(FailureCode::as_str),
                ],
            )
            .await?;
        let row = rows.first().expect("an upsert returns the row that it was given");
        let columns = Columns(row);
        let job = columns.maybe_job("job_id")?;
        Ok(match (columns.get("fresh")?, job) {
            (true, Some(job)) => Recorded::Matched(job),
            (true, None) => Recorded::Unmatched,
            (false, job) => Recorded::Duplicate(job),
        })
    }
}

/// Our own reference names the attempt for certain; the provider's names the latest attempt that it was given to.
///
/// A copy of a receipt that matched nothing is another chance to match it. `xmax` is zero in a row that this
/// statement made.
pub(crate) const RECORD: &str = "
WITH named AS (
    (SELECT 1 AS rank, job_id, generation, number FROM attempt WHERE client_ref = $4)
    UNION ALL
    (SELECT 2, job_id, generation, number FROM attempt
     WHERE provider = $1 AND provider_ref = $3
     ORDER BY started_at DESC LIMIT 1)
    ORDER BY rank LIMIT 1
)
INSERT INTO receipt AS r (
    provider, receipt_id, provider_ref, client_ref, status, evidence, provider_code, occurred_at, received_at,
    failure_code, job_id, generation, number, inbox_since
)
SELECT
    $1, $2, $3, $4, $5, $6, $7, $8, $9, $10, named.job_id, named.generation, named.number,
    CASE WHEN named.job_id IS NULL THEN now() END
FROM (SELECT) AS once LEFT JOIN named ON true
ON CONFLICT (provider, receipt_id) DO UPDATE SET
    job_id = coalesce(r.job_id, excluded.job_id),
    generation = coalesce(r.generation, excluded.generation),
    number = coalesce(r.number, excluded.number),
    inbox_since = CASE WHEN coalesce(r.job_id, excluded.job_id) IS NULL THEN r.inbox_since END
RETURNING job_id, xmax = 0 AS fresh";
