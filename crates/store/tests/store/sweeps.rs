use std::collections::HashSet;

use closure_contract::{Channel, Evidence, FailureCode, Generation, JobId};
use closure_store::{Debt, DeliveryFacts, DeliveryState, DeliveryUpdate, NewFallback, Store, SweepWork};
use serde_json::json;

use crate::support::{accepted, claim, claim_granted, new_job, receipt, run, settle, settled, settlement};

fn verdict(state: DeliveryState) -> impl Fn(&DeliveryFacts) -> Option<(DeliveryUpdate, ())> + Send + Sync {
    move |_| {
        Some((
            DeliveryUpdate {
                state,
                code: state.has_ended(Channel::Sms).then_some(FailureCode::NoReceipt),
                detail: None,
                evidence: Evidence::None,
                rules: json!([]).into(),
                fallback: NewFallback::None,
            },
            (),
        ))
    }
}

async fn overdue_jobs(store: &Store, count: usize) -> HashSet<JobId> {
    let mut jobs = HashSet::new();
    for _ in 0..count {
        jobs.insert(settled(store, accepted("ref", 0)).await.job_id);
    }
    jobs
}

#[test]
fn two_processes_that_sweep_at_once_never_get_the_same_delivery() {
    run(async |database| {
        let (ours, theirs) = (database.store(), database.store());
        let jobs = overdue_jobs(&ours, 60).await;
        let sweep = |store: Store| {
            tokio::spawn(async move {
                let mut found = Vec::new();
                loop {
                    let some = store.overdue(7).await.expect("the database answers");
                    if some.is_empty() || found.len() > 60 {
                        return found;
                    }
                    found.extend(some);
                }
            })
        };
        let (a, b) = (sweep(ours), sweep(theirs));
        let mut found = a.await.expect("a sweep does not panic");
        found.extend(b.await.expect("a sweep does not panic"));
        assert_eq!(found.len(), jobs.len(), "each is handed out once");
        assert_eq!(found.into_iter().collect::<HashSet<_>>(), jobs);
    });
}

#[test]
fn what_is_not_due_is_not_swept() {
    run(async |database| {
        let store = database.store();
        settled(&store, accepted("ref", 60_000)).await;
        claim_granted(&store, claim(new_job())).await;
        assert_eq!(store.overdue(10).await, Ok(vec![]));
    });
}

#[test]
fn a_sweep_is_told_of_each_sort_of_work_and_of_none_while_nothing_is_due() {
    run(async |database| {
        let store = database.store();
        let work = async || store.sweep_work(60_000).await.expect("the database answers");
        let job = settled(&store, accepted("ref", 60_000)).await.job_id;
        assert_eq!(work().await, []);

        database.execute("UPDATE delivery SET look_at = now()").await;
        assert_eq!(work().await, [SweepWork::Overdue]);
        assert_eq!(store.overdue(10).await, Ok(vec![job]));
        assert_eq!(work().await, [], "it is handed out");

        let early = receipt("early", closure_contract::ReceiptStatus::Delivered);
        store.record_receipt(&early).await.expect("the database answers");
        assert_eq!(work().await, [SweepWork::Inbox]);
        database.execute("UPDATE receipt SET inbox_since = now() - interval '25 hours'").await;
        assert_eq!(work().await, [], "it is none of ours");

        let over = "INSERT INTO contact_tally (counter, window_start, window_end, count)
            VALUES ('fleet', now() - interval '3 hours', now() - interval '2 hours', 1)";
        database.execute(over).await;
        assert_eq!(work().await, [SweepWork::Tallies]);
        assert_eq!(store.forget_tallies(10).await, Ok(1));

        store.evaluate(job, verdict(DeliveryState::Unknown)).await.expect("the database answers");
        assert_eq!(work().await, [], "whoever owes it may still pay");
        database.execute("UPDATE owed SET looked_at = looked_at - interval '2 minutes'").await;
        assert_eq!(work().await, [SweepWork::Owed]);
        assert_eq!(store.owed(60_000, 10).await, Ok(vec![job]));
        assert_eq!(work().await, []);
    });
}

#[test]
fn a_sweep_that_died_leaves_its_deliveries_to_the_next() {
    run(async |database| {
        let store = database.store();
        let job = settled(&store, accepted("ref", 0)).await.job_id;
        assert_eq!(store.overdue(10).await, Ok(vec![job]));
        assert_eq!(store.overdue(10).await, Ok(vec![]));
        database.execute("UPDATE delivery SET look_at = look_at - interval '1 minute'").await;
        assert_eq!(store.overdue(10).await, Ok(vec![job]));
    });
}

#[test]
fn a_delivery_that_is_left_to_wait_is_looked_at_again_and_one_that_ended_is_not() {
    run(async |database| {
        let store = database.store();
        let (waits, ends) =
            (settled(&store, accepted("a", 0)).await.job_id, settled(&store, accepted("b", 0)).await.job_id);
        assert_eq!(store.overdue(10).await.map(|jobs| jobs.len()), Ok(2));
        store.evaluate(waits, verdict(DeliveryState::Accepted)).await.expect("the database answers");
        store.evaluate(ends, verdict(DeliveryState::Unknown)).await.expect("the database answers");
        database.execute("UPDATE delivery SET look_at = look_at - interval '1 hour'").await;
        assert_eq!(store.overdue(10).await, Ok(vec![waits]));
    });
}

#[test]
fn a_debt_to_the_crm_is_remembered_until_it_is_paid() {
    run(async |database| {
        let store = database.store();
        let job = settled(&store, accepted("ref", 0)).await.job_id;
        store.evaluate(job, verdict(DeliveryState::Unknown)).await.expect("the database answers");
        assert_eq!(store.owed(60_000, 10).await, Ok(vec![]), "whoever owes it may still pay");
        // Another look that owes nothing new does not forget the debt.
        store.evaluate(job, verdict(DeliveryState::Unknown)).await.expect("the database answers");
        database.execute("UPDATE owed SET looked_at = looked_at - interval '2 minutes'").await;
        assert_eq!(store.owed(60_000, 10).await, Ok(vec![job]));
        assert_eq!(store.owed(60_000, 10).await, Ok(vec![]), "it is handed out to one process");
        let word = store.snapshot(job).await.expect("the database answers").expect("a delivery").words;
        let paid = |word| [Debt { job_id: job, generation: Generation::FIRST, word }];
        store.paid(&paid(word - 1)).await.expect("the database answers");
        assert_eq!(database.count("SELECT count(*) FROM owed").await, 1, "an older word pays no newer debt");
        store.paid(&paid(word)).await.expect("the database answers");
        assert_eq!(database.count("SELECT count(*) FROM owed").await, 0);
    });
}

#[test]
fn a_receipt_that_is_matched_late_is_looked_at_even_if_the_matching_process_dies() {
    run(async |database| {
        let (store, job) = (database.store(), new_job());
        let (lease, attempt) = claim_granted(&store, claim(job)).await;
        let mut early = receipt("early", closure_contract::ReceiptStatus::Delivered);
        early.provider_ref = Some("ref".to_owned());
        settle(&store, settlement(lease, attempt, accepted("ref", 3_600_000))).await;
        store.record_receipt(&early).await.expect("the database answers");
        database.execute("UPDATE receipt SET job_id = NULL, generation = NULL, inbox_since = now()").await;
        assert_eq!(store.match_inbox(10).await, Ok(vec![job]));
        database.execute("UPDATE delivery SET look_at = look_at - interval '1 minute'").await;
        assert_eq!(store.overdue(10).await, Ok(vec![job]), "though its receipt is not due for an hour");
    });
}
