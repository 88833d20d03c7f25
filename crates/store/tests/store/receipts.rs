use closure_contract::{AttemptNumber, ClientRef, Generation, JobId, Provider, Receipt, ReceiptStatus};
use closure_store::{EarlyReceipts, NewClaim, Recorded};

use crate::support::{accepted, claim, claim_granted, in_doubt, new_job, receipt, run, settle, settlement};

fn by_provider_ref(receipt_id: &str, provider_ref: &str) -> Receipt {
    Receipt { provider_ref: Some(provider_ref.to_owned()), ..receipt(receipt_id, ReceiptStatus::Delivered) }
}

#[test]
fn a_receipt_is_recorded_once_however_often_it_comes() {
    run(async |database| {
        let (store, job) = (database.store(), new_job());
        let (lease, attempt) = claim_granted(&store, claim(job)).await;
        settle(&store, settlement(lease, attempt, accepted("ref", 60_000))).await;
        let receipt = by_provider_ref("receipt", "ref");
        assert_eq!(store.record_receipt(&receipt).await, Ok(Recorded::Matched(job)));
        for _ in 0..10 {
            assert_eq!(store.record_receipt(&receipt).await, Ok(Recorded::Duplicate(Some(job))));
        }
        assert_eq!(database.count("SELECT count(*) FROM receipt").await, 1);
    });
}

#[test]
fn a_receipt_that_comes_before_the_settlement_is_matched_by_our_own_reference() {
    run(async |database| {
        let (store, job) = (database.store(), new_job());
        let (lease, attempt) = claim_granted(&store, claim(job)).await;
        let client_ref = Some(ClientRef::of(job, Generation::FIRST, attempt));
        let early = Receipt { client_ref, ..receipt("early", ReceiptStatus::InTransit) };
        assert_eq!(store.record_receipt(&early).await, Ok(Recorded::Matched(job)));
        let (_, early_receipts) = settle(&store, settlement(lease, attempt, accepted("ref", 60_000))).await;
        assert_eq!(early_receipts, EarlyReceipts::Some);
    });
}

#[test]
fn a_receipt_that_comes_before_the_settlement_is_matched_by_the_providers_reference_in_the_settlement() {
    run(async |database| {
        let (store, job, other) = (database.store(), new_job(), new_job());
        let early = by_provider_ref("early", "ref");
        let (lease, attempt) = claim_granted(&store, claim(job)).await;
        assert_eq!(store.record_receipt(&early).await, Ok(Recorded::Unmatched));
        assert_eq!(store.record_receipt(&early).await, Ok(Recorded::Duplicate(None)));
        let (other_lease, other_attempt) = claim_granted(&store, claim(other)).await;
        let none =
            settle(&store, settlement(other_lease, other_attempt, accepted("another", 60_000))).await.1;
        assert_eq!(none, EarlyReceipts::None);
        let some = settle(&store, settlement(lease, attempt, accepted("ref", 60_000))).await.1;
        assert_eq!(some, EarlyReceipts::Some);
        assert_eq!(store.record_receipt(&early).await, Ok(Recorded::Duplicate(Some(job))));
        assert_eq!(store.match_inbox(10).await, Ok(vec![]), "nothing is left in the inbox");
    });
}

/// The sweep waits for the delivery of a receipt that it holds: a settlement that waited for the receipt would close a
/// circle, and PostgreSQL would end one of the two.
#[test]
fn a_settlement_waits_for_no_receipt_that_a_sweep_has_in_hand_and_leaves_it_to_the_sweep() {
    run(async |database| {
        let (store, job, sweep) = (database.store(), new_job(), database.client().await);
        let (lease, attempt) = claim_granted(&store, claim(job)).await;
        assert_eq!(store.record_receipt(&by_provider_ref("early", "ref")).await, Ok(Recorded::Unmatched));
        let held = "BEGIN; SELECT FROM receipt WHERE receipt_id = 'early' FOR UPDATE";
        sweep.batch_execute(held).await.expect("the database answers");
        settle(&store, settlement(lease, attempt, accepted("ref", 60_000))).await;
        sweep.batch_execute("COMMIT").await.expect("the database answers");
        assert_eq!(store.match_inbox(10).await, Ok(vec![job]));
    });
}

