//! A decision is made on what a person saw of a letter, and refused where that is no more.

use bytes::Bytes;
use closure_contract::Generation;
use closure_store::{
    DeadLetterFilter, DeadLetterSummary, LetterDeed, NewClaim, ReplayError, Settlement, Store,
};

use crate::support::{accepted, claim, claim_granted, dead, run, settle, settled};

async fn only_letter(store: &Store) -> DeadLetterSummary {
    let mut letters = store.dead_letters(DeadLetterFilter::default()).await.expect("the database answers");
    assert_eq!(letters.len(), 1, "{letters:?}");
    letters.remove(0)
}

fn by<'a>(actor: &'a str, letter: &DeadLetterSummary) -> LetterDeed<'a> {
    LetterDeed { seen: Some(letter.version), ..LetterDeed::of(actor, "by what was seen") }
}

#[test]
fn every_change_of_a_letter_is_another_version_and_a_repeat_is_none() {
    run(async |database| {
        let store = database.store();
        let job = settled(&store, dead()).await.job_id;
        let first = only_letter(&store).await;
        assert_eq!(first.version, 1);
        store.begin_replay(first.id, by("kim", &first), None).await.expect("begun");
        assert_eq!(only_letter(&store).await.version, 2);
        store.begin_replay(first.id, LetterDeed::of("kim", "finish it"), None).await.expect("finished");
        assert_eq!(only_letter(&store).await.version, 2, "a repeat changes nothing");
        let generation = Generation(2);
        let (lease, attempt) = claim_granted(&store, NewClaim { generation, ..claim(job) }).await;
        settle(&store, Settlement { lease, generation, attempt, ending: dead(), rules: None, call: None })
            .await;
        assert_eq!(only_letter(&store).await.version, 3, "a death is a change");
        let actions =
            store.dead_letter(first.id).await.expect("the database answers").expect("a letter").actions;
        assert_eq!(actions[0].letter_version, Some(1), "the action names what it was made on");
    });
}

#[test]
fn a_stale_page_begins_no_third_generation_and_is_told_what_happened() {
    run(async |database| {
        let store = database.store();
        let job = settled(&store, dead()).await.job_id;
        let seen = only_letter(&store).await;
        store.begin_replay(seen.id, by("kim", &seen), None).await.expect("begun");
        let generation = Generation(2);
        let (lease, attempt) = claim_granted(&store, NewClaim { generation, ..claim(job) }).await;
        settle(&store, Settlement { lease, generation, attempt, ending: dead(), rules: None, call: None })
            .await;
        for refused in [
            store.begin_replay(seen.id, by("lee", &seen), None).await.map(drop),
            store.discard(seen.id, by("lee", &seen), 0).await.map(drop),
        ] {
            let problem = refused.expect_err("it died again meanwhile");
            assert_eq!(problem.code(), Some("letter_changed"));
            let ReplayError::Changed { seen: 1, version: 3, latest, .. } = problem else {
                panic!("{problem:?}")
            };
            assert_eq!((latest.what.as_str(), latest.actor), ("death", None));
        }
        assert_eq!(only_letter(&store).await.generation, generation, "there is no third one");
        store.discard(seen.id, by("lee", &only_letter(&store).await), 0).await.expect("by what it is now");
        let late = store.discard(seen.id, by("park", &seen), 0).await.expect_err("lee was there before");
        assert!(late.to_string().contains("discard by lee at"), "{late}");
    });
}

#[test]
fn of_two_who_saw_the_same_letter_the_second_finishes_the_same_replay_and_begins_no_other() {
    run(async |database| {
        let store = database.store();
        let job = settled(&store, dead()).await.job_id;
        let seen = only_letter(&store).await;
        let first = store.begin_replay(seen.id, by("kim", &seen), None).await.expect("begun");
        let same = store.begin_replay(seen.id, by("lee", &seen), None).await.expect("the same one");
        assert_eq!((same.generation, first.again, same.again), (first.generation, false, true));
        let other = Some(Bytes::from("other"));
        let problem = store.begin_replay(seen.id, by("lee", &seen), other).await.expect_err("another one");
        assert!(problem.to_string().contains("replay by kim at"), "{problem}");
        let older = LetterDeed { seen: Some(7), ..LetterDeed::of("park", "a mistake") };
        let problem = store.begin_replay(seen.id, older, None).await.expect_err("nobody saw that");
        assert_eq!(problem.code(), Some("letter_changed"));
        let generation = Generation(2);
        let (lease, attempt) = claim_granted(&store, NewClaim { generation, ..claim(job) }).await;
        let ending = accepted("ref", 60_000);
        settle(&store, Settlement { lease, generation, attempt, ending, rules: None, call: None }).await;
        let problem = store.begin_replay(seen.id, by("lee", &seen), None).await.expect_err("it has ended");
        assert!(problem.to_string().contains("end of the job at"), "{problem}");
    });
}
