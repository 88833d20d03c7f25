//! The dead-letter desk: replay, discard, and the email in place of a text.

use std::path::Path;

use closure_store::{DeadLetterState, DeliveryState};
use closure_tests::harness::{Fleet, LONG, content, eventually, jobs, kride::journey, python};
use serde_json::Value;

async fn dead_email(fleet: &Fleet, address: &str) -> (Value, String) {
    let mut job = jobs::email(address);
    job["email"]["subject"] = "분실물 안내입니다".into();
    let id = fleet.publish(&job).await;
    fleet.outcomes_of(id, 1).await;
    let letters = fleet.letters_of(id).await;
    assert_eq!(letters.len(), 1);
    (job, letters[0].summary.id.to_string())
}

fn settle<'a>(what: &'a str, letter: &'a str, more: &[&'a str]) -> Vec<&'a str> {
    let mut arguments = vec!["dead", what, letter, "--actor", "supervisor-1", "--reason", "a test"];
    arguments.extend(more);
    arguments
}

#[test]
fn a_corrected_letter_is_sent_as_a_new_generation_and_is_resolved() {
    journey(async |fleet| {
        let (mut job, letter) = dead_email(fleet, "replayed@example.com").await;
        let id = jobs::id(&job);
        job["email"]["subject"] = "Your lost item was found".into();
        let file = fleet.file("replayed.json", job.to_string().as_bytes());
        fleet.cli(&settle("replay", &letter, &["--edit", &file])).await.with_code(0);
        let heard = fleet.outcomes_of(id, 2).await;
        assert_eq!(heard.len(), 2);
        assert_eq!(heard[1].summary(), "email.accepted");
        assert_eq!(heard[1].outcome.generation.0, 2);
        assert_ne!(heard[0].outcome.outcome_id, heard[1].outcome.outcome_id);
        assert_eq!(fleet.smtp.mails_to("replayed@example.com").len(), 1);
        assert_eq!(fleet.letters_of(id).await[0].summary.state, DeadLetterState::Resolved);
        fleet.cli(&settle("replay", &letter, &[])).await.with_code(1);
    });
}

#[test]
fn a_letter_replayed_without_a_correction_dies_again_and_is_open_again() {
    journey(async |fleet| {
        let (job, letter) = dead_email(fleet, "dies-again@example.com").await;
        let id = jobs::id(&job);
        fleet.cli(&settle("replay", &letter, &[])).await.with_code(0);
        let heard = fleet.outcomes_of(id, 2).await;
        assert_eq!(heard[1].summary(), "email.dead subject_not_english");
        let letters = fleet.letters_of(id).await;
        assert_eq!(letters.len(), 1, "it stays one letter");
        assert_eq!((letters[0].summary.state, letters[0].summary.deaths), (DeadLetterState::Open, 2));
    });
}

#[test]
fn a_discarded_letter_is_told_to_the_crm_and_cannot_be_replayed() {
    journey(async |fleet| {
        let (job, letter) = dead_email(fleet, "discarded@example.com").await;
        let id = jobs::id(&job);
        fleet.cli(&settle("discard", &letter, &[])).await.with_code(0);
        fleet.reaches(id, DeliveryState::Discarded).await;
        let heard = fleet.outcomes_of(id, 2).await;
        assert_eq!(heard[1].routing_key, "email.discarded");
        assert_ne!(heard[1].outcome.outcome_id, heard[0].outcome.outcome_id, "it is no repeat of the death");
        let refused = fleet.cli(&settle("replay", &letter, &[])).await.with_code(1);
        assert!(refused.errors.contains("discarded"), "{}", refused.errors);
        assert!(fleet.smtp.mails_to("discarded@example.com").is_empty());
    });
}

#[test]
fn a_correction_that_is_another_job_is_refused_and_the_letter_stays_open() {
    journey(async |fleet| {
        let (job, letter) = dead_email(fleet, "another-job@example.com").await;
        let other = fleet.file("other.json", jobs::email("someone-else@example.com").to_string().as_bytes());
        fleet.cli(&settle("replay", &letter, &["--edit", &other])).await.with_code(65);
        assert_eq!(fleet.letters_of(jobs::id(&job)).await[0].summary.state, DeadLetterState::Open);
        let broken = fleet.file("broken.json", b"{ no json");
        fleet.cli(&settle("replay", &letter, &["--edit", &broken])).await.with_code(65);
        assert_eq!(fleet.letters_of(jobs::id(&job)).await[0].summary.state, DeadLetterState::Open);
    });
}

