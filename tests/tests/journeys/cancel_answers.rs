//! The CRM hears whether what it took back was taken back in time (B3).

use std::collections::BTreeSet;

use closure_contract::{CancelOutcome, JobId, cancel_outcome::CancelledJobState, topology::WorkQueue};
use closure_simulators::SmsBehaviour;
use closure_store::DeliveryState;
use closure_tests::harness::{
    Answered, Fleet, FleetOptions, LONG, ProcessSpec, eventually, jobs, kride::journey, run,
};
use serde_json::{Value, json};
use uuid::Uuid;

/// The trace that every cancellation here belongs to.
const TRACE: &str = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";

/// A cancellation, whose bytes may be published more than once.
struct Cancellation {
    id: Uuid,
    body: String,
}

impl Cancellation {
    /// Of the answer of this job's consultation, up to this revision.
    fn of(job: &Value, revision: u32) -> Self {
        let id = Uuid::new_v4();
        let body = json!({
            "kind": "closure.cancel/1",
            "cancel_id": id,
            "consultation": { "id": job["consultation"]["id"], "revision": revision },
            "agent": { "id": "a-1042" },
        });
        Self { id, body: body.to_string() }
    }

    async fn publish(&self, fleet: &Fleet) {
        let key = WorkQueue::Cancels.routing_key();
        fleet.publish_raw_of(self.body.as_bytes(), key, Some(TRACE)).await;
    }

    /// Publishes it and waits for one more answer, which is checked for what every answer has.
    async fn ask(&self, fleet: &Fleet) -> CancelOutcome {
        let before = fleet.outcomes.answers_to(self.id).len();
        self.publish(fleet).await;
        let answer = self.answer(fleet, before).await;
        let trace = fleet.outcomes.answers_to(self.id)[before].traceparent.clone();
        assert_eq!(trace.as_deref(), Some(TRACE));
        answer
    }

    /// The answer behind so many others.
    async fn answer(&self, fleet: &Fleet, before: usize) -> CancelOutcome {
        let Answered { answer, message_id, routing_key, .. } =
            eventually("the answer to a cancellation", LONG, || async {
                fleet.outcomes.answers_to(self.id).get(before).cloned().ok_or_else(|| "none".to_owned())
            })
            .await;
        assert_eq!(message_id, Some(answer.outcome_id.to_string()));
        assert_eq!(routing_key, format!("cancel.{}", answer.outcome.as_str()));
        assert!(answer.complete);
        answer
    }
}

/// An answer as `too_late: email too_late, sms ended`.
fn said(answer: &CancelOutcome) -> String {
    let job = |job: &closure_contract::cancel_outcome::CancelledJob| {
        format!("{} {}", job.channel.as_str(), job.state.as_str())
    };
    let jobs: BTreeSet<String> = answer.jobs.iter().map(job).collect();
    let jobs = jobs.into_iter().collect::<Vec<_>>().join(", ");
    format!("{}: {jobs}", answer.outcome.as_str())
}

fn of_the_same_consultation(mut job: Value, as_this: &Value, revision: u32) -> Value {
    job["consultation"] = as_this["consultation"].clone();
    job["consultation"]["revision"] = json!(revision);
    job
}

#[test]
fn a_cancel_that_comes_before_its_job_is_answered_with_nothing_yet_and_a_repeat_says_it_under_the_same_id() {
    journey(async |fleet| {
        let job = jobs::sms("+819041021001", "nothing-yet@example.com");
        let cancellation = Cancellation::of(&job, 1);
        let first = cancellation.ask(fleet).await;
        assert_eq!(said(&first), "nothing_yet: ");
        assert_eq!(json!(first.consultation), json!({ "id": job["consultation"]["id"], "revision": 1 }));
        assert_eq!(cancellation.ask(fleet).await.outcome_id, first.outcome_id, "it says the same");
        let id = fleet.publish(&job).await;
        assert_eq!(fleet.outcomes_of(id, 1).await[0].summary(), "sms.cancelled cancelled");
        let later = cancellation.ask(fleet).await;
        assert_eq!((said(&later).as_str(), later.jobs[0].job_id), ("cancelled: sms cancelled", id));
        assert_ne!(later.outcome_id, first.outcome_id, "it says something else");
        assert!(later.at.0 > first.at.0, "and the later one holds");
    });
}

