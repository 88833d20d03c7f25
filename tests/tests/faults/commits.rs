//! What a database does that is neither away nor well, to each kind of statement of every worker: it commits and its
//! answer is lost, or it refuses once with each class of SQLSTATE.

use std::collections::{BTreeMap, BTreeSet};

use closure_contract::{JobId, OutcomeName, topology::WorkQueue};
use closure_simulators::SmsBehaviour;
use closure_tests::harness::{
    Answer, Fault, Fleet, FleetOptions, LONG, ProcessSpec, cli, eventually, jobs, run,
};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::load::{address, all_are_heard, calls, customer_rings, digits, emails, texts};

/// So often the answer to each kind of commit is lost.
const TIMES: u32 = 3;
/// Outages, faults of the schema and of rights, refused values, and what nobody has heard of.
const CODES: &[&str] = &[
    "08006", "0A000", "22001", "23514", "26000", "40001", "42501", "42703", "42P01", "53300", "54000",
    "57P01", "XX000",
];
/// A person tries a command so often: each class for each of its statements.
const TRIES_MAX: u32 = 300;

/// What a job's last word says, after every earlier one was corrected by the next.
fn last_word(fleet: &Fleet, id: JobId) -> String {
    let mut heard = fleet.outcomes.of(id);
    heard.sort_by_key(|heard| (heard.outcome.generation, heard.outcome.word));
    heard.dedup_by_key(|heard| heard.outcome.outcome_id);
    for pair in heard.windows(2) {
        let (before, after) = (&pair[0].outcome, &pair[1].outcome);
        if before.generation == after.generation {
            assert_eq!(after.corrects, Some(before.outcome_id), "{id}: {heard:?}");
        }
    }
    heard.last().unwrap_or_else(|| panic!("nothing was heard of {id}")).summary()
}

/// A person's command, by the same way to the database, again until it is done.
async fn done(fleet: &Fleet, words: &[&str]) -> Answer {
    let mut environment = fleet.environment.clone();
    environment.push((
        "FLEET_DATABASE_URL".to_owned(),
        fleet.between.instead_of(&fleet.database.url_of("operator")),
    ));
    for _ in 0..TRIES_MAX {
        let answer = cli(&environment, words).await;
        if answer.code == 0 {
            return answer;
        }
    }
    panic!("`fleet {}` is not done", words.join(" "))
}

#[test]
fn whichever_commit_loses_its_answer_nothing_stays_owed_and_nothing_is_done_twice() {
    run(async {
        let lost = everything_ends_once("lost-commits", Fault::AnswerLost { times: TIMES }).await;
        for written in WRITTEN {
            assert!(
                lost.keys().any(|commit| commit.contains(written)),
                "no commit of {written} in {lost:#?}"
            );
        }
    });
}

#[test]
fn whichever_statement_is_refused_once_with_each_class_of_sqlstate_nothing_is_held_and_nothing_is_dead() {
    run(async {
        let refused = everything_ends_once("refused-statements", Fault::Refused { codes: CODES }).await;
        let often = u32::try_from(CODES.len()).expect("a short list");
        let every = refused.values().filter(|count| **count == often).count();
        assert!(every >= WRITTEN.len(), "only {every} kinds of statements met every class: {refused:#?}");
    });
}

#[test]
fn a_cancel_whose_statements_lose_their_answers_or_are_refused_is_answered_and_every_answer_is_the_same() {
    run(async {
        let (reads, writes) = ("?(SELECT ", "+tombstone ");
        for (name, fault, often, hit) in [
            ("lost-cancel", Fault::AnswerLost { times: TIMES }, TIMES, &[writes][..]),
            ("refused-cancel", Fault::Refused { codes: CODES }, 13, &[reads, writes]),
        ] {
            let worker = vec![ProcessSpec::work("cancel", &["cancel"])];
            let fleet = Fleet::start(FleetOptions::with(name, worker).database_fault(fault)).await;
            let watch = fleet.watch();
            fleet.between.faults().arm();
            let id = Uuid::new_v4();
            let cancel = json!({
                "kind": "closure.cancel/1",
                "cancel_id": id,
                "consultation": { "id": "C-lost", "revision": 1 },
                "agent": { "id": "a-1042" },
            });
            fleet.publish_raw(cancel.to_string().as_bytes(), WorkQueue::Cancels.routing_key()).await;
            eventually("the answer to the cancel", LONG, || async {
                if fleet.outcomes.answers_to(id).is_empty() { Err("none".to_owned()) } else { Ok(()) }
            })
            .await;
            fleet.drain().await;
            let answers = fleet.outcomes.answers_to(id);
            let said: BTreeSet<_> =
                answers.iter().map(|one| (one.answer.outcome_id, &one.routing_key)).collect();
            assert_eq!(said.len(), 1, "{answers:?}");
            assert_eq!(answers[0].routing_key, "cancel.nothing_yet");
            assert!(fleet.letters().await.is_empty(), "and nobody has to look at it");
            let counted = fleet.between.faults().hit();
            for statement in hit {
                assert_eq!(counted.get(*statement), Some(&often), "{statement} in {counted:#?}");
            }
            drop(watch);
            fleet.finish().await;
        }
    });
}

