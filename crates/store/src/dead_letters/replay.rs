//! A person's two answers to a dead letter: send it again, or give it up.

use std::fmt;

use bytes::Bytes;
use closure_contract::{Generation, JobId};
use deadpool_postgres::Transaction;
use sha2::{Digest, Sha256};
use tokio_postgres::Row;

use super::{
    DeadLetterId, DeadLetterState,
    job_letter::{LetterKey, bytes_prefix, job_key},
};
use crate::{
    database::{
        pool::query,
        row::{Columns, int},
        text,
    },
    delivery::{
        snapshot::{Snapshot, snapshot_columns},
        state::DeliveryState,
    },
    error::StoreError,
    people::audit::Effect,
    store::Store,
};

/// What is to be published for a replay.
#[derive(Clone, PartialEq, Eq)]
pub struct Replay {
    /// The dead letter.
    pub id: DeadLetterId,
    /// The job, where it is one of ours: the published message must name it.
    pub job_id: Option<JobId>,
    /// The work queue that the message belonged to.
    pub queue: String,
    /// The routing key that leads there.
    pub routing_key: String,
    /// The message's own id, as it came.
    pub message_id: Option<String>,
    /// Kind and major version of the bytes, where the delivery says it.
    pub kind: Option<String>,
    /// The bytes.
    pub body: Bytes,
    /// The generation of the message: a new one for a job of ours, the first for a message that was none.
    pub generation: Generation,
    /// Whether this replay had begun before: it may have been published or not, and publishing it again is safe.
    pub again: bool,
}

/// Why a dead letter cannot be sent again or given up.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ReplayError {
    /// There is no such dead letter.
    #[error("there is no dead letter {0}; it may have been listed in another environment")]
    NotFound(DeadLetterId),
    /// Somebody has dealt with it, or is sending it again.
    #[error("dead letter {id} is {} by now; read it again", .state.as_str())]
    NotOpen {
        /// The dead letter.
        id: DeadLetterId,
        /// Where it stands.
        state: DeadLetterState,
    },
    /// Its delivery came to another end, so that sending it again would reach the customer twice.
    #[error(
        "the delivery of dead letter {id} is {state}; discard the letter, there is nothing to send again"
    )]
    NotDead {
        /// The dead letter.
        id: DeadLetterId,
        /// Where the delivery stands.
        state: DeliveryState,
    },
    /// It is a mail that came back, and no message that a worker could carry.
    #[error(
        "dead letter {0} is a mail that came back; there is nothing to send again: read it, then discard it"
    )]
    NoMessage(DeadLetterId),
    /// The database could not do it.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl Store {
    /// Begins a replay, once: the letter goes from open to replaying, and its delivery to pending in a new generation.
    ///
    /// Asked again while the replay is under way, with the same bytes or none, it gives the same replay, so that one
    /// whose process died before publishing can be finished. With other bytes it is another person's replay.
    pub async fn begin_replay(
        &self,
        id: DeadLetterId,
        actor: &str,
        reason: &str,
        edited: Option<Bytes>,
    ) -> Result<Replay, ReplayError> {
        let work = async {
            let mut session = self.database.session().await?;
            let transaction = session.transaction().await?;
            let (begun, before) = match Case::lock(&transaction, id).await? {
                Err(problem) => (Err(problem), None),
                Ok(case) => {
                    let before = Sha256::digest(case.latest_body());
                    (begin(&transaction, case, actor, reason, edited).await?, Some(before))
                }
            };
            let after = begun.as_ref().ok().map(|replay| Sha256::digest(&replay.body));
            let effect = Effect {
                before_hash: before.as_ref().map(|hash| &hash[..]),
                after_hash: after.as_ref().map(|hash| &hash[..]),
                ..Effect::changed(begun.is_ok())
            };
            self.write_down(&transaction, effect).await?;
            transaction.commit().await?;
            session.done();
            Ok(begun)
        };
        self.database.bounded(work).await?
    }

    /// Whether a person's replays brought a job as far as this generation.
    pub async fn has_generation(&self, job: JobId, generation: Generation) -> Result<bool, StoreError> {
        let rows = self.database.query(HAS_GENERATION, &[&job.0, &int(generation.0)]).await?;
        Columns(rows.first().expect("a query without a table has one row")).get("has_generation")
    }

    /// A letter that is no job of ours is resolved once its replay is published: nothing else will tell.
    pub async fn finish_bytes_replay(&self, id: DeadLetterId) -> Result<(), StoreError> {
        self.database.query(FINISH, &[&id.0]).await?;
        Ok(())
    }

    /// Gives a dead letter up; its delivery, if it has a dead one, is discarded with it and handed back to be told of.
    pub async fn discard(
        &self,
        id: DeadLetterId,
        actor: &str,
        reason: &str,
    ) -> Result<Option<Snapshot>, ReplayError> {
        let work = async {
            let mut session = self.database.session().await?;
            let transaction = session.transaction().await?;
            let discarded = match Case::lock(&transaction, id).await? {
                Err(problem) => Err(problem),
                Ok(case) if case.state == DeadLetterState::Open => {
                    let values = [&case.id.0 as _, &text::detail(actor) as _, &text::detail(reason) as _];
                    query(&transaction, DISCARD_LETTER, &values).await?;
                    let rows = match case.job() {
                        Some(job) => query(&transaction, DISCARD_DELIVERY, &[&job.0]).await?,
                        None => Vec::new(),
                    };
                    Ok(rows.first().map(Snapshot::read).transpose()?)
                }
                Ok(case) => Err(ReplayError::NotOpen { id, state: case.state }),
            };
            self.write_down(&transaction, Effect::changed(discarded.is_ok())).await?;
            transaction.commit().await?;
            session.done();
            Ok(discarded)
        };
        self.database.bounded(work).await?
    }
}

