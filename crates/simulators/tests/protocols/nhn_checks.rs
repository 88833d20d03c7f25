//! What the SMS gateway refuses, with which documented code.

use closure_simulators::{NhnSimSettings, SmsAnswer};
use serde_json::{Value, json};

use crate::{
    nhn::{SENDER, gateway, gateway_with_door, post, quick, request_to, send, send_url},
    support::{client, until},
};

async fn code_of(gateway: &closure_simulators::NhnSimulator, body: &Value) -> (i64, i64) {
    let answer = post(gateway, body).await.expect("the gateway answers");
    let json: Value = answer.json().await.expect("the answer is JSON");
    let header = json["header"]["resultCode"].as_i64().expect("every header has a code");
    assert_eq!(json["header"]["isSuccessful"], header == 0);
    let recipient = json["body"]["data"]["sendResultList"][0]["resultCode"].as_i64();
    (header, recipient.unwrap_or_default())
}

fn with(field: &str, value: Value) -> Value {
    let mut body = request_to("84912340001");
    body[field] = value;
    body
}

#[tokio::test]
async fn each_defect_of_a_request_gets_its_documented_code() {
    let gateway = gateway(quick()).await;
    let recipients =
        |count: usize| Value::Array(vec![json!({ "internationalRecipientNo": "84912340001" }); count]);
    let recipient = |value: Value| json!([value]);
    let table = [
        ("an unknown template", with("templateId", json!("T1")), (-2110, 0)),
        ("no recipients", with("recipientList", json!([])), (-2001, 0)),
        ("null recipients", with("recipientList", Value::Null), (-2001, 0)),
        ("1001 recipients", with("recipientList", recipients(1_001)), (-2016, 0)),
        ("no text", with("body", Value::Null), (-2014, 0)),
        ("an empty text", with("body", json!("")), (-2014, 0)),
        ("an emoji", with("body", json!("thank you 😀")), (-2023, 0)),
        ("a control character", with("body", json!("thank\u{7}you")), (-2023, 0)),
        ("a text of too many septets for overseas", with("body", json!("a".repeat(766))), (-2048, 0)),
        ("a text of too many UCS-2 characters", with("body", json!("가".repeat(336))), (-2048, 0)),
        ("no sender", with("sendNo", Value::Null), (-2312, 0)),
        ("an unregistered sender", with("sendNo", json!("0212345678")), (-2312, 0)),
        ("a long reference", with("senderGroupingKey", json!("k".repeat(101))), (4, 0)),
        ("a number in place of a text", with("body", json!(5)), (-9997, 0)),
        ("no number", with("recipientList", recipient(json!({}))), (0, -2018)),
        (
            "a plus",
            with("recipientList", recipient(json!({"internationalRecipientNo": "+84912340001"}))),
            (0, -2019),
        ),
        (
            "few digits",
            with("recipientList", recipient(json!({"internationalRecipientNo": "84912"}))),
            (0, -2019),
        ),
        (
            "a country that begins with 0",
            with("recipientList", recipient(json!({"recipientNo": "912340001", "countryCode": "084"}))),
            (0, -2044),
        ),
    ];
    for (defect, body, expected) in table {
        assert_eq!(code_of(&gateway, &body).await, expected, "{defect}");
    }
    assert!(gateway.sent().iter().all(|message| !message.was_accepted()));
    gateway.stop().await;
}

#[tokio::test]
async fn the_largest_allowed_request_is_accepted() {
    let gateway = gateway(quick()).await;
    let list: Vec<Value> =
        (0..1_000).map(|index| json!({ "internationalRecipientNo": format!("8491235{index:04}") })).collect();
    let mut body = with("body", json!("a".repeat(765)));
    body["recipientList"] = Value::Array(list);
    // Some suffixes choose an answer of their own, so the first thousand numbers are treated alike.
    gateway.behave_all(closure_simulators::SmsBehaviour::NeverReceipt);
    assert_eq!(code_of(&gateway, &body).await, (0, 0));
    assert_eq!(gateway.sent().len(), 1_000);
    gateway.stop().await;
}

