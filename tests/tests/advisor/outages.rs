//! An advisor whose database is away: it says so, it is not the one that goes, and its log stays short.

use closure_tests::harness::{Connections, Fleet, LONG, SHORT, eventually, jobs, request, run};
use uuid::Uuid;

use crate::{TOKEN, address, ask, code, look_up, start};

/// Both loops that ask the database by themselves say once that it is away.
const LINES_MAX: usize = 2;
const QUESTIONS: usize = 20;

async fn probe(fleet: &Fleet, path: &str) -> u16 {
    let url = format!("http://{}{path}", address(fleet).await);
    request("GET", &url, &[], b"").await.expect("the advisor answers").status
}

/// Asks each half of the advisor so often, and is asked to come again each time.
async fn ask_in_vain(fleet: &Fleet, questions: usize) {
    let job = jobs::sms("+819056001001", "in-vain@example.com").to_string();
    for _ in 0..questions {
        let answers = [
            ask(fleet, "/v1/explain", TOKEN, job.as_bytes()).await,
            look_up(fleet, &format!("/v1/jobs/{}", Uuid::new_v4()), "en").await,
        ];
        for answer in answers {
            assert_eq!((answer.status, code(&answer).as_str()), (503, "database_away"));
            assert_eq!(answer.header("Retry-After"), Some("1"));
        }
    }
}

/// Without a question, because nobody may ask one while the advisor says that it cannot answer.
async fn is_back(fleet: &Fleet) {
    eventually("the advisor to find the database again", LONG, || async {
        match probe(fleet, "/readyz").await {
            200 => Ok(()),
            other => Err(other.to_string()),
        }
    })
    .await;
    let job = jobs::sms("+819056001001", "answered@example.com").to_string();
    assert_eq!(ask(fleet, "/v1/explain", TOKEN, job.as_bytes()).await.status, 200);
}

/// Starts it, and waits for its door alone.
async fn opens(fleet: &Fleet) {
    fleet.process("advisor").await.spawn().await;
    eventually("the advisor to open its door", SHORT, || async {
        fleet.process("advisor").await.address().map(drop).ok_or_else(|| "it is closed".to_owned())
    })
    .await;
}

#[test]
fn an_outage_costs_the_log_of_the_advisor_a_few_lines_however_many_ask_and_is_told_at_readyz() {
    run(async {
        let fleet = start("advisor-outage", |options| options).await;
        let before = fleet.warnings("advisor").await.len();
        fleet.database.set_connections_allowed(Connections::Refused).await;
        ask_in_vain(&fleet, QUESTIONS).await;
        let told = fleet.warnings("advisor").await.split_off(before);
        assert!(told.len() <= LINES_MAX, "{} lines: {told:#?}", told.len());
        assert_eq!((probe(&fleet, "/readyz").await, probe(&fleet, "/livez").await), (503, 200));
        fleet.database.set_connections_allowed(Connections::Allowed).await;
        is_back(&fleet).await;
        fleet.finish().await;
    });
}

#[test]
fn an_advisor_that_starts_while_the_database_is_away_waits_for_it_and_says_so_to_whoever_asks() {
    run(async {
        let fleet = start("advisor-early", |options| options).await;
        fleet.stop_process("advisor").await;
        fleet.database.set_connections_allowed(Connections::Refused).await;
        opens(&fleet).await;
        ask_in_vain(&fleet, 1).await;
        assert_eq!((probe(&fleet, "/readyz").await, probe(&fleet, "/livez").await), (503, 200));
        fleet.database.set_connections_allowed(Connections::Allowed).await;
        is_back(&fleet).await;

        fleet.stop_process("advisor").await;
        fleet.database.set_connections_allowed(Connections::Refused).await;
        opens(&fleet).await;
        // A stop is no failure, whatever it still waits for.
        fleet.stop_process("advisor").await;
        fleet.database.set_connections_allowed(Connections::Allowed).await;
        fleet.start_process("advisor").await;
        fleet.finish().await;
    });
}
