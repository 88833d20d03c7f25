//! What Vietnam and China ask of a text message (R14a, R14b).

use closure_contract::{FailureCode, RuleEffect, RuleId};

use crate::{
    chinese::{self, ChineseFacts},
    compose::Composed,
    findings::Findings,
    rulebook::{NonChineseSms, Rulebook},
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

    pub(crate) fn reason(self) -> &'static str {
        match self {
            Self::Vietnam => "a text message to Vietnam may fail, so an email answers in any case",
            Self::NotChinese => {
                "a text to China that is not Chinese may be blocked, so an email answers in any case"
            }
            Self::Traditional => {
                "a text to China with Traditional characters may be blocked, so an email answers in any case"
            }
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

/// R14a and R14b.
pub(crate) fn check(
    country_code: u16,
    composed: &Composed,
    tag: Option<&str>,
    rules: &Rulebook,
    findings: &mut Findings,
) -> (Option<ChineseFacts>, Option<AtOnce>) {
    if let Some((code, detail)) = &composed.refusal {
        findings.refuse(RuleId::R14a, *code, detail.clone());
    } else if let Some(template) = &composed.template {
        findings.note(RuleId::R14a, RuleEffect::Pass, template.to_string());
    }
    let (chinese, at_once) = at_once(country_code, composed, tag, rules);
    if let Some(facts) = chinese {
        let counts = format!(
            "{} Han of {} units, {} Traditional, {} Japanese or Korean, {} words of another language",
            facts.han, facts.units, facts.traditional, facts.japanese_or_korean, facts.foreign_words
        );
        if at_once == Some(AtOnce::NotChinese) && rules.china.non_chinese_sms == NonChineseSms::Skip {
            findings.refuse(
                RuleId::R14b,
                FailureCode::SmsSkipped,
                format!("the text is not Chinese: {counts}"),
            );
        } else if at_once.is_none() {
            findings.note(RuleId::R14b, RuleEffect::Pass, format!("the text is Chinese: {counts}"));
        } else {
            findings.note(RuleId::R14b, RuleEffect::Flag, format!("the text may be blocked: {counts}"));
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
