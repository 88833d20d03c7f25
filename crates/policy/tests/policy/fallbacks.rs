//! R14a to R14f: what became of a text message, and whether an email answers.

use closure_contract::{
    EmailJob, Evidence, FailureCode, Provider, ReceiptStatus, RuleEffect, RuleId, SmsJob,
    facts::receipts::ReceiptFact, job::FallbackOf,
};
use closure_policy::fallback::{Due, EmailDue, Judgement, RecordedState, SmsState, judge};
use serde_json::{Value, json};

use crate::support::{NOW, facts, rulebook, rulebook_of, sms_job};

pub(crate) fn receipt(status: ReceiptStatus) -> ReceiptFact {
    ReceiptFact {
        provider: Provider::Nhn,
        status,
        evidence: Evidence::Handset,
        code: None,
        occurred_at: None,
        received_at: NOW,
    }
}

fn told(job: &SmsJob, recorded: RecordedState, statuses: &[ReceiptStatus], due: Due) -> Judgement {
    let receipts: Vec<ReceiptFact> = statuses.iter().copied().map(receipt).collect();
    judge(&facts(job, recorded, &receipts, due), &rulebook())
}

fn japan() -> SmsJob {
    sms_job(json!({}))
}

fn vietnam() -> SmsJob {
    sms_job(json!({
        "to": { "phone": { "number": "+84912345678" } },
        "sms": { "text": "[K.ride] Your refund of 5,000 VND for trip A1 is complete." },
    }))
}

fn china(text: &str) -> SmsJob {
    sms_job(json!({ "to": { "phone": { "number": "+8613812345678" } }, "sms": { "text": text } }))
}

fn email(judgement: Judgement) -> EmailJob {
    match judgement.email {
        EmailDue::Due(job) => job,
        other => panic!("no email is due: {other:?}"),
    }
}

fn is_due(judgement: &Judgement) -> bool {
    match judgement.email {
        EmailDue::Due(_) | EmailDue::NoAddress { .. } => true,
        EmailDue::NotDue | EmailDue::OnHold => false,
    }
}

fn by(judgement: &Judgement, effect: RuleEffect) -> Vec<RuleId> {
    judgement.rules.iter().filter(|rule| rule.effect == effect).map(|rule| rule.id).collect()
}

const REFUSED: RecordedState = RecordedState::Refused(FailureCode::RecipientRejected);
const LOST: RecordedState = RecordedState::Unknown(FailureCode::AnswerLost);

