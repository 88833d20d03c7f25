//! Text messages: the gateways that send them and the doors through which their receipts come.

mod answers;
mod capabilities;
mod codes;
pub(crate) mod doors;
mod gateway;
mod infobip;
mod nhn;
mod pulls;
mod reported_sender;
mod secrets;
mod twilio;

pub use capabilities::{Capabilities, ClientReference, ReceiptEvidence, ReceiptTransport};
pub use codes::{CodeReading, CodeRow, CodeTable};
pub use doors::{
    DoorError, DoorRequest, HeadProof, Headers, Notice, Opened, RECEIPT_BODY_BYTES_MAX, ReceiptDoor,
};
pub use gateway::{LookUp, LookUpQuery, SmsGateway, SmsMessage, StatusQuery};
pub use infobip::receipts::InfobipReceipts;
pub use infobip::{InfobipSettings, InfobipSms};
pub use nhn::receipts::NhnReceipts;
pub use nhn::{NhnSettings, NhnSms};
pub use pulls::{More, ReceiptPull};
pub use twilio::receipts::TwilioReceipts;
pub use twilio::{TwilioSettings, TwilioSms};
