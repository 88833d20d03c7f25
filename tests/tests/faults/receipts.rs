//! Receipts too early, too often, and at two workers at once.

use closure_contract::{
    AttemptNumber, ClientRef, Evidence, Generation, Provider, Receipt, ReceiptMessage, ReceiptStatus,
    Timestamp, receipt::ReceiptKind,
};
use closure_simulators::SmsBehaviour;
use closure_store::DeliveryState;
use closure_tests::harness::{Fleet, FleetOptions, LONG, ProcessSpec, eventually, jobs, run};

use crate::load::{LOAD, address, all_are_heard, digits, one_end, texts};

async fn two_fallback_workers(name: &'static str) -> Fleet {
    let processes = vec![
        ProcessSpec::work("fallback-a", &["fallback"]),
        ProcessSpec::work("fallback-b", &["fallback"]),
        ProcessSpec::work("rest", &["sms", "email", "dead"]),
        ProcessSpec::intake(),
    ];
    Fleet::start(FleetOptions::with(name, processes)).await
}

/// The gateway's word about the first attempt of a job.
fn receipt(job: &serde_json::Value, status: ReceiptStatus, receipt_id: &str) -> Vec<u8> {
    let receipt = Receipt {
        kind: ReceiptKind::V1,
        receipt_id: receipt_id.to_owned(),
        provider: Provider::Nhn,
        provider_ref: None,
        client_ref: Some(ClientRef::of(jobs::id(job), Generation::FIRST, AttemptNumber::FIRST)),
        status,
        evidence: Evidence::Handset,
        provider_code: None,
        failure_code: None,
        reported_sender: None,
        occurred_at: None,
        received_at: Timestamp::now(),
    };
    ReceiptMessage::Receipt(receipt).encode()
}

#[test]
fn two_fallback_workers_and_repeated_receipts_make_one_email() {
    run(async {
        let fleet = two_fallback_workers("two-fallbacks").await;
        fleet.sms.behave_all(SmsBehaviour::NeverReceipt);
        let list = texts(4301, 20);
        fleet.publish_all(&list).await;
        for job in &list {
            fleet.reaches(jobs::id(job), DeliveryState::Accepted).await;
        }
        for job in &list {
            let id = jobs::id(job);
            for copy in 0..12 {
                let statement = format!("{id}-{}", copy % 3);
                fleet.publish_receipt(&receipt(job, ReceiptStatus::Undelivered, &statement)).await;
            }
        }
        let ids: Vec<_> = list.iter().map(|job| jobs::id(job).fallback_email()).collect();
        all_are_heard(&fleet, &ids).await;
        fleet.drain().await;
        for (index, job) in (0_u16..).zip(&list) {
            let id = jobs::id(job);
            assert_eq!(fleet.outcomes.of(id).len(), 1, "the CRM hears the end once");
            assert_eq!(one_end(&fleet, id), "sms.undelivered not_delivered");
            assert_eq!(one_end(&fleet, id.fallback_email()), "email.accepted");
            assert_eq!(fleet.smtp.mails_to(&address(4301, index)).len(), 1);
            assert_eq!(fleet.story(id).await.expect("on record").receipts.len(), 3, "each statement once");
        }
        fleet.finish().await;
    });
}

#[test]
fn two_fallback_workers_notice_the_same_silence_and_make_one_email() {
    run(async {
        let processes = vec![
            ProcessSpec::work("fallback-a", &["fallback"]),
            ProcessSpec::work("fallback-b", &["fallback"]),
            ProcessSpec::work("rest", &["sms", "email", "dead"]),
        ];
        let options = FleetOptions::with("two-sweeps", processes).receipts_due(1_500, 600_000);
        let fleet = Fleet::start(options).await;
        fleet.sms.behave_all(SmsBehaviour::NeverReceipt);
        let list = texts(4302, LOAD);
        fleet.publish_all(&list).await;
        let ids: Vec<_> = list.iter().map(|job| jobs::id(job).fallback_email()).collect();
        all_are_heard(&fleet, &ids).await;
        fleet.drain().await;
        for (index, job) in (0_u16..).zip(&list) {
            assert_eq!(one_end(&fleet, jobs::id(job)), "sms.unknown no_receipt");
            assert_eq!(fleet.outcomes.of(jobs::id(job)).len(), 1);
            assert_eq!(fleet.smtp.mails_to(&address(4302, index)).len(), 1);
        }
        fleet.finish().await;
    });
}

