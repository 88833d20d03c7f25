//! Calls: what is dialled, and the record of it (R2, R3, R4).

pub mod record;

use closure_contract::{
    Channel, DialJob, Facts, FailureCode, RuleEffect, RuleId, Timestamp,
    job::{Phone, Scope},
};

use crate::{
    explain::DialPlan,
    findings::Findings,
    number::{
        meaning::JobNumber,
        phone::{self, E164, KOREA, Number, PhoneFacts, PhoneKind},
        typed::{self, Typed},
    },
    rulebook::{NumberRules, Pause, Rulebook},
    words::{Sentence, words},
};

/// R4: the class of the representative number.
pub const REPRESENTATIVE_NUMBER_CLASS: &str = "K-RIDE 고객센터";
/// R4: the class of the service.
pub const SERVICE_CLASS: &str = "K-RIDE";

/// So far clocks of two machines may differ.
const CLICK_AHEAD_S_MAX: i64 = 60;

/// What is known about a call.
pub(crate) struct Judged {
    pub(crate) phone: PhoneFacts,
    pub(crate) dial_string: Option<String>,
    pub(crate) plan: Option<DialPlan>,
}

/// Applies the rules to a dial job.
pub(crate) fn judge(
    job: &DialJob,
    number: &JobNumber,
    rulebook: &Rulebook,
    now: Timestamp,
    findings: &mut Findings,
) -> Judged {
    check_freshness(job, rulebook.dial.click_fresh_s, now, findings);
    let (number, phone) =
        phone::judge(&job.to.phone, number, job.scope, Channel::Dial, &rulebook.numbers, findings);
    let dial_string = number.as_ref().and_then(|number| dial_string(number, job.scope, rulebook));
    if dial_string.is_some() {
        let (rule, detail) = match job.scope {
            Scope::Overseas => {
                let detail = Sentence::fixed(
                    "outside line, access code, country code and number, digits alone",
                    "외선 접속번호, 국제전화 접속번호, 국가번호, 번호를 숫자로만 이어 겁니다",
                );
                (RuleId::R2, detail)
            }
            Scope::Domestic => {
                let detail = Sentence::fixed(
                    "outside line and the number as it is dialled at home",
                    "외선 접속번호와 국내 번호를 이어 겁니다",
                );
                (RuleId::R3, detail)
            }
        };
        findings.note(rule, RuleEffect::Change, detail);
    } else if let Some(number) = &number {
        refuse_undialable(number, job.scope, &rulebook.numbers, findings);
    }
    let extension = &job.agent.extension;
    let dialable = (2..=10).contains(&extension.len()) && extension.bytes().all(|byte| byte.is_ascii_digit());
    if dialable {
        let detail = words!(
            "the record of the call carries the fixed classes",
            "통화 기록에 정해진 대표번호구분과 서비스 구분을 남깁니다"
        );
        findings.note(RuleId::R4, RuleEffect::Pass, detail);
    } else {
        let detail = words!(
            "agent.extension must be 2 to 10 digits; only digits may reach the PBX",
            "agent.extension은 숫자 2~10자리여야 합니다. PBX에는 숫자만 보낼 수 있습니다"
        );
        let facts = Facts { field: Some("agent.extension".to_owned()), ..Facts::default() };
        findings.refuse_with(RuleId::R4, FailureCode::WrongShape, detail, facts);
    }
    let plan = dial_string.clone().zip(number).map(|(dial_string, number)| DialPlan {
        dial_string,
        customer_contact: number.e164.digits().to_owned(),
        extension: extension.clone(),
        fresh_until: may_ring_until(job, rulebook.dial.click_fresh_s),
        representative_number_class: REPRESENTATIVE_NUMBER_CLASS,
        service_class: SERVICE_CLASS,
    });
    Judged { phone, dial_string, plan }
}

/// When a click is no longer fresh; a call for later is as fresh as its `not_before`.
fn fresh_until(job: &DialJob, click_fresh_s: u32) -> Option<Timestamp> {
    let clicked_at = job.clicked_at?;
    let meant_for = job.not_before.map_or(clicked_at, |not_before| not_before.max(clicked_at));
    Some(meant_for.later_by_s(click_fresh_s))
}

/// From when on nobody's phone may ring: the click is no longer fresh, or it is too late for the job.
fn may_ring_until(job: &DialJob, click_fresh_s: u32) -> Option<Timestamp> {
    fresh_until(job, click_fresh_s).into_iter().chain(job.expires_at).min()
}

/// B1: an agent who clicked long ago has gone on to something else, so that the phone must not ring any more.
///
/// A click in the near future is a clock that runs ahead, and fresh;
/// one that is further away has been written with another zone than its clock's, and may be hours old.
fn check_freshness(job: &DialJob, click_fresh_s: u32, now: Timestamp, findings: &mut Findings) {
    let Some((clicked_at, fresh_until)) = job.clicked_at.zip(fresh_until(job, click_fresh_s)) else { return };
    let ahead_s = (clicked_at.0 - now.0).whole_seconds();
    if ahead_s > CLICK_AHEAD_S_MAX {
        let detail = words!(
            "the click is {ahead_s} s in the future; is a local time written with Z?",
            "클릭 시각이 {ahead_s}초 뒤의 미래입니다. 현지 시각에 Z를 붙이지 않았는지 확인하십시오"
        );
        let facts = Facts { click_ahead_s: Some(ahead_s.unsigned_abs()), ..Facts::default() };
        findings.refuse_with(RuleId::B1, FailureCode::ClickInFuture, detail, facts);
        return;
    }
    if now >= fresh_until {
        let age_s = (now.0 - fresh_until.0).whole_seconds() + i64::from(click_fresh_s);
        let detail = words!(
            "the click is {age_s} s old, and after {click_fresh_s} s no phone rings",
            "클릭한 지 {age_s}초가 지났으며, {click_fresh_s}초가 지나면 전화를 울리지 않습니다"
        );
        let facts = Facts {
            click_age_s: Some(age_s.unsigned_abs()),
            click_fresh_s: Some(u64::from(click_fresh_s)),
            ..Facts::default()
        };
        findings.refuse_with(RuleId::B1, FailureCode::StaleClick, detail, facts);
    } else {
        let detail = words!(
            "the click is fresh for {click_fresh_s} s",
            "클릭은 {click_fresh_s}초 동안 유효하며 아직 유효합니다"
        );
        findings.note(RuleId::B1, RuleEffect::Pass, detail);
    }
}

