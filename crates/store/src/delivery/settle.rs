//! How an attempt ended, with everything that follows from it in the same commit.

use std::fmt;

use closure_contract::{AttemptNumber, Evidence, FailureCode, Generation, JobId};
use serde_json::Value;
use tokio_postgres::Row;

use super::{
    ending::{AttemptState, Ending, EndingWords},
    leases::Lease,
    snapshot::{Snapshot, snapshot_columns},
    state::{in_flight_states, silent_states},
};
use crate::{
    database::{
        batch::{Batch, by_job, column},
        json_text::JsonText,
        pool::Database,
        row::{Columns, int, millis},
        text,
    },
    dead_letters::job_letter::{open_letters, resolve_letters},
    error::StoreError,
    receipts::overdue::LOOK_AGAIN_MS,
    store::Store,
};

/// What became of a claimed attempt.
#[derive(Clone)]
pub struct Settlement {
    /// The right to say so.
    pub lease: Lease,
    /// The generation that was claimed.
    pub generation: Generation,
    /// The attempt that was made.
    pub attempt: AttemptNumber,
    /// How it ended.
    pub ending: Ending,
    /// Every rule that had a say, where it is more than the claim said.
    pub rules: Option<JsonText>,
    /// The record of a call.
    pub call: Option<Value>,
}

/// Whether a receipt of this generation was there before the settlement.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum EarlyReceipts {
    /// None is on record.
    None,
    /// At least one is on record.
    Some,
}

/// The answer to a settlement.
#[derive(Debug, Clone, PartialEq)]
pub enum Settled {
    /// It is on record.
    ///
    /// Where a receipt had raised the delivery before, the snapshot keeps that state whatever the ending said.
    Done {
        /// The delivery as it stands now.
        snapshot: Box<Snapshot>,
        /// Whether a receipt came before.
        early_receipts: EarlyReceipts,
    },
    /// Another holds the delivery by now; nothing was written.
    LeaseLost,
}

impl Store {
    /// Puts the end of an attempt on record; concurrent settlements share one commit.
    ///
    /// After an error the settlement may be asked for again as it is: where the first one was written, the answer is
    /// the one that was lost, so that what follows from it is told.
    pub async fn settle(&self, settlement: Settlement) -> Result<Settled, StoreError> {
        self.settlements.ask(Change::of(settlement)).await
    }
}

/// A settlement as the statement's columns.
pub(crate) struct Change {
    lease: Lease,
    generation: Generation,
    attempt: AttemptNumber,
    words: EndingWords,
    code: Option<FailureCode>,
    detail: Option<String>,
    evidence: Option<Evidence>,
    provider_ref: Option<String>,
    receipt_due_ms: Option<i64>,
    lookups: Option<i32>,
    rules: Option<JsonText>,
    call: Option<Value>,
    queue: Option<&'static str>,
    routing_key: Option<&'static str>,
    sender_reported: Option<String>,
}

impl Change {
    fn of(settlement: Settlement) -> Self {
        let Settlement { lease, generation, attempt, ending, rules, call } = settlement;
        let silent = Self {
            lease,
            generation,
            attempt,
            words: ending.words(),
            code: None,
            detail: None,
            evidence: None,
            provider_ref: None,
            receipt_due_ms: None,
            lookups: None,
            rules,
            call: call.map(text::json),
            queue: None,
            routing_key: None,
            sender_reported: None,
        };
        let reference = |value: Option<String>| value.as_deref().map(text::reference);
        match ending {
            Ending::Accepted { provider_ref, receipt_due_in_ms, reported_sender } => Self {
                provider_ref: reference(provider_ref),
                receipt_due_ms: receipt_due_in_ms.map(millis),
                sender_reported: reference(reported_sender),
                ..silent
            },
            Ending::Final { state: _, code, detail, evidence, provider_ref, attempt_use: _ } => Self {
                code,
                detail: text::optional(detail.as_deref()),
                evidence: Some(evidence),
                provider_ref: reference(provider_ref),
                ..silent
            },
            Ending::Waiting { code, detail } => silent.why(Some(code), &detail),
            Ending::InDoubt { code, detail, lookups } => {
                Self { lookups: Some(int(lookups)), ..silent }.why(Some(code), &detail)
            }
            Ending::Dead { code, detail, queue, routing_key, attempt_use: _ } => {
                Self { queue: Some(queue), routing_key: Some(routing_key), ..silent }.why(Some(code), &detail)
            }
            Ending::GivenBack { code, detail } => silent.why(code, &detail),
        }
    }

    fn why(self, code: Option<FailureCode>, detail: &str) -> Self {
        Self { code, detail: Some(text::detail(detail)), ..self }
    }
}

/// The batched work.
pub(crate) struct Settlements(pub(crate) Database);

impl Batch for Settlements {
    type Item = Change;
    type Answer = Settled;
    type Key = JobId;

    fn key(item: &Change) -> JobId {
        item.lease.job_id
    }

