use bytes::Bytes;
use closure_contract::{
    Channel, ConsultationId, Evidence, FailureCode, JobId, Provider, Receipt, ReceiptStatus,
    facts::jobs::JobFacts,
};
use closure_store::{
    Claim, DeadLetterFilter, DeliveryFacts, DeliveryState, DeliveryUpdate, Grant, NewClaim, NewFallback,
};
use serde_json::json;

use crate::support::{
    accepted, claim, claim_granted, dead, new_job, receipt, run, settle, settled, settlement,
};

fn verdict(state: DeliveryState, code: Option<FailureCode>, fallback: NewFallback) -> DeliveryUpdate {
    DeliveryUpdate {
        state,
        code,
        detail: code.map(|code| code.what().to_owned()),
        evidence: Evidence::None,
        rules: json!([{ "id": "R14c", "effect": "email", "detail": "" }]).into(),
        fallback,
    }
}

fn email_of(sms: JobId) -> NewFallback {
    NewFallback::Email {
        job_id: sms.fallback_email(),
        body: Bytes::from("email"),
        consultation_id: ConsultationId::try_from("c-1".to_owned()).expect("a short id"),
        revision: 1,
        kind: "closure.email/1".to_owned(),
        found_by: JobFacts::default(),
    }
}

#[test]
fn one_email_answers_however_many_triggers_fire_at_once() {
    run(async |database| {
        let store = database.store();
        let sms = settled(&store, accepted("ref", 0)).await.job_id;
        let evaluations = (0..32).map(|_| {
            let store = store.clone();
            tokio::spawn(async move {
                let undelivered = move |_: &DeliveryFacts| {
                    let code = Some(FailureCode::NotDelivered);
                    Some((verdict(DeliveryState::Undelivered, code, email_of(sms)), ()))
                };
                store.evaluate(sms, undelivered).await.expect("the database answers").expect("a verdict")
            })
        });
        let mut created = 0;
        for evaluated in futures::future::join_all(evaluations).await {
            let evaluated = evaluated.expect("an evaluation does not panic");
            let email = evaluated.fallback.expect("an email answers");
            assert_eq!((email.job_id, email.state), (sms.fallback_email(), DeliveryState::Pending));
            assert_eq!(evaluated.after.fallback_job_id, Some(email.job_id));
            assert_eq!(evaluated.after.state, DeliveryState::Undelivered);
            created += u32::from(email.created);
        }
        assert_eq!(created, 1);
        assert_eq!(database.count("SELECT count(*) FROM delivery WHERE channel = 'email'").await, 1);
    });
}

#[test]
fn the_email_worker_claims_the_row_that_the_fallback_worker_made() {
    run(async |database| {
        let store = database.store();
        let sms = settled(&store, accepted("ref", 0)).await.job_id;
        let due = move |_: &DeliveryFacts| Some((verdict(DeliveryState::Accepted, None, email_of(sms)), ()));
        store.evaluate(sms, due).await.expect("the database answers").expect("a verdict");
        let email = NewClaim {
            channel: Channel::Email,
            kind: "closure.email/1".to_owned(),
            provider: Provider::Smtp,
            body: Bytes::from("email"),
            source_job_id: Some(sms),
            rendered: Some(Bytes::from("From: …")),
            ..claim(sms.fallback_email())
        };
        let answer = store.claim(email).await.expect("the database answers");
        let Claim::Granted(Grant { rendered, .. }) = answer else { panic!("{answer:?}") };
        assert_eq!(rendered, Some(Bytes::from("From: …")));
        let snapshot =
            store.snapshot(sms.fallback_email()).await.expect("the database answers").expect("a delivery");
        assert_eq!(snapshot.source_job_id, Some(sms));
    });
}

#[test]
fn an_email_without_an_address_waits_for_a_person_from_the_start() {
    run(async |database| {
        let store = database.store();
        let sms = settled(&store, accepted("ref", 0)).await.job_id;
        let no_address = move |_: &DeliveryFacts| {
            let NewFallback::Email { job_id, body, consultation_id, revision, kind, found_by } =
                email_of(sms)
            else {
                return None;
            };
            let detail = "add an address".to_owned();
            let code = FailureCode::NoEmailAddress;
            let fallback = NewFallback::NoAddress {
                job_id,
                body,
                consultation_id,
                revision,
                kind,
                code,
                detail,
                found_by,
            };
            Some((verdict(DeliveryState::Undelivered, Some(FailureCode::NotDelivered), fallback), ()))
        };
        for created in [true, false] {
            let evaluated =
                store.evaluate(sms, no_address).await.expect("the database answers").expect("a verdict");
            let email = evaluated.fallback.expect("an email would answer");
            assert_eq!((email.state, email.created), (DeliveryState::Dead, created));
        }
        let letters = store.dead_letters(DeadLetterFilter::default()).await.expect("the database answers");
        assert_eq!(letters.len(), 1);
        assert_eq!(
            (letters[0].code, letters[0].job_id),
            (FailureCode::NoEmailAddress, Some(sms.fallback_email()))
        );
        assert_eq!(
            (letters[0].queue.as_str(), letters[0].detail.as_str()),
            ("closure.email", "add an address")
        );
    });
}

