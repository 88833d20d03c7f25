//! A fleet whose gateway is Infobip: what is in doubt there never becomes a second text message.

use base64::{Engine, engine::general_purpose::STANDARD};
use closure_simulators::{InfobipBehaviour, InfobipSimSettings, InfobipSimulator, SmsBehaviour};
use closure_store::DeliveryState;
use closure_tests::harness::{Fleet, FleetOptions, jobs, request, run};
use serde_json::json;

const API_KEY: &str = "harness-infobip-key";
const PASSWORD: &str = "harness-infobip-secret";

/// What may become of one request, how many requests reach the gateway, and how the delivery ends.
const CASES: [(InfobipBehaviour, u64, DeliveryState); 7] = [
    (InfobipBehaviour::Delivered, 1, DeliveryState::Delivered),
    (InfobipBehaviour::AnswerLost, 1, DeliveryState::Delivered),
    (InfobipBehaviour::GarbageAnswer, 1, DeliveryState::Delivered),
    (InfobipBehaviour::ServerErrorAccepted, 1, DeliveryState::Delivered),
    // Nothing is found, so that the same id is sent again, and what was never taken is taken now.
    (InfobipBehaviour::RequestLost, 2, DeliveryState::Delivered),
    // A look that comes too early finds nothing either: the repeat is refused as a duplicate, which is an acceptance.
    (InfobipBehaviour::AnswerLostAndLateInTheLogs, 1, DeliveryState::Delivered),
    (InfobipBehaviour::NotDelivered, 1, DeliveryState::Undelivered),
];

/// A gateway with these settings, and a fleet whose gateways are these.
pub(crate) async fn fleet_over(
    settings: InfobipSimSettings,
    name: &'static str,
    gateways: &str,
) -> (InfobipSimulator, Fleet) {
    let settings =
        InfobipSimSettings { api_key: API_KEY.to_owned(), webhook_password: PASSWORD.to_owned(), ..settings };
    let gateway = InfobipSimulator::start(settings).await.expect("the gateway can be started");
    let options = FleetOptions::together(name)
        .variable("FLEET_SMS_GATEWAYS", gateways)
        .variable("FLEET_SMS_INFOBIP_BASE_URL", &gateway.base_url())
        .variable("FLEET_SMS_INFOBIP_API_KEY", API_KEY)
        .variable("FLEET_SMS_INFOBIP_CONNECT_TIMEOUT_MS", "1000")
        .variable("FLEET_SMS_INFOBIP_TOTAL_TIMEOUT_MS", "2500")
        .variable("FLEET_INTAKE_INFOBIP_SECRET", &format!("closure:{PASSWORD}"));
    let fleet = Fleet::start(options).await;
    fleet.add_canary(API_KEY);
    fleet.add_canary(PASSWORD);
    gateway.set_webhook(fleet.receipts_url().await.replace("/receipts/nhn", "/receipts/infobip"));
    (gateway, fleet)
}

#[test]
fn whatever_becomes_of_an_answer_the_customer_gets_one_text_message_over_infobip() {
    run(async {
        // Long enough that the receipt of a message in doubt does not end the doubt before it was looked into.
        let settings = InfobipSimSettings { report_delay_ms: 4_000, ..InfobipSimSettings::default() };
        let (gateway, fleet) = fleet_over(settings, "infobip", "infobip").await;
        let mut published = Vec::new();
        for (index, (behaviour, _, _)) in (0u16..).zip(CASES) {
            let job = jobs::sms(&jobs::number(3100, index), &format!("infobip-{index}@example.com"));
            gateway.behave_times(&digits(&job), behaviour, 1);
            published.push((fleet.publish(&job).await, digits(&job)));
        }
        for ((id, digits), (behaviour, requests, state)) in published.iter().zip(CASES) {
            let story = fleet.reaches(*id, state).await;
            let taken = gateway.accepted_to(digits);
            assert_eq!(taken.len(), 1, "{behaviour:?}: {:?}", story.tries);
            assert_eq!(story.tries.len(), 1, "{behaviour:?}: the same id is the same attempt");
            assert_eq!(story.tries[0].provider.as_str(), "infobip");
            let late = behaviour == InfobipBehaviour::AnswerLostAndLateInTheLogs;
            assert_eq!(taken[0].requests, if late { 2 } else { 1 }, "{behaviour:?}");
            assert!(gateway.send_requests() >= requests);
        }
        fleet.drain().await;
        assert_eq!(gateway.send_requests(), 9, "seven jobs, one lost request and one refused repeat");
        assert_eq!(
            fleet.smtp.mails_to("infobip-6@example.com").len(),
            1,
            "the failed one is answered by email"
        );
        fleet.finish().await;
        gateway.stop().await;
    });
}

#[test]
fn a_gateway_without_credit_is_stood_in_for_and_no_email_is_sent() {
    run(async {
        let (gateway, fleet) = fleet_over(InfobipSimSettings::default(), "failover", "infobip,nhn").await;
        let job = jobs::sms(&jobs::number(3101, 0), "failover@example.com");
        gateway.behave(&digits(&job), InfobipBehaviour::OutOfCredit);
        let id = fleet.publish(&job).await;
        let story = fleet.reaches(id, DeliveryState::Delivered).await;
        fleet.drain().await;
        assert_eq!(fleet.sms.accepted_to(&digits(&job)).len(), 1, "NHN stands in");
        assert_eq!(gateway.send_requests(), 1, "the one that failed is left alone for a while");
        assert_eq!(story.tries.len(), 1, "what was not sent spent no attempt");
        assert_eq!(story.tries[0].provider.as_str(), "nhn");
        assert!(fleet.smtp.mails_to("failover@example.com").is_empty());
        fleet.finish().await;
        gateway.stop().await;
    });
}

