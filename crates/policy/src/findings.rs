//! The record of what each rule did while one job is decided.

use closure_contract::{AppliedRule, Channel, FailureCode, RuleEffect, RuleId};

/// The first refusal of a job.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Refusal {
    /// Its code.
    pub(crate) code: FailureCode,
    /// Why, without any personal data.
    pub(crate) detail: String,
    /// Who answers it.
    pub(crate) ending: RefusalEnding,
}

/// What follows from a refusal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum RefusalEnding {
    /// The job is over, and nobody needs to settle it.
    Over,
    /// The job waits for a person.
    WaitsForPerson,
}

/// Collects the applied rules in the rules' order.
#[derive(Debug)]
pub(crate) struct Findings {
    channel: Channel,
    rules: Vec<AppliedRule>,
    refusal: Option<Refusal>,
}

impl Findings {
    pub(crate) fn new(channel: Channel) -> Self {
        Self { channel, rules: Vec::new(), refusal: None }
    }

    /// Records what a rule did without refusing the job.
    pub(crate) fn note(&mut self, id: RuleId, effect: RuleEffect, detail: impl Into<String>) {
        self.rules.push(AppliedRule { id, effect, detail: detail.into() });
    }

    /// Records that a rule refuses the job; the first refusal gives the job its code.
    pub(crate) fn refuse(&mut self, id: RuleId, code: FailureCode, detail: impl Into<String>) {
        let detail = detail.into();
        let ending = ending(self.channel, code);
        let effect = match ending {
            RefusalEnding::Over => RuleEffect::Reject,
            RefusalEnding::WaitsForPerson => RuleEffect::Hold,
        };
        self.rules.push(AppliedRule { id, effect, detail: detail.clone() });
        if self.refusal.is_none() {
            self.refusal = Some(Refusal { code, detail, ending });
        }
    }

    pub(crate) fn into_parts(self) -> (Vec<AppliedRule>, Option<Refusal>) {
        (self.rules, self.refusal)
    }
}

/// A text message that our rules refuse is answered by its fallback email; where the customer's number itself is in
/// doubt, and where there is no other answer, a person decides.
fn ending(channel: Channel, code: FailureCode) -> RefusalEnding {
    let number_in_doubt = matches!(
        code,
        FailureCode::ScopeMismatch
            | FailureCode::AmbiguousNumber
            | FailureCode::InvalidNumber
            | FailureCode::CountryContradiction
            | FailureCode::NumberNotAllowed
    );
    match channel {
        _ if matches!(code, FailureCode::Expired | FailureCode::StaleClick) => RefusalEnding::Over,
        Channel::Sms if !number_in_doubt => RefusalEnding::Over,
        Channel::Sms | Channel::Email | Channel::Dial => RefusalEnding::WaitsForPerson,
    }
}