#[test]
fn a_verdict_sees_the_receipts_and_whether_silence_counts() {
    run(async |database| {
        let (store, job) = (database.store(), new_job());
        let (lease, attempt) = claim_granted(&store, claim(job)).await;
        settle(&store, settlement(lease, attempt, accepted("ref", 0))).await;
        for (id, status) in [("a", ReceiptStatus::InTransit), ("b", ReceiptStatus::Undelivered)] {
            let named = Receipt { provider_ref: Some("ref".to_owned()), ..receipt(id, status) };
            store.record_receipt(&named).await.expect("the database answers");
        }
        let seen = |facts: &DeliveryFacts| {
            let statuses: Vec<_> = facts.receipts.iter().map(|receipt| receipt.status).collect();
            assert_eq!(statuses, [ReceiptStatus::InTransit, ReceiptStatus::Undelivered]);
            assert!(facts.receipt_overdue && !facts.has_fallback);
            None
        };
        assert_eq!(store.evaluate::<_, ()>(job, seen).await, Ok(None), "without a verdict nothing changes");
        let snapshot = store.snapshot(job).await.expect("the database answers").expect("a delivery");
        assert_eq!(snapshot.state, DeliveryState::Accepted);
        assert_eq!(store.evaluate::<_, ()>(new_job(), |_| panic!("there is no delivery")).await, Ok(None));
    });
}

#[test]
fn what_a_person_holds_is_not_moved_by_a_verdict() {
    run(async |database| {
        let store = database.store();
        let job = settled(&store, dead()).await.job_id;
        let delivered =
            |_: &DeliveryFacts| Some((verdict(DeliveryState::Delivered, None, NewFallback::None), ()));
        let evaluated =
            store.evaluate(job, delivered).await.expect("the database answers").expect("a verdict");
        assert_eq!((evaluated.before, evaluated.after.state), (DeliveryState::Dead, DeliveryState::Dead));
        assert_eq!(evaluated.after.code, Some(FailureCode::ProviderAuth));
    });
}

#[test]
fn a_verdict_leaves_it_to_the_settlement_to_say_that_the_gateway_took_it() {
    run(async |database| {
        let (store, job) = (database.store(), new_job());
        let (lease, attempt) = claim_granted(&store, claim(job)).await;
        let in_transit =
            |_: &DeliveryFacts| Some((verdict(DeliveryState::Accepted, None, NewFallback::None), ()));
        let evaluated =
            store.evaluate(job, in_transit).await.expect("the database answers").expect("a verdict");
        assert_eq!(evaluated.after.state, DeliveryState::Sending);
        settle(&store, settlement(lease, attempt, accepted("ref", 0))).await;
        assert_eq!(store.overdue(10).await, Ok(vec![job]), "its receipt is due");
    });
}

#[test]
fn a_terminal_state_changes_as_the_verdict_says() {
    run(async |database| {
        let store = database.store();
        let job = settled(&store, accepted("ref", 0)).await.job_id;
        let silence = |_: &DeliveryFacts| {
            Some((verdict(DeliveryState::Unknown, Some(FailureCode::NoReceipt), NewFallback::None), ()))
        };
        let unknown = store.evaluate(job, silence).await.expect("the database answers").expect("a verdict");
        assert!(unknown.after.ended_at.is_some());
        let late = |_: &DeliveryFacts| Some((verdict(DeliveryState::Delivered, None, NewFallback::None), ()));
        let delivered = store.evaluate(job, late).await.expect("the database answers").expect("a verdict");
        assert_eq!(
            (delivered.before, delivered.after.state),
            (DeliveryState::Unknown, DeliveryState::Delivered)
        );
        assert_eq!(delivered.after.code, None);
    });
}

#[test]
fn a_verdict_is_asked_for_at_the_databases_own_time() {
    run(async |database| {
        let store = database.store();
        let sms = settled(&store, accepted("ref", 0)).await.job_id;
        let now = "SELECT (extract(epoch FROM clock_timestamp()) * 1000)::bigint";
        let before_ms = database.count(now).await;
        let (tell, told) = std::sync::mpsc::channel();
        let seen = store.evaluate::<_, ()>(sms, move |facts: &DeliveryFacts| {
            tell.send(facts.at).expect("the test listens");
            None
        });
        assert_eq!(seen.await.expect("the database answers"), None);
        let after_ms = database.count(now).await;
        let at = told.recv().expect("it was asked").0.unix_timestamp_nanos() / 1_000_000;
        assert!((i128::from(before_ms) - 1..=i128::from(after_ms) + 1).contains(&at), "{at}");
    });
}
