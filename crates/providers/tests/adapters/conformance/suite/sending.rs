//! A text that the gateway takes.

use closure_contract::facts::recovery::LookUpBy;
use closure_providers::{Sender, SmsMessage};
use serde_json::Value;

use super::super::candidate::{Asked, Candidate, Verdict, ensure};
use crate::support::{
    client_ref,
    gateways::message,
    http::{HttpServer, answer},
};

/// One try is one request, which carries our reference, and the answer's name for the message comes back.
pub(crate) async fn one_request<C: Candidate>(candidate: &C) -> Verdict {
    let recorded = candidate.recorded();
    let server = HttpServer::start(vec![answer(recorded.taken, &recorded.send_ok)]).await;
    let adapter = candidate.at(server.base_url());
    ensure!(
        adapter.provider() == candidate.gateway().provider(),
        "it sends for {} and is {}",
        adapter.provider(),
        candidate.gateway()
    );
    let accepted = adapter.send(&message()).await.map_err(|failure| format!("not taken: {failure}"))?;
    ensure!(accepted.provider_ref.as_deref() == Some(&recorded.provider_ref), "{:?}", accepted.provider_ref);
    let seen = server.seen();
    ensure!(seen.len() == 1, "one try is one request, and not {}", seen.len());
    let reference = client_ref().to_string();
    let may_be_without = adapter.capabilities().recovery.look_up == LookUpBy::Nothing;
    ensure!(
        may_be_without || seen[0].body.contains(&reference) || seen[0].line.contains(&reference),
        "our reference is nowhere in the request, so that no receipt and no list can name it"
    );
    ensure!(
        seen[0].body.contains("84912345678"),
        "the recipient's digits belong into the body: an address is written into logs"
    );
    Ok(())
}

/// The text as it is, whatever is in it.
pub(crate) async fn the_very_text<C: Candidate>(candidate: &C) -> Verdict {
    let recorded = candidate.recorded();
    for text in [
        "a&b=c+d%20e",
        "\"quoted\" \\ back",
        "한국어\n两行",
        "\u{1F469}\u{200D}\u{1F680}",
        " edges ",
        "<b>&amp;",
    ] {
        let server = HttpServer::start(vec![answer(recorded.taken, &recorded.send_ok)]).await;
        let sent = SmsMessage { text: text.to_owned(), ..message() };
        let taken = candidate.at(server.base_url()).send(&sent).await;
        // An answer that repeats the text is of another one here, so that a doubt is no fault.
        drop(taken);
        let seen = server.seen();
        let body = &seen.first().ok_or("nothing was sent")?.body;
        ensure!(strings(body).iter().any(|found| found == text), "{text:?} is not in {body}");
    }
    Ok(())
}

/// Every text of a body, be it JSON or a form.
fn strings(body: &str) -> Vec<String> {
    fn collect(value: &Value, into: &mut Vec<String>) {
        match value {
            Value::String(text) => into.push(text.clone()),
            Value::Array(values) => values.iter().for_each(|value| collect(value, into)),
            Value::Object(fields) => fields.values().for_each(|value| collect(value, into)),
            Value::Null | Value::Bool(_) | Value::Number(_) => {}
        }
    }
    match serde_json::from_str(body) {
        Ok(value) => {
            let mut found = Vec::new();
            collect(&value, &mut found);
            found
        }
        Err(_) => form_urlencoded::parse(body.as_bytes()).map(|(_, value)| value.into_owned()).collect(),
    }
}
