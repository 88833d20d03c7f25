//! The gateway's webhook, read into the fleet's own receipts.

use std::borrow::Cow;

use closure_contract::{
    ClientRef, Evidence, Provider, Receipt, ReceiptMessage, ReceiptStatus, Timestamp,
    receipt::ReceiptKind,
    topology::{RECEIPTS, WorkQueue},
};
use serde::Deserialize;
use time::{
    PrimitiveDateTime,
    format_description::BorrowedFormatItem,
    macros::{format_description, offset},
};

use crate::broker::Message;

const TIME: &[BorrowedFormatItem<'_>] = format_description!("[year]-[month]-[day]T[hour]:[minute]:[second]");

#[derive(Deserialize)]
struct Body<'a> {
    event: &'a str,
    #[serde(borrow)]
    hooks: Vec<Hook<'a>>,
}

/// An element of either event.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Hook<'a> {
    hook_id: &'a str,
    request_id: &'a str,
    recipient_seq: u64,
    #[serde(default, borrow)]
    receive_date: Option<Cow<'a, str>>,
    #[serde(default)]
    recipient_no: Option<&'a str>,
    #[serde(default)]
    message_status: Option<&'a str>,
    #[serde(default)]
    result_code: Option<&'a str>,
    #[serde(default)]
    send_no: Option<&'a str>,
    #[serde(default)]
    sender_grouping_key: Option<&'a str>,
    #[serde(default)]
    dlr_status: Option<&'a str>,
    #[serde(default)]
    error_code: Option<&'a str>,
}

/// The receipts of one body; nothing where it cannot be read.
pub(crate) fn receipts(body: &[u8], received_at: Timestamp) -> Option<Vec<Message>> {
    let Body { event, hooks } = serde_json::from_slice(body).ok()?;
    let read = match event {
        "MESSAGE_RESULT_UPDATE" => Hook::result,
        "INTERNATIONAL_DELIVERY_RECEIPT" => Hook::delivery,
        _ => return Some(Vec::new()),
    };
    Some(hooks.iter().filter_map(|hook| read(hook, received_at)).map(message).collect())
}

impl Hook<'_> {
    fn result(&self, received_at: Timestamp) -> Option<Receipt> {
        let said = self.message_status?;
        let domestic = self.recipient_no.is_some_and(|number| number.starts_with("010"));
        let (status, evidence) = match said {
            "COMPLETED" if domestic => (ReceiptStatus::Delivered, Evidence::Handset),
            "COMPLETED" => (ReceiptStatus::InTransit, Evidence::Carrier),
            "FAILED" => (ReceiptStatus::Undelivered, Evidence::None),
            _ => (ReceiptStatus::InTransit, Evidence::None),
        };
        Some(Receipt {
            client_ref: self.sender_grouping_key.and_then(|key| key.parse::<ClientRef>().ok()),
            provider_code: self.result_code.or(self.message_status).map(str::to_owned),
            reported_sender: self.send_no.map(str::to_owned),
            occurred_at: self.receive_date.as_deref().and_then(korean_time),
            ..self.receipt(status, evidence, received_at)
        })
    }

    fn delivery(&self, received_at: Timestamp) -> Option<Receipt> {
        let said = self.dlr_status?;
        let (status, evidence) = match said {
            "DELIVERED" => (ReceiptStatus::Delivered, Evidence::Handset),
            "EXPIRED" => (ReceiptStatus::Expired, Evidence::None),
            "FAILED" | "REJECTED" => (ReceiptStatus::Undelivered, Evidence::None),
            "UNKNOWN" => (ReceiptStatus::Unknown, Evidence::None),
            _ => (ReceiptStatus::InTransit, Evidence::None),
        };
        let provider_code = self.error_code.map(|error| format!("{said}-{error}"));
        Some(Receipt { provider_code, ..self.receipt(status, evidence, received_at) })
    }

    fn receipt(&self, status: ReceiptStatus, evidence: Evidence, received_at: Timestamp) -> Receipt {
        Receipt {
            kind: ReceiptKind::V1,
            receipt_id: self.hook_id.to_owned(),
            provider: Provider::Nhn,
            provider_ref: Some(format!("{}:{}", self.request_id, self.recipient_seq)),
            client_ref: None,
            status,
            evidence,
            provider_code: None,
            failure_code: None,
            reported_sender: None,
            occurred_at: None,
            received_at,
        }
    }
}

fn message(receipt: Receipt) -> Message {
    let message_id = format!("receipt:{}:{}", receipt.provider, receipt.receipt_id);
    let message = ReceiptMessage::Receipt(receipt);
    Message {
        exchange: RECEIPTS,
        routing_key: WorkQueue::Receipts.routing_key().to_owned(),
        message_id,
        kind: message.kind(),
        body: message.encode(),
    }
}

/// The gateway's clock is Korea's and its times name no zone.
fn korean_time(text: &str) -> Option<Timestamp> {
    let local = PrimitiveDateTime::parse(text.get(..19)?, TIME).ok()?;
    Timestamp::of(local.assume_offset(offset!(+9)))
}
