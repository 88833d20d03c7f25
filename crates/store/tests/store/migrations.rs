use closure_store::{Store, StoreError};

use crate::support::run;

/// How many migrations this release has.
fn migrations() -> usize {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/migrations");
    std::fs::read_dir(folder).expect("the migrations lie beside the sources").count()
}

/// What was done: the migrations, and the indexes after them.
fn parted(done: Vec<String>) -> (Vec<String>, Vec<String>) {
    done.into_iter().partition(|name| !name.starts_with("index "))
}

#[test]
fn a_migration_that_was_done_is_not_done_again() {
    run(async |database| {
        database.empty().await;
        let done = Store::migrate(database.settings()).await.expect("the database answers");
        let (done, indexes) = parted(done);
        assert_eq!(done.len(), migrations(), "{done:?}");
        assert!(indexes.contains(&"index delivery_recipient".to_owned()), "{indexes:?}");
        assert_eq!(Store::migrate(database.settings()).await, Ok(vec![]));
        assert_eq!(database.store().check().await, Ok(()));
    });
}

#[test]
fn processes_that_migrate_at_once_do_it_once() {
    run(async |database| {
        database.empty().await;
        let all = (0..6).map(|_| tokio::spawn(Store::migrate(database.settings())));
        let mut done = Vec::new();
        for one in futures::future::join_all(all).await {
            done.extend(one.expect("a migration does not panic").expect("the database answers"));
        }
        let (done, indexes) = parted(done);
        assert_eq!(done.len(), migrations(), "{done:?}");
        let once: std::collections::BTreeSet<&String> = indexes.iter().collect();
        assert_eq!(once.len(), indexes.len(), "{indexes:?}");
    });
}

#[test]
fn a_database_without_its_tables_is_told_from_one_that_is_down() {
    run(async |database| {
        database.empty().await;
        let problem = database.store().check().await.expect_err("there are no tables");
        assert!(matches!(problem, StoreError::Schema(_)) && !problem.is_unavailable(), "{problem}");
        assert!(problem.to_string().contains("fleet migrate"), "{problem}");
    });
}

#[test]
fn a_migration_that_is_missing_or_was_another_is_named_and_a_newer_one_is_no_error() {
    run(async |database| {
        let store = database.store();
        database
            .execute(
                "INSERT INTO refinery_schema_history (version, name, applied_on, checksum)
                 SELECT 99, 'newer', applied_on, '1' FROM refinery_schema_history LIMIT 1",
            )
            .await;
        assert_eq!(store.check().await, Ok(()), "the workers of the release before go on");
        assert_eq!(Store::migrate(database.settings()).await, Ok(vec![]));
        database.execute("UPDATE refinery_schema_history SET checksum = '1' WHERE version = 2").await;
        let other = store.check().await.expect_err("it was another");
        assert!(other.to_string().contains("V2__dead_letters"), "{other}");
        database.execute("DELETE FROM refinery_schema_history WHERE version = 3").await;
        database.execute("DELETE FROM refinery_schema_history WHERE version = 2").await;
        let missing = store.check().await.expect_err("it is missing");
        assert!(missing.to_string().contains("V2__dead_letters is missing"), "{missing}");
    });
}

#[test]
fn every_table_says_what_it_is() {
    run(async |database| {
        let silent =
            "SELECT count(*) FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace
                      AND relname <> 'refinery_schema_history' AND obj_description(oid) IS NULL";
        assert_eq!(database.count(silent).await, 0);
    });
}
