//! What ARI may answer, and what each answer proves about a ringing phone.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use closure_contract::{
    FailureCode, Timestamp,
    facts::calls::{ChannelPresence, ChannelState},
};
use closure_providers::{
    Accepted, AgentPhone, AriDial, AriSettings, Call, ConfigError, Handover, PbxFault, PlainHttp, SendFailure,
};

use time::macros::datetime;

use crate::support::{
    client_ref, closed_port,
    http::{Answer, HttpServer, answer, response},
    install_tls,
};

const FREE: &str = r#"{"technology":"PJSIP","resource":"1001","state":"online","channel_ids":[]}"#;
const MADE: &str =
    r#"{"id":"6f2b1a4e-8f54-5f0e-9d0a-111111111111","name":"PJSIP/1001-00000001","state":"Down"}"#;
const NO_CHANNEL: &str = r#"{"message":"Channel not found"}"#;
const ALLOCATION_FAILED: &str = r#"{"error":"Allocation failed"}"#;

pub(crate) fn settings(base_url: String) -> AriSettings {
    install_tls();
    AriSettings {
        base_url,
        plain_http: PlainHttp::LoopbackOnly,
        username: "fleet".to_owned(),
        password: "ari-password".to_owned(),
        context: "closure-dial".to_owned(),
        technology: "PJSIP".to_owned(),
        extra_roots_pem: None,
        trunk_caller_id: "0234518120".to_owned(),
        outside_line: "9".to_owned(),
        ring_timeout_s: 25,
        connect_timeout_ms: 5_000,
        total_timeout_ms: 20_000,
        body_bytes_max: 64 * 1024,
    }
}

fn ari(base_url: String) -> AriDial {
    AriDial::new(settings(base_url)).expect("good settings")
}

/// For PBXs that stall: how soon it gives up is not what these tests are about.
fn impatient(base_url: String) -> AriDial {
    let settings = AriSettings { connect_timeout_ms: 1_500, total_timeout_ms: 2_000, ..settings(base_url) };
    AriDial::new(settings).expect("good settings")
}

fn call() -> Call {
    Call {
        channel_id: client_ref(),
        extension: "1001".to_owned(),
        dial_string: "900184912345678".to_owned(),
        fresh_until: Some(Timestamp(datetime!(2026-11-30 04:00 UTC))),
        handover: Arc::new(Handover::by(Instant::now() + Duration::from_secs(60))),
    }
}

/// What the worker does for one call: it looks at the phone, and then makes it ring.
async fn send(ari: &AriDial, call: &Call) -> Result<Accepted, SendFailure> {
    match ari.look_at_phone(call).await? {
        AgentPhone::InThisCall => Ok(Accepted::under(Some(call.channel_id.to_string()))),
        AgentPhone::Free => ari.place(call).await,
    }
}

async fn dial(script: Vec<Answer>) -> (Result<Accepted, SendFailure>, HttpServer) {
    let server = HttpServer::start(script).await;
    (send(&ari(server.base_url()), &call()).await, server)
}

fn placed() -> Accepted {
    Accepted::under(Some(client_ref().to_string()))
}

#[tokio::test]
async fn a_call_looks_at_the_phone_first_and_then_asks_with_our_own_channel_id() {
    let (result, server) = dial(vec![answer(200, FREE), answer(200, MADE)]).await;
    assert_eq!(result, Ok(placed()));
    let seen = server.seen();
    assert_eq!(seen.len(), 2);
    assert_eq!(seen[0].line, "GET /ari/endpoints/PJSIP/1001 HTTP/1.1");
    assert!(seen[0].head.to_lowercase().contains("authorization: basic zmxlzxq6yxjplxbhc3n3b3jk"));
    assert_eq!(seen[1].line, "POST /ari/channels HTTP/1.1");
    let body: serde_json::Value = serde_json::from_str(&seen[1].body).expect("JSON");
    assert_eq!(
        body,
        serde_json::json!({
            "endpoint": "PJSIP/1001",
            "context": "closure-dial",
            "extension": "900184912345678",
            "priority": 1,
            "channelId": client_ref().to_string(),
            "timeout": 25,
            "variables": {
                "C2C_JOB": client_ref().to_string(),
                "CONNECTEDLINE(num)": "00184912345678",
                "CALLERID(num)": "0234518120",
                "C2C_FRESH_UNTIL": "1796011200",
            },
        })
    );
}

