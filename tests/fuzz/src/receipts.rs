//! What holds for every receipt, whatever the bytes are.

use base64::{Engine, engine::general_purpose::STANDARD};
use closure_contract::{ReceiptMessage, Timestamp};
use closure_providers::{
    DoorError, DoorRequest, Headers, InfobipReceipts, NhnReceipts, Opened, ReceiptDoor, SinchReceipts,
    TwilioReceipts,
};
use hmac::{Hmac, KeyInit, Mac};
use sha1::Sha1;
use sha2::Sha256;
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
    for (door, head) in doors(bytes) {
        let own =
            |name: &str| head.iter().find(|(known, _)| *known == name).map(|(_, value)| value.as_bytes());
        let opened = open(&door, &own, bytes);
        assert_ne!(opened, Err(DoorError::Forged), "its own key opens a door");
        let strange = |name: &str| (name != "x-twilio-webhooks-signature-settings").then_some(bytes);
        let forged = open(&door, &strange, bytes);
        assert!(forged.is_err() || bytes == head[0].1.as_bytes(), "bytes of a stranger open no door");
    }
}

/// Headers of a request.
type Head = Vec<(&'static str, String)>;

/// Every door with the headers that open it to these bytes.
fn doors(bytes: &[u8]) -> [(ReceiptDoor, Head); 4] {
    let nhn = NhnReceipts::new(&[SECRET.to_owned()]).expect("the secret is long enough");
    let infobip = InfobipReceipts::new(&[CREDENTIALS.to_owned()]).expect("a user and a password");
    let twilio = TwilioReceipts::new(&[SECRET.to_owned()], RECEIPT_URL, ACCOUNT.to_owned());
    let twilio = twilio.expect("good settings");
    let sinch = SinchReceipts::new(&[SECRET.to_owned()]).expect("the secret is long enough");
    [
        (ReceiptDoor::Nhn(nhn), vec![("x-toast-webhook-signature", SECRET.to_owned())]),
        (ReceiptDoor::Infobip(infobip), vec![("authorization", AUTHORIZATION.to_owned())]),
        (ReceiptDoor::Twilio(twilio), vec![("x-twilio-signature", signature(bytes))]),
        (ReceiptDoor::Sinch(sinch), sinch_head(bytes)),
    ]
}

/// What Sinch would sign, were these bytes its callback.
fn sinch_head(bytes: &[u8]) -> Head {
    let mut mac: Hmac<Sha256> = KeyInit::new_from_slice(SECRET.as_bytes()).expect("any key will do");
    mac.update(bytes);
    mac.update(b".nonce.1736760161");
    vec![
        ("x-sinch-webhook-signature", STANDARD.encode(mac.finalize().into_bytes())),
        ("x-sinch-webhook-signature-nonce", "nonce".to_owned()),
        ("x-sinch-webhook-signature-timestamp", "1736760161".to_owned()),
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

fn open<'a>(door: &ReceiptDoor, header: &'a Headers<'a>, body: &'a [u8]) -> Result<Opened, DoorError> {
    door.open(&DoorRequest { header, path_and_query: "/receipts", raw_body: body }, NOW)
}
