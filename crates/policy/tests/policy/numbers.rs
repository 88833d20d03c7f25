//! R1, R15, R16, R17: which number a job means.

use closure_contract::{FailureCode, RuleEffect, RuleId, job::Scope};
use closure_policy::explain::{FallbackEmail, Plan, Verdict};
use serde_json::json;

use crate::support::{NOW, code, decide, decided, effects, rulebook_of, sms, sms_plan, sms_to};

/// The number that a text message goes to.
fn goes_to(phone: serde_json::Value) -> String {
    sms_plan(&decided(&sms_to(phone))).to.plus()
}

/// A number that is clear and gets no text message: it is refused, and the email answers.
fn answered_by_email(phone: serde_json::Value, expected: FailureCode) {
    let decision = decided(&sms_to(phone.clone()));
    assert_eq!((decision.verdict, decision.code), (Verdict::Reject, Some(expected)), "{phone}");
    let email = decision.fallback.map(|facts| facts.email);
    assert!(matches!(email, Some(FallbackEmail::OnFailure | FallbackEmail::Always)), "{phone}: {email:?}");
}

fn held_as(phone: serde_json::Value, expected: FailureCode) {
    let decision = decided(&sms_to(phone.clone()));
    assert_eq!((decision.verdict, decision.code), (Verdict::NeedsPerson, Some(expected)), "{phone}");
    assert_eq!(decision.plan, None, "{phone}");
}

#[test]
fn country_code_and_rest_apart_are_one_number() {
    for (country_code, rest, expected) in [
        ("81", "90-1234-5678", "+819012345678"),
        ("+81", "9012345678", "+819012345678"),
        ("0081", "９０ １２３４ ５６７８", "+819012345678"),
        ("1", "(650) 253-0000", "+16502530000"),
        ("86", "138 1234 5678", "+8613812345678"),
        ("81", "090～1234～5678", "+819012345678"),
        ("690", "7290", "+6907290"),
    ] {
        assert_eq!(
            goes_to(json!({ "country_code": country_code, "national_number": rest })),
            expected,
            "{country_code} {rest}"
        );
    }
}

#[test]
fn a_national_trunk_zero_is_dropped_and_that_is_recorded() {
    let decision = decided(&sms_to(json!({ "country_code": "81", "national_number": "090-1234-5678" })));
    assert_eq!(sms_plan(&decision).to.plus(), "+819012345678");
    assert_eq!(effects(&decision, RuleId::R16), [RuleEffect::Change]);
}

#[test]
fn a_leading_zero_that_belongs_to_the_number_survives() {
    let job = crate::support::dial(json!({ "to": { "phone": { "number": "+39 06 1234 5678" } } }));
    assert_eq!(decided(&job).dial_string.as_deref(), Some("9001390612345678"));
}

#[test]
fn a_repeated_country_code_is_tolerated_if_only_that_reading_is_valid_and_flagged() {
    for rest in ["8613812345678", "+86 138 1234 5678", "0086 138 1234 5678"] {
        let decision = decided(&sms_to(json!({ "country_code": "86", "national_number": rest })));
        assert_eq!(sms_plan(&decision).to.plus(), "+8613812345678", "{rest}");
        assert_eq!(effects(&decision, RuleId::R16), [RuleEffect::Flag], "{rest}");
    }
}

#[test]
fn a_rest_that_is_a_number_of_another_country_is_a_contradiction() {
    for rest in ["8613812345678", "+8613812345678", "008613812345678"] {
        held_as(json!({ "country_code": "84", "national_number": rest }), FailureCode::CountryContradiction);
        held_as(json!({ "number": rest, "country_hint": "84" }), FailureCode::CountryContradiction);
    }
}

#[test]
fn a_leading_plus_or_double_zero_names_the_country() {
    for number in [
        "+819012345678",
        "0081 90 1234 5678",
        "＋８１ ９０－１２３４－５６７８",
        "\u{202a}+81 (0)90-1234-5678\u{202c}",
    ] {
        assert_eq!(goes_to(json!({ "number": number })), "+819012345678", "{number}");
    }
}