/// A dead letter with its delivery, both locked; the delivery first, as everywhere.
struct Case {
    id: DeadLetterId,
    state: DeadLetterState,
    key: LetterKey,
    job_id: Option<JobId>,
    queue: String,
    routing_key: String,
    message_id: Option<String>,
    body: Bytes,
    replay_body: Option<Bytes>,
    generation: Generation,
    replay_generation: Option<Generation>,
    delivery: Option<Delivery>,
}

struct Delivery {
    state: DeliveryState,
    kind: String,
    generation: Generation,
    body: Bytes,
}

impl Case {
    async fn lock(
        transaction: &Transaction<'_>,
        id: DeadLetterId,
    ) -> Result<Result<Self, ReplayError>, StoreError> {
        let deliveries = query(transaction, LOCK_DELIVERY, &[&id.0]).await?;
        let letters = query(transaction, LOCK_LETTER, &[&id.0]).await?;
        let Some(row) = letters.first() else { return Ok(Err(ReplayError::NotFound(id))) };
        let columns = Columns(row);
        let replay_generation: Option<i32> = columns.get("replay_generation")?;
        Ok(Ok(Self {
            id,
            state: columns.word("state")?,
            key: columns.get("key").map(LetterKey::read)?,
            job_id: columns.maybe_job("job_id")?,
            queue: columns.get("queue")?,
            routing_key: columns.get("routing_key")?,
            message_id: columns.get("message_id")?,
            body: columns.bytes("body")?,
            replay_body: columns.maybe_bytes("replay_body")?,
            generation: columns.generation("generation")?,
            replay_generation: replay_generation
                .and_then(|number| u32::try_from(number).ok())
                .map(Generation),
            delivery: deliveries.first().map(Delivery::read).transpose()?,
        }))
    }

    /// The job whose letter this is; another content under a job's id is not that job's letter.
    fn job(&self) -> Option<JobId> {
        self.job_id.filter(|job| self.key == LetterKey::of_job(*job))
    }

    /// The bytes as they were sent last.
    fn latest_body(&self) -> &Bytes {
        match &self.delivery {
            Some(delivery) => &delivery.body,
            None => self.replay_body.as_ref().unwrap_or(&self.body),
        }
    }

    fn replay(&self, body: Bytes, generation: Generation, again: bool) -> Replay {
        Replay {
            id: self.id,
            job_id: self.job(),
            queue: self.queue.clone(),
            routing_key: self.routing_key.clone(),
            message_id: self.message_id.clone(),
            kind: self.delivery.as_ref().map(|delivery| delivery.kind.clone()),
            body,
            generation,
            again,
        }
    }
}

impl Delivery {
    fn read(row: &Row) -> Result<Self, StoreError> {
        let columns = Columns(row);
        Ok(Self {
            state: columns.word("state")?,
            kind: columns.get("kind")?,
            generation: columns.generation("generation")?,
            body: columns.bytes("body")?,
        })
    }
}

