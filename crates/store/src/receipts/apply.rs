//! What was decided of deliveries, written in one statement, and the emails that answer in their place.

use std::collections::HashMap;

use closure_contract::{Channel, Evidence, FailureCode, JobId, topology::WorkQueue};
use deadpool_postgres::Transaction;
use sha2::{Digest, Sha256};
use tokio_postgres::Row;
use uuid::Uuid;

use super::{
    overdue::LOOK_AGAIN_MS,
    update::{DeliveryFacts, DeliveryUpdate, Evaluated, FallbackRow, NewFallback, Owed},
};
use crate::{
    database::{
        batch::{by_job, column},
        json_text::JsonText,
        pool::query,
        row::{Columns, int},
        text,
    },
    dead_letters::job_letter::{open_letters, resolve_letters},
    delivery::{
        snapshot::{Snapshot, snapshot_columns},
        state::{DeliveryPhase, DeliveryState, silent_states, with_worker_states},
    },
    error::StoreError,
    finding::{
        facts::{FactArrays, FactColumns},
        keys::HashKeys,
    },
};

/// An email that is held back is looked at this often, in case the moment of its release was missed.
const HELD_LOOK_MS: i64 = 10 * 60_000;

/// A delivery that is locked, and what was decided of it.
pub(super) struct Judged<'a> {
    pub(super) facts: &'a DeliveryFacts,
    pub(super) update: DeliveryUpdate,
}

/// A row of the statement that writes judgements.
struct Change<'a> {
    facts: &'a DeliveryFacts,
    state: Option<&'static str>,
    code: Option<FailureCode>,
    detail: Option<String>,
    evidence: Evidence,
    rules: JsonText,
    fallback: Option<FallbackRow>,
    is_held: bool,
    queue: WorkQueue,
}

/// What became of each judgement; one whose email cannot be made is refused without a trace, the others are written.
pub(super) async fn write(
    transaction: &Transaction<'_>,
    judged: Vec<Judged<'_>>,
    keys: &HashKeys,
) -> Result<HashMap<JobId, Result<Evaluated, StoreError>>, StoreError> {
    if judged.is_empty() {
        return Ok(HashMap::new());
    }
    let created = create_fallbacks(transaction, &judged, keys).await?;
    let sources: Vec<Uuid> = judged.iter().map(|judged| judged.facts.snapshot.job_id.0).collect();
    let emails = query(transaction, FALLBACK, &[&sources]).await?;
    let mut emails = by_source(&emails, &created)?;
    let (mut changes, mut written) = (Vec::with_capacity(judged.len()), HashMap::with_capacity(judged.len()));
    for judged in judged {
        let job = judged.facts.snapshot.job_id;
        let change = emails.remove(&job).transpose().and_then(|email| Change::of(judged, email));
        match change {
            Ok(change) => changes.push(change),
            Err(problem) => drop(written.insert(job, Err(problem))),
        }
    }
    let rows = apply(transaction, &changes.iter().collect::<Vec<_>>()).await?;
    let rows = by_job(&rows)?;
    for change in changes {
        let job = change.facts.snapshot.job_id;
        written.insert(job, change.evaluated(rows.get(&job).copied()));
    }
    Ok(written)
}

impl<'a> Change<'a> {
    fn of(judged: Judged<'a>, fallback: Option<FallbackRow>) -> Result<Self, StoreError> {
        let Judged { facts, update } = judged;
        let is_held = fallback.is_none() && update.fallback == NewFallback::OnHold;
        if fallback.is_none() && !matches!(update.fallback, NewFallback::None | NewFallback::OnHold) {
            // The derived job id is taken by a row that is not this SMS's fallback: no email must be lost in silence.
            return Err(StoreError::BadData {
                code: "23505".to_owned(),
                constraint: Some("delivery_pkey".to_owned()),
            });
        }
        Ok(Self {
            facts,
            state: judged_state(facts.snapshot.state, update.state),
            code: update.code,
            detail: text::optional(update.detail.as_deref()),
            evidence: update.evidence,
            rules: update.rules,
            fallback,
            is_held,
            queue: WorkQueue::Jobs(facts.snapshot.channel),
        })
    }

