//! R14e: which emails a brake holds back.

use closure_contract::{
    Evidence, FailureCode, Provider, ReceiptStatus, RuleEffect, RuleId, SmsJob, facts::receipts::ReceiptFact,
};
use closure_policy::{
    fallback::{Due, EmailDue, Evaluation, SmsRecord, Submission, evaluate},
    gateway::fallback_hold::SmsEnd,
};
use serde_json::json;

use crate::support::{NOW, rulebook, sms_job};

const REFUSED: Submission = Submission::Refused(FailureCode::RecipientRejected);

fn job(number: &str) -> SmsJob {
    sms_job(json!({ "to": { "phone": { "number": number } } }))
}

fn told(job: &SmsJob, submission: Submission, statuses: &[ReceiptStatus], due: Due) -> Evaluation {
    let receipts: Vec<ReceiptFact> = statuses
        .iter()
        .map(|status| ReceiptFact {
            provider: Provider::Nhn,
            status: *status,
            evidence: Evidence::Handset,
            code: None,
            occurred_at: None,
            received_at: NOW,
        })
        .collect();
    evaluate(&SmsRecord { job, submission, receipts: &receipts, due, revoked: None }, &rulebook(), NOW)
}

#[test]
fn an_email_that_is_due_by_the_gateways_word_or_silence_alone_is_held() {
    let japan = job("+819012345678");
    for (submission, statuses, due) in [
        (Submission::Accepted, vec![ReceiptStatus::Undelivered], Due::NotYet),
        (Submission::Accepted, vec![ReceiptStatus::Expired], Due::NotYet),
        (Submission::Accepted, vec![ReceiptStatus::Unknown], Due::NotYet),
        (Submission::Accepted, vec![], Due::Overdue),
        (REFUSED, vec![], Due::NotYet),
        (Submission::Refused(FailureCode::ContentRejected), vec![], Due::NotYet),
        (Submission::Unknown(FailureCode::AnswerLost), vec![], Due::NotYet),
    ] {
        let evaluation = told(&japan, submission, &statuses, due);
        assert_eq!(evaluation.ending(), Some(SmsEnd::Failed), "{submission:?} {statuses:?}");
        let braked = evaluation.braked();
        assert_eq!(braked.email, EmailDue::OnHold, "{submission:?} {statuses:?}");
        let holds =
            |rule: &closure_contract::AppliedRule| rule.id == RuleId::R14e && rule.effect == RuleEffect::Hold;
        assert!(braked.rules.iter().any(holds), "the decision says why");
    }
}

#[test]
fn an_email_that_the_country_or_our_own_rules_ask_for_is_never_held() {
    let (japan, china) = (job("+819012345678"), job("+8613812345678"));
    for evaluation in [
        told(&china, Submission::Accepted, &[ReceiptStatus::Undelivered], Due::NotYet),
        told(&china, REFUSED, &[], Due::NotYet),
        told(&japan, Submission::Refused(FailureCode::InvalidNumber), &[], Due::NotYet),
        told(&japan, Submission::Refused(FailureCode::BodyTooLong), &[], Due::NotYet),
    ] {
        let due = evaluation.email.clone();
        assert!(matches!(due, EmailDue::Due(_)), "{evaluation:?}");
        assert_eq!(evaluation.braked().email, due);
    }
}

#[test]
fn a_text_that_goes_on_or_ended_for_a_reason_of_ours_says_nothing_about_its_gateway() {
    let japan = job("+819012345678");
    for submission in [
        Submission::Pending,
        Submission::Accepted,
        Submission::WithPerson,
        Submission::Expired,
        Submission::Refused(FailureCode::InvalidNumber),
        Submission::Refused(FailureCode::ProviderQuota),
    ] {
        assert_eq!(told(&japan, submission, &[], Due::NotYet).ending(), None, "{submission:?}");
    }
    let arrived = told(&japan, Submission::Accepted, &[ReceiptStatus::Delivered], Due::NotYet);
    assert_eq!(arrived.ending(), Some(SmsEnd::Arrived));
}
