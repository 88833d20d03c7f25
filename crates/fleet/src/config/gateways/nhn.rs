//! NHN Cloud's keys.

use closure_providers::{
    ConfigError, HttpSettings, NhnReceipts, NhnSettings, NhnSms, ReceiptDoor, ReceiptPull, SmsGateway,
};

use super::section::{Keys, Section};
use crate::config::keys::{required, secret};

pub static SECTION: Section = Section {
    own_keys: &[
        required(
            "base_url",
            "NHN Cloud SMS: the address of its API, such as https://sms.api.nhncloudservice.com",
        ),
        required("app_key", "NHN Cloud SMS: the app key"),
        secret("secret_key", "NHN Cloud SMS: the secret key"),
    ],
    // NHN Cloud's own limit until its support raises it (`sending-policy.md`), over all projects of an organisation.
    month_quota: (
        "5000",
        "text messages that NHN Cloud takes of the whole organisation in a month, by the calendar of Korea; 0 for no quota",
    ),
    secrets: [
        "the signature value that NHN's webhook sends",
        "a second live signature value, for a rotation",
    ],
    adapter: |keys, http| sms(keys, http).map(SmsGateway::Nhn),
    door: |_, secrets| NhnReceipts::new(secrets).map(ReceiptDoor::Nhn),
    pull: Some(|keys, http| sms(keys, http).map(ReceiptPull::Nhn)),
};

fn sms(keys: &mut Keys<'_, '_>, http: HttpSettings) -> Result<NhnSms, ConfigError> {
    NhnSms::new(NhnSettings {
        http,
        app_key: keys.require("app_key"),
        secret_key: keys.require("secret_key"),
    })
}