#[test]
fn bare_digits_with_a_country_hint_must_agree_with_it() {
    for (number, hint, expected) in [
        ("13812345678", "86", "+8613812345678"),
        ("8613812345678", "86", "+8613812345678"),
        ("090-1234-5678", "81", "+819012345678"),
        ("16502530000", "1", "+16502530000"),
        ("6502530000", "+1", "+16502530000"),
    ] {
        assert_eq!(goes_to(json!({ "number": number, "country_hint": hint })), expected, "{number} {hint}");
    }
    held_as(json!({ "number": "12345", "country_hint": "86" }), FailureCode::InvalidNumber);
    held_as(json!({ "number": "13812345678", "country_hint": "VN" }), FailureCode::InvalidNumber);
    held_as(json!({ "number": "13812345678", "country_hint": "999" }), FailureCode::InvalidNumber);
}

#[test]
fn digits_that_are_valid_with_and_without_the_stated_country_code_are_ambiguous() {
    held_as(json!({ "number": "390100378", "country_hint": "39" }), FailureCode::AmbiguousNumber);
    held_as(json!({ "country_code": "49", "national_number": "491701234567" }), FailureCode::AmbiguousNumber);
}

#[test]
fn a_reading_that_nobody_in_the_hinted_country_would_write_does_not_count() {
    // Without its trunk zero +49 491701234567 is a fixed line that no German writes so.
    assert_eq!(goes_to(json!({ "number": "491701234567", "country_hint": "49" })), "+491701234567");
}

#[test]
fn bare_digits_without_a_hint_are_good_only_with_one_reading() {
    for (number, expected) in [
        ("8613812345678", "+8613812345678"),
        ("447400123456", "+447400123456"),
        ("12025550123", "+12025550123"),
    ] {
        let decision = decided(&sms_to(json!({ "number": number })));
        assert_eq!(sms_plan(&decision).to.plus(), expected);
        assert_eq!(effects(&decision, RuleId::R15), [RuleEffect::Flag], "{number}");
    }
    // Luxembourg's plan takes nearly any digits, and a Brazilian fixed line and a Russian number have these.
    held_as(json!({ "number": "84912345678" }), FailureCode::AmbiguousNumber);
    // An Indonesian mobile whose zero was left out has the digits of a Japanese one with its country code.
    held_as(json!({ "number": "819012345678" }), FailureCode::AmbiguousNumber);
}

#[test]
fn a_chinese_mobile_that_is_also_an_american_number_is_held_with_both_readings() {
    let decision = decided(&sms_to(json!({ "number": "16502530000" })));
    assert_eq!((decision.verdict, decision.code), (Verdict::NeedsPerson, Some(FailureCode::AmbiguousNumber)));
    let phone = decision.phone.expect("a text message has a phone");
    assert_eq!(phone.e164, None);
    let readings: Vec<_> = phone
        .candidates
        .iter()
        .map(|one| (one.country_code, one.region.as_deref(), one.e164.plus()))
        .collect();
    assert_eq!(
        readings,
        [(1, Some("US"), "+16502530000".to_owned()), (86, Some("CN"), "+8616502530000".to_owned())]
    );
}

#[test]
fn a_number_as_it_is_written_in_several_countries_is_ambiguous() {
    for number in ["0912345678", "91234567", "6592345678"] {
        held_as(json!({ "number": number }), FailureCode::AmbiguousNumber);
    }
}

#[test]
fn the_countries_that_are_plausible_are_configuration() {
    let asia = rulebook_of("numbers.plausible_country_codes = [65, 81, 84, 86]");
    let decision = decide(&sms_to(json!({ "number": "84912345678" })), &asia, NOW);
    assert_eq!(decision.phone.and_then(|phone| phone.country_code), Some(84));
    let narrow = rulebook_of("numbers.plausible_country_codes = [65, 81]");
    let decision = decide(&sms_to(json!({ "number": "91234567" })), &narrow, NOW);
    assert_eq!(decision.code, Some(FailureCode::AmbiguousNumber), "a home form is never taken");
}

