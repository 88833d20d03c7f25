//! The OpenAPI document of the advisor, held against what it answers.

use std::path::{Path, PathBuf};

use closure_contract::OutcomeName;
use closure_tests::harness::{
    Connections, Fleet, HttpAnswer, LONG, SHORT, content, eventually, jobs, python, run,
};
use serde_json::{Value, json};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

use crate::{JOBS, NEXT, TOKEN, address, send, start, start_at_work, start_with_workers};

/// The ids that stand in the document as examples.
const JOB: &str = "8f0c6a1e-27b4-4d63-9a51-0b1f6c0e7a01";
const CONSULTATION: &str = "C-20261122-000042";

/// Every path of the document, and what stands in its place in a request.
const QUESTIONS: [&str; 2] = ["/v1/explain", "/v1/validate"];
const LOOK_UPS: [(&str, &str, &str); 2] = [
    ("/v1/jobs/{job_id}", "/v1/jobs/", JOB),
    ("/v1/consultations/{consultation_id}", "/v1/consultations/", CONSULTATION),
];

fn tests_folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).to_owned()
}

fn document() -> PathBuf {
    tests_folder().join("../docs/contract/openapi.json")
}

/// A text message that has ended, under the ids of the document's examples.
async fn publish_the_example(fleet: &Fleet) {
    let mut job = jobs::sms("+81 90-1219-1000", "openapi@example.com");
    job["job_id"] = json!(JOB);
    job["consultation"]["id"] = json!(CONSULTATION);
    let id = fleet.publish(&job).await;
    assert_eq!(fleet.outcomes.first(id).await.outcome.outcome, OutcomeName::Delivered);
}

/// An answer as the checker reads it.
fn line(path: &str, method: &str, answer: &HttpAnswer) -> String {
    let headers: serde_json::Map<String, Value> = answer
        .head
        .lines()
        .filter_map(|line| line.split_once(": "))
        .map(|(name, value)| (name.to_owned(), json!(value.trim())))
        .collect();
    let method = method.to_lowercase();
    json!({ "path": path, "method": method, "status": answer.status, "headers": headers, "body": answer.json() })
        .to_string()
}

/// The headers of a request.
type Headers<'a> = Vec<(&'a str, &'a str)>;