/// In another order than that of settlements the two would wait for each other in a circle.
#[test]
fn a_sweep_that_waits_for_the_first_of_its_deliveries_holds_none_of_the_others() {
    run(async |database| {
        let (store, settlement_of_all) = (database.store(), database.client().await);
        let mut jobs = Vec::new();
        for number in 0..30 {
            let reference = format!("ref-{number}");
            let (lease, attempt) = claim_granted(&store, claim(new_job())).await;
            settle(&store, settlement(lease, attempt, accepted(&reference, 60_000))).await;
            jobs.push(lease.job_id);
            // As if it had come in the very moment of the settlement.
            let late = by_provider_ref(&format!("late-{number}"), &reference);
            store.record_receipt(&late).await.expect("the database answers");
        }
        jobs.sort_unstable();
        let again = "UPDATE receipt SET job_id = NULL, generation = NULL, number = NULL, inbox_since = now()";
        database.execute(again).await;
        let lock = |job: JobId| format!("SELECT FROM delivery WHERE job_id = '{job}' FOR UPDATE NOWAIT;");
        settlement_of_all.batch_execute(&format!("BEGIN; {}", lock(jobs[0]))).await.expect("it is free");
        let sweep = {
            let store = store.clone();
            tokio::spawn(async move { store.match_inbox(100).await })
        };
        let waiting = "SELECT count(*) FROM pg_stat_activity
            WHERE datname = current_database() AND wait_event_type = 'Lock'";
        while database.count(waiting).await == 0 {
            assert!(!sweep.is_finished(), "the sweep waits for the first delivery");
        }
        for job in &jobs[1..] {
            settlement_of_all.batch_execute(&lock(*job)).await.expect("it is free");
        }
        settlement_of_all.batch_execute("COMMIT").await.expect("the database answers");
        let mut matched = sweep.await.expect("a sweep does not panic").expect("the database answers");
        matched.sort_unstable();
        assert_eq!(matched, jobs);
    });
}

#[test]
fn a_receipt_that_slipped_past_the_settlement_is_matched_by_the_sweep_and_by_its_own_copy() {
    run(async |database| {
        let (store, job) = (database.store(), new_job());
        let (lease, attempt) = claim_granted(&store, claim(job)).await;
        settle(&store, settlement(lease, attempt, accepted("ref", 60_000))).await;
        let (first, second) = (by_provider_ref("first", "ref"), by_provider_ref("second", "ref"));
        for receipt in [&first, &second] {
            store.record_receipt(receipt).await.expect("the database answers");
        }
        // As if they had come within the moment of the settlement.
        database.execute("UPDATE receipt SET job_id = NULL, generation = NULL, inbox_since = now()").await;
        assert_eq!(store.record_receipt(&first).await, Ok(Recorded::Duplicate(Some(job))));
        assert_eq!(store.match_inbox(10).await, Ok(vec![job]));
        assert_eq!(database.count("SELECT count(*) FROM receipt WHERE job_id IS NULL").await, 0);
    });
}

#[test]
fn a_receipt_of_nobodys_message_is_kept() {
    run(async |database| {
        let store = database.store();
        let stranger = by_provider_ref("stranger", "nobody");
        assert_eq!(store.record_receipt(&stranger).await, Ok(Recorded::Unmatched));
        assert_eq!(store.match_inbox(10).await, Ok(vec![]));
        assert_eq!(database.count("SELECT count(*) FROM receipt WHERE job_id IS NULL").await, 1);
    });
}

