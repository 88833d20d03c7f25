//! A delivery as it stands.

use std::fmt;

use bytes::Bytes;
use closure_contract::{Channel, Evidence, FailureCode, Generation, JobId, Timestamp};
use serde_json::Value;
use tokio_postgres::Row;

use super::state::DeliveryState;
use crate::{
    database::{json_text::JsonText, row::Columns},
    error::StoreError,
};

/// The columns of a [`Snapshot`] but its body, of the table or the query that is called `d`.
macro_rules! snapshot_fields {
    () => {
        "d.job_id, d.channel, d.kind, d.generation, d.state, d.failure_code, d.detail, d.evidence, d.attempts, \
         d.rules, d.fallback_job_id, d.source_job_id, d.ended_at, d.provider_ref, d.call, d.held_since, \
         coalesce(d.words, 1) AS words, d.unjudged, d.sender_asked, d.sender_reported, d.traceparent"
    };
}

/// The columns of a [`Snapshot`], of the table or the query that is called `d`.
macro_rules! snapshot_columns {
    () => {
        concat!(crate::delivery::snapshot::snapshot_fields!(), ", d.body")
    };
}

pub(crate) use {snapshot_columns, snapshot_fields};

/// A delivery as it stood when it was read.
#[derive(Clone, PartialEq)]
pub struct Snapshot {
    /// The job.
    pub job_id: JobId,
    /// What carries it.
    pub channel: Channel,
    /// Kind and major version of the body, such as `closure.sms/1`.
    pub kind: String,
    /// Which edition of the job.
    pub generation: Generation,
    /// Where it stands.
    pub state: DeliveryState,
    /// Why, as a code.
    pub code: Option<FailureCode>,
    /// Why, for people.
    pub detail: Option<String>,
    /// What a `delivered` is worth.
    pub evidence: Evidence,
    /// How many times a provider was tried in this generation.
    pub attempts: u32,
    /// Every rule that had a say.
    pub rules: JsonText,
    /// The message's bytes of this generation.
    pub body: Bytes,
    /// Of an SMS: the email that answers in its place.
    pub fallback_job_id: Option<JobId>,
    /// Of an SMS: an email is due in its place and held back since then (R14e).
    pub held_since: Option<Timestamp>,
    /// Of a fallback email: the SMS that it stands in for.
    pub source_job_id: Option<JobId>,
    /// When it came to an end.
    pub ended_at: Option<Timestamp>,
    /// The provider's own reference.
    pub provider_ref: Option<String>,
    /// The record of a call.
    pub call: Option<Value>,
    /// How many different words about this generation the CRM is told: the number of the latest.
    pub words: u32,
    /// Of an SMS: its try ended it, and whether an email answers is still to be decided.
    pub unjudged: bool,
    /// Of an SMS: the sender that its provider was asked to show.
    pub sender_asked: Option<String>,
    /// Of an SMS: the sender that its provider says it had.
    pub sender_reported: Option<String>,
    /// The W3C trace context that the job came with.
    pub traceparent: Option<String>,
}

impl Snapshot {
    /// Reads the columns that `snapshot_columns!` names.
    pub(crate) fn read(row: &Row) -> Result<Self, StoreError> {
        let columns = Columns(row);
        Ok(Self {
            job_id: columns.job("job_id")?,
            channel: columns.word("channel")?,
            kind: columns.get("kind")?,
            generation: columns.generation("generation")?,
            state: columns.word("state")?,
            code: columns.maybe_code("failure_code")?,
            detail: columns.get("detail")?,
            evidence: columns.word("evidence")?,
            attempts: columns.count("attempts")?,
            rules: columns.get("rules")?,
            body: columns.bytes("body")?,
            fallback_job_id: columns.maybe_job("fallback_job_id")?,
            held_since: columns.maybe_time("held_since")?,
            source_job_id: columns.maybe_job("source_job_id")?,
            ended_at: columns.maybe_time("ended_at")?,
            provider_ref: columns.get("provider_ref")?,
            call: columns.get("call")?,
            words: columns.count("words")?,
            unjudged: columns.get("unjudged")?,
            sender_asked: columns.get("sender_asked")?,
            sender_reported: columns.get("sender_reported")?,
            traceparent: columns.get("traceparent")?,
        })
    }
}

impl fmt::Debug for Snapshot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Snapshot")
            .field("job_id", &self.job_id)
            .field("channel", &self.channel)
            .field("generation", &self.generation)
            .field("state", &self.state)
            .field("code", &self.code)
            .field("evidence", &self.evidence)
            .field("attempts", &self.attempts)
            .field("ended_at", &self.ended_at)
            .finish_non_exhaustive()
    }
}
