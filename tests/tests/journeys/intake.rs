//! The door for receipts.

use closure_contract::topology::WorkQueue;
use closure_tests::harness::{
    Fleet, FleetOptions, HttpAnswer, ProcessSpec, SHORT, eventually, jobs, kride::journey, request, run,
};
use serde_json::{Value, json};
use tokio::{
    io::{AsyncBufReadExt, AsyncWriteExt, BufReader},
    net::TcpStream,
};

const SIGNATURE: &str = "X-Toast-Webhook-Signature";
const SECRET: &str = "harness-webhook-secret";
/// A receipt as NHN's documents show it; it names no message of ours.
const RECORDED: &[u8] = include_bytes!("../../../crates/providers/tests/recorded/nhn_delivery_receipt.json");

async fn post(fleet: &Fleet, signature: &str, body: &[u8]) -> HttpAnswer {
    let headers = [(SIGNATURE, signature), ("Content-Type", "application/json")];
    request("POST", &fleet.receipts_url().await, &headers, body).await.expect("the intake answers")
}

/// Announces a body of this size and gives the first line of the answer, which comes before a byte of the body.
///
/// A client that goes on writing would race with the intake's closing of the connection.
async fn announce_body(fleet: &Fleet, bytes: usize) -> String {
    let url = fleet.receipts_url().await;
    let address = url.trim_start_matches("http://").split('/').next().expect("a URL has a host").to_owned();
    let mut stream = TcpStream::connect(&address).await.expect("the intake listens");
    let head = format!(
        "POST /receipts/nhn HTTP/1.1\r\nHost: {address}\r\n{SIGNATURE}: {SECRET}\r\nContent-Length: {bytes}\r\n\r\n"
    );
    stream.write_all(head.as_bytes()).await.expect("the intake reads");
    let mut line = String::new();
    let mut reader = BufReader::new(stream);
    let answered = tokio::time::timeout(SHORT, reader.read_line(&mut line)).await;
    answered.expect("the intake answers in time").expect("the intake answers");
    line
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
fn a_country_that_a_gateway_blocks_is_told_in_the_log_and_is_no_receipt() {
    journey(async |fleet| {
        let body = json!({ "hooksId": "1", "webhookConfigId": "c", "productName": "SMS", "appKey": "a",
            "event": "CONVERSION_BLOCK", "hooks": [{ "hookId": "20240429205809GcSUXthVA00", "countryCode": "1",
            "blockedDateTime": "2024-05-28T09:00:00.000+09:00" }] });
        let answer = post(fleet, SECRET, body.to_string().as_bytes()).await;
        assert_eq!((answer.status, answer.json()), (200, json!({ "received": 0 })));
        assert!(fleet.has_logged("a gateway has blocked a country"), "somebody can lift the block");
    });
}

#[test]
fn a_body_that_is_no_receipt_is_refused_as_such() {
    journey(async |fleet| {
        assert_eq!(post(fleet, SECRET, b"<html>").await.status, 400);
        let announced = announce_body(fleet, 4 * 1024 * 1024).await;
        assert!(announced.starts_with("HTTP/1.1 413 "), "{announced}");
        let elsewhere = fleet.receipts_url().await.replace("/nhn", "/nobody");
        let answer = request("POST", &elsewhere, &[(SIGNATURE, SECRET)], b"{}").await;
        assert_eq!(answer.expect("the intake answers").status, 404);
    });
}

#[test]
fn while_the_broker_cannot_take_receipts_the_intake_says_when_to_come_again_and_loses_none() {
    run(async {
        let rest = ProcessSpec::work("rest", &["fallback", "dead"]);
        let processes = vec![ProcessSpec::intake(), ProcessSpec::work("sms", &["sms"]), rest];
        let fleet = Fleet::prepare(FleetOptions::with("intake-503", processes)).await;
        fleet.start_process("intake").await;
        fleet.start_process("sms").await;
        // Without the queue every receipt is returned, which is as good as a broker that cannot take it.
        fleet.vhost.delete_queue(WorkQueue::Receipts.name()).await;
        let answer = post(&fleet, SECRET, RECORDED).await;
        assert_eq!(answer.status, 503);
        let pause_s: u32 =
            answer.header("Retry-After").and_then(|value| value.parse().ok()).expect("a pause");
        assert!(pause_s > 0);
        let id = fleet.publish(&jobs::sms(&jobs::number(3004, 0), "held@example.com")).await;
        eventually("a receipt to be refused and kept by the gateway", SHORT, || async {
            if fleet.sms.receipts_pending() > 0 { Ok(()) } else { Err("none".to_owned()) }
        })
        .await;
        // The operator repairs the topology, and the gateway's next try goes through.
        fleet.cli(&["topology", "apply"]).await.with_code(0);
        assert_eq!(post(&fleet, SECRET, RECORDED).await.status, 200);
        fleet.start_process("rest").await;
        let heard = fleet.outcomes_of(id, 1).await;
        assert_eq!(heard[0].summary(), "sms.delivered", "the receipt that was refused came again");
        fleet.finish().await;
    });
}

#[test]
fn one_body_with_more_receipts_than_one_publish_takes_is_taken_in_parts_and_a_repeat_changes_nothing() {
    run(async {
        const RECEIPTS: usize = 2_300;
        let rest = ProcessSpec::work("rest", &["fallback"]);
        let fleet = Fleet::start(FleetOptions::with("batches", vec![ProcessSpec::intake(), rest])).await;
        let hooks: Vec<Value> = (0..RECEIPTS)
            .map(|number| {
                json!({
                    "hookId": format!("hook-{number}"), "requestId": format!("request{number}"),
                    "recipientSeq": 1, "dlrStatus": "DELIVERED",
                })
            })
            .collect();
        let body = json!({ "event": "INTERNATIONAL_DELIVERY_RECEIPT", "hooks": hooks }).to_string();
        for _ in 0..2 {
            let answer = post(&fleet, SECRET, body.as_bytes()).await;
            assert_eq!((answer.status, answer.json()), (200, json!({ "received": RECEIPTS })));
        }
        fleet.queues_are_empty().await;
        let kept = fleet.database.query("SELECT count(*) FROM receipt").await;
        assert_eq!(kept, [RECEIPTS.to_string()], "each is on record once");
        fleet.finish().await;
    });
}
