//! What must be asked of the database about a job, and what its answer means (B2, B3).
//!
//! Whoever has no database decides with [`Preconditions::default`], which knows nothing.

use closure_contract::{
    Facts, FailureCode, Job, Language, RuleId,
    facts::{
        PersonalData,
        preconditions::{PreconditionQuery, Preconditions, RevocationRecord},
    },
};

use crate::{
    caps,
    email::address,
    findings::Findings,
    number::meaning::JobNumber,
    rulebook::Rulebook,
    words::{Words, words},
};

/// What to ask about a job whose number was read so.
pub fn query(job: &Job, number: &JobNumber, rules: &Rulebook) -> PreconditionQuery {
    let number = number.number();
    let email = match job {
        Job::Email(job) => job.to.email.as_deref().and_then(address::compared),
        Job::Sms(_) | Job::Dial(_) => None,
    };
    PreconditionQuery {
        job_id: job.id(),
        consultation_id: job.consultation().id.clone(),
        phone: number.map(|number| PersonalData(number.e164.digits().to_owned())),
        email: email.map(PersonalData),
        limits: caps::limits(job, number, &rules.caps),
    }
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

impl Revoked {
    /// Whether the answer of this revision is no longer wanted; the CRM's own word before what follows from another.
    pub fn of(record: RevocationRecord, revision: u32) -> Option<Self> {
        if record.cancelled_through.is_some_and(|through| revision <= through) {
            return Some(Self::Cancelled);
        }
        record.newest_revision.filter(|newest| revision < *newest).map(|by| Self::Superseded { by })
    }

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
    let revoked = Revoked::of(standing.revocation, job.consultation().revision)?;
    let revision = match revoked {
        Revoked::Superseded { by } => Some(by),
        Revoked::Cancelled => None,
    };
    let facts = Facts { revision, ..Facts::default() };
    findings.refuse_with(revoked.rule(), revoked.code(), |language| revoked.reason_in(language), facts);
    Some(revoked)
}
