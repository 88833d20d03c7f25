use closure_contract::{
    FailureCode, Generation, Provider,
    facts::{
        jobs::JobFacts,
        share::{FailureShare, HalfLives},
    },
};
use closure_store::{
    Claim, DeadLetterState, DeliveryFacts, DeliveryUpdate, GatewayScope, NewDeadLetter, Opened, OpenedBy,
    StoreError,
};
use serde_json::json;

use crate::support::{TestDatabase, accepted, claim, claim_granted, new_job, run, settled};

/// A delivery as a newer release left it.
async fn of_a_newer_release(database: &TestDatabase) -> closure_store::Snapshot {
    let snapshot = settled(&database.store(), accepted("ref", 600_000)).await;
    database.execute("UPDATE delivery SET failure_code = 'of_a_later_release'").await;
    snapshot
}

#[test]
fn a_row_of_a_newer_release_fails_its_own_claim_and_no_other_of_the_batch() {
    run(async |database| {
        let strange = of_a_newer_release(database).await.job_id;
        let store = database.store();
        let jobs: Vec<_> = (0..50).map(|_| new_job()).chain([strange]).collect();
        let answers = futures::future::join_all(jobs.iter().map(|job| store.claim(claim(*job)))).await;
        for (job, answer) in jobs.iter().zip(answers) {
            match answer {
                Ok(Claim::Granted { .. }) => assert_ne!(*job, strange),
                Err(StoreError::NewerRow(_)) => assert_eq!(*job, strange),
                other => panic!("{other:?}"),
            }
        }
        assert_eq!(database.count("SELECT count(*) FROM attempt").await, 51, "each is claimed once");
    });
}

#[test]
fn a_lease_for_what_only_a_newer_release_knows_is_an_error_and_never_taken_for_a_look_up() {
    run(async |database| {
        let (store, asked) = (database.store(), claim(new_job()));
        let (lease, _) = claim_granted(&store, asked.clone()).await;
        database.execute("UPDATE delivery SET lease_for = 'resend'").await;
        match store.claim(asked.clone()).await {
            Ok(Claim::Reconcile(again, _)) => assert_eq!(again.lease, lease, "it may have been sent"),
            other => panic!("{other:?}"),
        }
        database
            .execute(
                "ALTER TABLE delivery DROP CONSTRAINT delivery_lease_for_check;
                 UPDATE delivery SET lease_for = 'of_a_later_release'",
            )
            .await;
        let answer = store.claim(asked).await;
        assert!(matches!(answer, Err(StoreError::NewerRow(_))), "{answer:?}");
    });
}

#[test]
fn a_letter_about_a_row_of_a_newer_release_is_kept_and_leaves_the_delivery_alone() {
    run(async |database| {
        let strange = of_a_newer_release(database).await;
        let store = database.store();
        let letter = NewDeadLetter {
            queue: "closure.sms".to_owned(),
            routing_key: "sms".to_owned(),
            code: FailureCode::GivenUp,
            detail: "no process of this release can read its row".to_owned(),
            body: strange.body.clone(),
            headers: json!({ "generation": Generation::FIRST }),
            job_id: Some(strange.job_id),
            about_job: None,
            message_id: None,
            consultation_id: None,
            found_by: JobFacts::default(),
        };
        let buried = store.record_dead_letter(letter).await.expect("a letter can always be kept");
        assert_eq!(buried.delivery, None, "how it stands is for the newer release to tell");
        let kept = store.dead_letter(buried.id).await.expect("the database answers").expect("a letter");
        assert_eq!((kept.summary.state, &kept.body), (DeadLetterState::Open, &strange.body));
        assert_eq!(database.count("SELECT count(*) FROM delivery WHERE state = 'accepted'").await, 1);
    });
}

#[test]
fn a_delivery_that_only_a_newer_release_can_judge_is_looked_at_by_its_sweep_within_a_minute() {
    run(async |database| {
        let strange = of_a_newer_release(database).await.job_id;
        let store = database.store();
        let judged = store.evaluate::<_, ()>(strange, |_: &DeliveryFacts| None::<(DeliveryUpdate, ())>).await;
        assert!(matches!(judged, Err(StoreError::NewerRow(_))), "{judged:?}");
        store.look_again(strange).await.expect("the database answers");
        let soon = "SELECT count(*) FROM delivery WHERE look_at <= now() + interval '1 minute'";
        assert_eq!(database.count(soon).await, 1);
    });
}

#[test]
fn a_gateway_that_only_a_newer_release_has_needs_no_migration_and_hides_none_of_the_others() {
    run(async |database| {
        let strange = settled(&database.store(), accepted("ref", 600_000)).await.job_id;
        let store = database.store();
        let nhn = GatewayScope { provider: Provider::Nhn, country_code: None };
        let half_lives = HalfLives { recent_ms: 3_600_000, usual_ms: 3_600_000 };
        store
            .count_endings(vec![(nhn, FailureShare { ended: 1.0, failed: 0.0 })], half_lives)
            .await
            .expect("counted");
        let opened =
            store.open_circuit(nhn, (FailureCode::ProviderAuth, None), OpenedBy::Request, 1_000).await;
        assert_eq!(opened, Ok(Opened::Now));
        database
            .execute(
                "UPDATE delivery SET provider = 'of_a_later_release', held_since = now();
                 INSERT INTO circuit (provider, country_code, failure_code, probe_at)
                 VALUES ('of_a_later_release', 0, 'provider_auth', now());
                 INSERT INTO brake (provider, country_code) VALUES ('of_a_later_release', 0)",
            )
            .await;
        let open = store.open_circuits().await.expect("the database answers");
        assert_eq!(open.iter().map(|circuit| circuit.name).collect::<Vec<_>>(), [nhn]);
        let scopes = store.fallback_holds(half_lives).await.expect("the database answers");
        assert_eq!(scopes.iter().map(|row| row.scope).collect::<Vec<_>>(), [nhn]);
        assert_eq!(store.held_emails().await, Ok(vec![]));
        let judged = store.evaluate(strange, |_: &DeliveryFacts| None::<(DeliveryUpdate, ())>).await;
        assert!(matches!(judged, Err(StoreError::NewerRow(_))), "{judged:?}");
    });
}
