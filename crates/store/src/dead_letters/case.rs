//! A letter and its delivery, locked for a person's decision.

use bytes::Bytes;
use closure_contract::{Generation, JobId, Timestamp};
use deadpool_postgres::Transaction;
use tokio_postgres::Row;

use super::{
    DeadLetterAction, DeadLetterId, DeadLetterState,
    deed::{LetterChange, ReplayError},
    job_letter::{LetterKey, job_key},
};
use crate::{
    database::{pool::query, row::Columns},
    delivery::state::DeliveryState,
    error::StoreError,
};

/// A dead letter with its delivery, both locked; the delivery first, as everywhere.
pub(super) struct Case {
    pub(super) id: DeadLetterId,
    pub(super) state: DeadLetterState,
    pub(super) key: LetterKey,
    pub(super) job_id: Option<JobId>,
    pub(super) queue: String,
    pub(super) routing_key: String,
    pub(super) message_id: Option<String>,
    pub(super) body: Bytes,
    pub(super) replay_body: Option<Bytes>,
    pub(super) generation: Generation,
    pub(super) replay_generation: Option<Generation>,
    pub(super) version: u32,
    pub(super) last_died_at: Timestamp,
    pub(super) settled_at: Option<Timestamp>,
    pub(super) delivery: Option<CaseDelivery>,
    /// What a person did last.
    pub(super) latest: Option<DeadLetterAction>,
}

pub(super) struct CaseDelivery {
    pub(super) state: DeliveryState,
    pub(super) kind: String,
    pub(super) generation: Generation,
    pub(super) body: Bytes,
}

impl Case {
    pub(super) async fn lock(
        transaction: &Transaction<'_>,
        id: DeadLetterId,
    ) -> Result<Result<Self, ReplayError>, StoreError> {
        let deliveries = query(transaction, LOCK_DELIVERY, &[&id.0]).await?;
        let letters = query(transaction, LOCK_LETTER, &[&id.0]).await?;
        let Some(row) = letters.first() else { return Ok(Err(ReplayError::NotFound(id))) };
        let actions = query(transaction, LATEST_ACTION, &[&id.0]).await?;
        let columns = Columns(row);
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
            replay_generation: columns.maybe_count("replay_generation")?.map(Generation),
            version: columns.count("version")?,
            last_died_at: columns.time("last_died_at")?,
            settled_at: columns.maybe_time("settled_at")?,
            delivery: deliveries.first().map(CaseDelivery::read).transpose()?,
            latest: actions.first().map(DeadLetterAction::read).transpose()?,
        }))
    }

    /// The job whose letter this is; another content under a job's id is not that job's letter.
    pub(super) fn job(&self) -> Option<JobId> {
        self.job_id.filter(|job| self.key == LetterKey::of_job(*job))
    }

    /// The bytes as they were sent last.
    pub(super) fn latest_body(&self) -> &Bytes {
        match &self.delivery {
            Some(delivery) => &delivery.body,
            None => self.replay_body.as_ref().unwrap_or(&self.body),
        }
    }

    /// Whether a person decides by what the letter is now.
    pub(super) fn is_seen(&self, seen: Option<u32>) -> Result<(), ReplayError> {
        match seen {
            Some(seen) if seen != self.version => Err(ReplayError::Changed {
                id: self.id,
                seen,
                version: self.version,
                latest: self.latest_change(),
            }),
            Some(_) | None => Ok(()),
        }
    }

    /// Whether it waits for this person's decision.
    pub(super) fn may_decide(&self, seen: Option<u32>) -> Result<(), ReplayError> {
        self.is_seen(seen)?;
        if self.state == DeadLetterState::Open { Ok(()) } else { Err(self.not_open()) }
    }

    pub(super) fn not_open(&self) -> ReplayError {
        ReplayError::NotOpen { id: self.id, state: self.state, latest: self.latest_change() }
    }

    pub(super) fn not_discarded(&self) -> ReplayError {
        ReplayError::NotDiscarded { id: self.id, state: self.state, latest: self.latest_change() }
    }

    /// What happened to the letter last, a person's act or what came of the job.
    fn latest_change(&self) -> LetterChange {
        let death = LetterChange { what: "death".to_owned(), actor: None, at: self.last_died_at };
        let act = self.latest.as_ref().map(|action| LetterChange {
            what: action.action.clone(),
            actor: Some(action.actor.clone()),
            at: action.at,
        });
        // A person's own act ends a letter in the same moment.
        let end = self
            .settled_at
            .filter(|_| self.state == DeadLetterState::Resolved)
            .map(|at| LetterChange { what: "end of the job".to_owned(), actor: None, at });
        [act, end].into_iter().flatten().fold(
            death,
            |latest, change| {
                if change.at >= latest.at { change } else { latest }
            },
        )
    }
}

impl CaseDelivery {
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
    state, key, job_id, queue, routing_key, message_id, body, replay_body, generation, replay_generation, version,
    last_died_at, settled_at
FROM dead_letter WHERE id = $1 FOR UPDATE";

pub(crate) const LATEST_ACTION: &str = "
SELECT action, actor, reason, generation, letter_version, at FROM dead_letter_action
WHERE dead_letter_id = $1 ORDER BY id DESC LIMIT 1";