#[test]
fn a_korean_access_code_is_never_taken_for_a_country() {
    // 00 and +1 659 234 5678 in Alabama, or KT's 001 and +65 9234 5678 in Singapore.
    let decision = decided(&sms_to(json!({ "number": "001 65 9234 5678" })));
    assert_eq!(decision.code, Some(FailureCode::AmbiguousNumber));
    let countries: Vec<u16> = decision
        .phone
        .map(|phone| phone.candidates.iter().map(|one| one.country_code).collect())
        .unwrap_or_default();
    assert_eq!(countries, [1, 65]);
    assert_eq!(goes_to(json!({ "number": "001 65 9234 5678", "country_hint": "1" })), "+16592345678");
    held_as(json!({ "number": "001 65 9234 5678", "country_hint": "65" }), FailureCode::CountryContradiction);
    held_as(json!({ "number": "001 84 912 345 678" }), FailureCode::AmbiguousNumber);
}

#[test]
fn what_is_no_number_is_held_as_invalid() {
    for number in [
        "",
        "   ",
        "call me",
        "+",
        "+84",
        "+8613",
        "12345678901234567890123456789012345",
        "+84 912 345 678 x12",
        "+84912345678;ext=1",
        "010-1234-5678/010-2345-6789",
        "+8190123456789",
        "++819012345678",
        "81+9012345678",
    ] {
        held_as(json!({ "number": number }), FailureCode::InvalidNumber);
    }
    held_as(json!({ "country_code": "", "national_number": "912345678" }), FailureCode::InvalidNumber);
    held_as(json!({ "country_code": "999", "national_number": "912345678" }), FailureCode::InvalidNumber);
    held_as(json!({ "country_code": "84", "national_number": "12".repeat(17) }), FailureCode::InvalidNumber);
}

#[test]
fn premium_satellite_shared_and_emergency_numbers_are_not_allowed() {
    for number in ["+870773111632", "+979123456789"] {
        answered_by_email(json!({ "number": number }), FailureCode::CountryNotAllowed);
    }
    for number in ["+80812345678", "+80012345678", "+449098790000", "119", "911"] {
        answered_by_email(json!({ "number": number }), FailureCode::NumberNotAllowed);
    }
    answered_by_email(
        json!({ "country_code": "84", "national_number": "113" }),
        FailureCode::NumberNotAllowed,
    );
}

#[test]
fn a_text_message_needs_a_mobile_where_the_plan_tells() {
    answered_by_email(json!({ "number": "+81312345678" }), FailureCode::NumberNotAllowed);
    let hanoi = json!({ "country_code": "84", "national_number": "24 3825 1234" });
    answered_by_email(hanoi, FailureCode::NumberNotAllowed);
    assert_eq!(goes_to(json!({ "number": "+16502530000" })), "+16502530000");
}

#[test]
fn countries_may_be_allowed_and_denied_by_configuration() {
    let only_japan = rulebook_of("numbers.allowed_country_codes = [81]");
    assert_eq!(
        decide(&sms_to(json!({ "number": "+819012345678" })), &only_japan, NOW).verdict,
        Verdict::Send
    );
    let elsewhere = decide(&sms_to(json!({ "number": "+16502530000" })), &only_japan, NOW);
    assert_eq!(elsewhere.code, Some(FailureCode::CountryNotAllowed));
    let not_japan = rulebook_of("numbers.denied_country_codes = [81]");
    let denied = decide(&sms_to(json!({ "number": "+819012345678" })), &not_japan, NOW);
    assert_eq!(denied.code, Some(FailureCode::CountryNotAllowed));
}

