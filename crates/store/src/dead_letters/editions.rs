//! What was true of a job and of its letter before: generations in whose place another stands, bytes that were sent, and
//! deaths before the last one. Triggers keep it (`migrations/V35__editions.sql`).

use std::{collections::BTreeMap, fmt};

use bytes::Bytes;
use closure_contract::{Evidence, FailureCode, Generation, JobId, Provider, Timestamp};
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::Value;
use tokio_postgres::Row;

use super::{DeadLetter, DeadLetterAction, DeadLetterId, job_letter::job_key};
use crate::{database::row::Columns, delivery::state::DeliveryState, error::StoreError, store::Store};

/// At most so many deaths, or editions, are told; the latest ones.
const TOLD_MAX: i64 = 200;

/// How a generation of a job ended in whose place a replay put another.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct EditionHistory {
    /// Which generation.
    pub generation: Generation,
    /// Whose replay made it; nothing for what the CRM published.
    pub made_by: Option<String>,
    /// Why, in that person's words.
    pub reason: Option<String>,
    /// When it was made, or first claimed.
    pub made_at: Timestamp,
    /// How many bytes the job had.
    pub body_bytes: u32,
    /// Where it stood.
    pub state: DeliveryState,
    /// Why, as a code.
    pub code: Option<FailureCode>,
    /// Why, for people.
    pub detail: Option<String>,
    /// What a `delivered` was worth.
    pub evidence: Evidence,
    /// How many times a provider was tried.
    pub attempts: u32,
    /// Every rule that had a say.
    pub rules: Value,
    /// Who was tried last.
    pub provider: Option<Provider>,
    /// The provider's own reference.
    pub provider_ref: Option<String>,
    /// When a provider took it.
    pub accepted_at: Option<Timestamp>,
    /// When it came to its end.
    pub ended_at: Option<Timestamp>,
    /// When the next generation took its place.
    pub replaced_at: Timestamp,
}

/// One death of a letter.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct DeathHistory {
    /// Which of its deaths it was, from 1.
    pub number: u32,
    /// The generation that died.
    pub generation: Generation,
    /// Why, as a code.
    pub code: FailureCode,
    /// Why, for people.
    pub detail: String,
    /// Who was tried last in that generation.
    pub provider: Option<Provider>,
    /// The provider's own code, where a receipt had one.
    pub provider_code: Option<String>,
    /// What was put on record of that try, masked.
    pub said: Option<String>,
    /// When.
    pub at: Timestamp,
}

/// The bytes of one edition of a letter's message.
#[derive(Clone, PartialEq, Eq)]
pub struct LetterEdition {
    /// The generation of a job; of any other message, which in the order in which they were sent.
    pub number: u32,
    /// Whose replay made it; nothing for what came from outside.
    pub made_by: Option<String>,
    /// Why, in that person's words.
    pub reason: Option<String>,
    /// When it was made, where that is known.
    pub made_at: Option<Timestamp>,
    /// The bytes.
    pub body: Bytes,
}

impl Store {
    /// The generations of a job in whose place another stands, the oldest first.
    pub(crate) async fn earlier_editions(&self, job: JobId) -> Result<Vec<EditionHistory>, StoreError> {
        let rows = self.database.query(EARLIER_EDITIONS, &[&job.0, &TOLD_MAX]).await?;
        rows.iter().map(EditionHistory::read).collect()
    }

    /// The deaths of a letter before the one that it tells itself, the oldest first.
    pub(crate) async fn earlier_deaths(&self, id: DeadLetterId) -> Result<Vec<DeathHistory>, StoreError> {
        let rows = self.database.query(EARLIER_DEATHS, &[&id.0, &TOLD_MAX]).await?;
        rows.iter().map(DeathHistory::read).collect()
    }

    /// The bytes of every edition of a letter's message, the oldest first.
    pub(crate) async fn letter_editions(
        &self,
        letter: &DeadLetter,
        is_of_job: bool,
    ) -> Result<Vec<LetterEdition>, StoreError> {
        let id = letter.summary.id;
        let replays: Vec<&DeadLetterAction> =
            letter.actions.iter().filter(|action| action.action == "replay").collect();
        let mut sent = vec![LetterEdition {
            number: Generation::FIRST.0,
            made_by: None,
            reason: None,
            made_at: None,
            body: letter.body.clone(),
        }];
        for row in self.database.query(OF_LETTER, &[&id.0, &TOLD_MAX]).await? {
            sent.push(LetterEdition::read(&row)?);
        }
        if let (Some(body), Some(latest)) = (&letter.replay_body, replays.last()) {
            sent.push(LetterEdition::made(latest, body.clone()));
        }
        if !is_of_job {
            for (edition, number) in sent.iter_mut().zip(1..) {
                edition.number = number;
            }
            return Ok(sent);
        }
        let mut by_generation: BTreeMap<u32, LetterEdition> =
            sent.into_iter().map(|edition| (edition.number, edition)).collect();
        for row in self.database.query(OF_JOB, &[&id.0, &TOLD_MAX]).await? {
            let edition = LetterEdition::read(&row)?;
            by_generation.insert(edition.number, edition);
        }
        // A replay without a correction sent the bytes of the edition before it.
        for replay in replays {
            let number = replay.generation.0;
            if let Some(edition) = by_generation.get_mut(&number) {
                if edition.made_by.is_none() && number > Generation::FIRST.0 {
                    *edition = LetterEdition::made(replay, edition.body.clone());
                }
            } else if let Some((_, before)) = by_generation.range(..number).next_back() {
                let edition = LetterEdition::made(replay, before.body.clone());
                by_generation.insert(number, edition);
            }
        }
        Ok(by_generation.into_values().collect())
    }
}

