//! A job's number: its facts, and the rules about it (R1, R15, R16, R17, B4).

use std::fmt;

use closure_contract::{
    Channel, Facts, FailureCode, RuleEffect, RuleId,
    job::{Phone, Scope},
};
use schemars::JsonSchema;
use serde::Serialize;

use super::meaning::{JobNumber, Meaning, Read};
use crate::{
    findings::Findings,
    rulebook::{ClassRule, NumberRules},
    words::numbers,
};

/// Korea's country code: 82 is domestic, everything else is overseas (R1).
pub const KOREA: u16 = 82;
/// At most this many readings are listed for a number that has several.
pub const CANDIDATES_MAX: usize = 6;

/// A number's digits with its country code, without a plus sign.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct E164(String);

impl E164 {
    pub(crate) fn from_digits(digits: String) -> Self {
        Self(digits)
    }

    /// The digits: `84912345678`.
    pub fn digits(&self) -> &str {
        &self.0
    }

    /// With the plus sign: `+84912345678`.
    pub fn plus(&self) -> String {
        format!("+{}", self.0)
    }
}

impl fmt::Debug for E164 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&crate::mask::phone(&self.plus()))
    }
}

/// What kind of line a number is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum PhoneKind {
    /// A fixed line.
    FixedLine,
    /// A mobile.
    Mobile,
    /// One of both; the country's plan does not tell.
    FixedLineOrMobile,
    /// Free for the caller.
    TollFree,
    /// Dear for the caller.
    PremiumRate,
    /// Paid by both.
    SharedCost,
    /// Over the internet.
    Voip,
    /// A personal number that is forwarded.
    PersonalNumber,
    /// A pager.
    Pager,
    /// A company's universal number.
    Uan,
    /// A voice mailbox.
    Voicemail,
    /// A short service number from the configured list.
    ShortNumber,
    /// The plan does not tell.
    Unknown,
}

impl PhoneKind {
    /// Whether a line of this kind may be contacted over a channel.
    pub(crate) fn takes(self, channel: Channel) -> bool {
        match self {
            Self::Mobile | Self::FixedLineOrMobile | Self::Unknown => true,
            Self::FixedLine | Self::Voip | Self::ShortNumber => channel == Channel::Dial,
            Self::TollFree
            | Self::PremiumRate
            | Self::SharedCost
            | Self::PersonalNumber
            | Self::Pager
            | Self::Uan
            | Self::Voicemail => false,
        }
    }
}

impl Number {
    /// Whether this number may be contacted over a channel: by its kind, and inside Korea by the setting of its class (R3).
    pub(crate) fn takes(&self, channel: Channel, rules: &NumberRules) -> bool {
        let class = match (self.country_code == KOREA, self.kind, channel) {
            (true, PhoneKind::PersonalNumber, _) => rules.korean_safety_numbers,
            (true, PhoneKind::TollFree, Channel::Dial) => rules.korean_toll_free_numbers,
            (true, PhoneKind::Uan, Channel::Dial) => rules.korean_representative_numbers,
            (true, PhoneKind::PremiumRate, Channel::Dial) => rules.korean_premium_numbers,
            (_, kind, channel) => return kind.takes(channel),
        };
        class == ClassRule::Allow
    }
}

/// One valid number.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Number {
    /// The number.
    pub e164: E164,
    /// Its country code.
    pub country_code: u16,
    /// Its region, such as `VN`.
    pub region: Option<String>,
    /// Its kind.
    pub kind: PhoneKind,
    pub(crate) national_digits: String,
}

/// One valid reading of a number that has several.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Candidate {
    /// The whole number with its plus sign.
    // `Debug` shows it masked.
    #[serde(serialize_with = "with_plus")]
    #[schemars(with = "String")]
    pub e164: E164,
    /// Its country code.
    pub country_code: u16,
    /// Its region.
    pub region: Option<String>,
}

/// What is known about a job's number.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, JsonSchema)]
pub struct PhoneFacts {
    /// The number, where there is exactly one.
    #[serde(skip_serializing_if = "Option::is_none", serialize_with = "some_with_plus")]
    #[schemars(with = "Option<String>")]
    pub e164: Option<E164>,
    /// Its country code.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub country_code: Option<u16>,
    /// Its region, such as `VN`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub region: Option<String>,
    /// Its kind.
    #[serde(rename = "type", skip_serializing_if = "Option::is_none")]
    pub kind: Option<PhoneKind>,
    /// The valid readings, where a person must choose.
    pub candidates: Vec<Candidate>,
}

fn with_plus<S: serde::Serializer>(e164: &E164, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&e164.plus())
}

fn some_with_plus<S: serde::Serializer>(e164: &Option<E164>, serializer: S) -> Result<S::Ok, S::Error> {
    e164.as_ref().map(E164::plus).serialize(serializer)
}