#[test]
fn overseas_and_domestic_are_checked_against_the_country_and_never_corrected() {
    let korea = json!({ "number": "+821012345678" });
    assert_eq!(code(&sms_to(korea.clone())), Some(FailureCode::ScopeMismatch));
    let domestic = sms(json!({ "scope": "domestic", "to": { "phone": korea } }));
    let decision = decided(&domestic);
    assert!(matches!(&decision.plan, Some(Plan::Sms(plan)) if plan.scope == Scope::Domestic));
    let abroad = decided(&sms(json!({ "scope": "domestic" })));
    assert_eq!((abroad.verdict, abroad.code), (Verdict::NeedsPerson, Some(FailureCode::ScopeMismatch)));
}

#[test]
fn a_korean_number_as_it_is_written_at_home_is_clear_once_the_agent_chose_domestic() {
    let job = sms(json!({ "scope": "domestic", "to": { "phone": { "number": "010-1234-5678" } } }));
    assert_eq!(sms_plan(&decided(&job)).to.plus(), "+821012345678");
}

#[test]
fn no_detail_and_no_debug_form_holds_a_number() {
    for phone in [
        json!({ "number": "16502530000" }),
        json!({ "number": "+819012345678" }),
        json!({ "country_code": "84", "national_number": "8613812345678" }),
    ] {
        let decision = decided(&sms_to(phone));
        let shown = format!("{decision:?} {:?} {:?}", decision.phone, decision.plan);
        for digits in ["6502530000", "9012345678", "13812345678"] {
            assert!(!shown.contains(digits), "{shown}");
        }
    }
}

/// Mobiles of forty countries: the country code, the whole number, and the number as it is written at home.
pub(crate) const MOBILES: &[(&str, &str, &str)] = &[
    ("86", "8613012345678", "13012345678"),
    ("81", "819012345678", "09012345678"),
    ("1", "12125550123", "2125550123"),
    ("84", "84912345678", "0912345678"),
    ("886", "886912345678", "0912345678"),
    ("852", "85291234567", "91234567"),
    ("65", "6591234567", "91234567"),
    ("66", "66812345678", "0812345678"),
    ("63", "639171234567", "09171234567"),
    ("60", "60123456789", "0123456789"),
    ("62", "6281234567890", "081234567890"),
    ("61", "61412345678", "0412345678"),
    ("44", "447400123456", "07400123456"),
    ("33", "33612345678", "0612345678"),
    ("49", "4915123456789", "015123456789"),
    ("7", "79123456789", "89123456789"),
    ("91", "919812345678", "09812345678"),
    ("976", "97688123456", "88123456"),
    ("998", "998912345678", "912345678"),
    ("853", "85366123456", "66123456"),
    ("34", "34612345678", "612345678"),
    ("39", "393123456789", "3123456789"),
    ("31", "31612345678", "0612345678"),
    ("41", "41781234567", "0781234567"),
    ("43", "436641234567", "06641234567"),
    ("46", "46701234567", "0701234567"),
    ("47", "4740612345", "40612345"),
    ("45", "4532123456", "32123456"),
    ("48", "48512345678", "512345678"),
    ("90", "905012345678", "05012345678"),
    ("971", "971501234567", "0501234567"),
    ("966", "966512345678", "0512345678"),
    ("972", "972502345678", "0502345678"),
    ("55", "5511961234567", "11961234567"),
    ("52", "525512345678", "5512345678"),
    ("56", "56961234567", "961234567"),
    ("64", "64211234567", "0211234567"),
    ("27", "27711234567", "0711234567"),
    ("880", "8801812345678", "01812345678"),
    ("95", "9592123456", "092123456"),
];

#[test]
fn the_form_with_country_code_is_taken_for_forty_countries_without_a_guess() {
    assert_eq!(MOBILES.len(), 40);
    for (_, whole, home) in MOBILES {
        let form = |number: &str| json!({ "number": number, "form": "with_country_code" });
        let facts = decided(&sms_to(form(whole))).phone.expect("a text message has a phone");
        assert_eq!(facts.e164.map(|e164| e164.plus()), Some(format!("+{whole}")));
        let decision = decided(&sms_to(form(home)));
        assert!(decision.plan.is_none() || !home.starts_with('0'), "{home} has no country code");
    }
}

