//! Infobip's keys.

use closure_providers::{
    ConfigError, HttpSettings, InfobipReceipts, InfobipSettings, InfobipSms, ReceiptDoor, ReceiptPull,
    SmsGateway,
};

use super::section::{Keys, NO_QUOTA, Section};
use crate::config::keys::{optional, required, secret};

pub static SECTION: Section = Section {
    own_keys: &[
        required("base_url", "Infobip: the account's own address, such as https://xxxxx.api.infobip.com"),
        secret("api_key", "Infobip: the API key"),
        optional(
            "receipt_url",
            "",
            "Infobip: where its reports of each message go, such as https://intake.example.com/receipts/infobip; empty for what the account says",
        ),
        optional(
            "validity_minutes",
            "1440",
            "minutes that Infobip keeps trying; shorter than receipt_due_ms of the rulebook, so that no text comes after the email",
        ),
    ],
    month_quota: NO_QUOTA,
    secrets: [
        "the basic authentication of Infobip's reports, as user:password",
        "a second live user:password, for a rotation",
    ],
    adapter: |keys, http| sms(keys, http).map(SmsGateway::Infobip),
    door: |_, secrets| InfobipReceipts::new(secrets).map(ReceiptDoor::Infobip),
    pull: Some(|keys, http| sms(keys, http).map(ReceiptPull::Infobip)),
};

fn sms(keys: &mut Keys<'_, '_>, http: HttpSettings) -> Result<InfobipSms, ConfigError> {
    InfobipSms::new(InfobipSettings {
        http,
        api_key: keys.require("api_key"),
        receipt_url: keys.maybe("receipt_url"),
        validity_minutes: keys.value("validity_minutes"),
    })
}