#[tokio::test]
async fn every_answer_to_an_originate_means_what_was_measured() {
    for (status, body, expected) in [
        (409, r#"{"message":"Channel with given unique ID already exists"}"#, None),
        (500, r#"{"error":"Something else"}"#, Some("call_in_doubt")),
        (500, "", Some("call_in_doubt")),
        (502, ALLOCATION_FAILED, Some("call_in_doubt")),
        (503, "", Some("call_in_doubt")),
        (400, r#"{"message":"Invalid endpoint specified"}"#, Some("pbx_refused")),
        (404, "", Some("pbx_without_ari")),
        (401, "", Some("pbx_auth")),
        (403, "", Some("pbx_auth")),
        (408, "", Some("call_in_doubt")),
        (302, "", Some("call_in_doubt")),
        (204, "", Some("call_in_doubt")),
        (200, "", Some("call_in_doubt")),
        (200, "<html>proxy</html>", Some("call_in_doubt")),
        (200, r#"{"id":"another","state":"Down"}"#, Some("call_in_doubt")),
    ] {
        let (result, server) = dial(vec![answer(200, FREE), answer(status, body)]).await;
        match expected {
            None => assert_eq!(result, Ok(placed()), "{status} {body}"),
            Some(code) => assert_eq!(result.expect_err("refused").code.as_str(), code, "{status} {body}"),
        }
        assert_eq!(server.seen().len(), 2, "{status} {body}");
    }
}

#[tokio::test]
async fn a_channel_that_cannot_be_made_is_the_agents_fault_only_where_the_phone_is_offline() {
    let offline = FREE.replace("online", "offline");
    for (phone_then, expected) in [(offline.as_str(), "agent_offline"), (FREE, "pbx_takes_no_calls")] {
        let script = vec![answer(200, FREE), answer(500, ALLOCATION_FAILED), answer(200, phone_then)];
        let (result, server) = dial(script).await;
        assert_eq!(result.expect_err("refused").code.as_str(), expected);
        assert_eq!(server.seen()[2].line, "GET /ari/endpoints/PJSIP/1001 HTTP/1.1");
    }
}

#[tokio::test]
async fn a_phone_and_a_technology_that_the_pbx_does_not_know_are_told_apart() {
    const NO_PHONE: &str = r#"{"message":"Endpoint not found"}"#;
    let no_driver = r#"{"message":"No Endpoints found - invalid tech PJSIP"}"#;
    for (status, body, expected) in
        [(200, "[]", "agent_offline"), (404, no_driver, "phone_technology_unknown"), (401, "", "pbx_auth")]
    {
        let (result, server) = dial(vec![answer(404, NO_PHONE), answer(status, body)]).await;
        assert_eq!(result.expect_err("not rung").code.as_str(), expected);
        assert_eq!(server.seen()[1].line, "GET /ari/endpoints/PJSIP HTTP/1.1");
        assert_eq!(server.seen().len(), 2);
    }
}

/// So many phones of one technology as make an answer of more bytes than any limit of ours.
fn many_phones() -> String {
    let phone = |number: usize| FREE.replace("1001", &number.to_string());
    let phones: Vec<String> = (0..5_000).map(|number| phone(10_000 + number)).collect();
    format!("[{}]", phones.join(","))
}

#[tokio::test]
async fn a_pbx_with_more_phones_than_an_answer_may_tell_of_is_no_outage() {
    const NO_PHONE: &str = r#"{"message":"Endpoint not found"}"#;
    let many = many_phones();
    assert!(many.len() > settings(String::new()).body_bytes_max);
    let (result, _server) = dial(vec![answer(404, NO_PHONE), answer(200, &many)]).await;
    assert_eq!(result.expect_err("not rung").code.as_str(), "agent_offline");
    let script = vec![
        answer(200, "{}"),
        answer(404, NO_CHANNEL),
        answer(200, &many),
        answer(200, r#"{"status":"Running"}"#),
    ];
    let server = HttpServer::start(script).await;
    assert_eq!(ari(server.base_url()).check().await, Ok(()));
    // Whatever answers without an end: no more of it is kept than the limit.
    let script =
        vec![answer(200, "{}"), answer(404, NO_CHANNEL), Answer::Endless(response(404, "", many.as_bytes()))];
    let server = HttpServer::start(script).await;
    let fault = ari(server.base_url()).check().await;
    assert!(
        matches!(&fault, Err(PbxFault::Said(said)) if said.code == FailureCode::PbxWithoutAri),
        "{fault:?}"
    );
}

#[tokio::test]
async fn an_originate_that_is_cut_or_stalled_anywhere_is_in_doubt() {
    let whole = response(200, "", MADE.as_bytes());
    let script = (0..whole.len()).flat_map(|cut| [answer(200, FREE), Answer::Bytes(whole[..cut].to_vec())]);
    let server = HttpServer::start(script.collect()).await;
    let ari = ari(server.base_url());
    for cut in 0..whole.len() {
        let failure = send(&ari, &call()).await.expect_err("cut");
        assert_eq!(failure.code, FailureCode::CallInDoubt, "cut at {cut}");
        assert_eq!(server.seen().len(), 2 * (cut + 1), "never asked twice: cut at {cut}");
    }
    for cut in [0, whole.len() - 1] {
        let script = vec![answer(200, FREE), Answer::Stall(whole[..cut].to_vec())];
        let server = HttpServer::start(script).await;
        let failure = send(&impatient(server.base_url()), &call()).await.expect_err("stalled");
        assert_eq!(failure.code, FailureCode::CallInDoubt, "stalled at {cut}");
    }
}

#[tokio::test]
async fn a_phone_that_cannot_be_rung_is_not_rung() {
    let busy = FREE.replace("[]", r#"["1700000000.1"]"#);
    let offline = FREE.replace("online", "offline");
    for (status, body, expected) in [
        (404, "<html><head><title>404 Not Found</title>", "pbx_without_ari"),
        (404, r#"{"message":"Resource not found"}"#, "pbx_without_ari"),
        (200, offline.as_str(), "agent_offline"),
        (200, busy.as_str(), "agent_busy"),
        (401, "", "pbx_auth"),
        (403, "", "pbx_auth"),
        (400, "", "pbx_refused"),
        (500, "", "pbx_unavailable"),
        (503, "", "pbx_unavailable"),
        (200, "<html>", "pbx_unavailable"),
        (200, "{}", "pbx_unavailable"),
    ] {
        let (result, server) = dial(vec![answer(status, body)]).await;
        assert_eq!(result.expect_err("not rung").code.as_str(), expected, "{status} {body}");
        assert_eq!(server.seen().len(), 1, "{status} {body}");
    }
    let server = HttpServer::start(vec![Answer::Stall(Vec::new())]).await;
    let failure = send(&impatient(server.base_url()), &call()).await.expect_err("stalled");
    assert_eq!(failure.code, FailureCode::PbxUnavailable);
    let port = closed_port().await;
    let failure = send(&ari(format!("http://127.0.0.1:{port}")), &call()).await.expect_err("down");
    assert_eq!(failure.code, FailureCode::PbxUnavailable);
}

#[tokio::test]
async fn a_phone_that_is_in_this_very_call_is_not_busy() {
    let ours = FREE.replace("[]", &format!(r#"["{}"]"#, client_ref()));
    let (result, server) = dial(vec![answer(200, ours)]).await;
    assert_eq!(result, Ok(placed()));
    assert_eq!(server.seen().len(), 1, "and is not rung again");
}

#[tokio::test]
async fn a_process_that_stood_still_in_the_preflight_rings_nobody() {
    let server = HttpServer::start(vec![answer(200, FREE), answer(200, MADE)]).await;
    let late = Call { handover: Arc::new(Handover::by(Instant::now())), ..call() };
    let failure = send(&ari(server.base_url()), &late).await.expect_err("the lease is over");
    assert_eq!(failure.code, FailureCode::StaleClick);
    assert_eq!(server.seen().len(), 1, "the phone was looked at and not rung");
}

#[tokio::test]
async fn only_digits_behind_the_outside_line_reach_the_pbx() {
    let server = HttpServer::start(vec![answer(200, FREE), answer(200, MADE)]).await;
    let ari = ari(server.base_url());
    for dial_string in [
        "",
        "9",
        "9119",
        "9112",
        "0",
        "01012345678",
        "9+84912345678",
        "9111&PJSIP/1002",
        "9111111;x",
        "9 0101234567",
        "９01012345678",
        "9\u{661}\u{662}\u{663}\u{664}\u{665}",
        "901012345678\r\n",
        "90000000000000000000000000",
    ] {
        let wrong = Call { dial_string: dial_string.to_owned(), ..call() };
        assert_eq!(
            send(&ari, &wrong).await.expect_err("refused").code,
            FailureCode::PbxRefused,
            "{dial_string:?}"
        );
    }
    for extension in ["", "1", "12345678901", "1001&1002", "../x", "１００１"] {
        let wrong = Call { extension: extension.to_owned(), ..call() };
        assert_eq!(
            send(&ari, &wrong).await.expect_err("refused").code,
            FailureCode::PbxRefused,
            "{extension:?}"
        );
    }
    assert!(server.seen().is_empty());
    for dial_string in ["901012345678", "900184912345678", "915881234"] {
        let server = HttpServer::start(vec![answer(200, FREE), answer(200, MADE)]).await;
        let good = Call { dial_string: dial_string.to_owned(), ..call() };
        let result = send(&self::ari(server.base_url()), &good).await;
        assert_eq!(result, Ok(placed()), "{dial_string}");
    }
}

#[tokio::test]
async fn a_channel_is_alive_or_gone_or_unknown() {
    use ChannelState::{Down, Other, Ringing, Up};
    for (name, state) in
        [("Down", Down), ("Ring", Ringing), ("Ringing", Ringing), ("Up", Up), ("Busy", Other), ("New", Other)]
    {
        let body = MADE.replace("\"Down\"", &format!("\"{name}\""));
        let server = HttpServer::start(vec![answer(200, body)]).await;
        let presence = ari(server.base_url()).channel(client_ref()).await;
        assert_eq!(presence, Ok(ChannelPresence::Alive { state }), "{name}");
        assert_eq!(server.seen()[0].line, "GET /ari/channels/6f2b1a4e-8f54-5f0e-9d0a-111111111111 HTTP/1.1");
    }
    let gone = HttpServer::start(vec![answer(404, NO_CHANNEL)]).await;
    assert_eq!(ari(gone.base_url()).channel(client_ref()).await, Ok(ChannelPresence::Gone));
    for (status, body, expected) in [
        (200, "<html>", "pbx_unavailable"),
        (500, "", "pbx_unavailable"),
        (401, "", "pbx_auth"),
        (404, "<html>", "pbx_without_ari"),
        (404, r#"{"message":"Resource not found"}"#, "pbx_without_ari"),
    ] {
        let server = HttpServer::start(vec![answer(status, body)]).await;
        let unknown = ari(server.base_url()).channel(client_ref()).await;
        assert_eq!(unknown.expect_err("unknown").code.as_str(), expected);
    }
}

#[tokio::test]
async fn hanging_up_a_call_that_has_ended_is_well() {
    for (status, body) in [(204, ""), (404, NO_CHANNEL)] {
        let server = HttpServer::start(vec![answer(status, body)]).await;
        assert_eq!(ari(server.base_url()).hang_up(client_ref()).await, Ok(()));
        assert!(server.seen()[0].line.starts_with("DELETE /ari/channels/6f2b1a4e"));
    }
    let server = HttpServer::start(vec![answer(500, "")]).await;
    let failure = ari(server.base_url()).hang_up(client_ref()).await.expect_err("no");
    assert_eq!(failure.code, FailureCode::PbxUnavailable);
}

#[tokio::test]
async fn a_base_url_may_name_ari_or_leave_it_out() {
    for suffix in ["", "/", "/ari", "/ari/"] {
        let server = HttpServer::start(vec![answer(404, NO_CHANNEL)]).await;
        let presence = ari(format!("{}{suffix}", server.base_url())).channel(client_ref()).await;
        assert_eq!(presence, Ok(ChannelPresence::Gone));
        assert!(server.seen()[0].line.starts_with("GET /ari/channels/"), "{suffix}");
    }
}

#[test]
fn settings_that_cannot_work_are_refused() {
    let good = || settings("http://127.0.0.1:8088".to_owned());
    for wrong in [
        AriSettings { password: String::new(), ..good() },
        AriSettings { username: "a:b".to_owned(), ..good() },
        AriSettings { technology: "PJSIP/x".to_owned(), ..good() },
        AriSettings { trunk_caller_id: "+82234518120".to_owned(), ..good() },
        AriSettings { outside_line: String::new(), ..good() },
        AriSettings { ring_timeout_s: 0, ..good() },
        AriSettings { ring_timeout_s: 121, ..good() },
        AriSettings { connect_timeout_ms: 20_000, ..good() },
        AriSettings { body_bytes_max: 0, ..good() },
    ] {
        assert!(matches!(AriDial::new(wrong), Err(ConfigError::Setting { .. })));
    }
    let remote = AriSettings { base_url: "http://pbx.example.com:8088".to_owned(), ..good() };
    assert_eq!(AriDial::new(remote.clone()).expect_err("plain"), ConfigError::PlainText { service: "ARI" });
    assert!(AriDial::new(AriSettings { plain_http: PlainHttp::TrustedNetwork, ..remote }).is_ok());
    let printed = format!("{:?} {:?}", good(), call());
    assert!(!printed.contains("ari-password") && !printed.contains("84912345678"));
}