    async fn run(&self, items: &[&Change]) -> Result<Vec<Settled>, StoreError> {
        let rows = self.rows(items).await?;
        let by_job = by_job(&rows)?;
        items
            .iter()
            .map(|change| by_job.get(&change.lease.job_id).map_or(Ok(Settled::LeaseLost), |row| done(row)))
            .collect()
    }
}

fn done(row: &Row) -> Result<Settled, StoreError> {
    let early_receipts =
        if Columns(row).get("early_receipts")? { EarlyReceipts::Some } else { EarlyReceipts::None };
    Ok(Settled::Done { snapshot: Box::new(Snapshot::read(row)?), early_receipts })
}

impl Settlements {
    async fn rows(&self, items: &[&Change]) -> Result<Vec<Row>, StoreError> {
        self.0
            .query(
                SETTLE,
                &[
                    &column(items, |change| change.lease.job_id.0),
                    &column(items, |change| change.lease.token),
                    &column(items, |change| int(change.generation.0)),
                    &column(items, |change| int(change.attempt.0)),
                    &column(items, |change| change.words.ending.as_str()),
                    &column(items, |change| change.words.state.as_str()),
                    &column(items, |change| change.words.attempt.map(AttemptState::as_str)),
                    &column(items, |change| change.code.map(FailureCode::as_str)),
                    &column(items, |change| change.detail.as_deref()),
                    &column(items, |change| change.evidence.map(Evidence::as_str)),
                    &column(items, |change| change.provider_ref.as_deref()),
                    &column(items, |change| change.receipt_due_ms),
                    &column(items, |change| change.lookups),
                    &column(items, |change| change.rules.as_ref()),
                    &column(items, |change| change.call.as_ref()),
                    &column(items, |change| change.queue),
                    &column(items, |change| change.routing_key),
                    &column(items, |change| change.sender_reported.as_deref()),
                    &LOOK_AGAIN_MS,
                ],
            )
            .await
    }
}