#[test]
fn a_receipt_that_names_only_the_gateways_reference_and_overtakes_its_answer_is_kept_and_matched() {
    run(async {
        // Without an intake the gateway's own receipts are not heard.
        let processes = vec![
            ProcessSpec::work("fallback", &["fallback"]),
            ProcessSpec::work("rest", &["sms", "email", "dead"]),
        ];
        let options =
            FleetOptions::with("early-receipt", processes).gateway(|gateway| gateway.slow_ms = 2_000);
        let fleet = Fleet::start(options).await;
        fleet.sms.behave_all(SmsBehaviour::SlowAnswer);
        let job = texts(4303, 1).remove(0);
        let id = fleet.publish(&job).await;
        let reference = eventually("the gateway to take it", LONG, || async {
            let sent = fleet.sms.sent_to(&digits(&job)).pop().ok_or("nothing was sent")?;
            let request = sent.request_id.ok_or("it was refused")?;
            Ok(format!("{request}:{}", sent.recipient_seq))
        })
        .await;
        let mut early: serde_json::Value =
            serde_json::from_slice(&receipt(&job, ReceiptStatus::Undelivered, "too-early"))
                .expect("a receipt is JSON");
        early["provider_ref"] = reference.into();
        early["client_ref"] = serde_json::Value::Null;
        fleet.publish_receipt(early.to_string().as_bytes()).await;
        eventually("the receipt to be kept", LONG, || async {
            let kept = fleet.database.query("SELECT receipt_id FROM receipt").await;
            if kept.len() == 1 { Ok(()) } else { Err(format!("{kept:?}")) }
        })
        .await;
        assert_eq!(
            fleet.story(id).await.expect("on record").state,
            DeliveryState::Sending,
            "the answer is still to come"
        );
        all_are_heard(&fleet, &[id, id.fallback_email()]).await;
        fleet.drain().await;
        assert_eq!(one_end(&fleet, id), "sms.undelivered not_delivered");
        assert_eq!(fleet.smtp.mails_to(&address(4303, 0)).len(), 1);
        assert_eq!(fleet.sms.accepted_to(&digits(&job)).len(), 1);
        fleet.finish().await;
    });
}

#[test]
fn a_failure_after_a_delivery_does_not_undo_it() {
    run(async {
        let fleet = two_fallback_workers("contradiction").await;
        fleet.sms.behave_all(SmsBehaviour::NeverReceipt);
        let job = texts(4304, 1).remove(0);
        let id = fleet.publish(&job).await;
        fleet.reaches(id, DeliveryState::Accepted).await;
        fleet.publish_receipt(&receipt(&job, ReceiptStatus::Delivered, "first")).await;
        fleet.reaches(id, DeliveryState::Delivered).await;
        fleet.publish_receipt(&receipt(&job, ReceiptStatus::Undelivered, "second")).await;
        eventually("both to be on record", LONG, || async {
            let receipts = fleet.story(id).await.expect("on record").receipts.len();
            if receipts == 2 { Ok(()) } else { Err(format!("{receipts}")) }
        })
        .await;
        fleet.drain().await;
        assert_eq!(fleet.story(id).await.expect("on record").state, DeliveryState::Delivered);
        assert_eq!(one_end(&fleet, id), "sms.delivered");
        assert!(fleet.smtp.mails().is_empty());
        fleet.finish().await;
    });
}
