//! The door for receipts.

use closure_tests::harness::{
    Fleet, FleetOptions, HttpAnswer, ProcessSpec, SHORT, eventually, jobs, kride::journey, request, run,
};

const SIGNATURE: &str = "X-Toast-Webhook-Signature";

async fn post(fleet: &Fleet, signature: &str, body: &[u8]) -> HttpAnswer {
    let headers = [(SIGNATURE, signature), ("Content-Type", "application/json")];
    request("POST", &fleet.receipts_url().await, &headers, body).await.expect("the intake answers")
}

async fn receipts(fleet: &Fleet) -> usize {
    fleet.database.query("SELECT receipt_id FROM receipt").await.len()
}

#[test]
fn a_receipt_with_a_wrong_signature_is_refused_and_changes_nothing() {
    journey(async |fleet| {
        let job = jobs::sms(&jobs::number(3003, 0), "forged@example.com");
        fleet.sms.behave("819030031000", closure_simulators::SmsBehaviour::ForgedThenDelivered);
        let id = fleet.publish(&job).await;
        let heard = fleet.outcomes_of(id, 1).await;
        assert_eq!(heard[0].summary(), "sms.delivered");
        assert!(fleet.smtp.mails_to("forged@example.com").is_empty(), "the forged failure made no email");
        for signature in ["", "wrong", "harness-webhook-secre"] {
            assert_eq!(post(fleet, signature, b"{}").await.status, 401, "{signature}");
        }
    });
}

#[test]
fn a_body_that_is_no_receipt_is_refused_as_such() {
    journey(async |fleet| {
        assert_eq!(post(fleet, "harness-webhook-secret", b"<html>").await.status, 400);
        let too_large = vec![b' '; 4 * 1024 * 1024];
        assert_eq!(post(fleet, "harness-webhook-secret", &too_large).await.status, 413);
        let elsewhere = fleet.receipts_url().await.replace("/nhn", "/nobody");
        let answer = request("POST", &elsewhere, &[(SIGNATURE, "harness-webhook-secret")], b"{}").await;
        assert_eq!(answer.expect("the intake answers").status, 404);
    });
}

#[test]
fn while_the_broker_cannot_take_receipts_the_intake_says_when_to_come_again_and_loses_none() {
    run(async {
        let mut options =
            FleetOptions::with("intake-503", vec![ProcessSpec::intake(), ProcessSpec::work("sms", &["sms"])]);
        options = options.variable("FLEET_BROKER_CONFIRM_TIMEOUT_MS", "1000");
        let fleet = Fleet::start(options).await;
        // Without the queue every receipt is returned, which is as good as a broker that cannot take it.
        let queue = closure_contract::topology::WorkQueue::Receipts.name();
        fleet.vhost.delete_queue(queue).await;
        fleet.publish(&jobs::sms(&jobs::number(3004, 0), "held@example.com")).await;
        eventually("a receipt to be on its way", SHORT, || async {
            if fleet.sms.receipts_pending() > 0 { Ok(()) } else { Err("none".to_owned()) }
        })
        .await;

        let sent = fleet.sms.sent_to("819030041000");
        assert_eq!(sent.len(), 1);
        assert_eq!(receipts(&fleet).await, 0);
        eventually("the intake to be asked and to refuse", SHORT, || async {
            let log = std::fs::read_to_string(&fleet.process("intake").await.log).unwrap_or_default();
            if log.contains("the provider is asked to come again") {
                Ok(())
            } else {
                Err("not yet".to_owned())
            }
        })
        .await;
        // The operator repairs the topology, and the provider's next try goes through.
        fleet.cli(&["topology", "apply"]).await.with_code(0);
        eventually("the receipts to be taken", SHORT, || async {
            let pending = fleet.sms.receipts_pending();
            if pending == 0 { Ok(()) } else { Err(format!("{pending} pending")) }
        })
        .await;
        fleet.nothing_personal_is_logged();
    });
}
