//! What NHN may answer to a send, and what never counts as success.

use closure_contract::{FailureCode, job::Scope};
use closure_providers::{HttpSettings, NhnSettings, NhnSms, SendFailure, Sender, SmsMessage};

use crate::support::{
    client_ref, closed_port,
    gateways::{http, message as overseas},
    http::{Answer, HttpServer, answer, answer_with, response},
};

pub(crate) const OK: &str = include_str!("../recorded/nhn_send_ok.json");
const CODES: &str = include_str!("../recorded/nhn_result_codes.txt");

pub(crate) fn settings(base_url: String) -> NhnSettings {
    NhnSettings {
        http: http(base_url),
        app_key: "app-key-1".to_owned(),
        secret_key: "secret-key-1".to_owned(),
    }
}

pub(crate) fn nhn(base_url: String) -> NhnSms {
    NhnSms::new(settings(base_url)).expect("good settings")
}

/// For servers that never end: how soon it gives up is not what these tests are about.
fn impatient(base_url: String) -> NhnSms {
    let http = HttpSettings { connect_timeout_ms: 1_500, total_timeout_ms: 2_000, ..http(base_url) };
    NhnSms::new(NhnSettings { http, ..settings(String::new()) }).expect("good settings")
}

async fn send_to(script: Answer) -> (Result<closure_providers::Accepted, SendFailure>, HttpServer) {
    let server = HttpServer::start(vec![script]).await;
    let result = nhn(server.base_url()).send(&overseas()).await;
    (result, server)
}

#[tokio::test]
async fn an_overseas_message_goes_out_as_documented_and_comes_back_with_its_reference() {
    let (result, server) = send_to(answer(200, OK)).await;
    let accepted = result.expect("accepted");
    assert_eq!(accepted.provider_ref.as_deref(), Some("20261122100005RequestOne00:1"));

    let seen = server.seen();
    assert_eq!(seen.len(), 1);
    assert_eq!(seen[0].line, "POST /sms/v3.0/appKeys/app-key-1/sender/sms HTTP/1.1");
    assert!(seen[0].head.to_lowercase().contains("x-secret-key: secret-key-1"));
    let body: serde_json::Value = serde_json::from_str(&seen[0].body).expect("JSON");
    let key = client_ref().to_string();
    assert_eq!(
        body,
        serde_json::json!({
            "body": "Xin chào",
            "sendNo": "0234518120",
            "senderGroupingKey": key,
            "recipientList": [{ "internationalRecipientNo": "84912345678", "recipientGroupingKey": key }],
        })
    );
}

#[tokio::test]
async fn a_domestic_text_over_90_euc_kr_bytes_or_with_a_subject_is_an_lms() {
    for (text, subject, path, title) in [
        ("가".repeat(45), None, "sms", None),
        ("가".repeat(46), Some("제목"), "mms", Some("제목")),
        ("a".repeat(91), None, "mms", None),
        ("짧다".to_owned(), Some("제목"), "mms", Some("제목")),
    ] {
        let server = HttpServer::start(vec![answer(200, OK)]).await;
        let message = SmsMessage {
            to_digits: "821012341234".to_owned(),
            country_code: 82,
            text,
            scope: Scope::Domestic,
            subject: subject.map(str::to_owned),
            ..overseas()
        };
        nhn(server.base_url()).send(&message).await.expect("accepted");
        let request = &server.seen()[0];
        assert!(request.line.ends_with(&format!("/sender/{path} HTTP/1.1")), "{}", request.line);
        let body: serde_json::Value = serde_json::from_str(&request.body).expect("JSON");
        assert_eq!(body.get("title").and_then(|title| title.as_str()), title);
    }
}

#[tokio::test]
async fn an_exchange_that_is_cut_at_any_byte_never_ends_as_success_and_is_never_sent_twice() {
    let whole = response(200, "", OK.as_bytes());
    let script = (0..whole.len()).map(|cut| Answer::Bytes(whole[..cut].to_vec())).collect();
    let server = HttpServer::start(script).await;
    let nhn = nhn(server.base_url());
    for cut in 0..whole.len() {
        let failure = nhn.send(&overseas()).await.expect_err("cut");
        assert_eq!(failure.code, FailureCode::AnswerLost, "cut at {cut}");
        assert_eq!(server.seen().len(), cut + 1, "cut at {cut}");
    }
}

