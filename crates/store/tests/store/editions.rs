//! Nothing that was true is overwritten: what a replay and a second death put something else in the place of.

use bytes::Bytes;
use closure_contract::facts::jobs::JobFacts;
use closure_contract::{ClientRef, FailureCode, Generation, JobId, Provider, Receipt, ReceiptStatus};
use closure_store::{
    DeadLetter, DeadLetterFilter, DeadLetterId, DeliveryState, LetterDeed, NewClaim, NewDeadLetter,
    Settlement, Store,
};
use serde_json::{Value, json};

use crate::support::{
    TestDatabase, accepted, claim, claim_granted, dead, new_job, receipt, run, settle, settlement,
};

async fn letter(store: &Store, id: DeadLetterId) -> DeadLetter {
    store.dead_letter(id).await.expect("the database answers").expect("a letter never goes away")
}

async fn only_id(store: &Store) -> DeadLetterId {
    let letters = store.dead_letters(DeadLetterFilter::default()).await.expect("the database answers");
    assert_eq!(letters.len(), 1, "{letters:?}");
    letters[0].id
}

/// Dies in this generation with these bytes; the claim says what the job is.
async fn dies(store: &Store, claim: NewClaim) {
    let generation = claim.generation;
    let (lease, attempt) = claim_granted(store, claim).await;
    settle(store, Settlement { lease, generation, attempt, ending: dead(), rules: None, call: None }).await;
}

/// A text message that died with everything on record that a replay begins without.
async fn dead_with_a_past(store: &Store, database: &TestDatabase) -> (JobId, DeadLetterId) {
    let job = new_job();
    dies(store, NewClaim { rendered: Some(Bytes::from("as it was rendered")), ..claim(job) }).await;
    database
        .execute("UPDATE delivery SET call = '{\"legs\": 1}', accepted_at = now(), evidence = 'gateway'")
        .await;
    (job, only_id(store).await)
}

#[test]
fn a_replay_keeps_the_generation_whose_place_it_takes() {
    run(async |database| {
        let store = database.store();
        let (job, id) = dead_with_a_past(&store, database).await;
        let mended = Bytes::from("mended");
        store
            .begin_replay(id, LetterDeed::of("kim", "the number was mended"), Some(mended.clone()))
            .await
            .expect("begun");
        let kept = database
            .count(
                "SELECT count(*) FROM delivery_edition
                 WHERE generation = 1 AND rendered = 'as it was rendered' AND call = '{\"legs\": 1}'
                     AND accepted_at IS NOT NULL AND sender_asked = '+82234518120' AND made_by IS NULL",
            )
            .await;
        assert_eq!(kept, 1, "the render, the call and the sender of the first generation are kept");
        dies(&store, NewClaim { generation: Generation(2), body: mended.clone(), ..claim(job) }).await;
        store.begin_replay(id, LetterDeed::of("lee", "as it is"), None).await.expect("begun");
        let story = store.job_history(job).await.expect("the database answers").expect("a delivery");
        let told: Vec<_> = story
            .earlier_editions
            .iter()
            .map(|edition| (edition.generation.0, edition.state, edition.code, edition.made_by.as_deref()))
            .collect();
        let code = Some(FailureCode::ProviderAuth);
        assert_eq!(told, [(1, DeliveryState::Dead, code, None), (2, DeliveryState::Dead, code, Some("kim"))]);
        assert_eq!(story.earlier_editions[1].reason.as_deref(), Some("the number was mended"));
        let original = claim(job).body;
        let letter = letter(&store, id).await;
        let editions: Vec<_> = letter
            .editions
            .iter()
            .map(|edition| (edition.number, edition.body.clone(), edition.made_by.as_deref()))
            .collect();
        assert_eq!(
            editions,
            [(1, original, None), (2, mended.clone(), Some("kim")), (3, mended, Some("lee"))]
        );
    });
}

