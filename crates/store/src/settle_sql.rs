//! The statements of `settle`, one file apart because of their length.

use crate::snapshot::snapshot_columns;

/// Rows are locked one by one in the order of the batch, which is the order of every batch: so no two of them wait
/// for each other. The lateral query also fixes the plan: a probe of the primary key for each settlement.
///
/// `kept`: a receipt has raised the delivery already, and an attempt's end never lowers that; or this settlement was
/// written before and its answer was lost, for it leaves its token behind. It then changes nothing and is answered
/// like the first one.
/// `heard`: a receipt was looked at before this settlement. It may have come after this statement began, and is then not
/// among the receipts that the statement sees; the mark in the row is, for the row is read under its lock.
/// `early`: a receipt that a sweep has in hand is left to it. The sweep holds receipts and waits for deliveries, so that
/// waiting for it here would be waiting in a circle.
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
        found.state NOT IN ('sending', 'in_doubt') AS kept,
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
            WHEN h.heard AND h.state IN ('accepted', 'in_doubt') THEN
                now() + least(h.receipt_due_ms * interval '1 millisecond', interval '1 minute')
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
), died AS (
    INSERT INTO dead_letter AS l (key, job_id, channel, queue, routing_key, code, detail, body, state, generation)
    SELECT 'job:' || h.job_id, h.job_id, h.channel, h.queue, h.routing_key, h.code, h.detail, h.body, 'open', h.generation
    FROM held AS h
    WHERE h.ending = 'dead' AND NOT h.kept
    ON CONFLICT (key) DO UPDATE SET
        state = 'open', code = excluded.code, detail = excluded.detail, generation = excluded.generation,
        deaths = l.deaths + 1, last_died_at = now(), settled_at = NULL
), resolved AS (
    UPDATE dead_letter SET state = 'resolved', settled_at = now()
    WHERE state = 'replaying' AND key = ANY (ARRAY (
        SELECT 'job:' || h.job_id FROM held AS h WHERE h.ending IN ('accepted', 'final') AND h.generation > 1
    ))
)
SELECT
    d.*,
    coalesce(
        (SELECT true FROM receipt AS r WHERE r.job_id = d.job_id AND r.generation = d.generation LIMIT 1),
        d.job_id = ANY (ARRAY (SELECT job_id FROM early UNION ALL SELECT job_id FROM held WHERE heard)),
        false
    ) AS early_receipts
FROM changed AS d"
);