/// Carries jobs of every kind to their ends, and answers what was hit meanwhile.
async fn everything_ends_once(name: &'static str, fault: Fault) -> BTreeMap<String, u32> {
    let fleet = Fleet::start(FleetOptions::apart(name).database_fault(fault)).await;
    let watch = fleet.watch();
    fleet.between.faults().arm();
    let list = [texts(4501, 24), emails(4502, 8), calls(4503, 4)].concat();
    for (index, job) in list.iter().take(24).enumerate() {
        let behaviour = match index % 4 {
            0 => SmsBehaviour::Failed,
            1 => SmsBehaviour::RefusedRecipient,
            2 => SmsBehaviour::AnswerLost,
            _ => SmsBehaviour::Delivered,
        };
        fleet.sms.behave(&digits(job), behaviour);
    }
    fleet.publish_all(&list).await;
    let too_late = expired(&fleet).await;
    let newer = newer_answer(&fleet).await;
    let (replayed, discarded) = two_letters(&fleet).await;
    let ids: Vec<JobId> = list.iter().map(jobs::id).chain([too_late, newer]).collect();
    all_are_heard(&fleet, &ids).await;
    fleet.drain().await;
    nothing_is_owed(&fleet).await;

    for (index, job) in (0_u16..).zip(list.iter().take(24)) {
        let (id, mails) = (jobs::id(job), fleet.smtp.mails_to(&address(4501, index)).len());
        let (end, mails_due) = match index % 4 {
            0 => ("sms.undelivered not_delivered", 1),
            1 => ("sms.refused recipient_rejected", 1),
            _ => ("sms.delivered", 0),
        };
        assert_eq!((last_word(&fleet, id).as_str(), mails), (end, mails_due), "text {index}");
        assert!(fleet.sms.accepted_to(&digits(job)).len() <= 1, "{id} was sent twice");
        if mails_due > 0 {
            assert_eq!(last_word(&fleet, id.fallback_email()), "email.accepted");
        }
    }
    for (index, job) in (0_u16..).zip(&list[24..32]) {
        assert_eq!(last_word(&fleet, jobs::id(job)), "email.accepted");
        assert_eq!(fleet.smtp.mails_to(&address(4502, index)).len(), 1, "one mail");
    }
    for job in &list[32..] {
        let word = last_word(&fleet, jobs::id(job));
        assert_eq!(
            (word.as_str(), customer_rings(&fleet, job)),
            ("dial.answered", 1),
            "the phone rings once"
        );
    }
    assert_eq!(last_word(&fleet, too_late), "sms.expired expired");
    assert_eq!(last_word(&fleet, replayed), "email.accepted");
    let end = fleet.outcomes.of(discarded).into_iter().map(|heard| heard.outcome.outcome);
    assert!(end.into_iter().any(|outcome| outcome == OutcomeName::Discarded));

    let hit = fleet.between.faults().hit();
    drop(watch);
    fleet.finish().await;
    hit
}

/// What the commits of this test write, each at least once.
const WRITTEN: [&str; 7] =
    ["+delivery", "~delivery", "+attempt", "+receipt", "+dead_letter", "-owed", "+tombstone"];

/// A text that is too late.
async fn expired(fleet: &Fleet) -> JobId {
    let mut job = jobs::sms(&jobs::number(4504, 0), &address(4504, 0));
    job["expires_at"] = json!("2026-01-01T00:00:00Z");
    fleet.publish(&job).await
}

/// A second revision, which is written down before it is sent.
async fn newer_answer(fleet: &Fleet) -> JobId {
    let mut job = jobs::sms(&jobs::number(4505, 0), &address(4505, 0));
    job["consultation"]["revision"] = json!(2);
    fleet.publish(&job).await
}

/// Two emails without an address that anybody can use: one is mended and sent again, the other is given up.
async fn two_letters(fleet: &Fleet) -> (JobId, JobId) {
    let mut ids = Vec::new();
    for index in 0..2 {
        let mut job = jobs::email("nobody");
        job["consultation"]["id"] = json!(format!("letter-{index}"));
        ids.push(jobs::id(&job));
        fleet.publish(&job).await;
    }
    let letters = eventually("two letters", LONG, || async {
        let letters = fleet.letters().await;
        let found: Vec<_> = ids
            .iter()
            .filter_map(|id| letters.iter().find(|letter| letter.summary.job_id == Some(*id)))
            .map(|letter| (letter.summary.id.to_string(), letter.body.clone()))
            .collect();
        if found.len() == 2 { Ok(found) } else { Err(format!("{} letters", found.len())) }
    })
    .await;
    let mut mended: Value = serde_json::from_slice(&letters[0].1).expect("a job");
    mended["to"]["email"] = json!(address(4506, 0));
    let file = fleet.file("mended.json", mended.to_string().as_bytes());
    let why = ["--actor", "kim", "--reason", "the address was mended"];
    done(fleet, &[&["dead", "replay", &letters[0].0, "--edit", &file], &why[..]].concat()).await;
    let way = ["dead", "discard", &letters[1].0, "--actor", "kim", "--reason", "solved by phone"];
    let environment = &fleet.environment;
    cli(environment, &way).await.with_code(0);
    (ids[0], ids[1])
}

/// Payments whose answer was lost are told once more by the sweep, and paid then.
async fn nothing_is_owed(fleet: &Fleet) {
    eventually("every debt to be paid", LONG, || async {
        let owed = fleet.database.query("SELECT count(*) FROM owed").await;
        if owed == ["0"] { Ok(()) } else { Err(format!("{owed:?} debts")) }
    })
    .await;
}