#[test]
fn a_receipt_speaks_of_the_attempt_that_our_reference_names() {
    run(async |database| {
        let (store, job) = (database.store(), new_job());
        let (lease, attempt) = claim_granted(&store, claim(job)).await;
        settle(&store, settlement(lease, attempt, accepted("ref", 60_000))).await;
        let unknown = ClientRef::of(job, Generation::FIRST, AttemptNumber(9));
        let odd = Receipt { client_ref: Some(unknown), ..by_provider_ref("odd", "ref") };
        assert_eq!(
            store.record_receipt(&odd).await,
            Ok(Recorded::Matched(job)),
            "the provider's reference is left"
        );
        let story = store.job_history(job).await.expect("the database answers").expect("a delivery");
        assert_eq!(
            (story.receipts[0].generation, story.receipts[0].attempt),
            (Some(Generation::FIRST), Some(attempt))
        );
    });
}

#[test]
fn a_gateway_that_names_anothers_attempt_is_kept_and_believed_in_no_way() {
    run(async |database| {
        let (store, job) = (database.store(), new_job());
        let (lease, attempt) = claim_granted(&store, claim(job)).await;
        let client_ref = Some(ClientRef::of(job, Generation::FIRST, attempt));
        let foreign =
            |id: &str| Receipt { provider: Provider::Infobip, client_ref, ..by_provider_ref(id, "ref") };
        assert_eq!(store.record_receipt(&foreign("before")).await, Ok(Recorded::Anothers(job)));
        let early = settle(&store, settlement(lease, attempt, accepted("ref", 60_000))).await.1;
        assert_eq!(early, EarlyReceipts::None, "the settlement does not match it either");
        assert_eq!(store.record_receipt(&foreign("after")).await, Ok(Recorded::Anothers(job)));
        assert_eq!(store.record_receipt(&foreign("after")).await, Ok(Recorded::Anothers(job)));
        assert_eq!(store.match_inbox(10).await, Ok(vec![]), "nor does the sweep");
        let own = Receipt { client_ref, ..by_provider_ref("own", "ref") };
        assert_eq!(store.record_receipt(&own).await, Ok(Recorded::Matched(job)));
        let story = store.job_history(job).await.expect("the database answers").expect("a delivery");
        let told: Vec<_> = story.receipts.iter().map(|receipt| (receipt.provider, receipt.counts)).collect();
        let (nhn, infobip) = (Provider::Nhn, Provider::Infobip);
        assert_eq!(told, [(infobip, false), (infobip, false), (nhn, true)], "a person can see them");
        let found = store.anothers_receipts().await.expect("the database answers");
        assert_eq!(found.len(), 1);
        assert_eq!((found[0].provider, found[0].count, found[0].latest_job), (infobip, 2, job));
    });
}

#[test]
fn a_kept_receipt_is_not_matched_when_its_own_gateway_uses_the_same_reference_later() {
    run(async |database| {
        let (store, job, other) = (database.store(), new_job(), new_job());
        let (_lease, attempt) = claim_granted(&store, claim(job)).await;
        let client_ref = Some(ClientRef::of(job, Generation::FIRST, attempt));
        let lie = Receipt { provider: Provider::Infobip, client_ref, ..by_provider_ref("lie", "theirs") };
        assert_eq!(store.record_receipt(&lie).await, Ok(Recorded::Anothers(job)));
        let theirs = NewClaim { provider: Provider::Infobip, ..claim(other) };
        let (lease, attempt) = claim_granted(&store, theirs).await;
        let early = settle(&store, settlement(lease, attempt, accepted("theirs", 60_000))).await.1;
        assert_eq!(early, EarlyReceipts::None);
        let plain = Receipt { client_ref: None, ..lie.clone() };
        assert_eq!(store.record_receipt(&plain).await, Ok(Recorded::Anothers(job)), "a copy changes nothing");
    });
}

/// A receipt that names our attempt, and none of ours, under one reference of the gateway.
fn siblings(job: JobId, attempt: AttemptNumber) -> (Receipt, Receipt) {
    let client_ref = Some(ClientRef::of(job, Generation::FIRST, attempt));
    let named = Receipt { client_ref, ..by_provider_ref("named", "ref") };
    (named, by_provider_ref("nameless", "ref"))
}

