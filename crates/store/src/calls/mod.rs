//! Calls that are up, and the PBX's own record of them.

pub(crate) mod placing;

use closure_contract::{
    ClientRef, FailureCode, Generation, JobId, Timestamp,
    facts::calls::{CallEvent, CallEventKind},
};
use serde_json::Value;
use time::PrimitiveDateTime;

use crate::{
    database::{
        row::{Columns, int, millis},
        text,
    },
    dead_letters::job_letter::resolve_letters,
    delivery::{
        ending::Ending,
        snapshot::{Snapshot, snapshot_columns},
        state::DeliveryState,
    },
    error::StoreError,
    store::Store,
};

/// What we read of the record; the PBX fills whatever other columns it finds.
const RECORD_COLUMNS: [(&str, &str); 6] = [
    ("id", "bigint"),
    ("eventtype", "text"),
    ("eventtime", "timestamp without time zone"),
    ("uniqueid", "text"),
    ("linkedid", "text"),
    ("extra", "text"),
];

/// One look reads at most this many events of a call; a long call has some dozens.
const CALL_EVENTS_MAX: i64 = 1_000;

/// A call that was placed and has not ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OpenCall {
    /// The dial job.
    pub job_id: JobId,
    /// Which edition of it.
    pub generation: Generation,
    /// The channel id of the agent's leg.
    pub client_ref: ClientRef,
    /// Whether its click is no longer fresh, by the database's clock.
    pub is_stale: bool,
    /// For how long the PBX has known no such channel; nothing where it knew one when it was last asked.
    pub gone_ms: Option<u64>,
    /// Whether we hung it up because nobody had answered while its click was fresh.
    pub is_hung_up: bool,
}

/// What is wrong with the table that takes the PBX's record of calls.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RecordFault {
    /// There is none, and `fleet migrate` makes none again.
    #[error(
        "the table cel is not there; as closure_owner run crates/store/migrations/V3__call_records.sql and then \
         deploy/postgres/grants.sql: `fleet migrate` does not make again what is gone"
    )]
    NoTable,
    /// A column that we read is not there, or is of another type.
    #[error(
        "the table cel has no column {column} of type {wanted}; bring it back as V3__call_records.sql has it"
    )]
    Column {
        /// Its name.
        column: String,
        /// In PostgreSQL's words.
        wanted: String,
    },
}

impl Store {
    /// What is wrong with the table that takes the PBX's record of calls, by the catalogue alone.
    pub async fn record_faults(&self) -> Result<Vec<RecordFault>, StoreError> {
        let (columns, types): (Vec<_>, Vec<_>) = RECORD_COLUMNS.iter().copied().unzip();
        let rows = self.database.query(RECORD, &[&columns, &types]).await?;
        rows.iter()
            .map(|row| {
                let row = Columns(row);
                if row.get("is_gone")? {
                    return Ok(RecordFault::NoTable);
                }
                Ok(RecordFault::Column { column: row.get("wanted_column")?, wanted: row.get("wanted_type")? })
            })
            .collect()
    }

    /// Calls that are up, each to one process for this long.
    pub async fn open_calls(&self, lease_ms: u64, limit: i64) -> Result<Vec<OpenCall>, StoreError> {
        let rows = self.database.query(OPEN, &[&millis(lease_ms), &limit]).await?;
        rows.iter()
            .map(|row| {
                let columns = Columns(row);
                Ok(OpenCall {
                    job_id: columns.job("job_id")?,
                    generation: columns.generation("generation")?,
                    client_ref: columns.get("client_ref").map(ClientRef)?,
                    is_stale: columns.get("is_stale")?,
                    gone_ms: columns
                        .get::<Option<i64>>("gone_ms")?
                        .map(|gone_ms| u64::try_from(gone_ms).unwrap_or(0)),
                    is_hung_up: columns.get("is_hung_up")?,
                })
            })
            .collect()
    }

