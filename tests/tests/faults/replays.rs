//! What a person's decision about a letter owes, when its command is killed and until its time has come.

use std::process::Stdio;

use closure_contract::JobId;
use closure_simulators::SmsBehaviour;
use closure_store::DeadLetterState;
use closure_tests::harness::{
    Fleet, FleetOptions, LONG, ProcessSpec, Services, binary, broker_rights, cli, eventually, jobs, run,
};
use serde_json::{Value, json};
use tokio::{net::TcpListener, process::Command};

const PASSWORD: &str = "operator-0123456789";
const WHY: [&str; 4] = ["--actor", "kim", "--reason", "a test"];

/// The same settings, but for one.
fn with(fleet: &Fleet, name: &str, value: &str) -> Vec<(String, String)> {
    let others = fleet.environment.iter().filter(|(known, _)| known != name).cloned();
    others.chain([(name.to_owned(), value.to_owned())]).collect()
}

/// The one letter of a job.
async fn letter_of(fleet: &Fleet, job: JobId) -> String {
    eventually("the letter", LONG, || async {
        let letters = fleet.letters_of(job).await;
        letters.first().map(|letter| letter.summary.id.to_string()).ok_or_else(|| "there is none".to_owned())
    })
    .await
}

async fn state_of(fleet: &Fleet, job: JobId) -> DeadLetterState {
    fleet.letters_of(job).await[0].summary.state
}

/// Begins a replay by a command whose broker takes the connection and never answers, and kills it once it has committed.
async fn killed_before_it_published(fleet: &Fleet, job: JobId, words: &[&str]) {
    let silent = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let address = silent.local_addr().expect("it is bound");
    let environment = with(fleet, "FLEET_BROKER_URI", &format!("amqp://operator:none@{address}/"));
    let mut command = Command::new(binary("fleet"));
    command.args(words).env_clear().envs(environment).stdin(Stdio::null());
    command.stdout(Stdio::null()).stderr(Stdio::null()).kill_on_drop(true);
    let mut child = command.spawn().expect("fleet can be started");
    eventually("the commit of the replay", LONG, || async {
        match state_of(fleet, job).await {
            DeadLetterState::Replaying => Ok(()),
            state => Err(state.as_str().to_owned()),
        }
    })
    .await;
    child.kill().await.expect("it can be killed");
}

#[test]
fn a_replay_whose_command_is_killed_between_its_commit_and_its_publish_is_sent_by_itself_and_once() {
    run(async {
        let roles = ["sms", "fallback", "dead"];
        let mut processes: Vec<_> = roles.iter().map(|role| ProcessSpec::work(role, &[role])).collect();
        processes.push(ProcessSpec::intake());
        let fleet = Fleet::start(FleetOptions::with("replay-killed", processes)).await;
        let watch = fleet.watch();
        let number = jobs::number(4701, 0);
        fleet.sms.behave(number.trim_start_matches('+'), SmsBehaviour::Delivered);
        // Without a country code it may be a Japanese mobile or a number of another country.
        let mut job = jobs::sms("84912345678", "replay-killed@example.com");
        let id = fleet.publish(&job).await;
        let letter = letter_of(&fleet, id).await;
        job["to"]["phone"] = json!({ "number": number });
        let file = fleet.file("mended.json", job.to_string().as_bytes());
        let words = [&["dead", "replay", &letter, "--edit", &file], &WHY[..]].concat();
        killed_before_it_published(&fleet, id, &words).await;
        assert_eq!(state_of(&fleet, id).await, DeadLetterState::Replaying);
        // The person's own command has half a minute.
        let sql = "UPDATE dead_letter SET publish_at = publish_at - interval '1 minute'";
        fleet.database.query(sql).await;
        let heard = fleet.outcomes_of(id, 2).await;
        assert_eq!((heard[1].summary().as_str(), heard[1].outcome.generation.0), ("sms.delivered", 2));
        fleet.drain().await;
        assert_eq!(fleet.sms.accepted_to(number.trim_start_matches('+')).len(), 1, "it was sent once");
        let summary = fleet.letters_of(id).await.remove(0).summary;
        assert_eq!((summary.state, summary.published_at.is_some()), (DeadLetterState::Resolved, true));
        drop(watch);
        fleet.finish().await;
    });
}

