//! Sinch.

use closure_contract::{SmsProvider, Timestamp};
use closure_providers::{
    ConfigError, HttpSettings, ReceiptDoor, SinchReceipts, SinchSettings, SinchSms, SmsGateway,
};

use super::super::candidate::{Candidate, Recorded};
use crate::{
    sinch::{BATCH, LIST, OK, REPORT, settings},
    sinch_receipts::CALLBACK,
    support::signing,
};

pub(crate) struct Sinch;

impl Candidate for Sinch {
    type Adapter = SmsGateway;

    fn gateway(&self) -> SmsProvider {
        SmsProvider::Sinch
    }

    fn adapter(&self, http: HttpSettings) -> Result<SmsGateway, ConfigError> {
        SinchSms::new(SinchSettings { http, ..settings(String::new()) }).map(SmsGateway::Sinch)
    }

    fn api_secret(&self) -> &'static str {
        "api-token-1"
    }

    fn recorded(&self) -> Recorded {
        let delivered = CALLBACK.trim();
        let under_way = |code: u16, status: &str| {
            delivered.replace("\"code\":0", &format!("\"code\":{code}")).replace("Delivered", status)
        };
        Recorded {
            taken: 201,
            send_ok: OK.to_owned(),
            provider_ref: BATCH.to_owned(),
            found: vec![LIST.trim().to_owned(), REPORT.trim().to_owned()],
            none: r#"{"count":0,"page":0,"page_size":0,"batches":[]}"#.to_owned(),
            status: vec![REPORT.trim().to_owned()],
            receipts: vec![under_way(400, "Queued"), under_way(401, "Dispatched"), delivered.to_owned()],
            receipt_query: String::new(),
        }
    }

    /// Its list reaches back a fortnight.
    fn since(&self) -> Timestamp {
        Timestamp::now()
    }

    fn door(&self, secrets: &[String]) -> Result<ReceiptDoor, ConfigError> {
        SinchReceipts::new(secrets).map(ReceiptDoor::Sinch)
    }

    fn door_secrets(&self) -> [&'static str; 2] {
        ["a-secret-of-the-tests", "another-secret-of-the-tests"]
    }

    fn proof(&self, secret: &str, _query: &str, body: &str) -> Vec<(&'static str, String)> {
        signing::sinch(secret, body)
    }
}
