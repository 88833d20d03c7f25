//! Text messages: the rules R5 to R14d on one job.

pub(crate) mod compose;
pub(crate) mod country;
pub(crate) mod invitation;
pub mod segments;
pub mod text;

use closure_contract::{
    Channel, Facts, FailureCode, RuleEffect, RuleId, SmsJob, Timestamp, facts::texts::TextMeasure, job::Scope,
};
use schemars::JsonSchema;
use serde::Serialize;

use self::{
    country::AtOnce,
    invitation::Invitations,
    segments::Encoding,
    text::{CleanText, RejectedCharacter, Replacement, code_point},
};
use crate::{
    email::address,
    explain::{FallbackEmail, FallbackFacts, SmsPlan},
    fallback::email,
    findings::Findings,
    gateway::texts::{TextExcess, excess},
    language::chinese::ChineseFacts,
    number::{
        meaning::JobNumber,
        phone::{self, Number, PhoneFacts},
    },
    rulebook::{CompiledRulebook, NearLimit, SenderOrigin, SmsRules},
    template::TemplateFacts,
    words::{Words, texts},
};

/// A rule's detail names at most this many refused characters.
const CHARACTERS_NAMED_MAX: usize = 10;

/// What is known about a text.
#[derive(Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct SmsFacts {
    /// UTF-8 bytes; inside Korea, bytes of Korea's own encoding.
    pub bytes: usize,
    /// How it is sent.
    pub encoding: Encoding,
    /// How many messages it is split into and billed as.
    pub segments: usize,
    /// How many it is where a carrier splits at the guide's size, its worst case (R8).
    pub worst_case_segments: usize,
    /// Whether some carriers may split it (R8).
    pub over_90_bytes: bool,
    /// Whether it comes near the limit (R7).
    pub near_limit: bool,
    /// The characters that an SMS may not carry.
    pub rejected_characters: Vec<RejectedCharacter>,
    /// What was replaced without loss.
    pub replacements: Vec<Replacement>,
    /// The sender that is asked for.
    pub sender: String,
    /// The gateways of its country that do not take so long a text; another one carries it, or it is refused.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub too_long_for: Vec<TextExcess>,
}

impl std::fmt::Debug for SmsFacts {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SmsFacts")
            .field("bytes", &self.bytes)
            .field("segments", &self.segments)
            .finish_non_exhaustive()
    }
}

/// What the rules found.
pub(crate) struct Judged {
    pub(crate) phone: PhoneFacts,
    pub(crate) sms: Option<SmsFacts>,
    pub(crate) chinese: Option<ChineseFacts>,
    pub(crate) template: Option<TemplateFacts>,
    pub(crate) fallback: FallbackFacts,
    pub(crate) plan: Option<SmsPlan>,
}

/// Applies the rules to an SMS job.
pub(crate) fn judge(
    job: &SmsJob,
    number: &JobNumber,
    rulebook: &CompiledRulebook,
    now: Timestamp,
    findings: &mut Findings,
) -> Judged {
    let rules = rulebook.rules();
    let (number, phone) =
        phone::judge(&job.to.phone, number, job.scope, Channel::Sms, &rules.numbers, findings);
    let country_code = number.as_ref().map(|number| number.country_code);
    let composed = compose::compose(job, country_code, rulebook, now);
    let sender = country_code
        .map_or((rules.sms.sender.as_str(), SenderOrigin::Default), |code| rules.sender_for(code));
    let mut subject = None;
    if job.scope == Scope::Overseas {
        check_overseas_subject(job, findings);
    }
    let sms = composed.text.as_ref().map(|text| {
        let mut facts = facts(text, job.scope, &rules.sms, sender.0);
        match job.scope {
            Scope::Overseas => check_overseas_size(&facts, text, &rules.sms, findings),
            Scope::Domestic => subject = check_domestic_size(job, &facts, text, &rules.sms, findings),
        }
        if let Some(code) = country_code {
            let subject = subject.as_deref();
            facts.too_long_for = check_gateways(rulebook, code, (job.scope, &text.text, subject), findings);
        }
        check_characters(text, findings);
        facts
    });
    check_attachments(job, findings);
    check_sender(job, sender, &rules.sms, findings);
    if let Some(text) = &composed.text {
        check_wording(text, rulebook.invitations(), findings);
    }
    let tag = job.to.language.as_deref();
    let (chinese, at_once) =
        country_code.map_or((None, None), |code| country::check(code, &composed, tag, rules, findings));
    let mut fallback = fallback(job, number.as_ref(), at_once, findings);
    if fallback.email != FallbackEmail::None && email::text(job, rulebook).is_none() {
        let no_text = (&texts::NO_TEXT).said(findings.language());
        fallback.reason = format!("{}; {no_text}", fallback.reason);
        findings.note(RuleId::R18, RuleEffect::Flag, no_text);
    }
    let too_short = sms.iter().flat_map(|sms| &sms.too_long_for).map(|over| over.gateway).collect();
    let plan = number.zip(composed.text).map(|(number, text)| SmsPlan {
        country_code: number.country_code,
        to: number.e164,
        sender: sender.0.to_owned(),
        text: text.text,
        scope: job.scope,
        subject,
        too_short,
    });
    Judged { phone, sms, chinese, template: composed.template, fallback, plan }
}

