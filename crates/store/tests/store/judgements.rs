//! Receipts and judgements of many deliveries at once.

use std::time::Duration;

use bytes::Bytes;
use closure_contract::{
    ClientRef, Evidence, FailureCode, JobId, Receipt, ReceiptStatus, facts::jobs::JobFacts,
};
use closure_store::{
    DeliveryFacts, DeliveryState, DeliveryUpdate, NewFallback, Owed, Recorded, Store, StoreError,
    StoreSettings,
};
use futures::future::join_all;
use serde_json::json;

use crate::support::{
    TestDatabase, accepted, claim, claim_granted, new_job, receipt, run, settle, settled, settlement,
};

fn delivered(_: &DeliveryFacts) -> Option<(DeliveryUpdate, ())> {
    let (state, evidence, fallback) = (DeliveryState::Delivered, Evidence::Carrier, NewFallback::None);
    Some((
        DeliveryUpdate { state, code: None, detail: None, evidence, rules: json!([]).into(), fallback },
        (),
    ))
}

fn undelivered(fallback: NewFallback) -> DeliveryUpdate {
    DeliveryUpdate {
        state: DeliveryState::Undelivered,
        code: Some(FailureCode::NotDelivered),
        detail: None,
        evidence: Evidence::None,
        rules: json!([]).into(),
        fallback,
    }
}

fn email(sms: JobId, job_id: JobId) -> NewFallback {
    NewFallback::Email {
        job_id,
        body: Bytes::from(format!("the email in place of {sms}")),
        consultation_id: format!("consultation-{sms}").try_into().expect("a short id"),
        revision: 1,
        kind: "closure.email/1".to_owned(),
        found_by: JobFacts::default(),
    }
}

async fn accepted_texts(store: &Store, count: usize) -> Vec<JobId> {
    let texts = (0..count)
        .map(async |number| settled(store, accepted(&format!("ref-{number}"), 6_000_000)).await.job_id);
    join_all(texts).await
}

/// How many transactions that wrote there have been.
async fn transactions(database: &TestDatabase) -> i64 {
    database.count("SELECT (txid_current() - 1)::bigint").await
}

#[test]
fn receipts_and_judgements_of_many_callers_share_commits() {
    run(async |database| {
        let store = database.store();
        let texts = accepted_texts(&store, 500).await;
        let before = transactions(database).await;
        let heard = texts.iter().enumerate().map(|(number, job)| {
            let (store, job) = (store.clone(), *job);
            tokio::spawn(async move {
                let said = Receipt {
                    provider_ref: Some(format!("ref-{number}")),
                    ..receipt(&format!("said-{number}"), ReceiptStatus::Delivered)
                };
                assert_eq!(store.record_receipt(&said).await, Ok(Recorded::Matched(job)));
                store.evaluate(job, delivered).await
            })
        });
        for evaluated in join_all(heard).await {
            let evaluated = evaluated.expect("it does not panic").expect("the database answers");
            assert_eq!(evaluated.map(|evaluated| evaluated.owed), Some(Owed::Now));
        }
        let spent = transactions(database).await - before;
        assert!(spent < 200, "{spent} transactions that wrote, for 500 receipts and 500 judgements");
        assert_eq!(database.count("SELECT count(*) FROM delivery WHERE state = 'delivered'").await, 500);
        assert_eq!(database.count("SELECT count(*) FROM owed").await, 500);
    });
}

#[test]
fn that_an_accepted_text_is_on_its_way_asks_for_no_judgement_and_anything_else_does() {
    run(async |database| {
        let store = database.store();
        let sending = new_job();
        let (_, attempt) = claim_granted(&store, claim(sending)).await;
        let accepted = settled(&store, accepted("ref", 6_000_000)).await.job_id;
        let of = |job, id: &str, status| Receipt {
            client_ref: Some(ClientRef::of(job, closure_contract::Generation::FIRST, attempt)),
            ..receipt(id, status)
        };
        let moving = of(accepted, "moving", ReceiptStatus::InTransit);
        assert_eq!(store.record_receipt(&moving).await, Ok(Recorded::OnItsWay(accepted)));
        // Whoever read the first one may have died before he said so.
        assert_eq!(store.record_receipt(&moving).await, Ok(Recorded::Duplicate(Some(accepted))));
        let named = Receipt {
            reported_sender: Some("Kakao".to_owned()),
            ..of(accepted, "named", ReceiptStatus::InTransit)
        };
        let arrived = of(accepted, "arrived", ReceiptStatus::Delivered);
        let early = of(sending, "early", ReceiptStatus::InTransit);
        for (said, job) in [(named, accepted), (arrived, accepted), (early, sending)] {
            assert_eq!(store.record_receipt(&said).await, Ok(Recorded::Matched(job)), "{}", said.receipt_id);
        }
    });
}

#[test]
fn a_judgement_that_changes_nothing_writes_nothing() {
    run(async |database| {
        let store = database.store();
        let job = settled(&store, accepted("ref", 6_000_000)).await.job_id;
        let first = store.evaluate(job, delivered).await.expect("the database answers").expect("a verdict");
        let row = "SELECT xmin::text::bigint FROM delivery WHERE state = 'delivered'";
        let before = database.count(row).await;
        let second = store.evaluate(job, delivered).await.expect("the database answers").expect("a verdict");
        assert_eq!(database.count(row).await, before, "the row is the one that the first judgement wrote");
        assert_eq!((first.owed, second.owed), (Owed::Now, Owed::Before));
        assert_eq!(first.after, second.after);
    });
}

