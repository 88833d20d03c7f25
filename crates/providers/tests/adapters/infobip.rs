//! What Infobip may answer, what its logs and reports say, and what never counts as success.

use closure_contract::{Evidence, FailureCode, Provider, ReceiptStatus, Timestamp, job::Scope};
use closure_providers::{
    DoorError, DoorRequest, InfobipReceipts, InfobipSettings, InfobipSms, LookUp, LookUpQuery, Opened,
    ReceiptDoor, SendFailure, Sender, SmsGateway,
};
use time::macros::datetime;

use crate::support::{
    client_ref,
    gateways::{http, message},
    http::{Answer, HttpServer, answer, answer_with},
};

pub(crate) const OK: &str = include_str!("../recorded/infobip_send_ok.json");
pub(crate) const LOGS: &str = include_str!("../recorded/infobip_logs.json");
pub(crate) const REPORTS: &str = include_str!("../recorded/infobip_reports.json");
const STATUSES: &str = include_str!("../recorded/infobip_statuses.txt");

pub(crate) fn settings(base_url: String) -> InfobipSettings {
    InfobipSettings {
        http: http(base_url),
        api_key: "api-key-1".to_owned(),
        receipt_url: Some("https://intake.example.com/receipts/infobip".to_owned()),
        validity_minutes: 1_440,
    }
}

pub(crate) fn infobip(base_url: String) -> InfobipSms {
    InfobipSms::new(settings(base_url)).expect("good settings")
}

async fn send_to(script: Answer) -> (Result<closure_providers::Accepted, SendFailure>, HttpServer) {
    let server = HttpServer::start(vec![script]).await;
    let result = infobip(server.base_url()).send(&message()).await;
    (result, server)
}

/// The rows of the recorded table: a status, and what it is in the answer to a request.
fn statuses() -> impl Iterator<Item = (&'static str, &'static str)> {
    STATUSES
        .lines()
        .filter(|line| !line.starts_with('#'))
        .map(|line| line.split_once(' ').expect("two words"))
}

#[tokio::test]
async fn a_message_goes_out_as_documented_under_our_own_id() {
    let (result, server) = send_to(answer(200, OK)).await;
    let id = client_ref().to_string();
    assert_eq!(result.expect("accepted").provider_ref, Some(id.clone()));
    let seen = server.seen();
    assert_eq!(seen.len(), 1);
    assert_eq!(seen[0].line, "POST /sms/3/messages HTTP/1.1");
    assert!(seen[0].head.to_lowercase().contains("authorization: app api-key-1"), "{}", seen[0].head);
    let body: serde_json::Value = serde_json::from_str(&seen[0].body).expect("JSON");
    let expected = serde_json::json!({ "messages": [{
        "sender": "82234518120",
        "destinations": [{ "to": "84912345678", "messageId": id }],
        "content": { "text": "Xin chào" },
        "options": { "validityPeriod": { "amount": 1440, "timeUnit": "MINUTES" } },
        "webhooks": {
            "delivery": { "url": "https://intake.example.com/receipts/infobip" },
            "contentType": "application/json",
            "callbackData": id,
        },
    }]});
    assert_eq!(body, expected);
}

#[tokio::test]
async fn every_documented_status_of_an_answer_ends_as_written_down_for_it() {
    let with = |id: &str| OK.replacen("\"id\":26", &format!("\"id\":{id}"), 1);
    let rows: Vec<_> = statuses().collect();
    assert_eq!(rows.len(), 33, "the page has 33 general statuses, one of them in two groups");
    let server = HttpServer::start(rows.iter().map(|(id, _)| answer(200, with(id))).collect()).await;
    let infobip = infobip(server.base_url());
    for (id, expected) in rows {
        let said = match infobip.send(&message()).await {
            Ok(_) => "taken".to_owned(),
            Err(failure) => failure.code.to_string(),
        };
        assert_eq!(said, expected, "{id}");
    }
}

