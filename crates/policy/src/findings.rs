//! The record of what each rule did while one job is decided.

use closure_contract::{AppliedRule, Channel, Facts, FailureCode, Language, RuleEffect, RuleId, Timestamp};

use crate::words::Words;

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

/// Why a job is put off, and until when.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Postponement {
    /// Its time.
    pub(crate) until: Timestamp,
    /// The code, where it is more than the job's own wish.
    pub(crate) code: Option<FailureCode>,
    /// Why, without any personal data.
    pub(crate) detail: String,
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
    language: Language,
    rules: Vec<AppliedRule>,
    refusal: Option<Refusal>,
    postponement: Option<Postponement>,
}

impl Findings {
    /// In English, as they are kept and told to the CRM.
    pub(crate) fn new(channel: Channel) -> Self {
        Self::in_language(channel, Language::English)
    }

    /// In the language of whoever asks.
    pub(crate) fn in_language(channel: Channel, language: Language) -> Self {
        Self { channel, language, rules: Vec::new(), refusal: None, postponement: None }
    }

    /// The language of every detail.
    pub(crate) fn language(&self) -> Language {
        self.language
    }

    /// Records what a rule did without refusing the job.
    pub(crate) fn note(&mut self, id: RuleId, effect: RuleEffect, detail: impl Words) {
        self.rules.push(AppliedRule { id, effect, detail: detail.said(self.language), facts: None });
    }

    /// Records that a rule refuses the job; the first refusal gives the job its code.
    pub(crate) fn refuse(&mut self, id: RuleId, code: FailureCode, detail: impl Words) {
        self.refuse_with(id, code, detail, Facts::default());
    }

    /// The same with the values that the refusal names.
    pub(crate) fn refuse_with(&mut self, id: RuleId, code: FailureCode, detail: impl Words, facts: Facts) {
        let detail = detail.said(self.language);
        let ending = ending(self.channel, code);
        let effect = match ending {
            RefusalEnding::Over => RuleEffect::Reject,
            RefusalEnding::WaitsForPerson => RuleEffect::Hold,
        };
        self.rules.push(AppliedRule { id, effect, detail: detail.clone(), facts: boxed(facts) });
        if self.refusal.is_none() {
            self.refusal = Some(Refusal { code, detail, ending });
        }
    }

    /// Records that a rule puts the job off until then, with a code where it is more than the job's own wish; the latest
    /// time counts.
    pub(crate) fn postpone(
        &mut self,
        id: RuleId,
        until: Timestamp,
        code: Option<FailureCode>,
        detail: impl Words,
        facts: Facts,
    ) {
        let detail = detail.said(self.language);
        let (effect, facts) = (RuleEffect::Postpone, boxed(Facts { until: Some(until), ..facts }));
        self.rules.push(AppliedRule { id, effect, detail: detail.clone(), facts });
        let postponement = Postponement { until, code, detail };
        if self.postponement.as_ref().is_none_or(|other| other.until < postponement.until) {
            self.postponement = Some(postponement);
        }
    }

    /// Whether a person has to settle the first refusal.
    pub(crate) fn waits_for_person(&self) -> bool {
        self.refusal.as_ref().is_some_and(|refusal| refusal.ending == RefusalEnding::WaitsForPerson)
    }

    pub(crate) fn into_parts(self) -> (Vec<AppliedRule>, Option<Refusal>, Option<Postponement>) {
        (self.rules, self.refusal, self.postponement)
    }
}

/// Most rules name no values, and then nothing is kept.
fn boxed(facts: Facts) -> Option<Box<Facts>> {
    (!facts.is_empty()).then(|| Box::new(facts))
}

/// A text message that our rules refuse is answered by its fallback email; where the customer's number itself is in
/// doubt, and where there is no other answer, a person decides.
fn ending(channel: Channel, code: FailureCode) -> RefusalEnding {
    let no_longer_wanted = matches!(
        code,
        FailureCode::Expired
            | FailureCode::StaleClick
            | FailureCode::ClickInFuture
            | FailureCode::QuietHours
            | FailureCode::Superseded
            | FailureCode::Cancelled
    );
    let number_in_doubt = matches!(
        code,
        FailureCode::ScopeMismatch
            | FailureCode::AmbiguousNumber
            | FailureCode::InvalidNumber
            | FailureCode::CountryContradiction
            | FailureCode::NumberCapReached
            | FailureCode::PrefixCapReached
            | FailureCode::AddressCapReached
    );
    // Nobody can tell when the answer was meant to go out, nor whether an email is wanted now.
    let time_in_doubt = matches!(code, FailureCode::NeverInTime | FailureCode::NotBeforeTooFar);
    match channel {
        _ if no_longer_wanted => RefusalEnding::Over,
        // The customer asked not to be called.
        Channel::Dial if code == FailureCode::Suppressed => RefusalEnding::Over,
        // A fixed line or a denied country is not in doubt: no text message goes there, and the customer waits.
        Channel::Sms if !number_in_doubt && !time_in_doubt => RefusalEnding::Over,
        Channel::Sms | Channel::Email | Channel::Dial => RefusalEnding::WaitsForPerson,
    }
}
