use std::time::Duration;

use closure_store::{Slots, Store};

use crate::support::run;

const SECOND: Duration = Duration::from_secs(1);
const FOR_EVER: Duration = Duration::from_secs(3_600);

async fn take(store: &Store, count: u32, wait_max: Duration) -> Slots {
    store.take_slots("nhn", count, SECOND, wait_max).await.expect("the database answers")
}

/// When the first slot begins, in whole intervals; the statements themselves take far less than one.
fn interval(slots: Slots) -> u64 {
    match slots {
        Slots::Given { begin_in } => begin_in.as_secs_f64().round() as u64,
        Slots::TooLate { free_in } => panic!("the next one is free in {free_in:?}"),
    }
}

#[test]
fn the_slots_of_all_processes_follow_each_other_and_none_is_given_twice() {
    run(async |database| {
        let (one, other) = (database.store(), database.store());
        assert_eq!(interval(take(&one, 30, FOR_EVER).await), 0, "an idle bucket has a slot now");
        assert_eq!(interval(take(&other, 20, FOR_EVER).await), 30);
        assert_eq!(interval(take(&one, 1, FOR_EVER).await), 50);
    });
}

#[test]
fn a_wish_that_would_wait_too_long_takes_nothing_and_says_when_there_is_room() {
    run(async |database| {
        let store = database.store();
        take(&store, 100, FOR_EVER).await;
        for _ in 0..2 {
            match take(&store, 1, 10 * SECOND).await {
                Slots::TooLate { free_in } => assert_eq!(free_in.as_secs_f64().round() as u64, 100),
                Slots::Given { begin_in } => panic!("a slot in {begin_in:?} is too late"),
            }
        }
    });
}

#[test]
fn what_was_not_used_while_nobody_asked_is_not_made_up_for() {
    run(async |database| {
        let store = database.store();
        take(&store, 1, FOR_EVER).await;
        database.execute("UPDATE sending_rate SET next_at = now() - interval '1 hour'").await;
        assert_eq!(interval(take(&store, 10, FOR_EVER).await), 0);
        assert_eq!(interval(take(&store, 1, FOR_EVER).await), 10, "an hour of silence is no credit");
    });
}
