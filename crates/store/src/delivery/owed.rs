//! What somebody is still to be told of, until the broker has confirmed it.
//!
//! Debts are made by the commits that change a delivery (`migrations/V13__owed.sql`). They are paid in no job's way:
//! many at once, a moment after the publish was confirmed, and by a commit that nothing waits for. A payment that is
//! lost costs one repeat under the same id.

use std::{
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use closure_contract::{Generation, JobId};
use uuid::Uuid;

use super::snapshot::Snapshot;
use crate::{
    database::{
        pool::Database,
        row::{Columns, int, millis},
    },
    error::StoreError,
    receipts::overdue,
    store::Store,
};

/// Payments wait this long for company.
const PAYMENT_PAUSE: Duration = Duration::from_millis(100);
/// A payment that the database refuses, or does not answer, is tried so often before it is left to the sweep.
const PAYMENT_TRIES_MAX: u32 = 5;
/// Between two such tries.
const PAY_AGAIN: Duration = Duration::from_secs(1);
/// One statement pays at most this many debts.
const PAID_AT_ONCE_MAX: usize = 100;
/// At most this many payments wait; one more is left to the sweep, which tells a repeat.
const WAITING_MAX: usize = 10_000;

/// A word, or a job, that somebody is owed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Debt {
    /// The delivery.
    pub job_id: JobId,
    /// Which edition of it.
    pub generation: Generation,
    /// The number of the word; 0 for the job itself.
    pub word: u32,
}

impl Debt {
    /// What can be told of a delivery as it stands here: its latest word and all before it.
    pub fn of(snapshot: &Snapshot) -> Self {
        Self { job_id: snapshot.job_id, generation: snapshot.generation, word: snapshot.words }
    }
}

/// Debts that stand for long.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LongOwed {
    /// How many.
    pub count: u64,
    /// For how long the oldest has stood.
    pub oldest_ms: u64,
}

/// Payments on their way.
#[derive(Clone)]
pub(crate) struct Payments {
    database: Database,
    waiting: Arc<Mutex<Vec<Debt>>>,
}

impl Payments {
    pub(crate) fn new(database: Database) -> Self {
        Self { database, waiting: Arc::default() }
    }

    fn add(&self, debts: Vec<Debt>) {
        let is_first = {
            let mut waiting = self.waiting();
            let is_first = waiting.is_empty();
            let room = WAITING_MAX.saturating_sub(waiting.len());
            waiting.extend(debts.into_iter().take(room));
            is_first && !waiting.is_empty()
        };
        if is_first {
            let payments = self.clone();
            tokio::spawn(async move {
                tokio::time::sleep(PAYMENT_PAUSE).await;
                payments.pay_until_paid().await;
            });
        }
    }

    /// Pays what waits; what cannot be paid is told once more by the sweep, which is all that a payment is to spare.
    async fn pay_until_paid(&self) {
        for _ in 1..PAYMENT_TRIES_MAX {
            if self.pay_all().await.is_ok() {
                return;
            }
            tokio::time::sleep(PAY_AGAIN).await;
        }
        if self.pay_all().await.is_err() {
            self.waiting().clear();
        }
    }

    /// Pays all that waits; what was not paid waits again.
    async fn pay_all(&self) -> Result<(), StoreError> {
        let debts = std::mem::take(&mut *self.waiting());
        for (number, some) in debts.chunks(PAID_AT_ONCE_MAX).enumerate() {
            if let Err(problem) = pay(&self.database, some).await {
                let mut waiting = self.waiting();
                let room = WAITING_MAX.saturating_sub(waiting.len());
                waiting.extend(debts[number * PAID_AT_ONCE_MAX..].iter().take(room));
                return Err(problem);
            }
        }
        Ok(())
    }

    fn waiting(&self) -> MutexGuard<'_, Vec<Debt>> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Store {
    /// The broker has confirmed these; written down in a moment, without anybody waiting for it.
    pub fn pay_later(&self, debts: Vec<Debt>) {
        self.payments.add(debts);
    }

    /// Writes down now what was left for later; for a process that ends.
    pub async fn pay_what_waits(&self) -> Result<(), StoreError> {
        self.payments.pay_all().await
    }

    /// The broker has confirmed these; a newer debt of the same delivery stays.
    pub async fn paid(&self, debts: &[Debt]) -> Result<(), StoreError> {
        pay(&self.database, debts).await
    }

    /// Deliveries of which something has been owed, untouched by any sweep, for longer than this; each to one process.
    pub async fn owed(&self, older_than_ms: u64, limit: i64) -> Result<Vec<JobId>, StoreError> {
        overdue::jobs(&self.database.query(OWED, &[&millis(older_than_ms), &limit]).await?)
    }

    /// What has been owed for longer than this, whoever tries to tell it; nothing where nothing is.
    pub async fn long_owed(&self, older_than_ms: u64) -> Result<Option<LongOwed>, StoreError> {
        let rows = self.database.query(LONG_OWED, &[&millis(older_than_ms)]).await?;
        let columns = Columns(rows.first().expect("an aggregate has one row"));
        let count = columns.millis("count")?;
        if count == 0 {
            return Ok(None);
        }
        Ok(Some(LongOwed { count, oldest_ms: columns.millis("oldest_ms")? }))
    }
}

async fn pay(database: &Database, debts: &[Debt]) -> Result<(), StoreError> {
    let jobs: Vec<Uuid> = debts.iter().map(|debt| debt.job_id.0).collect();
    let generations: Vec<i32> = debts.iter().map(|debt| int(debt.generation.0)).collect();
    let words: Vec<i32> = debts.iter().map(|debt| int(debt.word)).collect();
    database.query(PAY, &[&jobs, &generations, &words]).await?;
    Ok(())
}

/// A debt that somebody holds is a newer one, or is being paid by another. Nothing is lost with a payment, so that its
/// commit waits for no disk.
pub(crate) const PAY: &str = "
WITH paid AS MATERIALIZED (
    SELECT o.job_id
    FROM unnest($1::uuid[], $2::integer[], $3::integer[]) AS told (job_id, generation, word)
    CROSS JOIN LATERAL (
        SELECT o.job_id FROM owed AS o
        WHERE o.job_id = told.job_id AND (o.generation, o.word) <= (told.generation, told.word)
        FOR UPDATE SKIP LOCKED
    ) AS o
    WHERE set_config('synchronous_commit', 'off', true) = 'off'
)
DELETE FROM owed AS o WHERE o.job_id = ANY (ARRAY (SELECT job_id FROM paid))";

pub(crate) const OWED: &str = "
WITH due AS MATERIALIZED (
    SELECT job_id FROM owed
    WHERE looked_at <= now() - $1::bigint * interval '1 millisecond'
    ORDER BY looked_at LIMIT $2
    FOR UPDATE SKIP LOCKED
)
UPDATE owed AS o SET looked_at = now()
WHERE o.job_id = ANY (ARRAY (SELECT job_id FROM due))
RETURNING o.job_id";

/// Nobody but a person asks, and the table holds what is owed at this moment.
const LONG_OWED: &str = "
SELECT count(*)::bigint AS count, coalesce(extract(epoch FROM now() - min(since)) * 1000, 0)::bigint AS oldest_ms
FROM owed WHERE since <= now() - $1::bigint * interval '1 millisecond'";
