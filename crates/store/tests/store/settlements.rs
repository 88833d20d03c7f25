use std::time::Duration;

use closure_contract::{
    AttemptNumber, ClientRef, Evidence, FailureCode, Generation, JobId, Provider, Receipt, ReceiptStatus,
};
use closure_store::{
    AttemptUse, Claim, DeadLetterFilter, DeadLetterState, DeliveryFacts, DeliveryState, DeliveryUpdate,
    Doubt, EarlyReceipts, Ending, FinalState, Grant, NewClaim, NewFallback, Recorded, Settled,
};
use serde_json::json;
use tokio_postgres::Client;

use crate::support::{
    TestDatabase, accepted, claim, claim_granted, dead, final_state, in_doubt, new_job, receipt, run, settle,
    settled, settlement,
};

#[test]
fn an_accepted_message_keeps_its_reference_and_the_time_at_which_silence_counts() {
    run(async |database| {
        let store = database.store();
        let snapshot = settled(&store, accepted("ref-1", 60_000)).await;
        assert_eq!((snapshot.state, snapshot.attempts), (DeliveryState::Accepted, 1));
        assert_eq!((snapshot.provider_ref.as_deref(), snapshot.ended_at), (Some("ref-1"), None));
        let story =
            store.job_history(snapshot.job_id).await.expect("the database answers").expect("a delivery");
        assert!(story.receipt_due_at > story.accepted_at);
        assert_eq!(
            (story.tries[0].state.as_str(), story.tries[0].provider_ref.as_deref()),
            ("accepted", Some("ref-1"))
        );
    });
}

#[test]
fn a_settlement_without_the_lease_writes_nothing() {
    run(async |database| {
        let (store, job) = (database.store(), new_job());
        let (old, attempt) = claim_granted(&store, NewClaim { lease_ms: 0, ..claim(job) }).await;
        let answer = store.claim(claim(job)).await.expect("the database answers");
        assert!(matches!(answer, Claim::Reconcile { .. }), "{answer:?}");
        let late = settlement(old, attempt, final_state(FinalState::Refused, None, AttemptUse::Spent));
        assert_eq!(store.settle(late).await, Ok(Settled::LeaseLost));
    });
}

#[test]
fn a_settlement_that_is_asked_for_again_changes_nothing_and_is_answered_as_the_first_time() {
    run(async |database| {
        let (store, job) = (database.store(), new_job());
        let (lease, attempt) = claim_granted(&store, claim(job)).await;
        let waiting = || Ending::Waiting { code: FailureCode::ProviderFault, detail: "500".to_owned() };
        let first = settle(&store, settlement(lease, attempt, waiting())).await;
        let again = settle(&store, settlement(lease, attempt, waiting())).await;
        assert_eq!(first, again);
        let second = NewClaim { attempt: AttemptNumber(2), ..claim(job) };
        let (next, attempt) = claim_granted(&store, second).await;
        let late = store.settle(settlement(lease, AttemptNumber(1), waiting())).await;
        assert_eq!(late, Ok(Settled::LeaseLost), "another attempt is under way");
        let dead_twice = [
            settle(&store, settlement(next, attempt, dead())).await,
            settle(&store, settlement(next, attempt, dead())).await,
        ];
        assert_eq!(dead_twice[0], dead_twice[1]);
        let letters = store.dead_letters(DeadLetterFilter::default()).await.expect("the database answers");
        assert_eq!((letters.len(), letters[0].deaths), (1, 1));
    });
}

#[test]
fn an_attempt_that_our_own_rules_refused_is_no_attempt() {
    run(async |database| {
        let store = database.store();
        let refused = final_state(FinalState::Refused, Some(FailureCode::BodyTooLong), AttemptUse::GivenBack);
        let snapshot = settled(&store, refused).await;
        assert_eq!((snapshot.state, snapshot.attempts), (DeliveryState::Refused, 0));
        assert_eq!(snapshot.code, Some(FailureCode::BodyTooLong));
        assert!(snapshot.ended_at.is_some());
        assert_eq!(database.count("SELECT count(*) FROM attempt").await, 0);
    });
}

