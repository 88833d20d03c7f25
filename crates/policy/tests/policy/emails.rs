//! R14d, R18, R19, R20: email jobs.

use closure_contract::{FailureCode, RuleEffect, RuleId};
use closure_policy::explain::{AutoSubmitted, EmailPlan, Plan, Verdict};
use serde_json::{Value, json};

use crate::support::{decided, effects, email};

fn plan(over: Value) -> EmailPlan {
    match decided(&email(over)).plan {
        Some(Plan::Email(plan)) => plan,
        other => panic!("there is no email to send: {other:?}"),
    }
}

fn held(over: Value, code: FailureCode) {
    let decision = decided(&email(over.clone()));
    assert_eq!(
        (decision.verdict, decision.code, decision.plan),
        (Verdict::NeedsPerson, Some(code), None),
        "{over}"
    );
}

#[test]
fn an_email_goes_out_from_the_fixed_sender_whatever_its_language() {
    let plan = plan(json!({}));
    assert_eq!(
        (plan.from_name.as_str(), plan.from_address.as_str()),
        ("고객지원 Support", "noreply@kakaomobility.com")
    );
    assert_eq!((plan.to.as_str(), plan.subject.as_str()), ("customer@example.com", "Your inquiry"));
    assert!(plan.text.contains("\n\n안녕하세요.\n\n"), "{}", plan.text);
    assert!(plan.html.contains("<p>안녕하세요.</p>\n"), "{}", plan.html);
    assert_eq!(plan.auto_submitted, AutoSubmitted::AgentReply);
}

#[test]
fn html_that_came_along_is_kept_without_what_acts_and_stays_inside_the_frame() {
    let html = plan(json!({ "email": { "html": "<b>hi</b></div></body><script>x()</script><!--" } })).html;
    assert!(html.contains("<b>hi</b>") && !html.contains("script") && !html.contains("<!--"), "{html}");
    assert!(html.contains("only sends") && html.ends_with("</html>"), "{html}");
}

#[test]
fn html_with_nothing_in_it_is_made_from_the_text() {
    let html = plan(json!({ "email": { "html": "<script>x()</script>" } })).html;
    assert!(html.contains("<p>안녕하세요.</p>"), "{html}");
}

#[test]
fn a_fallback_says_that_a_machine_sends_it() {
    let fallback = json!({ "fallback_of": { "job_id": "0191e1a0-0000-7000-8000-000000000002" } });
    assert_eq!(plan(fallback).auto_submitted, AutoSubmitted::FallbackReply);
}

#[test]
fn a_subject_overseas_that_is_not_english_waits_for_a_person() {
    for subject in ["환불 안내", "Réponse", "12345"] {
        held(json!({ "email": { "subject": subject } }), FailureCode::SubjectNotEnglish);
    }
    for subject in ["", " ", "Hi\r\nBcc: x@example.com", &"a".repeat(151)] {
        held(json!({ "email": { "subject": subject } }), FailureCode::SubjectInvalid);
    }
    let decision = decided(&email(json!({ "email": { "subject": "환불" } })));
    assert_eq!(
        serde_json::to_value(decision.email).ok(),
        Some(json!({ "subject_ok": false, "language": "en" }))
    );
}

#[test]
fn a_subject_in_ascii_that_reads_as_another_language_goes_out_and_is_flagged() {
    let flagged = json!({ "email": { "subject": "Phan hoi ve yeu cau hoan tien" } });
    assert_eq!(effects(&decided(&email(flagged.clone())), RuleId::R19), [RuleEffect::Flag]);
    assert_eq!(plan(flagged).subject, "Phan hoi ve yeu cau hoan tien");
    let english = json!({ "email": { "subject": "Your refund of trip 42" } });
    assert_eq!(effects(&decided(&email(english)), RuleId::R19), [RuleEffect::Pass]);
}

#[test]
fn a_japanese_carriers_address_is_one_and_goes_out_in_the_form_that_mail_servers_know() {
    for written in ["try..this..0511@docomo.ne.jp", "\"try..this..0511\"@docomo.ne.jp"] {
        assert_eq!(plan(json!({ "to": { "email": written } })).to, "\"try..this..0511\"@docomo.ne.jp");
    }
}

#[test]
fn a_domestic_subject_may_be_korean() {
    assert_eq!(
        plan(json!({ "scope": "domestic", "email": { "subject": "환불 안내" } })).subject,
        "환불 안내"
    );
}

#[test]
fn without_an_address_an_email_waits_for_a_person_who_adds_one() {
    held(json!({ "to": { "email": null } }), FailureCode::NoEmailAddress);
    held(json!({ "to": { "email": "  " } }), FailureCode::NoEmailAddress);
    held(json!({ "to": { "email": "nobody" } }), FailureCode::InvalidEmailAddress);
    let decision = decided(&email(json!({ "to": { "email": null } })));
    assert_eq!(effects(&decision, RuleId::R14d), [RuleEffect::Hold]);
}

#[test]
fn an_empty_body_waits_for_a_person() {
    held(json!({ "email": { "text": " \n" } }), FailureCode::BodyEmpty);
}

#[test]
fn any_consultation_may_be_closed_by_email() {
    for channel in ["board", "inbound_call", "outbound_call"] {
        assert_eq!(decided(&email(json!({ "consultation": { "channel": channel } }))).verdict, Verdict::Send);
    }
}

#[test]
fn no_debug_form_holds_an_address_or_a_text() {
    let decision = decided(&email(json!({})));
    let shown = format!("{decision:?} {:?}", decision.plan);
    assert!(!shown.contains("customer@") && !shown.contains("안녕"), "{shown}");
}