#[tokio::test]
async fn every_documented_code_means_the_same_in_the_header_and_for_the_recipient() {
    let mut rows = Vec::new();
    for line in CODES.lines().filter(|line| !line.starts_with('#')) {
        let (number, expected) = line.split_once(' ').expect("a number and a code");
        let header = format!(
            r#"{{"header":{{"isSuccessful":false,"resultCode":{number},"resultMessage":"to 84912345678"}}}}"#
        );
        let recipient = OK.replacen(
            r#""recipientNo":"84912345678","resultCode":0,"#,
            &format!(r#""recipientNo":"84912345678","resultCode":{number},"#),
            1,
        );
        rows.extend([header, recipient].map(|body| (body, number, expected)));
    }
    let server = HttpServer::start(rows.iter().map(|(body, ..)| answer(200, body)).collect()).await;
    let nhn = nhn(server.base_url());
    for (body, number, expected) in rows {
        let failure = nhn.send(&overseas()).await.expect_err("refused");
        assert_eq!(failure.code.as_str(), expected, "{body}");
        assert_eq!(failure.provider_code.as_deref(), Some(number), "{body}");
        assert!(!failure.to_string().contains("84912345678"), "{failure}");
    }
}

#[tokio::test]
async fn a_status_other_than_2xx_is_a_refusal_in_the_400s_and_in_doubt_elsewhere() {
    for (status, expected) in [
        (301, "answer_unreadable"),
        (302, "answer_unreadable"),
        (307, "answer_unreadable"),
        (400, "request_refused"),
        (401, "provider_auth"),
        (403, "provider_auth"),
        (404, "request_refused"),
        (408, "answer_lost"),
        (413, "request_refused"),
        (425, "provider_fault"),
        (429, "provider_throttled"),
        (500, "answer_lost"),
        (502, "answer_lost"),
        (503, "answer_lost"),
        (504, "answer_lost"),
    ] {
        // A body that says success changes nothing.
        for body in ["<html>gateway</html>", OK] {
            let (result, server) = send_to(answer_with(status, "Retry-After: 7\r\n", body)).await;
            let failure = result.expect_err("refused");
            assert_eq!(failure.code.as_str(), expected, "{status}");
            assert_eq!(failure.retry_after_ms, Some(7_000), "{status}");
            assert_eq!(server.seen().len(), 1, "{status}");
        }
    }
}

#[tokio::test]
async fn a_refusal_in_the_400s_is_classified_by_its_own_code() {
    let body = r#"{"header":{"isSuccessful":false,"resultCode":-1000,"resultMessage":"Invalid appKey."}}"#;
    let (result, _server) = send_to(answer(400, body)).await;
    let failure = result.expect_err("refused");
    assert_eq!(failure.code, FailureCode::ProviderAuth);
    assert_eq!(failure.detail, "NHN result -1000: Invalid appKey.");
}

#[tokio::test]
async fn a_redirect_is_not_followed() {
    let other = HttpServer::start(vec![answer(200, OK)]).await;
    let location = format!("Location: {}/sms\r\n", other.base_url());
    for status in [301, 302, 307, 308] {
        let (result, _server) = send_to(answer_with(status, &location, "")).await;
        assert_eq!(result.expect_err("not followed").code, FailureCode::AnswerUnreadable);
    }
    assert!(other.seen().is_empty());
}

#[tokio::test]
async fn a_2xx_that_is_not_the_documented_success_is_in_doubt() {
    let replaced = |from: &str, to: &str| {
        assert!(OK.contains(from), "{from}");
        OK.replacen(from, to, 1).into_bytes()
    };
    let bodies: Vec<Vec<u8>> = vec![
        Vec::new(),
        b"OK".to_vec(),
        b"<html><body>maintenance</body></html>".to_vec(),
        b"null".to_vec(),
        b"[]".to_vec(),
        b"{}".to_vec(),
        b"\xff\xfe{}".to_vec(),
        [b"\xef\xbb\xbf".as_slice(), OK.as_bytes()].concat(),
        [OK.as_bytes(), OK.as_bytes()].concat(),
        "[".repeat(50_000).into_bytes(),
        br#"{"header":{"isSuccessful":true,"resultCode":0,"resultMessage":"SUCCESS"}}"#.to_vec(),
        br#"{"header":{"isSuccessful":true,"resultCode":0,"resultMessage":"SUCCESS"},"body":null}"#.to_vec(),
        replaced(r#""isSuccessful":true"#, r#""isSuccessful":"true""#),
        replaced(r#""isSuccessful":true"#, r#""isSuccessful":false"#),
        replaced(r#""isSuccessful":true"#, r#""isSuccessful":false,"isSuccessful":true"#),
        replaced(r#""isSuccessful":true,"resultCode":0"#, r#""isSuccessful":true,"resultCode":-2019"#),
        replaced(r#""isSuccessful":true,"resultCode":0"#, r#""isSuccessful":true,"resultCode":"0""#),
        replaced(r#""statusCode":"2""#, r#""statusCode":"3""#),
        replaced(r#""requestId":"20261122100005RequestOne00""#, r#""requestId":"""#),
        replaced(r#""requestId":"20261122100005RequestOne00","#, ""),
        replaced(r#""requestId":"20261122100005RequestOne00""#, r#""requestId":"a b<script>""#),
        replaced(r#""recipientSeq":1,"#, ""),
        replaced(r#"84912345678","resultCode":0,"#, r#"84912345678","#),
        replaced(
            r#""recipientGroupingKey":"6f2b1a4e-8f54-5f0e-9d0a-111111111111""#,
            r#""recipientGroupingKey":"6f2b1a4e-8f54-5f0e-9d0a-222222222222""#,
        ),
        replaced(r#""sendResultList":[{"#, r#""sendResultList":[],"ignored":[{"#),
        replaced(
            r#""sendResultList":["#,
            r#""sendResultList":[{"recipientNo":"1","resultCode":0,"recipientSeq":2},"#,
        ),
        replaced(
            r#""resultCode":0,"resultMessage":"SUCCESS","recipientSeq""#,
            r#""resultCode":12345,"recipientSeq""#,
        ),
    ];
    for body in bodies {
        let (result, _server) = send_to(answer(200, &body)).await;
        let failure = result.expect_err("not success");
        let shown = String::from_utf8_lossy(&body[..body.len().min(200)]).into_owned();
        assert_eq!(failure.code, FailureCode::AnswerUnreadable, "{shown}");
    }
}

#[tokio::test]
async fn an_answer_that_stalls_at_any_stage_is_lost() {
    let whole = response(200, "", OK.as_bytes());
    let head_end = whole.len() - OK.len();
    for cut in [0, head_end + 40, whole.len() - 1] {
        let server = HttpServer::start(vec![Answer::Stall(whole[..cut].to_vec())]).await;
        let failure = impatient(server.base_url()).send(&overseas()).await.expect_err("stalled");
        assert_eq!(failure.code, FailureCode::AnswerLost, "stalled at {cut}");
    }
}

#[tokio::test]
async fn an_answer_larger_than_the_limit_is_not_read_to_its_end() {
    // White space behind the JSON means nothing, so only the limit tells these two answers apart.
    for (bytes, is_within) in [(64 * 1024, true), (64 * 1024 + 1, false)] {
        let padded = format!("{}{}", OK, " ".repeat(bytes - OK.len()));
        let (result, _server) = send_to(answer(200, padded)).await;
        let code = result.map_err(|failure| failure.code).err();
        assert_eq!(code, (!is_within).then_some(FailureCode::AnswerUnreadable), "{bytes}");
    }

    let endless = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n".to_vec();
    let chunk = [b"2000\r\n".as_slice(), &[b' '; 0x2000], b"\r\n"].concat();
    let (result, _server) = send_to(Answer::Endless([endless, chunk].concat())).await;
    let code = result.expect_err("endless").code;
    assert!(matches!(code, FailureCode::AnswerUnreadable | FailureCode::AnswerLost), "{code}");
}

#[tokio::test]
async fn a_connection_that_is_never_made_sent_nothing() {
    let port = closed_port().await;
    let refused = nhn(format!("http://127.0.0.1:{port}")).send(&overseas()).await.expect_err("refused");
    assert_eq!(refused.code, FailureCode::ProviderUnavailable);

    // TLS against a server that speaks none fails before the request is written.
    let server = HttpServer::start(vec![answer(200, OK)]).await;
    let url = format!("https://127.0.0.1:{}", server.port());
    let failure = impatient(url).send(&overseas()).await.expect_err("no TLS");
    assert_eq!(failure.code, FailureCode::ProviderUnavailable);
}

#[tokio::test]
async fn neither_secrets_nor_recipients_are_in_what_is_printed() {
    let settings = settings("http://127.0.0.1:1".to_owned());
    let adapter = NhnSms::new(settings.clone()).expect("good settings");
    let failure = adapter.send(&overseas()).await.expect_err("nobody listens");
    let printed = format!("{settings:?} {adapter:?} {:?} {failure:?} {failure}", overseas());
    for secret in ["secret-key-1", "app-key-1", "84912345678", "Xin", "127.0.0.1:1/"] {
        assert!(!printed.contains(secret), "{secret} in {printed}");
    }
}
