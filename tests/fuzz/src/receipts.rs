//! What holds for every receipt, whatever the bytes are.

use closure_contract::{ReceiptMessage, Timestamp};
use closure_providers::{NhnReceipts, ReceiptDoor};
use time::macros::datetime;

const NOW: Timestamp = Timestamp(datetime!(2026-11-22 12:00 UTC));
const SECRET: &str = "a-secret-of-the-fuzzer";

/// A receipt from the queue, and the same bytes at the door of each gateway, signed and unsigned.
pub fn receipt(bytes: &[u8]) {
    if let Ok(message) = ReceiptMessage::decode(bytes) {
        assert_eq!(
            ReceiptMessage::decode(&message.encode()).as_ref(),
            Ok(&message),
            "it is written as it was read"
        );
    }
    for door in doors() {
        let _ = door.open(|_| Some(SECRET.as_bytes()), bytes, NOW);
        let forged = door.open(|_| Some(bytes), bytes, NOW);
        assert!(forged.is_err() || bytes == SECRET.as_bytes(), "bytes of a stranger open no door");
    }
}

fn doors() -> Vec<ReceiptDoor> {
    let nhn = NhnReceipts::new(&[SECRET.to_owned()]).expect("the secret is long enough");
    vec![ReceiptDoor::Nhn(nhn)]
}
