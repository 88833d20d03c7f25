//! A fleet whose gateway is Twilio, which knows no reference of ours: a doubt there never becomes a second text message.

use closure_contract::topology::WorkQueue;
use closure_simulators::{TwilioBehaviour, TwilioSimSettings, TwilioSimulator};
use closure_store::DeliveryState;
use closure_tests::harness::{Fleet, FleetOptions, SHORT, eventually, jobs, run};
use serde_json::Value;

const ACCOUNT: &str = "AC0123456789abcdef0123456789abcdef";
const TOKEN: &str = "harness-twilio-token";
/// What Twilio is told; a proxy of the simulator's leads from there to the intake.
const RECEIPT_URL: &str = "https://intake.example.com/receipts/twilio";

/// A fleet over Twilio whose receipts are due soon, and its gateway.
async fn start(name: &'static str) -> (Fleet, TwilioSimulator) {
    start_due(name, 12_000).await
}

/// A fleet over Twilio whose receipts are due after so long, and its gateway.
async fn start_due(name: &'static str, due_ms: u64) -> (Fleet, TwilioSimulator) {
    let settings = TwilioSimSettings {
        account_sid: ACCOUNT.to_owned(),
        auth_token: TOKEN.to_owned(),
        // Long enough that no receipt ends a doubt before it was looked into.
        callback_delay_ms: 3_000,
        ..TwilioSimSettings::default()
    };
    let gateway = TwilioSimulator::start(settings).await.expect("the gateway can be started");
    let options = FleetOptions::together(name)
        .receipts_due(due_ms, due_ms)
        // A doubt is looked into until the receipt is overdue.
        .variable("FLEET_SMS_LADDER", "1s,1s,1s,1s,1s,1s,1s,1s,1s,1s,1s,1s,1s,1s,1s,1s")
        .variable("FLEET_SMS_GATEWAYS", "twilio")
        .variable("FLEET_SMS_TWILIO_BASE_URL", &gateway.base_url())
        .variable("FLEET_SMS_TWILIO_ACCOUNT_SID", ACCOUNT)
        .variable("FLEET_SMS_TWILIO_SECRET", TOKEN)
        .variable("FLEET_SMS_TWILIO_RECEIPT_URL", RECEIPT_URL)
        .variable("FLEET_SMS_TWILIO_CONNECT_TIMEOUT_MS", "1000")
        .variable("FLEET_SMS_TWILIO_TOTAL_TIMEOUT_MS", "2500")
        .variable("FLEET_INTAKE_TWILIO_SECRET", TOKEN);
    let fleet = Fleet::start(options).await;
    fleet.add_canary(TOKEN);
    gateway.set_webhook(fleet.receipts_url().await.replace("/receipts/nhn", "/receipts/twilio"));
    (fleet, gateway)
}

fn digits(job: &Value) -> String {
    job["to"]["phone"]["number"].as_str().expect("the job has a number").trim_start_matches('+').to_owned()
}

/// What may become of one message, how many the customer gets, how the delivery ends, and how many emails answer.
type Case = (TwilioBehaviour, usize, DeliveryState, usize);

async fn walk(name: &'static str, block: u16, cases: &[Case]) {
    let (fleet, gateway) = start(name).await;
    let mut published = Vec::new();
    for (index, case) in (0u16..).zip(cases) {
        let address = format!("{name}-{index}@example.com");
        let job = jobs::sms(&jobs::number(block, index), &address);
        gateway.behave(&digits(&job), case.0);
        published.push((fleet.publish(&job).await, digits(&job), address));
    }
    for ((id, digits, address), (behaviour, taken, state, emails)) in published.iter().zip(cases) {
        let story = fleet.reaches(*id, *state).await;
        fleet.drain().await;
        assert_eq!(gateway.accepted_to(digits).len(), *taken, "{behaviour:?}: {:?}", story.tries);
        assert_eq!(story.tries.len(), 1, "{behaviour:?}: {:?}", story.tries);
        assert_eq!(story.tries[0].provider.as_str(), "twilio");
        assert_eq!(fleet.smtp.mails_to(address).len(), *emails, "{behaviour:?}");
    }
    assert_eq!(gateway.send_requests(), published.len() as u64, "each message is asked for once");
    fleet.finish().await;
    gateway.stop().await;
}

