//! Text messages: the gateways that send them and the doors through which their receipts come.

mod gateway;
mod nhn;
mod nhn_codes;
mod nhn_receipts;
mod nhn_wire;
mod receipts;

pub use gateway::{
    Capabilities, ClientReference, DuplicateRefusal, LookUp, LookUpKey, ReceiptTransport, SmsGateway,
    SmsMessage,
};
pub use nhn::{NhnSettings, NhnSms};
pub use nhn_receipts::NhnReceipts;
pub use receipts::{DoorError, Opened, RECEIPT_BODY_BYTES_MAX, ReceiptDoor};
