//! What holds for every receipt, whatever the bytes are.

use closure_contract::{ReceiptMessage, Timestamp};
use closure_providers::{DoorError, DoorRequest, InfobipReceipts, NhnReceipts, ReceiptDoor};
use time::macros::datetime;

const NOW: Timestamp = Timestamp(datetime!(2026-11-22 12:00 UTC));
const SECRET: &str = "a-secret-of-the-fuzzer";
const CREDENTIALS: &str = "gateway:a-secret-of-the-fuzzer";
/// The credentials as HTTP's basic authentication writes them.
const BASIC: &str = "Basic Z2F0ZXdheTphLXNlY3JldC1vZi10aGUtZnV6emVy";

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
        let signed = |name: &str| Some(if name == "authorization" { BASIC } else { SECRET }.as_bytes());
        let opened = door.open(&request(&signed, bytes), NOW);
        assert_ne!(opened, Err(DoorError::Forged), "the gateway's own secret opens its door");
        let forged = door.open(&request(&|_| Some(bytes), bytes), NOW);
        assert!(
            forged.is_err() || [SECRET, BASIC].map(str::as_bytes).contains(&bytes),
            "bytes of a stranger open no door"
        );
    }
}

fn request<'a>(header: &'a (dyn Fn(&str) -> Option<&'a [u8]> + Sync), raw_body: &'a [u8]) -> DoorRequest<'a> {
    DoorRequest { header, path_and_query: "/receipts/any", raw_body }
}

fn doors() -> Vec<ReceiptDoor> {
    let nhn = NhnReceipts::new(&[SECRET.to_owned()]).expect("the secret is long enough");
    let infobip = InfobipReceipts::new(&[CREDENTIALS.to_owned()]).expect("the credentials are a pair");
    vec![ReceiptDoor::Nhn(nhn), ReceiptDoor::Infobip(infobip)]
}
