//! Short leases: another worker takes a killed one's mail over in seconds, and nobody takes over what a living one does.

use closure_contract::JobId;
use closure_simulators::MailBehaviour;
use closure_store::JobHistory;
use closure_tests::harness::{Database, Fleet, FleetOptions, LONG, ProcessSpec, eventually, jobs, run};

use crate::load::{all_are_heard, one_end, until};

/// How long a claim lasts without being renewed, in milliseconds.
const LEASE_MS: u64 = 3_000;
/// What a mail server may take here for one reply: many leases.
const PATIENCE_MS: &str = "60000";
/// The workers of emails; `one` is started first.
const WORKERS: [&str; 2] = ["one", "two"];

/// A mail that one worker has begun, before a second one was started.
async fn begun(name: &'static str, behaviour: MailBehaviour, slow_ms: u64) -> (Fleet, String, JobId) {
    let workers = WORKERS.map(|name| ProcessSpec::work(name, &["email"]).with_concurrency(4));
    let options = FleetOptions::with(name, workers.to_vec())
        .variable("FLEET_WORKER_LEASE_MS", &LEASE_MS.to_string())
        .variable("FLEET_EMAIL_COMMAND_TIMEOUT_MS", PATIENCE_MS)
        .variable("FLEET_EMAIL_DATA_TIMEOUT_MS", PATIENCE_MS)
        .mail_server(|server| server.slow_ms = slow_ms);
    let fleet = Fleet::prepare(options).await;
    fleet.start_process("one").await;
    let address = "slow@example.com".to_owned();
    fleet.smtp.behave_times(&address, behaviour, 1);
    let id = fleet.publish(&jobs::email(&address)).await;
    until("tries", 1, || fleet.smtp.tries_to(&address)).await;
    if behaviour != MailBehaviour::SlowAtRecipient {
        until("mails", 1, || fleet.smtp.mails_to(&address).len()).await;
    }
    fleet.start_process("two").await;
    (fleet, address, id)
}

/// What the record says, asked as the person who watches the database.
async fn one_word(fleet: &Fleet, sql: &str) -> String {
    fleet.database.query(sql).await.join("")
}

async fn is_true(fleet: &Fleet, condition: &str) -> bool {
    one_word(fleet, &format!("SELECT {condition} FROM delivery AS d")).await == "t"
}

/// The tries of a job, as the record has them.
async fn states(fleet: &Fleet, id: JobId) -> Vec<String> {
    let story: JobHistory = fleet.story(id).await.expect("it is on record");
    story.tries.into_iter().map(|attempt| attempt.state.as_str().to_owned()).collect()
}

/// Kills the worker that has begun a mail, and lets another end it; the record says how soon that began.
async fn killed(fleet: &Fleet, id: JobId) {
    fleet.kill("one").await;
    let end = one_word(fleet, "SELECT lease_until FROM delivery").await;
    let longest = format!("d.lease_until <= clock_timestamp() + {LEASE_MS} * interval '1 millisecond'");
    assert!(is_true(fleet, &longest).await, "the lease of a killed worker lasts until {end}");
    all_are_heard(fleet, &[id]).await;
    fleet.drain().await;
    assert_eq!(states(fleet, id).await, ["in_doubt", "accepted"]);
    let second = "(SELECT a.started_at FROM attempt AS a WHERE a.number = 2)";
    assert!(is_true(fleet, &format!("{second} >= '{end}'")).await, "nobody tries before the lease is over");
    let soon = format!("{second} <= '{end}'::timestamptz + interval '15 seconds'");
    assert!(is_true(fleet, &soon).await, "another worker takes over in seconds");
    assert_eq!(one_end(fleet, id), "email.accepted");
}

#[test]
fn a_mail_whose_worker_was_killed_before_the_final_dot_is_taken_over_in_seconds_and_arrives_once() {
    run(async {
        let (fleet, address, id) = begun("kill-before-dot", MailBehaviour::SlowAtRecipient, 60_000).await;
        killed(&fleet, id).await;
        assert_eq!((fleet.smtp.tries_to(&address), fleet.smtp.mails_to(&address).len()), (2, 1));
        fleet.finish().await;
    });
}

