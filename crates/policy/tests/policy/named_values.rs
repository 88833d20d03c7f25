//! What a refusal names beside its sentence: values for programs, and nothing of the customer.

use closure_contract::{
    FailureCode, Job, RuleId,
    facts::{
        caps::{CapLimit, CapWindow},
        preconditions::{Preconditions, RevocationRecord},
    },
};
use closure_policy::{explain, number::meaning::JobNumber, preconditions};
use serde_json::{Value, json};

use crate::support::{NOW, TEMPLATES, dial, email, rulebook, rulebook_of, sms};

/// The code of the first refusal or postponement, and the values that it names.
fn named(job: &Job, settings: &str, standing: &Preconditions) -> (Option<FailureCode>, Value) {
    let rulebook = if settings.is_empty() { rulebook() } else { rulebook_of(settings) };
    let number = JobNumber::of(job, rulebook.rules());
    let decision = explain::decide(job, &number, &rulebook, standing, NOW);
    let facts = decision.rules.iter().find_map(|rule| rule.facts.as_deref());
    (decision.code, facts.map_or(Value::Null, |facts| serde_json::to_value(facts).expect("facts are JSON")))
}

fn of(job: &Job) -> (Option<FailureCode>, Value) {
    named(job, "", &Preconditions::default())
}

#[test]
fn a_refusal_names_its_values_and_a_rule_that_lets_pass_names_none() {
    let to = |number: &str| json!({ "phone": { "number": number } });
    for (job, code, facts) in [
        (
            sms(json!({ "sms": { "text": "a".repeat(1004) } })),
            FailureCode::BodyTooLong,
            json!({ "length": 1004, "length_max": 1000, "measure": "utf8_bytes" }),
        ),
        (
            sms(json!({ "sms": { "text": "a🙂★" } })),
            FailureCode::ForbiddenCharacters,
            json!({ "characters": "U+1F642, U+2605" }),
        ),
        (
            sms(json!({ "sms": { "attachments": [{ "name": "passport-of-kim.pdf" }] } })),
            FailureCode::AttachmentNotSupported,
            json!({ "attachments": 1 }),
        ),
        (
            sms(json!({ "to": to("+821012345678") })),
            FailureCode::ScopeMismatch,
            json!({ "country_code": 82 }),
        ),
        (
            sms(json!({ "to": to("+815012345678") })),
            FailureCode::NumberNotAllowed,
            json!({ "country_code": 81 }),
        ),
        (
            email(json!({ "expires_at": "2026-11-22T11:00:00Z" })),
            FailureCode::Expired,
            json!({ "expires_at": "2026-11-22T11:00:00Z" }),
        ),
        (
            email(json!({ "not_before": "2026-11-22T14:00:00Z", "expires_at": "2026-11-22T13:00:00Z" })),
            FailureCode::NeverInTime,
            json!({ "not_before": "2026-11-22T14:00:00Z", "expires_at": "2026-11-22T13:00:00Z" }),
        ),
        (
            dial(json!({ "clicked_at": "2026-11-22T11:58:45Z" })),
            FailureCode::StaleClick,
            json!({ "click_age_s": 75, "click_fresh_s": 30 }),
        ),
        (
            dial(json!({ "clicked_at": "2026-11-22T13:00:00Z" })),
            FailureCode::ClickInFuture,
            json!({ "click_ahead_s": 3600 }),
        ),
        (
            dial(json!({ "agent": { "id": "a", "extension": "12ab" } })),
            FailureCode::WrongShape,
            json!({ "field": "agent.extension" }),
        ),
    ] {
        assert_eq!(of(&job), (Some(code), facts), "{job:?}");
    }
    assert_eq!(of(&sms(json!({}))), (None, Value::Null));
}

#[test]
fn a_refused_template_is_named_only_where_it_is_one_of_ours() {
    let content =
        |content: Value| sms(json!({ "to": { "phone": { "number": "+84912345678" } }, "sms": content }));
    let with_templates = |job: &Job| named(job, TEMPLATES, &Preconditions::default());
    let by_name =
        |name: &str, values: Value| content(json!({ "text": null, "template": name, "variables": values }));
    let (code, facts) = with_templates(&by_name("vn_refund", json!({ "trip": "A1" })));
    assert_eq!(code, Some(FailureCode::TemplateVariables));
    assert_eq!(facts["variable"], "amount", "{facts}");
    assert!(facts["template"].as_str().is_some_and(|name| name.starts_with("vn_refund v")), "{facts}");
    let (code, facts) = with_templates(&by_name("Kim Minji 010-1234-5678", json!({})));
    assert_eq!((code, facts), (Some(FailureCode::TemplateUnknown), Value::Null), "any text may stand there");
    let (code, facts) = with_templates(&content(json!({ "text": "[K.ride] Your refund of 5 is late." })));
    assert_eq!(code, Some(FailureCode::TemplateMismatch));
    assert!(facts["template"].as_str().is_some_and(|name| name.starts_with("vn_")), "{facts}");
}

#[test]
fn what_stands_beside_a_job_is_named_without_the_number() {
    let job = sms(json!({}));
    let newer = RevocationRecord { newest_revision: Some(3), cancelled_through: None };
    let standing = Preconditions { revocation: newer, ..Preconditions::default() };
    assert_eq!(named(&job, "", &standing), (Some(FailureCode::Superseded), json!({ "revision": 3 })));

    let rulebook = rulebook();
    let number = JobNumber::of(&job, rulebook.rules());
    let limits = preconditions::query(&job, &number, rulebook.rules()).limits;
    for CapLimit { key, count, window_ms } in limits {
        let used = vec![CapWindow { key, window_ms, count, until: NOW }];
        let standing = Preconditions { used, ..Preconditions::default() };
        let (code, facts) = named(&job, "", &standing);
        assert!(code.is_some_and(|code| code.as_str().ends_with("_cap_reached")), "{code:?}");
        assert_eq!(facts["contacts_max"], count, "{facts}");
        assert_eq!(facts["until"], serde_json::to_value(NOW).expect("a time is JSON"), "{facts}");
        let is_country = code == Some(FailureCode::CountryCapReached);
        assert_eq!(facts.get("country_code").is_some(), is_country, "{facts}");
    }
}

/// Whatever a job holds, no value of a refusal repeats it.
#[test]
fn no_named_value_has_a_number_an_address_or_a_text_of_the_customer() {
    let job = sms(json!({
        "to": { "phone": { "number": "+81 90-5601-1999" }, "email": "kim.minji@example.com" },
        "sms": { "text": "Dear Kim Minji ★", "sender": "+821098765432", "attachments": [{ "name": "kim.pdf" }] },
        "expires_at": "2026-11-22T11:00:00Z",
    }));
    let rulebook = rulebook();
    let number = JobNumber::of(&job, rulebook.rules());
    let decision = explain::decide(&job, &number, &rulebook, &Preconditions::default(), NOW);
    let facts: Vec<_> = decision.rules.iter().filter_map(|rule| rule.facts.clone()).collect();
    let told = serde_json::to_string(&facts).expect("facts are JSON").to_lowercase();
    assert!(facts.len() >= 3, "{told}");
    assert!(decision.rules.iter().any(|rule| rule.id == RuleId::R9), "it has several faults");
    for personal in ["5601", "1999", "kim", "minji", "example", "9876", "dear"] {
        assert!(!told.contains(personal), "{personal} in {told}");
    }
}