#[test]
fn the_state_is_the_strongest_word_about_a_single_part() {
    use ReceiptStatus::{Delivered, Expired, InTransit, Undelivered, Unknown};
    use SmsState as S;
    let no_receipt = Some(FailureCode::NoReceipt);
    for (recorded, statuses, due, state, code) in [
        (RecordedState::Pending, vec![], Due::NotYet, S::Pending, None),
        (RecordedState::Pending, vec![Undelivered], Due::Overdue, S::Pending, None),
        (RecordedState::Accepted, vec![], Due::NotYet, S::Accepted, None),
        (RecordedState::Accepted, vec![InTransit], Due::NotYet, S::Accepted, None),
        (RecordedState::Accepted, vec![], Due::Overdue, S::Unknown, no_receipt),
        (RecordedState::Accepted, vec![InTransit], Due::Overdue, S::Unknown, no_receipt),
        (RecordedState::Accepted, vec![Unknown], Due::NotYet, S::Unknown, no_receipt),
        (RecordedState::Accepted, vec![Delivered, InTransit], Due::Overdue, S::Delivered, None),
        (
            RecordedState::Accepted,
            vec![Undelivered],
            Due::NotYet,
            S::Undelivered,
            Some(FailureCode::NotDelivered),
        ),
        (
            RecordedState::Accepted,
            vec![Expired, Unknown],
            Due::Overdue,
            S::Undelivered,
            Some(FailureCode::ReceiptExpired),
        ),
        (RecordedState::Accepted, vec![Undelivered, Delivered], Due::NotYet, S::Delivered, None),
        (RecordedState::Accepted, vec![Expired, Delivered], Due::Overdue, S::Delivered, None),
        (RecordedState::Accepted, vec![Unknown, Delivered], Due::Overdue, S::Delivered, None),
        (RecordedState::InDoubt, vec![], Due::NotYet, S::Pending, None),
        (RecordedState::InDoubt, vec![InTransit], Due::NotYet, S::Accepted, None),
        (RecordedState::InDoubt, vec![Delivered], Due::NotYet, S::Delivered, None),
        (RecordedState::InDoubt, vec![], Due::Overdue, S::Unknown, no_receipt),
        (LOST, vec![], Due::NotYet, S::Unknown, Some(FailureCode::AnswerLost)),
        (LOST, vec![Delivered], Due::NotYet, S::Delivered, None),
        (REFUSED, vec![], Due::NotYet, S::Refused, Some(FailureCode::RecipientRejected)),
        (REFUSED, vec![Delivered], Due::NotYet, S::Delivered, None),
        (RecordedState::WithPerson, vec![Delivered], Due::NotYet, S::WithPerson, None),
        (RecordedState::Expired, vec![], Due::Overdue, S::Expired, Some(FailureCode::Expired)),
    ] {
        let judgement = told(&japan(), recorded, &statuses, due);
        assert_eq!((judgement.state, judgement.code), (state, code), "{recorded:?} {statuses:?} {due:?}");
    }
}

#[test]
fn a_receipt_that_blames_our_account_makes_no_email_and_waits_for_a_person() {
    let bad = |code| ReceiptFact { code, ..receipt(ReceiptStatus::Undelivered) };
    let (quota, number) = (Some(FailureCode::ProviderQuota), Some(FailureCode::RecipientRejected));
    let told = |job: &SmsJob, receipts: &[ReceiptFact], due| {
        let recorded = RecordedState::Accepted;
        judge(&facts(job, recorded, receipts, due), &rulebook())
    };
    for job in [japan(), vietnam(), china("Hello")] {
        for due in [Due::NotYet, Due::Overdue] {
            let judgement = told(&job, &[bad(quota), bad(None)], due);
            assert_eq!((judgement.state, judgement.code), (SmsState::TurnedBack, quota));
            assert!(!is_due(&judgement));
            assert_eq!(by(&judgement, RuleEffect::Hold), [RuleId::R14e]);
        }
    }
    for receipts in [[bad(quota), bad(number)], [bad(number), bad(quota)]] {
        let judgement = told(&japan(), &receipts, Due::NotYet);
        assert_eq!(judgement.state, SmsState::Undelivered, "it is the recipient's, too");
        assert!(is_due(&judgement));
    }
    let fault = told(&japan(), &[bad(Some(FailureCode::ProviderFault))], Due::NotYet);
    assert!(is_due(&fault), "a gateway's own fault is nothing that a person here could mend");
    let arrived = told(&japan(), &[bad(quota), receipt(ReceiptStatus::Delivered)], Due::NotYet);
    assert_eq!(arrived.state, SmsState::Delivered, "what arrived was sent");
}

#[test]
fn a_delivered_part_does_not_heal_a_failed_one() {
    use ReceiptStatus::{Delivered, Undelivered};
    let long = sms_job(json!({ "sms": { "text": "a".repeat(161) } }));
    for statuses in [[Delivered, Undelivered], [Undelivered, Delivered]] {
        let judgement = told(&long, RecordedState::Accepted, &statuses, Due::NotYet);
        assert_eq!(judgement.state, SmsState::Undelivered);
        assert!(is_due(&judgement));
    }
}

