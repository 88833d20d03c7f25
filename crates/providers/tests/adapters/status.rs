//! What each gateway says of a message that it took, asked by its own reference.

use closure_contract::{Evidence, FailureCode, Provider, ReceiptStatus, Timestamp, job::Scope};
use closure_providers::{LookUp, SendFailure, SmsGateway, StatusQuery};
use time::macros::datetime;

use crate::{
    infobip::infobip,
    nhn_send::nhn,
    support::{
        client_ref,
        http::{Answer, HttpServer, answer},
    },
    twilio::{ACCOUNT, OK, SID, twilio},
};

const REQUEST: &str = "20180810100630ReZQ6KZzAH0";

fn query(provider_ref: &str, scope: Scope) -> StatusQuery<'_> {
    StatusQuery { client_ref: client_ref(), provider_ref, scope }
}

/// NHN's answer about one message, with its carrier's receipt.
fn nhn_single(request: &str, msg_status: &str, result_code: &str, dlr: &str) -> Answer {
    answer(
        200,
        format!(
            r#"{{"header":{{"isSuccessful":true,"resultCode":0,"resultMessage":"SUCCESS"}},"body":{{"data":
            {{"requestId":"{request}","body":"text","sendNo":"0234518120","countryCode":"84","recipientNo":"912345678",
            "msgStatus":"{msg_status}","resultCode":"{result_code}","recipientSeq":3,
            "recipientGroupingKey":"{}","dlr":{dlr}}}}}}}"#,
            client_ref()
        ),
    )
}

