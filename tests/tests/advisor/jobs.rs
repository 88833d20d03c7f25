//! What became of the jobs that a CRM published.

use closure_contract::{Generation, JobId, ReceiptStatus, Timestamp};
use closure_store::{BounceEffect, Bounced, NewBounce};
use closure_tests::harness::{Connections, Fleet, HttpAnswer, LONG, eventually, jobs, run};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::{JOBS, NEXT, TOKEN, ask, code, is_korean, look_up, send, start, start_at_work};

/// Waits until nothing is owed about a job any more, and answers with what is told of it then.
async fn told(fleet: &Fleet, job: JobId) -> Value {
    eventually("the outcome to be told", LONG, || async {
        let answer = look_up(fleet, &format!("/v1/jobs/{job}"), "en").await;
        let body = answer.json();
        if body["outcomes"][0]["told"] == json!(true) { Ok(body) } else { Err(body.to_string()) }
    })
    .await
}

fn names_nobody(answer: &Value, job: &Value) {
    let text = answer.to_string();
    let digits: String = job["to"]["phone"]["number"]
        .as_str()
        .unwrap_or_default()
        .chars()
        .filter(char::is_ascii_digit)
        .collect();
    for personal in [&digits[2..], "@example.com", "refund"] {
        assert!(!text.contains(personal), "{personal}: {text}");
    }
}

#[test]
fn what_became_of_a_text_and_of_the_email_in_its_place_is_told_in_the_wires_words_without_any_customer() {
    run(async {
        let fleet = start_at_work("jobs-api").await;
        let job = jobs::sms("+81 90-1219-0002", "jobs-api@example.com");
        let id = fleet.publish(&job).await;
        let heard = fleet.outcomes.first(id).await.outcome;
        let email_id = heard.fallback_job_id.expect("an email answers");
        let email_heard = fleet.outcomes.first(email_id).await.outcome;

        let text = told(&fleet, id).await;
        for (field, expected) in [
            ("job_id", json!(id)),
            ("consultation_id", job["consultation"]["id"].clone()),
            ("revision", json!(1)),
            ("channel", json!("sms")),
            ("generation", json!(1)),
            ("state", json!("undelivered")),
            ("code", json!("not_delivered")),
            ("attempts", json!(1)),
            ("fallback_job_id", json!(email_id)),
            ("fallback_of", json!(null)),
        ] {
            assert_eq!(text[field], expected, "{field}: {text}");
        }
        let on_the_wire = serde_json::to_value(&heard).expect("an outcome is JSON");
        let outcome = text["outcomes"][0].as_object().expect("an outcome");
        for (field, value) in outcome.iter().filter(|(field, _)| *field != "told") {
            assert_eq!(value, &on_the_wire[field], "{field}");
        }
        assert_eq!(text["outcomes"].as_array().map(Vec::len), Some(1));
        assert_eq!(text["ended_at"], on_the_wire["at"]);

        let email = told(&fleet, email_id).await;
        assert_eq!((&email["fallback_of"], &email["fallback_job_id"]), (&json!(id), &json!(null)));
        assert_eq!((&email["state"], &email["channel"]), (&json!("accepted"), &json!("email")));
        assert_eq!(email["outcomes"][0]["outcome_id"], json!(email_heard.outcome_id));
        [&text, &email].into_iter().for_each(|answer| names_nobody(answer, &job));
        for id in [id, email_id] {
            let trace = format!("\"token\":\"advisor.jobs_token\",\"job_id\":\"{id}\"");
            assert!(fleet.has_logged(&trace), "{trace}");
        }

        let consultation = job["consultation"]["id"].as_str().expect("it has a name");
        let answer = look_up(&fleet, &format!("/v1/consultations/{consultation}"), "ko").await;
        assert_eq!(answer.status, 200);
        let answer = answer.json();
        assert_eq!((&answer["consultation_id"], &answer["has_more"]), (&json!(consultation), &json!(false)));
        let listed: Vec<&Value> =
            answer["jobs"].as_array().into_iter().flatten().map(|job| &job["job_id"]).collect();
        assert_eq!(listed, [&json!(email_id), &json!(id)], "of one revision the job that began last");
        assert!(
            is_korean(&answer["jobs"][1]["meaning"]) && is_korean(&answer["jobs"][1]["remedy"]),
            "{answer}"
        );
        fleet.finish().await;
    });
}

fn text_of(value: &Value) -> String {
    value.as_str().expect("a text").to_owned()
}

/// A report that the mail of this generation came back.
fn bounce(job_id: JobId, generation: u32) -> NewBounce {
    NewBounce {
        job_id,
        generation: Generation(generation),
        report_id: "earlier-1".to_owned(),
        status: ReceiptStatus::Undelivered,
        provider_code: None,
        occurred_at: None,
        received_at: Timestamp::now(),
        effect: BounceEffect::Undelivered { detail: "it came back".to_owned(), suppress: None },
    }
}

