use std::time::Duration;

use closure_store::{Claim, NewClaim, StoreError};

use crate::support::{claim, new_job, run};

#[test]
fn a_claim_that_the_database_cannot_take_fails_alone() {
    run(async |database| {
        let store = database.store();
        let poison = new_job();
        let jobs: Vec<_> = (0..99).map(|_| new_job()).chain([poison]).collect();
        let claims = jobs.iter().map(|job| {
            // A text with the one character that PostgreSQL does not have.
            let kind = if *job == poison { "closure.sms\0".to_owned() } else { "closure.sms/1".to_owned() };
            store.claim(NewClaim { kind, ..claim(*job) })
        });
        let answers = futures::future::join_all(claims).await;
        for (job, answer) in jobs.iter().zip(answers) {
            match answer {
                Ok(Claim::Granted { .. }) => assert_ne!(*job, poison),
                Err(StoreError::BadData { .. }) => assert_eq!(*job, poison),
                other => panic!("{other:?}"),
            }
        }
        assert_eq!(database.count("SELECT count(*) FROM delivery").await, 99);
    });
}

#[test]
fn claims_of_many_callers_share_commits() {
    run(async |database| {
        let store = database.store();
        let before = commits(database).await;
        let claims = (0..1_000).map(|_| {
            let store = store.clone();
            tokio::spawn(async move { store.claim(claim(new_job())).await })
        });
        for answer in futures::future::join_all(claims).await {
            let answer = answer.expect("a claim does not panic").expect("the database answers");
            assert!(matches!(answer, Claim::Granted { .. }), "{answer:?}");
        }
        assert_eq!(database.count("SELECT count(*) FROM attempt").await, 1_000);
        drop(store);
        let spent = commits(database).await - before;
        assert!(spent < 250, "{spent} transactions for 1000 claims");
    });
}

/// The database's own count, which a session reports when it ends.
async fn commits(database: &crate::support::TestDatabase) -> i64 {
    let count = "SELECT xact_commit FROM pg_stat_database WHERE datname = current_database()";
    let sessions = "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'closure-fleet'
                    AND datname = current_database()";
    let deadline = tokio::time::Instant::now() + Duration::from_secs(20);
    let (mut last, mut steady) = (0, 0);
    while tokio::time::Instant::now() < deadline {
        let now = database.count(count).await;
        // Each look is itself some transactions; when only they are added, everything else has been reported.
        steady = if now - last <= 8 && database.count(sessions).await == 0 { steady + 1 } else { 0 };
        last = now;
        if steady == 3 {
            return last;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    last
}

#[test]
fn a_caller_that_goes_away_takes_nobody_with_it() {
    run(async |database| {
        let store = database.store();
        let gone = tokio::spawn({
            let store = store.clone();
            async move { store.claim(claim(new_job())).await }
        });
        let stays = store.claim(claim(new_job()));
        gone.abort();
        let answer = stays.await.expect("the database answers");
        assert!(matches!(answer, Claim::Granted { .. }), "{answer:?}");
    });
}

#[test]
fn a_store_may_be_shared_by_runtimes_that_come_and_go() {
    run(async |database| {
        let store = database.store();
        let shared = store.clone();
        std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
            runtime.expect("a runtime needs only a thread").block_on(async {
                assert!(shared.claim(claim(new_job())).await.is_ok());
            });
        })
        .join()
        .expect("the other runtime's claim is granted");
        // The connection of the runtime that is gone is found out and replaced.
        let answer = store.claim(claim(new_job())).await.expect("the database answers");
        assert!(matches!(answer, Claim::Granted { .. }), "{answer:?}");
    });
}
