//! R14e: which emails are held back, and what a text message says of its gateway.

use closure_contract::facts::receipts::ReceiptFact;
use closure_contract::{Evidence, FailureCode, Provider, ReceiptStatus, RuleEffect, RuleId, SmsJob};
use closure_policy::{
    fallback::{Due, EmailDue, EmailSoFar, Facts, Judgement, RecordedState, Signals, judge},
    gateway::{
        circuit::{AccountSignal, Extent},
        fallback_hold::{HeldCountries, SmsEnd},
    },
};
use serde_json::json;

use crate::support::{NOW, facts, rulebook, sms_job};

const REFUSED: RecordedState = RecordedState::Refused(FailureCode::RecipientRejected);

fn job(number: &str) -> SmsJob {
    sms_job(json!({ "to": { "phone": { "number": number } } }))
}

fn receipts(statuses: &[ReceiptStatus]) -> Vec<ReceiptFact> {
    let receipt = |status: &ReceiptStatus| ReceiptFact {
        provider: Provider::Nhn,
        status: *status,
        evidence: Evidence::Handset,
        code: None,
        occurred_at: None,
        received_at: NOW,
    };
    statuses.iter().map(receipt).collect()
}

fn told(job: &SmsJob, recorded: RecordedState, statuses: &[ReceiptStatus], due: Due) -> Judgement {
    judge(&facts(job, recorded, &receipts(statuses), due), &rulebook())
}

/// The same while the emails of the whole gateway are held back.
fn held(job: &SmsJob, recorded: RecordedState, statuses: &[ReceiptStatus], due: Due) -> Judgement {
    let receipts = receipts(statuses);
    judge(&Facts { held: &HeldCountries::All, ..facts(job, recorded, &receipts, due) }, &rulebook())
}

#[test]
fn an_email_that_is_due_by_the_gateways_word_or_silence_alone_is_held() {
    let japan = job("+819012345678");
    for (recorded, statuses, due) in [
        (RecordedState::Accepted, vec![ReceiptStatus::Undelivered], Due::NotYet),
        (RecordedState::Accepted, vec![ReceiptStatus::Expired], Due::NotYet),
        (RecordedState::Accepted, vec![ReceiptStatus::Unknown], Due::NotYet),
        (RecordedState::Accepted, vec![], Due::Overdue),
        (REFUSED, vec![], Due::NotYet),
        (RecordedState::Refused(FailureCode::ContentRejected), vec![], Due::NotYet),
        (RecordedState::Unknown(FailureCode::AnswerLost), vec![], Due::NotYet),
    ] {
        let judgement = told(&japan, recorded, &statuses, due);
        assert_eq!(judgement.signals.ended, Some(SmsEnd::Failed), "{recorded:?} {statuses:?}");
        let held = held(&japan, recorded, &statuses, due);
        assert_eq!(held.signals.ended, Some(SmsEnd::Failed), "it counts, whatever becomes of its email");
        assert_eq!(held.email, EmailDue::OnHold, "{recorded:?} {statuses:?}");
        let holds =
            |rule: &closure_contract::AppliedRule| rule.id == RuleId::R14e && rule.effect == RuleEffect::Hold;
        assert!(held.rules.iter().any(holds), "the decision says why");
    }
}

#[test]
fn an_email_that_the_country_or_our_own_rules_ask_for_is_never_held() {
    let (japan, china) = (job("+819012345678"), job("+8613812345678"));
    for (job, recorded, statuses) in [
        (&china, RecordedState::Accepted, &[ReceiptStatus::Undelivered][..]),
        (&china, REFUSED, &[]),
        (&japan, RecordedState::Refused(FailureCode::InvalidNumber), &[]),
        (&japan, RecordedState::Refused(FailureCode::BodyTooLong), &[]),
    ] {
        let judgement = told(job, recorded, statuses, Due::NotYet);
        assert!(matches!(judgement.email, EmailDue::Due(_)), "{judgement:?}");
        assert_eq!(held(job, recorded, statuses, Due::NotYet).email, judgement.email);
    }
}