/// Everything that can be answered while all is well.
async fn ordinary_answers(fleet: &Fleet, lines: &mut Vec<String>) {
    let bearer = |token: &str| format!("Bearer {token}");
    let (rules, to_jobs) = (bearer(TOKEN), bearer(JOBS));
    let json_type = ("Content-Type", "application/json");
    let with = |token| vec![("Authorization", token), json_type];
    let mut refused = jobs::sms("+81 90-1219-1001", "openapi@example.com");
    refused["sms"]["text"] = json!("Thank you 🙂");
    let mut vietnam = jobs::sms("+84 91-214-9901", "openapi@example.com");
    vietnam["sms"]["text"] = json!("No template says this");
    let mut chinese = jobs::sms("+86 138-0013-8000", "openapi@example.com");
    chinese["sms"]["text"] = json!("您好，退款已完成。");
    let mut later = jobs::email("openapi@example.com");
    later["not_before"] = json!("2099-01-01T00:00:00Z");
    later["unknown"] = json!(1);
    let ambiguous = jobs::sms("84912345678", "openapi@example.com");
    let cancel = json!({ "kind": "closure.cancel/1", "cancel_id": JOB, "consultation": { "id": CONSULTATION, "revision": 1 } });
    let dial = jobs::dial("+84912345678", "1001");
    let messages = [refused, vietnam, chinese, later, ambiguous, cancel, dial];
    let large = vec![b' '; 64 * 1024 + 1];
    for path in QUESTIONS {
        let mut asked: Vec<(Headers<'_>, Vec<u8>)> =
            messages.iter().map(|message| (with(rules.as_str()), message.to_string().into_bytes())).collect();
        for body in ["{", "{}", r#"{"kind":"closure.sms/9"}"#, r#"{"kind":"closure.sms/1"}"#, "[]"] {
            asked.push((with(rules.as_str()), body.into()));
        }
        asked.push((vec![json_type], b"{}".to_vec()));
        asked.push((with(to_jobs.as_str()), b"{}".to_vec()));
        asked.push((with(rules.as_str()), large.clone()));
        asked.push((vec![("Authorization", rules.as_str())], b"{}".to_vec()));
        for (headers, body) in asked {
            lines.push(line(path, "POST", &send(fleet, "POST", path, &headers, &body).await));
        }
    }
    for (path, place, known) in LOOK_UPS {
        let unknown = "00000000-0000-4000-8000-000000000000";
        for (token, id) in [
            (&to_jobs, known),
            (&to_jobs, unknown),
            (&to_jobs, "%FF"),
            (&rules, known),
            (&String::new(), known),
        ] {
            let headers = [("Authorization", token.as_str()), ("Accept-Language", "ko")];
            let answer = send(fleet, "GET", &format!("{place}{id}"), &headers, b"").await;
            lines.push(line(path, "GET", &answer));
        }
    }
}

/// Asks with a token until it is told that this was too often, and until the database is missed.
async fn refusals_of_a_hurry(fleet: &Fleet, lines: &mut Vec<String>) {
    let job = jobs::sms("+81 90-1219-1002", "openapi@example.com").to_string();
    let asked = QUESTIONS
        .into_iter()
        .map(|path| (path, "POST", path.to_owned(), NEXT))
        .chain(LOOK_UPS.into_iter().map(|(path, place, id)| (path, "GET", format!("{place}{id}"), JOBS)));
    for (path, method, place, token) in asked {
        for status in [429, 503] {
            let answer = eventually(&format!("{place} to be answered with {status}"), LONG, || async {
                let authorization = format!("Bearer {token}");
                let headers =
                    [("Authorization", authorization.as_str()), ("Content-Type", "application/json")];
                let body = if method == "POST" { job.as_bytes() } else { b"" };
                let answer = send(fleet, method, &place, &headers, body).await;
                if answer.status == status { Ok(answer) } else { Err(answer.status.to_string()) }
            })
            .await;
            lines.push(line(path, method, &answer));
        }
    }
}

/// A body of which no more comes.
async fn dawdles(fleet: &Fleet, path: &str) -> HttpAnswer {
    let address = address(fleet).await;
    let mut slow = TcpStream::connect(&address).await.expect("the advisor listens");
    let head = format!(
        "POST {path} HTTP/1.0\r\nHost: {address}\r\nAuthorization: Bearer {TOKEN}\r\n\
         Content-Type: application/json\r\nContent-Length: 100\r\n\r\n{{"
    );
    slow.write_all(head.as_bytes()).await.expect("the advisor reads");
    let mut bytes = Vec::new();
    let read = tokio::time::timeout(SHORT, slow.read_to_end(&mut bytes)).await;
    read.expect("the advisor answers in time").expect("the advisor answers");
    let text = String::from_utf8(bytes).expect("an answer is text");
    let (head, body) = text.split_once("\r\n\r\n").expect("an answer has a head");
    let status = head.split(' ').nth(1).and_then(|status| status.parse().ok()).expect("and a status");
    HttpAnswer { status, head: head.to_owned(), body: body.as_bytes().to_vec() }
}

#[test]
fn every_status_of_every_operation_is_answered_as_the_document_says() {
    run(async {
        let mut lines = Vec::new();
        let fleet = start_at_work("openapi").await;
        publish_the_example(&fleet).await;
        ordinary_answers(&fleet, &mut lines).await;
        fleet.finish().await;

        let hurried = start("openapi-hurried", |options| {
            options
                .variable("FLEET_ADVISOR_TIMEOUT_MS", "500")
                .variable("FLEET_ADVISOR_REQUESTS_PER_S_PER_TOKEN", "1")
        })
        .await;
        for path in QUESTIONS {
            let late = eventually("a body that dawdles to be cut off", LONG, || async {
                let answer = dawdles(&hurried, path).await;
                if answer.status == 408 { Ok(answer) } else { Err(answer.status.to_string()) }
            })
            .await;
            lines.push(line(path, "POST", &late));
        }
        hurried.database.set_connections_allowed(Connections::Refused).await;
        refusals_of_a_hurry(&hurried, &mut lines).await;
        hurried.database.set_connections_allowed(Connections::Allowed).await;

        let answers = hurried.file("answers.jsonl", (lines.join("\n") + "\n").as_bytes());
        let mut checker = python(&tests_folder().join("python/openapi.py"));
        checker.arg(document()).arg(answers);
        let said = content(checker).await;
        assert!(said.contains("answers are as described, with all"), "{said}");
        hurried.finish().await;
    });
}

#[test]
fn schemathesis_finds_no_answer_that_the_document_does_not_allow() {
    run(async {
        let fleet = start_with_workers("schemathesis", |options| {
            options
                .variable("FLEET_ADVISOR_REQUESTS_PER_S_PER_TOKEN", "100000")
                .variable("FLEET_ADVISOR_REQUESTS_PER_S", "100000")
        })
        .await;
        publish_the_example(&fleet).await;
        let mut checker = python(&tests_folder().join("python/ask_everything.py"));
        checker.arg(document()).arg(format!("http://{}", address(&fleet).await));
        checker.env("CLOSURE_RULES_TOKEN", TOKEN).env("CLOSURE_JOBS_TOKEN", JOBS);
        // It leaves files where it runs.
        let folder = tempfile::tempdir().expect("a folder can be made");
        checker.current_dir(folder.path());
        let said = content(checker).await;
        assert!(said.contains("No issues found"), "{said}");
        fleet.finish().await;
    });
}
