//! The words of providers, each kept once and matched to its delivery.

use closure_contract::{FailureCode, JobId, Provider, Receipt, Timestamp};

use crate::{
    database::{row::Columns, text},
    error::StoreError,
    store::Store,
};

/// What became of a receipt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Recorded {
    /// It is on record, and speaks of this delivery.
    Matched(JobId),
    /// It is on record, and speaks of no delivery that we know by now; it is matched later.
    Unmatched,
    /// It was on record before, and speaks of this delivery, if of any.
    Duplicate(Option<JobId>),
    /// It is on record, and names an attempt of another provider: it is applied to nothing.
    Anothers(JobId),
}

/// How many receipts of a provider named another's attempts of late.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AnothersReceipts {
    /// Through whose door they came.
    pub provider: Provider,
    /// How many, in the last seven days.
    pub count: u64,
    /// The delivery that the latest of them named.
    pub latest_job: JobId,
    /// When that one was recorded.
    pub latest_at: Timestamp,
}

/// Receipts that named another's attempt are counted for seven days.
const COUNTED_MS: i64 = 7 * 24 * 3_600_000;

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
                    &receipt.reported_sender.as_deref().map(text::reference),
                ],
            )
            .await?;
        let row = rows.first().expect("an upsert returns the row that it was given");
        let columns = Columns(row);
        if let Some(job) = columns.maybe_job("anothers_job_id")? {
            return Ok(Recorded::Anothers(job));
        }
        let job = columns.maybe_job("job_id")?;
        Ok(match (columns.get("fresh")?, job) {
            (true, Some(job)) => Recorded::Matched(job),
            (true, None) => Recorded::Unmatched,
            (false, job) => Recorded::Duplicate(job),
        })
    }

    /// Receipts of the last seven days that named another provider's attempt, by the door that they came through.
    pub async fn anothers_receipts(&self) -> Result<Vec<AnothersReceipts>, StoreError> {
        let rows = self.database.query(ANOTHERS, &[&COUNTED_MS]).await?;
        let read = |row| {
            let columns = Columns(row);
            Ok(AnothersReceipts {
                provider: columns.word("provider")?,
                count: u64::try_from(columns.get::<i64>("count")?).unwrap_or(0),
                latest_job: columns.job("latest_job")?,
                latest_at: columns.time("latest_at")?,
            })
        };
        rows.iter().map(read).collect()
    }
}

/// Our own reference names the attempt for certain; the provider's names the latest attempt that it was given to, and
/// where no settlement has it, the one that another receipt under it has named by ours.
///
/// A provider speaks for its own attempts alone: one that names another's has its word kept beside that delivery, and
/// neither this statement nor a later match applies it, whatever else it names.
/// A copy of a receipt that matched nothing is another chance to match it. `xmax` is zero in a row that this
/// statement made.
pub(crate) const RECORD: &str = "
WITH named AS (
    (SELECT 1 AS rank, provider = $1 AS own, job_id, generation, number FROM attempt WHERE client_ref = $4)
    UNION ALL
    (SELECT 2, true, job_id, generation, number FROM attempt
     WHERE provider = $1 AND provider_ref = $3
     ORDER BY started_at DESC LIMIT 1)
    UNION ALL
    (SELECT 3, true, job_id, generation, number FROM receipt
     WHERE provider = $1 AND provider_ref = $3 AND client_ref IS NOT NULL AND job_id IS NOT NULL
     ORDER BY id DESC LIMIT 1)
    ORDER BY rank LIMIT 1
), own AS (SELECT * FROM named WHERE own)
INSERT INTO receipt AS r (
    provider, receipt_id, provider_ref, client_ref, status, evidence, provider_code, occurred_at, received_at,
    failure_code, reported_sender, job_id, generation, number, anothers_job_id, inbox_since
)
SELECT
    $1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, own.job_id, own.generation, own.number,
    CASE WHEN NOT named.own THEN named.job_id END,
    CASE WHEN named.job_id IS NULL THEN now() END
FROM (SELECT) AS once LEFT JOIN named ON true LEFT JOIN own ON true
ON CONFLICT (provider, receipt_id) DO UPDATE SET
    job_id = CASE WHEN r.anothers_job_id IS NULL THEN coalesce(r.job_id, excluded.job_id) END,
    generation = CASE WHEN r.anothers_job_id IS NULL THEN coalesce(r.generation, excluded.generation) END,
    number = CASE WHEN r.anothers_job_id IS NULL THEN coalesce(r.number, excluded.number) END,
    anothers_job_id = CASE WHEN r.job_id IS NULL THEN coalesce(r.anothers_job_id, excluded.anothers_job_id) END,
    inbox_since = CASE WHEN coalesce(r.job_id, excluded.job_id, r.anothers_job_id, excluded.anothers_job_id) IS NULL
        THEN r.inbox_since END
RETURNING job_id, anothers_job_id, xmax = 0 AS fresh";

const ANOTHERS: &str = "
SELECT
    provider, count(*) AS count, max(recorded_at) AS latest_at,
    (array_agg(anothers_job_id ORDER BY recorded_at DESC))[1] AS latest_job
FROM receipt
WHERE anothers_job_id IS NOT NULL AND recorded_at > now() - $1::bigint * interval '1 millisecond'
GROUP BY provider ORDER BY provider";
