//! An exchange that is cut at any byte: it is in doubt, and never success.

use closure_contract::FailureCode;
use closure_providers::{LookUp, SendFailure, Sender};

use super::super::candidate::{Asked, Candidate, Verdict, ensure};
use crate::support::{
    client_ref,
    gateways::{http, message, status_query},
    http::{Answer, HttpServer, answer, response},
};

const IN_DOUBT: [FailureCode; 2] = [FailureCode::AnswerLost, FailureCode::AnswerUnreadable];

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

pub(crate) async fn send<C: Candidate>(candidate: &C) -> Verdict {
    let recorded = candidate.recorded();
    let cuts = beginnings(recorded.taken, &recorded.send_ok);
    let server = HttpServer::start(cuts.iter().cloned().map(Answer::Bytes).collect()).await;
    let adapter = candidate.at(server.base_url());
    for (index, cut) in cuts.iter().enumerate() {
        let shown = String::from_utf8_lossy(cut);
        let Err(failure) = adapter.send(&message()).await else { return Err(format!("taken after {shown}")) };
        ensure!(IN_DOUBT.contains(&failure.code), "{} after {shown}", failure.code);
        ensure!(server.seen().len() == index + 1, "one try is one request");
    }
    Ok(())
}

pub(crate) async fn look_up<C: Candidate>(candidate: &C) -> Verdict {
    let recorded = candidate.recorded();
    let message = message();
    let query = candidate.query(&message);
    for whole in [recorded.found.as_slice(), &[recorded.none]] {
        for (script, shown) in cut_at_each_step(whole) {
            let server = HttpServer::start(script).await;
            let adapter = candidate.at(server.base_url());
            for shown in shown {
                found_nothing_out(adapter.look_up(&query).await, &shown)?;
            }
        }
    }
    let script = recorded.found.iter().map(|body| answer(200, body)).collect();
    let server = HttpServer::start(script).await;
    let found = candidate.at(server.base_url()).look_up(&query).await;
    ensure!(matches!(found, Ok(LookUp::Found { .. })), "the whole of it is an answer: {found:?}");
    Ok(())
}

pub(crate) async fn status<C: Candidate>(candidate: &C) -> Verdict {
    let recorded = candidate.recorded();
    let query = status_query(client_ref(), &recorded.provider_ref);
    for (script, shown) in cut_at_each_step(&recorded.status) {
        let server = HttpServer::start(script).await;
        let adapter = candidate.at(server.base_url());
        for shown in shown {
            found_nothing_out(adapter.status(&query).await, &shown)?;
        }
    }
    Ok(())
}

/// What is given out once is lost where a part of it counts as the whole.
pub(crate) async fn pull<C: Candidate>(candidate: &C) -> Verdict {
    let since = candidate.since();
    let now = since.later_by_s(600);
    let Some((_, whole)) = candidate.pull(http("http://127.0.0.1:9".to_owned())) else { return Ok(()) };
    let cuts = beginnings(200, &whole);
    let script = cuts.iter().cloned().chain([response(200, "", whole.as_bytes())]).map(Answer::Bytes);
    let server = HttpServer::start(script.collect()).await;
    let pull = candidate.pull(http(server.base_url())).map(|(pull, _)| pull).ok_or("it can be asked once")?;
    for cut in &cuts {
        let shown = String::from_utf8_lossy(cut);
        match pull.pull(since, now).await {
            Err(problem) if IN_DOUBT.contains(&problem.code) => {}
            other => return Err(format!("{other:?} after {shown}")),
        }
    }
    let (opened, _) = pull.pull(since, now).await.map_err(|problem| problem.to_string())?;
    ensure!(!opened.receipts.is_empty() && opened.unreadable == 0, "the whole of it brings {opened:?}");
    Ok(())
}

/// For each step of an exchange: whole answers until then, and then each beginning of its own.
fn cut_at_each_step(whole: &[String]) -> impl Iterator<Item = (Vec<Answer>, Vec<String>)> + '_ {
    (0..whole.len()).map(|step| {
        let cuts = beginnings(200, &whole[step]);
        let shown = cuts.iter().map(|cut| String::from_utf8_lossy(cut).into_owned()).collect();
        let before = || whole[..step].iter().map(|body| answer(200, body));
        (cuts.into_iter().flat_map(|cut| before().chain([Answer::Bytes(cut)])).collect(), shown)
    })
}

fn found_nothing_out(looked: Result<LookUp, SendFailure>, shown: &str) -> Verdict {
    match looked {
        Err(problem) if IN_DOUBT.contains(&problem.code) => Ok(()),
        other => Err(format!("{other:?} after {shown}")),
    }
}
