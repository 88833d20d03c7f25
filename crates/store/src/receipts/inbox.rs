//! The words of providers, each kept once and matched to its delivery.

use std::collections::HashMap;

use closure_contract::{Evidence, FailureCode, JobId, Provider, Receipt, ReceiptStatus, Timestamp};
use time::OffsetDateTime;
use tokio_postgres::Row;
use uuid::Uuid;

use crate::{
    database::{
        batch::{Batch, column},
        pool::Database,
        row::Columns,
        text,
    },
    error::StoreError,
    store::Store,
};

/// What became of a receipt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Recorded {
    /// It is on record, and speaks of this delivery.
    Matched(JobId),
    /// It is on record, and says of this delivery, which its gateway has taken, that it is on its way: nothing follows.
    OnItsWay(JobId),
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
    /// Puts a receipt on record, once, whatever its order and number of copies; concurrent receipts share one commit.
    pub async fn record_receipt(&self, receipt: &Receipt) -> Result<Recorded, StoreError> {
        self.inbox.ask(Entry::of(receipt)).await
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

/// A receipt as the statement's columns.
pub(crate) struct Entry {
    provider: Provider,
    receipt_id: String,
    provider_ref: Option<String>,
    client_ref: Option<Uuid>,
    status: ReceiptStatus,
    evidence: Evidence,
    provider_code: Option<String>,
    occurred_at: Option<OffsetDateTime>,
    received_at: OffsetDateTime,
    failure_code: Option<FailureCode>,
    reported_sender: Option<String>,
}

impl Entry {
    fn of(receipt: &Receipt) -> Self {
        let reference = |value: &Option<String>| value.as_deref().map(text::reference);
        Self {
            provider: receipt.provider,
            receipt_id: text::reference(&receipt.receipt_id),
            provider_ref: reference(&receipt.provider_ref),
            client_ref: receipt.client_ref.map(|reference| reference.0),
            status: receipt.status,
            evidence: receipt.evidence,
            provider_code: text::optional(receipt.provider_code.as_deref()),
            occurred_at: receipt.occurred_at.map(|at| at.0),
            received_at: receipt.received_at.0,
            failure_code: receipt.failure_code,
            reported_sender: reference(&receipt.reported_sender),
        }
    }
}

/// The batched work.
pub(crate) struct Inbox(pub(crate) Database);

impl Batch for Inbox {
    type Item = Entry;
    type Answer = Recorded;
    /// What is unique in the table: two copies in one batch would be one row twice.
    type Key = (&'static str, String);

    fn key(item: &Entry) -> Self::Key {
        (item.provider.as_str(), item.receipt_id.clone())
    }

    async fn run(&self, items: &[&Entry]) -> Result<Vec<Recorded>, StoreError> {
        let rows = self.rows(items).await?;
        let mut recorded: HashMap<(&str, &str), Recorded> = HashMap::with_capacity(rows.len());
        for row in &rows {
            let columns = Columns(row);
            recorded.insert((columns.get("provider")?, columns.get("receipt_id")?), read(&columns)?);
        }
        let answer = |entry: &&Entry| {
            let key = (entry.provider.as_str(), entry.receipt_id.as_str());
            *recorded.get(&key).expect("an upsert returns every row that it was given")
        };
        Ok(items.iter().map(answer).collect())
    }
}

impl Inbox {
    async fn rows(&self, items: &[&Entry]) -> Result<Vec<Row>, StoreError> {
        self.0
            .query(
                RECORD,
                &[
                    &column(items, |entry| entry.provider.as_str()),
                    &column(items, |entry| entry.receipt_id.as_str()),
                    &column(items, |entry| entry.provider_ref.as_deref()),
                    &column(items, |entry| entry.client_ref),
                    &column(items, |entry| entry.status.as_str()),
                    &column(items, |entry| entry.evidence.as_str()),
                    &column(items, |entry| entry.provider_code.as_deref()),
                    &column(items, |entry| entry.occurred_at),
                    &column(items, |entry| entry.received_at),
                    &column(items, |entry| entry.failure_code.map(FailureCode::as_str)),
                    &column(items, |entry| entry.reported_sender.as_deref()),
                ],
            )
            .await
    }
}

fn read(columns: &Columns<'_>) -> Result<Recorded, StoreError> {
    if let Some(job) = columns.maybe_job("anothers_job_id")? {
        return Ok(Recorded::Anothers(job));
    }
    let job = columns.maybe_job("job_id")?;
    Ok(match (columns.get("fresh")?, job) {
        (true, Some(job)) if columns.get("on_its_way")? => Recorded::OnItsWay(job),
        (true, Some(job)) => Recorded::Matched(job),
        (true, None) => Recorded::Unmatched,
        (false, job) => Recorded::Duplicate(job),
    })
}

/// Our own reference names the attempt for certain; the provider's names the latest attempt that it was given to, and
/// where no settlement has it, the one that another receipt under it has named by ours. Each is looked for only where
/// the one before found nothing.
///
/// A provider speaks for its own attempts alone: one that names another's has its word kept beside that delivery, and
/// neither this statement nor a later match applies it, whatever else it names.
/// A copy of a receipt that matched nothing is another chance to match it. `xmax` is zero in a row that this
/// statement made.
/// Rows are locked in the order of their names, which is the order of every batch.
/// That a message is on its way changes nothing of a delivery whose settlement is on record.
pub(crate) const RECORD: &str = "
WITH asked AS (
    SELECT * FROM unnest(
        $1::text[], $2::text[], $3::text[], $4::uuid[], $5::text[], $6::text[], $7::text[], $8::timestamptz[],
        $9::timestamptz[], $10::text[], $11::text[]
    ) AS asked (
        provider, receipt_id, provider_ref, client_ref, status, evidence, provider_code, occurred_at,
        received_at, failure_code, reported_sender
    )
), named AS MATERIALIZED (
    SELECT asked.*,
        coalesce(ours.own, true) AS own,
        coalesce(ours.job_id, theirs.job_id, sibling.job_id) AS job_id,
        coalesce(ours.generation, theirs.generation, sibling.generation) AS generation,
        coalesce(ours.number, theirs.number, sibling.number) AS number
    FROM asked
    LEFT JOIN LATERAL (
        SELECT a.provider = asked.provider AS own, a.job_id, a.generation, a.number
        FROM attempt AS a WHERE a.client_ref = asked.client_ref
    ) AS ours ON true
    LEFT JOIN LATERAL (
        SELECT a.job_id, a.generation, a.number FROM attempt AS a
        WHERE ours.job_id IS NULL AND a.provider = asked.provider AND a.provider_ref = asked.provider_ref
        ORDER BY a.started_at DESC LIMIT 1
    ) AS theirs ON true
    LEFT JOIN LATERAL (
        SELECT s.job_id, s.generation, s.number FROM receipt AS s
        WHERE ours.job_id IS NULL AND theirs.job_id IS NULL
            AND s.provider = asked.provider AND s.provider_ref = asked.provider_ref
            AND s.client_ref IS NOT NULL AND s.job_id IS NOT NULL
        ORDER BY s.id DESC LIMIT 1
    ) AS sibling ON true
)
INSERT INTO receipt AS r (
    provider, receipt_id, provider_ref, client_ref, status, evidence, provider_code, occurred_at, received_at,
    failure_code, reported_sender, job_id, generation, number, anothers_job_id, inbox_since
)
SELECT
    provider, receipt_id, provider_ref, client_ref, status, evidence, provider_code, occurred_at, received_at,
    failure_code, reported_sender,
    CASE WHEN own THEN job_id END, CASE WHEN own THEN generation END, CASE WHEN own THEN number END,
    CASE WHEN NOT own THEN job_id END,
    CASE WHEN job_id IS NULL THEN now() END
FROM named
ORDER BY provider COLLATE \"C\", receipt_id COLLATE \"C\"
ON CONFLICT (provider, receipt_id) DO UPDATE SET
    job_id = CASE WHEN r.anothers_job_id IS NULL THEN coalesce(r.job_id, excluded.job_id) END,
    generation = CASE WHEN r.anothers_job_id IS NULL THEN coalesce(r.generation, excluded.generation) END,
    number = CASE WHEN r.anothers_job_id IS NULL THEN coalesce(r.number, excluded.number) END,
    anothers_job_id = CASE WHEN r.job_id IS NULL THEN coalesce(r.anothers_job_id, excluded.anothers_job_id) END,
    inbox_since = CASE WHEN coalesce(r.job_id, excluded.job_id, r.anothers_job_id, excluded.anothers_job_id) IS NULL
        THEN r.inbox_since END
RETURNING provider, receipt_id, job_id, anothers_job_id, xmax = 0 AS fresh,
    r.status = 'in_transit' AND r.reported_sender IS NULL AND coalesce((
        SELECT d.state = 'accepted' AND d.generation = r.generation FROM delivery AS d WHERE d.job_id = r.job_id
    ), false) AS on_its_way";

const ANOTHERS: &str = "
SELECT
    provider, count(*) AS count, max(recorded_at) AS latest_at,
    (array_agg(anothers_job_id ORDER BY recorded_at DESC))[1] AS latest_job
FROM receipt
WHERE anothers_job_id IS NOT NULL AND recorded_at > now() - $1::bigint * interval '1 millisecond'
GROUP BY provider ORDER BY provider";
