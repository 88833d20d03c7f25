//! What holds for every receipt, whatever the bytes are.

use closure_contract::{ReceiptMessage, Timestamp};
use closure_providers::{DoorError, DoorRequest, InfobipReceipts, NhnReceipts, Opened, ReceiptDoor};
use time::macros::datetime;

const NOW: Timestamp = Timestamp(datetime!(2026-11-22 12:00 UTC));
const SECRET: &str = "a-secret-of-the-fuzzer";
const CREDENTIALS: &str = "closure:secret-one";
/// The credentials as basic authentication writes them (RFC 7617).
const AUTHORIZATION: &str = "Basic Y2xvc3VyZTpzZWNyZXQtb25l";

/// A receipt from the queue, and the same bytes at the door of each gateway, signed and unsigned.
pub fn receipt(bytes: &[u8]) {
    if let Ok(message) = ReceiptMessage::decode(bytes) {
        assert_eq!(
            ReceiptMessage::decode(&message.encode()).as_ref(),
            Ok(&message),
            "it is written as it was read"
        );
    }
    for (door, key) in doors() {
        let _ = open(&door, key.as_bytes(), bytes);
        let forged = open(&door, bytes, bytes);
        assert!(forged.is_err() || bytes == key.as_bytes(), "bytes of a stranger open no door");
    }
}

/// Every door with the header's value that opens it.
fn doors() -> [(ReceiptDoor, &'static str); 2] {
    let nhn = NhnReceipts::new(&[SECRET.to_owned()]).expect("the secret is long enough");
    let infobip = InfobipReceipts::new(&[CREDENTIALS.to_owned()]).expect("a user and a password");
    [(ReceiptDoor::Nhn(nhn), SECRET), (ReceiptDoor::Infobip(infobip), AUTHORIZATION)]
}

fn open(door: &ReceiptDoor, key: &[u8], body: &[u8]) -> Result<Opened, DoorError> {
    let header = |_: &str| Some(key);
    door.open(&DoorRequest { header: &header, path_and_query: "/", raw_body: body }, NOW)
}
