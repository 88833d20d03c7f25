//! The SMS gateway: what each behaviour looks like from outside.

use closure_simulators::{
    Credit, DlrStatus, MessageStatus, NhnSimSettings, NhnSimulator, ReceiptSwitch, Rule, SmsAnswer,
    SmsBehaviour, Target,
};
use reqwest::StatusCode;
use serde_json::{Value, json};

use crate::support::{Door, client, until};

pub(crate) const SENDER: &str = "0234518120";

/// Settings under which everything happens soon.
pub(crate) fn quick() -> NhnSimSettings {
    NhnSimSettings {
        receipt_delay_ms: 5,
        late_ms: 40,
        slow_ms: 40,
        webhook_retry_ms: 5,
        ..NhnSimSettings::default()
    }
}

pub(crate) async fn gateway(settings: NhnSimSettings) -> NhnSimulator {
    NhnSimulator::start(settings).await.expect("loopback has a free port")
}

pub(crate) async fn gateway_with_door(refusals: u32) -> (NhnSimulator, Door) {
    let door = Door::open(refusals).await;
    let gateway = gateway(NhnSimSettings { webhook_url: Some(door.url()), ..quick() }).await;
    (gateway, door)
}

pub(crate) fn send_url(gateway: &NhnSimulator) -> String {
    format!("{}/sms/v3.0/appKeys/{}/sender/sms", gateway.base_url(), NhnSimSettings::default().app_key)
}

pub(crate) fn request_to(digits: &str) -> Value {
    json!({
        "body": "Your inquiry has been answered.",
        "sendNo": SENDER,
        "senderGroupingKey": format!("sender-{digits}"),
        "recipientList": [
            { "internationalRecipientNo": digits, "recipientGroupingKey": format!("ref-{digits}") }
        ],
    })
}

pub(crate) async fn post(gateway: &NhnSimulator, body: &Value) -> reqwest::Result<reqwest::Response> {
    client()
        .post(send_url(gateway))
        .header("X-Secret-Key", NhnSimSettings::default().secret_key)
        .json(body)
        .send()
        .await
}

pub(crate) async fn send(gateway: &NhnSimulator, digits: &str) -> Value {
    let answer = post(gateway, &request_to(digits)).await.expect("the gateway answers");
    assert_eq!(answer.status(), StatusCode::OK);
    answer.json().await.expect("the answer is JSON")
}

#[tokio::test]
async fn an_accepted_message_is_answered_as_documented_and_its_receipts_follow() {
    let (gateway, door) = gateway_with_door(0).await;
    let answer = send(&gateway, "84912340001").await;
    assert_eq!(answer["header"]["isSuccessful"], true);
    assert_eq!(answer["header"]["resultCode"], 0);
    let data = &answer["body"]["data"];
    assert_eq!(data["requestId"].as_str().map(str::len), Some(25));
    assert_eq!(data["statusCode"], "2");
    assert_eq!(data["senderGroupingKey"], "sender-84912340001");
    let result = &data["sendResultList"][0];
    assert_eq!(result["resultCode"], 0);
    assert_eq!(result["recipientSeq"], 1);
    assert_eq!(result["recipientNo"], "84912340001");
    assert_eq!(result["recipientGroupingKey"], "ref-84912340001");

    let receipts = door.arrived_at_least(2).await;
    assert_eq!(receipts[0].event(), "INTERNATIONAL_DELIVERY_RECEIPT");
    assert_eq!(receipts[0].word(), "DELIVERED");
    assert_eq!(receipts[1].event(), "MESSAGE_RESULT_UPDATE");
    assert_eq!(receipts[1].word(), "COMPLETED/1000");
    for receipt in &receipts {
        assert_eq!(receipt.signature, NhnSimSettings::default().webhook_secret);
        assert_eq!(receipt.hook()["requestId"], data["requestId"]);
        assert_eq!(receipt.hook()["recipientSeq"], 1);
        assert_eq!(receipt.body["appKey"], NhnSimSettings::default().app_key);
    }
    assert_eq!(
        receipts[0].hook().get("recipientGroupingKey"),
        None,
        "the carrier knows no reference of ours"
    );
    assert_eq!(receipts[1].hook()["recipientGroupingKey"], "ref-84912340001");

    let sent = gateway.sent_to("84912340001");
    assert_eq!(sent.len(), 1);
    assert_eq!(sent[0].text, "Your inquiry has been answered.");
    assert_eq!(sent[0].send_no, SENDER);
    assert_eq!(sent[0].answer, SmsAnswer::Accepted);
    assert_eq!(sent[0].progress.status, MessageStatus::Succeeded);
    gateway.stop().await;
}

