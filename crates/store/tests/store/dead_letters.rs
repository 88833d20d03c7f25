use bytes::Bytes;
use closure_contract::{
    Channel, ClientRef, FailureCode, Generation, Receipt, ReceiptStatus, facts::jobs::JobFacts,
};
use closure_store::{
    Claim, DeadLetterFilter, DeadLetterId, DeadLetterState, DeliveryFacts, DeliveryState, GivenUp,
    LetterDeed, NewClaim, NewDeadLetter, ReplayError, Settlement, Store,
};
use serde_json::{Value, json};

use crate::support::{accepted, claim, claim_granted, dead, new_job, receipt, run, settle, settled};

async fn only_letter(store: &Store) -> closure_store::DeadLetterSummary {
    let mut letters = store.dead_letters(DeadLetterFilter::default()).await.expect("the database answers");
    assert_eq!(letters.len(), 1, "{letters:?}");
    letters.remove(0)
}

fn letter(body: &str, job_id: Option<closure_contract::JobId>, generation: u32) -> NewDeadLetter {
    NewDeadLetter {
        queue: "closure.sms".to_owned(),
        routing_key: "sms".to_owned(),
        code: FailureCode::CrashLoop,
        detail: "20 deliveries".to_owned(),
        body: Bytes::from(body.to_owned()),
        headers: json!({ "generation": generation, "type": "closure.sms/1" }),
        job_id,
        about_job: None,
        message_id: Some("m-1".to_owned()),
        consultation_id: None,
        found_by: JobFacts::default(),
    }
}

#[test]
fn of_two_supervisors_one_begins_the_replay_and_the_other_can_only_finish_the_same() {
    run(async |database| {
        let (ours, theirs) = (database.store(), database.store());
        let body = settled(&ours, dead()).await.body;
        let id = only_letter(&ours).await.id;
        let (a, b) = tokio::join!(
            ours.begin_replay(id, LetterDeed::of("kim", "the account is open again"), None),
            theirs.begin_replay(id, LetterDeed::of("lee", "try again"), None),
        );
        let (a, b) = (a.expect("begun"), b.expect("begun"));
        assert_ne!(a.again, b.again, "one of them began it");
        assert_eq!((a.generation, &a.body, a.kind.as_deref()), (Generation(2), &body, Some("closure.sms/1")));
        assert_eq!((b.generation, &b.body), (Generation(2), &body));
        let other =
            ours.begin_replay(id, LetterDeed::of("park", "another text"), Some(Bytes::from("other"))).await;
        assert!(
            matches!(other, Err(ReplayError::NotOpen { state: DeadLetterState::Replaying, .. })),
            "{other:?}"
        );
        let actions = ours.dead_letter(id).await.expect("the database answers").expect("a letter").actions;
        assert_eq!(actions.len(), 1);
        assert_eq!(actions[0].generation, Generation(2));
    });
}

#[test]
fn a_replay_that_succeeds_resolves_its_letter_and_one_that_dies_opens_it_again() {
    run(async |database| {
        let store = database.store();
        let job = settled(&store, dead()).await.job_id;
        let id = only_letter(&store).await.id;
        for (generation, ending, state, deaths) in [
            (Generation(2), dead(), DeadLetterState::Open, 2),
            (Generation(3), accepted("ref", 60_000), DeadLetterState::Resolved, 2),
        ] {
            let replay = store.begin_replay(id, LetterDeed::of("kim", "again"), None).await.expect("begun");
            assert_eq!(replay.generation, generation);
            let stale = store.claim(claim(job)).await.expect("the database answers");
            assert_eq!(stale, Claim::Stale { generation });
            let (lease, attempt) = claim_granted(&store, NewClaim { generation, ..claim(job) }).await;
            settle(&store, Settlement { lease, generation, attempt, ending, rules: None, call: None }).await;
            let letter = only_letter(&store).await;
            assert_eq!((letter.state, letter.deaths), (state, deaths));
        }
        let again = store.begin_replay(id, LetterDeed::of("kim", "again"), None).await;
        assert!(
            matches!(again, Err(ReplayError::NotOpen { state: DeadLetterState::Resolved, .. })),
            "{again:?}"
        );
        let given_up = store.discard(id, LetterDeed::of("kim", "done"), 0).await;
        assert!(matches!(given_up, Err(ReplayError::NotOpen { state: DeadLetterState::Resolved, .. })));
    });
}

