//! The outbox and the inbox of a CRM: tables, a relay and a reader that may be killed at any moment.

mod crm;

use std::{
    collections::BTreeMap,
    sync::atomic::{AtomicBool, Ordering},
    time::Duration,
};

use closure_tests::harness::{Fleet, FleetOptions, LONG, eventually, jobs, run};
use serde_json::{Value, json};
use tokio::{
    io::{AsyncBufReadExt, BufReader},
    process::{Child, Command},
};
use uuid::Uuid;

use crate::crm::{Crm, JAVA, PYTHON, Programs, QUEUE, kill};

/// From which seed the moments of the kills are made.
const SEED: u32 = 20_261_126;
/// So many jobs are written in a transaction, and every so many transactions one is rolled back.
const JOBS_WRITTEN: usize = 8;
const ROLLED_BACK_EVERY: usize = 4;

/// How long each kill waits, from a seed: the same run can be had again.
fn random_pauses() -> impl Iterator<Item = Duration> {
    let mut state = SEED;
    std::iter::repeat_with(move || {
        // The constants are those of Numerical Recipes' quick generator.
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        Duration::from_millis(u64::from(state >> 16) % 60)
    })
}

/// Kills relay and reader again and again, each while it is at work; answers those that run in the end.
async fn kill_both(crm: &Crm) -> [Child; 2] {
    let (mut relay, mut inbox) = (crm.relay(), crm.inbox());
    let mut pauses = random_pauses();
    for _kill in 0..crm.programs.kills {
        let confirmed = crm.count("outbox WHERE confirmed_at IS NOT NULL").await;
        crm.until("outbox WHERE confirmed_at IS NOT NULL", confirmed + 1).await;
        tokio::time::sleep(pauses.next().unwrap_or_default()).await;
        kill(&mut relay).await;
        relay = crm.relay();
        let held = crm.count("inbox").await;
        crm.until("inbox", held + 1).await;
        tokio::time::sleep(pauses.next().unwrap_or_default()).await;
        kill(&mut inbox).await;
        inbox = crm.inbox();
    }
    [relay, inbox]
}

/// Writes jobs until it is told to stop; answers those that were committed and those that were rolled back.
async fn write_until(crm: &Crm, stop: &AtomicBool) -> [Vec<Value>; 2] {
    let (mut committed, mut rolled_back) = (Vec::new(), Vec::new());
    while !stop.load(Ordering::Relaxed) {
        let first = committed.len() + rolled_back.len();
        let number = |index| jobs::number(4_100, u16::try_from(first + index).expect("a few hundred jobs"));
        let list: Vec<Value> = (0..JOBS_WRITTEN)
            .map(|index| match index {
                0 => jobs::sms(&number(index), &format!("outbox-{}@example.com", first + index)),
                _ => jobs::email(&format!("outbox-{}@example.com", first + index)),
            })
            .collect();
        if first / JOBS_WRITTEN % ROLLED_BACK_EVERY == 1 {
            crm.write(&list, "ROLLBACK").await;
            rolled_back.extend(list);
        } else {
            crm.write(&list, "COMMIT").await;
            committed.extend(list);
        }
        // The relay is always a little behind, and the writer not far ahead.
        eventually("the relay to follow", LONG, || async {
            let waiting = crm.count("outbox WHERE confirmed_at IS NULL").await;
            if waiting < 5 * JOBS_WRITTEN { Ok(()) } else { Err(format!("{waiting} wait")) }
        })
        .await;
    }
    [committed, rolled_back]
}

/// How often a job reached its customer.
fn done(fleet: &Fleet, job: &Value) -> usize {
    match job["to"]["phone"]["number"].as_str() {
        Some(number) => fleet.sms.accepted_to(number.trim_start_matches('+')).len(),
        None => fleet.smtp.mails_to(job["to"]["email"].as_str().expect("an email has an address")).len(),
    }
}

async fn each_job_is_done_once_under_kills(programs: Programs) {
    let fleet = Fleet::start(FleetOptions::together("outbox-kills")).await;
    let crm = Crm::open(&fleet, programs).await;
    // Several may run at once.
    let beside = [crm.relay(), crm.inbox()];
    let stop = AtomicBool::new(false);
    let killing = async {
        let running = kill_both(&crm).await;
        stop.store(true, Ordering::Relaxed);
        running
    };
    let ([committed, rolled_back], [relay, inbox]) = tokio::join!(write_until(&crm, &stop), killing);
    crm.until("outbox WHERE confirmed_at IS NOT NULL", committed.len()).await;
    crm.until("inbox", committed.len()).await;
    fleet.drain().await;
    for mut program in [relay, inbox].into_iter().chain(beside) {
        kill(&mut program).await;
    }
    for job in &committed {
        assert_eq!(done(&fleet, job), 1, "{} is done once", job["job_id"]);
    }
    for job in &rolled_back {
        assert_eq!(done(&fleet, job), 0, "{} was never to be done", job["job_id"]);
    }
    let mut heard = BTreeMap::new();
    for outcome in fleet.outcomes.all().into_iter().map(|heard| heard.body) {
        let word = (outcome["generation"].as_u64(), outcome["word"].as_u64());
        let held =
            heard.entry(outcome["job_id"].as_str().map(str::to_owned)).or_insert((word, outcome.clone()));
        if word > held.0 {
            *held = (word, outcome);
        }
    }
    let text = |value: &Value| value.to_string().replace('"', "");
    let heard = heard.into_values().map(|(_, outcome)| {
        ["job_id", "generation", "word", "outcome_id"].map(|name| text(&outcome[name])).join(" ")
    });
    assert_eq!(crm.held().await, heard.collect::<Vec<_>>(), "the inbox holds what was told");
    assert_eq!(fleet.depth(QUEUE).await, 0, "and the queue nothing any more");
    assert!(fleet.letters().await.is_empty());
    crm.close(fleet).await;
}

