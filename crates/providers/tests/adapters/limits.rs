//! Where a gateway's host may lead, and how long it may be silent.

use closure_contract::{FailureCode, SmsProvider};
use closure_providers::{Addresses, ConfigError, HttpSettings, Sender, SmsGateway};

use crate::support::{
    gateways::{adapter, http, message},
    http::{Answer, HttpServer, answer},
};

/// One request may take an hour, so that a test that ends has met the shorter limit.
const AN_HOUR_MS: u64 = 3_600_000;

/// Every gateway at this address.
fn every_gateway(
    base_url: &str,
    addresses: Addresses,
    read_timeout_ms: u64,
) -> impl Iterator<Item = Result<SmsGateway, ConfigError>> {
    let total_timeout_ms = AN_HOUR_MS;
    let http = HttpSettings { addresses, read_timeout_ms, total_timeout_ms, ..http(base_url.to_owned()) };
    SmsProvider::ALL.iter().map(move |gateway| adapter(*gateway, http.clone()))
}

#[tokio::test]
async fn a_host_whose_name_leads_into_our_own_network_is_never_connected_to() {
    let server = HttpServer::start(vec![answer(500, "")]).await;
    let named = format!("http://localhost:{}", server.port());
    for gateway in every_gateway(&named, Addresses::Public, AN_HOUR_MS) {
        let gateway = gateway.expect("a name is looked at when it is connected to");
        let failure = gateway.send(&message()).await.expect_err("the name leads to this machine");
        assert_eq!(failure.code, FailureCode::ProviderUnavailable, "nothing was sent");
    }
    assert!(server.seen().is_empty());
    for gateway in every_gateway(&named, Addresses::Any, AN_HOUR_MS) {
        let failure = gateway.expect("good settings").send(&message()).await.expect_err("status 500");
        assert_eq!(failure.code, FailureCode::AnswerLost);
    }
    assert_eq!(server.seen().len(), SmsProvider::ALL.len(), "the same name is reached where it may be");
}

#[test]
fn a_host_that_is_a_private_address_is_refused_before_any_socket_is_opened() {
    for url in ["http://127.0.0.1:9", "https://10.0.0.1", "https://[::1]", "https://169.254.169.254"] {
        for gateway in every_gateway(url, Addresses::Public, AN_HOUR_MS) {
            assert!(matches!(gateway, Err(ConfigError::PrivateAddress { .. })), "{url}: {gateway:?}");
        }
    }
}

#[tokio::test]
async fn a_gateway_that_falls_silent_is_left_in_doubt_before_the_whole_time_is_up() {
    let head = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n{";
    for beginning in [&b""[..], &head[..]] {
        let server = HttpServer::start(vec![Answer::Stall(beginning.to_vec())]).await;
        for gateway in every_gateway(&server.base_url(), Addresses::Any, 200) {
            let failure = gateway.expect("good settings").send(&message()).await.expect_err("no answer");
            assert_eq!(failure.code, FailureCode::AnswerLost);
        }
    }
}