#[test]
fn vietnam_has_its_email_as_soon_as_the_text_message_was_submitted_or_refused() {
    use ReceiptStatus::Delivered;
    for (recorded, statuses) in [
        (RecordedState::Accepted, vec![]),
        (RecordedState::Accepted, vec![Delivered]),
        (RecordedState::InDoubt, vec![]),
        (LOST, vec![]),
        (REFUSED, vec![]),
        (RecordedState::Refused(FailureCode::TemplateMismatch), vec![]),
    ] {
        let judgement = told(&vietnam(), recorded, &statuses, Due::NotYet);
        assert!(is_due(&judgement), "{recorded:?}");
        assert!(by(&judgement, RuleEffect::Email).contains(&RuleId::R14a), "{recorded:?}");
    }
}

#[test]
fn nobody_has_an_email_before_the_text_message_is_settled_nor_while_a_person_decides_nor_too_late() {
    for recorded in [RecordedState::Pending, RecordedState::WithPerson, RecordedState::Expired] {
        for job in [vietnam(), china("Hello there"), japan()] {
            let judgement = told(&job, recorded, &[ReceiptStatus::Undelivered], Due::Overdue);
            assert_eq!(judgement.email, EmailDue::NotDue, "{recorded:?}");
        }
    }
}

#[test]
fn china_has_its_email_at_once_unless_the_text_is_simplified_chinese() {
    for (text, due) in
        [("Your refund is done.", true), ("您的退款已經處理完畢。", true), ("您的退款已经处理完毕。", false)]
    {
        let judgement = told(&china(text), RecordedState::Accepted, &[], Due::NotYet);
        assert_eq!(is_due(&judgement), due, "{text}");
    }
}

#[test]
fn elsewhere_every_terminal_failure_makes_an_email_due_and_nothing_else_does() {
    use ReceiptStatus::{Delivered, Expired, InTransit, Undelivered, Unknown};
    for (recorded, statuses, due, expected) in [
        (RecordedState::Accepted, vec![], Due::NotYet, false),
        (RecordedState::Accepted, vec![InTransit], Due::NotYet, false),
        (RecordedState::Accepted, vec![Delivered], Due::Overdue, false),
        (RecordedState::InDoubt, vec![], Due::NotYet, false),
        (RecordedState::Accepted, vec![], Due::Overdue, true),
        (RecordedState::Accepted, vec![Undelivered], Due::NotYet, true),
        (RecordedState::Accepted, vec![Expired], Due::NotYet, true),
        (RecordedState::Accepted, vec![Unknown], Due::NotYet, true),
        (LOST, vec![], Due::NotYet, true),
        (REFUSED, vec![], Due::NotYet, true),
        (RecordedState::Refused(FailureCode::BodyTooLong), vec![], Due::NotYet, true),
    ] {
        let judgement = told(&japan(), recorded, &statuses, due);
        assert_eq!(is_due(&judgement), expected, "{recorded:?} {statuses:?} {due:?}");
        assert_eq!(by(&judgement, RuleEffect::Email).contains(&RuleId::R14c), expected);
    }
}

#[test]
fn what_hits_every_job_alike_never_makes_an_email_due_not_even_in_vietnam() {
    for code in [
        FailureCode::ProviderAuth,
        FailureCode::ProviderQuota,
        FailureCode::ProviderUnavailable,
        FailureCode::SenderRejected,
        FailureCode::RequestRefused,
    ] {
        for job in [japan(), vietnam(), china("Hello there")] {
            let judgement = told(&job, RecordedState::Refused(code), &[], Due::Overdue);
            assert_eq!(
                (judgement.state, &judgement.email),
                (SmsState::WithPerson, &EmailDue::NotDue),
                "{code}"
            );
            assert_eq!(by(&judgement, RuleEffect::Hold), [RuleId::R14e], "{code}");
        }
    }
}