#[test]
fn a_receipt_that_spoke_before_the_settlement_is_not_lowered_by_it() {
    run(async |database| {
        let (store, job) = (database.store(), new_job());
        let (lease, attempt) = claim_granted(&store, claim(job)).await;
        let early = closure_contract::Receipt {
            client_ref: Some(ClientRef::of(job, Generation::FIRST, attempt)),
            ..receipt("early", ReceiptStatus::Delivered)
        };
        store.record_receipt(&early).await.expect("the database answers");
        let delivered = |_: &_| {
            Some((
                DeliveryUpdate {
                    state: DeliveryState::Delivered,
                    code: None,
                    detail: None,
                    evidence: Evidence::Carrier,
                    rules: json!([]).into(),
                    fallback: NewFallback::None,
                },
                (),
            ))
        };
        store.evaluate(job, delivered).await.expect("the database answers").expect("a verdict");
        let (snapshot, early_receipts) =
            settle(&store, settlement(lease, attempt, accepted("ref", 1_000))).await;
        assert_eq!((snapshot.state, snapshot.evidence), (DeliveryState::Delivered, Evidence::Carrier));
        assert_eq!(early_receipts, EarlyReceipts::Some);
        assert_eq!(snapshot.provider_ref.as_deref(), Some("ref"));
        assert!(snapshot.ended_at.is_some());
    });
}

#[test]
fn a_death_writes_its_dead_letter_in_the_same_commit_with_the_jobs_own_bytes() {
    run(async |database| {
        let store = database.store();
        let snapshot = settled(&store, dead()).await;
        assert_eq!(snapshot.state, DeliveryState::Dead);
        let letters = store.dead_letters(DeadLetterFilter::default()).await.expect("the database answers");
        assert_eq!(letters.len(), 1);
        assert_eq!((letters[0].job_id, letters[0].state), (Some(snapshot.job_id), DeadLetterState::Open));
        assert_eq!((letters[0].code, letters[0].queue.as_str()), (FailureCode::ProviderAuth, "closure.sms"));
        let letter = store.dead_letter(letters[0].id).await.expect("the database answers").expect("a letter");
        assert_eq!((letter.body, letter.routing_key.as_str()), (snapshot.body, "sms"));
    });
}

#[test]
fn a_resend_is_a_new_attempt_under_the_same_lease_and_the_doubt_stays_on_record() {
    run(async |database| {
        let (store, job) = (database.store(), new_job());
        let (lease, attempt) = claim_granted(&store, claim(job)).await;
        settle(&store, settlement(lease, attempt, in_doubt(2))).await;
        assert_eq!(store.resend(lease, Provider::Nhn, 60_000).await, Ok(None), "the lease is gone");
        let answer = store.claim(claim(job)).await.expect("the database answers");
        let Claim::Reconcile(Grant { lease, .. }, _) = answer else { panic!("{answer:?}") };
        let resent = store.resend(lease, Provider::Nhn, 60_000).await.expect("the database answers");
        let second = AttemptNumber(2);
        assert_eq!(resent, Some((second, ClientRef::of(job, Generation::FIRST, second))));
        let story = store.job_history(job).await.expect("the database answers").expect("a delivery");
        let states: Vec<&str> = story.tries.iter().map(|attempt| attempt.state.as_str()).collect();
        assert_eq!(states, ["in_doubt", "sending"]);
        let (snapshot, _) = settle(&store, settlement(lease, second, accepted("ref", 1_000))).await;
        assert_eq!((snapshot.state, snapshot.attempts), (DeliveryState::Accepted, 2));
    });
}

#[test]
fn a_reference_that_another_attempt_has_is_known_as_its_own() {
    run(async |database| {
        let (store, job) = (database.store(), new_job());
        let (lease, attempt) = claim_granted(&store, claim(job)).await;
        settle(&store, settlement(lease, attempt, accepted("SM1", 1_000))).await;
        let (own, other) = (ClientRef::of(job, Generation::FIRST, attempt), ClientRef(uuid::Uuid::new_v4()));
        for (provider, provider_ref, asking, anothers) in [
            (Provider::Nhn, "SM1", other, true),
            (Provider::Nhn, "SM1", own, false),
            (Provider::Nhn, "SM2", other, false),
            (Provider::Infobip, "SM1", other, false),
        ] {
            let answer = store.names_another_attempt(provider, provider_ref, asking).await;
            assert_eq!(answer, Ok(anothers), "{provider} {provider_ref}");
        }
    });
}

