//! A newer revision of an answer takes the place of an older one that was not sent (B2).

use closure_contract::{FailureCode, RuleId, Timestamp};
use closure_simulators::SmsBehaviour;
use closure_store::DeliveryState;
use closure_tests::harness::{Fleet, FleetOptions, jobs, kride::journey, run};
use serde_json::{Value, json};
use uuid::Uuid;

/// The same consultation's answer as another job with another revision.
fn revised(job: &Value, revision: u32) -> Value {
    let mut newer = job.clone();
    newer["job_id"] = json!(Uuid::new_v4());
    newer["consultation"]["revision"] = json!(revision);
    newer
}

#[test]
fn an_older_answer_that_waits_for_its_time_is_superseded_by_a_newer_one() {
    journey(async |fleet| {
        let mut older = jobs::sms("+819042011001", "older@example.com");
        let soon = Timestamp::now().0 + std::time::Duration::from_secs(3);
        older["not_before"] = serde_json::to_value(Timestamp(soon)).expect("a time is JSON");
        let first = fleet.publish(&older).await;
        let mut newer = revised(&older, 2);
        newer["not_before"] = Value::Null;
        let second = fleet.publish(&newer).await;
        assert_eq!(fleet.outcomes_of(second, 1).await[0].summary(), "sms.delivered");
        let heard = fleet.outcomes_of(first, 1).await;
        assert_eq!(heard[0].summary(), "sms.superseded superseded");
        assert_eq!(heard[0].outcome.code, Some(FailureCode::Superseded));
        assert!(heard[0].outcome.rules.iter().any(|rule| rule.id == RuleId::B2));
        assert_eq!(fleet.sms.sent_to("819042011001").len(), 1, "the newer answer alone was sent");
        assert!(fleet.smtp.mails_to("older@example.com").is_empty());
    });
}

#[test]
fn revisions_that_come_in_the_wrong_order_end_alike() {
    journey(async |fleet| {
        let first = jobs::sms("+819042011002", "order@example.com");
        let second = revised(&first, 2);
        let newer = fleet.publish(&second).await;
        assert_eq!(fleet.outcomes_of(newer, 1).await[0].summary(), "sms.delivered");
        let older = fleet.publish(&first).await;
        assert_eq!(fleet.outcomes_of(older, 1).await[0].summary(), "sms.superseded superseded");
        assert_eq!(fleet.sms.sent_to("819042011002").len(), 1);
    });
}

#[test]
fn a_text_that_waits_for_its_next_try_gives_way_to_a_newer_email() {
    run(async {
        let options = FleetOptions::together("revision-waiting");
        let fleet = Fleet::start(options).await;
        fleet.sms.behave("819042011003", SmsBehaviour::OutOfCredit);
        let text = jobs::sms("+819042011003", "text@example.com");
        let first = fleet.publish(&text).await;
        fleet.reaches(first, DeliveryState::Pending).await;
        let mut mail = jobs::email("mail@example.com");
        mail["consultation"]["id"] = text["consultation"]["id"].clone();
        mail["consultation"]["revision"] = json!(2);
        let second = fleet.publish(&mail).await;
        assert_eq!(fleet.outcomes_of(second, 1).await[0].summary(), "email.accepted");
        fleet.sms.behave("819042011003", SmsBehaviour::Delivered);
        assert_eq!(fleet.outcomes_of(first, 1).await[0].summary(), "sms.superseded superseded");
        assert!(fleet.sms.accepted_to("819042011003").is_empty());
        fleet.drain().await;
        fleet.finish().await;
    });
}