#[test]
fn an_edited_replay_sends_the_new_bytes_and_keeps_the_old() {
    run(async |database| {
        let store = database.store();
        let before = settled(&store, dead()).await;
        let id = only_letter(&store).await.id;
        let edited = Bytes::from("edited");
        let replay = store
            .begin_replay(id, LetterDeed::of("kim", "number corrected"), Some(edited.clone()))
            .await
            .expect("begun");
        assert_eq!(replay.body, edited);
        let old = NewClaim { generation: Generation(2), ..claim(before.job_id) };
        assert_eq!(
            store.claim(old.clone()).await,
            Ok(Claim::Conflict),
            "the old bytes are not of this generation"
        );
        let (_, attempt) = claim_granted(&store, NewClaim { body: edited.clone(), ..old }).await;
        assert_eq!(attempt.0, 1);
        let kept = store.dead_letter(id).await.expect("the database answers").expect("a letter");
        assert_eq!((kept.body, kept.replay_body), (before.body, Some(edited)));
    });
}

#[test]
fn receipts_of_an_older_generation_say_nothing_about_a_replay() {
    run(async |database| {
        let (store, job) = (database.store(), new_job());
        let (lease, attempt) = claim_granted(&store, claim(job)).await;
        let client_ref = Some(ClientRef::of(job, Generation::FIRST, attempt));
        let undelivered = Receipt { client_ref, ..receipt("old", ReceiptStatus::Undelivered) };
        settle(&store, crate::support::settlement(lease, attempt, dead())).await;
        store
            .begin_replay(only_letter(&store).await.id, LetterDeed::of("kim", "again"), None)
            .await
            .expect("begun");
        store.record_receipt(&undelivered).await.expect("the database answers");
        let seen = |facts: &DeliveryFacts| {
            assert_eq!(facts.receipts, []);
            None
        };
        store.evaluate::<_, ()>(job, seen).await.expect("the database answers");
    });
}

#[test]
fn a_discarded_letter_discards_its_delivery_and_hands_it_back_to_be_told_of() {
    run(async |database| {
        let store = database.store();
        let job = settled(&store, dead()).await.job_id;
        let id = only_letter(&store).await.id;
        let given_up = store.discard(id, LetterDeed::of("kim", "the customer called"), 0).await;
        let Ok(GivenUp::Now(Some(snapshot))) = given_up else { panic!("{given_up:?}") };
        assert_eq!((snapshot.job_id, snapshot.state), (job, DeliveryState::Discarded));
        let answer = store.claim(claim(job)).await.expect("the database answers");
        assert!(matches!(answer, Claim::Settled(_)), "{answer:?}");
        let replay = store.begin_replay(id, LetterDeed::of("kim", "after all"), None).await;
        assert!(
            matches!(replay, Err(ReplayError::NotOpen { state: DeadLetterState::Discarded, .. })),
            "{replay:?}"
        );
        let nothing = DeadLetterId(id.0 + 1);
        assert_eq!(
            store.discard(nothing, LetterDeed::of("kim", "?"), 0).await,
            Err(ReplayError::NotFound(nothing))
        );
    });
}

#[test]
fn a_message_that_is_no_job_is_kept_once_by_its_bytes_and_replayed_as_a_first_generation() {
    run(async |database| {
        let store = database.store();
        let unreadable =
            NewDeadLetter { code: FailureCode::UnreadableBody, headers: Value::Null, ..letter("{", None, 1) };
        let buried = store.record_dead_letter(unreadable.clone()).await.expect("the database answers");
        let id = buried.id;
        assert_eq!(store.record_dead_letter(unreadable).await, Ok(buried), "the same death, seen twice");
        let kept = only_letter(&store).await;
        assert_eq!((kept.deaths, kept.job_id, kept.channel), (1, None, Some(Channel::Sms)));
        let replay = store
            .begin_replay(id, LetterDeed::of("kim", "repaired"), Some(Bytes::from("{}")))
            .await
            .expect("begun");
        assert_eq!(
            (replay.generation, replay.job_id, replay.routing_key.as_str()),
            (Generation::FIRST, None, "sms")
        );
        store.replay_published(id, Generation::FIRST).await.expect("the database answers");
        assert_eq!(only_letter(&store).await.state, DeadLetterState::Resolved);
    });
}