#[tokio::test]
async fn the_last_four_digits_choose_the_receipts() {
    let table: [(&str, &[&str]); 11] = [
        ("0002", &["FAILED", "FAILED/4005"]),
        ("0004", &["BUFFERED", "DELIVERED", "COMPLETED/1000"]),
        (
            "0005",
            &["DELIVERED", "COMPLETED/1000", "DELIVERED", "COMPLETED/1000", "DELIVERED", "COMPLETED/1000"],
        ),
        ("0006", &["DELIVERED", "COMPLETED/1000", "BUFFERED", "ACCEPTED"]),
        ("0007", &["EXPIRED", "FAILED/1019"]),
        ("0009", &["UNKNOWN", "FAILED/4007"]),
        ("0010", &["FAILED", "FAILED/4005", "DELIVERED", "COMPLETED/1000"]),
        ("0011", &["null", "DELIVERED", "COMPLETED/1000"]),
        ("0012", &["REJECTED", "FAILED/4008"]),
        ("0013", &["FAILED/4005", "DELIVERED", "COMPLETED/1000"]),
        ("1234", &["DELIVERED", "COMPLETED/1000"]),
    ];
    for (suffix, expected) in table {
        let (gateway, door) = gateway_with_door(0).await;
        send(&gateway, &format!("8491234{suffix}")).await;
        until("every receipt was offered", async || gateway.receipts_pending() == 0).await;
        let words: Vec<String> = door.arrived().iter().map(|receipt| receipt.word()).collect();
        assert_eq!(words, expected, "the receipts of …{suffix}");
        gateway.stop().await;
    }
}

#[tokio::test]
async fn a_message_without_receipts_is_never_heard_of_again() {
    let (gateway, door) = gateway_with_door(0).await;
    send(&gateway, "84912340003").await;
    send(&gateway, "84912340001").await;
    until("the other message's receipts came", async || door.arrived().len() == 2).await;
    assert_eq!(gateway.receipts_pending(), 0);
    assert_eq!(gateway.sent_to("84912340003")[0].progress.status, MessageStatus::Processing);
    gateway.stop().await;
}

#[tokio::test]
async fn a_receipt_told_again_keeps_its_hook_id_and_a_later_one_has_a_new_one() {
    let (gateway, door) = gateway_with_door(0).await;
    send(&gateway, "84912340005").await;
    let receipts = door.arrived_at_least(6).await;
    let id = |index: usize| receipts[index].hook()["hookId"].clone();
    assert_eq!(id(0), id(2));
    assert_eq!(id(1), id(3));
    assert_ne!(id(0), id(4));
    assert_ne!(id(0), id(1));
    gateway.stop().await;
}

#[tokio::test]
async fn a_forged_receipt_has_a_wrong_signature_and_is_not_tried_again() {
    let (gateway, door) = gateway_with_door(1).await;
    send(&gateway, "84912340013").await;
    let receipts = door.arrived_at_least(3).await;
    assert_ne!(receipts[0].signature, NhnSimSettings::default().webhook_secret);
    assert_eq!(receipts[0].status, 500);
    assert_eq!(receipts[1].word(), "DELIVERED");
    assert_eq!(receipts[1].signature, NhnSimSettings::default().webhook_secret);
    gateway.stop().await;
}

#[tokio::test]
async fn a_receipt_is_offered_until_the_door_takes_it() {
    let (gateway, door) = gateway_with_door(3).await;
    send(&gateway, "84912340001").await;
    let receipts = door.arrived_at_least(5).await;
    let statuses: Vec<u16> = receipts.iter().map(|receipt| receipt.status).collect();
    assert_eq!(statuses, [500, 500, 500, 200, 200]);
    let hook_id = |index: usize| receipts[index].hook()["hookId"].clone();
    assert_eq!(hook_id(0), hook_id(3));
    gateway.stop().await;
}

#[tokio::test]
async fn a_receipt_that_nobody_takes_is_given_up_after_the_last_try() {
    let door = Door::open(u32::MAX).await;
    let settings = NhnSimSettings { webhook_url: Some(door.url()), webhook_tries_max: 3, ..quick() };
    let gateway = gateway(settings).await;
    send(&gateway, "84912340002").await;
    until("the courier gave up", async || gateway.receipts_pending() == 0).await;
    assert_eq!(door.arrived().len(), 6, "two receipts, three tries each");
    gateway.stop().await;
}

#[tokio::test]
async fn receipts_follow_the_webhook_to_its_new_address() {
    let gateway =
        gateway(NhnSimSettings { webhook_url: Some("http://127.0.0.1:9/".into()), ..quick() }).await;
    send(&gateway, "84912340001").await;
    let door = Door::open(0).await;
    gateway.set_webhook(door.url());
    door.arrived_at_least(2).await;
    gateway.stop().await;
}