/// Kills each program where the broker has answered and the database has not.
async fn nothing_is_lost_before_a_commit(programs: Programs) {
    let fleet = Fleet::start(FleetOptions::together("outbox-commit")).await;
    let crm = Crm::open(&fleet, programs).await;
    let job = jobs::email("outbox-commit@example.com");
    crm.write(std::slice::from_ref(&job), "COMMIT").await;
    let holder = crm.database.hold("outbox").await;
    let mut relay = crm.relay();
    fleet.outcomes.first(jobs::id(&job)).await;
    assert_eq!(crm.count("outbox WHERE confirmed_at IS NULL").await, 1, "it is published and not marked");
    kill(&mut relay).await;
    drop(holder);
    let mut relay = crm.relay();
    crm.until("outbox WHERE confirmed_at IS NOT NULL", 1).await;
    kill(&mut relay).await;
    let holder = crm.database.hold("inbox").await;
    let mut inbox = crm.inbox();
    crm.until("pg_locks WHERE relation = 'inbox'::regclass AND NOT granted", 1).await;
    kill(&mut inbox).await;
    assert_eq!(crm.count("inbox").await, 0, "it was read and not written");
    drop(holder);
    let mut inbox = crm.inbox();
    crm.until("inbox", 1).await;
    fleet.drain().await;
    kill(&mut inbox).await;
    assert_eq!((done(&fleet, &job), fleet.depth(QUEUE).await), (1, 0));
    crm.close(fleet).await;
}

fn outcome(job: Uuid, generation: u64, word: u64) -> Value {
    json!({
        "kind": "closure.outcome/1", "outcome_id": Uuid::new_v4(), "job_id": job, "generation": generation,
        "word": word, "channel": "email", "outcome": "accepted", "code": null,
    })
}

/// Tells words in the wrong order, and kinds that no reader knows.
async fn the_highest_word_holds(programs: Programs) {
    let fleet = Fleet::start(FleetOptions::together("outbox-words")).await;
    let crm = Crm::open(&fleet, programs).await;
    let mut expected = Vec::new();
    let orders = [[(1, 1), (1, 2), (2, 1)], [(2, 0), (2, 1), (1, 9)], [(10, 2), (9, 10), (10, 1)]];
    for (order, highest) in orders.into_iter().zip([2, 1, 0]) {
        let job = Uuid::new_v4();
        let words = order.map(|(generation, word)| outcome(job, generation, word));
        for word in words.iter().chain(&words) {
            crm_hears(&fleet, Some("closure.outcome/1"), word).await;
        }
        let (generation, word) = order[highest];
        let id = words[highest]["outcome_id"].as_str().expect("it has an id");
        expected.push(format!("{job} {generation} {word} {id}"));
    }
    for kind in [Some("closure.weather/1"), Some("closure.weather/1"), None] {
        crm_hears(&fleet, kind, &json!({ "kind": kind, "job_id": 7 })).await;
    }
    let unreadable = unreadable_outcomes();
    for body in &unreadable {
        fleet.vhost.put(QUEUE, Some("closure.outcome/1"), body).await;
    }
    let cancel = json!({
        "kind": "closure.cancel/1", "cancel_id": Uuid::new_v4(), "agent": { "id": "a-1042" },
        "consultation": { "id": "C-20261126-000001", "revision": 1 },
    });
    crm.write(&[cancel], "COMMIT").await;
    let (mut relay, mut inbox) = (crm.relay(), crm.inbox());
    crm.until("inbox_aside WHERE kind = 'closure.cancel-outcome/1'", 1).await;
    fleet.drain().await;
    kill(&mut relay).await;
    kill(&mut inbox).await;
    expected.sort();
    assert_eq!(crm.held().await, expected);
    let kinds =
        "SELECT coalesce(kind, 'none') FROM inbox_aside WHERE kind IS DISTINCT FROM 'closure.outcome/1'
                 ORDER BY kind";
    assert_eq!(crm.database.query(kinds).await, ["closure.cancel-outcome/1", "closure.weather/1", "none"]);
    let kept = "SELECT convert_from(body, 'UTF8') FROM inbox_aside WHERE kind = 'closure.outcome/1'";
    let mut kept = crm.database.query(kept).await;
    kept.sort();
    assert_eq!(kept, unreadable, "a reader that stops at one never hears the rest");
    assert_eq!(fleet.depth(QUEUE).await, 0, "everything is acked");
    crm.close(fleet).await;
}

