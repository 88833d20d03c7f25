//! What is known about a delivery, and what is to become of it.

use std::fmt;

use bytes::Bytes;
use closure_contract::{
    ConsultationId, Evidence, FailureCode, JobId, Provider, Timestamp,
    facts::{jobs::JobFacts, preconditions::RevocationRecord, receipts::ReceiptFact},
};

use crate::{
    database::json_text::JsonText,
    delivery::{snapshot::Snapshot, state::DeliveryState},
};

/// What is known about a delivery.
#[derive(Debug, Clone, PartialEq)]
pub struct DeliveryFacts {
    /// The delivery, locked until the update is committed.
    pub snapshot: Snapshot,
    /// The receipts of its present generation, in the order in which they were recorded.
    pub receipts: Vec<ReceiptFact>,
    /// The sender that the latest of them which names one says the message had.
    pub reported_sender: Option<String>,
    /// When they were read, by the database's clock: what is late is decided by one clock for all workers.
    pub at: Timestamp,
    /// Whether its receipt's due time has passed.
    pub receipt_overdue: bool,
    /// Whether an email answers in its place already.
    pub has_fallback: bool,
    /// Whether something is still to be told of it.
    pub is_owed: bool,
    /// Who was tried last, where anybody was.
    pub provider: Option<Provider>,
    /// When that try began.
    pub tried_at: Option<Timestamp>,
    /// Which edition of the consultation's answer it is.
    pub revision: u32,
    /// What has taken the answer back.
    pub revocation: RevocationRecord,
    /// The version of the register of templates by which an email in its place is made.
    pub template_version: i64,
}

/// What is to be written about a delivery.
#[derive(Debug, Clone, PartialEq)]
pub struct DeliveryUpdate {
    /// Where it stands.
    pub state: DeliveryState,
    /// Why, as a code.
    pub code: Option<FailureCode>,
    /// Why, for people.
    pub detail: Option<String>,
    /// What a `delivered` is worth.
    pub evidence: Evidence,
    /// Every rule that had a say.
    pub rules: JsonText,
    /// Whether an email is to answer.
    pub fallback: NewFallback,
}

/// Whether an email is to answer in place of an SMS.
#[derive(Clone, PartialEq)]
pub enum NewFallback {
    /// None, or none but the one that there is.
    None,
    /// One is due and held back, unless there is one already; a sweep asks again (R14e).
    OnHold,
    /// This one.
    Email {
        /// The email job, derived from the SMS job.
        job_id: JobId,
        /// The email job's bytes.
        body: Bytes,
        /// The consultation that it closes.
        consultation_id: ConsultationId,
        /// Which edition of the answer.
        revision: u32,
        /// Kind and major version of the bytes.
        kind: String,
        /// What it is found by.
        found_by: JobFacts,
    },
    /// This one, which nobody can send for want of an address: it waits for a person from the start.
    NoAddress {
        /// The email job, derived from the SMS job.
        job_id: JobId,
        /// The email job's bytes.
        body: Bytes,
        /// The consultation that it closes.
        consultation_id: ConsultationId,
        /// Which edition of the answer.
        revision: u32,
        /// Kind and major version of the bytes.
        kind: String,
        /// What it is found by.
        found_by: JobFacts,
        /// What is wrong with the address.
        code: FailureCode,
        /// What is missing, for people.
        detail: String,
    },
}

/// What an update changed.
#[derive(Debug, Clone, PartialEq)]
pub struct Evaluated<T = ()> {
    /// Where the delivery stood.
    pub before: DeliveryState,
    /// Since when its email was held back.
    pub held_before: Option<Timestamp>,
    /// The delivery as it stands now.
    pub after: Snapshot,
    /// What the CRM is owed about it.
    pub owed: Owed,
    /// The email that answers in its place, made now or before.
    pub fallback: Option<FallbackRow>,
    /// What was decided beside the update, and counts once that is committed.
    pub beside: T,
}

/// What is to be told of a delivery.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Owed {
    /// Nothing.
    Nothing,
    /// Something since an earlier commit: whoever made that may be telling it at this moment.
    Before,
    /// Something that follows from this very commit.
    Now,
}

/// The email that answers in place of an SMS.
#[derive(Clone, PartialEq)]
pub struct FallbackRow {
    /// The email job.
    pub job_id: JobId,
    /// Where it stands.
    pub state: DeliveryState,
    /// The email job's bytes.
    pub body: Bytes,
    /// Whether this update made it.
    pub created: bool,
    /// What is owed about it: its job to the email worker, or its end to the CRM.
    pub owed: Owed,
    /// The whole delivery.
    pub snapshot: Option<Snapshot>,
}

impl Owed {
    pub(crate) fn of(is_new: bool, is_owed: bool) -> Self {
        match (is_new, is_owed) {
            (true, _) => Self::Now,
            (false, true) => Self::Before,
            (false, false) => Self::Nothing,
        }
    }
}

impl Evaluated {
    /// The same, with what was decided beside the update.
    pub(crate) fn with<T>(self, beside: T) -> Evaluated<T> {
        let Self { before, held_before, after, owed, fallback, beside: () } = self;
        Evaluated { before, held_before, after, owed, fallback, beside }
    }
}

impl FallbackRow {
    pub(crate) fn of(snapshot: Snapshot, created: bool, is_owed: bool) -> Self {
        Self {
            job_id: snapshot.job_id,
            state: snapshot.state,
            body: snapshot.body.clone(),
            created,
            owed: Owed::of(created, is_owed),
            snapshot: Some(snapshot),
        }
    }
}

impl fmt::Debug for NewFallback {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::None => f.write_str("None"),
            Self::OnHold => f.write_str("OnHold"),
            Self::Email { job_id, .. } => {
                f.debug_struct("Email").field("job_id", job_id).finish_non_exhaustive()
            }
            Self::NoAddress { job_id, .. } => {
                f.debug_struct("NoAddress").field("job_id", job_id).finish_non_exhaustive()
            }
        }
    }
}

impl fmt::Debug for FallbackRow {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FallbackRow")
            .field("job_id", &self.job_id)
            .field("state", &self.state)
            .field("created", &self.created)
            .finish_non_exhaustive()
    }
}
