//! What is known of deliveries, read under their locks.

use std::collections::HashMap;

use closure_contract::{JobId, facts::receipts::ReceiptFact};
use deadpool_postgres::Transaction;
use tokio_postgres::Row;
use uuid::Uuid;

use super::update::DeliveryFacts;
use crate::{
    database::{
        pool::query,
        row::{Columns, int},
    },
    delivery::snapshot::{Snapshot, snapshot_columns},
    error::StoreError,
};

/// A judgement sees at most this many receipts of a delivery, the strongest evidence first.
const RECEIPTS_MAX: i64 = 200;

/// The receipts of a delivery in the order in which they were recorded, and the sender that the latest of them which names
/// one says.
#[derive(Default)]
struct Heard {
    receipts: Vec<ReceiptFact>,
    reported_sender: Option<String>,
}

/// Locks these deliveries, whose order is that of every batch, and reads what is known of each.
///
/// Receipts are read by a statement of their own, which sees what was recorded while the first one waited for a lock.
/// A delivery or a receipt that this release cannot read is an error of its delivery alone.
pub(super) async fn lock(
    transaction: &Transaction<'_>,
    jobs: &[Uuid],
) -> Result<HashMap<JobId, Result<DeliveryFacts, StoreError>>, StoreError> {
    let locked = query(transaction, LOCK, &[&jobs]).await?;
    let (mut found, mut generations) = (Vec::with_capacity(locked.len()), Vec::with_capacity(locked.len()));
    for row in &locked {
        found.push(Columns(row).get::<Uuid>("job_id")?);
        generations.push(int(Columns(row).generation("generation")?.0));
    }
    let mut heard: HashMap<JobId, Result<Heard, StoreError>> = HashMap::with_capacity(found.len());
    for row in &query(transaction, RECEIPTS, &[&found, &generations, &RECEIPTS_MAX]).await? {
        let of_job = heard.entry(Columns(row).job("job_id")?).or_insert_with(|| Ok(Heard::default()));
        if let Ok(so_far) = of_job
            && let Err(problem) = hear(so_far, row)
        {
            *of_job = Err(problem);
        }
    }
    let facts = locked.iter().map(|row| {
        let job = Columns(row).job("job_id")?;
        let heard = heard.remove(&job).unwrap_or_else(|| Ok(Heard::default()));
        Ok((job, heard.and_then(|heard| read(row, heard))))
    });
    facts.collect()
}

fn hear(heard: &mut Heard, row: &Row) -> Result<(), StoreError> {
    let columns = Columns(row);
    heard.receipts.push(ReceiptFact {
        provider: columns.word("provider")?,
        status: columns.word("status")?,
        evidence: columns.word("evidence")?,
        code: columns.maybe_code("failure_code")?,
        occurred_at: columns.maybe_time("occurred_at")?,
        received_at: columns.time("received_at")?,
    });
    heard.reported_sender =
        columns.get::<Option<String>>("reported_sender")?.or(heard.reported_sender.take());
    Ok(())
}

fn read(row: &Row, Heard { receipts, reported_sender }: Heard) -> Result<DeliveryFacts, StoreError> {
    let (columns, snapshot) = (Columns(row), Snapshot::read(row)?);
    Ok(DeliveryFacts {
        receipts,
        reported_sender,
        at: columns.time("at")?,
        receipt_overdue: columns.get("receipt_overdue")?,
        has_fallback: snapshot.fallback_job_id.is_some(),
        is_owed: columns.get("is_owed")?,
        provider: columns.maybe_word("provider")?,
        tried_at: columns.maybe_time("tried_at")?,
        revision: columns.count("revision")?,
        revocation: columns.revocation()?,
        template_version: columns.get("template_version")?,
        snapshot,
    })
}

/// Rows are locked one by one in the order of the batch, by a probe of the primary key each. The limits of one row keep
/// the planner from reading a whole table instead.
pub(crate) const LOCK: &str = concat!(
    "
SELECT ",
    snapshot_columns!(),
    ", clock_timestamp() AS at, coalesce(d.receipt_due_at <= now(), false) AS receipt_overdue, d.provider, d.tried_at, d.revision,
    coalesce((SELECT true FROM owed AS o WHERE o.job_id = d.job_id LIMIT 1), false) AS is_owed,
    t.newest_revision, t.cancelled_through,
    (SELECT r.version FROM template_register AS r WHERE r.id = 1) AS template_version
FROM unnest($1::uuid[]) AS asked (job_id)
CROSS JOIN LATERAL (SELECT * FROM delivery WHERE delivery.job_id = asked.job_id FOR UPDATE) AS d
LEFT JOIN LATERAL (
    SELECT t.newest_revision, t.cancelled_through FROM tombstone AS t WHERE t.consultation_id = d.consultation_id LIMIT 1
) AS t ON true"
);

/// A flood of receipts must not hide the strong one among them.
pub(crate) const RECEIPTS: &str = "
SELECT strongest.*
FROM unnest($1::uuid[], $2::integer[]) AS asked (job_id, generation)
CROSS JOIN LATERAL (
    SELECT id, job_id, provider, status, evidence, failure_code, reported_sender, occurred_at, received_at
    FROM receipt AS r WHERE r.job_id = asked.job_id AND r.generation = asked.generation
    ORDER BY array_position(ARRAY['handset', 'carrier', 'gateway', 'none'], evidence), id
    LIMIT $3
) AS strongest
ORDER BY id";
