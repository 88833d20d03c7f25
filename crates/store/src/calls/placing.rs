//! A call that is about to be placed: on record before the PBX is asked, and the only one of its agent.

use std::fmt;

use closure_contract::{ClientRef, Generation, JobId, Timestamp};
use serde_json::Value;

use crate::{
    database::{
        row::{Columns, int, millis},
        text,
    },
    delivery::{leases::Lease, state::in_flight_states},
    error::StoreError,
    store::Store,
};

/// A call that is about to be placed, with what was decided about it.
#[derive(Clone)]
pub struct NewCall {
    /// The right to place it.
    pub lease: Lease,
    /// The agent's phone, in digits.
    pub extension: String,
    /// The record that goes with the call (R4); what its end adds is not known yet.
    pub record: Option<Value>,
    /// From then on it rings nobody who has not answered.
    pub fresh_until: Option<Timestamp>,
    /// A call of which nobody knows whether it was placed keeps its agent for so many milliseconds at most.
    pub doubt_holds_ms: u64,
}

/// A call that keeps its agent from another one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AgentCall {
    /// Its job.
    pub job_id: JobId,
    /// Which edition of it.
    pub generation: Generation,
    /// The name of its channel at the PBX.
    pub client_ref: ClientRef,
    /// Whether the PBX has taken it, so that the PBX knows whether it is still up.
    pub is_accepted: bool,
}

/// Whether a call may be placed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Placing {
    /// It may, at once; a crash from here on leaves a doubt.
    Begun,
    /// The agent has another call.
    AgentOnCall,
    /// Another holds the delivery by now.
    LeaseLost,
}

impl Store {
    /// Another call of this agent's that is being placed, in doubt or up, as far as we have heard.
    pub async fn agents_other_call(
        &self,
        extension: &str,
        job_id: JobId,
        doubt_holds_ms: u64,
    ) -> Result<Option<AgentCall>, StoreError> {
        let rows = self.database.query(ANOTHER, &[&extension, &job_id.0, &millis(doubt_holds_ms)]).await?;
        let another = |row| {
            let columns = Columns(row);
            Ok(AgentCall {
                job_id: columns.job("job_id")?,
                generation: columns.generation("generation")?,
                client_ref: columns.get("client_ref").map(ClientRef)?,
                is_accepted: columns.get("is_accepted")?,
            })
        };
        rows.first().map(another).transpose()
    }

    /// Puts down that the PBX is about to be asked, unless the agent has another call.
    ///
    /// Asked again with the same lease it answers the same.
    pub async fn begin_call(&self, call: NewCall) -> Result<Placing, StoreError> {
        let NewCall { lease, extension, record, fresh_until, doubt_holds_ms } = call;
        let rows = self
            .database
            .query(
                BEGIN,
                &[
                    &extension,
                    &lease.job_id.0,
                    &millis(doubt_holds_ms),
                    &lease.token,
                    &record.map(text::json),
                    &fresh_until.map(|until| until.0),
                ],
            )
            .await?;
        let Some(row) = rows.first() else { return Ok(Placing::LeaseLost) };
        let columns = Columns(row);
        Ok(match (columns.get("held")?, columns.get("begun")?) {
            (true, true) => Placing::Begun,
            (true, false) => Placing::AgentOnCall,
            (false, _) => Placing::LeaseLost,
        })
    }

    /// Remembers since when the PBX has known no channel of a call, or that it knows one.
    pub async fn note_call_presence(
        &self,
        job_id: JobId,
        generation: Generation,
        is_gone: bool,
    ) -> Result<(), StoreError> {
        self.database.query(NOTE_PRESENCE, &[&job_id.0, &int(generation.0), &is_gone]).await?;
        Ok(())
    }

    /// Remembers that we hang a call up, before we do.
    pub async fn note_hang_up(&self, job_id: JobId, generation: Generation) -> Result<(), StoreError> {
        self.database.query(NOTE_HANG_UP, &[&job_id.0, &int(generation.0)]).await?;
        Ok(())
    }
}

/// Whether the delivery `d` of the row `c` keeps its agent: its call is up, or may be.
///
/// One whose channel is gone does not, although its record is waited for. One in doubt may never be found out about, and
/// must not keep its agent for ever; a PBX that stood still may place it yet, although it was given up.
macro_rules! keeps_its_agent {
    () => {
        concat!(
            "(
            d.state = 'accepted' AND d.gone_since IS NULL
            OR (d.state IN (",
            in_flight_states!(),
            ") OR d.state = 'unknown' AND d.failure_code = 'call_in_doubt')
                AND c.since > clock_timestamp() - $3::bigint * interval '1 millisecond'
        )"
        )
    };
}

pub(crate) const ANOTHER: &str = concat!(
    "
SELECT d.job_id, d.generation, d.client_ref, d.state = 'accepted' AS is_accepted
FROM agent_call AS c JOIN delivery AS d ON d.job_id = c.job_id
WHERE c.extension = $1 AND c.job_id <> $2 AND d.client_ref IS NOT NULL AND ",
    keeps_its_agent!()
);

/// A call that began after this statement did is newer than what the statement sees of deliveries; it is surely open.
/// The claim of one that began before is seen, and that is why `handed_over` of the same commit is not asked for.
pub(crate) const BEGIN: &str = concat!(
    "
WITH held AS MATERIALIZED (
    SELECT job_id FROM delivery
    WHERE job_id = $2 AND lease_token = $4 AND lease_for = 'try' AND state = 'sending'
        AND lease_until > clock_timestamp()
    FOR UPDATE
), agent AS (
    INSERT INTO agent_call AS c (extension, job_id, since) SELECT $1, job_id, clock_timestamp() FROM held
    ON CONFLICT (extension) DO UPDATE SET job_id = excluded.job_id, since = excluded.since
    WHERE c.job_id = excluded.job_id OR c.since < now() AND NOT EXISTS (
        SELECT FROM delivery AS d WHERE d.job_id = c.job_id AND ",
    keeps_its_agent!(),
    "
    )
    RETURNING c.job_id
), begun AS (
    UPDATE delivery AS d SET
        handed_over = true, call = $5, fresh_until = $6, gone_since = NULL, hung_up_at = NULL, updated_at = now()
    FROM agent WHERE d.job_id = agent.job_id
    RETURNING d.job_id
)
SELECT EXISTS (SELECT FROM held) AS held, EXISTS (SELECT FROM begun) AS begun"
);

pub(crate) const NOTE_PRESENCE: &str = "
UPDATE delivery SET gone_since = CASE WHEN $3 THEN coalesce(gone_since, clock_timestamp()) END
WHERE job_id = $1 AND generation = $2 AND state = 'accepted'";

pub(crate) const NOTE_HANG_UP: &str = "
UPDATE delivery SET hung_up_at = coalesce(hung_up_at, clock_timestamp())
WHERE job_id = $1 AND generation = $2 AND state = 'accepted'";

impl fmt::Debug for NewCall {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("NewCall")
            .field("lease", &self.lease)
            .field("fresh_until", &self.fresh_until)
            .finish_non_exhaustive()
    }
}
