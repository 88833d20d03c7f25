//! Twilio.

use closure_contract::SmsProvider;
use closure_providers::{
    ConfigError, HttpSettings, ReceiptDoor, SmsGateway, TwilioReceipts, TwilioSettings, TwilioSms,
};

use super::super::candidate::{Candidate, Recorded};
use crate::{
    support::{client_ref, signing},
    twilio::{ACCOUNT, OK, RECEIPT_URL, SID, settings},
};

pub(crate) struct Twilio;

fn callback(status: &str) -> String {
    format!("MessageSid={SID}&MessageStatus={status}&AccountSid={ACCOUNT}&ApiVersion=2010-04-01")
}

impl Candidate for Twilio {
    type Adapter = SmsGateway;

    fn gateway(&self) -> SmsProvider {
        SmsProvider::Twilio
    }

    fn adapter(&self, http: HttpSettings) -> Result<SmsGateway, ConfigError> {
        TwilioSms::new(TwilioSettings { http, ..settings(String::new()) }).map(SmsGateway::Twilio)
    }

    fn api_secret(&self) -> &'static str {
        "auth-token-1"
    }

    fn recorded(&self) -> Recorded {
        Recorded {
            taken: 201,
            send_ok: OK.to_owned(),
            provider_ref: SID.to_owned(),
            found: vec![format!(r#"{{"messages":[{}],"next_page_uri":null}}"#, OK.trim())],
            none: r#"{"messages":[],"page":0,"page_size":20,"next_page_uri":null}"#.to_owned(),
            status: vec![OK.trim().to_owned()],
            receipts: ["sending", "sent", "delivered"].map(callback).to_vec(),
            receipt_query: format!("?ref={}", client_ref()),
        }
    }

    fn door(&self, secrets: &[String]) -> Result<ReceiptDoor, ConfigError> {
        TwilioReceipts::new(secrets, RECEIPT_URL, ACCOUNT.to_owned()).map(ReceiptDoor::Twilio)
    }

    fn door_secrets(&self) -> [&'static str; 2] {
        ["a-secret-of-the-tests", "another-secret-of-the-tests"]
    }

    fn proof(&self, secret: &str, query: &str, body: &str) -> Vec<(&'static str, String)> {
        let signature = signing::signature(secret, &format!("{RECEIPT_URL}{query}"), body);
        vec![("x-twilio-signature", signature)]
    }
}
