//! Every documented code of every gateway as a recorded exchange: what it ends as here, and that none is missing.

use std::collections::BTreeSet;

use closure_contract::{SmsProvider, Timestamp};
use closure_providers::{CodeReading, CodeTable, Descriptor, DoorRequest, Sender};
use serde::Deserialize;
use time::macros::datetime;

use crate::support::{
    client_ref,
    gateways::{at, codes, door, message},
    http::{HttpServer, answer},
    signing,
};

/// One exchange.
#[derive(Deserialize)]
struct Exchange {
    table: String,
    code: String,
    through: Through,
    /// The status of an answer.
    #[serde(default)]
    http: u16,
    body: String,
    /// `accepted` or a failure code for an answer, the status for a receipt.
    ends: String,
    /// Why a receipt speaks of no arrival.
    #[serde(default)]
    why: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "snake_case")]
enum Through {
    Answer,
    Receipt,
}

fn exchanges(gateway: SmsProvider) -> Vec<Exchange> {
    codes(gateway).lines().map(|line| serde_json::from_str(line).expect(line)).collect()
}

fn tables(gateway: SmsProvider) -> &'static [CodeTable] {
    Descriptor::of(gateway).code_tables
}

#[test]
fn the_recorded_codes_are_the_documented_ones_and_none_is_missing() {
    for gateway in SmsProvider::ALL.iter().copied() {
        let met: BTreeSet<(String, String)> =
            exchanges(gateway).into_iter().map(|one| (one.table, one.code)).collect();
        let documented: BTreeSet<(String, String)> = tables(gateway)
            .iter()
            .flat_map(|table| table.rows.iter().map(|row| (table.what.to_owned(), row.code.to_owned())))
            .collect();
        let different: Vec<_> = met.symmetric_difference(&documented).collect();
        assert!(different.is_empty(), "{}: {different:?}", gateway);
        assert!(!documented.is_empty(), "{gateway}");
    }
}

#[tokio::test]
async fn every_recorded_answer_ends_as_written_down_for_it_at_every_gateway() {
    for gateway in SmsProvider::ALL.iter().copied() {
        let exchanges: Vec<Exchange> =
            exchanges(gateway).into_iter().filter(|one| matches!(one.through, Through::Answer)).collect();
        let script = exchanges.iter().map(|one| answer(one.http, &one.body)).collect();
        let server = HttpServer::start(script).await;
        let adapter = at(gateway, server.base_url());
        for one in &exchanges {
            let said = match adapter.send(&message()).await {
                Ok(_) => "accepted".to_owned(),
                Err(failure) => failure.code.to_string(),
            };
            assert_eq!(said, one.ends, "{} {}: {}", gateway, one.table, one.code);
        }
        assert_eq!(server.seen().len(), exchanges.len(), "{}: one try is one request", gateway);
    }
}

#[test]
fn every_recorded_receipt_says_what_is_written_down_for_it_at_every_gateway() {
    let now = Timestamp(datetime!(2026-07-01 12:00:00 UTC));
    let query = format!("?ref={}", client_ref());
    for gateway in SmsProvider::ALL.iter().copied() {
        for one in exchanges(gateway).iter().filter(|one| matches!(one.through, Through::Receipt)) {
            let (door, key) = door(gateway, &query, &one.body);
            let header = |name: &str| (name != signing::SETTINGS_HEADER).then_some(key.as_bytes());
            let request =
                DoorRequest { header: &header, path_and_query: &query, raw_body: one.body.as_bytes() };
            let opened = door.open(&request, now).expect(&one.body);
            let shown = format!("{} {}: {}", gateway, one.table, one.code);
            let said: Vec<&str> = opened.receipts.iter().map(|receipt| receipt.status.as_str()).collect();
            assert_eq!(said, [one.ends.as_str()], "{shown}");
            assert_eq!(why(gateway, one), one.why, "{shown}");
            if one.table.starts_with("Error") {
                let read = opened.receipts[0].failure_code.map(|code| code.to_string());
                assert_eq!(read, one.why, "{shown}: the door reads it so too");
            }
        }
    }
}

/// Why a code speaks of no arrival, by its table.
fn why(gateway: SmsProvider, one: &Exchange) -> Option<String> {
    let table = tables(gateway).iter().find(|table| table.what == one.table).expect("the table is known");
    match table.reading(&one.code).expect("the code is known") {
        CodeReading::Word { why, .. } => why.map(|code| code.to_string()),
        CodeReading::Failure(code) => Some(code.to_string()),
        CodeReading::Taken => None,
    }
}
