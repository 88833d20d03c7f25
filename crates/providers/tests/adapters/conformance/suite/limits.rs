//! Where a gateway's host may lead, how long it may be silent, and how it says that it was asked too often.

use closure_contract::FailureCode;
use closure_providers::{Addresses, ConfigError, HttpSettings, Sender};

use super::super::candidate::{Candidate, Verdict, ensure};
use crate::support::{
    gateways::{http, message},
    http::{Answer, HttpServer, answer, answer_with},
    tls::{Shown, TlsServer, shown},
};

/// One request may take an hour, so that a test that ends has met the shorter limit.
const AN_HOUR_MS: u64 = 3_600_000;

fn reached(base_url: &str, addresses: Addresses, read_timeout_ms: u64) -> HttpSettings {
    HttpSettings { addresses, read_timeout_ms, total_timeout_ms: AN_HOUR_MS, ..http(base_url.to_owned()) }
}

async fn fails<C: Candidate>(candidate: &C, http: HttpSettings) -> Result<FailureCode, String> {
    let adapter = candidate.adapter(http).map_err(|problem| problem.to_string())?;
    adapter.send(&message()).await.err().map(|failure| failure.code).ok_or_else(|| "it is taken".to_owned())
}

pub(crate) async fn addresses<C: Candidate>(candidate: &C) -> Verdict {
    let server = HttpServer::start(vec![answer(500, "")]).await;
    let named = format!("http://localhost:{}", server.port());
    let code = fails(candidate, reached(&named, Addresses::Public, AN_HOUR_MS)).await?;
    ensure!(code == FailureCode::ProviderUnavailable, "nothing was sent, and it says {code}");
    ensure!(server.seen().is_empty(), "the name leads to this machine, which was asked");
    let code = fails(candidate, reached(&named, Addresses::Any, AN_HOUR_MS)).await?;
    ensure!(code == FailureCode::AnswerLost, "{code} after status 500");
    ensure!(server.seen().len() == 1, "the same name is reached where it may be");
    for url in ["http://127.0.0.1:9", "https://10.0.0.1", "https://[::1]", "https://169.254.169.254"] {
        let made = candidate.adapter(reached(url, Addresses::Public, AN_HOUR_MS));
        ensure!(matches!(made, Err(ConfigError::PrivateAddress { .. })), "{url}: {made:?}");
    }
    Ok(())
}

/// Silence, and an answer without an end.
pub(crate) async fn silence<C: Candidate>(candidate: &C) -> Verdict {
    let head = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n{";
    for beginning in [&b""[..], &head[..]] {
        let server = HttpServer::start(vec![Answer::Stall(beginning.to_vec())]).await;
        let code = fails(candidate, reached(&server.base_url(), Addresses::Any, 200)).await?;
        ensure!(code == FailureCode::AnswerLost, "{code} after silence");
    }
    let recorded = candidate.recorded();
    let large = answer(recorded.taken, format!("{}{}", recorded.send_ok, " ".repeat(128 * 1024)));
    let server = HttpServer::start(vec![large]).await;
    let code = fails(candidate, http(server.base_url())).await?;
    ensure!(code == FailureCode::AnswerUnreadable, "{code} after an answer beyond the limit");
    let adapter = candidate.adapter(http(server.base_url())).map_err(|problem| problem.to_string())?;
    ensure!(adapter.longest_send_ms() >= 20_000, "a send may take the whole time that a request may take");
    Ok(())
}

pub(crate) async fn certificates<C: Candidate>(candidate: &C) -> Verdict {
    const UNTRUSTED: &str = "is signed by an authority that is not trusted here";
    for (what, words) in [
        (Shown::Sound, UNTRUSTED),
        (Shown::AnotherAuthoritys, UNTRUSTED),
        (Shown::SelfSigned, UNTRUSTED),
        (Shown::SelfSignedAuthority, "the server shows an authority's own certificate"),
        (Shown::Expired, "has expired"),
        (Shown::NotValidYet, "is not valid yet"),
    ] {
        let server = TlsServer::start(shown(what).0).await;
        let failure = candidate.at(server.base_url()).send(&message()).await;
        let failure = failure.err().ok_or_else(|| format!("{what:?} is trusted"))?;
        ensure!(failure.code == FailureCode::ProviderUnavailable, "{what:?}: {}", failure.code);
        let detail = &failure.detail;
        ensure!(detail.contains(words) && detail.ends_with("nothing was sent"), "{what:?}: {detail}");
    }
    Ok(())
}

/// What is refused for its speed waits as long as the gateway asks; wrong credentials are the account's; and a fault of
/// the gateway is no word that nothing was sent.
pub(crate) async fn refusals<C: Candidate>(candidate: &C) -> Verdict {
    let server = HttpServer::start(vec![answer_with(429, "Retry-After: 7\r\n", "")]).await;
    let failure = candidate.at(server.base_url()).send(&message()).await.err().ok_or("429 is no success")?;
    ensure!(failure.code == FailureCode::ProviderThrottled, "{} after status 429", failure.code);
    ensure!(
        failure.retry_after_ms == Some(7_000),
        "it asks for 7 s, and {:?} is kept",
        failure.retry_after_ms
    );
    for (status, expected) in [
        (401, FailureCode::ProviderAuth),
        (403, FailureCode::ProviderAuth),
        (500, FailureCode::AnswerLost),
        (502, FailureCode::AnswerLost),
        (503, FailureCode::AnswerLost),
        (504, FailureCode::AnswerLost),
        (204, FailureCode::AnswerUnreadable),
        (302, FailureCode::AnswerUnreadable),
    ] {
        let server = HttpServer::start(vec![answer(status, "")]).await;
        let code = fails(candidate, http(server.base_url())).await?;
        ensure!(code == expected, "{code} after status {status}, and not {expected}");
        ensure!(server.seen().len() == 1, "status {status} is followed by no further request");
    }
    Ok(())
}
