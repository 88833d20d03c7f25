//! A judgement written to a delivery under its lock; the decision itself is taken elsewhere.

use closure_contract::{Channel, FailureCode, JobId, topology::WorkQueue};
use deadpool_postgres::Transaction;
use sha2::{Digest, Sha256};

use super::{
    overdue::LOOK_AGAIN_MS,
    update::{DeliveryFacts, DeliveryUpdate, Evaluated, FallbackRow, NewFallback, Owed, receipt},
};
use crate::{
    database::{
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
    store::Store,
};

/// A judgement sees at most this many receipts of a delivery, the strongest evidence first.
const RECEIPTS_MAX: i64 = 200;

/// An email that is held back is looked at this often, in case the moment of its release was missed.
const HELD_LOOK_MS: i64 = 10 * 60_000;

impl Store {
    /// Shows a delivery's facts to `decide` under the delivery's lock, and writes its update in the same commit.
    ///
    /// What it decides beside is given back once that is done. Without a delivery or without an update the answer is
    /// nothing. A delivery that no provider has, or that a person holds, is not moved; terminal states change only as the
    /// update says.
    pub async fn evaluate<F, T>(&self, job_id: JobId, decide: F) -> Result<Option<Evaluated<T>>, StoreError>
    where
        F: FnOnce(&DeliveryFacts) -> Option<(DeliveryUpdate, T)> + Send,
        T: Send,
    {
        self.database
            .bounded(async {
                let mut session = self.database.session().await?;
                let transaction = session.transaction().await?;
                let evaluated = match facts(&transaction, job_id).await? {
                    None => None,
                    Some(facts) => match decide(&facts) {
                        None => None,
                        Some((update, beside)) => Some(apply(&transaction, &facts, update, beside).await?),
                    },
                };
                transaction.commit().await?;
                session.done();
                Ok(evaluated)
            })
            .await
    }
}

async fn facts(transaction: &Transaction<'_>, job_id: JobId) -> Result<Option<DeliveryFacts>, StoreError> {
    let rows = query(transaction, LOCK, &[&job_id.0]).await?;
    let Some(row) = rows.first() else { return Ok(None) };
    let snapshot = Snapshot::read(row)?;
    let generation = int(snapshot.generation.0);
    let receipts = query(transaction, RECEIPTS, &[&job_id.0, &generation, &RECEIPTS_MAX]).await?;
    let mut reported_sender = None;
    for row in &receipts {
        reported_sender = Columns(row).get::<Option<String>>("reported_sender")?.or(reported_sender);
    }
    Ok(Some(DeliveryFacts {
        receipts: receipts.iter().map(receipt).collect::<Result<_, _>>()?,
        reported_sender,
        at: Columns(row).time("at")?,
        receipt_overdue: Columns(row).get("receipt_overdue")?,
        has_fallback: snapshot.fallback_job_id.is_some(),
        is_owed: Columns(row).get("is_owed")?,
        provider: Columns(row).maybe_word("provider")?,
        tried_at: Columns(row).maybe_time("tried_at")?,
        revision: Columns(row).count("revision")?,
        revocation: Columns(row).revocation()?,
        snapshot,
    }))
}

pub(crate) const LOCK: &str = concat!(
    "SELECT ",
    snapshot_columns!(),
    ", clock_timestamp() AS at, coalesce(d.receipt_due_at <= now(), false) AS receipt_overdue, d.provider, d.tried_at, d.revision,
    EXISTS (SELECT FROM owed AS o WHERE o.job_id = d.job_id) AS is_owed,
    t.newest_revision, t.cancelled_through
FROM delivery AS d
LEFT JOIN LATERAL (
    SELECT t.newest_revision, t.cancelled_through FROM tombstone AS t WHERE t.consultation_id = d.consultation_id
) AS t ON true
WHERE d.job_id = $1 FOR UPDATE OF d"
);

/// A flood of receipts must not hide the strong one among them.
pub(crate) const RECEIPTS: &str = "
SELECT * FROM (
    SELECT id, provider, status, evidence, failure_code, reported_sender, occurred_at, received_at
    FROM receipt WHERE job_id = $1 AND generation = $2
    ORDER BY array_position(ARRAY['handset', 'carrier', 'gateway', 'none'], evidence), id
    LIMIT $3
) AS strongest
ORDER BY id";

async fn apply<T>(
    transaction: &Transaction<'_>,
    facts: &DeliveryFacts,
    update: DeliveryUpdate,
    beside: T,
) -> Result<Evaluated<T>, StoreError> {
    let before = &facts.snapshot;
    let created = create_fallback(transaction, before.job_id, &update.fallback).await?;
    let source = Some(before.job_id.0);
    let answers = query(transaction, FALLBACK, &[&source]).await?;
    let fallback = match answers.first() {
        None => None,
        Some(row) => Some(FallbackRow::of(Snapshot::read(row)?, created, Columns(row).get("is_owed")?)),
    };
    let is_held = fallback.is_none() && update.fallback == NewFallback::OnHold;
    if fallback.is_none() && !matches!(update.fallback, NewFallback::None | NewFallback::OnHold) {
        // The derived job id is taken by a row that is not this SMS's fallback: no email must be lost in silence.
        return Err(StoreError::BadData {
            code: "23505".to_owned(),
            constraint: Some("delivery_pkey".to_owned()),
        });
    }
    let judged = judged(before.state, update.state);
    let work = WorkQueue::Jobs(before.channel);
    let rows = query(
        transaction,
        APPLY,
        &[
            &before.job_id.0,
            &judged,
            &update.code.map(FailureCode::as_str),
            &text::optional(update.detail.as_deref()),
            &update.evidence.as_str(),
            &text::json(update.rules),
            &fallback.as_ref().map(|row| row.job_id.0),
            &work.name(),
            &work.routing_key(),
            &is_held,
            &facts.reported_sender,
            &!facts.receipts.is_empty(),
            &HELD_LOOK_MS,
            &LOOK_AGAIN_MS,
        ],
    )
    .await?;
    let row = rows.first().expect("the delivery is locked by this transaction");
    let after = Snapshot::read(row)?;
    Ok(Evaluated {
        before: before.state,
        held_before: before.held_since,
        owed: Owed::of(after.words > before.words, facts.is_owed),
        after,
        fallback,
        beside,
    })
}

/// The state to be written, if any.
///
/// That the provider took it is for the settlement to say, which alone knows when the receipt is due.
fn judged(before: DeliveryState, update: DeliveryState) -> Option<&'static str> {
    let unsettled = before.phase() == DeliveryPhase::InFlight;
    let moves = before.hears_receipts() && !(unsettled && update == DeliveryState::Accepted);
    moves.then_some(update.as_str())
}

