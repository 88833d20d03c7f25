//! What only the database knows about a job: newer revisions, cancellations, suppressed recipients, used caps (B2–B6).

use serde::Serialize;

use super::{
    PersonalData,
    caps::{CapLimit, CapWindow},
};
use crate::ids::{ConsultationId, JobId};

/// What must be asked about a job, without which only the job itself can be judged.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PreconditionQuery {
    /// The job.
    pub job_id: JobId,
    /// Whose revisions and cancellations.
    pub consultation_id: ConsultationId,
    /// The digits of the number, country code first, if the job has exactly one; it may be suppressed.
    pub phone: Option<PersonalData>,
    /// The address in the form in which addresses are compared, if an email goes there; it may be suppressed.
    pub email: Option<PersonalData>,
    /// The caps that the job counts towards.
    pub limits: Vec<CapLimit>,
}

/// What is known beside a job; the default is that nothing is.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Preconditions {
    /// What has taken the consultation's answer back.
    pub revocation: RevocationRecord,
    /// Whether the number is suppressed.
    pub phone: Listing,
    /// Whether the address is suppressed.
    pub email: Listing,
    /// What is used of the caps' present windows.
    pub used: Vec<CapWindow>,
}

/// What has taken a consultation's answer back; the default is that nothing has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
pub struct RevocationRecord {
    /// The newest revision of the answer that came, where one above the first did.
    pub newest_revision: Option<u32>,
    /// This revision and every older one was cancelled.
    pub cancelled_through: Option<u32>,
}

/// Whether a recipient is on the suppression list.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Listing {
    /// It is not, as far as is known.
    #[default]
    Clear,
    /// It is.
    Suppressed,
}