/// What the PBX dials, where the agent's choice agrees with the number and a call may go to its kind.
pub(crate) fn dial_string(number: &Number, scope: Scope, rulebook: &Rulebook) -> Option<String> {
    let rules = &rulebook.dial;
    let (prefix, digits) = match (scope, number.country_code == KOREA) {
        (Scope::Overseas, false) => (rules.overseas_prefix.as_str(), number.e164.digits()),
        (Scope::Domestic, true) => (rules.domestic_prefix.as_str(), number.national_digits.as_str()),
        (Scope::Overseas, true) | (Scope::Domestic, false) => return None,
    };
    if !number.takes(Channel::Dial, &rulebook.numbers) || !is_dialable(digits, number.kind, scope) {
        return None;
    }
    let pause = match rules.pause {
        None => return Some(format!("{prefix}{digits}")),
        Some(Pause::Comma) => ',',
        Some(Pause::W) => 'w',
        Some(Pause::P) => 'p',
    };
    let after_line = prefix.strip_prefix(rules.domestic_prefix.as_str()).unwrap_or(prefix);
    Some(format!("{}{pause}{after_line}{digits}", rules.domestic_prefix))
}

/// The last look at what follows the prefix: digits alone, as many as a number has, and never 82 after 9001.
fn is_dialable(digits: &str, kind: PhoneKind, scope: Scope) -> bool {
    let only_digits = digits.bytes().all(|byte| byte.is_ascii_digit());
    let shaped = match scope {
        Scope::Overseas => {
            (7..=15).contains(&digits.len()) && !digits.starts_with('0') && !digits.starts_with("82")
        }
        Scope::Domestic if kind == PhoneKind::ShortNumber => (3..=8).contains(&digits.len()),
        // 1588-1234 is dialled as it stands.
        Scope::Domestic if kind == PhoneKind::Uan => digits.len() == 8 && digits.starts_with('1'),
        Scope::Domestic => {
            (8..=13).contains(&digits.len()) && digits.starts_with('0') && !digits.starts_with("00")
        }
    };
    only_digits && shaped
}

/// Refuses a number that could be called if what follows the prefix looked as it must.
fn refuse_undialable(number: &Number, scope: Scope, rules: &NumberRules, findings: &mut Findings) {
    let here = (scope == Scope::Domestic) == (number.country_code == KOREA);
    if here && number.takes(Channel::Dial, rules) {
        let rule = if scope == Scope::Overseas { RuleId::R2 } else { RuleId::R3 };
        let detail = words!(
            "what would be dialled has not the shape of a number; call it by hand",
            "걸게 될 번호가 전화번호의 형식이 아닙니다. 직접 거십시오"
        );
        findings.refuse(rule, FailureCode::NumberNotAllowed, detail);
    }
}

/// A Korean number of a class that its first digits tell, which the network dials although the metadata of numbers does
/// not have it; the class's own setting decides (R3).
pub(crate) fn of_a_korean_class(digits: &str) -> Option<Number> {
    let starts = |prefixes: &[&str]| prefixes.iter().any(|prefix| digits.starts_with(prefix));
    let kind = match digits.len() {
        8 if starts(&["15", "16", "18"]) => PhoneKind::Uan,
        10 | 11 if starts(&["080"]) => PhoneKind::TollFree,
        10 | 11 if starts(&["060"]) => PhoneKind::PremiumRate,
        _ => return None,
    };
    let after_code = digits.strip_prefix('0').unwrap_or(digits);
    Some(Number {
        e164: E164::from_digits(format!("{KOREA}{after_code}")),
        country_code: KOREA,
        region: Some("KR".to_owned()),
        kind,
        national_digits: digits.to_owned(),
    })
}

/// A domestic service number that is dialled as it is written, from the configured list alone.
pub(crate) fn short_number(phone: &Phone, scope: Scope, rules: &NumberRules) -> Option<Number> {
    if scope != Scope::Domestic {
        return None;
    }
    let typed = match phone {
        Phone::Separated { country_code, national_number } => {
            let korea = typed::country_code(country_code) == Ok(Some(KOREA));
            korea.then_some(national_number)?
        }
        Phone::Whole { number, .. } => number,
    };
    let Ok(Typed::Bare(digits)) = typed::read(typed) else { return None };
    let listed = rules.short_numbers.contains(&digits);
    listed.then(|| Number {
        e164: E164::from_digits(format!("{KOREA}{digits}")),
        country_code: KOREA,
        region: Some("KR".to_owned()),
        kind: PhoneKind::ShortNumber,
        national_digits: digits,
    })
}
