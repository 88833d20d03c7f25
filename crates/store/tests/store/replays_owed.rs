//! A replay whose command ended between its commit and its publish is published by somebody else, once.

use bytes::Bytes;
use closure_contract::facts::jobs::JobFacts;
use closure_contract::{FailureCode, Generation, JobId};
use closure_store::{
    DeadLetterFilter, DeadLetterId, DeadLetterState, DeadLetterSummary, LetterDeed, NewClaim, NewDeadLetter,
    Replay, Store,
};
use serde_json::Value;

use crate::support::{TestDatabase, claim, claim_granted, dead, run, settled};

const QUEUES: &[&str] = &["closure.sms", "closure.receipts"];
/// A minute is more than a person's command takes.
const AGE: &str = "UPDATE dead_letter SET publish_at = publish_at - interval '1 minute'";

async fn only_letter(store: &Store) -> DeadLetterSummary {
    let mut letters = store.dead_letters(DeadLetterFilter::default()).await.expect("the database answers");
    assert_eq!(letters.len(), 1, "{letters:?}");
    letters.remove(0)
}

async fn owed(store: &Store) -> Vec<Replay> {
    store.owed_replays(QUEUES, 10).await.expect("the database answers")
}

/// A replay that was committed, by a command that ended then.
async fn begun(store: &Store) -> (JobId, DeadLetterId, Replay) {
    let job = settled(store, dead()).await.job_id;
    let id = only_letter(store).await.id;
    let replay = store.begin_replay(id, LetterDeed::of("kim", "again"), Some(Bytes::from("mended"))).await;
    (job, id, replay.expect("begun"))
}

#[test]
fn a_replay_that_was_committed_and_not_published_is_handed_to_one_publisher_until_it_says_that_it_did() {
    run(async |database| {
        let (store, other) = (database.store(), database.store());
        let (_, id, replay) = begun(&store).await;
        assert_eq!(owed(&store).await, [], "its own command has half a minute");
        database.execute(AGE).await;
        assert_eq!(store.owed_replays(&["closure.email"], 10).await, Ok(vec![]), "another queue's worker");
        let (a, b) = tokio::join!(owed(&store), owed(&other));
        let found: Vec<Replay> = a.into_iter().chain(b).collect();
        assert_eq!(found, [Replay { again: true, ..replay.clone() }], "the same message as the command's");
        assert_eq!(owed(&store).await, [], "somebody is at it");
        database.execute(AGE).await;
        assert_eq!(owed(&store).await.len(), 1, "who took it died");
        store.replay_published(id, Generation::FIRST).await.expect("the database answers");
        assert!(only_letter(&store).await.published_at.is_none(), "that is another replay");
        store.replay_published(id, replay.generation).await.expect("the database answers");
        assert!(only_letter(&store).await.published_at.is_some());
        database.execute(AGE).await;
        assert_eq!(owed(&store).await, []);
    });
}

#[test]
fn a_replay_that_a_worker_has_in_hand_is_not_published_again_and_the_next_one_is_owed_anew() {
    run(async |database| {
        let store = database.store();
        let (job, id, replay) = begun(&store).await;
        let body = replay.body.clone();
        let claim = NewClaim { generation: replay.generation, body, ..claim(job) };
        let (lease, attempt) = claim_granted(&store, claim).await;
        database.execute(AGE).await;
        assert_eq!(owed(&store).await, [], "the queue had it");
        assert!(only_letter(&store).await.published_at.is_some(), "which says that it was published");
        let (generation, ending) = (replay.generation, dead());
        let settlement =
            closure_store::Settlement { lease, generation, attempt, ending, rules: None, call: None };
        store.settle(settlement).await.expect("the database answers");
        store.begin_replay(id, LetterDeed::of("kim", "once more"), None).await.expect("begun");
        assert!(only_letter(&store).await.published_at.is_none());
        database.execute(AGE).await;
        assert_eq!(owed(&store).await.len(), 1);
    });
}

#[test]
fn a_message_that_is_no_job_is_resolved_by_whoever_publishes_it() {
    run(async |database| {
        let store = database.store();
        let unreadable = NewDeadLetter {
            queue: "closure.receipts".to_owned(),
            routing_key: "receipt".to_owned(),
            code: FailureCode::UnreadableBody,
            detail: "no JSON".to_owned(),
            body: Bytes::from("{"),
            headers: Value::Null,
            job_id: None,
            about_job: None,
            message_id: Some("m-1".to_owned()),
            consultation_id: None,
            found_by: JobFacts::default(),
        };
        let id = store.record_dead_letter(unreadable).await.expect("the database answers").id;
        store.begin_replay(id, LetterDeed::of("kim", "read again"), None).await.expect("begun");
        database.execute(AGE).await;
        let found = owed(&store).await;
        assert_eq!((found[0].body.as_ref(), found[0].job_id, found[0].generation.0), (&b"{"[..], None, 1));
        store.replay_published(id, found[0].generation).await.expect("the database answers");
        assert_eq!(only_letter(&store).await.state, DeadLetterState::Resolved);
    });
}

#[test]
fn a_replay_that_no_worker_may_publish_is_counted_for_a_person_to_finish() {
    run(async |database| {
        let store = database.store();
        let unreadable = NewDeadLetter {
            queue: "closure.cancel".to_owned(),
            routing_key: "cancel".to_owned(),
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
        let id = store.record_dead_letter(unreadable).await.expect("the database answers").id;
        store.begin_replay(id, LetterDeed::of("kim", "read again"), None).await.expect("begun");
        assert_eq!(store.stranded_replays(20_000).await, Ok(0));
        database.execute(AGE).await;
        assert_eq!(owed(&store).await, []);
        assert_eq!(store.stranded_replays(20_000).await, Ok(1));
        let again = store.begin_replay(id, LetterDeed::of("kim", "finish it"), None).await.expect("the same");
        store.replay_published(id, again.generation).await.expect("the database answers");
        assert_eq!(store.stranded_replays(20_000).await, Ok(0));
    });
}

/// An earlier release begins a replay in its own words and marks nothing.
#[test]
fn a_replay_that_an_earlier_release_began_is_owed_too() {
    run(async |database: &TestDatabase| {
        let store = database.store();
        settled(&store, dead()).await;
        database
            .execute(
                "UPDATE delivery SET state = 'pending', generation = 2;
                 UPDATE dead_letter SET state = 'replaying', replay_generation = 2, settled_at = NULL",
            )
            .await;
        database.execute(AGE).await;
        assert_eq!(owed(&store).await.len(), 1);
        assert_eq!(only_letter(&store).await.version, 2);
        assert_eq!(database.count("SELECT count(*) FROM delivery_edition").await, 1);
    });
}
