//! The tables of the yardstick, in a schema of their own beside the fleet's.

use tokio_postgres::{Client, Config, NoTls};

use crate::{Problem, settings, tasks::Tasks};

/// Plans that are right for large tables from the start, as the fleet's sessions have them.
const OPTIONS: &str = "-c enable_seqscan=off -c enable_bitmapscan=off -c enable_hashjoin=off -c enable_mergejoin=off \
                       -c jit=off";

/// `ideal.job` is the delivery; the view `ideal.delivery` shows it in the fleet's words, so that whoever reads the
/// fleet's record with the search path `ideal` reads this one.
const TABLES: &str = "
SELECT pg_advisory_xact_lock(7102816);
CREATE SCHEMA IF NOT EXISTS ideal;
CREATE TABLE IF NOT EXISTS ideal.job (
    job_id       uuid        PRIMARY KEY,
    state        text        NOT NULL DEFAULT 'sending',
    evidence     text        NOT NULL DEFAULT 'none',
    client_ref   uuid        NOT NULL,
    provider_ref text,
    lease_token  uuid,
    lease_until  timestamptz,
    tried_at     timestamptz NOT NULL DEFAULT now(),
    accepted_at  timestamptz,
    ended_at     timestamptz,
    body         bytea       NOT NULL
) WITH (fillfactor = 70);
CREATE INDEX IF NOT EXISTS job_provider_ref ON ideal.job (provider_ref) WHERE provider_ref IS NOT NULL;
CREATE TABLE IF NOT EXISTS ideal.receipt (
    receipt_id      text        PRIMARY KEY,
    job_id          uuid        NOT NULL,
    provider_ref    text,
    client_ref      uuid,
    status          text        NOT NULL,
    evidence        text        NOT NULL,
    provider_code   text,
    reported_sender text,
    occurred_at     timestamptz,
    received_at     timestamptz NOT NULL,
    recorded_at     timestamptz NOT NULL DEFAULT now()
);
CREATE TABLE IF NOT EXISTS ideal.owed (job_id uuid PRIMARY KEY, since timestamptz NOT NULL DEFAULT now());
CREATE OR REPLACE VIEW ideal.delivery AS
SELECT
    job_id, 'sms'::text AS channel, 'closure.sms/1'::text AS kind, 1 AS generation, state, NULL::text AS failure_code,
    NULL::text AS detail, evidence, 1 AS attempts, '[]'::jsonb AS rules, NULL::uuid AS fallback_job_id,
    NULL::uuid AS source_job_id, ended_at, provider_ref, NULL::jsonb AS call, NULL::timestamptz AS held_since,
    1 AS words, false AS unjudged, NULL::text AS sender_asked, NULL::text AS sender_reported,
    NULL::text AS traceparent, body
FROM ideal.job;
GRANT USAGE ON SCHEMA ideal TO PUBLIC;
GRANT SELECT ON ALL TABLES IN SCHEMA ideal TO PUBLIC;
";

/// Makes the tables where they are missing.
pub(crate) async fn make(tasks: &Tasks) -> Result<(), Problem> {
    let client = connect(tasks).await?;
    let made: Option<String> =
        client.query_one("SELECT to_regclass('ideal.delivery')::text", &[]).await?.get(0);
    if made.is_none() {
        client.batch_execute(&format!("BEGIN; {TABLES} COMMIT")).await?;
    }
    Ok(())
}

/// A session; statements of several tasks go through it one behind the other without waiting for answers.
pub(crate) async fn connect(tasks: &Tasks) -> Result<Client, Problem> {
    let mut config: Config = settings::database_url()?.parse()?;
    config.options(OPTIONS).application_name("bench_ideal");
    let (client, connection) = config.connect(NoTls).await?;
    tasks.spawn(async move { Ok(connection.await?) });
    Ok(client)
}
