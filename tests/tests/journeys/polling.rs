//! A fleet whose intake no webhook reaches: the gateways are asked for their receipts.

use closure_simulators::{InfobipBehaviour, InfobipSimSettings, InfobipSimulator, SmsBehaviour};
use closure_store::DeliveryState;
use closure_tests::harness::{Fleet, FleetOptions, jobs, run};
use serde_json::Value;

const API_KEY: &str = "harness-infobip-key";

fn digits(job: &Value) -> String {
    job["to"]["phone"]["number"].as_str().expect("the job has a number").trim_start_matches('+').to_owned()
}

/// A gateway that has no webhook, and a fleet over it whose intake asks.
async fn over_infobip(name: &'static str) -> (Fleet, InfobipSimulator) {
    let settings = InfobipSimSettings { api_key: API_KEY.to_owned(), ..InfobipSimSettings::default() };
    let gateway = InfobipSimulator::start(settings).await.expect("the gateway can be started");
    let options = FleetOptions::together(name)
        .variable("FLEET_SMS_GATEWAYS", "infobip")
        .variable("FLEET_SMS_INFOBIP_BASE_URL", &gateway.base_url())
        .variable("FLEET_SMS_INFOBIP_API_KEY", API_KEY)
        .variable("FLEET_INTAKE_INFOBIP_SECRET", "closure:harness-infobip-secret")
        .variable("FLEET_INTAKE_POLL_MS", "200");
    (Fleet::start(options).await, gateway)
}

#[test]
fn reports_that_no_webhook_brings_are_asked_for_at_infobip() {
    run(async {
        let (fleet, gateway) = over_infobip("polling").await;
        let (good, bad) = (
            jobs::sms(&jobs::number(3400, 0), "polled-good@example.com"),
            jobs::sms(&jobs::number(3400, 1), "polled-bad@example.com"),
        );
        gateway.behave(&digits(&bad), InfobipBehaviour::NotDelivered);
        let (delivered, failed) = (fleet.publish(&good).await, fleet.publish(&bad).await);
        fleet.reaches(delivered, DeliveryState::Delivered).await;
        fleet.reaches(failed, DeliveryState::Undelivered).await;
        fleet.drain().await;
        assert!(fleet.smtp.mails_to("polled-good@example.com").is_empty());
        assert_eq!(fleet.smtp.mails_to("polled-bad@example.com").len(), 1);
        fleet.finish().await;
        gateway.stop().await;
    });
}

#[test]
fn a_report_that_died_with_the_process_that_took_it_is_found_in_the_logs() {
    run(async {
        let (fleet, gateway) = over_infobip("recall").await;
        fleet.stop_process("intake").await;
        let job = jobs::sms(&jobs::number(3401, 0), "recalled@example.com");
        let id = fleet.publish(&job).await;
        fleet.reaches(id, DeliveryState::Accepted).await;
        // Somebody takes the report, as an intake does that dies before it is published.
        gateway.take_reports(1).await;
        fleet.start_process("intake").await;
        fleet.reaches(id, DeliveryState::Delivered).await;
        fleet.finish().await;
        gateway.stop().await;
    });
}

#[test]
fn a_failure_that_no_webhook_brings_is_asked_for_at_nhn() {
    run(async {
        let options = FleetOptions::together("results").variable("FLEET_INTAKE_POLL_MS", "200");
        let fleet = Fleet::start(options).await;
        // The gateway answers every path of its own with status 200, so that it takes its receipts for delivered.
        fleet.sms.set_webhook(format!("{}/nowhere", fleet.sms.base_url()));
        let job = jobs::sms(&jobs::number(3402, 0), "polled-nhn@example.com");
        fleet.sms.behave(&digits(&job), SmsBehaviour::Failed);
        let id = fleet.publish(&job).await;
        fleet.reaches(id, DeliveryState::Undelivered).await;
        fleet.drain().await;
        assert_eq!(fleet.smtp.mails_to("polled-nhn@example.com").len(), 1);
        fleet.finish().await;
    });
}
