//! Twilio's keys.

use closure_providers::{ReceiptDoor, SmsGateway, TwilioReceipts, TwilioSettings, TwilioSms};

use super::section::{NO_QUOTA, Section};
use crate::config::keys::{optional, required, secret};

pub static SECTION: Section = Section {
    own_keys: &[
        optional("base_url", "https://api.twilio.com", "Twilio: the address of its API"),
        required("account_sid", "Twilio: the account that sends, AC and 32 hexadecimal digits"),
        optional(
            "key_sid",
            "",
            "Twilio: the API key, SK and 32 hexadecimal digits; empty for the account itself",
        ),
        secret("secret", "Twilio: the API key's secret, or without one the account's auth token"),
        optional(
            "messaging_service_sid",
            "",
            "Twilio: the Messaging Service that sends, MG and 32 hexadecimal digits; empty for the job's own sender",
        ),
        required(
            "receipt_url",
            "Twilio: the intake's public address, such as https://intake.example.com/receipts/twilio; given with each message, and what Twilio signs",
        ),
        optional(
            "validity_s",
            "14400",
            "seconds that a message may wait in Twilio's queue, at most 36000; after that it is not sent",
        ),
    ],
    month_quota: NO_QUOTA,
    secrets: [
        "what Twilio signs its receipts with: the account's auth token, also where an API key sends, or a SharedKey's secret",
        "a second live one of these, for a rotation",
    ],
    adapter: |keys, http| {
        let settings = TwilioSettings {
            http,
            account_sid: keys.require("account_sid"),
            key_sid: keys.maybe("key_sid"),
            secret: keys.require("secret"),
            messaging_service_sid: keys.maybe("messaging_service_sid"),
            receipt_url: keys.require("receipt_url"),
            validity_s: keys.value("validity_s"),
        };
        TwilioSms::new(settings).map(SmsGateway::Twilio)
    },
    door: |keys, secrets| {
        // What is signed is the address that the SMS worker gives with each message, so that there is one key.
        let receipt_url: String = keys.require("receipt_url");
        let account_sid = keys.require("account_sid");
        TwilioReceipts::new(secrets, &receipt_url, account_sid).map(ReceiptDoor::Twilio)
    },
    pull: None,
};
