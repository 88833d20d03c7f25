//! What Sinch is asked, what it may answer, and what never counts as success.

use closure_contract::{Evidence, FailureCode, ReceiptStatus, Timestamp, job::Scope};
use closure_providers::{
    Accepted, ConfigError, LookUp, LookUpQuery, SendFailure, Sender, SinchSettings, SinchSms, SmsGateway,
    StatusQuery,
};
use time::{Duration, OffsetDateTime, format_description::well_known::Rfc3339};

use crate::support::{
    client_ref,
    gateways::{http, message},
    http::{Answer, HttpServer, answer, answer_with},
};

pub(crate) const OK: &str = include_str!("../recorded/sinch_send_ok.json");
pub(crate) const LIST: &str = include_str!("../recorded/sinch_list.json");
pub(crate) const REPORT: &str = include_str!("../recorded/sinch_report.json");
pub(crate) const BATCH: &str = "01JHFFHQ0P99JPPNQPJDV7JTBP";
const PLAN: &str = "jd63jf88477ll123ab4567cd89012ef3";
const RECEIPT_URL: &str = "https://intake.example.com/receipts/sinch";

pub(crate) fn settings(base_url: String) -> SinchSettings {
    SinchSettings {
        http: http(base_url),
        service_plan_id: PLAN.to_owned(),
        api_token: "api-token-1".to_owned(),
        receipt_url: RECEIPT_URL.to_owned(),
        validity_minutes: 1_440,
    }
}

fn sinch(base_url: String) -> SinchSms {
    SinchSms::new(settings(base_url)).expect("good settings")
}

async fn send_to(script: Answer) -> (Result<Accepted, SendFailure>, HttpServer) {
    let server = HttpServer::start(vec![script]).await;
    let result = sinch(server.base_url()).send(&message()).await;
    (result, server)
}

async fn look_up(script: Vec<Answer>, since: OffsetDateTime) -> (Result<LookUp, SendFailure>, HttpServer) {
    let server = HttpServer::start(script).await;
    let gateway = SmsGateway::Sinch(sinch(server.base_url()));
    let message = message();
    let query = LookUpQuery {
        client_ref: message.client_ref,
        scope: message.scope,
        since: Timestamp(since),
        message: Some(&message),
    };
    let looked = gateway.look_up(&query).await;
    (looked, server)
}

async fn status(provider_ref: &str, script: Vec<Answer>) -> (Result<LookUp, SendFailure>, HttpServer) {
    let server = HttpServer::start(script).await;
    let gateway = SmsGateway::Sinch(sinch(server.base_url()));
    let query = StatusQuery { client_ref: client_ref(), provider_ref, scope: Scope::Overseas };
    let said = gateway.status(&query).await;
    (said, server)
}

fn found(status: ReceiptStatus, evidence: Evidence, code: Option<&str>, sender: Option<&str>) -> LookUp {
    LookUp::Found {
        provider_ref: BATCH.to_owned(),
        status,
        evidence,
        provider_code: code.map(str::to_owned),
        failure_code: None,
        reported_sender: sender.map(str::to_owned),
    }
}

#[tokio::test]
async fn a_message_goes_out_as_a_batch_of_one_under_our_reference() {
    let (result, server) = send_to(answer(201, OK)).await;
    assert_eq!(result.expect("accepted").provider_ref.as_deref(), Some(BATCH));
    let seen = server.seen();
    assert_eq!(seen[0].line, format!("POST /xms/v1/{PLAN}/batches HTTP/1.1"));
    let head = seen[0].head.to_lowercase();
    assert!(head.contains("authorization: bearer api-token-1"), "{head}");
    assert!(head.contains("content-type: application/json"), "{head}");
    let mut body: serde_json::Value = serde_json::from_str(&seen[0].body).expect("JSON");
    let expire_at = body["expire_at"].take();
    let expire_at = OffsetDateTime::parse(expire_at.as_str().expect("a text"), &Rfc3339).expect("RFC 3339");
    let left = expire_at - OffsetDateTime::now_utc();
    assert!((Duration::hours(23)..=Duration::hours(24)).contains(&left), "{left}");
    assert_eq!(
        body,
        serde_json::json!({
            "type": "mt_text",
            "from": "82234518120",
            "to": ["84912345678"],
            "body": "Xin chào",
            "delivery_report": "per_recipient",
            "expire_at": null,
            "callback_url": RECEIPT_URL,
            "client_reference": client_ref().to_string(),
        })
    );
}

