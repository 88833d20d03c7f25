//! The statement of `claim`, one file apart because of its length.

use super::{snapshot::snapshot_fields, state::in_flight_states};

/// Every claim of a batch is an upsert, so that its plan cannot depend on the table's size.
///
/// A row that exists is decided upon under its lock. `try` is right where nobody has tried this generation, where
/// the retry that was planned has come, or where a try began that surely never reached its provider, and its lease is
/// over; `find_out` where any other began and its lease is over. In every other case the row is written back as it was,
/// and says itself why it was not granted.
///
/// A batch whose answer was lost is asked for again with the same tokens: the rows that the first one granted are
/// ours already, and their attempts are on record.
pub(crate) const CLAIM: &str = concat!(
    "WITH asked AS (
        SELECT * FROM unnest(
            $1::uuid[], $2::text[], $3::text[], $4::text[], $5::integer[], $6::integer[], $7::integer[], $8::uuid[],
            $9::bytea[], $10::bytea[], $11::uuid[], $12::text[], $13::uuid[], $14::bigint[], $15::bytea[], $16::jsonb[],
            $17::text[], $18::text[]
        ) AS asked (
            job_id, channel, kind, consultation_id, revision, generation, attempt, client_ref,
            body, body_hash, source_job_id, provider, token, lease_ms, rendered, rules, sender_asked,
            traceparent
        )
    ), taken AS (
        INSERT INTO delivery AS d (
            job_id, channel, kind, consultation_id, revision, generation, state, body, body_hash, attempts,
            client_ref, source_job_id, provider, lease_token, lease_until, lease_for, tried_at, rendered, rules,
            sender_asked, traceparent, handed_over
        )
        SELECT
            job_id, channel, kind, consultation_id, revision, generation, 'sending', body, body_hash, attempt,
            client_ref, source_job_id, provider, token, clock_timestamp() + lease_ms * interval '1 millisecond', 'try',
            clock_timestamp(), rendered, rules, sender_asked, traceparent, CASE channel WHEN 'dial' THEN false END
        FROM asked
        ORDER BY job_id
        ON CONFLICT (job_id) DO UPDATE SET (
            state, attempts, lookups, client_ref, provider, tried_at, rendered, rules, sender_asked, handed_over,
            lease_token, lease_until, lease_for, updated_at
        ) = (
            SELECT
                CASE WHEN try THEN 'sending' ELSE d.state END,
                CASE WHEN try THEN excluded.attempts ELSE d.attempts END,
                CASE WHEN try THEN 0 ELSE d.lookups END,
                CASE WHEN try THEN excluded.client_ref ELSE d.client_ref END,
                CASE WHEN try THEN excluded.provider ELSE d.provider END,
                CASE WHEN try THEN excluded.tried_at ELSE d.tried_at END,
                CASE WHEN try THEN coalesce(d.rendered, excluded.rendered) ELSE d.rendered END,
                CASE WHEN try THEN excluded.rules ELSE d.rules END,
                CASE WHEN try THEN excluded.sender_asked ELSE d.sender_asked END,
                CASE WHEN try THEN excluded.handed_over ELSE d.handed_over END,
                CASE WHEN try OR find_out THEN excluded.lease_token ELSE d.lease_token END,
                CASE WHEN try OR find_out THEN excluded.lease_until ELSE d.lease_until END,
                CASE WHEN try THEN 'try' WHEN find_out THEN 'find_out' ELSE d.lease_for END,
                CASE WHEN try OR find_out THEN now() ELSE d.updated_at END
            FROM (
                SELECT
                    same AND (
                        d.state = 'pending'
                        OR d.state = 'waiting' AND excluded.attempts > d.attempts
                        OR d.state = 'sending' AND d.handed_over IS FALSE AND over AND excluded.attempts = d.attempts
                    ) AS try,
                    same AND d.state IN (",
    in_flight_states!(),
    ") AND over AS find_out
                FROM (
                    SELECT
                        d.generation = excluded.generation AND d.body_hash = excluded.body_hash AS same,
                        d.lease_until IS NULL OR d.lease_until <= clock_timestamp() AS over
                ) AS message
            ) AS answer
        )
        RETURNING
            ",
    snapshot_fields!(),
    ",
            CASE WHEN d.lease_token = ANY ($13::uuid[]) THEN ''::bytea ELSE d.body END AS body,
            d.body_hash, d.lease_token, d.lease_for, d.client_ref, d.provider, d.rendered, d.tried_at, d.lookups,
            d.resends,
            coalesce(ceil(extract(epoch FROM d.lease_until - clock_timestamp()) * 1000), 0)::bigint AS remaining_ms,
            coalesce(extract(epoch FROM clock_timestamp() - d.postponed_since) * 1000, 0)::bigint AS postponed_ms
    ), begun AS (
        INSERT INTO attempt (job_id, generation, number, client_ref, provider, state, started_at)
        SELECT job_id, generation, attempts, client_ref, provider, 'sending', tried_at
        FROM taken
        WHERE lease_for = 'try' AND lease_token = ANY ($13::uuid[])
        ON CONFLICT DO NOTHING
    )
    SELECT * FROM taken"
);