fn facts(text: &CleanText, scope: Scope, rules: &SmsRules, sender: &str) -> SmsFacts {
    let (bytes, encoding, segments, near) = match scope {
        Scope::Overseas => {
            let parts = segments::count(&text.text);
            (text.text.len(), parts.encoding, parts.segments, rules.near_limit_bytes)
        }
        Scope::Domestic => (segments::korean_bytes(&text.text), Encoding::EucKr, 1, rules.domestic_max_bytes),
    };
    SmsFacts {
        bytes,
        encoding,
        segments,
        worst_case_segments: match scope {
            Scope::Overseas => bytes.div_ceil(rules.split_bytes.max(1)).max(segments),
            Scope::Domestic => segments,
        },
        over_90_bytes: bytes > rules.split_bytes,
        near_limit: bytes > near,
        rejected_characters: text.rejected.clone(),
        replacements: text.replacements.clone(),
        sender: sender.to_owned(),
        too_long_for: Vec::new(),
    }
}

/// R5.
fn check_overseas_subject(job: &SmsJob, findings: &mut Findings) {
    if job.sms.subject.as_ref().is_some_and(|subject| !subject.trim().is_empty()) {
        findings.note(RuleId::R5, RuleEffect::Change, &texts::SUBJECT_DROPPED);
    }
}

/// R6 to R8.
fn check_overseas_size(facts: &SmsFacts, text: &CleanText, rules: &SmsRules, findings: &mut Findings) {
    let (bytes, max, near) = (facts.bytes, rules.max_bytes, rules.near_limit_bytes);
    if text.text.trim().is_empty() {
        findings.refuse(RuleId::R6, FailureCode::BodyEmpty, &texts::EMPTY);
    } else if bytes > max {
        let (detail, facts) = (texts::too_long(bytes, max), length(bytes, max, TextMeasure::Utf8Bytes));
        findings.refuse_with(RuleId::R6, FailureCode::BodyTooLong, detail, facts);
    } else {
        findings.note(RuleId::R6, RuleEffect::Pass, texts::within(bytes, max));
        let detail = texts::near(bytes, near);
        match (facts.near_limit, rules.near_limit) {
            (false, _) => findings.note(RuleId::R7, RuleEffect::Pass, texts::not_near(bytes, near)),
            (true, NearLimit::Flag) => findings.note(RuleId::R7, RuleEffect::Flag, detail),
            (true, NearLimit::Reject) => {
                let facts = length(bytes, near, TextMeasure::Utf8Bytes);
                findings.refuse_with(RuleId::R7, FailureCode::BodyTooLong, detail, facts);
            }
        }
    }
    let effect = if facts.over_90_bytes { RuleEffect::Flag } else { RuleEffect::Pass };
    findings.note(RuleId::R8, effect, texts::parts(facts, rules.split_bytes));
}