#[test]
fn putting_off_a_resend_leaves_the_delivery_in_doubt() {
    run(async |database| {
        let (store, job) = (database.store(), new_job());
        let (lease, attempt) = claim_granted(&store, claim(job)).await;
        settle(&store, settlement(lease, attempt, in_doubt(2))).await;
        let answer = store.claim(claim(job)).await.expect("the database answers");
        let Claim::Reconcile(Grant { lease, .. }, _) = answer else { panic!("{answer:?}") };
        let resent = store.resend(lease, Provider::Nhn, 60_000).await.expect("the database answers");
        let (second, _) = resent.expect("the lease is ours");
        let put_off =
            Ending::GivenBack { code: Some(FailureCode::ProviderThrottled), detail: "429".to_owned() };
        let (snapshot, _) = settle(&store, settlement(lease, second, put_off)).await;
        assert_eq!((snapshot.state, snapshot.attempts), (DeliveryState::InDoubt, 1));
        let answer = store.claim(claim(job)).await.expect("the database answers");
        let Claim::Reconcile(Grant { attempt, client_ref, .. }, Doubt { resends: 0, since, .. }) = answer
        else {
            panic!("{answer:?}")
        };
        assert_eq!((attempt, client_ref), (AttemptNumber(1), ClientRef::of(job, Generation::FIRST, attempt)));
        let story = store.job_history(job).await.expect("the database answers").expect("a delivery");
        assert_eq!(since, story.tries[0].started_at, "the one that may have been sent is asked about");
    });
}

#[test]
fn a_repeat_is_the_same_attempt_under_the_same_name_and_a_longer_lease() {
    run(async |database| {
        let (store, job) = (database.store(), new_job());
        let (lease, attempt) = claim_granted(&store, claim(job)).await;
        settle(&store, settlement(lease, attempt, in_doubt(1))).await;
        assert_eq!(store.repeat(lease, 60_000).await, Ok(None), "the lease is gone");
        let asking = || NewClaim { lease_ms: 0, ..claim(job) };
        let answer = store.claim(asking()).await.expect("the database answers");
        let Claim::Reconcile(Grant { lease, client_ref, provider, .. }, Doubt { lookups: 1, .. }) = answer
        else {
            panic!("{answer:?}")
        };
        assert_eq!(provider, Provider::Nhn);
        assert_eq!(store.repeat(lease, 60_000).await, Ok(Some(attempt)));
        let answer = store.claim(asking()).await.expect("the database answers");
        assert!(matches!(answer, Claim::Leased { .. }), "{answer:?}");
        let put_off =
            Ending::GivenBack { code: Some(FailureCode::ProviderThrottled), detail: "429".to_owned() };
        let (snapshot, _) = settle(&store, settlement(lease, attempt, put_off)).await;
        assert_eq!((snapshot.state, snapshot.attempts), (DeliveryState::InDoubt, 1));
        let answer = store.claim(asking()).await.expect("the database answers");
        let Claim::Reconcile(Grant { client_ref: again, .. }, Doubt { lookups: 0, resends: 1, .. }) = answer
        else {
            panic!("{answer:?}")
        };
        assert_eq!(again, client_ref);
    });
}

#[test]
fn a_finder_who_puts_the_question_off_does_not_unmake_the_attempt_in_doubt() {
    run(async |database| {
        let (store, job) = (database.store(), new_job());
        claim_granted(&store, NewClaim { lease_ms: 0, ..claim(job) }).await;
        let answer = store.claim(claim(job)).await.expect("the database answers");
        let Claim::Reconcile(Grant { lease, attempt, .. }, _) = answer else { panic!("{answer:?}") };
        let put_off =
            Ending::GivenBack { code: Some(FailureCode::ProviderUnavailable), detail: "down".to_owned() };
        let (snapshot, _) = settle(&store, settlement(lease, attempt, put_off)).await;
        assert_eq!((snapshot.state, snapshot.attempts), (DeliveryState::InDoubt, 1));
    });
}

