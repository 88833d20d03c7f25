//! The same decision in Korean: its words change, and nothing else does.

use closure_contract::{
    Job, Language, Provider, Timestamp,
    facts::{
        caps::{CapLimit, CapWindow},
        preconditions::{Listing, Preconditions, RevocationRecord},
        texts::{TextGateway, TextLimit, TextLimits, TextMeasure},
    },
};
use closure_policy::{explain, number::meaning::JobNumber, preconditions, rulebook::CompiledRulebook};
use serde_json::{Value, json};

use crate::support::{NOW, TEMPLATES, dial, email, rulebook, rulebook_of, sms, sms_to};

/// What a job is told, in this language.
fn told(language: Language, job: &Job, rulebook: &CompiledRulebook, standing: &Preconditions) -> Value {
    let number = JobNumber::of(job, rulebook.rules());
    let decision = explain::decide_in(language, job, &number, rulebook, standing, NOW);
    serde_json::to_value(decision).expect("an answer is JSON")
}

/// Takes every sentence for people out of an answer.
fn sentences(answer: &mut Value) -> Vec<String> {
    let mut found = Vec::new();
    let mut take = |place: Option<&mut Value>| {
        if let Some(place) = place {
            found.extend(place.as_str().map(str::to_owned));
            *place = Value::Null;
        }
    };
    take(answer.get_mut("detail"));
    take(answer.pointer_mut("/fallback/reason"));
    for rule in answer["rules"].as_array_mut().expect("an answer lists its rules") {
        take(rule.get_mut("detail"));
    }
    found
}

fn is_korean(text: &str) -> bool {
    text.chars().any(|one| ('가'..='힣').contains(&one))
}

/// Holds the Korean answer against the English one.
fn is_the_same_in_korean(job: &Job, rulebook: &CompiledRulebook, standing: &Preconditions) -> usize {
    let mut english = told(Language::English, job, rulebook, standing);
    let mut korean = told(Language::Korean, job, rulebook, standing);
    let (said, korean_said) = (sentences(&mut english), sentences(&mut korean));
    assert_eq!(english, korean, "what programs read is the same in every language");
    assert_eq!(said.len(), korean_said.len());
    for (english, korean) in said.iter().zip(&korean_said) {
        assert!(!is_korean(english), "no English: {english}");
        assert!(is_korean(korean), "no Korean: {korean}");
    }
    said.len()
}

fn texts() -> Vec<Job> {
    let to = |number: &str, text: &str| {
        sms(json!({ "to": { "phone": { "number": number } }, "sms": { "text": text } }))
    };
    let template = |name: &str, values: Value| {
        let content = json!({ "text": null, "template": name, "variables": values });
        sms(json!({ "to": { "phone": { "number": "+84912345678" } }, "sms": content }))
    };
    let at_home = |content: Value| {
        let to = json!({ "phone": { "number": "+821012345678" } });
        sms(json!({ "scope": "domestic", "to": to, "sms": content }))
    };
    vec![
        sms(json!({})),
        sms(json!({ "sms": { "text": "It’s done… – ok" } })),
        sms(json!({ "sms": { "text": "a🙂b" } })),
        sms(json!({ "sms": { "text": "🙂".repeat(20) } })),
        sms(json!({ "sms": { "text": " " } })),
        sms(json!({ "sms": { "text": "a".repeat(960) } })),
        sms(json!({ "sms": { "text": "a".repeat(1001) } })),
        sms(json!({ "sms": { "subject": "dropped", "sender": "+821012345678" } })),
        sms(json!({ "sms": { "attachments": [{ "name": "a.pdf" }] } })),
        sms(json!({ "sms": { "text": "Please reply to this message." } })),
        sms(json!({ "to": { "email": null } })),
        sms(json!({ "to": { "email": "nobody" } })),
        sms(json!({ "expires_at": "2026-11-22T11:00:00Z" })),
        sms(json!({ "expires_at": "2026-11-22T13:00:00Z" })),
        sms(json!({ "not_before": "2026-11-22T13:00:00Z" })),
        sms(json!({ "not_before": "2026-11-22T14:00:00Z", "expires_at": "2026-11-22T13:00:00Z" })),
        sms(json!({ "not_before": "2029-01-01T00:00:00Z" })),
        sms(json!({ "fallback": { "subject": "환불" } })),
        sms(json!({ "scope": "domestic" })),
        to("+821012345678", "To Korea, though the agent chose overseas."),
        to("+8613102345678", "您的退款已经处理完毕"),
        to("+8613102345678", "您的退款已經處理完畢"),
        to("+8613102345678", &format!("Your refund is done, see https://k.ride/x {}", "a ".repeat(300))),
        to("+84912345678", "[K.ride] Your refund of 5 is late."),
        to("+84912345678", "[K.ride] We have answered you by email. Please check your mailbox."),
        template("vn_refund", json!({ "amount": "1,000", "trip": "A1" })),
        template("vn_refund", json!({ "amount": "many", "trip": "A1" })),
        template("vn_refund", json!({ "trip": "A1" })),
        template("vn_refund", json!({ "amount": "1,000", "trip": "A1", "more": "1" })),
        template("vn_none", json!({})),
        at_home(json!({ "text": "환불이 완료되었습니다." })),
        at_home(json!({ "text": "환불이 완료되었습니다.", "subject": "환불" })),
        at_home(json!({ "text": "退款已完毕 Đã hoàn tiền" })),
        at_home(json!({ "text": "가".repeat(100) })),
        at_home(json!({ "text": "가".repeat(100), "subject": "가".repeat(100) })),
        at_home(json!({ "text": "가".repeat(2000) })),
        at_home(json!({ "text": " " })),
    ]
}

