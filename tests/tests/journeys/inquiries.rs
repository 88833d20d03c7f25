//! Texts whose receipts never come: the gateway is asked before silence counts, and a look-up's last word is believed.

use closure_simulators::{
    InfobipBehaviour, InfobipSimSettings, InfobipSimulator, SmsBehaviour, TwilioBehaviour, TwilioSimSettings,
    TwilioSimulator,
};
use closure_store::DeliveryState;
use closure_tests::harness::{Fleet, FleetOptions, jobs, run};
use serde_json::Value;

/// Long enough that an answer before it is not silence.
const DUE_MS: u64 = 12_000;
const API_KEY: &str = "harness-infobip-key";
const ACCOUNT: &str = "AC0123456789abcdef0123456789abcdef";
const TOKEN: &str = "harness-twilio-token";

fn digits(job: &Value) -> String {
    job["to"]["phone"]["number"].as_str().expect("the job has a number").trim_start_matches('+').to_owned()
}

/// Publishes a text for each state that is expected of it, and walks them to their ends: an email answers all but the first.
async fn walk(fleet: &Fleet, block: u16, mut behave: impl FnMut(usize, &str), states: &[DeliveryState]) {
    let mut published = Vec::new();
    for (index, state) in (0_u16..).zip(states) {
        let address = format!("unheard-{block}-{index}@example.com");
        let job = jobs::sms(&jobs::number(block, index), &address);
        behave(usize::from(index), &digits(&job));
        published.push((fleet.publish(&job).await, address, *state));
    }
    for (id, address, state) in &published {
        fleet.reaches(*id, *state).await;
        fleet.drain().await;
        let mails = fleet.smtp.mails_to(address).len();
        assert_eq!(mails, usize::from(*state != DeliveryState::Delivered), "{state:?}");
    }
}

const STATES: [DeliveryState; 3] =
    [DeliveryState::Delivered, DeliveryState::Undelivered, DeliveryState::Unknown];

#[test]
fn nhn_is_asked_about_each_text_whose_receipt_no_webhook_brings() {
    run(async {
        let options = FleetOptions::together("unheard-nhn").receipts_due(DUE_MS, DUE_MS);
        let fleet = Fleet::start(options).await;
        // The gateway answers every path of its own with status 200, so that it takes its receipts for delivered.
        fleet.sms.set_webhook(format!("{}/nowhere", fleet.sms.base_url()));
        let behaviours = [SmsBehaviour::Delivered, SmsBehaviour::Failed, SmsBehaviour::NeverReceipt];
        walk(&fleet, 3500, |index, digits| fleet.sms.behave(digits, behaviours[index]), &STATES).await;
        fleet.finish().await;
    });
}

/// A fleet over Twilio, whose callbacks go nowhere.
async fn over_twilio(name: &'static str) -> (Fleet, TwilioSimulator) {
    let settings = TwilioSimSettings {
        account_sid: ACCOUNT.to_owned(),
        auth_token: TOKEN.to_owned(),
        ..TwilioSimSettings::default()
    };
    let gateway = TwilioSimulator::start(settings).await.expect("the gateway can be started");
    gateway.set_webhook(format!("{}/nowhere", gateway.base_url()));
    let options = FleetOptions::together(name)
        .receipts_due(DUE_MS, DUE_MS)
        .variable("FLEET_SMS_GATEWAYS", "twilio")
        .variable("FLEET_SMS_TWILIO_BASE_URL", &gateway.base_url())
        .variable("FLEET_SMS_TWILIO_ACCOUNT_SID", ACCOUNT)
        .variable("FLEET_SMS_TWILIO_SECRET", TOKEN)
        .variable("FLEET_SMS_TWILIO_RECEIPT_URL", "https://intake.example.com/receipts/twilio")
        .variable("FLEET_INTAKE_TWILIO_SECRET", TOKEN);
    (Fleet::start(options).await, gateway)
}

#[test]
fn twilio_is_asked_about_each_text_whose_callback_was_lost() {
    run(async {
        let (fleet, gateway) = over_twilio("unheard-twilio").await;
        let behaviours = [TwilioBehaviour::Delivered, TwilioBehaviour::Undelivered, TwilioBehaviour::Silent];
        walk(&fleet, 3501, |index, digits| gateway.behave(digits, behaviours[index]), &STATES).await;
        fleet.finish().await;
        gateway.stop().await;
    });
}

#[test]
fn texts_that_the_gateway_does_not_know_any_more_keep_no_other_from_being_asked_about() {
    run(async {
        let (fleet, gateway) = over_twilio("forgotten-twilio").await;
        let text =
            |index: u16| jobs::sms(&jobs::number(3504, index), &format!("forgotten-{index}@example.com"));
        let forgotten: Vec<Value> = (0..8).map(text).collect();
        let mut ids = Vec::new();
        for job in &forgotten {
            ids.push(fleet.publish(job).await);
        }
        for (id, job) in ids.iter().zip(&forgotten) {
            fleet.reaches(*id, DeliveryState::Accepted).await;
            gateway.forget(&digits(job));
        }
        let known = fleet.publish(&text(8)).await;
        fleet.reaches(known, DeliveryState::Delivered).await;
        for id in ids {
            fleet.reaches(id, DeliveryState::Unknown).await;
        }
        fleet.drain().await;
        assert!(fleet.smtp.mails_to("forgotten-8@example.com").is_empty());
        fleet.finish().await;
        gateway.stop().await;
    });
}

/// A fleet over Infobip, which has nowhere to bring its reports to.
async fn over_infobip(name: &'static str, due_ms: u64) -> (Fleet, InfobipSimulator) {
    let settings = InfobipSimSettings { api_key: API_KEY.to_owned(), ..InfobipSimSettings::default() };
    let gateway = InfobipSimulator::start(settings).await.expect("the gateway can be started");
    let options = FleetOptions::together(name)
        .receipts_due(due_ms, due_ms)
        .variable("FLEET_SMS_GATEWAYS", "infobip")
        .variable("FLEET_SMS_INFOBIP_BASE_URL", &gateway.base_url())
        .variable("FLEET_SMS_INFOBIP_API_KEY", API_KEY)
        .variable("FLEET_INTAKE_INFOBIP_SECRET", "closure:harness-infobip-secret");
    (Fleet::start(options).await, gateway)
}

#[test]
fn infobips_logs_are_asked_about_each_text_without_a_report() {
    run(async {
        let (fleet, gateway) = over_infobip("unheard-infobip", DUE_MS).await;
        let behaviours = [InfobipBehaviour::Delivered, InfobipBehaviour::NotDelivered];
        walk(&fleet, 3502, |index, digits| gateway.behave(digits, behaviours[index]), &STATES[..2]).await;
        fleet.finish().await;
        gateway.stop().await;
    });
}

#[test]
fn a_message_in_doubt_that_the_logs_call_refused_ends_at_once_and_an_email_answers() {
    run(async {
        // Nobody waits for this receipt: what the look-up says must be enough.
        let (fleet, gateway) = over_infobip("refused-in-doubt", 600_000).await;
        let address = "refused-in-doubt@example.com";
        let job = jobs::sms(&jobs::number(3503, 0), address);
        gateway.behave(&digits(&job), InfobipBehaviour::RefusedInTheLogs);
        let id = fleet.publish(&job).await;
        let story = fleet.reaches(id, DeliveryState::Undelivered).await;
        fleet.drain().await;
        assert_eq!(gateway.accepted_to(&digits(&job)).len(), 1, "{:?}", story.tries);
        assert_eq!(fleet.smtp.mails_to(address).len(), 1);
        fleet.finish().await;
        gateway.stop().await;
    });
}
