//! What Twilio's list says of an attempt whose answer was lost: it knows recipient, time and text, and nothing of ours.

use closure_contract::{Evidence, FailureCode, ReceiptStatus, Timestamp, job::Scope};
use closure_providers::{LookUp, LookUpQuery, SendFailure, SmsGateway};
use time::macros::datetime;

use crate::{
    support::{
        client_ref,
        gateways::message,
        http::{Answer, HttpServer, answer},
    },
    twilio::{ACCOUNT, OK, SID, twilio},
};

/// The look-up's answer, and the server that was asked.
async fn look_up(script: Vec<Answer>) -> (Result<LookUp, SendFailure>, HttpServer) {
    let server = HttpServer::start(script).await;
    let message = message();
    let since = Timestamp(datetime!(2026-07-01 20:00:00.5 UTC));
    let query =
        LookUpQuery { client_ref: client_ref(), scope: Scope::Overseas, since, message: Some(&message) };
    let found = SmsGateway::Twilio(twilio(server.base_url())).look_up(&query).await;
    (found, server)
}

fn listing(rows: &[String], next: Option<&str>) -> String {
    let next = next.map_or_else(|| "null".to_owned(), |uri| format!("\"{uri}\""));
    format!(r#"{{"messages":[{}],"page":0,"next_page_uri":{next}}}"#, rows.join(","))
}

fn page(rows: &[String], next: Option<&str>) -> Answer {
    answer(200, listing(rows, next))
}

/// The recorded message with another word in place of one of its own.
fn row(from: &str, to: &str) -> String {
    assert!(OK.contains(from), "{from}");
    OK.trim().replace(from, to)
}

fn ours() -> String {
    OK.trim().to_owned()
}

#[tokio::test]
async fn the_list_is_asked_for_the_recipient_since_a_minute_before_the_attempt() {
    let (found, server) = look_up(vec![page(&[], None)]).await;
    assert_eq!(found, Ok(LookUp::NotFound));
    let line = format!(
        "GET /2010-04-01/Accounts/{ACCOUNT}/Messages.json?To=%2B84912345678&DateSent%3E=2026-07-01T19%3A59%3A00Z\
         &PageSize=20 HTTP/1.1"
    );
    assert_eq!(server.seen()[0].line, line);
}

#[tokio::test]
async fn the_one_message_with_the_recipient_the_time_and_the_exact_text_is_found_with_what_became_of_it() {
    let (lost, late) = (Some(FailureCode::NotDelivered), Some(FailureCode::ReceiptExpired));
    for (status, error, expected, evidence, why) in [
        ("queued", "null", ReceiptStatus::InTransit, Evidence::Gateway, None),
        ("sent", "null", ReceiptStatus::InTransit, Evidence::Carrier, None),
        ("delivered", "null", ReceiptStatus::Delivered, Evidence::Carrier, None),
        // A warning of the day's quota.
        ("delivered", "30025", ReceiptStatus::Delivered, Evidence::Carrier, None),
        ("undelivered", "30003", ReceiptStatus::Undelivered, Evidence::None, lost),
        ("failed", "30036", ReceiptStatus::Expired, Evidence::None, late),
        ("teleported", "null", ReceiptStatus::InTransit, Evidence::None, None),
    ] {
        let listed = row("\"queued\"", &format!("\"{status}\""))
            .replace("\"error_code\":null", &format!("\"error_code\":{error}"));
        let others = [
            row("Xin chào", "Xin chào "),
            row("Xin chào", "XIN CHÀO"),
            row("outbound-api", "outbound-reply"),
            row("20:00:01 +0000", "19:58:59 +0000"),
            row("20:00:01 +0000", "20:10:01 +0000"),
        ];
        let (found, _server) = look_up(vec![page(&[&others[..], &[listed]].concat(), None)]).await;
        let provider_code = if error == "null" { status } else { error };
        let found_so = LookUp::Found {
            provider_ref: SID.to_owned(),
            status: expected,
            evidence,
            provider_code: Some(provider_code.to_owned()),
            failure_code: why,
            reported_sender: Some("+82234518120".to_owned()),
        };
        assert_eq!(found, Ok(found_so), "{status}");
    }
}

#[tokio::test]
async fn two_messages_that_look_alike_are_not_told_apart() {
    let other = row(SID, "SMcccccccccccccccccccccccccccccccc");
    let (found, _server) = look_up(vec![page(&[ours(), other], None)]).await;
    assert_eq!(found, Ok(LookUp::CannotTell), "only a receipt, whose address has our reference, can tell");
}

#[tokio::test]
async fn a_text_that_is_not_known_any_more_cannot_be_looked_for() {
    let server = HttpServer::start(vec![page(&[ours()], None)]).await;
    let since = Timestamp(datetime!(2026-07-01 20:00:00 UTC));
    let query = LookUpQuery { client_ref: client_ref(), scope: Scope::Overseas, since, message: None };
    let found = SmsGateway::Twilio(twilio(server.base_url())).look_up(&query).await;
    assert_eq!((found, server.seen().len()), (Ok(LookUp::CannotTell), 0));
}

#[tokio::test]
async fn every_page_is_read_and_their_number_is_bounded() {
    let next = format!("/2010-04-01/Accounts/{ACCOUNT}/Messages.json?PageSize=20&Page=1&PageToken=PA1");
    let other = row("Xin chào", "another text");
    let script = vec![page(std::slice::from_ref(&other), Some(&next)), page(&[ours()], None)];
    let (found, server) = look_up(script).await;
    assert!(matches!(found, Ok(LookUp::Found { .. })), "{found:?}");
    assert_eq!(server.seen()[1].line, format!("GET {next} HTTP/1.1"));

    let (found, server) = look_up(vec![page(&[other], Some(&next))]).await;
    assert_eq!((found, server.seen().len()), (Ok(LookUp::CannotTell), 5), "what was not read may be ours");
    let (found, _server) = look_up(vec![page(&[ours()], Some(&next))]).await;
    assert_eq!(found, Ok(LookUp::CannotTell), "and what was read may not be the only one");
}

#[tokio::test]
async fn a_list_never_leads_the_credentials_to_another_place() {
    for next in [
        "https://elsewhere.example.com/2010-04-01/Messages.json",
        "//elsewhere.example.com/x",
        "/2010-04-01/Accounts/ACbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb/Messages.json",
        "http://127.0.0.1:1/",
    ] {
        let (found, server) = look_up(vec![page(&[], Some(next))]).await;
        assert_eq!(found.expect_err(next).code, FailureCode::AnswerUnreadable);
        assert_eq!(server.seen().len(), 1, "{next}");
    }
}

#[tokio::test]
async fn a_list_that_cannot_be_read_proves_nothing() {
    let good = |rows: &[String]| listing(rows, None);
    for (status, body, expected) in [
        (200, "{}".to_owned(), "answer_unreadable"),
        (200, "<html>".to_owned(), "answer_unreadable"),
        (200, r#"{"messages":[]}"#.to_owned(), "answer_unreadable"),
        (201, good(&[]), "answer_unreadable"),
        (200, good(&[row("+84912345678", "+84912345679")]), "answer_unreadable"),
        (200, good(&[row("Wed, 01 Jul 2026", "2026-07-01")]), "answer_unreadable"),
        (200, good(&[row("\"sid\":\"SM", "\"sid\":\"XX")]), "answer_unreadable"),
        (500, good(&[]), "answer_lost"),
        (401, String::new(), "provider_auth"),
    ] {
        let (found, _server) = look_up(vec![answer(status, &body)]).await;
        assert_eq!(found.expect_err("no proof").code.as_str(), expected, "{status} {body}");
    }
}
