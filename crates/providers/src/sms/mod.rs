//! Text messages: the gateways that send them and the doors through which their receipts come.

mod capabilities;
mod codes;
mod gateway;
mod nhn;
mod nhn_codes;
mod nhn_receipts;
mod nhn_wire;
mod nhn_words;
mod receipts;

pub use capabilities::{
    Capabilities, ClientReference, DuplicateRefusal, LookUpKey, ReceiptEvidence, ReceiptTransport,
};
pub use codes::{CodeReading, CodeRow, CodeTable};
pub use gateway::{LookUp, LookUpQuery, SmsGateway, SmsMessage};
pub use nhn::{NhnSettings, NhnSms};
pub use nhn_receipts::NhnReceipts;
pub use receipts::{DoorError, DoorRequest, Opened, RECEIPT_BODY_BYTES_MAX, ReceiptDoor};