/// Rows are locked one by one in the order of the batch, which is the order of every batch: so no two of them wait
/// for each other. The lateral query also fixes the plan: a probe of the primary key for each settlement.
///
/// `kept`: a receipt has raised the delivery already, and an attempt's end never lowers that; or this settlement was
/// written before and its answer was lost, for it leaves its token behind. It then changes nothing and is answered
/// like the first one.
/// `heard`: a receipt was looked at before this settlement. It may have come after this statement began, and is then not
/// among the receipts that the statement sees; the mark in the row is, for the row is read under its lock.
/// `early`: a receipt that a sweep has in hand, or of which a copy is just coming in, is left to the sweep. It holds
/// receipts and waits for deliveries, so that waiting for it here would be waiting in a circle.
/// `unsent`: nothing was sent by this attempt, so that it leaves no row; but only the holder of the right to try can
/// know that, and the finder of what became of an older attempt cannot.
pub(crate) const SETTLE: &str = concat!(
    "
WITH asked AS (
    SELECT * FROM unnest(
        $1::uuid[], $2::uuid[], $3::integer[], $4::integer[], $5::text[], $6::text[], $7::text[], $8::text[],
        $9::text[], $10::text[], $11::text[], $12::bigint[], $13::integer[], $14::jsonb[], $15::jsonb[],
        $16::text[], $17::text[], $18::text[]
    ) AS asked (
        job_id, token, generation, number, ending, state, attempt_state, code,
        detail, evidence, provider_ref, receipt_due_ms, lookups, rules, call,
        queue, routing_key, sender_reported
    )
), held AS MATERIALIZED (
    SELECT
        asked.*, found.provider, found.channel, found.body, found.lease_for,
        found.state NOT IN (",
    in_flight_states!(),
    ") AS kept,
        found.state = 'sending' AND found.look_at IS NOT NULL AS heard,
        asked.attempt_state IS NULL AND coalesce(found.lease_for, '') IN ('try', 'resend') AS unsent
    FROM asked CROSS JOIN LATERAL (
        SELECT d.state, d.look_at, d.provider, d.channel, d.lease_for,
            CASE asked.ending WHEN 'dead' THEN d.body END AS body
        FROM delivery AS d
        WHERE d.job_id = asked.job_id AND d.lease_token = asked.token AND d.generation = asked.generation
        FOR UPDATE
    ) AS found
), changed AS (
    UPDATE delivery AS d SET
        state = CASE
            WHEN h.kept THEN d.state
            WHEN h.ending = 'given_back' AND h.lease_for = 'try' THEN
                CASE WHEN h.number > 1 THEN 'waiting' ELSE 'pending' END
            ELSE h.state END,
        attempts = CASE WHEN h.unsent THEN h.number - 1 ELSE d.attempts END,
        resends = CASE WHEN h.unsent AND h.lease_for = 'resend' THEN d.resends - 1 ELSE d.resends END,
        -- What was not sent again is in doubt under the name and the time of the try before.
        client_ref = CASE WHEN h.unsent AND h.lease_for = 'resend' THEN (
            SELECT a.client_ref FROM attempt AS a
            WHERE a.job_id = h.job_id AND a.generation = h.generation AND a.number = h.number - 1
        ) ELSE d.client_ref END,
        tried_at = CASE WHEN h.unsent AND h.lease_for = 'resend' THEN (
            SELECT a.started_at FROM attempt AS a
            WHERE a.job_id = h.job_id AND a.generation = h.generation AND a.number = h.number - 1
        ) ELSE d.tried_at END,
        lookups = coalesce(h.lookups, d.lookups),
        -- A worker of an older release may try next, and it says nothing of its request.
        handed_over = CASE WHEN h.ending NOT IN ('waiting', 'given_back') THEN d.handed_over END,
        unjudged = CASE WHEN h.kept THEN d.unjudged ELSE h.channel = 'sms' AND h.state IN ('refused', 'unknown') END,
        failure_code = CASE WHEN h.kept THEN d.failure_code ELSE h.code END,
        detail = CASE WHEN h.kept THEN d.detail ELSE h.detail END,
        evidence = CASE WHEN h.kept THEN d.evidence ELSE coalesce(h.evidence, d.evidence) END,
        provider_ref = coalesce(h.provider_ref, d.provider_ref),
        accepted_at = CASE WHEN h.state = 'accepted' THEN coalesce(d.accepted_at, now()) ELSE d.accepted_at END,
        receipt_due_at = CASE WHEN h.kept THEN d.receipt_due_at
            ELSE now() + h.receipt_due_ms * interval '1 millisecond' END,
        look_at = CASE
            WHEN h.kept THEN d.look_at
            WHEN h.ending = 'accepted' AND h.channel = 'dial' THEN now()
            -- Should this process die before it tells of the receipt.
            WHEN h.heard AND h.state IN (",
    silent_states!(),
    ") THEN
                now() + least(h.receipt_due_ms, $19::bigint) * interval '1 millisecond'
            ELSE now() + h.receipt_due_ms * interval '1 millisecond' END,
        inquire_after = CASE WHEN h.kept THEN d.inquire_after END,
        postponed_since = CASE
            WHEN h.kept THEN d.postponed_since
            WHEN h.ending = 'given_back' THEN coalesce(d.postponed_since, now()) END,
        rules = coalesce(h.rules, d.rules),
        call = coalesce(d.call, h.call),
        sender_reported = coalesce(h.sender_reported, d.sender_reported),
        lease_until = NULL,
        lease_for = NULL,
        ended_at = CASE WHEN h.kept THEN d.ended_at WHEN h.ending IN ('final', 'dead') THEN now() END,
        updated_at = now()
    FROM held AS h
    WHERE d.job_id = h.job_id
    RETURNING ",
    snapshot_columns!(),
    "
), ended AS (
    UPDATE attempt AS a SET
        state = coalesce(h.attempt_state, 'in_doubt'),
        failure_code = h.code,
        detail = h.detail,
        provider_ref = coalesce(h.provider_ref, a.provider_ref),
        ended_at = now()
    FROM held AS h
    WHERE a.job_id = h.job_id AND a.generation = h.generation AND a.number = h.number AND NOT h.unsent
), came_home AS (
    DELETE FROM delayed WHERE job_id = ANY (ARRAY (SELECT job_id FROM held))
), taken_back AS (
    DELETE FROM attempt AS a USING held AS h
    WHERE a.job_id = h.job_id AND a.generation = h.generation AND a.number = h.number AND h.unsent
), early AS MATERIALIZED (
    SELECT found.id, h.job_id, h.generation, h.number
    FROM held AS h CROSS JOIN LATERAL (
        SELECT r.id FROM receipt AS r
        WHERE r.job_id IS NULL AND r.provider_ref = h.provider_ref AND r.provider = h.provider
            AND r.anothers_job_id IS NULL
        FOR UPDATE SKIP LOCKED
    ) AS found
), matched AS (
    UPDATE receipt AS r SET
        job_id = e.job_id, generation = e.generation, number = e.number, inbox_since = NULL
    FROM early AS e
    WHERE r.id = e.id AND r.id = ANY (ARRAY (SELECT id FROM early))
), died AS (",
    open_letters!(
        "SELECT job_id, channel, queue, routing_key, code, detail, body, generation
        FROM held WHERE ending = 'dead' AND NOT kept"
    ),
    "), resolved AS (",
    resolve_letters!("SELECT job_id FROM held WHERE ending IN ('accepted', 'final') AND generation > 1"),
    ")
SELECT
    d.*,
    coalesce(
        (SELECT true FROM receipt AS r WHERE r.job_id = d.job_id AND r.generation = d.generation LIMIT 1),
        d.job_id = ANY (ARRAY (SELECT job_id FROM early UNION ALL SELECT job_id FROM held WHERE heard)),
        false
    ) AS early_receipts
FROM changed AS d"
);

impl fmt::Debug for Settlement {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Settlement")
            .field("job_id", &self.lease.job_id)
            .field("generation", &self.generation)
            .field("attempt", &self.attempt)
            .field("ending", &self.ending)
            .finish_non_exhaustive()
    }
}