/// What a domestic message cannot carry: it travels in EUC-KR, as code page 949 extends it, and a gateway writes a
/// question mark for every other character.
fn beyond_korean(text: &str) -> Option<impl Words> {
    let beyond: Vec<char> = text.chars().filter(|one| !segments::is_korean(*one)).collect();
    let first: Vec<String> = beyond.iter().take(BEYOND_LISTED_MAX).map(|one| code_point(*one)).collect();
    (!beyond.is_empty()).then(|| texts::beyond_korean(beyond.len(), first.join(", ")))
}

/// R17 inside Korea: a plain SMS, or a long message with a subject, which is the answer.
fn check_domestic_size(
    job: &SmsJob,
    facts: &SmsFacts,
    text: &CleanText,
    rules: &SmsRules,
    findings: &mut Findings,
) -> Option<String> {
    let (bytes, max) = (facts.bytes, rules.domestic_max_bytes);
    let given = job.sms.subject.as_deref().map(str::trim).filter(|subject| !subject.is_empty());
    if text.text.trim().is_empty() {
        findings.refuse(RuleId::R17, FailureCode::BodyEmpty, &texts::EMPTY);
    } else if let Some(beyond) = beyond_korean(&text.text) {
        findings.refuse(RuleId::R17, FailureCode::ForbiddenCharacters, beyond);
    } else if bytes > max {
        let (detail, facts) =
            (texts::too_long_at_home(bytes, max), length(bytes, max, TextMeasure::KoreanBytes));
        findings.refuse_with(RuleId::R17, FailureCode::BodyTooLong, detail, facts);
    } else if bytes > rules.domestic_sms_bytes {
        let subject = given.unwrap_or(&rules.domestic_subject);
        let too_long = segments::korean_bytes(subject) > rules.domestic_subject_bytes_max;
        if too_long || subject.chars().any(|one| one.is_control() || !segments::is_korean(one)) {
            let detail = texts::bad_title(rules.domestic_subject_bytes_max);
            let facts = Facts {
                length_max: u64::try_from(rules.domestic_subject_bytes_max).ok(),
                measure: Some(TextMeasure::KoreanBytes),
                ..Facts::default()
            };
            findings.refuse_with(RuleId::R17, FailureCode::SubjectInvalid, detail, facts);
        } else {
            findings.note(RuleId::R17, RuleEffect::Pass, texts::long_message(bytes));
        }
        return Some(subject.to_owned());
    } else {
        let effect = if given.is_some() { RuleEffect::Change } else { RuleEffect::Pass };
        findings.note(RuleId::R17, effect, texts::short_message(bytes, given.is_some()));
    }
    None
}

/// R6 and R17 once more, by what the gateways of the country take: a text that none of them carries is refused before
/// any is asked.
fn check_gateways(
    rulebook: &CompiledRulebook,
    country_code: u16,
    (scope, text, subject): (Scope, &str, Option<&str>),
    findings: &mut Findings,
) -> Vec<TextExcess> {
    let excesses = rulebook.gateways_of(country_code).map(|one| excess(one, scope, text, subject));
    let (over, carried): (Vec<_>, Vec<_>) = excesses.partition(Option::is_some);
    let over: Vec<TextExcess> = over.into_iter().flatten().collect();
    let rule = match scope {
        Scope::Overseas => RuleId::R6,
        Scope::Domestic => RuleId::R17,
    };
    match (over.is_empty(), carried.is_empty()) {
        (true, _) => {}
        (false, true) => {
            let facts = over.first().map(too_long_for).unwrap_or_default();
            findings.refuse_with(rule, FailureCode::BodyTooLong, texts::too_long_for_all(&over), facts);
        }
        (false, false) => findings.note(rule, RuleEffect::Flag, texts::too_long_for_some(&over)),
    }
    over
}

/// A length and its limit as named values.
fn length(length: usize, max: usize, measure: TextMeasure) -> Facts {
    let (length, length_max) = (u64::try_from(length).ok(), u64::try_from(max).ok());
    Facts { length, length_max, measure: Some(measure), ..Facts::default() }
}

/// The same of the first gateway that does not take the text.
fn too_long_for(excess: &TextExcess) -> Facts {
    let of_gateway = length(excess.length, excess.max, excess.measure);
    Facts { provider: Some(excess.gateway), ..of_gateway }
}

