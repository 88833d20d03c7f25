//! What becomes of a request whose answer was lost, by what the adapter says that its gateway can do.

use closure_contract::{
    ClientRef,
    facts::recovery::{Duplicates, LookUpBy},
};
use closure_providers::{CodeReading, LookUp, LookUpQuery};

use super::super::candidate::{Asked, Candidate, Verdict, ensure};
use crate::support::{
    client_ref,
    gateways::{message, status_query},
    http::{Answer, HttpServer, answer},
};

fn script(bodies: &[String]) -> Vec<Answer> {
    bodies.iter().map(|body| answer(200, body)).collect()
}

/// Looked up by our reference, by what the message is, or not at all; and refused as a duplicate where that is said.
pub(crate) async fn as_declared<C: Candidate>(candidate: &C) -> Verdict {
    let recorded = candidate.recorded();
    let message = message();
    let server = HttpServer::start(script(&recorded.found)).await;
    let adapter = candidate.at(server.base_url());
    let recovery = adapter.capabilities().recovery;
    let looked = adapter.look_up(&candidate.query(&message)).await;
    let asked = server.seen();
    match recovery.look_up {
        LookUpBy::Nothing => {
            ensure!(looked == Ok(LookUp::CannotTell), "nobody can be asked, and it says {looked:?}");
            ensure!(asked.is_empty(), "nobody can be asked, and {} requests were made", asked.len());
        }
        LookUpBy::ClientReference | LookUpBy::RecipientAndTime => {
            let Ok(LookUp::Found { provider_ref, .. }) = &looked else {
                return Err(format!("the message is there, and it says {looked:?}"));
            };
            ensure!(
                *provider_ref == recorded.provider_ref,
                "{provider_ref} is another name than the answer's"
            );
            let server = HttpServer::start(vec![answer(200, &recorded.none)]).await;
            let looked = candidate.at(server.base_url()).look_up(&candidate.query(&message)).await;
            ensure!(looked == Ok(LookUp::NotFound), "nothing is there, and it says {looked:?}");
        }
    }
    let without = LookUpQuery { message: None, ..candidate.query(&message) };
    let server = HttpServer::start(script(&recorded.found)).await;
    let looked = candidate.at(server.base_url()).look_up(&without).await;
    match recovery.look_up {
        LookUpBy::ClientReference => {
            let named = asked.iter().any(|request| request.line.contains(&client_ref().to_string()));
            ensure!(named, "it is found by our reference, which no request names");
            ensure!(matches!(looked, Ok(LookUp::Found { .. })), "our reference is enough: {looked:?}");
        }
        LookUpBy::RecipientAndTime | LookUpBy::Nothing => {
            ensure!(looked == Ok(LookUp::CannotTell), "without its text nothing can be told: {looked:?}");
        }
    }
    let tables = candidate.descriptor().code_tables.iter();
    let is_told = tables.flat_map(|table| table.rows).any(|row| row.reading == CodeReading::Taken);
    match recovery.duplicates {
        Duplicates::Refused => ensure!(is_told, "duplicates are refused, and no code says `Taken`"),
        Duplicates::Carried => ensure!(!is_told, "a code says `Taken`, and duplicates are carried"),
    }
    Ok(())
}

/// A list that shows another's message, whatever filter it was given.
pub(crate) async fn never_anothers<C: Candidate>(candidate: &C) -> Verdict {
    let recorded = candidate.recorded();
    let message = message();
    let other: ClientRef = "00000000-0000-4000-8000-000000000001".parse().expect("a UUID");
    let (ours, theirs) = (client_ref().to_string(), other.to_string());
    let foreign: Vec<String> = recorded
        .found
        .iter()
        .map(|body| body.replace(&ours, &theirs).replace(&message.text, "another text"))
        .collect();
    let server = HttpServer::start(script(&foreign)).await;
    let looked = candidate.at(server.base_url()).look_up(&candidate.query(&message)).await;
    ensure!(!matches!(looked, Ok(LookUp::Found { .. })), "another's message was taken for ours: {looked:?}");
    if candidate.at(server.base_url()).capabilities().recovery.look_up == LookUpBy::ClientReference {
        ensure!(looked.is_err(), "a list that does not filter is no empty list: {looked:?}");
    }
    let server = HttpServer::start(script(&recorded.status)).await;
    let said = candidate.at(server.base_url());
    let said = said.status(&status_query(client_ref(), &recorded.provider_ref)).await;
    ensure!(
        matches!(&said, Ok(LookUp::Found { provider_ref, .. }) if *provider_ref == recorded.provider_ref),
        "the message is there, and it says {said:?}"
    );
    let ends = recorded.provider_ref.chars().last().unwrap_or('0');
    let name = recorded.provider_ref.strip_suffix(ends).unwrap_or_default();
    let another = format!("{name}{}", if ends == '1' { '2' } else { '1' });
    let foreign: Vec<String> = recorded
        .status
        .iter()
        .map(|body| body.replace(&ours, &theirs).replace(&recorded.provider_ref, &another))
        .map(|body| body.replace(name.trim_end_matches(':'), "20261122100005Another0000"))
        .collect();
    let server = HttpServer::start(script(&foreign)).await;
    let said = candidate.at(server.base_url());
    let said = said.status(&status_query(client_ref(), &recorded.provider_ref)).await;
    ensure!(said.is_err(), "it was told of another message, and says {said:?}");
    Ok(())
}