#[test]
fn a_message_goes_over_twilio_and_its_signed_callbacks_say_how_it_ended() {
    run(async {
        use DeliveryState::{Delivered, Undelivered, Unknown};
        let cases = [
            (TwilioBehaviour::Delivered, 1, Delivered, 0),
            (TwilioBehaviour::OutOfOrder, 1, Delivered, 0),
            (TwilioBehaviour::ForgedThenDelivered, 1, Delivered, 0),
            (TwilioBehaviour::Undelivered, 1, Undelivered, 1),
            (TwilioBehaviour::Failed, 1, Undelivered, 1),
            // The last word is "sent", which is not one of ours.
            (TwilioBehaviour::SentOnly, 1, Unknown, 1),
        ];
        walk("twilio", 3300, &cases).await;
    });
}

#[test]
fn a_lost_response_at_twilio_ends_without_a_second_sms() {
    run(async {
        use DeliveryState::{Delivered, Unknown};
        let cases = [
            (TwilioBehaviour::AnswerLost, 1, Delivered, 0),
            (TwilioBehaviour::GarbageAnswer, 1, Delivered, 0),
            (TwilioBehaviour::ServerErrorAccepted, 1, Delivered, 0),
            (TwilioBehaviour::SlowAnswer, 1, Delivered, 0),
            // No list shows it and no receipt comes: the email answers, whatever became of it.
            (TwilioBehaviour::AnswerLostAndUnlisted, 1, Unknown, 1),
            (TwilioBehaviour::RequestLost, 0, Unknown, 1),
            (TwilioBehaviour::ServerError, 0, Unknown, 1),
        ];
        walk("doubt", 3301, &cases).await;
    });
}

#[test]
fn a_lost_request_is_never_taken_for_another_closures_message_with_the_same_text() {
    run(async {
        let (fleet, gateway) = start("alike").await;
        let number = jobs::number(3302, 0);
        let (first, second) =
            (jobs::sms(&number, "first@example.com"), jobs::sms(&number, "second@example.com"));
        let delivered = fleet.publish(&first).await;
        fleet.reaches(delivered, DeliveryState::Delivered).await;
        gateway.behave(&digits(&second), TwilioBehaviour::RequestLost);
        let lost = fleet.publish(&second).await;
        let story = fleet.reaches(lost, DeliveryState::Unknown).await;
        fleet.drain().await;
        assert_eq!(story.tries[0].provider_ref, None, "the other closure's message is left to it");
        assert!(gateway.list_requests() > 0, "the list showed a message that looks like it");
        assert_eq!(gateway.accepted_to(&digits(&first)).len(), 1);
        assert!(fleet.smtp.mails_to("first@example.com").is_empty());
        assert_eq!(fleet.smtp.mails_to("second@example.com").len(), 1);
        fleet.finish().await;
        gateway.stop().await;
    });
}

#[test]
fn a_broker_that_cannot_take_receipts_for_a_while_costs_none_of_those_that_twilio_soon_forgets() {
    run(async {
        // What is late for the broker's sake is not overdue.
        let (fleet, gateway) = start_due("forgetful", 300_000).await;
        // Without the queue every receipt is returned, which is as good as a broker that cannot take it.
        fleet.vhost.delete_queue(WorkQueue::Receipts.name()).await;
        let id = fleet.publish(&jobs::sms(&jobs::number(3303, 0), "forgetful@example.com")).await;
        eventually("a callback to be brought in vain", SHORT, || async {
            match gateway.callback_tries_failed() {
                0 => Err("none".to_owned()),
                _ => Ok(()),
            }
        })
        .await;
        fleet.cli(&["topology", "apply"]).await.with_code(0);
        fleet.reaches(id, DeliveryState::Delivered).await;
        fleet.drain().await;
        assert_eq!(gateway.callbacks_forgotten(), 0);
        assert!(fleet.smtp.mails_to("forgetful@example.com").is_empty());
        fleet.finish().await;
        gateway.stop().await;
    });
}
