//! Texts in doubt: who is asked how often, and whose receipts count.

use closure_contract::{
    AttemptNumber, ClientRef, Evidence, Generation, JobId, Provider, Receipt, ReceiptMessage, ReceiptStatus,
    Timestamp, receipt::ReceiptKind,
};
use closure_simulators::SmsBehaviour;
use closure_store::DeliveryState;
use closure_tests::harness::{Fleet, FleetOptions, jobs, run};
use serde_json::Value;

/// Receipts come later than the gateway can be asked, and before anybody gives up waiting.
const RECEIPT_DELAY_MS: u64 = 12_000;

/// A fleet, and a text whose first request was lost on its way to the gateway.
async fn in_doubt(name: &'static str, address: &str) -> (Fleet, Value, JobId) {
    let options = FleetOptions::together(name);
    let fleet = Fleet::start(options.gateway(|gateway| gateway.receipt_delay_ms = RECEIPT_DELAY_MS)).await;
    let job = jobs::sms(&jobs::number(3010, 0), address);
    fleet.sms.behave_times(&digits(&job), SmsBehaviour::RequestLost, 1);
    let id = fleet.publish(&job).await;
    fleet.reaches(id, DeliveryState::InDoubt).await;
    (fleet, job, id)
}

#[test]
fn after_the_one_resend_the_gateway_is_asked_again_before_an_email_answers() {
    run(async {
        let address = "resent@example.com";
        let (fleet, job, id) = in_doubt("asked-again", address).await;
        // The resend reaches the gateway, and its answer does not reach us.
        fleet.sms.behave(&digits(&job), SmsBehaviour::AnswerLost);
        let heard = fleet.outcomes_of(id, 1).await;
        fleet.drain().await;
        let story = fleet.story(id).await.expect("it is on record");
        assert_eq!(heard[0].summary(), "sms.delivered", "{:?}", story.tries);
        assert_eq!(fleet.outcomes.of(id).len(), 1, "and no earlier word gave it up");
        assert_eq!(story.tries.len(), 2, "the resend is an attempt of its own: {:?}", story.tries);
        assert_eq!(fleet.sms.accepted_to(&digits(&job)).len(), 1, "the customer gets it once");
        let counted = fleet.database.query("SELECT max(count) FROM contact_tally").await;
        assert_eq!(counted, ["1"], "and it counts towards each cap once");
        assert!(fleet.smtp.mails_to(address).is_empty(), "and no email beside it");
        fleet.finish().await;
    });
}

#[test]
fn a_receipt_whose_sibling_names_our_attempt_ends_a_doubt_in_whatever_order_they_come() {
    run(async {
        for (name, named_first) in [("sibling-after", true), ("sibling-before", false)] {
            let address = format!("{name}@example.com");
            let (fleet, job, id) = in_doubt(name, &address).await;
            let named = receipt(Some(id), "on its way", ReceiptStatus::InTransit);
            let nameless = receipt(None, "arrived", ReceiptStatus::Delivered);
            let order = if named_first { [named, nameless] } else { [nameless, named] };
            for receipt in order {
                fleet.publish_receipt(&ReceiptMessage::Receipt(receipt).encode()).await;
            }
            let heard = fleet.outcomes_of(id, 1).await;
            fleet.drain().await;
            assert_eq!(heard[0].summary(), "sms.delivered");
            let story = fleet.story(id).await.expect("it is on record");
            assert_eq!((story.tries.len(), story.receipts.len()), (1, 2), "{:?}", story.tries);
            assert!(fleet.sms.accepted_to(&digits(&job)).is_empty(), "what has arrived is not sent again");
            assert!(fleet.smtp.mails_to(&address).is_empty());
            fleet.finish().await;
        }
    });
}

/// A receipt under one reference of the gateway, which names the first attempt of a job or nobody's.
fn receipt(job: Option<JobId>, receipt_id: &str, status: ReceiptStatus) -> Receipt {
    Receipt {
        kind: ReceiptKind::V1,
        receipt_id: receipt_id.to_owned(),
        provider: Provider::Nhn,
        provider_ref: Some("20261129120000000000:1".to_owned()),
        client_ref: job.map(|job| ClientRef::of(job, Generation::FIRST, AttemptNumber::FIRST)),
        status,
        evidence: Evidence::Carrier,
        provider_code: None,
        failure_code: None,
        reported_sender: None,
        occurred_at: None,
        received_at: Timestamp::now(),
    }
}

fn digits(job: &Value) -> String {
    job["to"]["phone"]["number"].as_str().expect("the job has a number").trim_start_matches('+').to_owned()
}