    /// The answer to a judgement, with the row as it was written; without one nothing had to be.
    fn evaluated(self, row: Option<&Row>) -> Result<Evaluated, StoreError> {
        let before = &self.facts.snapshot;
        let after = row.map_or_else(|| Ok(before.clone()), Snapshot::read)?;
        Ok(Evaluated {
            before: before.state,
            held_before: before.held_since,
            owed: Owed::of(after.words > before.words, self.facts.is_owed),
            after,
            fallback: self.fallback,
            beside: (),
        })
    }
}

/// The state to be written, if any.
///
/// That the provider took it is for the settlement to say, which alone knows when the receipt is due.
fn judged_state(before: DeliveryState, update: DeliveryState) -> Option<&'static str> {
    let unsettled = before.phase() == DeliveryPhase::InFlight;
    let moves = before.hears_receipts() && !(unsettled && update == DeliveryState::Accepted);
    moves.then_some(update.as_str())
}

async fn apply(transaction: &Transaction<'_>, changes: &[&Change<'_>]) -> Result<Vec<Row>, StoreError> {
    query(
        transaction,
        APPLY,
        &[
            &column(changes, |change| change.facts.snapshot.job_id.0),
            &column(changes, |change| change.state),
            &column(changes, |change| change.code.map(FailureCode::as_str)),
            &column(changes, |change| change.detail.as_deref()),
            &column(changes, |change| change.evidence.as_str()),
            &column(changes, |change| &change.rules),
            &column(changes, |change| change.fallback.as_ref().map(|row| row.job_id.0)),
            &column(changes, |change| change.queue.name()),
            &column(changes, |change| change.queue.routing_key()),
            &column(changes, |change| change.is_held),
            &column(changes, |change| change.facts.reported_sender.as_deref()),
            &column(changes, |change| !change.facts.receipts.is_empty()),
            &HELD_LOOK_MS,
            &LOOK_AGAIN_MS,
        ],
    )
    .await
}

