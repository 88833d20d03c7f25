//! A text message that failed, or that nobody heard of again (R14c–R14f).

use closure_contract::{Evidence, FailureCode, OutcomeName, ReceiptStatus};
use closure_store::{DeadLetterState, DeliveryState};
use closure_tests::harness::{
    LONG, eventually, jobs,
    kride::{id_of, job_of, journey, walk},
};
use serde_json::json;
use uuid::Uuid;

#[test]
fn a_receipt_of_failure_makes_the_email_answer() {
    journey(async |fleet| {
        let ended = walk(fleet, "failed-receipt").await;
        ended.text();
        let mail = ended.mail();
        assert!(mail.contains("Auto-Submitted: auto-generated"), "{mail}");
        let (sms, email) = (ended.outcome("sms.undelivered"), ended.outcome("email.accepted"));
        assert_eq!((sms.fallback_job_id, email.fallback_of), (Some(email.job_id), Some(sms.job_id)));
        assert_eq!(sms.consultation, email.consultation);
        assert_eq!(sms.attempts, 1);
        assert_eq!(ended.fallback().source_job_id, Some(sms.job_id));
    });
}

#[test]
fn every_outcome_belongs_to_the_trace_of_the_message_that_it_answers_however_much_later_it_comes() {
    journey(async |fleet| {
        let (first, second) = (trace('1'), trace('2'));
        let mut job = job_of("failed-receipt");
        job["job_id"] = json!(Uuid::new_v4());
        job["consultation"]["id"] = json!(Uuid::new_v4());
        let id = fleet.publish_traced(&job, &first).await;
        let text = &fleet.outcomes_of(id, 1).await[0];
        let email = text.outcome.fallback_job_id.expect("an email answers");
        let mail = &fleet.outcomes_of(email, 1).await[0];
        assert_eq!((&text.traceparent, &mail.traceparent), (&Some(first.clone()), &Some(first)));

        job["consultation"]["revision"] = json!(2);
        fleet.publish_traced(&job, &second).await;
        let heard = fleet.outcomes_of(id, 2).await;
        let conflict = heard.iter().find(|heard| heard.outcome.code == Some(FailureCode::JobIdConflict));
        assert_eq!(conflict.map(|heard| &heard.traceparent), Some(&Some(second.clone())));

        job["job_id"] = json!(Uuid::new_v4());
        job["agent"] = json!("nobody");
        let dead = fleet.outcomes_of(fleet.publish_traced(&job, &second).await, 1).await;
        assert_eq!(
            (dead[0].outcome.code, &dead[0].traceparent),
            (Some(FailureCode::WrongShape), &Some(second))
        );
    });
}

/// A trace context of W3C's form.
fn trace(digit: char) -> String {
    let digits = |count: usize| digit.to_string().repeat(count);
    format!("00-{}-{}-01", digits(32), digits(16))
}

#[test]
fn silence_past_the_due_time_makes_the_email_answer() {
    journey(async |fleet| {
        let ended = walk(fleet, "no-receipt").await;
        ended.mail();
        assert_eq!(ended.outcome("sms.unknown").evidence, Evidence::None);
        assert_eq!(ended.story().state, DeliveryState::Unknown);
    });
}

#[test]
fn a_receipt_that_comes_after_the_email_changes_the_record_and_sends_nothing() {
    journey(async |fleet| {
        let ended = walk(fleet, "late-receipt").await;
        assert_eq!(ended.outcome("sms.unknown").outcome, OutcomeName::Unknown);
        let id = id_of("late-receipt");
        eventually("the late receipt to be on record", LONG, || async {
            match fleet.story(id).await {
                Some(story) if story.state == DeliveryState::Delivered => Ok(()),
                Some(story) => Err(format!("{} with {} receipts", story.state, story.receipts.len())),
                None => Err("no record".to_owned()),
            }
        })
        .await;
        fleet.queues_are_empty().await;
        assert_eq!(fleet.smtp.mails_to("late-receipt@example.com").len(), 1, "there is no second mail");
        let heard = eventually("the correction to be heard", LONG, || async {
            let heard = fleet.outcomes.of(id);
            if heard.len() == 2 { Ok(heard) } else { Err(format!("{} outcomes", heard.len())) }
        })
        .await;
        let (silence, truth) = (&heard[0].outcome, &heard[1].outcome);
        assert_eq!((truth.outcome, truth.word), (OutcomeName::Delivered, 2));
        assert_eq!(truth.corrects, Some(silence.outcome_id), "the later truth takes the earlier word back");
    });
}

#[test]
fn the_same_receipt_again_and_again_counts_once() {
    journey(async |fleet| {
        let ended = walk(fleet, "duplicated-receipts").await;
        let delivered = |status: ReceiptStatus| status == ReceiptStatus::Delivered;
        assert!(ended.story().receipts.iter().any(|receipt| delivered(receipt.status)));
        assert!(ended.fallback.is_none());
    });
}

#[test]
fn receipts_out_of_order_lower_nothing() {
    journey(async |fleet| {
        let ended = walk(fleet, "receipts-out-of-order").await;
        assert_eq!(ended.story().state, DeliveryState::Delivered);
    });
}

#[test]
fn a_message_that_expired_on_its_way_makes_the_email_answer() {
    journey(async |fleet| {
        walk(fleet, "expired-receipt").await.mail();
    });
}

#[test]
fn a_recipient_that_the_gateway_refuses_gets_the_email_and_is_not_tried_again() {
    journey(async |fleet| {
        let ended = walk(fleet, "refused-by-gateway").await;
        ended.mail();
        assert_eq!(ended.outcome("sms.refused").attempts, 1);
        assert_eq!(ended.story().state, DeliveryState::Refused);
    });
}

#[test]
fn without_an_address_the_email_waits_for_a_person_who_adds_one() {
    journey(async |fleet| {
        let ended = walk(fleet, "no-email-address").await;
        let letter = ended.letter();
        let email = id_of("no-email-address").fallback_email();
        assert_eq!(letter.summary.job_id, Some(email));
        let mut corrected: serde_json::Value =
            serde_json::from_slice(&letter.body).expect("the letter is a job");
        corrected["to"]["email"] = "found-address@example.com".into();
        fleet.add_canary("found-address@example.com");
        let file = fleet.file("corrected.json", corrected.to_string().as_bytes());
        let number = letter.summary.id.to_string();
        let replay = [
            "dead",
            "replay",
            &number,
            "--actor",
            "supervisor",
            "--reason",
            "address found",
            "--edit",
            &file,
        ];
        fleet.cli(&replay).await.with_code(0);
        let heard = fleet.outcomes_of(email, 2).await;
        let names: Vec<(u32, String)> =
            heard.iter().map(|heard| (heard.outcome.generation.0, heard.routing_key.clone())).collect();
        assert_eq!(names, [(1, "email.dead".to_owned()), (2, "email.accepted".to_owned())]);
        let mails = fleet.smtp.mails_to("found-address@example.com");
        assert_eq!(mails.len(), 1);
        assert!(String::from_utf8_lossy(&mails[0].raw).contains(jobs::SUBJECT));
        let letters = fleet.letters_of(email).await;
        assert_eq!(letters.len(), 1);
        assert_eq!(letters[0].summary.state, DeadLetterState::Resolved);
        assert_eq!(letters[0].body, letter.body, "the original bytes are kept");
        assert_eq!(letters[0].actions[0].actor, "supervisor");
    });
}
