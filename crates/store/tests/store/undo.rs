//! A letter that was given up, taken back before the CRM hears of it, and after.

use closure_contract::Generation;
use closure_store::{
    Claim, DeadLetterFilter, DeadLetterState, DeadLetterSummary, DeliveryState, GivenUp, LetterDeed,
    NewClaim, Reopened, Store, SweepWork,
};

use crate::support::{claim, claim_granted, dead, run, settled};

/// Longer than any test runs.
const UNDO_MS: u64 = 600_000;
/// The time in which it can be taken back is over.
const OVER: &str = "UPDATE dead_letter SET announce_at = announce_at - interval '1 hour'";

async fn only_letter(store: &Store) -> DeadLetterSummary {
    let mut letters = store.dead_letters(DeadLetterFilter::default()).await.expect("the database answers");
    assert_eq!(letters.len(), 1, "{letters:?}");
    letters.remove(0)
}

#[test]
fn a_letter_that_is_given_up_and_taken_back_in_time_was_never_given_up_for_the_crm() {
    run(async |database| {
        let store = database.store();
        let before = settled(&store, dead()).await;
        let id = only_letter(&store).await.id;
        let given_up = store.discard(id, LetterDeed::of("kim", "a mistake"), UNDO_MS).await;
        assert!(matches!(given_up, Ok(GivenUp::ToldAt(_))), "{given_up:?}");
        let letter = only_letter(&store).await;
        assert_eq!((letter.state, letter.announce_at.is_some()), (DeadLetterState::Discarded, true));
        // A message that is delivered once more is told what was told before, and no more.
        let again = store.claim(claim(before.job_id)).await;
        let Ok(Claim::Settled(told)) = again else { panic!("{again:?}") };
        assert_eq!((told.state, told.words), (DeliveryState::Dead, before.words));
        assert_eq!(store.discard_due(10).await, Ok(vec![]), "there is time left");
        assert_eq!(store.reopen(id, LetterDeed::of("lee", "not yet")).await, Ok(Reopened::Unheard));
        database.execute(OVER).await;
        assert_eq!(store.discard_due(10).await, Ok(vec![]), "nothing is due any more");
        let letter = only_letter(&store).await;
        assert_eq!((letter.state, letter.announce_at, letter.version), (DeadLetterState::Open, None, 3));
        let after = store.snapshot(before.job_id).await.expect("the database answers").expect("a delivery");
        assert_eq!((after.state, after.words, after.ended_at), (before.state, before.words, before.ended_at));
        let problem = store.reopen(id, LetterDeed::of("lee", "again")).await.expect_err("it is open");
        assert_eq!(problem.code(), Some("letter_not_discarded"));
    });
}

#[test]
fn a_letter_that_nobody_takes_back_is_discarded_and_told_of_once() {
    run(async |database| {
        let store = database.store();
        let before = settled(&store, dead()).await;
        let id = only_letter(&store).await.id;
        store.discard(id, LetterDeed::of("kim", "solved by phone"), UNDO_MS).await.expect("open");
        assert_eq!(store.untold_discards(1_000).await, Ok(0));
        let work = store.sweep_work(60_000).await.expect("the database answers");
        assert!(!work.contains(&SweepWork::Discards), "{work:?}");
        database.execute(OVER).await;
        assert_eq!(store.untold_discards(1_000).await, Ok(1), "and nobody tells of it");
        let seen = only_letter(&store).await.version;
        let work = store.sweep_work(60_000).await.expect("the database answers");
        assert!(work.contains(&SweepWork::Discards), "{work:?}");
        let (ours, theirs) = (database.store(), database.store());
        let (a, b) = tokio::join!(ours.discard_due(10), theirs.discard_due(10));
        let told: Vec<_> = [a, b].into_iter().flat_map(|due| due.expect("the database answers")).collect();
        assert_eq!(told.len(), 1, "one process tells of it");
        assert_eq!((told[0].state, told[0].words), (DeliveryState::Discarded, before.words + 1));
        assert_eq!(
            database.count("SELECT count(*) FROM owed WHERE word = 2").await,
            1,
            "it is owed until told"
        );
        let told = only_letter(&store).await;
        assert_eq!((told.announce_at, told.version), (None, seen + 1));
        let stale = LetterDeed { seen: Some(seen), ..LetterDeed::of("lee", "not yet") };
        let problem = store.reopen(id, stale).await.expect_err("the CRM has heard of it since");
        assert_eq!(problem.code(), Some("letter_changed"));
    });
}

#[test]
fn a_letter_that_is_taken_back_late_is_replayed_as_the_next_generation() {
    run(async |database| {
        let store = database.store();
        let job = settled(&store, dead()).await.job_id;
        let id = only_letter(&store).await.id;
        store.discard(id, LetterDeed::of("kim", "given up"), 0).await.expect("open");
        assert_eq!(store.reopen(id, LetterDeed::of("lee", "the customer called")).await, Ok(Reopened::Told));
        let after = store.snapshot(job).await.expect("the database answers").expect("a delivery");
        assert_eq!(after.state, DeliveryState::Discarded, "what was told of this generation stands");
        let given_up = store.discard(id, LetterDeed::of("lee", "no, after all"), UNDO_MS).await;
        assert_eq!(given_up, Ok(GivenUp::Now(None)), "there is nothing more to tell");
        store.reopen(id, LetterDeed::of("lee", "yes")).await.expect("it was given up");
        let replay = store.begin_replay(id, LetterDeed::of("lee", "send it"), None).await.expect("begun");
        assert_eq!(replay.generation, Generation(2));
        claim_granted(&store, NewClaim { generation: Generation(2), ..claim(job) }).await;
        let story = store.job_history(job).await.expect("the database answers").expect("a delivery");
        assert_eq!(story.earlier_editions[0].state, DeliveryState::Discarded);
        let acts: Vec<_> = story.dead_letters[0].actions.iter().map(|act| act.action.as_str()).collect();
        assert_eq!(acts, ["discard", "reopen", "discard", "reopen", "replay"]);
    });
}
