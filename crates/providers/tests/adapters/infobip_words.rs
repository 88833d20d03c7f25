//! What Infobip says of a message besides a status that is known: groups, errors, and what stands for the message's id.

use closure_contract::{Evidence, FailureCode, Receipt, ReceiptStatus, Timestamp, job::Scope};
use closure_providers::{LookUp, LookUpQuery, Sender, SmsGateway};
use serde_json::{Value, json};
use time::macros::datetime;

use crate::{
    infobip::{infobip, report},
    support::{
        client_ref,
        gateways::message,
        http::{HttpServer, answer},
    },
};

/// A report as Infobip's document shows it, with another status and error.
fn result(status: &Value, error: &Value) -> Value {
    json!({
        "bulkId": "2034072219640523072", "messageId": client_ref(), "to": "84912345678", "sender": "KRIDE",
        "sentAt": "2026-07-01T20:00:00.000+0900", "doneAt": "2026-07-01T20:00:05.250+0900", "messageCount": 1,
        "price": { "pricePerMessage": 0.01, "currency": "EUR" }, "mccMnc": "45201", "callbackData": client_ref(),
        "status": status, "error": error,
    })
}

/// What such a report is read as, by the door.
fn read(result: &Value) -> Receipt {
    let mut opened = report(&json!({ "results": [result] }).to_string()).expect("authentic and readable");
    assert_eq!((opened.receipts.len(), opened.unreadable), (1, 0), "{result}");
    opened.receipts.remove(0)
}

fn status(group: (u8, &str), id: Option<u16>) -> Value {
    let mut status = json!({ "groupId": group.0, "groupName": group.1, "name": "NAME" });
    if let Some(id) = id {
        status["id"] = json!(id);
    }
    status
}

fn error(id: u16) -> Value {
    json!({ "groupId": 1, "groupName": "HANDSET_ERRORS", "id": id, "name": "EC_NAME", "permanent": true })
}

const REFUSED_BY_OPERATOR: ((u8, &str), Option<u16>) = ((2, "UNDELIVERABLE"), Some(4));
const OUT_OF_TIME: ((u8, &str), Option<u16>) = ((4, "EXPIRED"), Some(15));

#[test]
fn the_error_beside_a_bad_status_says_whose_fault_it_is() {
    use FailureCode::{
        ContentRejected, NotDelivered, ProviderFault, ProviderQuota, ReceiptExpired, RecipientRejected,
        SenderRejected,
    };
    for ((group, id), error_id, expected) in [
        // Spam, an opt-out, a sender, and the networks.
        (REFUSED_BY_OPERATOR, 607, ContentRejected),
        (REFUSED_BY_OPERATOR, 2050, RecipientRejected),
        (REFUSED_BY_OPERATOR, 375, SenderRejected),
        (REFUSED_BY_OPERATOR, 631, ProviderFault),
        (REFUSED_BY_OPERATOR, 542, ProviderQuota),
        (REFUSED_BY_OPERATOR, 1, RecipientRejected),
        // The handset was away: nobody's fault but the recipient's.
        (REFUSED_BY_OPERATOR, 27, NotDelivered),
        // An error that says no more than that it did not arrive leaves the status its own cause.
        (OUT_OF_TIME, 27, ReceiptExpired),
        (OUT_OF_TIME, 1, RecipientRejected),
        (((5, "REJECTED"), Some(11)), 0, SenderRejected),
        (REFUSED_BY_OPERATOR, 60_000, NotDelivered),
    ] {
        let receipt = read(&result(&status(group, id), &error(error_id)));
        assert_eq!(receipt.failure_code, Some(expected), "{group:?} {error_id}");
        let code = match error_id {
            0 => "11".to_owned(),
            error_id => format!("{}-{error_id}", id.expect("a number")),
        };
        assert_eq!(receipt.provider_code, Some(code));
    }
    let arrived = read(&result(&status((3, "DELIVERED"), Some(5)), &error(607)));
    assert_eq!((arrived.status, arrived.failure_code), (ReceiptStatus::Delivered, None), "it arrived");
}

