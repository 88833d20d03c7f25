//! A person's two answers to a dead letter: send it again, or give it up.

use std::fmt;

use bytes::Bytes;
use closure_contract::{Generation, JobId, Timestamp};
use deadpool_postgres::Transaction;
use sha2::{Digest, Sha256};

use super::{
    DeadLetterId, DeadLetterState,
    case::Case,
    deed::{LetterDeed, ReplayError},
    job_letter::job_key,
};
use crate::{
    database::{
        pool::query,
        row::{Columns, int, millis},
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

/// What becomes of the delivery of a letter that is given up.
#[derive(Debug, Clone, PartialEq)]
pub enum GivenUp {
    /// It is discarded, and to be told of; nothing where the letter has no dead one.
    Now(Option<Box<Snapshot>>),
    /// It is discarded at this time, and told of by a sweep; until then the letter can be opened again unheard.
    ToldAt(Timestamp),
}

impl Store {
    /// Begins a replay, once: the letter goes from open to replaying, and its delivery to pending in a new generation.
    ///
    /// Asked again while the replay is under way, with the same bytes or none, it gives the same replay, so that one
    /// whose process died before publishing can be finished. With other bytes it is another person's replay, and where
    /// the letter has changed otherwise since the person saw it, it is refused.
    pub async fn begin_replay(
        &self,
        id: DeadLetterId,
        deed: LetterDeed<'_>,
        edited: Option<Bytes>,
    ) -> Result<Replay, ReplayError> {
        let work = async {
            let mut session = self.database.session().await?;
            let transaction = session.transaction().await?;
            let (begun, before) = match Case::lock(&transaction, id).await? {
                Err(problem) => (Err(problem), None),
                Ok(case) => {
                    let before = Sha256::digest(case.latest_body());
                    (begin(&transaction, case, deed, edited).await?, Some(before))
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

    /// Whether a letter is open, and as the person saw it, before something is done that nothing takes back.
    pub async fn may_decide(&self, id: DeadLetterId, deed: LetterDeed<'_>) -> Result<(), ReplayError> {
        let work = async {
            let mut session = self.database.session().await?;
            let transaction = session.transaction().await?;
            let allowed = match Case::lock(&transaction, id).await? {
                Err(problem) => Err(problem),
                Ok(case) => case.may_decide(deed.seen),
            };
            transaction.commit().await?;
            session.done();
            Ok(allowed)
        };
        self.database.bounded(work).await?
    }

    /// Whether a person's replays brought a job as far as this generation.
    pub async fn has_generation(&self, job: JobId, generation: Generation) -> Result<bool, StoreError> {
        let rows = self.database.query(HAS_GENERATION, &[&job.0, &int(generation.0)]).await?;
        Columns(rows.first().expect("a query without a table has one row")).get("has_generation")
    }

    /// Gives a dead letter up, and its delivery with it, if it has a dead one: at once, to be told of, or once so many
    /// milliseconds have passed in which the letter was not opened again.
    pub async fn discard(
        &self,
        id: DeadLetterId,
        deed: LetterDeed<'_>,
        undo_ms: u64,
    ) -> Result<GivenUp, ReplayError> {
        let work = async {
            let mut session = self.database.session().await?;
            let transaction = session.transaction().await?;
            let discarded = match Case::lock(&transaction, id).await? {
                Err(problem) => Err(problem),
                Ok(case) => give_up(&transaction, &case, deed, undo_ms).await?,
            };
            self.write_down(&transaction, Effect::changed(discarded.is_ok())).await?;
            transaction.commit().await?;
            session.done();
            Ok(discarded)
        };
        self.database.bounded(work).await?
    }
}

async fn give_up(
    transaction: &Transaction<'_>,
    case: &Case,
    deed: LetterDeed<'_>,
    undo_ms: u64,
) -> Result<Result<GivenUp, ReplayError>, StoreError> {
    if let Err(problem) = case.may_decide(deed.seen) {
        return Ok(Err(problem));
    }
    let (actor, reason) = (text::detail(deed.actor), text::detail(deed.reason));
    let is_dead = case.delivery.as_ref().is_some_and(|delivery| delivery.state == DeliveryState::Dead);
    // The delivery stays as it is meanwhile: whoever tells of it says what was told before.
    let waits_ms = (is_dead && undo_ms > 0).then(|| millis(undo_ms));
    let values: [&(dyn tokio_postgres::types::ToSql + Sync); 5] =
        [&case.id.0, &actor, &reason, &int(case.version), &waits_ms];
    let letters = query(transaction, DISCARD_LETTER, &values).await?;
    let letter = Columns(letters.first().expect("the letter is locked"));
    if let Some(at) = letter.maybe_time("announce_at")? {
        return Ok(Ok(GivenUp::ToldAt(at)));
    }
    let rows = match case.job() {
        Some(job) => query(transaction, DISCARD_DELIVERY, &[&job.0]).await?,
        None => Vec::new(),
    };
    Ok(Ok(GivenUp::Now(rows.first().map(Snapshot::read).transpose()?.map(Box::new))))
}

async fn begin(
    transaction: &Transaction<'_>,
    case: Case,
    deed: LetterDeed<'_>,
    edited: Option<Bytes>,
) -> Result<Result<Replay, ReplayError>, StoreError> {
    if case.key.is_of_mail() {
        return Ok(Err(ReplayError::NoMessage(case.id)));
    }
    if case.state == DeadLetterState::Replaying {
        return Ok(under_way(&case, deed.seen, edited.as_ref()));
    }
    if let Err(problem) = case.may_decide(deed.seen) {
        return Ok(Err(problem));
    }
    if let Some(delivery) = &case.delivery
        && !matches!(delivery.state, DeliveryState::Dead | DeliveryState::Discarded)
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
    let (actor, reason) = (text::detail(deed.actor), text::detail(deed.reason));
    let values: [&(dyn tokio_postgres::types::ToSql + Sync); 6] =
        [&case.id.0, &int(generation.0), &edited.as_deref(), &actor, &reason, &int(case.version)];
    query(transaction, BEGIN, &values).await?;
    Ok(Ok(Replay::of(&case, body, generation, false)))
}

/// The replay that is under way, for whoever means the same one: with its bytes, and by the letter as it was before it
/// or as it is now.
fn under_way(case: &Case, seen: Option<u32>, edited: Option<&Bytes>) -> Result<Replay, ReplayError> {
    let body = case.latest_body().clone();
    let is_this =
        case.latest.as_ref().is_some_and(|latest| latest.action == "replay" && seen == latest.letter_version);
    if !is_this {
        case.is_seen(seen)?;
    }
    if edited.is_some_and(|other| *other != body) {
        return Err(case.not_open());
    }
    Ok(Replay::of(case, body, case.replay_generation.unwrap_or(case.generation), true))
}

impl Replay {
    fn of(case: &Case, body: Bytes, generation: Generation, again: bool) -> Self {
        Self {
            id: case.id,
            job_id: case.job(),
            queue: case.queue.clone(),
            routing_key: case.routing_key.clone(),
            message_id: case.message_id.clone(),
            kind: case.delivery.as_ref().map(|delivery| delivery.kind.clone()),
            body,
            generation,
            again,
        }
    }
}

pub(crate) const HAS_GENERATION: &str = concat!(
    "
SELECT EXISTS (SELECT FROM delivery WHERE job_id = $1 AND generation >= $2)
    OR EXISTS (SELECT FROM dead_letter WHERE key = ",
    job_key!("$1::uuid"),
    " AND replay_generation >= $2) AS has_generation"
);

/// A new generation begins with nothing of the old one: not its attempts, nor its receipts, nor its rendered bytes.
///
/// A trigger keeps what goes (`migrations/V35__editions.sql`).
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
INSERT INTO dead_letter_action (dead_letter_id, action, actor, reason, generation, letter_version)
VALUES ($1, 'replay', $4, $5, $2, $6)";

const DISCARD_LETTER: &str = "
WITH discarded AS (
    UPDATE dead_letter SET
        state = 'discarded', settled_at = now(), announce_at = now() + $5::bigint * interval '1 millisecond'
    WHERE id = $1 RETURNING id, generation, announce_at
), acted AS (
    INSERT INTO dead_letter_action (dead_letter_id, action, actor, reason, generation, letter_version)
    SELECT id, 'discard', $2, $3, generation, $4 FROM discarded
)
SELECT announce_at FROM discarded";

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