/// What says that it is an outcome and is none.
fn unreadable_outcomes() -> Vec<String> {
    let without = |name: &str| {
        let mut body = outcome(Uuid::new_v4(), 1, 1);
        body.as_object_mut().expect("an outcome is an object").remove(name);
        body.to_string()
    };
    let with = |name: &str, value: Value| {
        let mut body = outcome(Uuid::new_v4(), 1, 1);
        body[name] = value;
        body.to_string()
    };
    let mut bodies = vec!["{\"kind\":".to_owned(), "[]".to_owned(), without("word"), without("job_id")];
    bodies.extend([with("job_id", json!("x")), with("word", json!("x")), with("generation", Value::Null)]);
    bodies.sort();
    bodies
}

async fn crm_hears(fleet: &Fleet, kind: Option<&str>, message: &Value) {
    fleet.vhost.put(QUEUE, kind, &message.to_string()).await;
}

/// Runs a program that is to give up at once; its exit code and what it said of the reason.
async fn refused(mut command: Command) -> (Option<i32>, String) {
    let output = tokio::time::timeout(LONG, command.output()).await.expect("it gives up in time");
    let output = output.expect("it can be started");
    (output.status.code(), String::from_utf8_lossy(&output.stderr).into_owned())
}

/// What the broker refuses or gives back stays in the outbox, and is told.
async fn what_is_not_taken_stays(programs: Programs) {
    let fleet = Fleet::start(FleetOptions::without_processes("outbox-refused")).await;
    let crm = Crm::open(&fleet, programs).await;
    crm.write(&[jobs::email("outbox-refused@example.com")], "COMMIT").await;
    let (_, place) = crm.broker.rsplit_once('@').expect("the address names a user");
    let mut stranger = crm.prepared((crm.programs.relay)());
    stranger.env("CLOSURE_AMQP", format!("amqp://nobody:wrong@{place}"));
    let (code, said) = refused(stranger).await;
    assert!(code == Some(1) && said.contains("403"), "{said}");
    for command in crm.with_addresses_that_are_none() {
        let (code, said) = refused(command).await;
        assert!(code == Some(1) && said.contains(" is no address; percent-encode"), "{said}");
        assert!(!said.contains("cret"), "no part of the password is told: {said}");
    }
    for queue in ["closure.email", "closure.unroutable"] {
        fleet.vhost.delete_queue(queue).await;
    }
    let mut relay = crm.prepared((crm.programs.relay)());
    let mut relay = relay.spawn().expect("it can be started");
    let mut said = BufReader::new(relay.stderr.take().expect("its words are a pipe"));
    let mut line = String::new();
    tokio::time::timeout(LONG, said.read_line(&mut line))
        .await
        .expect("it speaks in time")
        .expect("it can be read");
    assert!(line.contains("NO_ROUTE"), "{line}");
    assert_eq!(crm.count("outbox WHERE confirmed_at IS NULL").await, 1, "nothing is marked");
    kill(&mut relay).await;
    fleet.cli(&["topology", "apply"]).await.with_code(0);
    let mut relay = crm.relay();
    crm.until("outbox WHERE confirmed_at IS NOT NULL", 1).await;
    kill(&mut relay).await;
    assert_eq!(fleet.vhost.take("closure.email", 2).await.len(), 1);
    crm.close(fleet).await;
}

#[test]
fn with_the_outbox_in_python_each_job_is_done_once_however_often_relay_and_reader_are_killed() {
    run(each_job_is_done_once_under_kills(PYTHON));
}

#[test]
fn with_the_outbox_in_python_a_kill_between_broker_and_database_loses_neither_job_nor_outcome() {
    run(nothing_is_lost_before_a_commit(PYTHON));
}

#[test]
fn with_the_inbox_in_python_the_highest_word_of_a_job_holds_and_other_kinds_are_kept_aside_once() {
    run(the_highest_word_holds(PYTHON));
}

#[test]
fn with_the_outbox_in_python_what_the_broker_does_not_take_is_told_and_stays() {
    run(what_is_not_taken_stays(PYTHON));
}

#[test]
fn with_the_outbox_in_java_each_job_is_done_once_however_often_relay_and_reader_are_killed() {
    run(each_job_is_done_once_under_kills(JAVA));
}

#[test]
fn with_the_outbox_in_java_a_kill_between_broker_and_database_loses_neither_job_nor_outcome() {
    run(nothing_is_lost_before_a_commit(JAVA));
}

#[test]
fn with_the_inbox_in_java_the_highest_word_of_a_job_holds_and_other_kinds_are_kept_aside_once() {
    run(the_highest_word_holds(JAVA));
}

#[test]
fn with_the_outbox_in_java_what_the_broker_does_not_take_is_told_and_stays() {
    run(what_is_not_taken_stays(JAVA));
}
