//! NHN Cloud.

use closure_contract::SmsProvider;
use closure_providers::{
    ConfigError, HttpSettings, NhnReceipts, NhnSettings, NhnSms, ReceiptDoor, ReceiptPull, SmsGateway,
};

use super::super::candidate::{Candidate, Recorded};
use crate::{
    nhn_send::{OK, settings},
    support::client_ref,
};

const REQUEST: &str = "20261122100005RequestOne00";

pub(crate) struct Nhn;

/// A message as NHN's lists and its single search show it.
fn listed() -> String {
    format!(
        r#"{{"requestId":"{REQUEST}","msgStatus":"3","recipientSeq":1,"recipientGroupingKey":"{}"}}"#,
        client_ref()
    )
}

fn answered(count: usize, data: &str) -> String {
    format!(
        r#"{{"header":{{"isSuccessful":true,"resultCode":0,"resultMessage":"SUCCESS"}},"body":{{"pageNum":1,"pageSize":20,"totalCount":{count},"data":{data}}}}}"#
    )
}

/// The carrier's receipt, which names NHN's reference alone.
fn dlr(hook: u32, status: &str) -> String {
    format!(
        r#"{{"hooksId":"{hook}","webhookConfigId":"config-1","productName":"SMS","appKey":"recorded-app-key","event":"INTERNATIONAL_DELIVERY_RECEIPT","hooks":[{{"hookId":"{hook}","requestId":"{REQUEST}","recipientSeq":1,"dlrStatus":"{status}","networkCode":"US-VIRTUAL-BANDWIDTH","errorCode":"0"}}]}}"#
    )
}

impl Candidate for Nhn {
    type Adapter = SmsGateway;

    fn gateway(&self) -> SmsProvider {
        SmsProvider::Nhn
    }

    fn adapter(&self, http: HttpSettings) -> Result<SmsGateway, ConfigError> {
        NhnSms::new(NhnSettings { http, ..settings(String::new()) }).map(SmsGateway::Nhn)
    }

    fn api_secret(&self) -> &'static str {
        "secret-key-1"
    }

    fn recorded(&self) -> Recorded {
        Recorded {
            taken: 200,
            send_ok: OK.to_owned(),
            provider_ref: format!("{REQUEST}:1"),
            found: vec![answered(1, &format!("[{}]", listed()))],
            none: answered(0, "[]"),
            status: vec![answered(1, &listed())],
            receipts: vec![dlr(1, "ACCEPTED"), dlr(2, "BUFFERED"), dlr(3, "DELIVERED")],
            receipt_query: String::new(),
        }
    }

    fn pull(&self, http: HttpSettings) -> Option<(ReceiptPull, String)> {
        let adapter = NhnSms::new(NhnSettings { http, ..settings(String::new()) }).expect("good settings");
        let result = format!(
            r#"[{{"messageType":"SMS","requestId":"{REQUEST}","recipientSeq":1,"resultCode":"3001","updateDate":"2026-07-02 05:30:00.0","recipientGroupingKey":"{}"}}]"#,
            client_ref()
        );
        Some((ReceiptPull::Nhn(adapter), answered(1, &result)))
    }

    fn door(&self, secrets: &[String]) -> Result<ReceiptDoor, ConfigError> {
        NhnReceipts::new(secrets).map(ReceiptDoor::Nhn)
    }

    fn door_secrets(&self) -> [&'static str; 2] {
        ["a-secret-of-the-tests", "another-secret-of-the-tests"]
    }

    fn proof(&self, secret: &str, _query: &str, _body: &str) -> Vec<(&'static str, String)> {
        vec![("x-toast-webhook-signature", secret.to_owned())]
    }
}
