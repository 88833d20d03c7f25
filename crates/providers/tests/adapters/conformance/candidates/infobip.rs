//! Infobip.

use base64::{Engine, engine::general_purpose::STANDARD};
use closure_contract::SmsProvider;
use closure_providers::{
    ConfigError, HttpSettings, InfobipReceipts, InfobipSettings, InfobipSms, ReceiptDoor, ReceiptPull,
    SmsGateway,
};

use super::super::candidate::{Candidate, Recorded};
use crate::{
    infobip::{LOGS, OK, REPORTS, settings},
    support::client_ref,
};

pub(crate) struct Infobip;

impl Candidate for Infobip {
    type Adapter = SmsGateway;

    fn gateway(&self) -> SmsProvider {
        SmsProvider::Infobip
    }

    fn adapter(&self, http: HttpSettings) -> Result<SmsGateway, ConfigError> {
        InfobipSms::new(InfobipSettings { http, ..settings(String::new()) }).map(SmsGateway::Infobip)
    }

    fn api_secret(&self) -> &'static str {
        "api-key-1"
    }

    fn recorded(&self) -> Recorded {
        let delivered = REPORTS.trim().to_owned();
        Recorded {
            taken: 200,
            send_ok: OK.to_owned(),
            provider_ref: client_ref().to_string(),
            found: vec![LOGS.trim().to_owned()],
            none: r#"{"results":[]}"#.to_owned(),
            status: vec![LOGS.trim().to_owned()],
            receipts: vec![
                delivered.replace(
                    r#""groupId":3,"groupName":"DELIVERED","id":5"#,
                    r#""groupId":1,"groupName":"PENDING","id":7"#,
                ),
                delivered.replace("\"id\":5", "\"id\":2"),
                delivered,
            ],
            receipt_query: String::new(),
        }
    }

    fn pull(&self, http: HttpSettings) -> Option<(ReceiptPull, String)> {
        let adapter = InfobipSms::new(InfobipSettings { http, ..settings(String::new()) });
        Some((ReceiptPull::Infobip(adapter.expect("good settings")), REPORTS.trim().to_owned()))
    }

    fn door(&self, secrets: &[String]) -> Result<ReceiptDoor, ConfigError> {
        InfobipReceipts::new(secrets).map(ReceiptDoor::Infobip)
    }

    fn door_secrets(&self) -> [&'static str; 2] {
        ["closure:secret-one", "closure:secret-two"]
    }

    fn proof(&self, secret: &str, _query: &str, _body: &str) -> Vec<(&'static str, String)> {
        vec![("authorization", format!("Basic {}", STANDARD.encode(secret)))]
    }
}