#[test]
fn delivered_is_worth_a_carriers_word_at_most_in_vietnam_and_china() {
    use ReceiptStatus::Delivered;
    for (job, worth) in [
        (japan(), Evidence::Handset),
        (vietnam(), Evidence::Carrier),
        (china("您的退款已经处理完毕。"), Evidence::Carrier),
    ] {
        let judgement = told(&job, RecordedState::Accepted, &[Delivered], Due::NotYet);
        assert_eq!((judgement.state, judgement.evidence), (SmsState::Delivered, worth));
    }
    let failed = told(&japan(), RecordedState::Accepted, &[ReceiptStatus::Undelivered], Due::NotYet);
    assert_eq!(failed.evidence, Evidence::None);
}

#[test]
fn the_email_answers_for_the_same_consultation_with_an_id_that_follows_from_the_jobs() {
    let job = sms_job(json!({
        "expires_at": "2026-12-01T00:00:00Z",
        "fallback": { "subject": " Your refund ", "text": "Full text 🎉", "html": "<p>Full</p>" },
    }));
    let email = email(told(&job, REFUSED, &[], Due::NotYet));
    assert_eq!(email.job_id, job.job_id.fallback_email());
    assert_eq!(email.fallback_of, Some(FallbackOf { job_id: job.job_id }));
    assert_eq!((&email.consultation, &email.agent, email.scope), (&job.consultation, &job.agent, job.scope));
    assert_eq!((email.expires_at, email.not_before), (job.expires_at, None));
    assert_eq!(email.to.email.as_deref(), Some("customer@example.com"));
    assert_eq!((email.email.subject.as_str(), email.email.text.as_str()), ("Your refund", "Full text 🎉"));
    assert_eq!(email.email.html.as_deref(), Some("<p>Full</p>"));
}

#[test]
fn without_words_of_its_own_the_email_says_what_the_text_message_said() {
    let free = sms_job(json!({ "sms": { "text": "Found 🎉\r\nit’s here" } }));
    assert_eq!(email(told(&free, REFUSED, &[], Due::NotYet)).email.text, "Found 🎉\nit’s here");
    let rendered = sms_job(json!({
        "to": { "phone": { "number": "+84912345678" } },
        "sms": { "text": null, "template": "vn_refund", "variables": { "amount": "5,000", "trip": "B2" } },
        "fallback": { "text": " " },
    }));
    assert_eq!(
        email(told(&rendered, RecordedState::Accepted, &[], Due::NotYet)).email.text,
        "[K.ride] Your refund of 5,000 VND for trip B2 is complete."
    );
}

#[test]
fn a_subject_that_is_missing_or_not_english_gives_way_to_the_configured_one_and_that_is_recorded() {
    for fallback in [json!({}), json!({ "subject": "환불 안내" }), json!({ "subject": "a\nb" }), Value::Null]
    {
        let judgement = told(&sms_job(json!({ "fallback": fallback })), REFUSED, &[], Due::NotYet);
        assert!(by(&judgement, RuleEffect::Change).contains(&RuleId::R19));
        assert_eq!(email(judgement).email.subject, "Reply to your K.ride inquiry");
    }
    let domestic = sms_job(json!({
        "scope": "domestic", "to": { "phone": { "number": "+821012345678" } }, "fallback": { "subject": "환불 안내" },
    }));
    assert_eq!(email(told(&domestic, REFUSED, &[], Due::NotYet)).email.subject, "환불 안내");
}

#[test]
fn without_a_usable_address_the_email_waits_for_a_person() {
    for (address, code) in [
        (Value::Null, "no_email_address"),
        (json!(" "), "no_email_address"),
        (json!("nobody"), "invalid_email_address"),
    ] {
        let job = sms_job(json!({ "to": { "email": &address } }));
        let judgement = told(&job, REFUSED, &[], Due::NotYet);
        let EmailDue::NoAddress { email, code: known } = &judgement.email else {
            panic!("a person is needed: {judgement:?}")
        };
        let kept = address.as_str().filter(|given| !given.trim().is_empty());
        assert_eq!((email.to.email.as_deref(), email.job_id), (kept, job.job_id.fallback_email()));
        assert_eq!(known.as_str(), code);
        let rule = judgement.rules.iter().find(|rule| rule.id == RuleId::R14d).expect("the rule had a say");
        assert!(rule.detail.starts_with(code), "{}", rule.detail);
    }
}