#[test]
fn a_text_that_is_turned_back_for_want_of_credit_makes_no_email_and_goes_out_when_a_person_sends_it_again() {
    run(async {
        let (gateway, fleet) = fleet_over(InfobipSimSettings::default(), "turned-back", "infobip").await;
        let job = jobs::sms(&jobs::number(3102, 0), "turned-back@example.com");
        gateway.behave_times(&digits(&job), InfobipBehaviour::CreditGoneLater, 1);
        let id = fleet.publish(&job).await;
        fleet.reaches(id, DeliveryState::Dead).await;
        let heard = fleet.outcomes_of(id, 1).await;
        assert_eq!(heard[0].summary(), "sms.dead provider_quota");
        let letters = fleet.letters_of(id).await;
        assert_eq!(letters.len(), 1, "a supervisor finds it");
        let number = letters[0].summary.id.to_string();
        let again = ["dead", "replay", &number, "--actor", "kim", "--reason", "the credit was topped up"];
        fleet.cli(&again).await.with_code(0);
        fleet.reaches(id, DeliveryState::Delivered).await;
        fleet.drain().await;
        assert_eq!(fleet.outcomes_of(id, 2).await[1].summary(), "sms.delivered");
        assert!(fleet.smtp.mails().is_empty(), "our account's failure is not the recipient's");
        fleet.finish().await;
        gateway.stop().await;
    });
}

pub(crate) fn digits(job: &serde_json::Value) -> String {
    job["to"]["phone"]["number"].as_str().expect("the job has a number").trim_start_matches('+').to_owned()
}

#[test]
fn a_gateway_that_reports_on_anothers_attempt_is_not_believed_and_people_are_told() {
    run(async {
        let credentials = format!("closure:{PASSWORD}");
        let options = FleetOptions::together("speaks-for-another")
            .variable("FLEET_SMS_GATEWAYS", "nhn,infobip")
            .variable("FLEET_SMS_INFOBIP_BASE_URL", "http://127.0.0.1:9")
            .variable("FLEET_SMS_INFOBIP_API_KEY", API_KEY)
            .variable("FLEET_INTAKE_INFOBIP_SECRET", &credentials);
        let fleet = Fleet::start(options).await;
        fleet.add_canary(PASSWORD);
        let job = jobs::sms(&jobs::number(3103, 0), "another@example.com");
        fleet.sms.behave(&digits(&job), SmsBehaviour::NeverReceipt);
        let id = fleet.publish(&job).await;
        let story = fleet.reaches(id, DeliveryState::Accepted).await;
        let report = json!({ "results": [{
            "messageId": story.tries[0].client_ref.to_string(),
            "status": { "groupId": 3, "groupName": "DELIVERED", "id": 5, "name": "DELIVERED_TO_HANDSET" },
            "doneAt": "2026-07-01T20:00:05.250+0900",
        }] });
        let door = fleet.receipts_url().await.replace("/receipts/nhn", "/receipts/infobip");
        // The scheme of basic authentication is read in any case.
        let authorization = format!("basic {}", STANDARD.encode(&credentials));
        let headers = [("Authorization", authorization.as_str())];
        for _ in 0..2 {
            let answer = request("POST", &door, &headers, report.to_string().as_bytes()).await;
            assert_eq!(answer.expect("the intake answers").status, 200);
        }
        fleet.queues_are_empty().await;
        let story = fleet.story(id).await.expect("it is on record");
        assert_eq!(story.state, DeliveryState::Accepted, "its own gateway has said nothing");
        let counted: Vec<bool> = story.receipts.iter().map(|receipt| receipt.counts).collect();
        assert_eq!(counted, [false], "it is kept beside the delivery, once");
        assert!(fleet.outcomes.of(id).is_empty(), "the CRM hears nothing of it");
        assert!(fleet.has_logged("receipts name another gateway's attempt"));
        let doctor = fleet.cli(&["doctor"]).await.with_code(1);
        assert!(doctor.output.contains("receipts of infobip") && doctor.output.contains(&id.to_string()));
        let shown = fleet.cli(&["show", &id.to_string()]).await.with_code(0);
        assert!(shown.output.contains("not believed"), "{}", shown.output);
        fleet.finish().await;
    });
}

#[test]
fn the_sender_that_the_network_shows_reaches_the_outcome_beside_the_one_that_was_asked_for() {
    run(async {
        let settings = InfobipSimSettings {
            report_delay_ms: 2_000,
            shown_sender: Some("1069012345678".to_owned()),
            ..InfobipSimSettings::default()
        };
        let (gateway, fleet) = fleet_over(settings, "senders", "infobip").await;
        let expected = json!({ "asked": "+82234518120", "reported": "1069012345678" });
        let told = jobs::sms(&jobs::number(3103, 0), "senders-0@example.com");
        // The logs name the sender before the report does.
        let looked_up = jobs::sms(&jobs::number(3103, 1), "senders-1@example.com");
        gateway.behave_times(&digits(&looked_up), InfobipBehaviour::AnswerLost, 1);
        for job in [&told, &looked_up] {
            let id = fleet.publish(job).await;
            fleet.reaches(id, DeliveryState::Delivered).await;
            let heard = fleet.outcomes_of(id, 1).await;
            assert_eq!(heard[0].body["sender"], expected, "{}", heard[0].body);
            assert_eq!(heard[0].summary(), "sms.delivered", "a changed sender fails nothing");
            let shown = fleet.cli(&["show", &id.to_string()]).await;
            let line = "  sender   asked for +82234518120; the gateway names 1069012345678";
            assert!(shown.output.lines().any(|text| text == line), "{}", shown.output);
        }
        fleet.finish().await;
        gateway.stop().await;
    });
}