    /// What the PBX wrote down about a call, by the channel id of its first leg, in the order of writing.
    pub async fn call_events(&self, channel_id: &str) -> Result<Vec<CallEvent>, StoreError> {
        let rows = self.database.query(EVENTS, &[&channel_id, &CALL_EVENTS_MAX]).await?;
        rows.iter()
            .map(|row| {
                let columns = Columns(row);
                let extra: String = columns.get("extra")?;
                Ok(CallEvent {
                    kind: CallEventKind::named(columns.get("eventtype")?),
                    at: Timestamp(columns.get::<PrimitiveDateTime>("eventtime")?.assume_utc()),
                    unique_id: columns.get("uniqueid")?,
                    linked_id: columns.get("linkedid")?,
                    extra: Some(extra).filter(|extra| !extra.is_empty()),
                })
            })
            .collect()
    }

    /// Ends a delivery that still stands where the caller saw it; nothing where somebody else has moved it.
    ///
    /// The ending is a [`Ending::Final`]; any other one belongs to a settlement, which needs a lease, and is refused.
    /// What the end of a call adds joins the record that was kept when it was placed.
    pub async fn conclude(
        &self,
        job_id: JobId,
        generation: Generation,
        from: DeliveryState,
        ending: Ending,
        call_end: Value,
    ) -> Result<Option<Snapshot>, StoreError> {
        let Ending::Final { state, code, detail, evidence, provider_ref, attempt_use: _ } = ending else {
            return Err(StoreError::Settings(
                "only a final ending concludes a delivery without a lease".to_owned(),
            ));
        };
        let rows = self
            .database
            .query(
                CONCLUDE,
                &[
                    &job_id.0,
                    &int(generation.0),
                    &from.as_str(),
                    &DeliveryState::from(state).as_str(),
                    &code.map(FailureCode::as_str),
                    &text::optional(detail.as_deref()),
                    &evidence.as_str(),
                    &provider_ref.as_deref().map(text::reference),
                    &text::json(call_end),
                ],
            )
            .await?;
        rows.first().map(Snapshot::read).transpose()
    }
}

/// The calls that were looked at longest ago come first, so that none starves behind the limit.
pub(crate) const OPEN: &str = "
WITH due AS MATERIALIZED (
    SELECT job_id FROM delivery
    WHERE channel = 'dial' AND look_at <= now() AND state = 'accepted'
    ORDER BY look_at LIMIT $2
    FOR UPDATE SKIP LOCKED
)
UPDATE delivery AS d SET
    look_at = clock_timestamp() + $1::bigint * interval '1 millisecond'
FROM due WHERE d.job_id = due.job_id
RETURNING
    d.job_id, d.generation, d.client_ref, coalesce(d.fresh_until <= clock_timestamp(), false) AS is_stale,
    (extract(epoch FROM clock_timestamp() - d.gone_since) * 1000)::bigint AS gone_ms,
    d.hung_up_at IS NOT NULL AS is_hung_up";

pub(crate) const RECORD: &str = "
SELECT DISTINCT ON (is_gone, wanted_column) table_oid IS NULL AS is_gone,
    CASE WHEN table_oid IS NULL THEN '' ELSE wanted_column END AS wanted_column, wanted_type
FROM unnest($1::text[], $2::text[]) AS wanted(wanted_column, wanted_type), to_regclass('cel') AS table_oid
WHERE NOT EXISTS (
    SELECT FROM pg_attribute AS a
    WHERE a.attrelid = table_oid AND a.attname = wanted_column AND NOT a.attisdropped
        AND format_type(a.atttypid, NULL) = wanted_type
)";

pub(crate) const EVENTS: &str = "
SELECT eventtype, eventtime, uniqueid, linkedid, extra FROM cel WHERE linkedid = $1 ORDER BY id LIMIT $2";

pub(crate) const CONCLUDE: &str = concat!(
    "
WITH changed AS (
    UPDATE delivery AS d SET
        state = $4, failure_code = $5, detail = $6, evidence = $7, provider_ref = coalesce($8, d.provider_ref),
        call = d.call || $9, look_at = NULL,
        ended_at = now(), updated_at = now()
    WHERE d.job_id = $1 AND d.generation = $2 AND d.state = $3
    RETURNING ",
    snapshot_columns!(),
    "
), resolved AS (",
    resolve_letters!("SELECT job_id FROM changed"),
    ")
SELECT ",
    snapshot_columns!(),
    " FROM changed AS d"
);