#[test]
fn a_status_of_a_later_release_or_without_a_number_is_read_by_its_group() {
    for (group, expected, evidence) in [
        ((1, "PENDING"), ReceiptStatus::InTransit, Evidence::Gateway),
        ((2, "UNDELIVERABLE"), ReceiptStatus::Undelivered, Evidence::None),
        // With the operator at least, and not the last word.
        ((3, "DELIVERED"), ReceiptStatus::InTransit, Evidence::Carrier),
        ((4, "EXPIRED"), ReceiptStatus::Expired, Evidence::None),
        ((5, "REJECTED"), ReceiptStatus::Undelivered, Evidence::None),
    ] {
        for id in [Some(4711), None] {
            let receipt = read(&result(&status(group, id), &error(0)));
            assert_eq!((receipt.status, receipt.evidence), (expected, evidence), "{group:?} {id:?}");
            let code = id.map_or_else(|| group.1.to_owned(), |id| id.to_string());
            assert_eq!(receipt.provider_code, Some(code));
        }
        for named in [json!({ "groupId": group.0 }), json!({ "groupName": group.1 })] {
            assert_eq!(read(&result(&named, &Value::Null)).status, expected, "{named}");
        }
    }
    let nameless = json!({ "results": [result(&json!({ "name": "NAME" }), &Value::Null)] }).to_string();
    let opened = report(&nameless).expect("authentic");
    assert_eq!((opened.receipts.len(), opened.unreadable), (0, 1), "it says nothing of the message");
}

#[test]
fn a_report_that_names_our_message_by_its_callback_data_alone_is_read() {
    let mut result = result(&status((3, "DELIVERED"), Some(5)), &error(0));
    result.as_object_mut().expect("an object").remove("messageId");
    let receipt = read(&result);
    assert_eq!((receipt.status, receipt.client_ref), (ReceiptStatus::Delivered, Some(client_ref())));
    assert_eq!(receipt.provider_ref, Some(client_ref().to_string()), "which is its id at the gateway too");
    result["messageId"] = json!("");
    assert_eq!(read(&result), receipt, "an empty id is none");
    result["callbackData"] = json!("another system's");
    let opened = report(&json!({ "results": [result] }).to_string()).expect("authentic");
    assert_eq!((opened.receipts.len(), opened.unreadable), (0, 1));
}

#[test]
fn an_odd_cursor_costs_no_report_of_a_batch() {
    let result = result(&status((3, "DELIVERED"), Some(5)), &error(0));
    for cursor in [json!(7), json!("a"), json!({ "nextCursor": 7 }), json!([]), Value::Null] {
        let opened = report(&json!({ "results": [result], "cursor": cursor }).to_string());
        assert_eq!(opened.map(|opened| opened.receipts.len()), Ok(1), "{cursor}");
    }
}

#[tokio::test]
async fn the_answer_to_a_request_and_the_logs_are_read_by_group_and_error_too() {
    let refused = status((5, "REJECTED"), Some(201));
    let id = client_ref();
    let sent = json!({ "messages": [{ "messageId": id, "status": refused }] }).to_string();
    let taken =
        json!({ "messages": [{ "messageId": id, "status": status((1, "PENDING"), None) }] }).to_string();
    let row = json!({ "messageId": id, "status": refused, "error": error(607), "sender": "KRIDE" });
    let logs = json!({ "results": [{ "sender": "nameless", "status": refused }, row] }).to_string();
    let server = HttpServer::start(vec![answer(200, sent), answer(200, taken), answer(200, logs)]).await;
    let gateway = infobip(server.base_url());
    let failure = gateway.send(&message()).await.expect_err("refused");
    assert_eq!((failure.code, failure.provider_code.as_deref()), (FailureCode::NotDelivered, Some("201")));
    assert!(gateway.send(&message()).await.is_ok(), "it is on its way");
    let since = Timestamp(datetime!(2026-07-01 20:00:00 UTC));
    let query = LookUpQuery { client_ref: id, scope: Scope::Overseas, since, message: None };
    let found = SmsGateway::Infobip(gateway).look_up(&query).await;
    let expected = LookUp::Found {
        provider_ref: id.to_string(),
        status: ReceiptStatus::Undelivered,
        evidence: Evidence::None,
        provider_code: Some("201-607".to_owned()),
        failure_code: Some(FailureCode::ContentRejected),
        reported_sender: Some("KRIDE".to_owned()),
    };
    assert_eq!(found, Ok(expected));
}
