//! How long a gateway may be silent, by country and kind.

use closure_simulators::SmsBehaviour;
use closure_store::DeliveryState;
use closure_tests::harness::{Fleet, FleetOptions, jobs, run};
use serde_json::{Value, json};

use super::infobip::digits;

/// A text inside Korea.
fn domestic(index: u16, text: &str) -> Value {
    let mut job = jobs::sms(&format!("+821031{index:06}"), "domestic@example.com");
    job["scope"] = "domestic".into();
    job["sms"] = json!({ "text": text });
    job
}

#[test]
fn a_receipt_is_due_by_the_kind_and_the_country_of_its_text_and_a_long_message_has_more_than_a_day() {
    run(async {
        let options = FleetOptions::together("receipt-dues")
            .receipts_due(600_000, 5_000)
            .variable("FLEET_SMS_NHN_RECEIPT_DUE_MS", "84=700000, 66=800000, sms=900000");
        let fleet = Fleet::start(options).await;
        let long = "가".repeat(50);
        let thai = jobs::sms("+66812345678", "thai@example.com");
        let japanese = jobs::sms(&jobs::number(3120, 0), "japanese@example.com");
        for (job, seconds, what) in [
            (domestic(1, &long), 81 * 3_600, "an LMS ends at the gateway after 80 hours"),
            (domestic(2, "짧은 글"), 900, "the kind's own"),
            (thai, 800, "the country's own"),
            (japanese, 600, "the rulebook's"),
        ] {
            fleet.sms.behave(&digits(&job), SmsBehaviour::NeverReceipt);
            let id = fleet.publish(&job).await;
            fleet.reaches(id, DeliveryState::Accepted).await;
            let sql = format!(
                "SELECT extract(epoch FROM receipt_due_at - accepted_at)::bigint::text FROM delivery WHERE job_id = '{id}'"
            );
            assert_eq!(fleet.database.query(&sql).await, [seconds.to_string()], "{what}");
        }
        fleet.finish().await;
    });
}