#[test]
fn what_a_correction_changed_is_shown_masked_and_the_text_before_it_is_not_lost() {
    journey(async |fleet| {
        let (mut job, letter) = dead_email(fleet, "diffed@example.com").await;
        let id = jobs::id(&job);
        job["email"]["subject"] = "Your lost item was found".into();
        job["to"]["email"] = "other-diffed@example.com".into();
        let file = fleet.file("diffed.json", job.to_string().as_bytes());
        fleet.cli(&settle("replay", &letter, &["--edit", &file])).await.with_code(0);
        fleet.outcomes_of(id, 2).await;
        let diff = fleet.cli(&["dead", "diff", &letter]).await.with_code(0).output;
        assert!(diff.contains("from edition 1 as it came to edition 2 by supervisor-1 (a test)"), "{diff}");
        assert!(diff.contains("to.email: d***@example.com -> o***@example.com"), "{diff}");
        assert!(diff.contains("email.subject: a text of 9 characters -> a text of 24 characters"), "{diff}");
        let same = fleet.cli(&["--json", "dead", "diff", &letter, "--from", "2", "--to", "2"]).await;
        assert_eq!(same.with_code(0).json()["differences"], serde_json::json!([]));
        fleet.cli(&["dead", "diff", &letter, "--from", "7"]).await.with_code(65);
        let masked = fleet.cli(&["--json", "dead", "show", &letter]).await.with_code(0).json();
        assert_eq!(masked["editions"][0]["body"], serde_json::Value::Null);
        let reveal = ["--json", "dead", "show", &letter, "--reveal", "--purpose", "a test"];
        let shown = fleet.cli(&reveal).await.with_code(0).json();
        let first = shown["editions"][0]["body"].as_str().expect("a text");
        assert!(first.contains("분실물 안내입니다"), "{first}");
        let story = fleet.cli(&["show", &id.to_string()]).await.with_code(0).output;
        assert!(story.contains("edition  1  dead  subject_not_english"), "{story}");
    });
}

#[test]
fn a_decision_on_a_letter_that_has_changed_is_refused_by_its_code_and_says_who_changed_it() {
    journey(async |fleet| {
        let (job, letter) = dead_email(fleet, "versions@example.com").await;
        let seen = fleet.letters_of(jobs::id(&job)).await[0].summary.version.to_string();
        fleet.cli(&settle("replay", &letter, &["--expect-version", &seen])).await.with_code(0);
        fleet.outcomes_of(jobs::id(&job), 2).await;
        for what in ["replay", "discard"] {
            let stale = fleet.cli(&settle(what, &letter, &["--expect-version", &seen])).await.with_code(1);
            assert!(stale.errors.contains("letter_changed: "), "{}", stale.errors);
            assert!(stale.errors.contains("death at "), "{}", stale.errors);
        }
        let now = fleet.letters_of(jobs::id(&job)).await[0].summary.version.to_string();
        fleet.cli(&settle("discard", &letter, &["--expect-version", &now])).await.with_code(0);
        let late = fleet.cli(&settle("replay", &letter, &["--expect-version", &now])).await.with_code(1);
        assert!(late.errors.contains("discard by supervisor-1 at "), "{}", late.errors);
    });
}

#[test]
fn the_desk_shows_who_did_what_masked_and_the_original_bytes_for_a_purpose() {
    journey(async |fleet| {
        let (job, letter) = dead_email(fleet, "shown@example.com").await;
        fleet.cli(&settle("replay", &letter, &[])).await.with_code(0);
        fleet.outcomes_of(jobs::id(&job), 2).await;
        let shown = fleet.cli(&["dead", "show", &letter]).await.with_code(0).output;
        assert!(shown.contains("supervisor-1"), "{shown}");
        assert!(shown.contains("subject_not_english"), "{shown}");
        assert!(shown.contains("s***@example.com") && !shown.contains("shown@example.com"), "{shown}");
        assert!(!shown.contains("분실물"), "{shown}");
        let reveal = ["dead", "show", &letter, "--reveal", "--purpose", "고객 문의 응대"];
        let shown = fleet.cli(&reveal).await.with_code(0).output;
        assert!(shown.contains("shown@example.com") && shown.contains("분실물"), "{shown}");
        let list = fleet.cli(&["--json", "dead", "list"]).await.with_code(0).json();
        let number: i64 = letter.parse().expect("a number");
        let ours = list.as_array().expect("a list").iter().any(|row| row["id"] == number);
        assert!(ours, "{list}");
    });
}

