//! The CRM takes an answer back (B3).

use closure_contract::{Channel, FailureCode, OutcomeName, RuleId, topology::WorkQueue};
use closure_simulators::SmsBehaviour;
use closure_store::DeliveryState;
use closure_tests::harness::{Fleet, FleetOptions, LONG, eventually, jobs, kride::journey, run};
use serde_json::{Value, json};
use uuid::Uuid;

fn consultation(job: &Value) -> String {
    job["consultation"]["id"].as_str().expect("a job has a consultation").to_owned()
}

/// Publishes a cancellation as a CRM does, and waits until it is written down.
async fn cancel(fleet: &Fleet, consultation: &str, revision: u32) {
    let cancel = json!({
        "kind": "closure.cancel/1",
        "cancel_id": Uuid::new_v4(),
        "consultation": { "id": consultation, "revision": revision },
        "agent": { "id": "a-1042" },
        "reason": "the customer solved it alone",
    });
    fleet.publish_raw(cancel.to_string().as_bytes(), WorkQueue::Cancels.routing_key()).await;
    written_down(fleet, consultation, revision).await;
}

async fn written_down(fleet: &Fleet, consultation: &str, revision: u32) {
    let sql = format!(
        "SELECT cancelled_through FROM tombstone WHERE consultation_id = '{consultation}' \
         AND cancelled_through >= {revision}"
    );
    eventually("the cancellation to be written down", LONG, || async {
        if fleet.database.query(&sql).await.is_empty() { Err("it is not".to_owned()) } else { Ok(()) }
    })
    .await;
}

#[test]
fn what_is_cancelled_before_it_comes_is_never_sent_on_any_channel_and_the_crm_hears_it_once() {
    journey(async |fleet| {
        let sms = jobs::sms("+819041011001", "cancelled-1@example.com");
        let email = jobs::email("cancelled-2@example.com");
        let dial = jobs::dial("+819041011002", "4101");
        for (job, summary) in [
            (sms, "sms.cancelled cancelled"),
            (email, "email.cancelled cancelled"),
            (dial, "dial.cancelled cancelled"),
        ] {
            cancel(fleet, &consultation(&job), 1).await;
            let id = fleet.publish(&job).await;
            let heard = fleet.outcomes_of(id, 1).await;
            assert_eq!(heard[0].summary(), summary);
            assert_eq!(heard[0].outcome.code, Some(FailureCode::Cancelled));
            assert!(
                heard[0].outcome.rules.iter().any(|rule| rule.id == RuleId::B3),
                "{:?}",
                heard[0].outcome.rules
            );
            assert!(fleet.letters_of(id).await.is_empty(), "nobody has to settle it");
        }
        assert!(fleet.sms.sent_to("819041011001").is_empty());
        for address in ["cancelled-1@example.com", "cancelled-2@example.com"] {
            assert!(fleet.smtp.mails_to(address).is_empty(), "no email is due for it either");
        }
        assert!(fleet.pbx.calls_to("819041011002").is_empty());
    });
}

#[test]
fn a_text_that_waits_for_its_next_try_is_not_tried_again_once_it_is_cancelled() {
    run(async {
        let options = FleetOptions::together("cancel-waiting");
        let fleet = Fleet::start(options).await;
        fleet.sms.behave("819041011003", SmsBehaviour::OutOfCredit);
        let job = jobs::sms("+819041011003", "waiting@example.com");
        let id = fleet.publish(&job).await;
        fleet.reaches(id, DeliveryState::Pending).await;
        cancel(&fleet, &consultation(&job), 1).await;
        fleet.sms.behave("819041011003", SmsBehaviour::Delivered);
        assert_eq!(fleet.outcomes_of(id, 1).await[0].summary(), "sms.cancelled cancelled");
        assert!(fleet.sms.accepted_to("819041011003").is_empty());
        assert!(fleet.smtp.mails_to("waiting@example.com").is_empty());
        fleet.drain().await;
        fleet.finish().await;
    });
}

#[test]
fn a_cancellation_between_the_claim_and_the_send_stops_the_send() {
    run(async {
        let fleet = Fleet::start(FleetOptions::together("cancel-race")).await;
        // The claim's own commit brings the cancellation, so that nothing before it can have seen one.
        fleet
            .database
            .query(
                "CREATE FUNCTION take_back() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
                     INSERT INTO tombstone (consultation_id, cancelled_through)
                     SELECT consultation_id, revision FROM delivery WHERE job_id = NEW.job_id
                     ON CONFLICT DO NOTHING;
                     RETURN NEW;
                 END $$",
            )
            .await;
        fleet
            .database
            .query(
                "CREATE CONSTRAINT TRIGGER take_back AFTER INSERT ON attempt DEFERRABLE INITIALLY DEFERRED
                 FOR EACH ROW EXECUTE FUNCTION take_back()",
            )
            .await;
        let job = jobs::sms("+819041011004", "race@example.com");
        let id = fleet.publish(&job).await;
        assert_eq!(fleet.outcomes_of(id, 1).await[0].summary(), "sms.cancelled cancelled");
        assert!(fleet.sms.sent_to("819041011004").is_empty(), "the gateway was not asked");
        assert!(fleet.smtp.mails_to("race@example.com").is_empty());
        fleet.drain().await;
        fleet.finish().await;
    });
}

