//! What only the database knows about a job: newer revisions, cancellations, suppressed recipients, used caps (B2–B6).
//!
//! [`Question`] says what to ask, [`Preconditions`] is the answer as plain data; whoever has no database decides with
//! [`Preconditions::default`], which knows nothing.

use std::fmt;

use closure_contract::{ConsultationId, FailureCode, Job, Language, RuleId, Timestamp};

use crate::{
    caps::{self, Limit, Reached},
    email::address,
    findings::Findings,
    number::{meaning::JobNumber, phone::E164},
    rulebook::Rulebook,
    words::{Words, words},
};

/// What must be asked about a job, without which only the job itself can be judged.
#[derive(Clone, PartialEq, Eq)]
pub struct Question {
    /// Whose revisions and cancellations.
    pub consultation_id: ConsultationId,
    /// The number, if the job has exactly one; it may be suppressed.
    pub phone: Option<E164>,
    /// Its country code.
    pub country_code: Option<u16>,
    /// The address in the one form in which it is compared, if an email goes there; it may be suppressed.
    pub email: Option<String>,
    /// The caps that the job counts towards.
    pub limits: Vec<Limit>,
}

/// What is known beside the job; the default is that nothing is.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Preconditions {
    /// The newest revision of the consultation's answer that came, where one above the first did.
    pub newest_revision: Option<u32>,
    /// This revision and every older one was cancelled.
    pub cancelled_through: Option<u32>,
    /// Whether the number is suppressed.
    pub phone: Listing,
    /// Whether the address is suppressed.
    pub email: Listing,
    /// What is used of the caps' present windows.
    pub used: Vec<Used>,
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

/// What is used of one cap's present window.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Used {
    /// Which cap.
    pub cap: caps::CapKind,
    /// The window's length in milliseconds.
    pub window_ms: u64,
    /// How many contacts were made in this window.
    pub count: u32,
    /// When the window ends.
    pub until: Timestamp,
}

/// Why the answer to a consultation is no longer wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Revoked {
    /// The CRM cancelled it (B3).
    Cancelled,
    /// A newer revision took its place (B2).
    Superseded {
        /// The newest revision that came.
        by: u32,
    },
}

impl Question {
    /// What to ask about a job whose number was read so.
    pub fn of(job: &Job, number: &JobNumber, rules: &Rulebook) -> Self {
        let number = number.number();
        let country_code = number.map(|number| number.country_code);
        Self {
            consultation_id: job.consultation().id.clone(),
            email: match job {
                Job::Email(job) => job.to.email.as_deref().and_then(address::compared),
                Job::Sms(_) | Job::Dial(_) => None,
            },
            limits: caps::limits(Reached::of(job, country_code), &rules.caps),
            phone: number.map(|number| number.e164.clone()),
            country_code,
        }
    }
}

impl Preconditions {
    /// Whether the answer of this revision is no longer wanted; the CRM's own word before what follows from another.
    pub fn revoked(&self, revision: u32) -> Option<Revoked> {
        if self.cancelled_through.is_some_and(|through| revision <= through) {
            return Some(Revoked::Cancelled);
        }
        self.newest_revision.filter(|newest| revision < *newest).map(|by| Revoked::Superseded { by })
    }
}

impl Revoked {
    /// The rule that says so.
    pub fn rule(self) -> RuleId {
        match self {
            Self::Cancelled => RuleId::B3,
            Self::Superseded { .. } => RuleId::B2,
        }
    }

    /// The code of a job that ends by it.
    pub fn code(self) -> FailureCode {
        match self {
            Self::Cancelled => FailureCode::Cancelled,
            Self::Superseded { .. } => FailureCode::Superseded,
        }
    }

    /// Why, for people.
    pub fn reason(self) -> String {
        self.reason_in(Language::English)
    }

    /// The same in this language.
    pub(crate) fn reason_in(self, language: Language) -> String {
        match self {
            Self::Cancelled => {
                words!("the CRM took the consultation's answer back", "CRM이 이 상담의 답변을 취소했습니다")
                    .said(language)
            }
            Self::Superseded { by } => words!(
                "revision {by} of the consultation's answer took its place",
                "같은 상담의 revision {by} 답변으로 대체되었습니다"
            )
            .said(language),
        }
    }
}

/// B2 and B3: an answer that is no longer wanted is not sent, whatever else there is to say about it.
pub(crate) fn check_revoked(job: &Job, standing: &Preconditions, findings: &mut Findings) -> Option<Revoked> {
    let revoked = standing.revoked(job.consultation().revision)?;
    findings.refuse(revoked.rule(), revoked.code(), |language| revoked.reason_in(language));
    Some(revoked)
}

impl fmt::Debug for Question {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Question")
            .field("consultation_id", &self.consultation_id)
            .field("phone", &self.phone)
            .field("limits", &self.limits)
            .finish_non_exhaustive()
    }
}
