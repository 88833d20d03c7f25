//! R1, R15, R16, R17: which number a job means.

use closure_contract::{FailureCode, RuleEffect, RuleId, job::Scope};
use closure_policy::explain::{Plan, Verdict};
use serde_json::json;

use crate::support::{NOW, code, decide, decided, effects, rulebook_of, sms, sms_plan, sms_to};

/// The number that a text message goes to.
fn goes_to(phone: serde_json::Value) -> String {
    sms_plan(&decided(&sms_to(phone))).to.plus()
}

fn held_as(phone: serde_json::Value, expected: FailureCode) {
    let decision = decided(&sms_to(phone.clone()));
    assert_eq!((decision.verdict, decision.code), (Verdict::Hold, Some(expected)), "{phone}");
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
    }
    held_as(json!({ "number": "+8613812345678", "country_hint": "84" }), FailureCode::CountryContradiction);
    held_as(json!({ "number": "8613812345678", "country_hint": "84" }), FailureCode::CountryContradiction);
    held_as(json!({ "number": "008613812345678", "country_hint": "84" }), FailureCode::CountryContradiction);
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
        ("819012345678", "+819012345678"),
        ("12025550123", "+12025550123"),
    ] {
        let decision = decided(&sms_to(json!({ "number": number })));
        assert_eq!(sms_plan(&decision).to.plus(), expected);
        assert_eq!(effects(&decision, RuleId::R15), [RuleEffect::Flag], "{number}");
    }
    // Luxembourg's plan takes nearly any digits, and a Brazilian fixed line and a Russian number have these.
    held_as(json!({ "number": "84912345678" }), FailureCode::AmbiguousNumber);
}

#[test]
fn a_chinese_mobile_that_is_also_an_american_number_is_held_with_both_readings() {
    let decision = decided(&sms_to(json!({ "number": "16502530000" })));
    assert_eq!((decision.verdict, decision.code), (Verdict::Hold, Some(FailureCode::AmbiguousNumber)));
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
    assert_eq!(sms_plan(&decision).to.plus(), "+6591234567");
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
        held_as(json!({ "number": number }), FailureCode::CountryNotAllowed);
    }
    for number in ["+80812345678", "+80012345678", "+449098790000", "119", "911"] {
        held_as(json!({ "number": number }), FailureCode::NumberNotAllowed);
    }
    held_as(json!({ "country_code": "84", "national_number": "113" }), FailureCode::NumberNotAllowed);
}

#[test]
fn a_text_message_needs_a_mobile_where_the_plan_tells() {
    held_as(json!({ "number": "+81312345678" }), FailureCode::NumberNotAllowed);
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
    assert_eq!((abroad.verdict, abroad.code), (Verdict::Hold, Some(FailureCode::ScopeMismatch)));
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