#[test]
fn a_text_that_the_gateway_has_is_not_called_back_but_no_email_answers_for_it_any_more() {
    journey(async |fleet| {
        fleet.sms.behave("819041011005", SmsBehaviour::NeverReceipt);
        let job = jobs::sms("+819041011005", "sent@example.com");
        let id = fleet.publish(&job).await;
        fleet.reaches(id, DeliveryState::Accepted).await;
        cancel(fleet, &consultation(&job), 1).await;
        let heard = fleet.outcomes_of(id, 1).await;
        assert_eq!(heard[0].summary(), "sms.unknown no_receipt");
        assert_eq!(heard[0].outcome.fallback_job_id, None);
        assert!(fleet.smtp.mails_to("sent@example.com").is_empty());
    });
}

#[test]
fn a_newer_revision_is_sent_although_the_older_ones_were_cancelled() {
    journey(async |fleet| {
        let mut job = jobs::sms("+819041011006", "newer@example.com");
        cancel(fleet, &consultation(&job), 3).await;
        job["consultation"]["revision"] = json!(4);
        let id = fleet.publish(&job).await;
        assert_eq!(fleet.outcomes_of(id, 1).await[0].summary(), "sms.delivered");
    });
}

#[test]
fn an_operator_cancels_with_a_name_and_a_reason_and_explain_knows_of_it() {
    journey(async |fleet| {
        let job = jobs::sms("+819041011007", "operator@example.com");
        let id = consultation(&job);
        let words = ["--actor", "kim", "--reason", "a test"];
        let arguments = [&["cancel", id.as_str(), "--revision", "1"][..], &words].concat();
        fleet.cli(&arguments).await.with_code(0);
        written_down(fleet, &id, 1).await;
        let file = fleet.file("cancelled.json", job.to_string().as_bytes());
        let answer = fleet.cli(&["--json", "explain", &file]).await.with_code(1).json();
        assert_eq!((&answer["verdict"], &answer["code"]), (&json!("reject"), &json!("cancelled")));
        assert_eq!(answer["fallback"]["email"], "none");
        fleet.cli(&["cancel", &id, "--revision", "0", "--actor", "kim", "--reason", "x"]).await.with_code(2);
    });
}

#[test]
fn a_cancellation_that_cannot_be_read_is_kept_for_a_person_byte_by_byte() {
    journey(async |fleet| {
        let body = br#"{"kind":"closure.cancel/1","cancel_id":"no uuid","note":"kept"}"#;
        fleet.publish_raw(body, WorkQueue::Cancels.routing_key()).await;
        let letter = eventually("the letter", LONG, || async {
            fleet.letters_with(body).await.into_iter().next().ok_or_else(|| "there is none".to_owned())
        })
        .await;
        assert_eq!(letter.summary.queue, WorkQueue::Cancels.name());
        assert_eq!(letter.summary.code, FailureCode::WrongShape);
        assert!(letter.summary.detail.contains("cancel_id"), "{}", letter.summary.detail);
        assert_eq!(fleet.depth(WorkQueue::Jobs(Channel::Sms).name()).await, 0);
    });
}

#[test]
fn a_replay_from_the_desk_meets_the_cancellation_too() {
    journey(async |fleet| {
        let mut job = jobs::sms("+819041011008", "desk@example.com");
        job["scope"] = json!("domestic");
        let id = fleet.publish(&job).await;
        let letter = fleet.outcomes_of(id, 1).await;
        assert_eq!(letter[0].outcome.outcome, OutcomeName::Dead);
        let number = fleet.letters_of(id).await[0].summary.id.to_string();
        cancel(fleet, &consultation(&job), 1).await;
        let words = ["dead", "replay", number.as_str(), "--actor", "kim", "--reason", "a test"];
        fleet.cli(&words).await.with_code(0);
        let heard = fleet.outcomes_of(id, 2).await;
        assert_eq!(heard[1].outcome.outcome, OutcomeName::Cancelled);
        assert!(fleet.sms.sent_to("819041011008").is_empty());
    });
}

#[test]
fn a_cancellation_that_was_a_mistake_is_undone_by_a_person_and_stays_on_record() {
    journey(async |fleet| {
        let mut job = jobs::sms("+819043041001", "undone@example.com");
        let id = job["consultation"]["id"].as_str().expect("a consultation has an id").to_owned();
        let by = ["--actor", "kim", "--reason", "the revision was a mistake"];
        fleet.cli(&[&["cancel", id.as_str(), "--undo"][..], &by].concat()).await.with_code(1);
        let most = ["cancel", id.as_str(), "--revision", "1000000"];
        fleet.cli(&[&most[..], &by].concat()).await.with_code(0);
        written_down(fleet, &id, 1_000_000).await;
        let locked = fleet.publish(&job).await;
        assert_eq!(fleet.outcomes_of(locked, 1).await[0].summary(), "sms.cancelled cancelled");
        let answer = fleet.cli(&[&["cancel", id.as_str(), "--undo"][..], &by].concat()).await.with_code(0);
        assert!(answer.output.contains("revision 1000000"), "{}", answer.output);
        job["job_id"] = json!(uuid::Uuid::new_v4());
        let answered = fleet.publish(&job).await;
        assert_eq!(fleet.outcomes_of(answered, 1).await[0].summary(), "sms.delivered");
        let kept = fleet
            .database
            .query(&format!(
                "SELECT action, cancelled_through, actor FROM tombstone_action WHERE consultation_id = '{id}'"
            ))
            .await;
        assert_eq!(kept, ["undo|1000000|kim"]);
    });
}