#[tokio::test]
async fn a_refused_recipient_is_refused_inside_a_successful_answer() {
    let (gateway, door) = gateway_with_door(0).await;
    let answer = send(&gateway, "84912340008").await;
    assert_eq!(answer["header"]["resultCode"], 0);
    assert_eq!(answer["body"]["data"]["sendResultList"][0]["resultCode"], -2019);
    assert_eq!(gateway.sent_to("84912340008")[0].answer, SmsAnswer::Refused(-2019));
    assert_eq!(gateway.receipts_pending(), 0);
    assert!(door.arrived().is_empty());
    gateway.stop().await;
}

#[tokio::test]
async fn a_lost_answer_leaves_the_message_accepted_and_a_lost_request_leaves_nothing() {
    let (gateway, door) = gateway_with_door(0).await;
    assert!(post(&gateway, &request_to("84912340021")).await.is_err(), "there is no answer");
    assert_eq!(gateway.accepted_to("84912340021").len(), 1);
    door.arrived_at_least(2).await;

    assert!(post(&gateway, &request_to("84912340028")).await.is_err(), "there is no answer");
    assert_eq!(gateway.accepted_to("84912340028").len(), 0);
    assert_eq!(gateway.sent_to("84912340028")[0].answer, SmsAnswer::Lost);
    send(&gateway, "84912340028").await;
    assert_eq!(gateway.accepted_to("84912340028").len(), 1);
    gateway.stop().await;
}

#[tokio::test]
async fn garbage_and_server_errors_are_what_they_say() {
    let gateway = gateway(quick()).await;
    let garbage = post(&gateway, &request_to("84912340022")).await.expect("the gateway answers");
    assert_eq!(garbage.status(), StatusCode::OK);
    assert!(garbage.text().await.expect("the page can be read").starts_with("<!doctype html>"));
    assert_eq!(gateway.accepted_to("84912340022").len(), 1);

    let refused = post(&gateway, &request_to("84912340020")).await.expect("the gateway answers");
    assert_eq!(refused.status(), StatusCode::INTERNAL_SERVER_ERROR);
    assert_eq!(gateway.accepted_to("84912340020").len(), 0);

    let accepted = post(&gateway, &request_to("84912340027")).await.expect("the gateway answers");
    assert_eq!(accepted.status(), StatusCode::INTERNAL_SERVER_ERROR);
    assert_eq!(gateway.accepted_to("84912340027").len(), 1);
    gateway.stop().await;
}

#[tokio::test]
async fn the_first_two_tries_are_too_many_requests() {
    let gateway = gateway(quick()).await;
    for _ in 0..2 {
        let answer = post(&gateway, &request_to("84912340023")).await.expect("the gateway answers");
        assert_eq!(answer.status(), StatusCode::TOO_MANY_REQUESTS);
        assert_eq!(answer.headers()["Retry-After"], "1");
    }
    send(&gateway, "84912340023").await;
    assert_eq!(gateway.sent_to("84912340023").len(), 3);
    assert_eq!(gateway.accepted_to("84912340023").len(), 1);
    gateway.stop().await;
}

#[tokio::test]
async fn credit_is_used_up_until_it_is_topped_up() {
    let gateway = gateway(quick()).await;
    let answer = send(&gateway, "84912340025").await;
    assert_eq!(answer["header"]["isSuccessful"], false);
    assert_eq!(answer["header"]["resultCode"], -2047);
    gateway.set_credit(Credit::ToppedUp);
    assert_eq!(send(&gateway, "84912340025").await["header"]["resultCode"], 0);
    gateway.stop().await;
}

#[tokio::test]
async fn a_receipt_can_arrive_before_the_answer() {
    let (gateway, door) = gateway_with_door(0).await;
    let answer = send(&gateway, "84912340026").await;
    let receipts = door.arrived();
    assert_eq!(receipts.len(), 2, "they were there before the answer was");
    assert_eq!(receipts[0].hook()["requestId"], answer["body"]["data"]["requestId"]);
    gateway.stop().await;
}

#[tokio::test]
async fn a_slow_answer_has_accepted_the_message_already() {
    let gateway = gateway(NhnSimSettings { slow_ms: 60_000, ..quick() }).await;
    let request = client()
        .post(send_url(&gateway))
        .header("X-Secret-Key", NhnSimSettings::default().secret_key)
        .json(&request_to("84912340024"));
    let caller = tokio::spawn(request.send());
    until("it is accepted", async || gateway.accepted_to("84912340024").len() == 1).await;
    assert!(!caller.is_finished(), "the answer takes a minute");
    caller.abort();
    gateway.stop().await;
}