fn nhn_refusal() -> Answer {
    answer(200, r#"{"header":{"isSuccessful":false,"resultCode":-1014,"resultMessage":"no such request"}}"#)
}

async fn ask_nhn(script: Vec<Answer>, scope: Scope) -> (Result<LookUp, SendFailure>, HttpServer) {
    let server = HttpServer::start(script).await;
    let reference = format!("{REQUEST}:3");
    let said = SmsGateway::Nhn(nhn(server.base_url())).status(&query(&reference, scope)).await;
    (said, server)
}

#[tokio::test]
async fn nhn_tells_the_carriers_receipt_of_one_message_and_it_decides() {
    use ReceiptStatus::{Delivered, Expired, InTransit, Undelivered};
    let (lost, stopped) = (Some(FailureCode::RecipientRejected), Some(FailureCode::ContentRejected));
    for (msg_status, dlr, status, evidence, code, why) in [
        (
            "3",
            r#"{"dlrStatus":"DELIVERED","errorCode":"0"}"#,
            Delivered,
            Evidence::Handset,
            "DELIVERED-0",
            None,
        ),
        ("3", r#"{"dlrStatus":"FAILED","errorCode":"3"}"#, Undelivered, Evidence::None, "FAILED-3", lost),
        (
            "3",
            r#"{"dlrStatus":"REJECTED","errorCode":6}"#,
            Undelivered,
            Evidence::None,
            "REJECTED-6",
            stopped,
        ),
        (
            "3",
            r#"{"dlrStatus":"BUFFERED","errorCode":"0"}"#,
            InTransit,
            Evidence::Carrier,
            "BUFFERED-0",
            None,
        ),
        ("3", r#"{"dlrStatus":null,"errorCode":null}"#, InTransit, Evidence::Carrier, "1000", None),
        ("3", r#"{"dlrStatus":"TELEPORTED"}"#, InTransit, Evidence::Carrier, "1000", None),
        ("3", "null", InTransit, Evidence::Carrier, "1000", None),
    ] {
        let (said, server) =
            ask_nhn(vec![nhn_single(REQUEST, msg_status, "1000", dlr)], Scope::Overseas).await;
        let expected = LookUp::Found {
            provider_ref: format!("{REQUEST}:3"),
            status,
            evidence,
            provider_code: Some(code.to_owned()),
            failure_code: why,
            reported_sender: Some("0234518120".to_owned()),
        };
        assert_eq!(said, Ok(expected), "{dlr}");
        assert!(server.seen()[0].line.contains(&format!("/sender/sms/{REQUEST}?recipientSeq=3 ")));
    }
    let (said, _server) = ask_nhn(vec![nhn_single(REQUEST, "0", "1019", "null")], Scope::Overseas).await;
    let Ok(LookUp::Found { status, .. }) = said else { panic!("{said:?}") };
    assert_eq!(status, Expired, "the result code of a failure says why");
}

#[tokio::test]
async fn a_carriers_receipt_that_is_no_end_takes_nothing_from_a_message_that_came_to_one() {
    use ReceiptStatus::{Delivered, Expired, Undelivered};
    let (refused, lost) = (Some(FailureCode::RecipientRejected), Some(FailureCode::NotDelivered));
    for (result_code, dlr, status, code, why) in [
        ("3001", r#"{"dlrStatus":"BUFFERED","errorCode":"0"}"#, Undelivered, "3001", refused),
        ("3001", r#"{"dlrStatus":"UNKNOWN"}"#, Undelivered, "3001", refused),
        (
            "2000",
            r#"{"dlrStatus":"ACCEPTED","errorCode":"0"}"#,
            Expired,
            "2000",
            Some(FailureCode::ReceiptExpired),
        ),
        // The receipt is the carrier's own word, and where it has no cause the row has one.
        ("3001", r#"{"dlrStatus":"FAILED"}"#, Undelivered, "FAILED", refused),
        ("3001", r#"{"dlrStatus":"FAILED","errorCode":"1"}"#, Undelivered, "FAILED-1", lost),
        ("3001", r#"{"dlrStatus":"DELIVERED","errorCode":"0"}"#, Delivered, "DELIVERED-0", None),
    ] {
        let (said, _server) =
            ask_nhn(vec![nhn_single(REQUEST, "0", result_code, dlr)], Scope::Overseas).await;
        let Ok(LookUp::Found { status: is, provider_code, failure_code, .. }) = said else {
            panic!("{said:?}")
        };
        assert_eq!(
            (is, provider_code.as_deref(), failure_code),
            (status, Some(code), why),
            "{result_code} {dlr}"
        );
    }
}

#[tokio::test]
async fn an_outage_of_nhn_is_no_word_of_one_list_and_a_list_without_the_message_is_no_end() {
    let header = |code: i64| {
        format!(r#"{{"header":{{"isSuccessful":false,"resultCode":{code},"resultMessage":"no"}}}}"#)
    };
    for (status, body, expected) in [
        (429, String::new(), "provider_throttled"),
        (500, String::new(), "answer_lost"),
        (401, String::new(), "provider_auth"),
        (404, "<html>".to_owned(), "request_refused"),
        (500, header(-1014), "answer_lost"),
        (200, header(-9999), "answer_lost"),
        (400, header(-1000), "provider_auth"),
    ] {
        let script = vec![answer(status, &body), nhn_refusal()];
        let (said, server) = ask_nhn(script, Scope::Domestic).await;
        assert_eq!(said.expect_err("nothing is known").code.as_str(), expected, "{status} {body}");
        assert_eq!(server.seen().len(), 1, "{status} {body}: the other list is not asked");
    }
    let nothing =
        r#"{"header":{"isSuccessful":true,"resultCode":0,"resultMessage":"SUCCESS"},"body":{"data":null}}"#;
    let script = vec![answer(200, nothing), nhn_single(REQUEST, "3", "1000", "null")];
    let (said, _server) = ask_nhn(script, Scope::Domestic).await;
    assert!(matches!(said, Ok(LookUp::Found { .. })), "{said:?}");
    let (said, _server) = ask_nhn(vec![answer(200, nothing), answer(200, nothing)], Scope::Domestic).await;
    assert_eq!(said, Ok(LookUp::NotFound));
}

#[tokio::test]
async fn at_home_nhn_is_asked_in_both_lists_and_another_message_is_never_ours() {
    let script = vec![nhn_refusal(), nhn_single(REQUEST, "3", "1000", "null")];
    let (said, server) = ask_nhn(script, Scope::Domestic).await;
    assert!(matches!(said, Ok(LookUp::Found { .. })), "{said:?}");
    let lines: Vec<String> = server.seen().iter().map(|seen| seen.line.clone()).collect();
    assert!(lines[0].contains("/sender/sms/") && lines[1].contains("/sender/mms/"), "{lines:?}");
    let (said, _server) = ask_nhn(vec![nhn_refusal(), nhn_refusal()], Scope::Domestic).await;
    assert!(said.is_err(), "a refusal has found nothing out: {said:?}");
    let other = nhn_single("20180810100630Another0", "3", "1000", "null");
    let (said, _server) = ask_nhn(vec![other], Scope::Overseas).await;
    assert_eq!(said.expect_err("it is another's").code, FailureCode::AnswerUnreadable);
}

#[tokio::test]
async fn twilio_is_asked_for_the_message_itself() {
    let server = HttpServer::start(vec![answer(200, OK.trim().replace("\"queued\"", "\"delivered\""))]).await;
    let gateway = SmsGateway::Twilio(twilio(server.base_url()));
    let said = gateway.status(&query(SID, Scope::Overseas)).await;
    let Ok(LookUp::Found { status, evidence, .. }) = said else { panic!("{said:?}") };
    assert_eq!((status, evidence), (ReceiptStatus::Delivered, Evidence::Carrier));
    assert_eq!(
        server.seen()[0].line,
        format!("GET /2010-04-01/Accounts/{ACCOUNT}/Messages/{SID}.json HTTP/1.1")
    );
    let other = OK.trim().replace(SID, "SMcccccccccccccccccccccccccccccccc");
    let server = HttpServer::start(vec![answer(200, other)]).await;
    let said = SmsGateway::Twilio(twilio(server.base_url())).status(&query(SID, Scope::Overseas)).await;
    assert_eq!(said.expect_err("it is another's").code, FailureCode::AnswerUnreadable);
    let server = HttpServer::start(Vec::new()).await;
    let said =
        SmsGateway::Twilio(twilio(server.base_url())).status(&query("../Balance", Scope::Overseas)).await;
    assert_eq!((said, server.seen().len()), (Ok(LookUp::CannotTell), 0), "no path is made of what is no SID");
}

#[tokio::test]
async fn infobip_is_asked_by_our_own_id_and_says_that_a_logged_message_was_refused() {
    let logs = format!(
        r#"{{"results":[{{"messageId":"{}","destination":"x","status":{{"groupId":5,"groupName":"REJECTED","id":6,
        "name":"REJECTED_NETWORK"}}}}]}}"#,
        client_ref()
    );
    let server = HttpServer::start(vec![answer(200, logs)]).await;
    let gateway = SmsGateway::Infobip(infobip(server.base_url()));
    let said = gateway.status(&query("whatever", Scope::Overseas)).await.expect("the logs can be read");
    let received_at = Timestamp(datetime!(2026-07-01 20:00:00 UTC));
    let receipt = said.receipt(Provider::Infobip, client_ref(), received_at).expect("it is a final word");
    assert_eq!(receipt.status, ReceiptStatus::Undelivered);
    assert_eq!(receipt.failure_code, Some(FailureCode::RecipientRejected));
    assert_eq!(receipt.receipt_id, format!("asked:{}:undelivered:6", client_ref()));
}
