//! Sinch's keys.

use closure_providers::{ReceiptDoor, SinchReceipts, SinchSettings, SinchSms, SmsGateway};

use super::section::{NO_QUOTA, Section};
use crate::config::keys::{optional, required, secret};

pub static SECTION: Section = Section {
    own_keys: &[
        required(
            "base_url",
            "Sinch: the address of the service plan's region, such as https://us.sms.api.sinch.com",
        ),
        required("service_plan_id", "Sinch: the service plan that sends"),
        secret("api_token", "Sinch: the service plan's API token"),
        required(
            "receipt_url",
            "Sinch: the intake's public address, such as https://intake.example.com/receipts/sinch; given with each message",
        ),
        optional(
            "validity_minutes",
            "1440",
            "minutes that Sinch keeps trying, at most 4320; shorter than receipt_due_ms of the rulebook, so that no text comes after the email",
        ),
    ],
    month_quota: NO_QUOTA,
    secrets: [
        "what Sinch signs its receipts with: the secret that its account manager sets up for the service plan's callbacks",
        "a second live one, for a rotation",
    ],
    adapter: |keys, http| {
        let settings = SinchSettings {
            http,
            service_plan_id: keys.require("service_plan_id"),
            api_token: keys.require("api_token"),
            receipt_url: keys.require("receipt_url"),
            validity_minutes: keys.value("validity_minutes"),
        };
        SinchSms::new(settings).map(SmsGateway::Sinch)
    },
    door: |_, secrets| SinchReceipts::new(secrets).map(ReceiptDoor::Sinch),
    // Its list of reports does not say by which time it is cut, so that each message is asked about instead.
    pull: None,
};