async fn begin(
    transaction: &Transaction<'_>,
    case: Case,
    actor: &str,
    reason: &str,
    edited: Option<Bytes>,
) -> Result<Result<Replay, ReplayError>, StoreError> {
    if case.key.is_of_mail() {
        return Ok(Err(ReplayError::NoMessage(case.id)));
    }
    let not_open = Ok(Err(ReplayError::NotOpen { id: case.id, state: case.state }));
    match case.state {
        DeadLetterState::Open => {}
        DeadLetterState::Replaying => {
            let body = case.latest_body().clone();
            let generation = case.replay_generation.unwrap_or(case.generation);
            return match edited {
                Some(other) if other != body => not_open,
                Some(_) | None => Ok(Ok(case.replay(body, generation, true))),
            };
        }
        DeadLetterState::Resolved | DeadLetterState::Discarded => return not_open,
    }
    if let Some(delivery) = &case.delivery
        && delivery.state != DeliveryState::Dead
    {
        return Ok(Err(ReplayError::NotDead { id: case.id, state: delivery.state }));
    }
    let body = edited.clone().unwrap_or_else(|| case.latest_body().clone());
    let generation = match (case.job(), &case.delivery) {
        (None, _) => Generation::FIRST,
        (Some(_), None) => case.generation.next(),
        (Some(_), Some(delivery)) => case.generation.max(delivery.generation).next(),
    };
    if let (Some(job), Some(_)) = (case.job(), &case.delivery) {
        let hash = Sha256::digest(&body).to_vec();
        query(transaction, REVIVE, &[&job.0, &int(generation.0), &&body[..], &hash]).await?;
    }
    query(
        transaction,
        BEGIN,
        &[&case.id.0, &int(generation.0), &edited.as_deref(), &text::detail(actor), &text::detail(reason)],
    )
    .await?;
    Ok(Ok(case.replay(body, generation, false)))
}

pub(crate) const HAS_GENERATION: &str = concat!(
    "
SELECT EXISTS (SELECT FROM delivery WHERE job_id = $1 AND generation >= $2)
    OR EXISTS (SELECT FROM dead_letter WHERE key = ",
    job_key!("$1::uuid"),
    " AND replay_generation >= $2) AS has_generation"
);

pub(crate) const LOCK_DELIVERY: &str = concat!(
    "
SELECT d.state, d.kind, d.generation, d.body
FROM dead_letter AS l JOIN delivery AS d ON d.job_id = l.job_id
WHERE l.id = $1 AND l.key = ",
    job_key!("l.job_id"),
    "
FOR UPDATE OF d"
);

pub(crate) const LOCK_LETTER: &str = "
SELECT
    state, key, job_id, queue, routing_key, message_id, body, replay_body, generation, replay_generation
FROM dead_letter WHERE id = $1 FOR UPDATE";

/// A new generation begins with nothing of the old one: not its attempts, nor its receipts, nor its rendered bytes.
pub(crate) const REVIVE: &str = "
UPDATE delivery SET
    state = 'pending', generation = $2, body = $3, body_hash = $4, attempts = 0, lookups = 0, resends = 0,
    lease_token = NULL, lease_until = NULL, lease_for = NULL, client_ref = NULL, tried_at = NULL,
    provider_ref = NULL, accepted_at = NULL, receipt_due_at = NULL, evidence = 'none', failure_code = NULL,
    detail = NULL, call = NULL, rendered = NULL, look_at = NULL, postponed_since = NULL, ended_at = NULL,
    unjudged = false, handed_over = NULL, fresh_until = NULL, gone_since = NULL, hung_up_at = NULL, updated_at = now()
WHERE job_id = $1";

pub(crate) const BEGIN: &str = "
WITH begun AS (
    UPDATE dead_letter SET
        state = 'replaying', replay_generation = $2, replay_body = coalesce($3, replay_body), settled_at = NULL
    WHERE id = $1
)
INSERT INTO dead_letter_action (dead_letter_id, action, actor, reason, generation)
VALUES ($1, 'replay', $4, $5, $2)";

const FINISH: &str = concat!(
    "
UPDATE dead_letter SET state = 'resolved', settled_at = now()
WHERE id = $1 AND state = 'replaying' AND key LIKE '",
    bytes_prefix!(),
    "%'"
);

const DISCARD_LETTER: &str = "
WITH discarded AS (
    UPDATE dead_letter SET state = 'discarded', settled_at = now() WHERE id = $1 RETURNING id, generation
)
INSERT INTO dead_letter_action (dead_letter_id, action, actor, reason, generation)
SELECT id, 'discard', $2, $3, generation FROM discarded";

pub(crate) const DISCARD_DELIVERY: &str = concat!(
    "UPDATE delivery AS d SET state = 'discarded', ended_at = now(), updated_at = now()
WHERE d.job_id = $1 AND d.state = 'dead'
RETURNING ",
    snapshot_columns!()
);

impl fmt::Debug for Replay {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Replay")
            .field("id", &self.id)
            .field("job_id", &self.job_id)
            .field("queue", &self.queue)
            .field("generation", &self.generation)
            .field("again", &self.again)
            .finish_non_exhaustive()
    }
}