#[test]
fn a_receipt_whose_sibling_names_our_attempt_is_matched_though_no_settlement_has_its_reference() {
    run(async |database| {
        let (store, job) = (database.store(), new_job());
        let (lease, attempt) = claim_granted(&store, claim(job)).await;
        settle(&store, settlement(lease, attempt, in_doubt(1))).await;
        let (named, nameless) = siblings(job, attempt);
        assert_eq!(store.record_receipt(&named).await, Ok(Recorded::Matched(job)));
        assert_eq!(store.record_receipt(&nameless).await, Ok(Recorded::Matched(job)));
        let story = store.job_history(job).await.expect("the database answers").expect("a delivery");
        let spoken_of: Vec<_> =
            story.receipts.iter().map(|receipt| (receipt.generation, receipt.attempt)).collect();
        assert_eq!(spoken_of, [(Some(Generation::FIRST), Some(attempt)); 2]);
    });
}

#[test]
fn a_receipt_that_came_before_its_sibling_is_matched_by_the_sweep_and_by_its_own_copy() {
    run(async |database| {
        let store = database.store();
        let (swept, copied) = (new_job(), new_job());
        for job in [swept, copied] {
            let (lease, attempt) = claim_granted(&store, claim(job)).await;
            settle(&store, settlement(lease, attempt, in_doubt(1))).await;
            let (named, nameless) = siblings(job, attempt);
            let of = |receipt: Receipt| Receipt {
                receipt_id: format!("{}-{job}", receipt.receipt_id),
                provider_ref: Some(format!("ref-{job}")),
                ..receipt
            };
            let (named, nameless) = (of(named), of(nameless));
            assert_eq!(store.record_receipt(&nameless).await, Ok(Recorded::Unmatched));
            assert_eq!(store.match_inbox(10).await, Ok(vec![]), "nobody has named it yet");
            assert_eq!(store.record_receipt(&named).await, Ok(Recorded::Matched(job)));
            if job == copied {
                assert_eq!(store.record_receipt(&nameless).await, Ok(Recorded::Duplicate(Some(job))));
            }
            let left = if job == swept { vec![job] } else { vec![] };
            assert_eq!(store.match_inbox(10).await, Ok(left));
        }
        assert_eq!(database.count("SELECT count(*) FROM receipt WHERE job_id IS NULL").await, 0);
    });
}

#[test]
fn a_settlement_knows_better_than_a_sibling_and_another_gateways_receipt_is_none() {
    run(async |database| {
        let (store, job, other) = (database.store(), new_job(), new_job());
        let (lease, attempt) = claim_granted(&store, claim(job)).await;
        settle(&store, settlement(lease, attempt, in_doubt(1))).await;
        let (named, nameless) = siblings(job, attempt);
        assert_eq!(store.record_receipt(&named).await, Ok(Recorded::Matched(job)));
        let elsewhere = Receipt { provider: Provider::Infobip, ..nameless.clone() };
        assert_eq!(store.record_receipt(&elsewhere).await, Ok(Recorded::Unmatched));
        assert_eq!(store.match_inbox(10).await, Ok(vec![]), "references are each gateway's own");
        let (lease, attempt) = claim_granted(&store, claim(other)).await;
        settle(&store, settlement(lease, attempt, accepted("ref", 60_000))).await;
        assert_eq!(store.record_receipt(&nameless).await, Ok(Recorded::Matched(other)));
    });
}

#[test]
fn a_receipt_that_names_anothers_attempt_is_nobodys_sibling() {
    run(async |database| {
        let (store, job) = (database.store(), new_job());
        let (lease, attempt) = claim_granted(&store, claim(job)).await;
        settle(&store, settlement(lease, attempt, in_doubt(1))).await;
        let (named, nameless) = siblings(job, attempt);
        let foreign = |receipt: &Receipt| Receipt { provider: Provider::Infobip, ..receipt.clone() };
        assert_eq!(store.record_receipt(&foreign(&named)).await, Ok(Recorded::Anothers(job)));
        assert_eq!(store.record_receipt(&foreign(&nameless)).await, Ok(Recorded::Unmatched));
        assert_eq!(store.match_inbox(10).await, Ok(vec![]));
    });
}