#[test]
fn a_letter_that_dies_again_keeps_how_it_died_before() {
    run(async |database| {
        let (store, job) = (database.store(), new_job());
        let (lease, attempt) = claim_granted(&store, claim(job)).await;
        let client_ref = Some(ClientRef::of(job, Generation::FIRST, attempt));
        settle(&store, settlement(lease, attempt, dead())).await;
        let undelivered = Receipt { client_ref, ..receipt("late", ReceiptStatus::Undelivered) };
        store.record_receipt(&undelivered).await.expect("the database answers");
        let id = only_id(&store).await;
        assert!(letter(&store, id).await.earlier_deaths.is_empty(), "the first death is the letter's own");
        store.begin_replay(id, LetterDeed::of("kim", "again"), None).await.expect("begun");
        let crash = NewDeadLetter {
            queue: "closure.sms".to_owned(),
            routing_key: "sms".to_owned(),
            code: FailureCode::CrashLoop,
            detail: "20 deliveries".to_owned(),
            body: claim(job).body,
            headers: json!({ "generation": 2 }),
            job_id: Some(job),
            about_job: None,
            message_id: None,
            consultation_id: None,
            found_by: JobFacts::default(),
        };
        store.record_dead_letter(crash.clone()).await.expect("the database answers");
        store.record_dead_letter(crash).await.expect("the same death, seen twice");
        let after = letter(&store, id).await;
        assert_eq!((after.summary.code, after.summary.deaths), (FailureCode::CrashLoop, 2));
        let told: Vec<_> = after
            .earlier_deaths
            .iter()
            .map(|death| {
                (death.number, death.generation.0, death.code, death.provider, death.provider_code.as_deref())
            })
            .collect();
        let code = FailureCode::ProviderAuth;
        assert_eq!(told, [(1, 1, code, Some(Provider::Nhn), Some("1000"))]);
        assert_eq!(after.earlier_deaths[0].detail, "the account is closed");
        let story = store.job_history(job).await.expect("the database answers").expect("a delivery");
        assert_eq!(story.dead_letters[0].earlier_deaths, after.earlier_deaths);
    });
}

#[test]
fn every_correction_of_a_message_that_no_delivery_has_is_kept() {
    run(async |database| {
        let store = database.store();
        let unreadable = NewDeadLetter {
            queue: "closure.sms".to_owned(),
            routing_key: "sms".to_owned(),
            code: FailureCode::UnreadableBody,
            detail: "no JSON".to_owned(),
            body: Bytes::from("{"),
            headers: Value::Null,
            job_id: None,
            about_job: None,
            message_id: None,
            consultation_id: None,
            found_by: JobFacts::default(),
        };
        let id = store.record_dead_letter(unreadable.clone()).await.expect("the database answers").id;
        for (actor, body) in [("kim", "{}"), ("lee", "[]"), ("park", "{ }")] {
            let body = Some(Bytes::from(body));
            store.begin_replay(id, LetterDeed::of(actor, "repaired"), body).await.expect("begun");
            store.replay_published(id, Generation::FIRST).await.expect("the database answers");
            store.record_dead_letter(unreadable.clone()).await.expect("it comes back as it was");
        }
        let sent: Vec<_> = letter(&store, id)
            .await
            .editions
            .into_iter()
            .map(|edition| (edition.number, edition.body, edition.made_by))
            .collect();
        let by = |actor: &str| Some(actor.to_owned());
        assert_eq!(
            sent,
            [
                (1, Bytes::from("{"), None),
                (2, Bytes::from("{}"), by("kim")),
                (3, Bytes::from("[]"), by("lee")),
                (4, Bytes::from("{ }"), by("park")),
            ]
        );
    });
}

#[test]
fn every_correction_of_a_job_that_nobody_claimed_is_kept_under_its_generation() {
    run(async |database| {
        let (store, job) = (database.store(), new_job());
        let crash = |generation: u32| NewDeadLetter {
            queue: "closure.sms".to_owned(),
            routing_key: "sms".to_owned(),
            code: FailureCode::CrashLoop,
            detail: "20 deliveries".to_owned(),
            body: claim(job).body,
            headers: json!({ "generation": generation }),
            job_id: Some(job),
            about_job: None,
            message_id: None,
            consultation_id: None,
            found_by: JobFacts::default(),
        };
        let id = store.record_dead_letter(crash(1)).await.expect("the database answers").id;
        for (generation, actor, body) in [(2, "kim", "first"), (3, "lee", "second")] {
            let body = Some(Bytes::from(body));
            store.begin_replay(id, LetterDeed::of(actor, "mended"), body).await.expect("begun");
            store.record_dead_letter(crash(generation)).await.expect("it dies again");
        }
        store.begin_replay(id, LetterDeed::of("park", "as it is"), None).await.expect("begun");
        let sent: Vec<_> = letter(&store, id)
            .await
            .editions
            .into_iter()
            .map(|edition| (edition.number, edition.body, edition.made_by))
            .collect();
        let by = |actor: &str| Some(actor.to_owned());
        assert_eq!(
            sent,
            [
                (1, claim(job).body, None),
                (2, Bytes::from("first"), by("kim")),
                (3, Bytes::from("second"), by("lee")),
                (4, Bytes::from("second"), by("park")),
            ]
        );
    });
}

#[test]
fn a_job_that_never_dies_writes_none_of_this() {
    run(async |database| {
        let store = database.store();
        let (lease, attempt) = claim_granted(&store, claim(new_job())).await;
        settle(&store, settlement(lease, attempt, accepted("ref", 60_000))).await;
        dies(&store, claim(new_job())).await;
        let written = "SELECT (SELECT count(*) FROM delivery_edition) + (SELECT count(*) FROM letter_death)
                           + (SELECT count(*) FROM letter_edition)";
        assert_eq!(database.count(written).await, 0);
    });
}
