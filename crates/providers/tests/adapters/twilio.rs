//! What Twilio may answer, and what never counts as success.

use closure_contract::FailureCode;
use closure_providers::{Accepted, ConfigError, SendFailure, Sender, TwilioSettings, TwilioSms};

use crate::support::{
    client_ref,
    gateways::{http, message},
    http::{Answer, HttpServer, answer, answer_with},
};

pub(crate) const OK: &str = include_str!("../recorded/twilio_send_ok.json");
pub(crate) const ACCOUNT: &str = "ACaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";
pub(crate) const SID: &str = "SMbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb";
pub(crate) const RECEIPT_URL: &str = "https://intake.example.com/receipts/twilio";

pub(crate) fn settings(base_url: String) -> TwilioSettings {
    TwilioSettings {
        http: http(base_url),
        account_sid: ACCOUNT.to_owned(),
        key_sid: None,
        secret: "auth-token-1".to_owned(),
        messaging_service_sid: None,
        receipt_url: RECEIPT_URL.to_owned(),
        validity_s: 14_400,
    }
}

pub(crate) fn twilio(base_url: String) -> TwilioSms {
    TwilioSms::new(settings(base_url)).expect("good settings")
}

async fn send_to(script: Answer) -> (Result<Accepted, SendFailure>, HttpServer) {
    let server = HttpServer::start(vec![script]).await;
    let result = twilio(server.base_url()).send(&message()).await;
    (result, server)
}

#[tokio::test]
async fn a_message_goes_out_as_a_form_and_our_reference_travels_in_the_address_for_receipts() {
    let (result, server) = send_to(answer(201, OK)).await;
    assert_eq!(result.expect("accepted").provider_ref.as_deref(), Some(SID));
    let seen = server.seen();
    assert_eq!(seen.len(), 1);
    assert_eq!(seen[0].line, format!("POST /2010-04-01/Accounts/{ACCOUNT}/Messages.json HTTP/1.1"));
    let head = seen[0].head.to_lowercase();
    assert!(head.contains("content-type: application/x-www-form-urlencoded"), "{head}");
    // `ACaaa…:auth-token-1`, encoded as RFC 7617 says.
    let credentials = "QUNhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYTphdXRoLXRva2VuLTE=";
    assert!(seen[0].head.contains(&format!("Basic {credentials}")), "{}", seen[0].head);
    assert_eq!(
        seen[0].body,
        format!(
            "To=%2B84912345678&From=%2B82234518120&Body=Xin+ch%C3%A0o&StatusCallback=\
             https%3A%2F%2Fintake.example.com%2Freceipts%2Ftwilio%3Fref%3D{}\
             %23rc%3D5%26rp%3Dall%26ct%3D2000%26rt%3D3000%26tt%3D15000&ValidityPeriod=14400",
            client_ref()
        )
    );
}

#[tokio::test]
async fn a_messaging_service_sends_instead_of_the_jobs_sender_and_an_api_key_instead_of_the_account() {
    let server = HttpServer::start(vec![answer(201, OK)]).await;
    let settings = TwilioSettings {
        key_sid: Some("SKcccccccccccccccccccccccccccccccc".to_owned()),
        messaging_service_sid: Some("MGdddddddddddddddddddddddddddddddd".to_owned()),
        ..settings(server.base_url())
    };
    let sent = TwilioSms::new(settings).expect("good settings").send(&message()).await;
    assert!(sent.is_ok(), "{sent:?}");
    let seen = server.seen();
    assert!(seen[0].body.contains("MessagingServiceSid=MGdddddddddddddddddddddddddddddddd&"));
    assert!(!seen[0].body.contains("From="), "{}", seen[0].body);
    assert!(seen[0].head.contains("Basic U0tjY2NjY2NjY2NjY2NjY2NjY2NjY2NjY2NjY2NjY2NjYzphdXRoLXRva2VuLTE="));
}

#[test]
fn settings_that_twilio_would_refuse_are_refused_before_any_message() {
    let refused = |change: fn(&mut TwilioSettings)| {
        let mut settings = settings("https://api.twilio.com".to_owned());
        change(&mut settings);
        match TwilioSms::new(settings).expect_err("a bad setting") {
            ConfigError::Setting { key, .. } => key,
            problem => panic!("{problem}"),
        }
    };
    assert_eq!(refused(|settings| settings.account_sid = "AC1".to_owned()), "account_sid");
    assert_eq!(refused(|settings| settings.key_sid = Some("AC1".to_owned())), "key_sid");
    assert_eq!(
        refused(|settings| settings.messaging_service_sid = Some("MG".to_owned())),
        "messaging_service_sid"
    );
    assert_eq!(refused(|settings| settings.secret = String::new()), "secret");
    assert_eq!(refused(|settings| settings.validity_s = 36_001), "validity_s");
    let mut plain = settings("https://api.twilio.com".to_owned());
    plain.receipt_url = "http://intake.example.com/receipts/twilio".to_owned();
    assert!(matches!(TwilioSms::new(plain), Err(ConfigError::PlainText { .. })));
}

