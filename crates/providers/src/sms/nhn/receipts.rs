//! NHN Cloud's webhook: `MESSAGE_RESULT_UPDATE` and `INTERNATIONAL_DELIVERY_RECEIPT` speak of a message,
//! `CONVERSION_BLOCK` of a country to which the gateway sends nothing more, and other events of nothing that concerns us.
//!
//! Field names are those of NHN's `webhook.md`; its own sample misspells `recipientGroupingKey`, so both are read.
//!
//! What a result is worth, by source:
//!
//! - A DLR `DELIVERED` is the handset's word as far as NHN can tell (`error-code.md`: transmitted to the device).
//!   Which countries' receipts are only a carrier's word is for policy to say.
//! - `MESSAGE_RESULT_UPDATE` `COMPLETED` of a Korean number with result 1000 is the Korean carrier's delivery report.
//! - `COMPLETED` of an overseas number alone is read as "handed to the carrier" (`InTransit`).
//!   `ko/release-notes.md` (2025-03-04) says that the overseas result follows the DLR since then, but
//!   `ko/international-sending-policy.md` still says that it means the transfer to the foreign carrier and may differ
//!   from the handset's result.
//!   Where two documents of one provider contradict, the weaker reading stands: the webhook must be registered
//!   for both events, and the DLR decides.
//! - A DLR whose status is null carries no information, and that file says that this happens.

use std::{collections::BTreeSet, fmt};

use closure_contract::{
    ClientRef, Evidence, Provider, Receipt, ReceiptStatus, Timestamp, receipt::ReceiptKind,
};
use serde::Deserialize;
use time::{
    PrimitiveDateTime,
    format_description::BorrowedFormatItem,
    macros::{format_description, offset},
};

use super::{
    DESCRIPTOR,
    statuses::{self, DLR_STATUSES},
    wire::{provider_ref, text_or_number},
};
use crate::sms::{
    codes::CodeReading,
    descriptor::Descriptor,
    doors::{Door, DoorError, DoorRequest, Headers, Notice, Opened},
    reported_sender::sender_field,
    secrets::Secrets,
};
use crate::{config::ConfigError, mask::code_text};

const SERVICE: &str = "NHN webhook";
const SIGNATURE_HEADER: &str = "x-toast-webhook-signature";
/// A calling code has at most three digits.
const COUNTRY_CODE_MAX: u16 = 999;
const HOOK_ID_CHARS_MAX: usize = 64;
const WEBHOOK_TIME: &[BorrowedFormatItem<'_>] =
    format_description!("[year]-[month]-[day]T[hour]:[minute]:[second]");
/// The result code of a message that was received.
const RECEIVED: &str = "1000";

/// Verifies and reads NHN's webhook.
///
/// NHN's signature is one static text in a header and not a digest of the body, so it proves only who knows it.
#[derive(Clone)]
pub struct NhnReceipts {
    secrets: Secrets,
}

impl fmt::Debug for NhnReceipts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "NhnReceipts({:?})", self.secrets)
    }
}

impl NhnReceipts {
    /// A door that opens to one secret, or to two while the secret is being changed.
    pub fn new(secrets: &[String]) -> Result<Self, ConfigError> {
        Ok(Self { secrets: Secrets::new(SERVICE, secrets)? })
    }
}

impl Door for NhnReceipts {
    fn descriptor(&self) -> &'static Descriptor {
        &DESCRIPTOR
    }

    fn accepts_head(&self, header: &Headers<'_>) -> bool {
        self.secrets.matches(header(SIGNATURE_HEADER))
    }

    fn open(&self, request: &DoorRequest<'_>, received_at: Timestamp) -> Result<Opened, DoorError> {
        if !self.accepts_head(request.header) {
            return Err(DoorError::Forged);
        }
        let body: Body = serde_json::from_slice(request.raw_body)
            .map_err(|_| DoorError::Unreadable("no `event` and list of `hooks`"))?;
        let read: fn(serde_json::Value, Timestamp) -> Result<Option<Receipt>, BadHook> = match &*body.event {
            "MESSAGE_RESULT_UPDATE" => result_update,
            "INTERNATIONAL_DELIVERY_RECEIPT" => delivery_receipt,
            "CONVERSION_BLOCK" => return Ok(blocked_countries(body.hooks)),
            _ => return Ok(Opened { ignored: body.hooks.len(), ..Opened::default() }),
        };
        let mut opened = Opened::default();
        for hook in body.hooks {
            match read(hook, received_at) {
                Ok(Some(receipt)) => opened.receipts.push(receipt),
                Ok(None) => opened.ignored += 1,
                Err(BadHook) => opened.unreadable += 1,
            }
        }
        Ok(opened)
    }
}

#[derive(Deserialize)]
struct Body {
    event: String,
    hooks: Vec<serde_json::Value>,
}

