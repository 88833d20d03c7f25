//! Identifiers and the wire form of a time.

use std::{fmt, str::FromStr};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use time::{OffsetDateTime, UtcOffset, format_description::well_known::Rfc3339};
use uuid::{Builder, Uuid};

/// The CRM's name for one job: a UUID, the same for every copy and every retry of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
#[serde(transparent)]
pub struct JobId(pub Uuid);

impl JobId {
    /// The id of the fallback email of this SMS job.
    ///
    /// It is a UUID v5 of the SMS job's id, so that however often the email is made it is the same job.
    pub fn fallback_email(self) -> Self {
        Self(Uuid::new_v5(&self.0, b"fallback-email"))
    }
}

impl fmt::Display for JobId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl FromStr for JobId {
    type Err = uuid::Error;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Uuid::parse_str(text).map(Self)
    }
}

/// Which edition of a job this is: 1 as published by the CRM, one more for each replay by a person.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(transparent)]
pub struct Generation(pub u32);

impl Generation {
    /// The generation of a job as the CRM published it.
    pub const FIRST: Self = Self(1);

    /// The generation that a replay of this one makes.
    pub fn next(self) -> Self {
        Self(self.0.saturating_add(1))
    }
}

impl fmt::Display for Generation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// The number of one try at a provider, from 1 within a generation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(transparent)]
pub struct AttemptNumber(pub u32);

impl AttemptNumber {
    /// The first try.
    pub const FIRST: Self = Self(1);

    /// The number of the try after this one.
    pub fn next(self) -> Self {
        Self(self.0.saturating_add(1))
    }
}

impl fmt::Display for AttemptNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// So many bytes of an id that rises with time are the time (RFC 9562, section 5.7).
const TIME_BYTES: usize = 6;

/// Our own name for one attempt, given to the provider with the request and echoed in its receipts.
///
/// It is derived, so that a process that takes over after a crash asks for the same name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(transparent)]
pub struct ClientRef(pub Uuid);

impl ClientRef {
    /// The reference of one attempt, a UUID v8: it begins as the job's id does, and the rest is a hash of the job's id, the
    /// generation and the attempt's number.
    ///
    /// Ids that rise with time (UUID v7) have the time where they begin, so that the references lie together in an index
    /// as the jobs do: one that is all hash costs a page of its own for each attempt.
    pub fn of(job: JobId, generation: Generation, attempt: AttemptNumber) -> Self {
        let mut bytes = Self::of_call(job, generation, attempt).0.into_bytes();
        bytes[..TIME_BYTES].copy_from_slice(&job.0.as_bytes()[..TIME_BYTES]);
        Self(Builder::from_custom_bytes(bytes).into_uuid())
    }

    /// The reference of one attempt to call somebody: the hash alone, a UUID v5.
    ///
    /// A dial worker of an earlier release works the name of a call that is up out by itself, and would take one that is
    /// named otherwise for gone.
    pub fn of_call(job: JobId, generation: Generation, attempt: AttemptNumber) -> Self {
        Self(Uuid::new_v5(&job.0, format!("attempt:{generation}:{attempt}").as_bytes()))
    }
}

impl fmt::Display for ClientRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl FromStr for ClientRef {
    type Err = uuid::Error;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Uuid::parse_str(text).map(Self)
    }
}

/// The CRM's name for a consultation: 1 to 128 characters, none of them a control character.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(try_from = "String", into = "String")]
// A positive pattern would let a last line feed pass where `$` stands before it, as in Python.
#[schemars(
    extend(
        "minLength" = 1, "maxLength" = 128,
        "not" = { "type": "string", "pattern": "[\\u0000-\\u001f\\u007f-\\u009f]" },
    )
)]
pub struct ConsultationId(String);

/// Why a text is not a consultation's id.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a consultation id has 1 to 128 characters and no control characters")]
pub struct InvalidConsultationId;

impl ConsultationId {
    /// The id as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for ConsultationId {
    type Error = InvalidConsultationId;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        let length = text.chars().count();
        if length == 0 || length > 128 || text.chars().any(char::is_control) {
            return Err(InvalidConsultationId);
        }
        Ok(Self(text))
    }
}

impl From<ConsultationId> for String {
    fn from(id: ConsultationId) -> Self {
        id.0
    }
}

impl fmt::Display for ConsultationId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A moment in UTC, written as RFC 3339 on the wire.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Timestamp(pub OffsetDateTime);

impl Timestamp {
    /// A moment of any zone; `None` where RFC 3339 has no form for it in UTC, which knows the years 0 to 9999.
    pub fn of(at: OffsetDateTime) -> Option<Self> {
        let at = at.checked_to_offset(UtcOffset::UTC)?;
        (0..=9999).contains(&at.year()).then_some(Self(at))
    }

    /// The present moment by this machine's clock, for display and for records; schedules use the database's.
    pub fn now() -> Self {
        Self(OffsetDateTime::now_utc())
    }

    /// So many seconds later; the last moment that can be written, where that is beyond it.
    pub fn later_by_s(self, seconds: u32) -> Self {
        Self(self.0.saturating_add(time::Duration::seconds(i64::from(seconds))))
    }
}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = self.0.format(&Rfc3339).map_err(|_| fmt::Error)?;
        f.write_str(&text)
    }
}

impl Serialize for Timestamp {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        time::serde::rfc3339::serialize(&self.0, serializer)
    }
}
