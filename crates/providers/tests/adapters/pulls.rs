//! What the gateways that can be asked say when they are asked for receipts.

use closure_contract::{Evidence, FailureCode, ReceiptStatus, Timestamp};
use closure_providers::{More, Opened, ReceiptPull, SendFailure};
use time::macros::datetime;

use crate::{
    infobip::{self, LOGS},
    nhn_send,
    support::{
        client_ref,
        http::{Answer, HttpServer, answer},
    },
};

const SINCE: Timestamp = Timestamp(datetime!(2026-07-01 20:00:00.5 UTC));
const NOW: Timestamp = Timestamp(datetime!(2026-07-01 21:00:00 UTC));
const REPORTS: &str = include_str!("../recorded/infobip_reports.json");

async fn from_infobip(script: Answer) -> (Result<(Opened, More), SendFailure>, HttpServer) {
    let server = HttpServer::start(vec![script]).await;
    let mut settings = infobip::settings(server.base_url());
    settings.http.body_bytes_max = 4 * 1024 * 1024;
    let source = ReceiptPull::Infobip(closure_providers::InfobipSms::new(settings).expect("good settings"));
    (source.pull(SINCE, NOW).await, server)
}

#[tokio::test]
async fn infobips_reports_are_taken_in_batches_and_read_as_its_webhook_would_bring_them() {
    let (pulled, server) = from_infobip(answer(200, REPORTS)).await;
    let (opened, more) = pulled.expect("readable");
    assert_eq!(server.seen()[0].line, "GET /sms/3/reports?limit=1000 HTTP/1.1");
    let receipt = &opened.receipts[0];
    assert_eq!((receipt.status, receipt.client_ref), (ReceiptStatus::Delivered, Some(client_ref())));
    assert_eq!((opened.unreadable, more), (0, More::Later));

    let row = REPORTS.trim().trim_start_matches(r#"{"results":["#).trim_end_matches("]}");
    let full = format!(r#"{{"results":[{}]}}"#, vec![row; 1_000].join(","));
    let (pulled, _server) = from_infobip(answer(200, full)).await;
    let (opened, more) = pulled.expect("readable");
    assert_eq!((opened.receipts.len(), more), (1_000, More::AtOnce));
}

#[tokio::test]
async fn infobips_logs_tell_again_what_came_to_an_end() {
    let row = LOGS.trim().trim_start_matches(r#"{"results":["#).trim_end_matches("]}");
    let under_way = row.replace("\"id\":5", "\"id\":7");
    let server = HttpServer::start(vec![answer(200, format!(r#"{{"results":[{row},{under_way}]}}"#))]).await;
    let source = ReceiptPull::Infobip(infobip::infobip(server.base_url()));
    let ended = source.recall(SINCE, NOW).await.expect("readable");
    let statuses: Vec<_> = ended.receipts.iter().map(|receipt| receipt.status).collect();
    assert_eq!(statuses, [ReceiptStatus::Delivered]);
    let line =
        "GET /sms/3/logs?sentSince=2026-07-01T20%3A00%3A00.500%2B0000&limit=1000&useCursor=true HTTP/1.1";
    assert_eq!(server.seen()[0].line, line);
}

#[tokio::test]
async fn infobips_logs_are_read_to_their_end_by_their_cursor_and_never_in_a_circle() {
    let row = LOGS.trim().trim_start_matches(r#"{"results":["#).trim_end_matches("]}");
    let page = |next: &str| {
        answer(200, format!(r#"{{"results":[{row}],"cursor":{{"limit":1000,"nextCursor":{next}}}}}"#))
    };
    for (pages, expected) in [
        (vec![page(r#""a/b""#), page(r#""c""#), page("null")], 3),
        (vec![page(r#""a/b""#), answer(200, LOGS)], 2),
        (vec![page(r#""a/b""#), page(r#""a/b""#)], 2),
    ] {
        let server = HttpServer::start(pages).await;
        let source = ReceiptPull::Infobip(infobip::infobip(server.base_url()));
        let ended = source.recall(SINCE, NOW).await.expect("readable");
        assert_eq!((ended.receipts.len(), server.seen().len()), (expected, expected));
        assert!(
            server.seen()[1].line.contains("&useCursor=true&cursor=a%2Fb HTTP"),
            "{}",
            server.seen()[1].line
        );
    }
}

#[tokio::test]
async fn a_page_of_infobips_logs_that_does_not_come_costs_none_of_those_before_it() {
    let row = LOGS.trim().trim_start_matches(r#"{"results":["#).trim_end_matches("]}");
    let page = |cursor: &str| answer(200, format!(r#"{{"results":[{row}],"cursor":{cursor}}}"#));
    let first = r#"{"nextCursor":"a"}"#;
    for (pages, expected) in [
        (vec![page(first), answer(500, "")], (1, true)),
        (vec![page(first), page(r#"{"nextCursor":"b"}"#), answer(200, "<html>")], (2, true)),
        (vec![page(r#"{"nextCursor":7}"#)], (1, false)),
        (vec![page(r#""a""#)], (1, false)),
    ] {
        let server = HttpServer::start(pages).await;
        let source = ReceiptPull::Infobip(infobip::infobip(server.base_url()));
        let ended = source.recall(SINCE, NOW).await.expect("what came is kept");
        let told = (ended.receipts.len(), ended.cut_short.is_some());
        assert_eq!(told, expected, "and whoever asks hears that there is more");
    }
    let server = HttpServer::start(vec![answer(500, "")]).await;
    let source = ReceiptPull::Infobip(infobip::infobip(server.base_url()));
    assert!(source.recall(SINCE, NOW).await.is_err(), "without a first page nothing is known");
}

#[tokio::test]
async fn an_answer_that_is_no_batch_brings_nothing_and_is_no_end() {
    for (status, body, expected) in [
        (200, "{}", FailureCode::AnswerUnreadable),
        (200, "<html>", FailureCode::AnswerUnreadable),
        (401, REPORTS, FailureCode::ProviderAuth),
        (500, REPORTS, FailureCode::AnswerLost),
    ] {
        let (pulled, _server) = from_infobip(answer(status, body)).await;
        assert_eq!(pulled.expect_err(body).code, expected, "{status} {body}");
    }
}

fn results(rows: &[String]) -> Answer {
    results_of(&format!("[{}]", rows.join(",")))
}

fn results_of(data: &str) -> Answer {
    answer(
        200,
        format!(
            r#"{{"header":{{"isSuccessful":true,"resultCode":0,"resultMessage":"SUCCESS"}},"body":{{"totalCount":1,"data":{data}}}}}"#
        ),
    )
}

fn row(code: &str) -> String {
    let key = client_ref();
    format!(
        r#"{{"messageType":"SMS","requestId":"20261122100002RequestTwo00","recipientSeq":1,"resultCode":"{code}","updateDate":"2026-07-02 05:30:00.0","recipientGroupingKey":"{key}"}}"#
    )
}

#[tokio::test]
async fn nhns_results_bring_failures_and_no_arrival_page_by_page() {
    let full = vec![row("1000"); 1_000];
    let server = HttpServer::start(vec![results(&full), results(&[row("2000"), row("3001")])]).await;
    let mut settings = nhn_send::settings(server.base_url());
    settings.http.body_bytes_max = 4 * 1024 * 1024;
    let source = ReceiptPull::Nhn(closure_providers::NhnSms::new(settings).expect("good settings"));
    let (opened, more) = source.pull(SINCE, NOW).await.expect("readable");
    let said: Vec<_> = opened.receipts.iter().map(|one| (one.status, one.evidence)).collect();
    assert_eq!(said.len(), 1_002);
    // Handed to the carrier, as far as anybody can tell without the recipient's country.
    assert_eq!(said[0], (ReceiptStatus::InTransit, Evidence::Carrier));
    let ends = [(ReceiptStatus::Expired, Evidence::None), (ReceiptStatus::Undelivered, Evidence::None)];
    assert_eq!(said[1_000..], ends);
    assert_eq!(opened.receipts[0].client_ref, Some(client_ref()));
    assert_eq!(more, More::Later);
    let lines: Vec<String> = server.seen().into_iter().map(|seen| seen.line).collect();
    let line = |page: u32| {
        format!(
            "GET /sms/v3.0/appKeys/app-key-1/message-results?startUpdateDate=2026-07-02+05%3A00%3A00\
             &endUpdateDate=2026-07-02+06%3A00%3A00&pageNum={page}&pageSize=1000 HTTP/1.1"
        )
    };
    assert_eq!(lines, [line(1), line(2)]);
}

#[tokio::test]
async fn nhns_results_are_read_in_both_shapes_that_its_document_shows() {
    // Its sample has a list, and its table a list with a name.
    let named = |rows: &str| results_of(&format!(r#"{{"resultUpdateList":[{rows}]}}"#));
    for (shape, expected) in [
        (results(&[row("4005")]), 1),
        (named(&row("4005")), 1),
        (results(&[]), 0),
        (named(""), 0),
        (results_of("null"), 0),
        (results_of("{}"), 0),
        (results_of(r#"{"resultUpdateList":null}"#), 0),
    ] {
        let server = HttpServer::start(vec![shape]).await;
        let source = ReceiptPull::Nhn(nhn_send::nhn(server.base_url()));
        let (opened, _) = source.pull(SINCE, NOW).await.expect("readable");
        let said: Vec<_> = opened.receipts.iter().map(|one| (one.status, one.failure_code)).collect();
        let failed = (ReceiptStatus::Undelivered, Some(FailureCode::RecipientRejected));
        assert_eq!(said, vec![failed; expected]);
        assert_eq!(opened.unreadable, 0);
    }
    for shape in [r#"{"resultList":[]}"#, r#"{"resultUpdateList":{}}"#, "7", r#""none""#] {
        let server = HttpServer::start(vec![results_of(shape)]).await;
        let source = ReceiptPull::Nhn(nhn_send::nhn(server.base_url()));
        let problem = source.pull(SINCE, NOW).await.expect_err("a list by another name is no empty one");
        assert_eq!(problem.code, FailureCode::AnswerUnreadable, "{shape}");
    }
}

#[tokio::test]
async fn a_result_of_nhns_that_has_no_code_yet_says_nothing_and_is_no_fault() {
    let rows = [row("4005").replace(r#""4005""#, "null"), row("1000")];
    let missing = row("4005").replace(r#""resultCode":"4005","#, "");
    let server = HttpServer::start(vec![results(&[&rows[..], &[missing]].concat())]).await;
    let source = ReceiptPull::Nhn(nhn_send::nhn(server.base_url()));
    let (opened, _) = source.pull(SINCE, NOW).await.expect("readable");
    assert_eq!((opened.receipts.len(), opened.ignored, opened.unreadable), (1, 2, 0));
}
