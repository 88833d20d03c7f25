//! A fleet whose gateway is Sinch, which lists a batch by our reference and carries a second one of it.

use closure_simulators::{SinchBehaviour, SinchSimSettings, SinchSimulator};
use closure_store::DeliveryState;
use closure_tests::harness::{Fleet, FleetOptions, jobs, run};
use serde_json::Value;

const PLAN: &str = "harness-service-plan";
const TOKEN: &str = "harness-sinch-token";
const SECRET: &str = "harness-sinch-secret";

/// A fleet over Sinch whose receipts are due soon, and its gateway.
async fn start(name: &'static str) -> (Fleet, SinchSimulator) {
    let settings = SinchSimSettings {
        service_plan_id: PLAN.to_owned(),
        api_token: TOKEN.to_owned(),
        webhook_secret: SECRET.to_owned(),
        // Long enough that a doubt is looked into before a receipt ends it.
        callback_delay_ms: 1_500,
        ..SinchSimSettings::default()
    };
    let gateway = SinchSimulator::start(settings).await.expect("the gateway can be started");
    let options = FleetOptions::together(name)
        .variable("FLEET_SMS_GATEWAYS", "sinch")
        .variable("FLEET_SMS_SINCH_BASE_URL", &gateway.base_url())
        .variable("FLEET_SMS_SINCH_SERVICE_PLAN_ID", PLAN)
        .variable("FLEET_SMS_SINCH_API_TOKEN", TOKEN)
        .variable("FLEET_SMS_SINCH_RECEIPT_URL", "https://intake.example.com/receipts/sinch")
        .variable("FLEET_SMS_SINCH_CONNECT_TIMEOUT_MS", "1000")
        .variable("FLEET_SMS_SINCH_TOTAL_TIMEOUT_MS", "2500")
        .variable("FLEET_INTAKE_SINCH_SECRET", SECRET);
    let fleet = Fleet::start(options).await;
    for secret in [TOKEN, SECRET] {
        fleet.add_canary(secret);
    }
    gateway.set_webhook(fleet.receipts_url().await.replace("/receipts/nhn", "/receipts/sinch"));
    (fleet, gateway)
}

fn digits(job: &Value) -> String {
    job["to"]["phone"]["number"].as_str().expect("the job has a number").trim_start_matches('+').to_owned()
}

/// What may become of one message, how many the customer gets, how the delivery ends, and how many emails answer.
type Case = (SinchBehaviour, usize, DeliveryState, usize);

async fn walk(name: &'static str, block: u16, cases: &[Case]) {
    let (fleet, gateway) = start(name).await;
    let mut published = Vec::new();
    for (index, case) in (0u16..).zip(cases) {
        let address = format!("{name}-{index}@example.com");
        let job = jobs::sms(&jobs::number(block, index), &address);
        // What happens once is over before a message is sent a second time.
        gateway.behave_times(&digits(&job), case.0, 1);
        published.push((fleet.publish(&job).await, digits(&job), address));
    }
    for ((id, digits, address), (behaviour, taken, state, emails)) in published.iter().zip(cases) {
        let story = fleet.reaches(*id, *state).await;
        fleet.drain().await;
        assert_eq!(gateway.accepted_to(digits).len(), *taken, "{behaviour:?}: {:?}", story.tries);
        assert_eq!(story.tries[0].provider.as_str(), "sinch");
        assert_eq!(fleet.smtp.mails_to(address).len(), *emails, "{behaviour:?}");
    }
    fleet.finish().await;
    gateway.stop().await;
}

#[test]
fn a_message_goes_over_sinch_and_its_signed_callbacks_say_how_it_ended() {
    run(async {
        use DeliveryState::{Delivered, Undelivered, Unknown};
        let cases = [
            (SinchBehaviour::Delivered, 1, Delivered, 0),
            (SinchBehaviour::OutOfOrder, 1, Delivered, 0),
            (SinchBehaviour::ForgedThenDelivered, 1, Delivered, 0),
            (SinchBehaviour::Failed, 1, Undelivered, 1),
            (SinchBehaviour::Expired, 1, Undelivered, 1),
            (SinchBehaviour::Unknown, 1, Unknown, 1),
            (SinchBehaviour::TooManyRequests, 1, Delivered, 0),
        ];
        walk("sinch", 3403, &cases).await;
    });
}

#[test]
fn a_doubt_at_sinch_is_looked_up_and_a_lost_request_is_sent_once_more() {
    run(async {
        use DeliveryState::Delivered;
        let cases = [
            (SinchBehaviour::AnswerLost, 1, Delivered, 0),
            (SinchBehaviour::AnswerLostAndLateInTheList, 1, Delivered, 0),
            (SinchBehaviour::GarbageAnswer, 1, Delivered, 0),
            (SinchBehaviour::ServerErrorAccepted, 1, Delivered, 0),
            (SinchBehaviour::SlowAnswer, 1, Delivered, 0),
            // Two looks at the list do not find it, and the second request is the only one that was taken.
            (SinchBehaviour::RequestLost, 1, Delivered, 0),
            (SinchBehaviour::ServerError, 1, Delivered, 0),
        ];
        walk("sinch-doubt", 3404, &cases).await;
    });
}
