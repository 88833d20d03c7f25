//! A letter that was given up, taken back: before the CRM hears of it as if nothing had been, afterwards to be replayed.

use deadpool_postgres::Transaction;

use super::{
    DeadLetterId, DeadLetterState,
    case::Case,
    deed::{LetterDeed, ReplayError},
    job_letter::job_key,
};
use crate::{
    database::{pool::query, row::int, text},
    delivery::{
        snapshot::{Snapshot, snapshot_columns},
        state::DeliveryState,
    },
    error::StoreError,
    people::audit::Effect,
    store::Store,
};

/// What the CRM knows of a letter that is open again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reopened {
    /// It was not told that the letter was given up, and will not be.
    Unheard,
    /// It is told that it was given up; a replay brings one more outcome, of the next generation.
    Told,
}

impl Store {
    /// Opens a letter that was given up.
    pub async fn reopen(&self, id: DeadLetterId, deed: LetterDeed<'_>) -> Result<Reopened, ReplayError> {
        let work = async {
            let mut session = self.database.session().await?;
            let transaction = session.transaction().await?;
            let reopened = match Case::lock(&transaction, id).await? {
                Err(problem) => Err(problem),
                Ok(case) => reopen(&transaction, &case, deed).await?,
            };
            self.write_down(&transaction, Effect::changed(reopened.is_ok())).await?;
            transaction.commit().await?;
            session.done();
            Ok(reopened)
        };
        self.database.bounded(work).await?
    }

    /// Discards the deliveries of letters that were given up for good, at most so many; each is handed to one process,
    /// to be told of.
    pub async fn discard_due(&self, limit: i64) -> Result<Vec<Snapshot>, StoreError> {
        self.database.query(DISCARD_DUE, &[&limit]).await?.iter().map(Snapshot::read).collect()
    }
}

async fn reopen(
    transaction: &Transaction<'_>,
    case: &Case,
    deed: LetterDeed<'_>,
) -> Result<Result<Reopened, ReplayError>, StoreError> {
    if let Err(problem) = case.is_seen(deed.seen) {
        return Ok(Err(problem));
    }
    if case.state != DeadLetterState::Discarded {
        return Ok(Err(case.not_discarded()));
    }
    let (actor, reason) = (text::detail(deed.actor), text::detail(deed.reason));
    query(transaction, REOPEN, &[&case.id.0, &actor, &reason, &int(case.version)]).await?;
    let delivery = case.delivery.as_ref().map(|delivery| delivery.state);
    Ok(Ok(if delivery == Some(DeliveryState::Discarded) { Reopened::Told } else { Reopened::Unheard }))
}

pub(crate) const REOPEN: &str = "
WITH reopened AS (
    UPDATE dead_letter SET state = 'open', settled_at = NULL, announce_at = NULL WHERE id = $1
    RETURNING id, generation
)
INSERT INTO dead_letter_action (dead_letter_id, action, actor, reason, generation, letter_version)
SELECT id, 'reopen', $2, $3, generation, $4 FROM reopened";

/// The delivery is locked before its letter, as everywhere; whoever takes the letter back holds both.
pub(crate) const DISCARD_DUE: &str = concat!(
    "
WITH due AS MATERIALIZED (
    SELECT l.id, d.job_id
    FROM dead_letter AS l JOIN delivery AS d ON d.job_id = l.job_id
    WHERE l.announce_at <= now() AND l.key = ",
    job_key!("l.job_id"),
    "
    ORDER BY l.announce_at LIMIT $1
    FOR UPDATE OF d SKIP LOCKED
), taken AS (
    UPDATE dead_letter AS l SET announce_at = NULL
    WHERE l.id = ANY (ARRAY (SELECT id FROM due)) AND l.state = 'discarded' AND l.announce_at <= now()
    RETURNING l.job_id
)
UPDATE delivery AS d SET state = 'discarded', ended_at = now(), updated_at = now()
WHERE d.job_id = ANY (ARRAY (SELECT job_id FROM taken)) AND d.state = 'dead'
RETURNING ",
    snapshot_columns!()
);