/// R9.
fn check_characters(text: &CleanText, findings: &mut Findings) {
    if text.rejected_count > 0 {
        let named: Vec<(String, usize)> = text
            .rejected
            .iter()
            .take(CHARACTERS_NAMED_MAX)
            .map(|rejected| (code_point(rejected.character), rejected.offset))
            .collect();
        let more = text.rejected_count - named.len();
        let listed: Vec<&str> = named.iter().map(|(character, _)| character.as_str()).collect();
        let facts = Facts { characters: Some(listed.join(", ")), ..Facts::default() };
        let detail = texts::special_characters(named, more);
        findings.refuse_with(RuleId::R9, FailureCode::ForbiddenCharacters, detail, facts);
    } else if text.replacements.is_empty() {
        findings.note(RuleId::R9, RuleEffect::Pass, &texts::NO_SPECIAL_CHARACTERS);
    } else {
        findings.note(RuleId::R9, RuleEffect::Change, texts::replaced(&text.replacements));
    }
}

/// R10.
fn check_attachments(job: &SmsJob, findings: &mut Findings) {
    let count = job.sms.attachments.len();
    if count > 0 {
        let facts = Facts { attachments: u64::try_from(count).ok(), ..Facts::default() };
        let detail = texts::attachments(count);
        findings.refuse_with(RuleId::R10, FailureCode::AttachmentNotSupported, detail, facts);
    }
}

/// R11 and R12.
fn check_sender(job: &SmsJob, sender: (&str, SenderOrigin), rules: &SmsRules, findings: &mut Findings) {
    let (sender, origin) = sender;
    match job.sms.sender.as_deref().map(str::trim).filter(|asked| !asked.is_empty()) {
        Some(asked) if !same_sender(asked, &rules.sender) && !same_sender(asked, sender) => {
            findings.refuse(RuleId::R11, FailureCode::SenderNotAllowed, &texts::OTHER_SENDER);
        }
        Some(_) | None => findings.note(RuleId::R11, RuleEffect::Pass, &texts::REGISTERED_SENDER),
    }
    if origin == SenderOrigin::Country {
        findings.note(RuleId::R12, RuleEffect::Change, texts::sender_of_country(sender));
    }
}

/// Whether a sender as people write it is this one: with plus, country code or trunk zero, and any separators.
fn same_sender(asked: &str, ours: &str) -> bool {
    let Some(number) = ours.strip_prefix('+') else { return asked == ours };
    if asked.chars().any(|one| !one.is_ascii_digit() && !" +-.()".contains(one)) {
        return false;
    }
    let digits: String = asked.chars().filter(char::is_ascii_digit).collect();
    let national = number.strip_prefix("82").map(|rest| format!("0{rest}"));
    digits == number || digits == format!("00{number}") || national.is_some_and(|national| digits == national)
}

/// R13.
fn check_wording(text: &CleanText, invitations: &Invitations, findings: &mut Findings) {
    if invitations.has(&text.text) {
        findings.note(RuleId::R13, RuleEffect::Flag, &texts::INVITES_REPLY);
    }
}

/// So many characters that a domestic message cannot carry are named.
const BEYOND_LISTED_MAX: usize = 5;

/// R14a to R14d: whether an email answers.
fn fallback(
    job: &SmsJob,
    number: Option<&Number>,
    at_once: Option<AtOnce>,
    findings: &mut Findings,
) -> FallbackFacts {
    let (email, reason) = match (number, job.to.email.as_deref().and_then(address::address), at_once) {
        (None, _, _) if findings.waits_for_person() => (FallbackEmail::None, texts::NUMBER_IN_DOUBT),
        (_, None, _) => {
            let given = job.to.email.as_ref().is_some_and(|text| !text.trim().is_empty());
            let detail = if given { texts::ADDRESS_IS_NONE } else { texts::NO_ADDRESS };
            findings.note(RuleId::R14d, RuleEffect::Flag, &detail);
            (FallbackEmail::None, detail)
        }
        (_, Some(_), Some(at_once)) => (FallbackEmail::Always, at_once.reason()),
        (_, Some(_), None) => (FallbackEmail::OnFailure, texts::ON_FAILURE),
    };
    FallbackFacts { email, reason: reason.said(findings.language()) }
}