#[test]
fn a_cancel_in_time_is_answered_with_cancelled_and_one_in_time_for_a_part_with_partly() {
    run(async {
        let fleet = Fleet::start(FleetOptions::together("cancel-answers")).await;
        fleet.sms.behave("819041021002", SmsBehaviour::OutOfCredit);
        let text = jobs::sms("+819041021002", "in-time@example.com");
        let id = fleet.publish(&text).await;
        fleet.reaches(id, DeliveryState::Pending).await;
        let newer = of_the_same_consultation(jobs::email("newer@example.com"), &text, 2);
        let in_time = Cancellation::of(&text, 1).ask(&fleet).await;
        assert_eq!((said(&in_time).as_str(), in_time.jobs[0].job_id), ("cancelled: sms cancelled", id));
        let newer = fleet.publish(&newer).await;
        assert_eq!(fleet.outcomes_of(newer, 1).await[0].summary(), "email.accepted");
        let again = Cancellation::of(&text, 1).ask(&fleet).await;
        assert_eq!(again.jobs, in_time.jobs, "a newer revision is no part of it");
        let both = Cancellation::of(&text, 2).ask(&fleet).await;
        let listed: Vec<(JobId, u32)> = both.jobs.iter().map(|job| (job.job_id, job.revision)).collect();
        assert_eq!(said(&both), "partly: email too_late, sms cancelled");
        assert_eq!(listed, [(newer, 2), (id, 1)], "the newest revision comes first");
        fleet.sms.behave("819041021002", SmsBehaviour::Delivered);
        fleet.drain().await;
        assert!(fleet.sms.accepted_to("819041021002").is_empty(), "what was said is what happens");
        fleet.finish().await;
    });
}

#[test]
fn a_cancel_of_what_the_gateway_has_is_answered_with_too_late() {
    journey(async |fleet| {
        fleet.sms.behave("819041021003", SmsBehaviour::NeverReceipt);
        let job = jobs::sms("+819041021003", "too-late@example.com");
        let id = fleet.publish(&job).await;
        fleet.reaches(id, DeliveryState::Accepted).await;
        let answer = Cancellation::of(&job, 1).ask(fleet).await;
        assert_eq!((said(&answer).as_str(), answer.jobs[0].job_id), ("too_late: sms too_late", id));
        assert_eq!(fleet.outcomes_of(id, 1).await[0].summary(), "sms.unknown no_receipt");
    });
}

#[test]
fn a_cancel_of_what_waits_in_the_desk_says_that_nothing_of_it_will_be_sent() {
    journey(async |fleet| {
        let mut job = jobs::sms("+819041021004", "in-the-desk@example.com");
        job["to"]["email"] = Value::Null;
        job["scope"] = json!("domestic");
        let id = fleet.publish(&job).await;
        fleet.outcomes_of(id, 1).await;
        let answer = Cancellation::of(&job, 1).ask(fleet).await;
        assert_eq!((answer.outcome.as_str(), answer.jobs[0].state), ("cancelled", CancelledJobState::Ended));
    });
}

#[test]
fn a_cancel_during_a_doubt_is_answered_with_under_way_and_the_jobs_own_outcome_tells_the_rest() {
    run(async {
        let processes = vec![
            ProcessSpec::work("sms", &["sms"]),
            ProcessSpec::work("rest", &["fallback", "dead", "cancel"]),
            ProcessSpec::intake(),
        ];
        let fleet = Fleet::start(FleetOptions::with("cancel-doubt", processes)).await;
        fleet.sms.behave("819041021005", SmsBehaviour::RequestLost);
        let job = jobs::sms("+819041021005", "doubt@example.com");
        let id = fleet.publish(&job).await;
        fleet.reaches(id, DeliveryState::InDoubt).await;
        // Nobody looks into it before the cancellation is answered.
        fleet.kill("sms").await;
        let answer = Cancellation::of(&job, 1).ask(&fleet).await;
        assert_eq!((said(&answer).as_str(), answer.jobs[0].job_id), ("under_way: sms under_way", id));
        fleet.start_process("sms").await;
        assert_eq!(fleet.outcomes_of(id, 1).await[0].summary(), "sms.unknown answer_lost");
        fleet.drain().await;
        assert!(fleet.sms.accepted_to("819041021005").is_empty(), "and it is not sent once more");
        fleet.finish().await;
    });
}