#[test]
fn a_delivery_that_another_holds_for_long_keeps_no_other_from_being_judged() {
    run(async |database| {
        let store = Store::new(StoreSettings { lock_timeout_ms: 100, ..database.settings() })
            .expect("valid settings");
        let texts = accepted_texts(&store, 20).await;
        let held = texts[7];
        let holder = database.client().await;
        let lock = format!("BEGIN; SELECT FROM delivery WHERE job_id = '{held}' FOR UPDATE");
        holder.batch_execute(&lock).await.expect("a lock");
        let judged = join_all(texts.iter().map(|job| store.evaluate(*job, delivered))).await;
        for (job, judged) in texts.iter().zip(judged) {
            match judged {
                Ok(Some(_)) => assert_ne!(*job, held),
                Err(StoreError::Locked(_)) => assert_eq!(*job, held),
                other => panic!("{other:?}"),
            }
        }
        holder.batch_execute("ROLLBACK").await.expect("the lock is gone");
        assert!(matches!(store.evaluate(held, delivered).await, Ok(Some(_))));
    });
}

#[test]
fn an_email_that_cannot_be_made_costs_no_other_delivery_its_judgement() {
    run(async |database| {
        let store = database.store();
        let texts = accepted_texts(&store, 10).await;
        // Its id is that of a job which is nobody's fallback.
        let (lease, attempt) = claim_granted(&store, claim(texts[3].fallback_email())).await;
        settle(&store, settlement(lease, attempt, accepted("taken", 6_000_000))).await;
        let judged = texts.iter().map(|job| {
            let job = *job;
            store.evaluate(job, move |_| Some((undelivered(email(job, job.fallback_email())), ())))
        });
        for (job, judged) in texts.iter().zip(join_all(judged).await) {
            match judged {
                Ok(Some(evaluated)) => {
                    let email = evaluated.fallback.expect("an email answers");
                    assert_eq!((email.job_id, email.created), (job.fallback_email(), true));
                }
                Err(StoreError::BadData { .. }) => assert_eq!(*job, texts[3]),
                other => panic!("{other:?}"),
            }
        }
        assert_eq!(database.count("SELECT count(*) FROM delivery WHERE state = 'undelivered'").await, 9);
    });
}

#[test]
fn a_judgement_that_panics_takes_no_other_with_it() {
    run(async |database| {
        let store = database.store();
        let texts = accepted_texts(&store, 10).await;
        let panics = texts[3];
        let judged = texts.iter().map(|job| {
            let (store, job) = (store.clone(), *job);
            tokio::spawn(async move {
                let decide = move |facts: &DeliveryFacts| {
                    assert_ne!(job, panics, "a fault of ours");
                    delivered(facts)
                };
                store.evaluate(job, decide).await
            })
        });
        for (job, ended) in texts.iter().zip(join_all(judged).await) {
            match ended {
                Ok(judged) => assert!(matches!(judged, Ok(Some(_))), "{judged:?}"),
                Err(ended) => assert!(ended.is_panic() && *job == panics, "{ended}"),
            }
        }
        assert_eq!(database.count("SELECT count(*) FROM delivery WHERE state = 'delivered'").await, 9);
    });
}

/// A settlement holds deliveries and takes receipts that are free; a receipt's record and a judgement wait for neither
/// while they hold the other.
#[test]
fn receipts_in_any_company_wait_for_nobody_in_a_circle() {
    run(async |database| {
        let store = database.store();
        let texts: Vec<JobId> = (0..200).map(|_| new_job()).collect();
        let heard = texts.iter().enumerate().map(|(number, job)| {
            let (store, job) = (store.clone(), *job);
            tokio::spawn(async move {
                let (lease, attempt) = claim_granted(&store, claim(job)).await;
                let client_ref = Some(ClientRef::of(job, closure_contract::Generation::FIRST, attempt));
                let provider_ref = Some(format!("ref-{number}"));
                let early = |id: String| Receipt {
                    client_ref,
                    provider_ref: provider_ref.clone(),
                    ..receipt(&id, ReceiptStatus::InTransit)
                };
                let (first, again) = (early(format!("a-{number}")), early(format!("b-{}", 999 - number)));
                let settling = settle(&store, settlement(lease, attempt, accepted("ref", 6_000_000)));
                let recorded = async {
                    for said in [&first, &again, &first] {
                        store.record_receipt(said).await.expect("the database answers");
                        store.evaluate(job, delivered).await.expect("the database answers");
                    }
                };
                tokio::time::timeout(Duration::from_secs(60), async { tokio::join!(settling, recorded) })
                    .await
                    .expect("nobody waits for ever");
            })
        });
        for ended in join_all(heard).await {
            ended.expect("no statement failed");
        }
        assert_eq!(database.count("SELECT count(*) FROM receipt WHERE job_id IS NOT NULL").await, 400);
    });
}