#[test]
fn what_was_told_of_a_job_before_stands_in_its_order_beside_the_outcome_that_holds() {
    run(async {
        let fleet = start_at_work("jobs-api-earlier").await;
        let mut job = jobs::email("jobs-earlier@example.com");
        job["email"]["subject"] = json!("분실물 안내입니다");
        let id = fleet.publish(&job).await;
        fleet.outcomes_of(id, 1).await;
        let first = told(&fleet, id).await;
        assert_eq!(first["earlier_outcomes"], json!([]), "nothing was told before the first word: {first}");
        let letter = fleet.letters_of(id).await[0].summary.id.to_string();
        job["email"]["subject"] = json!("Your lost item was found");
        let file = fleet.file("earlier.json", job.to_string().as_bytes());
        let by = ["--actor", "kim", "--reason", "a test"];
        let replay = [&["dead", "replay", &letter, "--edit", &file][..], &by].concat();
        fleet.cli(&replay).await.with_code(0);
        fleet.outcomes_of(id, 2).await;
        told(&fleet, id).await;
        assert_eq!(fleet.store.record_bounce(bounce(id, 2)).await, Ok(Bounced::Moved));
        let heard = fleet.outcomes_of(id, 3).await;
        let answer = told(&fleet, id).await;

        let earlier = answer["earlier_outcomes"].as_array().expect("a list");
        let ends: Vec<&Value> = earlier.iter().map(|outcome| &outcome["outcome"]).collect();
        assert_eq!(ends, [&json!("dead"), &json!("accepted")], "{answer}");
        assert_eq!(answer["outcomes"][0]["outcome"], json!("undelivered"));
        let holding = answer["outcomes"].as_array().expect("a list");
        for (outcome, heard) in earlier.iter().chain(holding).zip(&heard) {
            let on_the_wire = serde_json::to_value(&heard.outcome).expect("an outcome is JSON");
            for (field, value) in outcome.as_object().expect("an outcome") {
                let expected = if field == "told" { &json!(true) } else { &on_the_wire[field] };
                assert_eq!(value, expected, "{field} of {outcome}");
            }
        }
        assert_eq!(answer["outcomes"][0]["corrects"], earlier[1]["outcome_id"]);
        let consultation = job["consultation"]["id"].as_str().expect("it has a name");
        let listed = look_up(&fleet, &format!("/v1/consultations/{consultation}"), "en").await.json();
        assert_eq!(listed["jobs"][0]["earlier_outcomes"], answer["earlier_outcomes"]);

        let shown = fleet.cli(&["--json", "show", &id.to_string()]).await.with_code(0).json();
        assert_eq!(shown[0]["earlier_outcomes"], answer["earlier_outcomes"], "people are told the same");
        let shown = fleet.cli(&["show", &id.to_string()]).await.with_code(0).output;
        let lines: Vec<&str> =
            shown.lines().filter_map(|line| line.trim_start().strip_prefix("told     ")).collect();
        for (line, outcome) in lines.iter().zip(earlier) {
            let number = format!("{}.{}", outcome["generation"], outcome["word"]);
            for part in [&number, &text_of(&outcome["outcome"]), &text_of(&outcome["at"])] {
                assert!(line.contains(part.as_str()), "{part}: {shown}");
            }
        }
        assert_eq!(lines.len(), 2, "{shown}");
        assert!(lines[0].ends_with("subject_not_english"), "{shown}");
        assert!(!answer.to_string().contains("@example.com"), "{answer}");
        fleet.finish().await;
    });
}

#[test]
fn a_consultation_lists_the_newest_revision_first_whenever_each_was_published() {
    run(async {
        let fleet = start_at_work("jobs-api-revisions").await;
        let mut published = Vec::new();
        for revision in [2, 3] {
            let mut job = jobs::email("jobs-revisions@example.com");
            job["consultation"] = json!({ "id": "세션/42 ä", "channel": "board", "revision": revision });
            published.push(fleet.publish(&job).await);
            fleet.outcomes.first(published[published.len() - 1]).await;
        }
        let path = "/v1/consultations/%EC%84%B8%EC%85%98%2F42%20%C3%A4";
        let answer = look_up(&fleet, path, "en").await.json();
        let listed: Vec<&Value> =
            answer["jobs"].as_array().into_iter().flatten().map(|job| &job["job_id"]).collect();
        assert_eq!(listed, [&json!(published[1]), &json!(published[0])], "{answer}");
        fleet.finish().await;
    });
}

