//! An exchange that is cut at any byte: at every gateway it is in doubt, and never success.

use closure_contract::{FailureCode, SmsProvider};
use closure_providers::{LookUp, Sender};

use crate::support::{
    gateways::{at, message, query, recorded},
    http::{Answer, HttpServer, response},
};

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
    for gateway in SmsProvider::ALL.iter().copied() {
        let recorded = recorded(gateway);
        let cuts = beginnings(recorded.taken, recorded.send_ok);
        let server = HttpServer::start(cuts.iter().cloned().map(Answer::Bytes).collect()).await;
        let gateway = at(gateway, server.base_url());
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
    let message = message();
    let query = query(&message);
    for gateway in SmsProvider::ALL.iter().copied() {
        let recorded = recorded(gateway);
        for whole in [recorded.found.as_str(), recorded.none] {
            let cuts = beginnings(200, whole);
            let server = HttpServer::start(cuts.iter().cloned().map(Answer::Bytes).collect()).await;
            let gateway = at(gateway, server.base_url());
            for cut in &cuts {
                let shown = String::from_utf8_lossy(cut);
                let problem = gateway.look_up(&query).await.expect_err(&shown);
                let in_doubt = [FailureCode::AnswerLost, FailureCode::AnswerUnreadable];
                assert!(in_doubt.contains(&problem.code), "{}: {shown}", gateway.provider());
            }
        }
        let server =
            HttpServer::start(vec![Answer::Bytes(response(200, "", recorded.found.as_bytes()))]).await;
        let found = at(gateway, server.base_url()).look_up(&query).await;
        assert!(matches!(found, Ok(LookUp::Found { .. })), "the whole of it is an answer: {found:?}");
    }
}
