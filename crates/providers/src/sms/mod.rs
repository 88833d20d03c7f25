//! Text messages: the gateways that send them and the doors through which their receipts come.

mod answers;
mod capabilities;
mod codes;
mod gateway;
mod infobip;
mod infobip_codes;
mod infobip_receipts;
mod infobip_wire;
mod nhn;
mod nhn_codes;
mod nhn_receipts;
mod nhn_wire;
mod nhn_words;
mod receipts;
mod secrets;

pub use capabilities::{
    Capabilities, ClientReference, DuplicateRefusal, LookUpKey, ReceiptEvidence, ReceiptTransport,
};
pub use codes::{CodeReading, CodeRow, CodeTable};
pub use gateway::{LookUp, LookUpQuery, SmsGateway, SmsMessage};
pub use infobip::{InfobipSettings, InfobipSms};
pub use infobip_receipts::InfobipReceipts;
pub use nhn::{NhnSettings, NhnSms};
pub use nhn_receipts::NhnReceipts;
pub use receipts::{DoorError, DoorRequest, Opened, RECEIPT_BODY_BYTES_MAX, ReceiptDoor};