impl EditionHistory {
    fn read(row: &Row) -> Result<Self, StoreError> {
        let columns = Columns(row);
        Ok(Self {
            generation: columns.generation("generation")?,
            made_by: columns.get("made_by")?,
            reason: columns.get("reason")?,
            made_at: columns.time("made_at")?,
            body_bytes: columns.count("body_bytes")?,
            state: columns.word("state")?,
            code: columns.maybe_code("failure_code")?,
            detail: columns.get("detail")?,
            evidence: columns.word("evidence")?,
            attempts: columns.count("attempts")?,
            rules: columns.get("rules")?,
            provider: columns.maybe_word("provider")?,
            provider_ref: columns.get("provider_ref")?,
            accepted_at: columns.maybe_time("accepted_at")?,
            ended_at: columns.maybe_time("ended_at")?,
            replaced_at: columns.time("replaced_at")?,
        })
    }
}

impl DeathHistory {
    fn read(row: &Row) -> Result<Self, StoreError> {
        let columns = Columns(row);
        Ok(Self {
            number: columns.count("number")?,
            generation: columns.generation("generation")?,
            code: columns.code("code")?,
            detail: columns.get("detail")?,
            provider: columns.maybe_word("provider")?,
            provider_code: columns.get("provider_code")?,
            said: columns.get("said")?,
            at: columns.time("at")?,
        })
    }
}

impl LetterEdition {
    fn read(row: &Row) -> Result<Self, StoreError> {
        let columns = Columns(row);
        Ok(Self {
            number: columns.count("generation")?,
            made_by: columns.get("made_by")?,
            reason: columns.get("reason")?,
            made_at: columns.maybe_time("made_at")?,
            body: columns.bytes("body")?,
        })
    }

    fn made(replay: &DeadLetterAction, body: Bytes) -> Self {
        Self {
            number: replay.generation.0,
            made_by: Some(replay.actor.clone()),
            reason: Some(replay.reason.clone()),
            made_at: Some(replay.at),
            body,
        }
    }
}

pub(crate) const EARLIER_EDITIONS: &str = "
SELECT * FROM (
    SELECT
        generation, made_by, reason, made_at, octet_length(body) AS body_bytes, state, failure_code, detail, evidence,
        attempts, rules, provider, provider_ref, accepted_at, ended_at, replaced_at
    FROM delivery_edition WHERE job_id = $1 ORDER BY generation DESC LIMIT $2
) AS latest ORDER BY generation";

pub(crate) const EARLIER_DEATHS: &str = "
SELECT * FROM (
    SELECT number, generation, code, detail, provider, provider_code, said, at
    FROM letter_death WHERE letter_id = $1 ORDER BY number DESC LIMIT $2
) AS latest ORDER BY number";

pub(crate) const OF_LETTER: &str = "
SELECT * FROM (
    SELECT number, generation, body, made_by, reason, made_at
    FROM letter_edition WHERE letter_id = $1 ORDER BY number DESC LIMIT $2
) AS latest ORDER BY number";

/// The delivery as it stands is its latest edition.
pub(crate) const OF_JOB: &str = concat!(
    "
SELECT e.generation, e.body, e.made_by, e.reason, e.made_at
FROM dead_letter AS l CROSS JOIN LATERAL (
    (SELECT generation, body, made_by, reason, made_at
    FROM delivery_edition WHERE job_id = l.job_id ORDER BY generation DESC LIMIT $2)
    UNION ALL
    SELECT generation, body, NULL, NULL, created_at FROM delivery WHERE job_id = l.job_id
) AS e
WHERE l.id = $1 AND l.key = ",
    job_key!("l.job_id")
);

impl fmt::Debug for LetterEdition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LetterEdition")
            .field("number", &self.number)
            .field("made_by", &self.made_by)
            .field("made_at", &self.made_at)
            .finish_non_exhaustive()
    }
}
