//! Indexes of tables that have grown are built while everybody goes on writing.

use closure_store::Store;

use crate::support::{TestDatabase, accepted, claim, claim_granted, new_job, run, settle, settlement};

const VALID: &str = "SELECT count(*) FROM pg_index AS i JOIN pg_class AS c ON c.oid = i.indexrelid
                     WHERE c.relname = 'delivery_recipient' AND i.indisvalid";

/// The view shows the builds of every database of the server.
const BUILDING: &str =
    "SELECT count(*) FROM pg_stat_progress_create_index WHERE datname = current_database()";

/// Waits until a session of ours is where the test needs it; what never comes ends the test run by its own limit.
async fn until(database: &TestDatabase, sql: &str) {
    while database.count(sql).await == 0 {
        tokio::task::yield_now().await;
    }
}

#[test]
fn an_index_is_built_while_jobs_are_claimed_and_settled_and_beside_an_older_transaction() {
    run(async |database| {
        database.execute("DROP INDEX delivery_recipient").await;
        // A build waits for every transaction that is older than itself: here for one that has written a delivery.
        let older = database.client().await;
        let begin = "BEGIN; INSERT INTO delivery (job_id, channel, kind, consultation_id, revision, generation, state, body, body_hash)
                     VALUES (gen_random_uuid(), 'sms', 'closure.sms/1', 'c', 1, 1, 'pending', 'b', 'h')";
        older.batch_execute(begin).await.expect("the test's own statement");
        let building = tokio::spawn(Store::migrate(database.settings()));
        until(database, BUILDING).await;
        let store = database.store();
        for _ in 0..20 {
            let (lease, attempt) = claim_granted(&store, claim(new_job())).await;
            settle(&store, settlement(lease, attempt, accepted("ref", 60_000))).await;
        }
        assert!(!building.is_finished(), "it waits for the older transaction, and nobody waited for it");
        older.batch_execute("COMMIT").await.expect("the test's own statement");
        let built = building.await.expect("it does not panic");
        assert_eq!(built, Ok(vec!["index delivery_recipient".to_owned()]));
        assert_eq!(store.missing_indexes().await, Ok(vec![]));
    });
}

#[test]
fn an_index_whose_build_was_cut_is_told_and_built_again() {
    run(async |database| {
        database.execute("DROP INDEX delivery_recipient").await;
        let older = database.client().await;
        let begin = "BEGIN; INSERT INTO delivery (job_id, channel, kind, consultation_id, revision, generation, state, body, body_hash)
                     VALUES (gen_random_uuid(), 'sms', 'closure.sms/1', 'c', 1, 1, 'pending', 'b', 'h')";
        older.batch_execute(begin).await.expect("the test's own statement");
        let building = tokio::spawn(Store::migrate(database.settings()));
        until(database, BUILDING).await;
        let kill = "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_progress_create_index WHERE datname = current_database()";
        database.count(kill).await;
        building.await.expect("it does not panic").expect_err("it was cut");
        older.batch_execute("COMMIT").await.expect("the test's own statement");
        let store = database.store();
        assert_eq!(database.count(VALID).await, 0);
        assert_eq!(store.missing_indexes().await, Ok(vec!["delivery_recipient"]));
        assert_eq!(store.check().await, Ok(()), "a worker needs no such index to begin");
        assert_eq!(
            Store::migrate(database.settings()).await,
            Ok(vec!["index delivery_recipient".to_owned()])
        );
        assert_eq!(database.count(VALID).await, 1);
    });
}

#[test]
fn a_process_that_waits_to_migrate_is_not_waited_for_by_the_one_that_builds() {
    run(async |database| {
        database.execute("DROP INDEX delivery_recipient; DROP INDEX delivery_tail").await;
        let all = (0..4).map(|_| tokio::spawn(Store::migrate(database.settings())));
        let mut built = Vec::new();
        for one in futures::future::join_all(all).await {
            built.extend(one.expect("it does not panic").expect("no circle of waiting"));
        }
        built.sort();
        assert_eq!(built, ["index delivery_recipient", "index delivery_tail"]);
    });
}
