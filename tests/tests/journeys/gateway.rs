//! A gateway in trouble (R14e, and what is in doubt).

use closure_contract::FailureCode;
use closure_simulators::SmsBehaviour;
use closure_store::DeliveryState;
use closure_tests::harness::{
    Fleet, FleetOptions, LONG, eventually, jobs,
    kride::{journey, walk},
    run,
};
use serde_json::json;

#[test]
fn a_gateway_that_asks_to_slow_down_is_tried_again_and_no_email_is_sent() {
    journey(async |fleet| {
        let ended = walk(fleet, "gateway-throttles").await;
        ended.text();
        assert!(ended.fallback.is_none());
    });
}

#[test]
fn a_lost_answer_is_asked_about_and_nothing_is_sent_twice() {
    journey(async |fleet| {
        let ended = walk(fleet, "answer-lost").await;
        ended.text();
        assert!(ended.fallback.is_none());
        assert_eq!(ended.story().state, DeliveryState::Delivered);
    });
}

#[test]
fn a_receipt_that_overtakes_the_gateways_answer_is_not_lost() {
    journey(async |fleet| {
        let job = jobs::sms(&jobs::number(3001, 0), "overtaken@example.com");
        fleet.sms.behave(&digits(&job), SmsBehaviour::ReceiptBeforeAnswer);
        let id = fleet.publish(&job).await;
        let heard = fleet.outcomes_of(id, 1).await;
        assert_eq!(heard.len(), 1);
        assert_eq!(heard[0].summary(), "sms.delivered");
        assert!(fleet.smtp.mails_to("overtaken@example.com").is_empty());
    });
}

#[test]
fn an_answer_that_makes_no_sense_is_asked_about() {
    journey(async |fleet| {
        let job = jobs::sms(&jobs::number(3001, 1), "garbage@example.com");
        fleet.sms.behave(&digits(&job), SmsBehaviour::GarbageAnswer);
        let id = fleet.publish(&job).await;
        let heard = fleet.outcomes_of(id, 1).await;
        assert_eq!(heard[0].summary(), "sms.delivered");
        assert_eq!(fleet.sms.sent_to(&digits(&job)).len(), 1, "it is not sent twice");
    });
}

#[test]
fn a_request_that_never_arrived_is_sent_again_once_the_gateway_has_denied_it_twice() {
    journey(async |fleet| {
        let job = jobs::sms(&jobs::number(3001, 2), "request-lost@example.com");
        fleet.sms.behave_times(&digits(&job), SmsBehaviour::RequestLost, 1);
        let id = fleet.publish(&job).await;
        let heard = fleet.outcomes_of(id, 1).await;
        let accepted = fleet.sms.accepted_to(&digits(&job)).len();
        let story = fleet.story(id).await.expect("it is on record");
        assert_eq!(accepted, 1, "the customer gets it once; {:?}", story.tries);
        assert_eq!(heard.last().expect("it was heard").summary(), "sms.delivered");
        assert_eq!(story.tries.len(), 2, "the resend is an attempt of its own");
    });
}

#[test]
fn an_account_without_credit_makes_no_email_and_the_text_goes_out_once_it_is_topped_up() {
    journey(async |fleet| {
        let job = jobs::sms(&jobs::number(3001, 3), "no-credit@example.com");
        fleet.sms.behave(&digits(&job), SmsBehaviour::OutOfCredit);
        let id = fleet.publish(&job).await;
        eventually("several refusals", LONG, || async {
            let tries = fleet.sms.sent_to(&digits(&job)).len();
            if tries >= 5 { Ok(()) } else { Err(format!("{tries}")) }
        })
        .await;
        assert!(fleet.outcomes.of(id).is_empty(), "it is held and not ended");
        assert!(fleet.smtp.mails_to("no-credit@example.com").is_empty(), "the recipient is not at fault");
        fleet.sms.behave(&digits(&job), SmsBehaviour::Delivered);
        let heard = fleet.outcomes_of(id, 1).await;
        assert_eq!(heard[0].summary(), "sms.delivered");
        assert_eq!(heard[0].outcome.attempts, 1, "what was put off spent no attempt");
        assert!(fleet.smtp.mails_to("no-credit@example.com").is_empty());
    });
}

#[test]
fn a_gateway_that_fails_and_says_so_is_tried_to_the_end_of_the_ladder_and_then_the_email_answers() {
    journey(async |fleet| {
        let job = jobs::sms(&jobs::number(3001, 4), "recipient-in-trouble@example.com");
        // A recipient-level fault that may pass: the gateway says that the recipient's phone is switched off.
        fleet.sms.behave(&digits(&job), SmsBehaviour::Failed);
        let id = fleet.publish(&job).await;
        let heard = fleet.outcomes_of(id, 1).await;
        assert_eq!(heard[0].outcome.code, Some(FailureCode::NotDelivered));
        assert_eq!(fleet.smtp.mails_to("recipient-in-trouble@example.com").len(), 1);
    });
}

#[test]
fn a_monthly_quota_is_known_and_its_end_foretold() {
    run(async {
        let options = FleetOptions::together("quota").variable("FLEET_SMS_NHN_MONTH_QUOTA", "10");
        let fleet = Fleet::start(options).await;
        let quota = async || fleet.cli(&["--json", "gateways", "quota"]).await.with_code(0).json();
        assert_eq!(quota().await[0]["forecast"]["level"], "ample");
        for index in 0..9 {
            let id = fleet.publish(&jobs::sms(&jobs::number(3002, index), "quota@example.com")).await;
            fleet.reaches(id, DeliveryState::Delivered).await;
        }
        let nhn = quota().await[0].clone();
        assert_eq!((&nhn["provider"], &nhn["used"], &nhn["quota"]), (&json!("nhn"), &json!(9), &json!(10)));
        assert_eq!(nhn["forecast"]["level"], "low");
        let listed = fleet.cli(&["gateways", "quota"]).await.with_code(0).output;
        assert!(listed.contains("9 of 10 texts this month (90%)"), "{listed}");
        let doctor = fleet.cli(&["doctor"]).await.with_code(1).output;
        assert!(doctor.contains("quota nhn"), "{doctor}");
        let alarm = "a gateway's monthly quota will not last";
        assert!(!fleet.has_logged(alarm), "the next look is minutes away");
        fleet.stop_process("workers").await;
        fleet.start_process("workers").await;
        eventually("the alarm", LONG, || async {
            if fleet.has_logged(alarm) { Ok(()) } else { Err("nothing is logged".to_owned()) }
        })
        .await;
        fleet.finish().await;
    });
}

fn digits(job: &serde_json::Value) -> String {
    job["to"]["phone"]["number"].as_str().expect("the job has a number").trim_start_matches('+').to_owned()
}