/// An element that is not what the documents say.
#[derive(Debug)]
pub(crate) struct BadHook;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ResultUpdate {
    #[serde(default)]
    hook_id: Option<String>,
    request_id: String,
    #[serde(deserialize_with = "text_or_number")]
    recipient_seq: Option<String>,
    #[serde(default)]
    receive_date: Option<String>,
    #[serde(default, deserialize_with = "text_or_number")]
    recipient_no: Option<String>,
    message_status: String,
    #[serde(default, rename = "recipientGroupingKey")]
    grouping_key: Option<String>,
    #[serde(default, rename = "recipientGropuingKey")]
    grouping_key_misspelt: Option<String>,
    #[serde(default)]
    sender_grouping_key: Option<String>,
    #[serde(default, deserialize_with = "sender_field")]
    send_no: Option<String>,
    #[serde(default, deserialize_with = "text_or_number")]
    result_code: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct DeliveryReceipt {
    #[serde(default)]
    hook_id: Option<String>,
    request_id: String,
    #[serde(deserialize_with = "text_or_number")]
    recipient_seq: Option<String>,
    #[serde(default)]
    dlr_status: Option<String>,
    #[serde(default, deserialize_with = "text_or_number")]
    error_code: Option<String>,
}

/// A country that NHN has blocked, because too few of its recipients did what a text asked them for.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ConversionBlock {
    #[serde(deserialize_with = "text_or_number")]
    country_code: Option<String>,
}

/// Each country once, however often a batch names it: every one of them is a line for a person.
fn blocked_countries(hooks: Vec<serde_json::Value>) -> Opened {
    let mut opened = Opened::default();
    let mut countries = BTreeSet::new();
    for hook in hooks {
        let block = serde_json::from_value::<ConversionBlock>(hook).ok();
        match block.and_then(|block| block.country_code?.parse().ok()) {
            Some(country_code @ 1..=COUNTRY_CODE_MAX) => {
                countries.insert(country_code);
            }
            Some(_) | None => opened.unreadable += 1,
        }
    }
    opened.notices =
        countries.into_iter().map(|country_code| Notice::CountryBlocked { country_code }).collect();
    opened
}

fn result_update(hook: serde_json::Value, received_at: Timestamp) -> Result<Option<Receipt>, BadHook> {
    let hook: ResultUpdate = serde_json::from_value(hook).map_err(|_| BadHook)?;
    let result_code = hook.result_code.as_deref().and_then(code_text);
    let is_domestic = hook.recipient_no.as_deref().is_some_and(is_korean);
    let (status, evidence) = match &*hook.message_status {
        "COMPLETED" if is_domestic && result_code.as_deref() == Some(RECEIVED) => {
            (ReceiptStatus::Delivered, Evidence::Handset)
        }
        "COMPLETED" => (ReceiptStatus::InTransit, Evidence::Carrier),
        "FAILED" => (statuses::failed_status(result_code.as_deref()), Evidence::None),
        "CANCEL" | "DUPLICATED" | "FAILED_AD" => (ReceiptStatus::Undelivered, Evidence::None),
        // A status of a later release is kept and decides nothing.
        _ => (ReceiptStatus::InTransit, Evidence::None),
    };
    let keys = [&hook.grouping_key, &hook.grouping_key_misspelt, &hook.sender_grouping_key];
    let client_ref = keys.into_iter().flatten().find_map(|key| key.parse::<ClientRef>().ok());
    let occurred_at = hook.receive_date.as_deref().and_then(korean_time);
    let when = hook.receive_date.as_deref().unwrap_or_default();
    let statement = Statement {
        hook_id: hook.hook_id.as_deref(),
        request_id: &hook.request_id,
        recipient_seq: hook.recipient_seq.as_deref(),
        status: &hook.message_status,
        when,
    };
    let (receipt_id, provider_ref) = statement.names()?;
    Ok(Some(Receipt {
        kind: ReceiptKind::V1,
        receipt_id,
        provider: Provider::Nhn,
        provider_ref: Some(provider_ref),
        client_ref,
        status,
        evidence,
        failure_code: statuses::RECEIVING.why_ended(status, result_code.as_deref()),
        provider_code: result_code.or_else(|| code_text(&hook.message_status)),
        reported_sender: hook.send_no,
        occurred_at,
        received_at,
    }))
}

fn delivery_receipt(hook: serde_json::Value, received_at: Timestamp) -> Result<Option<Receipt>, BadHook> {
    let hook: DeliveryReceipt = serde_json::from_value(hook).map_err(|_| BadHook)?;
    let Some(dlr_status) = hook.dlr_status.filter(|status| !status.is_empty()) else { return Ok(None) };
    let (status, evidence) = match DLR_STATUSES.reading(&dlr_status) {
        Some(CodeReading::Word { status, evidence, .. }) => (status, evidence),
        // A status of a later release is kept and decides nothing.
        Some(CodeReading::Taken | CodeReading::Failure(_)) | None => {
            (ReceiptStatus::InTransit, Evidence::None)
        }
    };
    let error_code = hook.error_code.as_deref().and_then(code_text);
    let statement = Statement {
        hook_id: hook.hook_id.as_deref(),
        request_id: &hook.request_id,
        recipient_seq: hook.recipient_seq.as_deref(),
        status: &dlr_status,
        when: error_code.as_deref().unwrap_or_default(),
    };
    let (receipt_id, provider_ref) = statement.names()?;
    let provider_code = match &error_code {
        Some(error) => code_text(&format!("{dlr_status}-{error}")),
        None => code_text(&dlr_status),
    };
    Ok(Some(Receipt {
        kind: ReceiptKind::V1,
        receipt_id,
        provider: Provider::Nhn,
        provider_ref: Some(provider_ref),
        client_ref: None,
        status,
        evidence,
        provider_code,
        failure_code: statuses::DLR_ERRORS.why_ended(status, error_code.as_deref()),
        reported_sender: None,
        occurred_at: None,
        received_at,
    }))
}

