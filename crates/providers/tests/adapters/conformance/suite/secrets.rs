//! Who may bring receipts, and what nobody may see.

use closure_providers::{DoorError, HeadProof, Sender};

use super::{
    super::candidate::{Candidate, Verdict, ensure},
    codes,
};
use crate::support::{
    gateways::message,
    http::{HttpServer, answer},
};

pub(crate) fn doors<C: Candidate>(candidate: &C) -> Verdict {
    let recorded = candidate.recorded();
    let (query, body) = (recorded.receipt_query.as_str(), recorded.receipts[0].as_str());
    let [current, next] = candidate.door_secrets();
    let proof = |secret: &str| candidate.proof(secret, query, body);
    for live in [&[current][..], &[current, next], &[next, current]] {
        for secret in live {
            let opened = candidate.knock(live, &proof(secret), body);
            ensure!(opened.is_ok(), "one of {} live secrets: {opened:?}", live.len());
        }
    }
    let mut forged = vec![
        (vec![current], Vec::new(), body.to_owned(), "no proof at all"),
        (vec![current], proof(next), body.to_owned(), "the proof of a secret that is not live"),
    ];
    let empty: Vec<(&str, String)> =
        proof(current).into_iter().map(|(name, _)| (name, String::new())).collect();
    forged.push((vec![current], empty, body.to_owned(), "an empty proof"));
    for (index, (name, value)) in proof(current).into_iter().enumerate() {
        let mut headers = proof(current);
        headers[index] = (name, changed(&value));
        forged.push((vec![current], headers, body.to_owned(), "a changed header"));
    }
    if candidate.descriptor().door.head_proof == HeadProof::OverTheBody {
        let longer = format!("{body} ");
        forged.push((vec![current], proof(current), longer, "a body that was changed after it was signed"));
    }
    for (live, headers, body, what) in forged {
        let opened = candidate.knock(&live, &headers, &body);
        ensure!(opened == Err(DoorError::Forged), "{what}: {opened:?}");
    }
    for bad in [&[][..], &["short"], &["two words of a secret"], &[current, next, current]] {
        let secrets: Vec<String> = bad.iter().map(|secret| (*secret).to_owned()).collect();
        ensure!(candidate.door(&secrets).is_err(), "these are no secrets of a door: {bad:?}");
    }
    Ok(())
}

/// The same text with another character in its middle.
fn changed(text: &str) -> String {
    let middle = text.chars().count() / 2;
    let other = |char| if char == 'A' { 'B' } else { 'A' };
    text.chars().enumerate().map(|(at, char)| if at == middle { other(char) } else { char }).collect()
}

pub(crate) async fn shown<C: Candidate>(candidate: &C) -> Verdict {
    let secret = candidate.api_secret();
    let server = HttpServer::start(vec![answer(401, "")]).await;
    let adapter = candidate.at(server.base_url());
    let failure = adapter.send(&message()).await.err().ok_or("status 401 is no success")?;
    for shown in [format!("{adapter:?}"), format!("{failure:?}"), failure.to_string()] {
        ensure!(!shown.contains(secret), "the secret of its API is shown: {shown}");
        ensure!(!shown.contains("84912345678"), "a number is shown: {shown}");
    }
    let seen = server.seen();
    let line = seen.first().map(|request| request.line.as_str()).unwrap_or_default();
    ensure!(!line.contains(secret), "a secret belongs into a header: an address is written into logs");
    let secrets: Vec<String> = candidate.door_secrets().iter().map(|secret| (*secret).to_owned()).collect();
    let door = candidate.door(&secrets).map_err(|problem| problem.to_string())?;
    let shown = format!("{door:?}");
    ensure!(secrets.iter().all(|secret| !shown.contains(secret.as_str())), "{shown}");
    Ok(())
}

/// Every recorded answer with a number and an address in each of its sentences.
pub(crate) async fn masks<C: Candidate>(candidate: &C) -> Verdict {
    const SAID: &str = "no +84912345678 or 84 912-345-678 of kim@example.com";
    for one in codes::answered(candidate)? {
        let Ok(mut body) = serde_json::from_str(&one.body) else { continue };
        speak(&mut body, SAID);
        let server = HttpServer::start(vec![answer(one.http, body.to_string())]).await;
        let Err(failure) = candidate.at(server.base_url()).send(&message()).await else { continue };
        let shown = format!("{failure:?}");
        for personal in ["84912345678", "912-345-678", "kim@example.com"] {
            ensure!(!shown.contains(personal), "{personal} is shown: {shown}");
        }
    }
    Ok(())
}

/// Puts this into every text that is a sentence; what has no space is a code or a reference.
fn speak(value: &mut serde_json::Value, said: &str) {
    match value {
        serde_json::Value::String(text) if text.contains(' ') => said.clone_into(text),
        serde_json::Value::Array(values) => values.iter_mut().for_each(|value| speak(value, said)),
        serde_json::Value::Object(fields) => fields.values_mut().for_each(|value| speak(value, said)),
        _ => {}
    }
}
