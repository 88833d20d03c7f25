//! What a text message may be (R5–R13).

use closure_contract::{OutcomeName, RuleEffect, RuleId};
use closure_store::DeliveryState;
use closure_tests::harness::{
    Ended,
    jobs::{EMAIL_TEXT, SUBJECT},
    kride::{journey, walk},
};

/// The rules refuse the text, and the email answers in its place.
fn the_email_answers(ended: &Ended) {
    assert_eq!(ended.story().state, DeliveryState::Refused);
    assert!(ended.story().tries.is_empty(), "no gateway was tried");
    let (sms, email) = (ended.outcome("sms.refused"), ended.outcome("email.accepted"));
    assert_eq!(sms.fallback_job_id, Some(email.job_id));
    assert_eq!(email.fallback_of, Some(sms.job_id));
    assert_eq!(email.job_id, sms.job_id.fallback_email());
    assert_eq!(email.outcome, OutcomeName::Accepted);
    let mail = ended.mail();
    assert!(mail.contains(&format!("Subject: {SUBJECT}\r\n")), "{mail}");
    assert!(mail.contains(EMAIL_TEXT.lines().last().expect("the text has lines")), "{mail}");
    assert!(mail.contains("Auto-Submitted: auto-generated"), "{mail}");
    assert_eq!(ended.mails[0].from, "noreply@kakaomobility.com");
    assert_eq!(ended.fallback().state, DeliveryState::Accepted);
}

#[test]
fn a_subject_overseas_is_dropped_and_the_drop_is_told() {
    journey(async |fleet| {
        let ended = walk(fleet, "subject-dropped").await;
        assert_eq!(ended.text().title, None);
        let rules = &ended.outcome("sms.delivered").rules;
        let dropped = rules.iter().any(|rule| rule.id == RuleId::R5 && rule.effect == RuleEffect::Change);
        assert!(dropped, "{rules:?}");
    });
}

#[test]
fn a_text_of_1001_bytes_is_never_cut_the_email_answers() {
    journey(async |fleet| the_email_answers(&walk(fleet, "too-long").await));
}

#[test]
fn a_text_near_the_limit_is_sent_and_flagged() {
    journey(async |fleet| {
        let ended = walk(fleet, "near-limit").await;
        let rules = &ended.outcome("sms.delivered").rules;
        assert!(
            rules.iter().any(|rule| rule.id == RuleId::R7 && rule.effect == RuleEffect::Flag),
            "{rules:?}"
        );
        assert_eq!(ended.text().text.len(), 951);
    });
}

#[test]
fn an_emoji_is_never_sent_the_email_answers() {
    journey(async |fleet| the_email_answers(&walk(fleet, "emoji").await));
}

#[test]
fn curly_quotes_and_an_ellipsis_become_plain_signs() {
    journey(async |fleet| {
        let ended = walk(fleet, "curly-quotes").await;
        assert_eq!(ended.text().text, "Your ride \"A1\" was refunded...");
    });
}

#[test]
fn an_attachment_is_never_dropped_silently_the_email_answers() {
    journey(async |fleet| the_email_answers(&walk(fleet, "attachment").await));
}

#[test]
fn another_sender_than_the_registered_one_is_refused_the_email_answers() {
    journey(async |fleet| the_email_answers(&walk(fleet, "other-sender").await));
}

#[test]
fn wording_that_asks_for_an_answer_is_sent_and_flagged() {
    journey(async |fleet| {
        let ended = walk(fleet, "one-way-wording").await;
        let rules = &ended.outcome("sms.delivered").rules;
        assert!(
            rules.iter().any(|rule| rule.id == RuleId::R13 && rule.effect == RuleEffect::Flag),
            "{rules:?}"
        );
    });
}