/// A row of the results by the time of their update, which names neither the recipient nor a handset's word.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct PolledResult {
    request_id: String,
    #[serde(deserialize_with = "text_or_number")]
    recipient_seq: Option<String>,
    #[serde(default, deserialize_with = "text_or_number")]
    result_code: Option<String>,
    #[serde(default)]
    update_date: Option<String>,
    #[serde(default)]
    recipient_grouping_key: Option<String>,
}

/// One row; nothing where it has no result yet, which its document allows.
pub(crate) fn polled(row: serde_json::Value, received_at: Timestamp) -> Result<Option<Receipt>, BadHook> {
    let row: PolledResult = serde_json::from_value(row).map_err(|_| BadHook)?;
    let Some(result_code) = row.result_code.as_deref().filter(|code| !code.is_empty()) else {
        return Ok(None);
    };
    let result_code = code_text(result_code).ok_or(BadHook)?;
    // Without the recipient's country a good result is read as the weaker one: handed to the carrier.
    let (status, evidence) = match &*result_code {
        RECEIVED => (ReceiptStatus::InTransit, Evidence::Carrier),
        _ => (statuses::failed_status(Some(&result_code)), Evidence::None),
    };
    let statement = Statement {
        hook_id: None,
        request_id: &row.request_id,
        recipient_seq: row.recipient_seq.as_deref(),
        status: &result_code,
        when: row.update_date.as_deref().unwrap_or_default(),
    };
    let (receipt_id, provider_ref) = statement.names()?;
    Ok(Some(Receipt {
        kind: ReceiptKind::V1,
        receipt_id,
        provider: Provider::Nhn,
        provider_ref: Some(provider_ref),
        client_ref: row.recipient_grouping_key.and_then(|key| key.parse().ok()),
        status,
        evidence,
        failure_code: statuses::RECEIVING.why(Some(&result_code)),
        provider_code: Some(result_code),
        reported_sender: None,
        occurred_at: None,
        received_at,
    }))
}

/// What makes one statement of NHN the same statement when it comes again.
struct Statement<'a> {
    hook_id: Option<&'a str>,
    request_id: &'a str,
    recipient_seq: Option<&'a str>,
    status: &'a str,
    when: &'a str,
}

impl Statement<'_> {
    /// The receipt's id and the message's reference.
    fn names(&self) -> Result<(String, String), BadHook> {
        let sequence = self.recipient_seq.and_then(|text| text.parse::<u64>().ok()).ok_or(BadHook)?;
        let provider_ref = provider_ref(self.request_id, sequence).ok_or(BadHook)?;
        let is_id = |id: &&str| {
            !id.is_empty()
                && id.len() <= HOOK_ID_CHARS_MAX
                && id.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_')
        };
        let receipt_id = match self.hook_id.filter(is_id) {
            Some(hook_id) => hook_id.to_owned(),
            None => {
                let status = code_text(self.status).ok_or(BadHook)?;
                let when: String = self.when.chars().filter(char::is_ascii_alphanumeric).take(32).collect();
                format!("{provider_ref}:{status}:{when}")
            }
        };
        Ok((receipt_id, provider_ref))
    }
}

/// A Korean number that takes text messages, as NHN writes it: a mobile `010…` or `8210…`, a safety number `050…` or
/// `8250…`, a VoIP line `8270…`; anything else is taken for overseas, where a result is worth less.
///
/// The lengths keep national numbers of other countries out that begin like these.
fn is_korean(number: &str) -> bool {
    let whole = number.strip_prefix("82").map(|rest| rest.strip_prefix('0').unwrap_or(rest));
    let Some(national) = whole.or_else(|| number.strip_prefix('0')) else { return false };
    let takes_texts = match national.as_bytes() {
        [b'1', ..] => (9..=10).contains(&national.len()),
        [b'5', b'0', ..] => (10..=11).contains(&national.len()),
        [b'7', b'0', ..] => whole.is_some() && national.len() == 10,
        _ => false,
    };
    takes_texts && national.bytes().all(|byte| byte.is_ascii_digit())
}

/// NHN's clock is Korea's and its times name no zone.
fn korean_time(text: &str) -> Option<Timestamp> {
    let seconds = text.get(..19)?;
    let local = PrimitiveDateTime::parse(seconds, WEBHOOK_TIME).ok()?;
    Timestamp::of(local.assume_offset(offset!(+9)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_that_utc_has_no_form_for_is_left_out() {
        assert_eq!(korean_time("0000-01-01T00:00:00"), None);
        assert!(korean_time("2026-11-22T10:00:00").is_some());
    }
}