#[test]
fn a_crash_loop_kills_the_delivery_that_it_could_not_finish() {
    run(async |database| {
        let (store, job) = (database.store(), new_job());
        claim_granted(&store, claim(job)).await;
        let body = format!("{{\"job_id\":\"{job}\"}}");
        let buried =
            store.record_dead_letter(letter(&body, Some(job), 1)).await.expect("the database answers");
        let id = buried.id;
        assert_eq!(store.record_dead_letter(letter(&body, Some(job), 1)).await, Ok(buried));
        let story = store.job_history(job).await.expect("the database answers").expect("a delivery");
        assert_eq!((story.state, story.code), (DeliveryState::Dead, Some(FailureCode::CrashLoop)));
        assert_eq!(story.tries[0].state, "in_doubt", "nobody knows what the crashed worker sent");
        assert_eq!(story.dead_letters[0].letter.deaths, 1);
        store.discard(id, LetterDeed::of("kim", "seen"), 0).await.expect("open");
        // The dead worker crashed before its ack: the same message comes once more.
        store.record_dead_letter(letter(&body, Some(job), 1)).await.expect("the database answers");
        assert_eq!(only_letter(&store).await.state, DeadLetterState::Discarded);
    });
}

#[test]
fn a_crash_loop_after_the_provider_took_it_neither_kills_nor_replays_it() {
    run(async |database| {
        let store = database.store();
        let snapshot = settled(&store, accepted("ref", 60_000)).await;
        let body = String::from_utf8(snapshot.body.to_vec()).expect("the test's own text");
        let id = store
            .record_dead_letter(letter(&body, Some(snapshot.job_id), 1))
            .await
            .expect("the database answers")
            .id;
        let after = store.snapshot(snapshot.job_id).await.expect("the database answers").expect("a delivery");
        assert_eq!(after.state, DeliveryState::Accepted);
        let replay = store.begin_replay(id, LetterDeed::of("kim", "again"), None).await;
        assert_eq!(replay, Err(ReplayError::NotDead { id, state: DeliveryState::Accepted }));
        assert_eq!(store.discard(id, LetterDeed::of("kim", "it was sent"), 0).await, Ok(GivenUp::Now(None)));
    });
}

#[test]
fn another_content_under_a_jobs_id_is_a_letter_of_its_own() {
    run(async |database| {
        let (store, job) = (database.store(), new_job());
        claim_granted(&store, claim(job)).await;
        let id =
            store.record_dead_letter(letter("other", Some(job), 1)).await.expect("the database answers").id;
        let snapshot = store.snapshot(job).await.expect("the database answers").expect("a delivery");
        assert_eq!(snapshot.state, DeliveryState::Sending, "the first content is left in peace");
        let replay = store.begin_replay(id, LetterDeed::of("kim", "again"), None).await.expect("begun");
        assert_eq!((replay.job_id, replay.generation), (None, Generation::FIRST));
    });
}

#[test]
fn a_job_that_was_never_claimed_is_replayed_as_its_next_generation() {
    run(async |database| {
        let (store, job) = (database.store(), new_job());
        let body = format!("{{\"job_id\":\"{job}\"}}");
        let id =
            store.record_dead_letter(letter(&body, Some(job), 1)).await.expect("the database answers").id;
        let replay = store.begin_replay(id, LetterDeed::of("kim", "fixed"), None).await.expect("begun");
        assert_eq!((replay.job_id, replay.generation, replay.kind), (Some(job), Generation(2), None));
        let generation = Generation(2);
        let (lease, attempt) = claim_granted(&store, NewClaim { generation, ..claim(job) }).await;
        let ending = accepted("ref", 60_000);
        settle(&store, Settlement { lease, generation, attempt, ending, rules: None, call: None }).await;
        assert_eq!(only_letter(&store).await.state, DeadLetterState::Resolved);
    });
}

#[test]
fn letters_are_listed_by_what_they_are_and_page_by_page() {
    run(async |database| {
        let store = database.store();
        for _ in 0..3 {
            settled(&store, dead()).await;
        }
        store.record_dead_letter(letter("x", None, 1)).await.expect("the database answers");
        let list = async |filter| store.dead_letters(filter).await.expect("the database answers");
        let by_code =
            DeadLetterFilter { code: Some(FailureCode::ProviderAuth), ..DeadLetterFilter::default() };
        assert_eq!(list(by_code.clone()).await.len(), 3);
        let page = list(DeadLetterFilter { limit: 2, ..by_code.clone() }).await;
        let rest =
            list(DeadLetterFilter { before: Some((page[1].last_died_at, page[1].id)), ..by_code }).await;
        assert_eq!((page.len(), rest.len()), (2, 1));
        assert!(page[0].id > page[1].id && page[1].id > rest[0].id);
        let none = DeadLetterFilter { channel: Some(Channel::Dial), ..DeadLetterFilter::default() };
        assert!(list(none).await.is_empty());
        let resolved =
            DeadLetterFilter { state: Some(DeadLetterState::Resolved), ..DeadLetterFilter::default() };
        assert!(list(resolved).await.is_empty());
    });
}
