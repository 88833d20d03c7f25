//! Text messages: the gateways that send them and the doors through which their receipts come.

mod answers;
mod capabilities;
mod codes;
mod descriptor;
mod doors;
mod gateway;
mod pulls;
mod registry;
mod reported_sender;
mod secrets;

mod infobip;
mod nhn;
mod sinch;
mod twilio;

pub use capabilities::Capabilities;
pub use codes::{CodeReading, CodeRow, CodeTable};
pub use descriptor::{Descriptor, DoorFacts};
pub use doors::{DoorError, DoorRequest, HeadProof, Headers, Notice, Opened, RECEIPT_BODY_BYTES_MAX};
pub use gateway::{LookUp, LookUpQuery, SmsMessage, StatusQuery};
pub use pulls::More;
pub use registry::{ReceiptDoor, ReceiptPull, SmsGateway};

pub use infobip::{InfobipSettings, InfobipSms, receipts::InfobipReceipts};
pub use nhn::{NhnSettings, NhnSms, receipts::NhnReceipts};
pub use sinch::{SinchSettings, SinchSms, receipts::SinchReceipts};
pub use twilio::{TwilioSettings, TwilioSms, receipts::TwilioReceipts};