#[tokio::test]
async fn a_2xx_that_is_not_the_documented_success_is_in_doubt() {
    let replaced = |from: &str, to: &str| {
        assert!(OK.contains(from), "{from}");
        OK.replacen(from, to, 1)
    };
    for body in [
        String::new(),
        "OK".to_owned(),
        "<html><body>maintenance</body></html>".to_owned(),
        "null".to_owned(),
        "[]".to_owned(),
        "{}".to_owned(),
        r#"{"messages":[]}"#.to_owned(),
        r#"{"requestError":{"serviceException":{"messageId":"UNAUTHORIZED","text":"no"}}}"#.to_owned(),
        r#"{"errorCode":"E400","description":"no"}"#.to_owned(),
        [OK, OK].concat(),
        "[".repeat(50_000),
        replaced("\"id\":26", "\"id\":\"26\""),
        replaced(
            r#""groupId":1,"groupName":"PENDING","id":26"#,
            r#""groupId":9,"groupName":"NEW","id":4711"#,
        ),
        replaced(r#""groupId":1,"groupName":"PENDING","id":26,"#, ""),
        replaced("\"messageId\":\"6f2b1a4e-8f54-5f0e-9d0a-111111111111\",", ""),
        replaced("9d0a-111111111111", "9d0a-222222222222"),
        replaced("\"messages\":[{", "\"messages\":[{\"messageId\":\"x\",\"status\":{\"id\":26}},{"),
    ] {
        let (result, _server) = send_to(answer(200, &body)).await;
        let failure = result.expect_err(&body[..body.len().min(200)]);
        assert_eq!(failure.code, FailureCode::AnswerUnreadable, "{}", &body[..body.len().min(200)]);
    }
}

#[tokio::test]
async fn a_status_other_than_2xx_is_a_refusal_in_the_400s_and_in_doubt_elsewhere() {
    let violation = |property: &str| {
        format!(
            r#"{{"errorCode":"E400","description":"Request cannot be processed.","action":"Check.","violations":[{{"property":"{property}","violation":"is wrong"}}],"resources":[]}}"#
        )
    };
    for (status, body, expected) in [
        (302, OK.to_owned(), "answer_unreadable"),
        (400, violation("messages[0].destinations[0].to"), "recipient_rejected"),
        (400, violation("messages[0].content.text"), "content_rejected"),
        (400, violation("messages[0].sender"), "sender_rejected"),
        (400, violation("messages[0].options.validityPeriod"), "request_refused"),
        (400, OK.to_owned(), "request_refused"),
        (401, OK.to_owned(), "provider_auth"),
        (403, OK.to_owned(), "provider_auth"),
        (408, OK.to_owned(), "answer_lost"),
        (429, OK.to_owned(), "provider_throttled"),
        (500, OK.to_owned(), "answer_lost"),
        (503, OK.to_owned(), "answer_lost"),
    ] {
        let (result, server) = send_to(answer_with(status, "Retry-After: 7\r\n", &body)).await;
        let failure = result.expect_err("no success");
        assert_eq!(
            (failure.code.as_str(), failure.retry_after_ms),
            (expected, Some(7_000)),
            "{status} {body}"
        );
        assert_eq!(server.seen().len(), 1, "{status}");
    }
}

async fn look_up(body: &str) -> (Result<LookUp, SendFailure>, HttpServer) {
    let server = HttpServer::start(vec![answer(200, body)]).await;
    let since = Timestamp(datetime!(2026-07-01 20:00:00 UTC));
    let query = LookUpQuery { client_ref: client_ref(), scope: Scope::Overseas, since, message: None };
    let found = SmsGateway::Infobip(infobip(server.base_url())).look_up(&query).await;
    (found, server)
}

#[tokio::test]
async fn an_attempt_is_found_in_the_logs_by_our_id() {
    let (found, server) = look_up(LOGS).await;
    let expected = LookUp::Found {
        provider_ref: client_ref().to_string(),
        status: ReceiptStatus::Delivered,
        evidence: Evidence::Handset,
        provider_code: Some("5".to_owned()),
        failure_code: None,
        reported_sender: Some("KRIDE".to_owned()),
    };
    assert_eq!(found, Ok(expected));
    let line = format!("GET /sms/3/logs?messageId={}&limit=20 HTTP/1.1", client_ref());
    assert_eq!(server.seen()[0].line, line);
    assert_eq!(look_up(r#"{"results":[]}"#).await.0, Ok(LookUp::NotFound));
}

#[tokio::test]
async fn another_messages_row_is_never_taken_for_ours_and_a_refused_repeat_says_nothing() {
    let other = LOGS.replace("9d0a-111111111111", "9d0a-222222222222");
    let failure = look_up(&other).await.0.expect_err("the filter was ignored");
    assert_eq!(failure.code, FailureCode::AnswerUnreadable);
    let row = LOGS.trim().trim_start_matches(r#"{"results":["#).trim_end_matches("]}");
    let repeat = row.replace("\"id\":5", "\"id\":23");
    let (found, _server) = look_up(&format!(r#"{{"results":[{repeat},{row}]}}"#)).await;
    assert!(matches!(found, Ok(LookUp::Found { status: ReceiptStatus::Delivered, .. })), "{found:?}");
    let (found, _server) = look_up(&format!(r#"{{"results":[{repeat}]}}"#)).await;
    assert!(matches!(found, Ok(LookUp::Found { status: ReceiptStatus::InTransit, .. })), "{found:?}");
}

const CREDENTIALS: [&str; 2] = ["closure:secret-one", "closure:secret-two"];

fn open(authorization: Option<&str>, body: &[u8]) -> Result<Opened, DoorError> {
    let credentials = CREDENTIALS.map(str::to_owned);
    let door = ReceiptDoor::Infobip(InfobipReceipts::new(&credentials).expect("good credentials"));
    let header = |name: &str| authorization.filter(|_| name == "authorization").map(str::as_bytes);
    let request = DoorRequest { header: &header, path_and_query: "/receipts/infobip", raw_body: body };
    door.open(&request, Timestamp(datetime!(2026-07-01 12:00:00 UTC)))
}

/// `closure:secret-one` and `closure:secret-two`, encoded as RFC 7617 says.
const ONE: &str = "Basic Y2xvc3VyZTpzZWNyZXQtb25l";
const TWO: &str = "Basic Y2xvc3VyZTpzZWNyZXQtdHdv";

#[test]
fn a_door_opens_to_either_live_secret_and_to_nothing_else() {
    // The scheme of RFC 7617 is read in any case.
    let cases = ["basic", "BASIC", "bAsIc "].map(|scheme| ONE.replace("Basic", scheme));
    for good in [ONE, TWO].into_iter().chain(cases.iter().map(String::as_str)) {
        assert_eq!(open(Some(good), REPORTS.as_bytes()).map(|opened| opened.receipts.len()), Ok(1));
    }
    let bad = [
        None,
        Some(""),
        Some("Basic "),
        Some("Basic !"),
        Some(&ONE[6..]),
        Some("Bearer secret-one"),
        Some(&ONE[..ONE.len() - 4]),
    ];
    for bad in bad {
        assert_eq!(open(bad, REPORTS.as_bytes()), Err(DoorError::Forged), "{bad:?}");
    }
    assert!(InfobipReceipts::new(&["no-colon-here".to_owned()]).is_err());
}

/// A body as the door reads it.
pub(crate) fn report(body: &str) -> Result<Opened, DoorError> {
    open(Some(ONE), body.as_bytes())
}

#[test]
fn a_report_is_read_with_its_time_and_our_reference() {
    let opened = open(Some(ONE), REPORTS.as_bytes()).expect("authentic and readable");
    let receipt = &opened.receipts[0];
    assert_eq!((receipt.provider, receipt.client_ref), (Provider::Infobip, Some(client_ref())));
    assert_eq!(receipt.provider_ref, Some(client_ref().to_string()));
    assert_eq!((receipt.status, receipt.evidence), (ReceiptStatus::Delivered, Evidence::Handset));
    assert_eq!(receipt.occurred_at, Some(Timestamp(datetime!(2026-07-01 11:00:05.25 UTC))));
    let again = open(Some(ONE), REPORTS.as_bytes()).expect("authentic and readable");
    assert_eq!(again.receipts[0].receipt_id, receipt.receipt_id, "the same statement has the same id");
}

#[test]
fn every_documented_status_of_a_report_is_read_and_only_delivered_to_handset_is_delivery() {
    for (id, at_send) in statuses() {
        let body = REPORTS.replacen("\"id\":5", &format!("\"id\":{id}"), 1);
        let status = open(Some(ONE), body.as_bytes()).expect("readable").receipts[0].status;
        let expected = match (id, at_send) {
            ("5", _) => ReceiptStatus::Delivered,
            ("15", _) => ReceiptStatus::Expired,
            ("29", _) => ReceiptStatus::Unknown,
            (_, "taken") => ReceiptStatus::InTransit,
            _ => ReceiptStatus::Undelivered,
        };
        assert_eq!(status, expected, "{id}");
    }
    let newer =
        REPORTS.replacen(r#""groupId":3,"groupName":"DELIVERED","id":5"#, r#""groupId":9,"id":4711"#, 1);
    let status = open(Some(ONE), newer.as_bytes()).expect("readable").receipts[0].status;
    assert_eq!(status, ReceiptStatus::InTransit, "a status of a later release decides nothing");
}

#[test]
fn one_bad_element_of_a_hundred_does_not_lose_the_others() {
    let row = REPORTS.trim().trim_start_matches(r#"{"results":["#).trim_end_matches("]}").to_owned();
    let mut rows = vec![row; 99];
    rows.insert(42, r#"{"messageId":7,"status":"no"}"#.to_owned());
    let opened = open(Some(ONE), format!(r#"{{"results":[{}]}}"#, rows.join(",")).as_bytes());
    let opened = opened.expect("authentic and readable");
    assert_eq!((opened.receipts.len(), opened.unreadable), (99, 1));
    for body in ["", "[]", "{}", "<html>", r#"{"results":{}}"#] {
        assert!(matches!(open(Some(ONE), body.as_bytes()), Err(DoorError::Unreadable(_))), "{body}");
    }
}
