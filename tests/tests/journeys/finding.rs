//! A customer's story among all others: found by number, address, tail and consultation, and counted.

use closure_tests::harness::{Fleet, cli, jobs, kride::journey};
use serde_json::{Value, json};

/// What one search finds, job by job.
async fn found(fleet: &Fleet, words: &[&str]) -> Vec<String> {
    let answer = fleet.cli(&[&["--json", "find"][..], words].concat()).await.with_code(0);
    let page = answer.json();
    let deliveries = page["deliveries"].as_array().cloned().unwrap_or_default();
    deliveries.iter().map(|one| one["job_id"].as_str().unwrap_or_default().to_owned()).collect()
}

#[test]
fn a_customer_is_found_by_number_address_tail_and_consultation_and_shown_by_the_tail_alone() {
    journey(async |fleet| {
        let job = jobs::sms("+819044021001", "Found@Example.com");
        let consultation = job["consultation"]["id"].as_str().expect("it has one").to_owned();
        let agent = job["agent"]["id"].as_str().expect("it has one").to_owned();
        let id = fleet.publish(&job).await;
        assert_eq!(fleet.outcomes_of(id, 1).await[0].summary(), "sms.delivered");
        let mail = fleet.publish(&jobs::email("found@example.com")).await;
        assert_eq!(fleet.outcomes_of(mail, 1).await[0].summary(), "email.accepted");
        for words in [
            &["+81 90-4402-1001"][..],
            &["--tail", "1001", "--country", "81", "--agent", &agent, "--state", "delivered"],
            &["--consultation", &consultation, "--channel", "sms"],
        ] {
            assert!(found(fleet, words).await.contains(&id.to_string()), "{words:?}");
        }
        assert_eq!(found(fleet, &["FOUND@example.com"]).await, [mail.to_string()], "an address in any case");
        assert!(found(fleet, &["+819044029999"]).await.is_empty());
        let shown = fleet.cli(&["find", "+819044021001"]).await.with_code(0).output;
        assert!(shown.contains("+81 ******1001") && !shown.contains("44021001"), "{shown}");
    });
}

#[test]
fn a_search_without_an_anchor_is_refused_and_one_without_keys_says_what_it_cannot_do() {
    journey(async |fleet| {
        let refused = fleet.cli(&["find", "--agent", "kim", "--state", "dead"]).await.with_code(65).errors;
        assert!(refused.contains("--tail") && refused.contains("fleet history"), "{refused}");
        for wrong in [
            &["find", "--tail", "123"][..],
            &["find", "--tail", "1234", "--state", "lost"],
            &["find", "--tail", "1234", "--code", "lost"],
            &["find", "--tail", "1234", "--since", "yesterday"],
            &["find", "--tail", "1234", "--after", "2"],
            &["find", "0904402"],
            &["history", "--since", "2026-02-30"],
            &["history", "--since", "2026-02-20", "--until", "2026-02-01"],
            &["history", "--since", "2026-02-20", "--time-zone", "Mars/Olympus"],
        ] {
            fleet.cli(wrong).await.with_code(65);
        }
        let mut without = fleet.environment.clone();
        without.retain(|(name, _)| name != "FLEET_RECIPIENTS_HASH_KEYS");
        let answer = cli(&without, &["find", "+819044021001"]).await.with_code(1).errors;
        assert!(answer.contains("recipients.hash_keys") && !answer.contains("44021001"), "{answer}");
        cli(&without, &["find", "--tail", "1001"]).await.with_code(0);
        let said = cli(&without, &["doctor"]).await.output;
        assert!(said.contains("recipients were hashed by key 1"), "{said}");
    });
}

#[test]
fn a_corrected_number_is_found_by_what_it_is_now() {
    journey(async |fleet| {
        let wrong = jobs::sms("+819044022001", "corrected@example.com");
        let mut ambiguous = wrong.clone();
        ambiguous["to"]["phone"] = json!({ "number": "09044022001" });
        let id = fleet.publish(&ambiguous).await;
        assert!(
            fleet.outcomes_of(id, 1).await[0].summary().starts_with("sms.dead"),
            "nobody guesses a number"
        );
        assert_eq!(found(fleet, &["--tail", "2001"]).await, [id.to_string()], "by what was typed");
        assert!(found(fleet, &["+819044022001"]).await.is_empty());
        let letter = fleet.letters_of(id).await[0].summary.id.to_string();
        let mut right = wrong;
        right["job_id"] = json!(id.to_string());
        let file = fleet.file("corrected.json", right.to_string().as_bytes());
        let replay = ["dead", "replay", &letter, "--actor", "kim", "--reason", "he said so", "--edit", &file];
        fleet.cli(&replay).await.with_code(0);
        assert_eq!(fleet.outcomes_of(id, 2).await[1].summary(), "sms.delivered");
        assert_eq!(found(fleet, &["+819044022001"]).await, [id.to_string()]);
    });
}

#[test]
fn what_was_sent_is_counted_for_a_person_a_program_and_a_spreadsheet() {
    journey(async |fleet| {
        let mut job = jobs::sms("+819044023001", "counted@example.com");
        job["agent"]["id"] = json!("=cmd|' /C calc'!A0");
        let id = fleet.publish(&job).await;
        assert_eq!(fleet.outcomes_of(id, 1).await[0].summary(), "sms.delivered");
        let today = fleet.database.query("SELECT (now() AT TIME ZONE 'Asia/Seoul')::date").await.join("");
        let counted = ["history", "--since", &today, "--agent", "=cmd|' /C calc'!A0"];
        let all = fleet.cli(&[&["--json"][..], &counted].concat()).await.with_code(0).json();
        assert_eq!(all["total"], Value::from(1), "{all}");
        let row = &all["rows"][0];
        assert_eq!(
            (&row["channel"], &row["country_code"], &row["state"]),
            (&json!("sms"), &json!(81), &json!("delivered"))
        );
        let csv = fleet.cli(&[&counted[..], &["--csv"]].concat()).await.with_code(0).output;
        let lines: Vec<&str> = csv.lines().collect();
        assert_eq!(lines[0], "day,channel,country,agent,gateway,state,count");
        assert_eq!(lines[1], format!("{today},sms,81,'=cmd|' /C calc'!A0,nhn,delivered,1"));
        assert_eq!(lines.len(), 2, "{csv}");
    });
}

#[test]
fn what_a_release_before_wrote_is_found_after_the_backfill() {
    journey(async |fleet| {
        let id = fleet.publish(&jobs::sms("+819044024001", "before@example.com")).await;
        assert_eq!(fleet.outcomes_of(id, 1).await[0].summary(), "sms.delivered");
        let forget = format!(
            "UPDATE delivery SET recipient_hash = NULL, hash_key = NULL, recipient_tail = NULL, country_code = NULL,
                 agent_id = NULL WHERE job_id = '{id}'; DELETE FROM backfill"
        );
        fleet.database.query(&forget).await;
        let blind = fleet.cli(&["find", "+819044024001"]).await.with_code(0).output;
        assert!(blind.contains("fleet backfill") && !blind.contains(&id.to_string()), "{blind}");
        fleet.cli(&["backfill", "--batch", "2", "--pause-ms", "0"]).await.with_code(0);
        assert_eq!(found(fleet, &["+819044024001"]).await, [id.to_string()]);
        let seeing = fleet.cli(&["find", "+819044024001"]).await.with_code(0).output;
        assert!(!seeing.contains("fleet backfill"), "{seeing}");
    });
}