#[tokio::test]
async fn an_answer_that_is_not_of_our_batch_is_in_doubt() {
    let reference = client_ref().to_string();
    for body in [
        OK.replace(BATCH, ""),
        OK.replace(BATCH, "../x"),
        OK.replace("\"id\":", "\"no_id\":"),
        OK.replace("mt_text", "mt_binary"),
        OK.replace(&reference, "6f2b1a4e-8f54-5f0e-9d0a-222222222222"),
        OK.replace("client_reference", "reference"),
        OK.replace("\"canceled\":false", "\"canceled\":true"),
        "{}".to_owned(),
        "[]".to_owned(),
    ] {
        let (result, _server) = send_to(answer(201, &body)).await;
        assert_eq!(result.expect_err(&body).code, FailureCode::AnswerUnreadable, "{body}");
    }
    let (result, _server) = send_to(answer(200, OK)).await;
    assert_eq!(result.expect_err("the document says 201").code, FailureCode::AnswerUnreadable);
}

#[tokio::test]
async fn a_refusal_is_told_by_its_code_and_without_one_by_its_status() {
    for (status, body, expected, code) in [
        (
            400,
            r#"{"code":"syntax_invalid_json","text":"x"}"#,
            FailureCode::RequestRefused,
            "syntax_invalid_json",
        ),
        (403, r#"{"code":"unknown_campaign","text":"x"}"#, FailureCode::SenderRejected, "unknown_campaign"),
        (403, r#"{"code":"of_a_later_release","text":"x"}"#, FailureCode::ProviderAuth, "of_a_later_release"),
        (401, "", FailureCode::ProviderAuth, "401"),
        (404, "<html>", FailureCode::RequestRefused, "404"),
        (500, r#"{"code":"unknown_campaign"}"#, FailureCode::AnswerLost, "500"),
        (503, "", FailureCode::AnswerLost, "503"),
        (302, "", FailureCode::AnswerUnreadable, "302"),
    ] {
        let (result, _server) = send_to(answer(status, body)).await;
        let failure = result.expect_err("refused");
        assert_eq!(
            (failure.code, failure.provider_code.as_deref()),
            (expected, Some(code)),
            "{status} {body}"
        );
    }
    let (result, _server) = send_to(answer_with(429, "Retry-After: 7\r\n", "")).await;
    let failure = result.expect_err("throttled");
    assert_eq!((failure.code, failure.retry_after_ms), (FailureCode::ProviderThrottled, Some(7_000)));
}

#[tokio::test]
async fn a_look_up_asks_for_our_reference_from_before_the_attempt_on_and_then_for_its_report() {
    let since = OffsetDateTime::now_utc();
    let (looked, server) = look_up(vec![answer(200, LIST), answer(200, REPORT)], since).await;
    let arrived = found(ReceiptStatus::Delivered, Evidence::Carrier, Some("Delivered-0"), Some("KRIDE"));
    assert_eq!(looked, Ok(arrived));
    let from = (since - Duration::minutes(10)).replace_nanosecond(0).expect("a whole second");
    let from = from.format(&Rfc3339).expect("RFC 3339").replace(':', "%3A");
    let lines: Vec<String> = server.seen().into_iter().map(|seen| seen.line).collect();
    assert_eq!(
        lines,
        [
            format!(
                "GET /xms/v1/{PLAN}/batches?client_reference={}&start_date={from}&page=0&page_size=20 HTTP/1.1",
                client_ref()
            ),
            format!("GET /xms/v1/{PLAN}/batches/{BATCH}/delivery_report?type=summary HTTP/1.1"),
        ]
    );
}

#[tokio::test]
async fn a_batch_that_is_listed_was_taken_whether_or_not_its_report_is_there_yet() {
    let on_its_way = found(ReceiptStatus::InTransit, Evidence::Gateway, None, Some("KRIDE"));
    let nothing = REPORT.replace(r#"{"code":0,"count":1,"status":"Delivered"}"#, "");
    for report in [answer(404, ""), answer(200, nothing)] {
        let (looked, _server) = look_up(vec![answer(200, LIST), report], OffsetDateTime::now_utc()).await;
        assert_eq!(looked, Ok(on_its_way.clone()));
    }
    for report in [
        answer(500, ""),
        answer(200, REPORT.replace(BATCH, "another")),
        answer(200, REPORT.replace("\"count\":1", "\"count\":2")),
        answer(200, "{}"),
    ] {
        let (looked, _server) = look_up(vec![answer(200, LIST), report], OffsetDateTime::now_utc()).await;
        assert!(looked.is_err(), "{looked:?}");
    }
}

#[tokio::test]
async fn a_list_is_empty_only_if_it_counts_none_and_reaches_back_far_enough() {
    let now = OffsetDateTime::now_utc();
    let (looked, _server) =
        look_up(vec![answer(200, r#"{"count":0,"page":0,"page_size":0,"batches":[]}"#)], now).await;
    assert_eq!(looked, Ok(LookUp::NotFound));
    for body in [
        "{}".to_owned(),
        r#"{"batches":[]}"#.to_owned(),
        r#"{"count":0}"#.to_owned(),
        r#"{"count":3,"page":0,"page_size":0,"batches":[]}"#.to_owned(),
        LIST.replace(&client_ref().to_string(), "6f2b1a4e-8f54-5f0e-9d0a-222222222222"),
        LIST.replace("client_reference", "reference"),
    ] {
        let (looked, _server) = look_up(vec![answer(200, &body)], now).await;
        assert_eq!(looked.expect_err(&body).code, FailureCode::AnswerUnreadable, "{body}");
    }
    let (looked, server) = look_up(vec![answer(200, LIST)], now - Duration::days(14)).await;
    assert_eq!((looked, server.seen().len()), (Ok(LookUp::CannotTell), 0), "the list is too short");
}

#[tokio::test]
async fn a_batch_is_asked_about_by_its_id_and_no_path_is_made_of_what_is_none() {
    let (said, server) = status(BATCH, vec![answer(200, REPORT)]).await;
    assert_eq!(said, Ok(found(ReceiptStatus::Delivered, Evidence::Carrier, Some("Delivered-0"), None)));
    assert_eq!(
        server.seen()[0].line,
        format!("GET /xms/v1/{PLAN}/batches/{BATCH}/delivery_report?type=summary HTTP/1.1")
    );
    let (said, _server) = status(BATCH, vec![answer(404, "")]).await;
    assert_eq!(said, Ok(LookUp::NotFound));
    for reference in ["", "../inbounds", "a/b", "a b"] {
        let (said, server) = status(reference, Vec::new()).await;
        assert_eq!((said, server.seen().len()), (Ok(LookUp::CannotTell), 0), "{reference}");
    }
}

#[test]
fn a_setting_that_would_fail_at_the_first_message_is_refused_at_the_start() {
    let url = || "http://127.0.0.1:9".to_owned();
    for (settings, key) in [
        (SinchSettings { service_plan_id: String::new(), ..settings(url()) }, "service_plan_id"),
        (SinchSettings { api_token: "two words".to_owned(), ..settings(url()) }, "api_token"),
        (SinchSettings { validity_minutes: 0, ..settings(url()) }, "validity_minutes"),
        (SinchSettings { validity_minutes: 4_321, ..settings(url()) }, "validity_minutes"),
        (SinchSettings { validity_minutes: u64::MAX, ..settings(url()) }, "validity_minutes"),
    ] {
        let refused = SinchSms::new(settings).map(drop);
        assert!(
            matches!(refused, Err(ConfigError::Setting { key: named, .. }) if named == key),
            "{key}: {refused:?}"
        );
    }
    let nowhere = SinchSettings { receipt_url: "nowhere".to_owned(), ..settings(url()) };
    assert!(SinchSms::new(nowhere).is_err());
}
