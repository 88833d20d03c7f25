//! An exchange that is cut at any byte: at every gateway it is in doubt, and never success.

use closure_contract::{FailureCode, Timestamp, job::Scope};
use closure_providers::{LookUp, LookUpQuery, Sender, SmsGateway, SmsMessage};
use time::macros::datetime;

use crate::{
    infobip::{LOGS, infobip},
    nhn_send::nhn,
    support::{
        client_ref,
        http::{Answer, HttpServer, response},
    },
    twilio::{OK as TWILIO_OK, twilio},
};

const NHN_OK: &str = include_str!("../recorded/nhn_send_ok.json");
const INFOBIP_OK: &str = include_str!("../recorded/infobip_send_ok.json");
/// An empty list is the answer that lets a text message be sent again, so that no part of it may be taken for one.
const NHN_NONE: &str = r#"{"header":{"isSuccessful":true,"resultCode":0,"resultMessage":"SUCCESS"},"body":{"pageNum":1,"pageSize":20,"totalCount":0,"data":[]}}"#;
const INFOBIP_NONE: &str = r#"{"results":[]}"#;
const TWILIO_NONE: &str = r#"{"messages":[],"page":0,"page_size":20,"next_page_uri":null}"#;

/// A gateway with the recorded answers to a request, to a look-up that finds it, and to one that finds nothing.
struct Recorded {
    gateway: fn(String) -> SmsGateway,
    /// The status of the answer to a request that was taken.
    taken: u16,
    send_ok: &'static str,
    found: String,
    none: &'static str,
}

/// Another gateway joins with a row.
fn every_gateway() -> Vec<Recorded> {
    let key = client_ref().to_string();
    let listed = format!(
        r#"{{"header":{{"isSuccessful":true,"resultCode":0}},"body":{{"totalCount":1,"data":[{{"requestId":"20180810100630ReZQ6KZzAH0","msgStatus":"3","recipientSeq":1,"recipientGroupingKey":"{key}"}}]}}}}"#
    );
    vec![
        Recorded {
            gateway: |url| SmsGateway::Nhn(nhn(url)),
            taken: 200,
            send_ok: NHN_OK,
            found: listed,
            none: NHN_NONE,
        },
        Recorded {
            gateway: |url| SmsGateway::Infobip(infobip(url)),
            taken: 200,
            send_ok: INFOBIP_OK,
            found: LOGS.to_owned(),
            none: INFOBIP_NONE,
        },
        Recorded {
            gateway: |url| SmsGateway::Twilio(twilio(url)),
            taken: 201,
            send_ok: TWILIO_OK,
            found: format!(r#"{{"messages":[{}],"next_page_uri":null}}"#, TWILIO_OK.trim()),
            none: TWILIO_NONE,
        },
    ]
}

fn message() -> SmsMessage {
    SmsMessage {
        client_ref: client_ref(),
        to_digits: "84912345678".to_owned(),
        country_code: 84,
        sender: "+82234518120".to_owned(),
        text: "Xin chào".to_owned(),
        scope: Scope::Overseas,
        subject: None,
    }
}

/// Every proper beginning of an answer, with a length and without one, where only the end of the connection tells
/// how long it is.
fn beginnings(status: u16, body: &str) -> Vec<Vec<u8>> {
    let measured = response(status, "", body.trim_end().as_bytes());
    let head = format!("HTTP/1.1 {status} OK\r\nContent-Type: application/json\r\nConnection: close\r\n\r\n");
    let unmeasured = [head.as_bytes(), body.trim_end().as_bytes()].concat();
    [measured, unmeasured]
        .into_iter()
        .flat_map(|whole| (0..whole.len()).map(move |cut| whole[..cut].to_vec()))
        .collect()
}

#[tokio::test]
async fn a_send_that_is_cut_at_any_byte_is_in_doubt_at_every_gateway_and_is_never_repeated() {
    for recorded in every_gateway() {
        let cuts = beginnings(recorded.taken, recorded.send_ok);
        let server = HttpServer::start(cuts.iter().cloned().map(Answer::Bytes).collect()).await;
        let gateway = (recorded.gateway)(server.base_url());
        for (index, cut) in cuts.iter().enumerate() {
            let shown = String::from_utf8_lossy(cut);
            let failure = gateway.send(&message()).await.expect_err(&shown);
            let in_doubt = [FailureCode::AnswerLost, FailureCode::AnswerUnreadable];
            assert!(
                in_doubt.contains(&failure.code),
                "{}: {} after {shown}",
                gateway.provider(),
                failure.code
            );
            assert_eq!(server.seen().len(), index + 1, "{}: one try is one request", gateway.provider());
        }
    }
}

#[tokio::test]
async fn a_look_up_that_is_cut_at_any_byte_finds_nothing_out_at_every_gateway() {
    let since = Timestamp(datetime!(2026-07-01 20:00:00 UTC));
    let query =
        LookUpQuery { client_ref: client_ref(), scope: Scope::Overseas, since, message: Some(&message()) };
    for recorded in every_gateway() {
        for whole in [recorded.found.as_str(), recorded.none] {
            let cuts = beginnings(200, whole);
            let server = HttpServer::start(cuts.iter().cloned().map(Answer::Bytes).collect()).await;
            let gateway = (recorded.gateway)(server.base_url());
            for cut in &cuts {
                let shown = String::from_utf8_lossy(cut);
                let problem = gateway.look_up(&query).await.expect_err(&shown);
                let in_doubt = [FailureCode::AnswerLost, FailureCode::AnswerUnreadable];
                assert!(in_doubt.contains(&problem.code), "{}: {shown}", gateway.provider());
            }
        }
        let server =
            HttpServer::start(vec![Answer::Bytes(response(200, "", recorded.found.as_bytes()))]).await;
        let found = (recorded.gateway)(server.base_url()).look_up(&query).await;
        assert!(matches!(found, Ok(LookUp::Found { .. })), "the whole of it is an answer: {found:?}");
    }
}
