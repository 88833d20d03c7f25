//! Callbacks that a SharedKey signed, with the algorithm that a header names.

use closure_contract::{ReceiptStatus, Timestamp};
use closure_providers::{DoorError, DoorRequest, HeadProof, Opened, ReceiptDoor, TwilioReceipts};

use crate::{support::signing, twilio::RECEIPT_URL};

/// A callback as a SharedKey signs it with HMAC-SHA256.
const FORM: &str = include_str!("../recorded/twilio_shared_key.form");
const SETTINGS: &str = "key=webhooks_sharedkey_1,algorithm=HMAC_SHA256";
const SIGNATURE: &str = "97+pIv5A6eF+PhGPV/7aAISqicNB9EBePnf+2iWE5Xc=";
const QUERY: &str = "?ref=6d7ac780-bc5f-53a5-aac2-04d3fdb4ef94";
const SHARED_KEY: &str = "shared-key-secret-123";
const AUTH_TOKEN: &str = "the-account's-auth-token";
const ACCOUNT: &str = "AC00000000000000000000000000000000";

/// A door while the account changes from its auth token to a SharedKey.
fn door(receipt_url: &str) -> ReceiptDoor {
    let secrets = [AUTH_TOKEN.to_owned(), SHARED_KEY.to_owned()];
    ReceiptDoor::Twilio(
        TwilioReceipts::new(&secrets, receipt_url, ACCOUNT.to_owned()).expect("good settings"),
    )
}

/// A head with a signature and, where a SharedKey signed, its settings.
fn head<'a>(name: &str, signature: &'a str, settings: Option<&'a str>) -> Option<&'a [u8]> {
    match name {
        "x-twilio-signature" => Some(signature.as_bytes()),
        signing::SETTINGS_HEADER => settings.map(str::as_bytes),
        _ => None,
    }
}

fn open(receipt_url: &str, signature: &str, settings: Option<&str>, form: &str) -> Result<Opened, DoorError> {
    let header = |name: &str| head(name, signature, settings);
    let request = DoorRequest { header: &header, path_and_query: QUERY, raw_body: form.as_bytes() };
    door(receipt_url).open(&request, Timestamp::now())
}

#[test]
fn a_callback_that_a_shared_key_signed_with_sha_256_is_read() {
    let opened = open(RECEIPT_URL, SIGNATURE, Some(SETTINGS), FORM.trim_end()).expect("authentic");
    let receipt = &opened.receipts[0];
    assert_eq!(receipt.status, ReceiptStatus::Delivered);
    let reference = receipt.client_ref.map(|reference| reference.to_string());
    assert_eq!(reference.as_deref(), QUERY.strip_prefix("?ref="));
    let with_port = RECEIPT_URL.replace(".com/", ".com:443/");
    assert!(open(&with_port, SIGNATURE, Some(SETTINGS), FORM.trim_end()).is_ok(), "{with_port}");
    let look =
        |settings: Option<&str>| door(RECEIPT_URL).look_at_head(&|name| head(name, SIGNATURE, settings));
    assert_eq!(look(Some(SETTINGS)), Ok(HeadProof::OverTheBody));
    assert_eq!(look(None), Err(DoorError::Forged), "it is too long for HMAC-SHA1");
}

#[test]
fn a_shared_keys_signature_is_good_for_its_own_fields_address_and_algorithm_alone() {
    let form = FORM.trim_end();
    let changed = form.replace("MessageStatus=delivered", "MessageStatus=failed");
    let elsewhere = RECEIPT_URL.replace("intake", "elsewhere");
    for (receipt_url, settings, form) in [
        (RECEIPT_URL, Some(SETTINGS), changed.as_str()),
        (elsewhere.as_str(), Some(SETTINGS), form),
        (RECEIPT_URL, None, form),
        (RECEIPT_URL, Some("key=webhooks_sharedkey_1,algorithm=HMAC_SHA1"), form),
        (RECEIPT_URL, Some("key=webhooks_sharedkey_1,algorithm=HMAC_SHA512"), form),
        (RECEIPT_URL, Some("key=webhooks_sharedkey_1"), form),
        (RECEIPT_URL, Some(""), form),
    ] {
        let opened = open(receipt_url, SIGNATURE, settings, form);
        assert_eq!(opened, Err(DoorError::Forged), "{receipt_url} {settings:?} {form}");
    }
}

#[test]
fn a_header_that_names_sha_1_means_it_and_the_auth_token_goes_on_signing_without_one() {
    let form = FORM.trim_end();
    let address = format!("{RECEIPT_URL}{QUERY}");
    let settings = Some("key=webhooks_sharedkey_1, algorithm=HMAC_SHA1");
    let by_shared_key = signing::signature(SHARED_KEY, &address, form);
    assert!(open(RECEIPT_URL, &by_shared_key, settings, form).is_ok());
    assert!(open(RECEIPT_URL, &signing::signature(AUTH_TOKEN, &address, form), None, form).is_ok());
}
