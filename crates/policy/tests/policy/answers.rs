//! The answer that the CRM reads, field by field: what stands here is a promise.

use closure_contract::Job;
use serde_json::{Value, json};

use crate::support::{decided, dial, email, sms, sms_to};

/// The answer without the rules' own words, which are for people and may change.
fn answer(job: &Job) -> Value {
    let mut answer = serde_json::to_value(decided(job)).expect("an answer is JSON");
    for rule in answer["rules"].as_array_mut().expect("an answer lists its rules") {
        let rule = rule.as_object_mut().expect("a rule is an object");
        // The values that a refusal names have tests of their own.
        let stops = ["reject", "hold", "postpone"].iter().any(|effect| rule["effect"] == *effect);
        if let Some(facts) = rule.remove("facts") {
            assert!(stops && facts.as_object().is_some_and(|values| !values.is_empty()), "{facts}");
        }
        let fields: Vec<&String> = rule.keys().collect();
        assert_eq!(fields, ["detail", "effect", "id"].iter().collect::<Vec<_>>().as_slice());
        assert!(
            rule.remove("detail").is_some_and(|detail| detail.as_str().is_some_and(|text| !text.is_empty()))
        );
    }
    answer
}

fn rule(id: &str, effect: &str) -> Value {
    json!({ "id": id, "effect": effect })
}

#[test]
fn a_text_message_that_is_sent_has_every_field_of_the_contract() {
    let job = sms(json!({
        "sms": { "text": "It’s done." },
        "fallback": { "subject": "Your inquiry" },
    }));
    assert_eq!(
        answer(&job),
        json!({
            "job_id": "0191e1a0-0000-7000-8000-000000000001",
            "verdict": "send",
            "rules": [
                rule("R1", "pass"), rule("R17", "pass"), rule("R15", "pass"), rule("R6", "pass"), rule("R7", "pass"), rule("R8", "pass"),
                rule("R9", "change"), rule("R11", "pass"),
            ],
            "phone": {
                "e164": "+819012345678", "country_code": 81, "region": "JP", "type": "mobile", "candidates": [],
            },
            "sms": {
                "bytes": 10, "encoding": "gsm7", "segments": 1, "worst_case_segments": 1, "over_90_bytes": false, "near_limit": false,
                "rejected_characters": [],
                "replacements": [{ "char": "’", "with": "'", "count": 1 }],
                "sender": "+82234518120",
            },
            "fallback": { "email": "on_failure", "reason": "an email answers if the text message fails" },
            "email": { "subject_ok": true, "language": "en" },
        })
    );
}

#[test]
fn refused_characters_have_their_offsets_and_candidates_their_countries() {
    let refused = answer(&sms(json!({ "sms": { "text": "a🙂" } })));
    assert_eq!((&refused["verdict"], &refused["code"]), (&json!("reject"), &json!("forbidden_characters")));
    assert_eq!(
        refused["sms"]["rejected_characters"],
        json!([{ "char": "🙂", "code_point": "U+1F642", "offset": 1 }])
    );
    let held = answer(&sms_to(json!({ "number": "13102345678" })));
    assert_eq!((&held["verdict"], &held["code"]), (&json!("hold"), &json!("ambiguous_number")));
    let candidates = held["phone"]["candidates"].as_array().expect("candidates are a list");
    assert!(candidates.contains(&json!({ "e164": "+8613102345678", "country_code": 86, "region": "CN" })));
    assert_eq!(held["fallback"]["email"], "none");
}

#[test]
fn china_shows_its_counts_and_vietnam_its_template() {
    let china = answer(&sms(json!({
        "to": { "phone": { "number": "+8613102345678" } }, "sms": { "text": "您的退款已經處理完畢" },
    })));
    assert_eq!(
        china["chinese"],
        json!({ "is_chinese": true, "han": 10, "units": 10, "traditional": 3, "japanese_or_korean": 0, "foreign_words": 0 })
    );
    assert_eq!(china["fallback"]["email"], "always");
    let vietnam = answer(&sms(json!({
        "to": { "phone": { "number": "+84912345678" } },
        "sms": { "text": "[K.ride] We have answered you by email. Please check your mailbox." },
    })));
    assert_eq!(vietnam["template"], json!({ "id": "vn_pointer", "version": 1 }));
    assert_eq!(vietnam["fallback"]["email"], "always");
}

#[test]
fn a_call_has_its_dial_string_and_a_mail_its_subject() {
    let call = answer(&dial(json!({})));
    assert_eq!(call["dial_string"], "900184912345678");
    assert!(call.get("sms").is_none() && call.get("fallback").is_none(), "{call}");
    let mail = answer(&email(json!({ "email": { "subject": "문의 답변" } })));
    assert_eq!(mail["email"], json!({ "subject_ok": false, "language": "en" }));
    assert_eq!((&mail["verdict"], &mail["code"]), (&json!("hold"), &json!("subject_not_english")));
    assert!(mail.get("phone").is_none() && mail.get("fallback").is_none(), "{mail}");
}

#[test]
fn a_job_whose_time_has_not_come_is_postponed_and_says_until_when() {
    let later = answer(&sms(json!({ "not_before": "2026-11-22T12:30:00Z" })));
    assert_eq!(
        (&later["verdict"], &later["postpone_until"]),
        (&json!("postpone"), &json!("2026-11-22T12:30:00Z"))
    );
}

#[test]
fn no_email_answers_for_what_is_too_late_or_waits_for_a_person() {
    let late = answer(&sms(json!({
        "to": { "phone": { "number": "+84912345678" } }, "expires_at": "2026-11-22T11:00:00Z",
    })));
    assert_eq!((&late["code"], &late["fallback"]["email"]), (&json!("expired"), &json!("none")));
    let held = answer(&sms(json!({ "scope": "domestic" })));
    assert_eq!((&held["verdict"], &held["fallback"]["email"]), (&json!("hold"), &json!("none")));
}