fn numbers() -> Vec<Job> {
    let phones = [
        json!({ "number": "" }),
        json!({ "number": "+81 90 1234 5678 ext 12" }),
        json!({ "number": "٠١٢٣٤٥٦٧٨" }),
        json!({ "number": "090ー1234ー5678" }),
        json!({ "number": "+81*9012345678" }),
        json!({ "number": "1".repeat(33) }),
        json!({ "number": "112" }),
        json!({ "number": "+999123456789" }),
        json!({ "number": "13102345678" }),
        json!({ "number": "819012345678" }),
        json!({ "number": "0000" }),
        json!({ "number": "00819012345678" }),
        json!({ "number": "00819012345678", "country_hint": "81" }),
        json!({ "number": "00819012345678", "country_hint": "84" }),
        json!({ "number": "0016591234567" }),
        json!({ "number": "84912345678", "country_hint": "84" }),
        json!({ "number": "0912345678", "country_hint": "84" }),
        json!({ "number": "819012345678", "country_hint": "84" }),
        json!({ "number": "12", "country_hint": "nowhere" }),
        json!({ "number": "9012345678", "country_hint": "999" }),
        json!({ "number": "+5215512345678" }),
        json!({ "country_code": "", "national_number": "9012345678" }),
        json!({ "country_code": "999", "national_number": "9012345678" }),
        json!({ "country_code": "1-684", "national_number": "7331234" }),
        json!({ "country_code": "1-684", "national_number": "1" }),
        json!({ "country_code": "81", "national_number": "9012345678" }),
        json!({ "country_code": "81", "national_number": "09012345678" }),
        json!({ "country_code": "81", "national_number": "819012345678" }),
        json!({ "country_code": "81", "national_number": "+819012345678" }),
        json!({ "country_code": "81", "national_number": "+84912345678" }),
        json!({ "country_code": "81", "national_number": "1234567" }),
        json!({ "country_code": "1", "national_number": "8002345678" }),
    ];
    phones.into_iter().map(sms_to).collect()
}

fn mails_and_calls() -> Vec<Job> {
    let subject = |subject: &str| email(json!({ "email": { "subject": subject } }));
    vec![
        email(json!({})),
        email(json!({ "to": { "email": null } })),
        email(json!({ "to": { "email": "nobody" } })),
        email(json!({ "to": { "language": "ja" } })),
        email(json!({ "to": { "language": "tlh" } })),
        email(json!({ "to": { "language": "Korean" } })),
        email(json!({ "to": { "language": "ko_KR" } })),
        email(json!({ "to": { "language": "한국어" } })),
        email(json!({ "scope": "domestic" })),
        email(json!({ "email": { "text": " " } })),
        email(json!({ "email": { "html": "<div>".repeat(5_000) } })),
        email(json!({ "fallback_of": { "job_id": "0191e1a0-0000-7000-8000-000000000002" } })),
        subject("환불 안내"),
        subject("12345"),
        subject(""),
        subject("Hi\nthere"),
        subject("=?utf-8?b?7ZmY67aI?="),
        subject(&"a".repeat(200)),
        subject("Su reembolso ha sido completado para el viaje de ayer"),
        dial(json!({})),
        dial(json!({ "agent": { "extension": "10a1" } })),
        dial(json!({ "clicked_at": "2026-11-22T11:00:00Z" })),
        dial(json!({ "clicked_at": "2026-11-22T12:00:00Z" })),
        dial(json!({ "clicked_at": "2026-11-22T21:00:00Z" })),
        dial(json!({ "scope": "domestic", "to": { "phone": { "number": "+821012345678" } } })),
        dial(json!({ "scope": "domestic", "to": { "phone": { "number": "1330" } } })),
    ]
}