#[test]
fn a_letter_of_the_receipts_queue_is_replayed_under_the_operators_own_users() {
    run(async {
        let processes =
            vec![ProcessSpec::work("fallback", &["fallback"]), ProcessSpec::work("dead", &["dead"])];
        let fleet = Fleet::start(FleetOptions::with("replay-receipt", processes)).await;
        let services = Services::from_environment();
        let user = format!("{}-operator", fleet.vhost.name);
        fleet.vhost.add_user(&user, PASSWORD, &broker_rights("no").await["operator"]).await;
        let receipt = json!({
            "kind": "closure.receipt/1",
            "receipt_id": "of-a-letter",
            "provider": "nhn",
            "provider_ref": "nobody-knows-it",
            "status": "delivered",
            "evidence": "handset",
            "received_at": "2026-11-22T10:00:01Z",
        })
        .to_string();
        fleet.vhost.put("closure.receipts.dead", Some("closure.receipt/1"), &receipt).await;
        let letter = eventually("the letter", LONG, || async {
            let letters = fleet.letters_with(receipt.as_bytes()).await;
            letters.first().map(|letter| letter.summary.id.to_string()).ok_or_else(|| "none".to_owned())
        })
        .await;
        let mut environment =
            with(&fleet, "FLEET_BROKER_URI", &fleet.vhost.uri_of(&services, &user, PASSWORD));
        environment.push(("FLEET_DATABASE_URL".to_owned(), fleet.database.url_of("operator")));
        cli(&environment, &[&["dead", "replay", &letter], &WHY[..]].concat()).await.with_code(0);
        eventually("the receipt on record", LONG, || async {
            let sql = "SELECT count(*) FROM receipt WHERE receipt_id = 'of-a-letter'";
            let found = fleet.database.query(sql).await;
            if found == ["1"] { Ok(()) } else { Err(format!("{found:?}")) }
        })
        .await;
        let letters = fleet.letters_with(receipt.as_bytes()).await;
        assert_eq!(letters[0].summary.state, DeadLetterState::Resolved);
        fleet.vhost.delete_user(&user).await;
        fleet.finish().await;
    });
}

#[test]
fn a_letter_that_was_given_up_is_told_in_its_time_and_can_be_taken_back_before_and_after() {
    run(async {
        let roles = ["email", "fallback", "dead"];
        let processes = roles.iter().map(|role| ProcessSpec::work(role, &[role])).collect();
        let options = FleetOptions::with("given-up", processes).variable("FLEET_DEAD_UNDO_MS", "600000");
        let fleet = Fleet::start(options).await;
        let watch = fleet.watch();
        let mut job: Value = jobs::email("given-up@example.com");
        job["email"]["subject"] = "분실물 안내입니다".into();
        let id = fleet.publish(&job).await;
        fleet.outcomes_of(id, 1).await;
        let letter = letter_of(&fleet, id).await;
        let command = |what: &'static str| [&["dead", what, &letter], &WHY[..]].concat();
        let said = fleet.cli(&command("discard")).await.with_code(0).output;
        assert!(said.contains(&format!("until then fleet dead undo {letter} --reason")), "{said}");
        // Its message is delivered once more, as after a lost connection.
        fleet.stop_process("email").await;
        fleet.publish(&job).await;
        fleet.vhost.give_back("closure.email", 1).await;
        fleet.start_process("email").await;
        let heard = fleet.outcomes_of(id, 2).await;
        assert!(heard.iter().all(|heard| heard.summary() == "email.dead subject_not_english"), "{heard:?}");
        let said = fleet.cli(&command("undo")).await.with_code(0).output;
        assert!(said.contains("the CRM heard nothing of it"), "{said}");
        fleet.cli(&command("discard")).await.with_code(0);
        let sql = "UPDATE dead_letter SET announce_at = announce_at - interval '1 hour'";
        fleet.database.query(sql).await;
        let heard = fleet.outcomes_of(id, 3).await;
        assert_eq!(heard[2].routing_key, "email.discarded");
        let said = fleet.cli(&command("reopen")).await.with_code(0).output;
        assert!(said.contains("the CRM has heard that it was given up"), "{said}");
        job["email"]["subject"] = "Your lost item was found".into();
        let file = fleet.file("mended.json", job.to_string().as_bytes());
        fleet.cli(&[&command("replay")[..], &["--edit", &file]].concat()).await.with_code(0);
        let heard = fleet.outcomes_of(id, 4).await;
        assert_eq!((heard[3].summary().as_str(), heard[3].outcome.generation.0), ("email.accepted", 2));
        drop(watch);
        fleet.finish().await;
    });
}