#[test]
fn a_mail_whose_worker_was_killed_after_the_final_dot_is_in_doubt_and_its_only_copy_is_the_same_mail() {
    run(async {
        let (fleet, address, id) = begun("kill-after-dot", MailBehaviour::SlowAfterDot, 60_000).await;
        killed(&fleet, id).await;
        let mails = fleet.smtp.mails_to(&address);
        assert_eq!(mails.len(), 2, "nobody can ask a mail server, so that it is sent once more");
        assert_eq!(mails[0].raw, mails[1].raw, "byte by byte, Message-ID included");
        fleet.finish().await;
    });
}

#[test]
fn a_mail_that_takes_many_leases_is_sent_once_by_its_living_worker_although_others_are_asked_for_it() {
    run(async {
        let (fleet, address, id) =
            begun("slow-mail", MailBehaviour::SlowAfterDot, LEASE_MS.saturating_mul(4)).await;
        // The CRM repeats the job, byte for byte, so that a worker asks for it again and again.
        let body = one_word(&fleet, "SELECT convert_from(body, 'UTF8') FROM delivery").await;
        for _ in 0..4 {
            fleet.publish_raw(body.as_bytes(), "email").await;
        }
        eventually("the lease to be renewed beyond its length", LONG, || async {
            let renewed = format!("d.lease_until > d.tried_at + 2 * {LEASE_MS} * interval '1 millisecond'");
            if is_true(&fleet, &renewed).await { Ok(()) } else { Err("not yet".to_owned()) }
        })
        .await;
        all_are_heard(&fleet, &[id]).await;
        fleet.drain().await;
        assert_eq!(one_end(&fleet, id), "email.accepted");
        assert_eq!(states(&fleet, id).await, ["accepted"], "nobody took it over");
        assert_eq!((fleet.smtp.tries_to(&address), fleet.smtp.mails_to(&address).len()), (1, 1));
        fleet.finish().await;
    });
}

/// Nobody may renew a lease, until the one that is held is over; what is asked meanwhile is asked again.
async fn without_renewals(fleet: &Fleet) {
    fleet.database.query("REVOKE UPDATE ON delivery FROM closure_courier").await;
    eventually("the lease to end", LONG, || async {
        if is_true(fleet, "d.lease_until < clock_timestamp()").await {
            Ok(())
        } else {
            Err("not yet".to_owned())
        }
    })
    .await;
    Database::grant(&fleet.database.url).await;
}

#[test]
fn a_mail_that_was_handed_over_is_no_doubt_because_its_lease_could_not_be_renewed() {
    run(async {
        let (fleet, address, id) =
            begun("outage-after-dot", MailBehaviour::SlowAfterDot, LEASE_MS.saturating_mul(4)).await;
        without_renewals(&fleet).await;
        all_are_heard(&fleet, &[id]).await;
        fleet.drain().await;
        assert_eq!(one_end(&fleet, id), "email.accepted");
        assert_eq!(states(&fleet, id).await, ["accepted"], "its answer was waited for");
        assert_eq!(fleet.smtp.mails_to(&address).len(), 1);
        fleet.finish().await;
    });
}

#[test]
fn a_mail_whose_lease_could_not_be_renewed_before_the_final_dot_is_given_back_and_sent_once_afterwards() {
    run(async {
        let (fleet, address, id) = begun("outage-before-dot", MailBehaviour::SlowAtRecipient, 40_000).await;
        without_renewals(&fleet).await;
        all_are_heard(&fleet, &[id]).await;
        fleet.drain().await;
        assert_eq!(one_end(&fleet, id), "email.accepted");
        assert_eq!(states(&fleet, id).await, ["accepted"], "what was surely not sent costs no try");
        assert_eq!((fleet.smtp.tries_to(&address), fleet.smtp.mails_to(&address).len()), (2, 1));
        fleet.finish().await;
    });
}