/// Applies the rules about numbers to the number that a job means.
pub(crate) fn judge(
    phone: &Phone,
    number: &JobNumber,
    scope: Scope,
    channel: Channel,
    rules: &NumberRules,
    findings: &mut Findings,
) -> (Option<Number>, PhoneFacts) {
    let rule = rule_of(phone);
    match &number.0 {
        Read::None => (None, PhoneFacts::default()),
        Read::ShortService(number) => {
            findings.note(RuleId::R3, RuleEffect::Pass, &numbers::LISTED_SHORT_NUMBER);
            (Some(number.clone()), facts(number))
        }
        Read::Meant(Meaning::Number { number, effect, detail }) => {
            check_scope(number.country_code, scope, channel, findings);
            findings.note(rule, *effect, detail);
            check_country(number.country_code, rules, findings);
            if !number.takes(channel, rules) {
                let detail = numbers::no_such_kind(number.kind, channel);
                let facts = of_country(number.country_code);
                findings.refuse_with(rule, FailureCode::NumberNotAllowed, detail, facts);
            }
            (Some(number.clone()), facts(number))
        }
        Read::Meant(Meaning::Problem { code, detail, readings }) => {
            findings.refuse(rule, *code, detail);
            let candidates = candidates(readings, scope, channel, rules);
            (None, PhoneFacts { candidates, ..PhoneFacts::default() })
        }
    }
}

pub(crate) fn facts(number: &Number) -> PhoneFacts {
    PhoneFacts {
        e164: Some(number.e164.clone()),
        country_code: Some(number.country_code),
        region: number.region.clone(),
        kind: Some(number.kind),
        candidates: Vec::new(),
    }
}

pub(crate) fn rule_of(phone: &Phone) -> RuleId {
    match phone {
        Phone::Separated { .. } => RuleId::R16,
        Phone::Whole { .. } => RuleId::R15,
    }
}

/// The country as a named value; of the number itself nothing is named.
fn of_country(country_code: u16) -> Facts {
    Facts { country_code: Some(country_code), ..Facts::default() }
}

/// R1 and R17: the agent's choice of overseas or domestic agrees with the number's country.
fn check_scope(country_code: u16, scope: Scope, channel: Channel, findings: &mut Findings) {
    match (scope, country_code == KOREA) {
        (Scope::Overseas, false) => {
            findings.note(RuleId::R1, RuleEffect::Pass, numbers::overseas(country_code));
            if channel == Channel::Sms {
                findings.note(RuleId::R17, RuleEffect::Pass, &numbers::OVERSEAS_SMS);
            }
        }
        (Scope::Domestic, true) => {
            findings.note(RuleId::R1, RuleEffect::Pass, &numbers::DOMESTIC_AND_82);
        }
        (Scope::Overseas, true) => {
            let detail = &numbers::OVERSEAS_AND_82;
            findings.refuse_with(RuleId::R1, FailureCode::ScopeMismatch, detail, of_country(country_code));
            if channel == Channel::Sms {
                findings.refuse(RuleId::R17, FailureCode::ScopeMismatch, &numbers::NO_OVERSEAS_SMS_TO_82);
            }
        }
        (Scope::Domestic, false) => {
            let detail = numbers::domestic_and(country_code);
            findings.refuse_with(RuleId::R1, FailureCode::ScopeMismatch, detail, of_country(country_code));
        }
    }
}

/// B4: the countries that may be contacted at all.
fn check_country(country_code: u16, rules: &NumberRules, findings: &mut Findings) {
    if rules.denied_country_codes.contains(&country_code) {
        let (detail, facts) = (numbers::denied(country_code), of_country(country_code));
        findings.refuse_with(RuleId::B4, FailureCode::CountryNotAllowed, detail, facts);
    } else if rules.allowed_country_codes.is_empty() {
        // Without a list there is nothing to say.
    } else if rules.allowed_country_codes.contains(&country_code) {
        findings.note(RuleId::B4, RuleEffect::Pass, numbers::allowed(country_code));
    } else {
        let (detail, facts) = (numbers::not_allowed(country_code), of_country(country_code));
        findings.refuse_with(RuleId::B4, FailureCode::CountryNotAllowed, detail, facts);
    }
}

/// The readings among which a person may choose: those that the job could use.
fn candidates(readings: &[Number], scope: Scope, channel: Channel, rules: &NumberRules) -> Vec<Candidate> {
    let usable = |number: &&Number| {
        (scope == Scope::Domestic) == (number.country_code == KOREA)
            && (channel == Channel::Dial || number.takes(channel, rules))
    };
    readings
        .iter()
        .filter(usable)
        .take(CANDIDATES_MAX)
        .map(|number| Candidate {
            e164: number.e164.clone(),
            country_code: number.country_code,
            region: number.region.clone(),
        })
        .collect()
}