#[tokio::test]
async fn wrong_keys_and_wrong_content_types_are_refused() {
    let gateway = gateway(quick()).await;
    let secret = NhnSimSettings::default().secret_key;
    let body = request_to("84912340001").to_string();
    let other_app = send_url(&gateway).replace(&NhnSimSettings::default().app_key, "other");
    let json_type = "application/json;charset=UTF-8";
    let table = [
        (send_url(&gateway), "wrong", json_type, -1000),
        (other_app, secret.as_str(), json_type, -1000),
        (send_url(&gateway), secret.as_str(), "text/plain", -9996),
        (send_url(&gateway), secret.as_str(), json_type, 0),
        (format!("{}/nowhere", gateway.base_url()), secret.as_str(), json_type, -9998),
    ];
    for (url, secret, content_type, expected) in table {
        let request = client().post(url).header("X-Secret-Key", secret).header("Content-Type", content_type);
        let answer = request.body(body.clone()).send().await.expect("the gateway answers");
        let json: Value = answer.json().await.expect("the answer is JSON");
        assert_eq!(json["header"]["resultCode"], expected);
    }
    assert_eq!(gateway.accepted_to("84912340001").len(), 1);
    gateway.stop().await;
}

#[tokio::test]
async fn a_refused_request_is_on_record_and_uses_up_no_rule() {
    let gateway = gateway(quick()).await;
    gateway.behave_times("84912340001", closure_simulators::SmsBehaviour::HeaderCode(-2052), 1);
    post(&gateway, &with("sendNo", json!("1"))).await.expect("the gateway answers");
    assert_eq!(gateway.sent_to("84912340001")[0].answer, SmsAnswer::Refused(-2312));
    assert_eq!(send(&gateway, "84912340001").await["header"]["resultCode"], -2052);
    gateway.stop().await;
}

#[tokio::test]
async fn a_number_in_two_parts_means_the_same_recipient() {
    let gateway = gateway(quick()).await;
    let mut body = request_to("84912340001");
    // The documents: the whole number is ignored where the national one is given.
    body["recipientList"] = json!([{
        "recipientNo": "912349999", "countryCode": "84", "internationalRecipientNo": "84912340001"
    }]);
    assert_eq!(code_of(&gateway, &body).await, (0, 0));
    assert_eq!(gateway.accepted_to("84912349999").len(), 1);
    gateway.stop().await;
}

#[tokio::test]
async fn a_domestic_message_has_a_result_but_no_receipt_of_a_carrier() {
    let (gateway, door) = gateway_with_door(0).await;
    let body = json!({
        "body": "안내 드립니다.", "sendNo": SENDER, "recipientList": [{ "recipientNo": "01012340001" }],
    });
    assert_eq!(code_of(&gateway, &body).await, (0, 0));
    until("its receipt was taken", async || gateway.receipts_pending() == 0).await;
    let words: Vec<String> = door.arrived().iter().map(|receipt| receipt.word()).collect();
    assert_eq!(words, ["COMPLETED/1000"]);
    assert_eq!(gateway.accepted_to("821012340001").len(), 1);

    let long = json!({
        "body": "a".repeat(256), "sendNo": SENDER, "recipientList": [{ "recipientNo": "01012340001" }],
    });
    assert_eq!(code_of(&gateway, &long).await.0, -2015);
    gateway.stop().await;
}

#[tokio::test]
async fn long_messages_need_a_title_and_stay_at_home() {
    let gateway = gateway(quick()).await;
    let url = send_url(&gateway).replace("/sender/sms", "/sender/mms");
    let table = [
        (json!({ "recipientNo": "01012340001" }), Some("제목"), 0),
        (json!({ "recipientNo": "01012340001" }), None, -2014),
        (json!({ "internationalRecipientNo": "84912340001" }), Some("Title"), -2024),
    ];
    for (recipient, title, expected) in table {
        let body = json!({ "title": title, "body": "a".repeat(1_000), "sendNo": SENDER, "recipientList": [recipient] });
        let request = client().post(&url).header("X-Secret-Key", NhnSimSettings::default().secret_key);
        let answer = request.json(&body).send().await.expect("the gateway answers");
        let json: Value = answer.json().await.expect("the answer is JSON");
        assert_eq!(json["header"]["resultCode"], expected);
    }
    gateway.stop().await;
}
