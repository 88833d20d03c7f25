//! What NHN's list says of an attempt whose answer was lost.

use closure_contract::{Evidence, FailureCode, ReceiptStatus, Timestamp, job::Scope};
use closure_providers::{LookUp, LookUpQuery, SendFailure, SmsGateway};
use time::macros::datetime;

use crate::{
    nhn_send::nhn,
    support::{
        client_ref,
        http::{HttpServer, answer},
    },
};

async fn look_up(server: &HttpServer, scope: Scope) -> Result<LookUp, SendFailure> {
    let query = LookUpQuery { client_ref: client_ref(), scope, since: since(), message: None };
    SmsGateway::Nhn(nhn(server.base_url())).look_up(&query).await
}

fn since() -> Timestamp {
    Timestamp(datetime!(2026-07-01 20:00:00 UTC))
}

fn row(key: &str, country_code: &str, msg_status: &str) -> String {
    format!(
        r#"{{"requestId":"20180810100630ReZQ6KZzAH0","requestDate":"2026-07-02 05:00:00.0","body":"text",
        "sendNo":"0234518120","countryCode":"{country_code}","recipientNo":"912345678","msgStatus":"{msg_status}",
        "resultCode":"1000","recipientSeq":3,"recipientGroupingKey":"{key}"}}"#
    )
}

fn list(total: usize, rows: &str) -> String {
    format!(
        r#"{{"header":{{"isSuccessful":true,"resultCode":0,"resultMessage":"SUCCESS"}},
        "body":{{"pageNum":1,"pageSize":20,"totalCount":{total},"data":[{rows}]}}}}"#
    )
}

#[tokio::test]
async fn a_text_that_found_nobody_in_its_time_is_found_as_expired() {
    let rows = row(&client_ref().to_string(), "84", "0").replace(r#""1000""#, r#""2000""#);
    let server = HttpServer::start(vec![answer(200, list(1, &rows))]).await;
    let found = look_up(&server, Scope::Overseas).await;
    assert!(matches!(found, Ok(LookUp::Found { status: ReceiptStatus::Expired, .. })), "{found:?}");
}

#[tokio::test]
async fn an_attempt_is_found_by_its_key_with_what_became_of_it() {
    use Evidence::{Carrier, Gateway, Handset, None};
    use ReceiptStatus::{Delivered, InTransit, Undelivered};
    for (country_code, msg_status, status, evidence) in [
        ("84", "0", Undelivered, None),
        ("84", "1", InTransit, Gateway),
        ("84", "2", InTransit, Gateway),
        ("84", "3", InTransit, Carrier),
        ("82", "3", Delivered, Handset),
        ("84", "4", Undelivered, None),
        ("84", "5", Undelivered, None),
        ("84", "6", Undelivered, None),
        ("84", "7", InTransit, Gateway),
        ("84", "8", InTransit, Gateway),
    ] {
        let rows = row(&client_ref().to_string(), country_code, msg_status);
        let server = HttpServer::start(vec![answer(200, list(1, &rows))]).await;
        let found = look_up(&server, Scope::Overseas).await;
        let expected = LookUp::Found {
            provider_ref: "20180810100630ReZQ6KZzAH0:3".to_owned(),
            status,
            evidence,
            provider_code: Some("1000".to_owned()),
            failure_code: Option::None,
            reported_sender: Some("0234518120".to_owned()),
        };
        assert_eq!(found, Ok(expected), "{country_code} {msg_status}");
    }
}

#[tokio::test]
async fn the_list_is_asked_for_the_key_within_a_window_in_korean_time() {
    let server = HttpServer::start(vec![answer(200, list(0, ""))]).await;
    let found = look_up(&server, Scope::Overseas).await;
    assert_eq!(found, Ok(LookUp::NotFound));
    let seen = server.seen();
    assert_eq!(seen.len(), 1);
    assert_eq!(
        seen[0].line,
        "GET /sms/v3.0/appKeys/app-key-1/sender/sms?startRequestDate=2026-07-02+04%3A50%3A00\
         &endRequestDate=2026-07-03+05%3A00%3A00&recipientGroupingKey=6f2b1a4e-8f54-5f0e-9d0a-111111111111\
         &pageNum=1&pageSize=20 HTTP/1.1"
    );
}

#[tokio::test]
async fn a_domestic_attempt_is_looked_for_among_sms_and_lms() {
    let lms = row(&client_ref().to_string(), "82", "3");
    let server = HttpServer::start(vec![answer(200, list(0, "")), answer(200, list(1, &lms))]).await;
    let found = look_up(&server, Scope::Domestic).await;
    assert!(matches!(found, Ok(LookUp::Found { status: ReceiptStatus::Delivered, .. })), "{found:?}");
    let seen = server.seen();
    assert!(seen[0].line.contains("/sender/sms?") && seen[1].line.contains("/sender/mms?"));
}

#[tokio::test]
async fn another_attempts_row_is_never_taken_for_ours() {
    let other = row("6f2b1a4e-8f54-5f0e-9d0a-222222222222", "84", "3");
    let ours = row(&client_ref().to_string(), "84", "2");
    let server = HttpServer::start(vec![answer(200, list(1, &other))]).await;
    let found = look_up(&server, Scope::Overseas).await;
    assert_eq!(found.expect_err("the filter was ignored").code, FailureCode::AnswerUnreadable);

    let server = HttpServer::start(vec![answer(200, list(2, &format!("{other},{ours}")))]).await;
    let found = look_up(&server, Scope::Overseas).await;
    assert!(matches!(found, Ok(LookUp::Found { status: ReceiptStatus::InTransit, .. })), "{found:?}");
}

#[tokio::test]
async fn a_list_that_cannot_be_read_proves_nothing() {
    let failed = r#"{"header":{"isSuccessful":false,"resultCode":-4000,"resultMessage":"no"}}"#;
    for (status, body, expected) in [
        (200, "{}".to_owned(), "answer_unreadable"),
        (200, "<html>".to_owned(), "answer_unreadable"),
        (200, list(5, ""), "answer_unreadable"),
        (200, list(0, "").replace("\"data\":[]", "\"data\":{}"), "answer_unreadable"),
        (200, failed.to_owned(), "request_refused"),
        (500, list(0, ""), "answer_lost"),
        (401, String::new(), "provider_auth"),
    ] {
        let server = HttpServer::start(vec![answer(status, &body)]).await;
        let found = look_up(&server, Scope::Overseas).await;
        assert_eq!(found.expect_err("no proof").code.as_str(), expected, "{body}");
    }
}