#[test]
fn a_hold_to_some_countries_holds_the_emails_of_these_and_an_email_that_is_made_is_held_no_more() {
    let (japan, lost) = (job("+819012345678"), receipts(&[ReceiptStatus::Undelivered]));
    let known = facts(&japan, RecordedState::Accepted, &lost, Due::NotYet);
    let holds = |held: &HeldCountries, email| {
        judge(&Facts { held, email, ..known }, &rulebook()).email == EmailDue::OnHold
    };
    let (here, elsewhere) = (HeldCountries::These([81].into()), HeldCountries::These([84].into()));
    for (held, email, expected) in [
        (&here, EmailSoFar::None, true),
        (&here, EmailSoFar::OnHold, true),
        (&here, EmailSoFar::Made, false),
        (&elsewhere, EmailSoFar::None, false),
        (&HeldCountries::All, EmailSoFar::None, true),
        (&HeldCountries::All, EmailSoFar::Made, false),
        (&HeldCountries::NONE, EmailSoFar::OnHold, false),
    ] {
        assert_eq!(holds(held, email), expected, "{held:?} {email:?}");
    }
    assert!(!here.covers(None) && HeldCountries::All.covers(None), "where the country is not known");
}

#[test]
fn a_text_that_goes_on_or_ended_for_a_reason_of_ours_says_nothing_about_its_gateway() {
    let japan = job("+819012345678");
    for recorded in [
        RecordedState::Pending,
        RecordedState::Accepted,
        RecordedState::WithPerson,
        RecordedState::Expired,
        RecordedState::Refused(FailureCode::InvalidNumber),
        RecordedState::Refused(FailureCode::ProviderQuota),
    ] {
        assert_eq!(told(&japan, recorded, &[], Due::NotYet).signals.ended, None, "{recorded:?}");
    }
    let arrived = told(&japan, RecordedState::Accepted, &[ReceiptStatus::Delivered], Due::NotYet);
    assert_eq!(arrived.signals.ended, Some(SmsEnd::Arrived));
}

#[test]
fn what_a_text_says_of_its_gateway_is_said_once() {
    use ReceiptStatus::{Delivered, Undelivered};
    let japan = job("+819012345678");
    let signals = |recorded, email, statuses: &[ReceiptStatus], due| {
        let receipts = receipts(statuses);
        let Signals { ended, account, .. } =
            judge(&Facts { email, ..facts(&japan, recorded, &receipts, due) }, &rulebook()).signals;
        (ended, account)
    };
    let (arrived, failed) = (Some(SmsEnd::Arrived), Some(SmsEnd::Failed));
    let works = Some(AccountSignal::Works);
    let silent = RecordedState::Unknown(FailureCode::NoReceipt);
    for (recorded, email, statuses, expected) in [
        (RecordedState::Accepted, EmailSoFar::None, vec![Delivered], (arrived, works)),
        (RecordedState::InDoubt, EmailSoFar::None, vec![Delivered], (arrived, works)),
        (RecordedState::Delivered, EmailSoFar::None, vec![Delivered], (None, None)),
        (RecordedState::Accepted, EmailSoFar::None, vec![Undelivered], (failed, works)),
        (RecordedState::Undelivered, EmailSoFar::OnHold, vec![Undelivered], (None, None)),
        (RecordedState::Undelivered, EmailSoFar::Made, vec![Undelivered], (None, None)),
        (RecordedState::Undelivered, EmailSoFar::Made, vec![Undelivered, Delivered], (arrived, works)),
        (RecordedState::Accepted, EmailSoFar::None, vec![], (failed, None)),
        (silent, EmailSoFar::OnHold, vec![], (None, None)),
        (silent, EmailSoFar::Made, vec![Delivered], (arrived, works)),
        (REFUSED, EmailSoFar::None, vec![], (failed, None)),
        (REFUSED, EmailSoFar::OnHold, vec![], (None, None)),
        (REFUSED, EmailSoFar::Made, vec![], (None, None)),
    ] {
        let said = signals(recorded, email, &statuses, Due::Overdue);
        assert_eq!(said, expected, "{recorded:?} {email:?} {statuses:?}");
    }
}

#[test]
fn a_text_that_is_turned_back_because_of_our_account_says_so_and_counts_as_no_end() {
    let (japan, quota) = (job("+819012345678"), FailureCode::ProviderQuota);
    let mut receipts = receipts(&[ReceiptStatus::Undelivered]);
    receipts[0].code = Some(quota);
    let judgement = judge(&facts(&japan, RecordedState::Accepted, &receipts, Due::NotYet), &rulebook());
    let account = Some(AccountSignal::Fails(quota, Extent::Gateway));
    assert_eq!(judgement.signals, Signals { country_code: Some(81), ended: None, account });
}