#[test]
fn every_word_about_a_job_is_korean_for_whoever_asks_for_korean_and_nothing_else_changes() {
    let rulebook = rulebook();
    let count: usize = [texts(), numbers(), mails_and_calls()]
        .concat()
        .iter()
        .map(|job| is_the_same_in_korean(job, &rulebook, &Preconditions::default()))
        .sum();
    assert!(count > 500, "only {count} sentences were read");
}

#[test]
fn what_the_gateways_take_is_told_in_korean_too() {
    use TextMeasure::{GsmSeptets, KoreanBytes, Parts, Ucs2Units, Utf8Bytes};
    static LIMITS: [&[TextLimit]; 5] = [
        &[TextLimit { measure: GsmSeptets, max: 0 }],
        &[TextLimit { measure: Ucs2Units, max: 0 }],
        &[TextLimit { measure: Parts, max: 0 }],
        &[TextLimit { measure: Utf8Bytes, max: 0 }],
        &[TextLimit { measure: KoreanBytes, max: 0 }],
    ];
    let standing = Preconditions::default();
    let takes_all = TextLimits { overseas: &[], domestic_sms: &[], domestic_lms: None };
    for overseas in LIMITS {
        let limits = TextLimits { overseas, ..takes_all };
        let nhn = TextGateway { gateway: Provider::Nhn, limits };
        let other = TextGateway { gateway: Provider::Infobip, limits: takes_all };
        for gateways in [vec![nhn], vec![nhn, other]] {
            let rulebook = rulebook_of("sms.routes = [{ gateways = [{ gateway = \"nhn\", weight = 1 }, { gateway = \"infobip\", weight = 0 }] }]").over_gateways(gateways);
            for text in ["plain", "한글"] {
                is_the_same_in_korean(&sms(json!({ "sms": { "text": text } })), &rulebook, &standing);
            }
        }
    }
}

#[test]
fn what_stands_beside_a_job_is_told_in_korean_too() {
    let until = Timestamp(NOW.0 + std::time::Duration::from_secs(3_600));
    let rules = rulebook_of(&format!(
        "[caps]\nnumber = {{ count = 2, window_ms = 3600000 }}\nprefix = {{ count = 2, window_ms = 3600000 }}\n\
         address = {{ count = 2, window_ms = 3600000 }}\ncountry = {{ count = 2, window_ms = 3600000 }}\n\
         fleet = {{ count = 2, window_ms = 3600000 }}\n\
         [quiet_hours]\nchannels = [\"sms\", \"dial\"]\nfrom = \"20:00\"\nuntil = \"08:00\"\n\
         [numbers]\nallowed_country_codes = [81, 82, 84, 86]\ndenied_country_codes = [1]\n{TEMPLATES}"
    ));
    let mut sentences = 0;
    for job in [sms(json!({})), email(json!({})), dial(json!({}))] {
        let number = JobNumber::of(&job, rules.rules());
        for CapLimit { key, count, window_ms } in preconditions::query(&job, &number, rules.rules()).limits {
            for count in [1, count] {
                let used = vec![CapWindow { key: key.clone(), window_ms, count, until }];
                let standing = Preconditions { used, ..Preconditions::default() };
                sentences += is_the_same_in_korean(&job, &rules, &standing);
            }
        }
    }
    let suppressed =
        Preconditions { phone: Listing::Suppressed, email: Listing::Suppressed, ..Preconditions::default() };
    let cancelled = Preconditions {
        revocation: RevocationRecord { cancelled_through: Some(1), newest_revision: None },
        ..Preconditions::default()
    };
    let superseded = Preconditions {
        revocation: RevocationRecord { newest_revision: Some(2), cancelled_through: None },
        ..Preconditions::default()
    };
    for standing in [suppressed, cancelled, superseded] {
        for job in [sms(json!({})), email(json!({})), dial(json!({}))] {
            sentences += is_the_same_in_korean(&job, &rules, &standing);
        }
    }
    for number in ["+12025550123", "+33612345678", "+819012345678", "+447911123456"] {
        sentences +=
            is_the_same_in_korean(&sms_to(json!({ "number": number })), &rules, &Preconditions::default());
    }
    assert!(sentences > 300, "only {sentences} sentences were read");
}