#[test]
fn the_email_that_is_due_may_go_out() {
    let job = email(told(&japan(), REFUSED, &[], Due::NotYet));
    let decision = crate::support::decided(&closure_contract::Job::Email(job));
    assert_eq!(decision.verdict, closure_policy::explain::Verdict::Send);
}

#[test]
fn the_most_specific_entry_grades_a_gateways_word() {
    let rulebook = rulebook_of(
        "[[receipt_evidence]]
        country_code = 81
        provider = \"infobip\"
        evidence = \"handset\"
        [[receipt_evidence]]
        country_code = 81
        evidence = \"carrier\"
        [[receipt_evidence]]
        country_code = 81
        provider = \"twilio\"
        evidence = \"none\"",
    );
    let graded = |said: &[(Provider, Evidence)]| {
        let receipts: Vec<ReceiptFact> = said
            .iter()
            .map(|(provider, evidence)| ReceiptFact {
                provider: *provider,
                evidence: *evidence,
                ..receipt(ReceiptStatus::Delivered)
            })
            .collect();
        let (job, due) = (japan(), Due::NotYet);
        let judgement = judge(&facts(&job, RecordedState::Accepted, &receipts, due), &rulebook);
        (judgement.state, judgement.evidence)
    };
    use Provider::{Infobip, Nhn, Twilio};
    for (said, expected) in [
        (vec![(Infobip, Evidence::Handset)], (SmsState::Delivered, Evidence::Handset)),
        (vec![(Infobip, Evidence::Gateway)], (SmsState::Delivered, Evidence::Gateway)),
        (vec![(Nhn, Evidence::Handset)], (SmsState::Delivered, Evidence::Carrier)),
        (vec![(Twilio, Evidence::Handset)], (SmsState::Accepted, Evidence::None)),
        (
            vec![(Twilio, Evidence::Handset), (Nhn, Evidence::Handset)],
            (SmsState::Delivered, Evidence::Carrier),
        ),
    ] {
        assert_eq!(graded(&said), expected, "{said:?}");
    }
}

#[test]
fn a_delivered_that_is_worth_too_little_is_silence() {
    let strict = rulebook_of("receipt_evidence_min = \"handset\"");
    let (job, carrier) = (
        china("您的退款已经处理完毕。"),
        [ReceiptFact { evidence: Evidence::Carrier, ..receipt(ReceiptStatus::Delivered) }],
    );
    let told = |rulebook, due| judge(&facts(&job, RecordedState::Accepted, &carrier, due), rulebook);
    let waiting = told(&strict, Due::NotYet);
    assert_eq!((waiting.state, is_due(&waiting)), (SmsState::Accepted, false));
    assert_eq!(by(&waiting, RuleEffect::Flag), [RuleId::R14f]);
    let overdue = told(&strict, Due::Overdue);
    assert_eq!(
        (overdue.state, overdue.code, is_due(&overdue)),
        (SmsState::Unknown, Some(FailureCode::NoReceipt), true)
    );
    let by_default = told(&rulebook(), Due::Overdue);
    assert_eq!((by_default.state, is_due(&by_default)), (SmsState::Delivered, false));
}

#[test]
fn receipts_that_contradict_each_other_are_flagged() {
    let judgement = told(
        &japan(),
        RecordedState::Accepted,
        &[ReceiptStatus::Undelivered, ReceiptStatus::Delivered],
        Due::NotYet,
    );
    assert_eq!((judgement.state, is_due(&judgement)), (SmsState::Delivered, false));
    assert_eq!(by(&judgement, RuleEffect::Flag), [RuleId::R14f]);
}