#[test]
fn a_home_form_without_its_zero_and_a_digit_too_many_never_reach_a_stranger() {
    for number in [
        // Turkey's 0535 129 4009 is a Cuban number without its zero, and Germany's 01601 2355382 an American one.
        "5351294009",
        "16012355382",
        // After +1 the library reads over a further 1; these are Chinese and German mobiles whose first digit was doubled.
        "113012345678",
        "115123456789",
        // Hong Kong's 9123 4567 with its code is Indonesia's 0852 9123 4567 without its zero.
        "85291234567",
        "4901711234567",
    ] {
        held_as(json!({ "number": number }), FailureCode::AmbiguousNumber);
    }
}

#[test]
fn a_reading_that_the_job_cannot_use_is_not_offered() {
    let offered = |job| {
        let candidates = decided(&job).phone.map(|phone| phone.candidates).unwrap_or_default();
        candidates.iter().map(|one| one.country_code).collect::<Vec<_>>()
    };
    let overseas = |channel: &str| match channel {
        "sms" => sms_to(json!({ "number": "01012345678" })),
        _ => crate::support::dial(json!({ "to": { "phone": { "number": "01012345678" } } })),
    };
    for channel in ["sms", "dial"] {
        let readings = offered(overseas(channel));
        assert!(!readings.contains(&82), "{channel}: {readings:?}");
    }
    // Hanoi's fixed lines get no text message, and Korea's numbers none from overseas.
    let contradicted = sms_to(json!({ "number": "842438251234", "country_hint": "81" }));
    assert_eq!(offered(contradicted), [0_u16; 0]);
    assert_eq!(
        offered(sms_to(json!({ "country_code": "81", "national_number": "+821012345678" }))),
        [0_u16; 0]
    );
    let at_home = json!({ "scope": "domestic", "to": { "phone": { "number": "16502530000" } } });
    assert!(offered(sms(at_home)).iter().all(|code| *code == 82));
}

#[test]
fn numbers_as_people_and_pickers_write_them_are_read() {
    for (phone, expected) in [
        (json!({ "country_code": "81", "national_number": "０９０ー１２３４ー５６７８" }), "+819012345678"),
        (json!({ "number": "+6591\u{ad}234567" }), "+6591234567"),
        (json!({ "number": "\u{202d}+65 9123 4567\u{202c}" }), "+6591234567"),
        (json!({ "number": "+65~9123～4567" }), "+6591234567"),
        (json!({ "number": "+6591234567\r\n" }), "+6591234567"),
        (json!({ "number": "+65\u{2060}9123\u{fe0f}4567" }), "+6591234567"),
        (json!({ "country_code": "+1-684", "national_number": "733 1234" }), "+16847331234"),
        (json!({ "country_code": "1242", "national_number": "359 1234" }), "+12423591234"),
        (json!({ "number": "+6907290" }), "+6907290"),
        (json!({ "number": "\"+65 9123 4567\"" }), "+6591234567"),
        (json!({ "number": "'+6591234567" }), "+6591234567"),
        (json!({ "number": "\u{201c}+65 9123 4567\u{201d}" }), "+6591234567"),
        (json!({ "number": "\u{300c}+65\u{3000}9123\u{3000}4567\u{300d}" }), "+6591234567"),
        (json!({ "country_code": "\"65\"", "national_number": "\u{2018}9123 4567\u{2019}" }), "+6591234567"),
        (json!({ "country_code": "+54-9", "national_number": "11 2345 6789" }), "+5491123456789"),
    ] {
        assert_eq!(goes_to(phone.clone()), expected, "{phone}");
    }
    // Guernsey's fixed line: code and rest are one number, which gets no text message.
    answered_by_email(
        json!({ "country_code": "+44-1481", "national_number": "720014" }),
        FailureCode::NumberNotAllowed,
    );
}
