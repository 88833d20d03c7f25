//! Text messages: the gateways that send them and the doors through which their receipts come.

mod answers;
mod capabilities;
mod codes;
mod gateway;
mod infobip;
mod infobip_codes;
mod infobip_errors;
mod infobip_handset_errors;
mod infobip_receipts;
mod infobip_wire;
mod infobip_words;
mod nhn;
mod nhn_codes;
mod nhn_look_up;
mod nhn_receipts;
mod nhn_wire;
mod nhn_words;
mod pulls;
mod receipts;
mod reported_sender;
mod secrets;
mod twilio;
mod twilio_codes;
mod twilio_receipts;
mod twilio_signature;
mod twilio_wire;
mod twilio_words;

pub use capabilities::{
    Capabilities, ClientReference, DuplicateRefusal, LookUpKey, ReceiptEvidence, ReceiptTransport,
};
pub use codes::{CodeReading, CodeRow, CodeTable};
pub use gateway::{LookUp, LookUpQuery, SmsGateway, SmsMessage, StatusQuery};
pub use infobip::{InfobipSettings, InfobipSms};
pub use infobip_receipts::InfobipReceipts;
pub use nhn::{NhnSettings, NhnSms};
pub use nhn_receipts::NhnReceipts;
pub use pulls::{More, ReceiptPull};
pub use receipts::{
    DoorError, DoorRequest, HeadProof, Headers, Notice, Opened, RECEIPT_BODY_BYTES_MAX, ReceiptDoor,
};
pub use twilio::{TwilioSettings, TwilioSms};
pub use twilio_receipts::TwilioReceipts;