#[test]
fn what_show_and_the_desk_print_for_programs_is_what_their_published_schemas_say() {
    journey(async |fleet| {
        let (job, letter) = dead_email(fleet, "printed@example.com").await;
        fleet.cli(&settle("replay", &letter, &[])).await.with_code(0);
        fleet.outcomes_of(jobs::id(&job), 2).await;
        let text = fleet.publish(&jobs::sms("+819056011777", "printed-text@example.com")).await;
        fleet.outcomes_of(text, 1).await;
        let bytes = "\u{feff}\u{0}no job";
        fleet.vhost.put("closure.sms.dead", None, bytes).await;
        let bad = eventually("the letter of what is no job", LONG, || async {
            let ours = fleet.letters().await.into_iter().find(|letter| letter.body == bytes);
            ours.map(|letter| letter.summary.id.to_string()).ok_or_else(|| "there is none".to_owned())
        })
        .await;
        let schemas = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/contract/printed");
        let (job, text) = (jobs::id(&job).to_string(), text.to_string());
        for (schema, command) in [
            ("show.1", vec!["show", &job]),
            ("show.1", vec!["show", &text]),
            ("dead-list.1", vec!["dead", "list"]),
            ("dead-list.1", vec!["dead", "list", "--state", "resolved"]),
            ("dead-show.1", vec!["dead", "show", &letter]),
            ("dead-show.1", vec!["dead", "show", &bad]),
            ("dead-show.1", vec!["dead", "show", &letter, "--reveal", "--purpose", "a test"]),
            ("dead-show.1", vec!["dead", "show", &bad, "--reveal", "--purpose", "a test"]),
        ] {
            let printed = fleet.cli(&[&["--json"], &command[..]].concat()).await.with_code(0).output;
            let mut checker = python(&Path::new(env!("CARGO_MANIFEST_DIR")).join("python/printed.py"));
            checker.arg(schemas.join(format!("{schema}.schema.json")));
            checker.arg(fleet.file("printed.json", printed.as_bytes()));
            content(checker).await;
        }
    });
}

#[test]
fn a_text_that_waits_for_a_person_is_answered_by_its_email_once_and_given_up() {
    journey(async |fleet| {
        // Without a country code it may be a Japanese mobile or a number of another country.
        let mut job = jobs::sms("84912345678", "by-email@example.com");
        job["to"].as_object_mut().expect("a recipient").remove("email");
        let id = fleet.publish(&job).await;
        assert_eq!(fleet.outcomes_of(id, 1).await[0].summary(), "sms.dead ambiguous_number");
        let letter = fleet.letters_of(id).await[0].summary.id.to_string();
        let refused = fleet.cli(&settle("answer-by-email", &letter, &[])).await.with_code(1);
        assert!(refused.errors.contains("--edit"), "{}", refused.errors);
        job["to"]["email"] = "by-email@example.com".into();
        let file = fleet.file("by-email.json", job.to_string().as_bytes());
        fleet.cli(&settle("answer-by-email", &letter, &["--edit", &file])).await.with_code(0);
        assert_eq!(fleet.outcomes_of(id.fallback_email(), 1).await[0].summary(), "email.accepted");
        let heard = fleet.outcomes_of(id, 2).await;
        assert_eq!(heard[1].routing_key, "sms.discarded");
        assert_eq!(fleet.smtp.mails_to("by-email@example.com").len(), 1);
        let sql =
            format!("SELECT act || ' ' || verdict FROM audit WHERE subject_id = '{letter}' ORDER BY id");
        let rows = fleet.database.query(&sql).await;
        assert_eq!(rows, ["letter.edit done", "letter.answer_by_email done"]);
        fleet.cli(&settle("answer-by-email", &letter, &[])).await.with_code(1);
        let (mail, letter) = dead_email(fleet, "no-text@example.com").await;
        fleet.cli(&settle("answer-by-email", &letter, &[])).await.with_code(1);
        assert_eq!(fleet.letters_of(jobs::id(&mail)).await[0].summary.state, DeadLetterState::Open);
    });
}
