//! What Vietnam and China ask of a text message (R14a, R14b).

use closure_contract::{FailureCode, Language, RuleEffect, RuleId};

use super::compose::Composed;
use crate::{
    findings::Findings,
    language::chinese::{self, ChineseFacts},
    rulebook::{NonChineseSms, Rulebook},
    words::{Sentence, Words, words},
};

/// Vietnam's country code.
pub(crate) const VIETNAM: u16 = 84;
/// Mainland China's country code; Hong Kong, Macau and Taiwan have their own.
pub(crate) const CHINA: u16 = 86;
/// Why an email answers at once, beside the text message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum AtOnce {
    Vietnam,
    NotChinese,
    Traditional,
}

impl AtOnce {
    pub(crate) fn rule(self) -> RuleId {
        match self {
            Self::Vietnam => RuleId::R14a,
            Self::NotChinese | Self::Traditional => RuleId::R14b,
        }
    }

    pub(crate) fn reason(self) -> Sentence {
        match self {
            Self::Vietnam => Sentence::fixed(
                "a text message to Vietnam may fail, so an email answers in any case",
                "베트남으로 보내는 문자는 실패할 수 있으므로 어느 경우든 이메일로도 답변합니다",
            ),
            Self::NotChinese => Sentence::fixed(
                "a text to China that is not Chinese may be blocked, so an email answers in any case",
                "중국으로 보내는 문자가 중국어가 아니면 차단될 수 있으므로 어느 경우든 이메일로도 답변합니다",
            ),
            Self::Traditional => Sentence::fixed(
                "a text to China with Traditional characters may be blocked, so an email answers in any case",
                "중국으로 보내는 문자에 번체자가 있으면 차단될 수 있으므로 어느 경우든 이메일로도 답변합니다",
            ),
        }
    }
}

/// Whether the country makes an email due at once, and the evidence for China; `tag` is the customer's language.
pub(crate) fn at_once(
    country_code: u16,
    composed: &Composed,
    tag: Option<&str>,
    rules: &Rulebook,
) -> (Option<ChineseFacts>, Option<AtOnce>) {
    match country_code {
        VIETNAM => (None, Some(AtOnce::Vietnam)),
        CHINA => {
            let text = composed.text.as_ref().map_or("", |text| text.text.as_str());
            let facts = chinese::judge(text, tag, &rules.china, &rules.brand_words);
            let traditional = rules.china.traditional_is_trigger && facts.traditional > 0;
            let trigger = match (facts.is_chinese, traditional) {
                (false, _) => Some(AtOnce::NotChinese),
                (true, true) => Some(AtOnce::Traditional),
                (true, false) => None,
            };
            (Some(facts), trigger)
        }
        _ => (None, None),
    }
}

/// What was counted in a text to China.
fn counts(facts: &ChineseFacts, language: Language) -> String {
    let ChineseFacts { han, units, traditional, japanese_or_korean, foreign_words, .. } = facts;
    words!(
        "{han} Han of {units} units, {traditional} Traditional, {japanese_or_korean} Japanese or Korean, \
         {foreign_words} words of another language",
        "{units}단위 중 한자 {han}, 번체자 {traditional}, 일본어·한국어 {japanese_or_korean}, 다른 언어의 단어 {foreign_words}"
    )
    .said(language)
}

/// R14a and R14b.
pub(crate) fn check(
    country_code: u16,
    composed: &Composed,
    tag: Option<&str>,
    rules: &Rulebook,
    findings: &mut Findings,
) -> (Option<ChineseFacts>, Option<AtOnce>) {
    if let Some((code, detail, facts)) = &composed.refusal {
        findings.refuse_with(RuleId::R14a, *code, detail, facts.clone());
    } else if let Some(template) = &composed.template {
        findings.note(RuleId::R14a, RuleEffect::Pass, template);
    }
    let (chinese, at_once) = at_once(country_code, composed, tag, rules);
    if let Some(facts) = chinese {
        let counts = counts(&facts, findings.language());
        if at_once == Some(AtOnce::NotChinese) && rules.china.non_chinese_sms == NonChineseSms::Skip {
            findings.refuse(
                RuleId::R14b,
                FailureCode::SmsSkipped,
                words!("the text is not Chinese: {counts}", "본문이 중국어가 아닙니다: {counts}"),
            );
        } else if at_once.is_none() {
            let detail = words!("the text is Chinese: {counts}", "본문이 중국어입니다: {counts}");
            findings.note(RuleId::R14b, RuleEffect::Pass, detail);
        } else {
            let detail = words!("the text may be blocked: {counts}", "본문이 차단될 수 있습니다: {counts}");
            findings.note(RuleId::R14b, RuleEffect::Flag, detail);
        }
    }
    if let (Some(_), Some(text)) = (chinese, &composed.text) {
        for risk in chinese::risks(&text.text) {
            findings.note(RuleId::R14b, RuleEffect::Flag, risk.detail());
        }
    }
    if let Some(at_once) = at_once {
        findings.note(at_once.rule(), RuleEffect::Email, at_once.reason());
    }
    (chinese, at_once)
}