#[test]
fn a_cancel_is_answered_by_what_stands_behind_its_commit_so_that_no_job_slips_through_untold() {
    run(async {
        let processes = vec![ProcessSpec::work("cancel", &["cancel"])];
        let fleet = Fleet::start(FleetOptions::with("cancel-commit", processes)).await;
        let job = jobs::email("slipped-through@example.com");
        // The cancellation's own commit brings a mail that was sent, so that nothing before it can have seen one.
        let sent = "CREATE FUNCTION sent_meanwhile() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS $$ BEGIN
                 INSERT INTO delivery (job_id, channel, kind, consultation_id, revision, generation, state, body,
                     body_hash, ended_at)
                 VALUES (gen_random_uuid(), 'email', 'closure.email/1', NEW.consultation_id, 1, 1, 'accepted', 'b',
                     'h', now());
                 RETURN NEW;
             END $$";
        let trigger = "CREATE CONSTRAINT TRIGGER sent_meanwhile AFTER INSERT ON tombstone
             DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION sent_meanwhile()";
        for sql in [sent, trigger] {
            fleet.database.query(sql).await;
        }
        assert_eq!(said(&Cancellation::of(&job, 1).ask(&fleet).await), "too_late: email too_late");
        fleet.drain().await;
        fleet.finish().await;
    });
}

#[test]
fn a_cancel_worker_that_dies_between_the_commit_and_the_answer_has_its_cancel_answered_by_the_next_one() {
    run(async {
        let processes = vec![ProcessSpec::work("cancel", &["cancel"])];
        let fleet = Fleet::start(FleetOptions::with("cancel-killed", processes)).await;
        let job = jobs::sms("+819041021006", "killed@example.com");
        let cancellation = Cancellation::of(&job, 1);
        // It waits between both until the right is there again.
        fleet.database.query("REVOKE SELECT (state) ON delivery FROM closure_cancel").await;
        cancellation.publish(&fleet).await;
        eventually("the cancellation to be written down", LONG, || async {
            let rows = fleet.database.query("SELECT cancelled_through FROM tombstone").await;
            if rows == ["1"] { Ok(()) } else { Err(format!("{rows:?}")) }
        })
        .await;
        fleet.kill("cancel").await;
        assert!(fleet.outcomes.answers_to(cancellation.id).is_empty(), "nothing was known to tell");
        fleet.database.query("GRANT SELECT (state) ON delivery TO closure_cancel").await;
        fleet.start_process("cancel").await;
        assert_eq!(said(&cancellation.answer(&fleet, 0).await), "nothing_yet: ");
        fleet.drain().await;
        assert_eq!(fleet.outcomes.answers_to(cancellation.id).len(), 1, "and it was acked");
        fleet.finish().await;
    });
}

#[test]
fn the_crm_hears_of_what_an_operator_takes_back_too() {
    journey(async |fleet| {
        let job = jobs::sms("+819041021007", "operator-answer@example.com");
        let consultation = job["consultation"]["id"].as_str().expect("a job has a consultation");
        let words = ["--revision", "1", "--actor", "kim", "--reason", "a test"];
        let arguments = [&["--json", "cancel", consultation][..], &words].concat();
        let published = fleet.cli(&arguments).await.with_code(0).json();
        let id = published["cancel_id"].as_str().and_then(|id| id.parse().ok()).expect("it has an id");
        let cancellation = Cancellation { id, body: String::new() };
        assert_eq!(said(&cancellation.answer(fleet, 0).await), "nothing_yet: ");
    });
}