/// Writes the update, and when a sweep is to look again: at the due time; a while on, where that has passed and the
/// update is to wait; never, once it has come to its end. A held email is looked at when it is released, and from
/// time to time in case that moment was missed. A receipt of a text message that is still being sent says nothing yet:
/// that it was looked at tells the settlement, and the sweep where no settlement comes, to have it looked at again.
///
/// What the CRM is owed by it stands in the table `owed` with the same commit. A replayed dead letter whose delivery
/// moves on is resolved here as it is in a settlement, and an update of death opens one.
pub(crate) const APPLY: &str = concat!(
    "
WITH changed AS (
    UPDATE delivery AS d SET
        state = coalesce($2, d.state),
        failure_code = CASE WHEN $2 IS NULL THEN d.failure_code ELSE $3 END,
        detail = CASE WHEN $2 IS NULL THEN d.detail ELSE $4 END,
        evidence = CASE WHEN $2 IS NULL THEN d.evidence ELSE $5 END,
        rules = $6,
        fallback_job_id = coalesce($7, d.fallback_job_id),
        ended_at = CASE
            WHEN $2 IS NULL OR $2 = d.state THEN d.ended_at
            WHEN $2 IN (",
    with_worker_states!(),
    ", 'accepted') THEN NULL
            ELSE now() END,
        look_at = CASE
            WHEN d.channel <> 'sms' THEN d.look_at
            WHEN $10 THEN now() + $13::bigint * interval '1 millisecond'
            WHEN $12 AND coalesce($2, d.state) = 'sending' THEN now() + $14::bigint * interval '1 millisecond'
            WHEN coalesce($2, d.state) NOT IN (",
    silent_states!(),
    ") THEN NULL
            WHEN d.receipt_due_at > now() THEN d.receipt_due_at
            WHEN d.receipt_due_at IS NOT NULL THEN now() + $14::bigint * interval '1 millisecond' END,
        sender_reported = coalesce($11, d.sender_reported),
        held_since = CASE WHEN $10 THEN coalesce(d.held_since, now()) END,
        unjudged = false,
        updated_at = now()
    WHERE d.job_id = $1
    RETURNING ",
    snapshot_columns!(),
    "
), resolved AS (",
    resolve_letters!(
        "SELECT job_id FROM changed WHERE $2 NOT IN (",
        with_worker_states!(),
        ", 'dead')"
    ),
    "), died AS (",
    open_letters!(
        "SELECT
            job_id, channel, $8 AS queue, $9 AS routing_key, failure_code AS code, coalesce(detail, '') AS detail, body,
            generation
        FROM changed WHERE $2 = 'dead'"
    ),
    ")
SELECT ",
    snapshot_columns!(),
    " FROM changed AS d"
);

pub(crate) const FALLBACK: &str = concat!(
    "SELECT ",
    snapshot_columns!(),
    ", EXISTS (SELECT FROM owed AS o WHERE o.job_id = d.job_id) AS is_owed
FROM delivery AS d WHERE d.source_job_id = $1"
);

/// Inserts the email where there is none; says whether it did.
async fn create_fallback(
    transaction: &Transaction<'_>,
    source: JobId,
    fallback: &NewFallback,
) -> Result<bool, StoreError> {
    let (job_id, body, consultation, revision, kind, wrong) = match fallback {
        NewFallback::None | NewFallback::OnHold => return Ok(false),
        NewFallback::Email { job_id, body, consultation_id, revision, kind } => {
            (job_id, body, consultation_id, revision, kind, None)
        }
        NewFallback::NoAddress { job_id, body, consultation_id, revision, kind, code, detail } => {
            (job_id, body, consultation_id, revision, kind, Some((code.as_str(), text::detail(detail))))
        }
    };
    let (code, detail) = wrong.unzip();
    let state = if detail.is_some() { DeliveryState::Dead } else { DeliveryState::Pending };
    let queue = WorkQueue::Jobs(Channel::Email);
    let rows = query(
        transaction,
        CREATE_FALLBACK,
        &[
            &job_id.0,
            kind,
            &consultation.as_str(),
            &int(*revision),
            &state.as_str(),
            &&body[..],
            &Sha256::digest(body).to_vec(),
            &source.0,
            &code,
            &detail,
            &queue.name(),
            &queue.routing_key(),
        ],
    )
    .await?;
    Ok(!rows.is_empty())
}

/// Whatever row there is already, by its job or by its source, stays; without an address its dead letter goes along.
pub(crate) const CREATE_FALLBACK: &str = concat!(
    "
WITH created AS (
    INSERT INTO delivery (
        job_id, channel, kind, consultation_id, revision, generation, state, body, body_hash, source_job_id,
        failure_code, detail, ended_at, words, traceparent
    ) VALUES (
        $1, 'email', $2, $3, $4, 1, $5, $6, $7, $8, $9, $10, CASE WHEN $9::text IS NOT NULL THEN now() END,
        CASE WHEN $9::text IS NOT NULL THEN 1 ELSE 0 END, (SELECT traceparent FROM delivery WHERE job_id = $8)
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