#[tokio::test]
async fn the_newest_rule_wins_and_ends_after_its_times() {
    let gateway = gateway(quick()).await;
    gateway.behave_all(SmsBehaviour::HeaderCode(-1008));
    gateway.behave_times("84912340001", SmsBehaviour::RecipientCode(-2044), 1);
    let answer = send(&gateway, "84912340001").await;
    assert_eq!(answer["body"]["data"]["sendResultList"][0]["resultCode"], -2044);
    assert_eq!(send(&gateway, "84912340001").await["header"]["resultCode"], -1008);
    gateway.clear_rules();
    assert_eq!(send(&gateway, "84912340001").await["header"]["resultCode"], 0);
    gateway.stop().await;
}

#[tokio::test]
async fn rules_records_and_switches_are_there_over_http() {
    let gateway = gateway(quick()).await;
    let url = |path: &str| format!("{}/_sim/{path}", gateway.base_url());
    let rules = vec![Rule {
        target: Target::Suffix("777".to_owned()),
        behaviour: SmsBehaviour::HeaderCode(-2052),
        times: Some(1),
    }];
    let set = client().put(url("rules")).json(&rules).send().await.expect("the gateway answers");
    assert_eq!(set.status(), StatusCode::NO_CONTENT);
    assert_eq!(send(&gateway, "84912340777").await["header"]["resultCode"], -2052);
    assert_eq!(send(&gateway, "84912340777").await["header"]["resultCode"], 0);

    let records: Value = client()
        .get(url("messages?to=84912340777"))
        .send()
        .await
        .expect("the gateway answers")
        .json()
        .await
        .expect("records are JSON");
    assert_eq!(records.as_array().map(Vec::len), Some(2));
    assert_eq!(records[0]["answer"]["refused"], -2052);
    assert_eq!(records[1]["answer"], "accepted");
    assert_eq!(records[1]["behaviour"], "delivered");

    let unknown = json!([{ "match": { "suffix": "" }, "behaviour": "nonsense" }]);
    let refused = client().put(url("rules")).json(&unknown).send().await.expect("the gateway answers");
    assert!(refused.status().is_client_error());
    let credit =
        client().put(url("credit")).json(&json!({ "credit": "topped_up" })).send().await.expect("it answers");
    assert_eq!(credit.status(), StatusCode::NO_CONTENT);
    assert_eq!(send(&gateway, "84912340025").await["header"]["resultCode"], 0);
    gateway.stop().await;
}

#[tokio::test]
async fn a_receipt_can_be_said_out_of_turn() {
    let (gateway, door) = gateway_with_door(0).await;
    let answer = send(&gateway, "84912340003").await;
    let request_id = answer["body"]["data"]["requestId"].as_str().expect("there is a reference").to_owned();
    assert!(!gateway.say("no-such-request", 1, DlrStatus::Failed));
    assert!(gateway.say(&request_id, 1, DlrStatus::Rejected));
    let receipts = door.arrived_at_least(2).await;
    assert_eq!(receipts[0].word(), "REJECTED");
    assert_eq!(gateway.sent_to("84912340003")[0].progress.status, MessageStatus::Failed);
    gateway.stop().await;
}

#[tokio::test]
async fn receipts_can_be_turned_off_for_benches() {
    let (gateway, door) = gateway_with_door(0).await;
    gateway.set_receipts(ReceiptSwitch::Off);
    for _ in 0..20 {
        send(&gateway, "84912340001").await;
    }
    assert_eq!(gateway.receipts_pending(), 0);
    assert!(door.arrived().is_empty());
    gateway.stop().await;
}

#[tokio::test]
async fn memory_keeps_the_newest_messages_only() {
    let gateway = gateway(NhnSimSettings { messages_max: 3, ..quick() }).await;
    for digits in ["84912340011", "84912340012", "84912341001", "84912341002", "84912341003"] {
        send(&gateway, digits).await;
    }
    let kept: Vec<String> = gateway.sent().into_iter().map(|message| message.to).collect();
    assert_eq!(kept, ["84912341001", "84912341002", "84912341003"]);
    assert!(gateway.sent_to("84912340011").is_empty());
    gateway.stop().await;
}

#[tokio::test]
async fn debug_output_shows_neither_number_nor_text() {
    let gateway = gateway(quick()).await;
    send(&gateway, "84912340001").await;
    let shown = format!("{:?} {:?}", gateway.sent(), Target::Exact("84912340001".to_owned()));
    let record = shown.replace("ref-84912340001", "").replace("sender-84912340001", "");
    assert!(!record.contains("84912340001") && !record.contains("inquiry"), "{record}");
    gateway.stop().await;
}