#[test]
fn a_providers_words_are_stored_whatever_characters_they_have() {
    run(async |database| {
        let store = database.store();
        let odd = Ending::Waiting {
            code: FailureCode::ProviderFault,
            detail: format!("a\0b{}", "가".repeat(5_000)),
        };
        let snapshot = settled(&store, odd).await;
        assert!(snapshot.detail.is_some_and(|detail| detail.starts_with("a\u{fffd}b")));
    });
}

/// A statement sees what was committed before it began, and a batch may wait long for its first row.
#[test]
fn a_receipt_that_is_judged_while_its_settlement_waits_for_another_row_is_judged_again_after_it() {
    run(async |database| {
        let store = database.store();
        let mut jobs = [new_job(), new_job()];
        jobs.sort();
        let [slow, quick] = jobs;
        let first = claim_granted(&store, claim(new_job())).await;
        let (slow_lease, slow_attempt) = claim_granted(&store, claim(slow)).await;
        let (quick_lease, quick_attempt) = claim_granted(&store, claim(quick)).await;
        let (gate, obstacle) = (locked(database, first.0.job_id).await, locked(database, slow).await);

        let before = tokio::spawn({
            let store = store.clone();
            async move { settle(&store, settlement(first.0, first.1, accepted("first", 6_000_000))).await }
        });
        waiting_for_a_row(database).await;
        let mut batch = Box::pin(futures::future::join(
            store.settle(settlement(slow_lease, slow_attempt, accepted("slow", 6_000_000))),
            store.settle(settlement(quick_lease, quick_attempt, accepted("quick", 6_000_000))),
        ));
        assert!(futures::poll!(&mut batch).is_pending(), "they are the next batch");
        gate.batch_execute("ROLLBACK").await.expect("the lock is gone");
        before.await.expect("a settlement does not panic");
        waiting_for_a_row(database).await;

        let client_ref = Some(ClientRef::of(quick, Generation::FIRST, quick_attempt));
        let early = Receipt { client_ref, ..receipt("early", ReceiptStatus::Undelivered) };
        assert_eq!(store.record_receipt(&early).await, Ok(Recorded::Matched(quick)));
        let not_settled_yet = |facts: &DeliveryFacts| {
            assert_eq!((facts.snapshot.state, facts.receipts.len()), (DeliveryState::Sending, 1));
            Some((
                DeliveryUpdate {
                    state: DeliveryState::Sending,
                    code: None,
                    detail: None,
                    evidence: Evidence::None,
                    rules: json!([]).into(),
                    fallback: NewFallback::None,
                },
                (),
            ))
        };
        store.evaluate(quick, not_settled_yet).await.expect("the database answers").expect("a verdict");
        obstacle.batch_execute("ROLLBACK").await.expect("the lock is gone");

        let (slow_end, quick_end) = batch.await;
        let early = |settled| match settled {
            Ok(Settled::Done { early_receipts, .. }) => early_receipts,
            other => panic!("{other:?}"),
        };
        assert_eq!((early(slow_end), early(quick_end)), (EarlyReceipts::None, EarlyReceipts::Some));
        database.execute("UPDATE delivery SET look_at = look_at - interval '1 minute'").await;
        assert_eq!(store.overdue(10).await, Ok(vec![quick]), "should the process die before it tells");
    });
}

/// Somebody else's lock on a delivery, until the session ends or rolls back.
async fn locked(database: &TestDatabase, job: JobId) -> Client {
    let client = database.client().await;
    let lock = format!("BEGIN; SELECT FROM delivery WHERE job_id = '{job}' FOR UPDATE");
    client.batch_execute(&lock).await.expect("a lock");
    client
}

async fn waiting_for_a_row(database: &TestDatabase) {
    let waiters = "SELECT count(*) FROM pg_stat_activity
                   WHERE datname = current_database() AND wait_event_type = 'Lock'";
    let patience = tokio::time::Instant::now() + Duration::from_secs(20);
    while database.count(waiters).await == 0 {
        assert!(tokio::time::Instant::now() < patience, "no settlement waits for a row");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}
