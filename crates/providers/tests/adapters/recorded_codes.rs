//! Every documented code of every gateway as a recorded exchange: what it ends as here, and that none is missing.

use std::collections::BTreeSet;

use closure_contract::{Provider, Timestamp};
use closure_providers::{
    CodeReading, CodeTable, DoorRequest, InfobipReceipts, NhnReceipts, ReceiptDoor, Sender, SmsGateway,
    TwilioReceipts,
};
use serde::Deserialize;
use time::macros::datetime;

use crate::{
    infobip::infobip,
    nhn_send::nhn,
    support::{
        client_ref,
        http::{HttpServer, answer},
        signing,
    },
    twilio::{ACCOUNT, RECEIPT_URL, message, twilio},
};

const SECRET: &str = "a-secret-of-the-tests";
/// `closure:secret-one`, encoded as RFC 7617 says.
const AUTHORIZATION: &str = "Basic Y2xvc3VyZTpzZWNyZXQtb25l";

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

/// A gateway with its recorded exchanges, and how its receipts prove themselves.
struct Recorded {
    provider: Provider,
    lines: &'static str,
    gateway: fn(String) -> SmsGateway,
    door: fn() -> ReceiptDoor,
    /// The header's value for a body that came with this query.
    key: fn(&str, &str) -> String,
}

/// Another gateway joins with an entry.
fn every_gateway() -> [Recorded; 3] {
    [
        Recorded {
            provider: Provider::Nhn,
            lines: include_str!("../recorded/nhn_codes.jsonl"),
            gateway: |url| SmsGateway::Nhn(nhn(url)),
            door: || ReceiptDoor::Nhn(NhnReceipts::new(&[SECRET.to_owned()]).expect("good secrets")),
            key: |_, _| SECRET.to_owned(),
        },
        Recorded {
            provider: Provider::Infobip,
            lines: include_str!("../recorded/infobip_codes.jsonl"),
            gateway: |url| SmsGateway::Infobip(infobip(url)),
            door: || {
                let credentials = ["closure:secret-one".to_owned()];
                ReceiptDoor::Infobip(InfobipReceipts::new(&credentials).expect("good credentials"))
            },
            key: |_, _| AUTHORIZATION.to_owned(),
        },
        Recorded {
            provider: Provider::Twilio,
            lines: include_str!("../recorded/twilio_codes.jsonl"),
            gateway: |url| SmsGateway::Twilio(twilio(url)),
            door: || {
                let door = TwilioReceipts::new(&[SECRET.to_owned()], RECEIPT_URL, ACCOUNT.to_owned());
                ReceiptDoor::Twilio(door.expect("good settings"))
            },
            key: |query, body| signing::signature(SECRET, &format!("{RECEIPT_URL}{query}"), body),
        },
    ]
}

impl Recorded {
    fn exchanges(&self) -> Vec<Exchange> {
        self.lines.lines().map(|line| serde_json::from_str(line).expect(line)).collect()
    }

    fn tables(&self) -> impl Iterator<Item = &'static CodeTable> {
        CodeTable::ALL.iter().copied().filter(|table| table.provider == self.provider)
    }
}

#[test]
fn the_recorded_codes_are_the_documented_ones_and_none_is_missing() {
    for recorded in every_gateway() {
        let met: BTreeSet<(String, String)> =
            recorded.exchanges().into_iter().map(|one| (one.table, one.code)).collect();
        let documented: BTreeSet<(String, String)> = recorded
            .tables()
            .flat_map(|table| table.rows.iter().map(|row| (table.what.to_owned(), row.code.to_owned())))
            .collect();
        let different: Vec<_> = met.symmetric_difference(&documented).collect();
        assert!(different.is_empty(), "{}: {different:?}", recorded.provider);
        assert!(documented.len() > 30, "{}", recorded.provider);
    }
}

#[tokio::test]
async fn every_recorded_answer_ends_as_written_down_for_it_at_every_gateway() {
    for recorded in every_gateway() {
        let exchanges: Vec<Exchange> =
            recorded.exchanges().into_iter().filter(|one| matches!(one.through, Through::Answer)).collect();
        let script = exchanges.iter().map(|one| answer(one.http, &one.body)).collect();
        let server = HttpServer::start(script).await;
        let gateway = (recorded.gateway)(server.base_url());
        for one in &exchanges {
            let said = match gateway.send(&message()).await {
                Ok(_) => "accepted".to_owned(),
                Err(failure) => failure.code.to_string(),
            };
            assert_eq!(said, one.ends, "{} {}: {}", recorded.provider, one.table, one.code);
        }
        assert_eq!(server.seen().len(), exchanges.len(), "{}: one try is one request", recorded.provider);
    }
}

#[test]
fn every_recorded_receipt_says_what_is_written_down_for_it_at_every_gateway() {
    let now = Timestamp(datetime!(2026-07-01 12:00:00 UTC));
    let query = format!("?ref={}", client_ref());
    for recorded in every_gateway() {
        let door = (recorded.door)();
        for one in recorded.exchanges().iter().filter(|one| matches!(one.through, Through::Receipt)) {
            let key = (recorded.key)(&query, &one.body);
            let header = |name: &str| (name != signing::SETTINGS_HEADER).then_some(key.as_bytes());
            let request =
                DoorRequest { header: &header, path_and_query: &query, raw_body: one.body.as_bytes() };
            let opened = door.open(&request, now).expect(&one.body);
            let shown = format!("{} {}: {}", recorded.provider, one.table, one.code);
            let said: Vec<&str> = opened.receipts.iter().map(|receipt| receipt.status.as_str()).collect();
            assert_eq!(said, [one.ends.as_str()], "{shown}");
            assert_eq!(why(&recorded, one), one.why, "{shown}");
            if one.table.starts_with("Error") {
                let read = opened.receipts[0].failure_code.map(|code| code.to_string());
                assert_eq!(read, one.why, "{shown}: the door reads it so too");
            }
        }
    }
}

/// Why a code speaks of no arrival, by its table.
fn why(recorded: &Recorded, one: &Exchange) -> Option<String> {
    let table = recorded.tables().find(|table| table.what == one.table).expect("the table is known");
    match table.reading(&one.code).expect("the code is known") {
        CodeReading::Word { why, .. } => why.map(|code| code.to_string()),
        CodeReading::Failure(code) => Some(code.to_string()),
        CodeReading::Taken => None,
    }
}