#[tokio::test]
async fn an_answer_that_is_not_the_documented_success_is_in_doubt() {
    let replaced = |from: &str, to: &str| {
        assert!(OK.contains(from), "{from}");
        OK.replacen(from, to, 1)
    };
    for (status, body) in [
        (200, OK.to_owned()),
        (202, OK.to_owned()),
        (302, OK.to_owned()),
        (201, String::new()),
        (201, "OK".to_owned()),
        (201, "<html><body>maintenance</body></html>".to_owned()),
        (201, "null".to_owned()),
        (201, "[]".to_owned()),
        (201, "{}".to_owned()),
        (201, r#"{"code":21211,"message":"no","status":400}"#.to_owned()),
        (201, [OK, OK].concat()),
        (201, "[".repeat(50_000)),
        (201, replaced("\"sid\":\"SMbbbb", "\"sid\":\"XXbbbb")),
        (201, replaced("\"sid\":\"SMbbbb", "\"sid\":\"SMbbb")),
        (201, replaced("\"sid\":\"SMbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb\"", "\"sid\":null")),
        (201, replaced("\"sid\":\"SMbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb\",", "")),
        (201, replaced("\"queued\"", "7")),
        (201, replaced("\"queued\"", "\"teleported\"")),
        (201, replaced("\"queued\"", "\"received\"")),
        (201, replaced("\"status\":\"queued\",", "")),
    ] {
        let (result, server) = send_to(answer(status, &body)).await;
        let shown = format!("{status} {}", &body[..body.len().min(200)]);
        assert_eq!(result.expect_err(&shown).code, FailureCode::AnswerUnreadable, "{shown}");
        assert_eq!(server.seen().len(), 1, "{shown}");
    }
}

#[tokio::test]
async fn a_refusal_tells_how_long_to_wait_and_an_error_of_the_gateway_is_in_doubt() {
    let error = |code: u32| format!(r#"{{"code":{code},"message":"m","more_info":"u","status":400}}"#);
    for (status, body, expected) in [
        (400, error(21_211), "recipient_rejected"),
        (400, error(21_999), "request_refused"),
        (400, error(20_500), "answer_lost"),
        (400, OK.to_owned(), "request_refused"),
        (400, "<html>".to_owned(), "request_refused"),
        (401, error(20_003), "provider_auth"),
        (403, String::new(), "provider_auth"),
        (408, String::new(), "answer_lost"),
        (429, error(20_429), "provider_throttled"),
        (429, String::new(), "provider_throttled"),
        (500, error(20_500), "answer_lost"),
        // Whatever an error of the gateway says, the message may be with it.
        (500, error(21_211), "answer_lost"),
        (503, error(20_503), "answer_lost"),
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

#[tokio::test]
async fn a_message_that_failed_at_once_was_not_sent_and_says_why() {
    for (status, error, expected) in [
        ("failed", "30002", "provider_auth"),
        ("undelivered", "30003", "not_delivered"),
        ("failed", "null", "not_delivered"),
        ("failed", "99999", "not_delivered"),
        ("canceled", "null", "not_delivered"),
    ] {
        let body = OK
            .replace("\"queued\"", &format!("\"{status}\""))
            .replace("\"error_code\":null", &format!("\"error_code\":{error}"));
        let (result, _server) = send_to(answer(201, &body)).await;
        assert_eq!(result.expect_err(status).code.as_str(), expected, "{status} {error}");
    }
}

#[tokio::test]
async fn what_twilio_says_reaches_people_without_numbers() {
    let body = r#"{"code":21211,"message":"The 'To' number +84912345678 is not valid.","status":400}"#;
    let (result, _server) = send_to(answer(400, body)).await;
    let failure = result.expect_err("refused");
    assert_eq!(failure.provider_code.as_deref(), Some("21211"));
    assert_eq!(failure.detail, "Twilio 21211: The 'To' number (number) is not valid.");
}
