//! The advisor: what a CRM asks of the rules while its agent types, and what became of the jobs that it published.

mod document;
mod jobs;
mod outages;
mod rules;

use closure_tests::harness::{Fleet, FleetOptions, HttpAnswer, ProcessSpec, request};
use serde_json::Value;

const TOKEN: &str = "harness-advisor-token-0123456789abcdef";
const NEXT: &str = "harness-advisor-token-fedcba9876543210";
/// The token that asks what became of jobs.
const JOBS: &str = "harness-jobs-token-0123456789abcdef";

/// An advisor alone.
async fn start(name: &'static str, change: impl FnOnce(FleetOptions) -> FleetOptions) -> Fleet {
    start_with(FleetOptions::with(name, vec![ProcessSpec::advisor()]), change).await
}

/// An advisor and every worker, so that there are jobs to ask about.
async fn start_at_work(name: &'static str) -> Fleet {
    start_with_workers(name, |options| options).await
}

async fn start_with_workers(name: &'static str, change: impl FnOnce(FleetOptions) -> FleetOptions) -> Fleet {
    let roles = ["sms", "email", "dial", "fallback", "dead", "cancel"];
    let processes = vec![ProcessSpec::work("workers", &roles), ProcessSpec::intake(), ProcessSpec::advisor()];
    start_with(FleetOptions::with(name, processes), change).await
}

async fn start_with(options: FleetOptions, change: impl FnOnce(FleetOptions) -> FleetOptions) -> Fleet {
    let options = options
        .variable("FLEET_ADVISOR_TOKEN", TOKEN)
        .variable("FLEET_ADVISOR_TOKEN_NEXT", NEXT)
        .variable("FLEET_ADVISOR_JOBS_TOKEN", JOBS);
    let fleet = Fleet::start(change(options)).await;
    for token in [TOKEN, NEXT, JOBS] {
        fleet.add_canary(token);
    }
    fleet
}

async fn address(fleet: &Fleet) -> String {
    fleet.process("advisor").await.address().expect("a ready advisor has said its address")
}

async fn ask(fleet: &Fleet, path: &str, token: &str, body: &[u8]) -> HttpAnswer {
    let authorization = format!("Bearer {token}");
    let headers =
        [("Authorization", authorization.as_str()), ("Content-Type", "application/json; charset=utf-8")];
    send(fleet, "POST", path, &headers, body).await
}

/// Asks what became of something, with the token for it.
async fn look_up(fleet: &Fleet, path: &str, language: &str) -> HttpAnswer {
    let authorization = format!("Bearer {JOBS}");
    let headers = [("Authorization", authorization.as_str()), ("Accept-Language", language)];
    send(fleet, "GET", path, &headers, b"").await
}

async fn send(fleet: &Fleet, method: &str, path: &str, headers: &[(&str, &str)], body: &[u8]) -> HttpAnswer {
    let url = format!("http://{}{path}", address(fleet).await);
    request(method, &url, headers, body).await.expect("the advisor answers")
}

/// The code of a refusal, whose form is that of RFC 9457.
fn code(answer: &HttpAnswer) -> String {
    let body = answer.json();
    assert_eq!(answer.header("Content-Type"), Some("application/problem+json"), "{body}");
    assert_eq!(body["status"], answer.status, "{body}");
    for sentence in [&body["title"], &body["detail"], &body["error"]["problem"]] {
        assert!(sentence.as_str().is_some_and(|sentence| !sentence.is_empty()), "{body}");
    }
    body["error"]["code"].as_str().unwrap_or_default().to_owned()
}

fn is_korean(text: &Value) -> bool {
    text.as_str().is_some_and(|text| text.chars().any(|one| ('가'..='힣').contains(&one)))
}
