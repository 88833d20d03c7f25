//! Every documented code as a recorded exchange: what it ends as here, and that none is missing.

use std::collections::BTreeSet;

use closure_providers::{CodeReading, Sender};
use serde::Deserialize;

use super::super::candidate::{Candidate, Verdict, ensure};
use crate::support::{
    gateways::message,
    http::{HttpServer, answer},
};

/// One exchange, a line of `recorded/<name>_codes.jsonl`.
#[derive(Deserialize)]
pub(crate) struct Exchange {
    table: String,
    code: String,
    through: Through,
    /// The status of an answer.
    #[serde(default)]
    pub(crate) http: u16,
    pub(crate) body: String,
    /// `accepted` or a failure code for an answer, the status for a receipt.
    ends: String,
    /// Why a receipt speaks of no arrival.
    #[serde(default)]
    why: Option<String>,
}

#[derive(Deserialize, PartialEq)]
#[serde(rename_all = "snake_case")]
enum Through {
    Answer,
    Receipt,
}

fn all<C: Candidate>(candidate: &C) -> Result<Vec<Exchange>, String> {
    let path = format!("{}/tests/recorded/{}_codes.jsonl", env!("CARGO_MANIFEST_DIR"), candidate.gateway());
    let text = std::fs::read_to_string(&path).map_err(|problem| format!("{path}: {problem}"))?;
    let read = |line: &str| serde_json::from_str(line).map_err(|problem| format!("{line}: {problem}"));
    text.lines().map(read).collect()
}

fn through<C: Candidate>(candidate: &C, way: &Through) -> Result<Vec<Exchange>, String> {
    Ok(all(candidate)?.into_iter().filter(|one| one.through == *way).collect())
}

/// Those that answer a request.
pub(crate) fn answered<C: Candidate>(candidate: &C) -> Result<Vec<Exchange>, String> {
    through(candidate, &Through::Answer)
}

pub(crate) fn all_recorded<C: Candidate>(candidate: &C) -> Verdict {
    let met: BTreeSet<(String, String)> =
        all(candidate)?.into_iter().map(|one| (one.table, one.code)).collect();
    let tables = candidate.descriptor().code_tables;
    let documented: BTreeSet<(String, String)> = tables
        .iter()
        .flat_map(|table| table.rows.iter().map(|row| (table.what.to_owned(), row.code.to_owned())))
        .collect();
    let different: Vec<_> = met.symmetric_difference(&documented).collect();
    ensure!(different.is_empty(), "documented or recorded, and not both: {different:?}");
    ensure!(!documented.is_empty(), "no code is documented");
    Ok(())
}

pub(crate) async fn answers<C: Candidate>(candidate: &C) -> Verdict {
    let exchanges = answered(candidate)?;
    let script = exchanges.iter().map(|one| answer(one.http, &one.body)).collect();
    let server = HttpServer::start(script).await;
    let adapter = candidate.at(server.base_url());
    for one in &exchanges {
        let said = match adapter.send(&message()).await {
            Ok(_) => "accepted".to_owned(),
            Err(failure) => failure.code.to_string(),
        };
        ensure!(said == one.ends, "{} {}: {said}, and not {}", one.table, one.code, one.ends);
    }
    ensure!(server.seen().len() == exchanges.len(), "one try is one request");
    Ok(())
}

pub(crate) fn receipts<C: Candidate>(candidate: &C) -> Verdict {
    for one in &through(candidate, &Through::Receipt)? {
        let shown = format!("{}: {}", one.table, one.code);
        let opened = candidate.opened(&one.body).map_err(|problem| format!("{shown}: {problem}"))?;
        let said: Vec<&str> = opened.receipts.iter().map(|receipt| receipt.status.as_str()).collect();
        ensure!(said == [one.ends.as_str()], "{shown}: {said:?}, and not {}", one.ends);
        let documented = why(candidate, one)?;
        ensure!(documented == one.why, "{shown}: {documented:?}, and not {:?}", one.why);
        if one.table.starts_with("Error") {
            let read = opened.receipts[0].failure_code.map(|code| code.to_string());
            ensure!(read == one.why, "{shown}: the door reads {read:?}, and not {:?}", one.why);
        }
    }
    Ok(())
}

/// Why a code speaks of no arrival, by its table.
fn why<C: Candidate>(candidate: &C, one: &Exchange) -> Result<Option<String>, String> {
    let table = candidate.descriptor().code_tables.iter().find(|table| table.what == one.table);
    let reading = table.and_then(|table| table.reading(&one.code));
    Ok(match reading.ok_or_else(|| format!("{} {} is not documented", one.table, one.code))? {
        CodeReading::Word { why, .. } => why.map(|code| code.to_string()),
        CodeReading::Failure(code) => Some(code.to_string()),
        CodeReading::Taken => None,
    })
}
