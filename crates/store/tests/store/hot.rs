//! HOT: what changes with each claim and settlement is in no index, so that the row is written on its own page.

use closure_contract::{
    AttemptNumber, FailureCode,
    facts::{PersonalData, jobs::JobFacts, recipients::Recipient},
};
use closure_store::{Ending, HashKeys, NewClaim, Store, StoreSettings};

use crate::support::{TestDatabase, claim, claim_granted, new_job, run, settle, settlement};

/// Jobs of one measurement; each is written three times after its first claim.
const JOBS: i64 = 150;
const UPDATES: i64 = 3;
/// A page that is full before its old versions are removed makes the next one go elsewhere, whatever indexes there are.
const FULL_PAGES: i64 = JOBS * UPDATES / 10;

fn keys() -> HashKeys {
    "1:000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f".parse().expect("a key")
}

/// Claims, puts off, claims again and settles, and answers how many of these updates were not HOT.
async fn cold_updates(database: &TestDatabase) -> i64 {
    const SEEN: &str = "SELECT n_tup_upd FROM pg_stat_user_tables WHERE relname = 'delivery'";
    const HOT: &str = "SELECT n_tup_hot_upd FROM pg_stat_user_tables WHERE relname = 'delivery'";
    let (seen, hot) = (database.count(SEEN).await, database.count(HOT).await);
    let store =
        Store::new(StoreSettings { hash_keys: keys(), ..database.settings() }).expect("valid settings");
    for number in 0..JOBS {
        let digits = format!("849{number:08}");
        let found_by = JobFacts {
            tail: Some(digits[digits.len() - 4..].to_owned()),
            recipient: Some(Recipient::Phone(PersonalData(digits))),
            country_code: Some(84),
            agent_id: Some("agent-7".to_owned()),
            template: Some("vn-answer-by-email/1".to_owned()),
        };
        let first = NewClaim { found_by, ..claim(new_job()) };
        let (lease, attempt) = claim_granted(&store, first.clone()).await;
        let waits =
            Ending::Waiting { code: FailureCode::ProviderUnavailable, detail: "it is away".to_owned() };
        settle(&store, settlement(lease, attempt, waits)).await;
        let second = NewClaim { attempt: AttemptNumber(2), token: uuid::Uuid::new_v4(), ..first };
        let (lease, attempt) = claim_granted(&store, second).await;
        let taken = Ending::Accepted { provider_ref: None, receipt_due_in_ms: None, reported_sender: None };
        settle(&store, settlement(lease, attempt, taken)).await;
    }
    // A session tells what it has counted when it ends.
    drop(store);
    while database.count(SEEN).await < seen + JOBS * UPDATES {
        tokio::task::yield_now().await;
    }
    let (seen, hot) = (database.count(SEEN).await - seen, database.count(HOT).await - hot);
    assert_eq!(seen, JOBS * UPDATES, "each update is counted once");
    seen - hot
}

#[test]
fn claims_and_settlements_are_as_hot_with_the_finding_indexes_as_without_them() {
    run(async |database| {
        let with = cold_updates(database).await;
        database
            .execute(
                "DROP INDEX delivery_recipient; DROP INDEX delivery_tail; DROP INDEX delivery_country;
                 DROP INDEX delivery_doubt_since; DROP INDEX delivery_created",
            )
            .await;
        let without = cold_updates(database).await;
        assert!(with <= FULL_PAGES && without <= FULL_PAGES, "cold updates: {with} with, {without} without");
        // That the measurement can fail at all.
        database.execute("CREATE INDEX ON delivery (updated_at)").await;
        let wrong = cold_updates(database).await;
        assert_eq!(wrong, JOBS * UPDATES, "with an index on what changes each time none is HOT");
    });
}
