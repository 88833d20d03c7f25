//! What holds for every receipt, whatever the bytes are.

use base64::{Engine, engine::general_purpose::STANDARD};
use closure_contract::{ReceiptMessage, Timestamp};
use closure_providers::{
    DoorError, DoorRequest, InfobipReceipts, NhnReceipts, Opened, ReceiptDoor, TwilioReceipts,
};
use hmac::{Hmac, KeyInit, Mac};
use sha1::Sha1;
use time::macros::datetime;

const NOW: Timestamp = Timestamp(datetime!(2026-11-22 12:00 UTC));
const SECRET: &str = "a-secret-of-the-fuzzer";
const CREDENTIALS: &str = "closure:secret-one";
/// The credentials as basic authentication writes them (RFC 7617).
const AUTHORIZATION: &str = "Basic Y2xvc3VyZTpzZWNyZXQtb25l";

const RECEIPT_URL: &str = "https://intake.example.com/receipts/twilio";
/// The account of the corpus.
const ACCOUNT: &str = "ACaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";

/// A receipt from the queue, and the same bytes at the door of each gateway, signed and unsigned.
pub fn receipt(bytes: &[u8]) {
    if let Ok(message) = ReceiptMessage::decode(bytes) {
        assert_eq!(
            ReceiptMessage::decode(&message.encode()).as_ref(),
            Ok(&message),
            "it is written as it was read"
        );
    }
    for (door, key) in doors(bytes) {
        let opened = open(&door, key.as_bytes(), bytes);
        assert_ne!(opened, Err(DoorError::Forged), "its own key opens a door");
        let forged = open(&door, bytes, bytes);
        assert!(forged.is_err() || bytes == key.as_bytes(), "bytes of a stranger open no door");
    }
}

/// Every door with the header's value that opens it to these bytes.
fn doors(bytes: &[u8]) -> [(ReceiptDoor, String); 3] {
    let nhn = NhnReceipts::new(&[SECRET.to_owned()]).expect("the secret is long enough");
    let infobip = InfobipReceipts::new(&[CREDENTIALS.to_owned()]).expect("a user and a password");
    let twilio = TwilioReceipts::new(&[SECRET.to_owned()], RECEIPT_URL, ACCOUNT.to_owned());
    let twilio = twilio.expect("good settings");
    [
        (ReceiptDoor::Nhn(nhn), SECRET.to_owned()),
        (ReceiptDoor::Infobip(infobip), AUTHORIZATION.to_owned()),
        (ReceiptDoor::Twilio(twilio), signature(bytes)),
    ]
}

/// What Twilio would sign, were these bytes its form.
fn signature(bytes: &[u8]) -> String {
    let fields: std::collections::BTreeSet<_> = form_urlencoded::parse(bytes).collect();
    let mut mac: Hmac<Sha1> = KeyInit::new_from_slice(SECRET.as_bytes()).expect("any key will do");
    mac.update(RECEIPT_URL.as_bytes());
    for (name, value) in fields {
        mac.update(name.as_bytes());
        mac.update(value.as_bytes());
    }
    STANDARD.encode(mac.finalize().into_bytes())
}

fn open(door: &ReceiptDoor, key: &[u8], body: &[u8]) -> Result<Opened, DoorError> {
    let header = |name: &str| (name != "x-twilio-webhooks-signature-settings").then_some(key);
    door.open(&DoorRequest { header: &header, path_and_query: "/receipts", raw_body: body }, NOW)
}