/// Writes each update, and when a sweep is to look again: at the due time; a while on, where that has passed and the
/// update is to wait; never, once it has come to its end. A held email is looked at when it is released, and from
/// time to time in case that moment was missed. A receipt of a text message that is still being sent says nothing yet:
/// that it was looked at tells the settlement, and the sweep where no settlement comes, to have it looked at again.
/// A delivery of which nothing changes is not written, and has no row in the answer.
///
/// What the CRM is owed by it stands in the table `owed` with the same commit. A replayed dead letter whose delivery
/// moves on is resolved here as it is in a settlement, and an update of death opens one.
pub(crate) const APPLY: &str = concat!(
    "
WITH asked AS (
    SELECT * FROM unnest(
        $1::uuid[], $2::text[], $3::text[], $4::text[], $5::text[], $6::jsonb[], $7::uuid[], $8::text[], $9::text[],
        $10::boolean[], $11::text[], $12::boolean[]
    ) AS asked (
        job_id, state, code, detail, evidence, rules, fallback_job_id, queue, routing_key,
        is_held, reported_sender, was_heard
    )
), judged AS MATERIALIZED (
    SELECT
        asked.job_id, asked.state AS judged_state, asked.queue, asked.routing_key, asked.rules,
        coalesce(asked.state, d.state) AS state,
        CASE WHEN asked.state IS NULL THEN d.failure_code ELSE asked.code END AS failure_code,
        CASE WHEN asked.state IS NULL THEN d.detail ELSE asked.detail END AS detail,
        CASE WHEN asked.state IS NULL THEN d.evidence ELSE asked.evidence END AS evidence,
        coalesce(asked.fallback_job_id, d.fallback_job_id) AS fallback_job_id,
        CASE
            WHEN asked.state IS NULL OR asked.state = d.state THEN d.ended_at
            WHEN asked.state IN (",
    with_worker_states!(),
    ", 'accepted') THEN NULL
            ELSE now() END AS ended_at,
        CASE
            WHEN d.channel <> 'sms' THEN d.look_at
            WHEN asked.is_held THEN now() + $13::bigint * interval '1 millisecond'
            WHEN asked.was_heard AND coalesce(asked.state, d.state) = 'sending' THEN
                now() + $14::bigint * interval '1 millisecond'
            WHEN coalesce(asked.state, d.state) NOT IN (",
    silent_states!(),
    ") THEN NULL
            WHEN d.receipt_due_at > now() THEN d.receipt_due_at
            WHEN d.receipt_due_at IS NOT NULL THEN now() + $14::bigint * interval '1 millisecond' END AS look_at,
        coalesce(asked.reported_sender, d.sender_reported) AS sender_reported,
        CASE WHEN asked.is_held THEN coalesce(d.held_since, now()) END AS held_since
    FROM asked CROSS JOIN LATERAL (SELECT * FROM delivery WHERE delivery.job_id = asked.job_id) AS d
), changed AS (
    UPDATE delivery AS d SET
        state = j.state,
        failure_code = j.failure_code,
        detail = j.detail,
        evidence = j.evidence,
        rules = j.rules,
        fallback_job_id = j.fallback_job_id,
        ended_at = j.ended_at,
        look_at = j.look_at,
        sender_reported = j.sender_reported,
        held_since = j.held_since,
        unjudged = false,
        updated_at = now()
    FROM judged AS j
    WHERE d.job_id = j.job_id AND (
        j.state, j.failure_code, j.detail, j.evidence, j.rules, j.fallback_job_id, j.ended_at, j.look_at,
        j.sender_reported, j.held_since, false
    ) IS DISTINCT FROM (
        d.state, d.failure_code, d.detail, d.evidence, d.rules, d.fallback_job_id, d.ended_at, d.look_at,
        d.sender_reported, d.held_since, d.unjudged
    )
    RETURNING ",
    snapshot_columns!(),
    ", j.judged_state, j.queue, j.routing_key
), resolved AS (",
    resolve_letters!(
        "SELECT job_id FROM judged WHERE judged_state NOT IN (",
        with_worker_states!(),
        ", 'dead')"
    ),
    "), died AS (",
    open_letters!(
        "SELECT
            job_id, channel, queue, routing_key, failure_code AS code, coalesce(detail, '') AS detail, body,
            generation
        FROM changed WHERE judged_state = 'dead'"
    ),
    ")
SELECT ",
    snapshot_columns!(),
    " FROM changed AS d"
);

pub(crate) const FALLBACK: &str = concat!(
    "
SELECT ",
    snapshot_columns!(),
    ", coalesce((SELECT true FROM owed AS o WHERE o.job_id = d.job_id LIMIT 1), false) AS is_owed
FROM unnest($1::uuid[]) AS asked (source_job_id)
CROSS JOIN LATERAL (SELECT * FROM delivery WHERE delivery.source_job_id = asked.source_job_id) AS d"
);

/// The emails that answer in place of text messages, by these; one that this release cannot read is an error of its own.
fn by_source(
    rows: &[Row],
    created: &[Uuid],
) -> Result<HashMap<JobId, Result<FallbackRow, StoreError>>, StoreError> {
    let email = |row: &Row| {
        let columns = Columns(row);
        let is_new = created.contains(&columns.get("job_id")?);
        Ok(FallbackRow::of(Snapshot::read(row)?, is_new, columns.get("is_owed")?))
    };
    rows.iter().map(|row| Ok((Columns(row).job("source_job_id")?, email(row)))).collect()
}

/// An email that is to be made.
struct NewEmail<'a> {
    source: JobId,
    job_id: JobId,
    body: &'a [u8],
    consultation_id: &'a str,
    revision: u32,
    kind: &'a str,
    found_by: FactColumns,
    /// Of one that nobody can send: why.
    wrong: Option<(FailureCode, String)>,
}

impl<'a> NewEmail<'a> {
    /// The email that an update asks for and that was not made before.
    fn of(judged: &'a Judged<'_>, keys: &HashKeys) -> Option<Self> {
        let source = judged.facts.snapshot.job_id;
        match &judged.update.fallback {
            _ if judged.facts.has_fallback => None,
            NewFallback::None | NewFallback::OnHold => None,
            NewFallback::Email { job_id, body, consultation_id, revision, kind, found_by } => Some(Self {
                source,
                job_id: *job_id,
                body,
                consultation_id: consultation_id.as_str(),
                revision: *revision,
                kind,
                found_by: FactColumns::of(found_by, keys),
                wrong: None,
            }),
            NewFallback::NoAddress {
                job_id,
                body,
                consultation_id,
                revision,
                kind,
                code,
                detail,
                found_by,
            } => Some(Self {
                source,
                job_id: *job_id,
                body,
                consultation_id: consultation_id.as_str(),
                revision: *revision,
                kind,
                found_by: FactColumns::of(found_by, keys),
                wrong: Some((*code, text::detail(detail))),
            }),
        }
    }

    fn state(&self) -> DeliveryState {
        if self.wrong.is_some() { DeliveryState::Dead } else { DeliveryState::Pending }
    }
}

/// Inserts each email where there is none, in the order in which claims lock them; gives those that it made.
async fn create_fallbacks(
    transaction: &Transaction<'_>,
    judged: &[Judged<'_>],
    keys: &HashKeys,
) -> Result<Vec<Uuid>, StoreError> {
    let mut emails: Vec<NewEmail<'_>> = judged.iter().filter_map(|one| NewEmail::of(one, keys)).collect();
    if emails.is_empty() {
        return Ok(Vec::new());
    }
    emails.sort_by_key(|email| email.job_id);
    let emails: Vec<&NewEmail<'_>> = emails.iter().collect();
    let queue = WorkQueue::Jobs(Channel::Email);
    let facts = FactArrays::of(&emails, |email| &email.found_by);
    let rows = query(
        transaction,
        CREATE_FALLBACK,
        &[
            &column(&emails, |email| email.job_id.0),
            &column(&emails, |email| email.kind),
            &column(&emails, |email| email.consultation_id),
            &column(&emails, |email| int(email.revision)),
            &column(&emails, |email| email.state().as_str()),
            &column(&emails, |email| email.body),
            &column(&emails, |email| Sha256::digest(email.body).to_vec()),
            &column(&emails, |email| email.source.0),
            &column(&emails, |email| email.wrong.as_ref().map(|(code, _)| code.as_str())),
            &column(&emails, |email| email.wrong.as_ref().map(|(_, detail)| detail.as_str())),
            &queue.name(),
            &queue.routing_key(),
            &facts.hashes,
            &facts.hash_keys,
            &facts.agent_ids,
        ],
    )
    .await?;
    rows.iter().map(|row| Columns(row).get("job_id")).collect()
}

/// Whatever row there is already, by its job or by its source, stays; without an address its dead letter goes along.
pub(crate) const CREATE_FALLBACK: &str = concat!(
    "
WITH created AS (
    INSERT INTO delivery (
        job_id, channel, kind, consultation_id, revision, generation, state, body, body_hash, source_job_id,
        failure_code, detail, ended_at, words, traceparent, recipient_hash, hash_key, agent_id
    )
    SELECT
        job_id, 'email', kind, consultation_id, revision, 1, state, body, body_hash, source_job_id,
        code, detail, CASE WHEN code IS NOT NULL THEN now() END, CASE WHEN code IS NOT NULL THEN 1 ELSE 0 END,
        (SELECT s.traceparent FROM delivery AS s WHERE s.job_id = asked.source_job_id),
        recipient_hash, hash_key, agent_id
    FROM unnest(
        $1::uuid[], $2::text[], $3::text[], $4::integer[], $5::text[], $6::bytea[], $7::bytea[], $8::uuid[],
        $9::text[], $10::text[], $13::bytea[], $14::smallint[], $15::text[]
    ) AS asked (
        job_id, kind, consultation_id, revision, state, body, body_hash, source_job_id, code, detail, recipient_hash,
        hash_key, agent_id
    )
    ON CONFLICT DO NOTHING
    RETURNING job_id, body, failure_code, detail
), died AS (",
    open_letters!(
        "SELECT
            job_id, 'email' AS channel, $11 AS queue, $12 AS routing_key, failure_code AS code, detail, body,
            1 AS generation
        FROM created WHERE failure_code IS NOT NULL"
    ),
    ")
SELECT job_id FROM created"
);