#[test]
fn a_token_opens_its_own_half_and_a_token_of_today_learns_nothing_of_any_job() {
    run(async {
        let fleet = start("jobs-api-rights", |options| options).await;
        let job = format!("/v1/jobs/{}", Uuid::new_v4());
        for path in [job.as_str(), "/v1/consultations/C-1"] {
            for token in [TOKEN, NEXT] {
                let authorization = format!("Bearer {token}");
                let refused = send(&fleet, "GET", path, &[("Authorization", &authorization)], b"").await;
                assert_eq!((refused.status, code(&refused).as_str()), (403, "forbidden"), "{path}");
                let challenge = Some("Bearer error=\"insufficient_scope\"");
                assert_eq!(refused.header("WWW-Authenticate"), challenge);
            }
            let stranger = send(&fleet, "GET", path, &[], b"").await;
            assert_eq!((stranger.status, code(&stranger).as_str()), (401, "unauthorized"), "{path}");
            assert_eq!(look_up(&fleet, path, "en").await.status, 404);
        }
        for path in ["/v1/explain", "/v1/validate"] {
            let refused = ask(&fleet, path, JOBS, b"{}").await;
            assert_eq!((refused.status, code(&refused).as_str()), (403, "forbidden"), "{path}");
        }
        fleet.finish().await;
    });
}

/// Path, status and code.
type Case = (String, u16, &'static str);

fn refused_as(answer: &HttpAnswer, (path, status, expected): &Case, language: &str) {
    assert_eq!((answer.status, code(answer).as_str()), (*status, *expected), "{path}");
    let body = answer.json();
    for sentence in [&body["detail"], &body["error"]["problem"]] {
        assert_eq!(is_korean(sentence), language == "ko", "{path}: {body}");
    }
    assert_eq!(answer.header("Content-Language"), Some(language), "{path}");
}

#[test]
fn an_id_that_is_unknown_or_none_is_refused_with_what_to_do_in_the_askers_language() {
    run(async {
        let fleet = start("jobs-api-ids", |options| options).await;
        let job = |id: &str| format!("/v1/jobs/{id}");
        let consultation = |id: &str| format!("/v1/consultations/{id}");
        let cases: Vec<Case> = vec![
            (job(&Uuid::new_v4().to_string()), 404, "job_unknown"),
            (job(&format!("urn:uuid:{}", Uuid::new_v4())), 404, "job_unknown"),
            (job("42"), 400, "malformed_job_id"),
            (job("%FF%FE"), 400, "malformed_job_id"),
            (job("8f0c6a1e-27b4-4d63-9a51-0b1f6c0e7a0%0A"), 400, "malformed_job_id"),
            (consultation("C-1"), 404, "consultation_unknown"),
            (consultation(&"x".repeat(128)), 404, "consultation_unknown"),
            (consultation(&"x".repeat(129)), 400, "malformed_consultation_id"),
            (consultation("C%00"), 400, "malformed_consultation_id"),
            (consultation("%FF"), 400, "malformed_consultation_id"),
            (job(""), 404, "not_found"),
            (consultation("a/b"), 404, "not_found"),
        ];
        for case in &cases {
            for language in ["en", "ko"] {
                refused_as(&look_up(&fleet, &case.0, language).await, case, language);
            }
        }
        let authorization = format!("Bearer {JOBS}");
        let posted = send(&fleet, "POST", &cases[0].0, &[("Authorization", &authorization)], b"{}").await;
        assert_eq!((posted.status, code(&posted).as_str()), (405, "method_not_allowed"));
        assert_eq!(posted.header("Allow"), Some("GET,HEAD"));
        fleet.finish().await;
    });
}

#[test]
fn while_the_database_is_away_whoever_asks_for_a_job_is_asked_to_come_again() {
    run(async {
        let fleet = start("jobs-api-away", |options| options).await;
        let path = format!("/v1/jobs/{}", Uuid::new_v4());
        fleet.database.set_connections_allowed(Connections::Refused).await;
        for path in [path.as_str(), "/v1/consultations/C-1"] {
            let away = look_up(&fleet, path, "en").await;
            assert_eq!((away.status, code(&away).as_str()), (503, "database_away"), "{path}");
            assert_eq!(away.header("Retry-After"), Some("1"));
        }
        fleet.database.set_connections_allowed(Connections::Allowed).await;
        eventually("the database to be read again", LONG, || async {
            let answer = look_up(&fleet, &path, "en").await;
            if answer.status == 404 { Ok(()) } else { Err(answer.status.to_string()) }
        })
        .await;
        fleet.finish().await;
    });
}

#[test]
fn whoever_asks_for_what_a_newer_release_wrote_learns_that_the_advisor_is_older() {
    run(async {
        let fleet = start_at_work("jobs-api-newer").await;
        let id = fleet.publish(&jobs::email("newer@example.com")).await;
        fleet.outcomes.first(id).await;
        let sql = format!("UPDATE delivery SET failure_code = 'of_a_later_release' WHERE job_id = '{id}'");
        fleet.database.query(&sql).await;
        for (language, word) in [("en", "newer release"), ("ko", "새 버전")] {
            let answer = look_up(&fleet, &format!("/v1/jobs/{id}"), language).await;
            assert_eq!((answer.status, code(&answer).as_str()), (503, "record_unreadable"));
            assert_eq!(answer.header("Retry-After"), Some("60"));
            assert!(answer.json()["error"]["problem"].as_str().is_some_and(|said| said.contains(word)));
        }
        fleet.finish().await;
    });
}
