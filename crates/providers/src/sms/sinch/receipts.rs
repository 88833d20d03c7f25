//! Sinch's callbacks about messages: a JSON document each.
//!
//! The sender proves itself by `x-sinch-webhook-signature`, the HMAC-SHA256 of the body, a nonce and a time, each after a
//! full stop, with a secret that Sinch's account manager sets up for the service plan.
//! What is signed is read from Sinch's official clients for Python, Java and Node, which agree, and whose own example is
//! among the tests; its page names basic authentication and OAuth as further choices.
//! A callback is brought again for up to 23 hours, and whether with a new time is not said, so that its age is no fault;
//! one that is brought twice is one receipt.

use std::fmt;

use base64::{Engine, engine::general_purpose::STANDARD};
use closure_contract::{ClientRef, Provider, Receipt, Timestamp, receipt::ReceiptKind};
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use subtle::Choice;
use time::{OffsetDateTime, format_description::well_known::Rfc3339};

use super::{
    DESCRIPTOR,
    statuses::said_of,
    wire::{Event, RecipientReport, batch_id},
};
use crate::config::ConfigError;
use crate::sms::{
    descriptor::Descriptor,
    doors::{Door, DoorError, DoorRequest, Headers, Opened},
    secrets::Secrets,
};

const SERVICE: &str = "Sinch webhook";
const SIGNATURE_HEADER: &str = "x-sinch-webhook-signature";
const NONCE_HEADER: &str = "x-sinch-webhook-signature-nonce";
const TIME_HEADER: &str = "x-sinch-webhook-signature-timestamp";
const ALGORITHM_HEADER: &str = "x-sinch-webhook-signature-algorithm";
const ALGORITHM: &[u8] = b"HmacSHA256";
const SIGNATURE_BYTES: usize = 32;
/// What a callback about one text message is called.
const ABOUT_A_MESSAGE: &str = "recipient_delivery_report_sms";

/// Verifies and reads Sinch's callbacks.
#[derive(Clone)]
pub struct SinchReceipts {
    keys: Vec<Hmac<Sha256>>,
}

impl fmt::Debug for SinchReceipts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SinchReceipts({} secrets)", self.keys.len())
    }
}

/// What a request's head says of its signature.
struct Signature<'a> {
    bytes: Vec<u8>,
    nonce: &'a [u8],
    time: &'a [u8],
}

impl<'a> Signature<'a> {
    /// The signature of a head, if it has the form of one; an algorithm that is not named is the only one there is.
    fn of(header: &Headers<'a>) -> Option<Self> {
        if header(ALGORITHM_HEADER).is_some_and(|named| !named.eq_ignore_ascii_case(ALGORITHM)) {
            return None;
        }
        let bytes = STANDARD.decode(header(SIGNATURE_HEADER)?).ok()?;
        let (nonce, time) = (header(NONCE_HEADER)?, header(TIME_HEADER)?);
        (bytes.len() == SIGNATURE_BYTES).then_some(Self { bytes, nonce, time })
    }
}

impl SinchReceipts {
    /// A door that opens to signatures of one secret, or of two while it is being changed.
    pub fn new(secrets: &[String]) -> Result<Self, ConfigError> {
        Secrets::check(SERVICE, secrets)?;
        let key = |secret: &String| {
            KeyInit::new_from_slice(secret.as_bytes()).expect("HMAC takes a key of any length")
        };
        Ok(Self { keys: secrets.iter().map(key).collect() })
    }

    /// Every key is tried, each in constant time, so that the time tells nothing about a secret.
    fn is_signed(&self, signature: &Signature<'_>, body: &[u8]) -> bool {
        let parts = [body, b".", signature.nonce, b".", signature.time];
        let matches = self.keys.iter().fold(Choice::from(0), |matches, key| {
            let mut mac = key.clone();
            parts.iter().for_each(|part| mac.update(part));
            matches | Choice::from(u8::from(mac.verify_slice(&signature.bytes).is_ok()))
        });
        matches.into()
    }
}

impl Door for SinchReceipts {
    fn descriptor(&self) -> &'static Descriptor {
        &DESCRIPTOR
    }

    fn accepts_head(&self, header: &Headers<'_>) -> bool {
        Signature::of(header).is_some()
    }

    fn open(&self, request: &DoorRequest<'_>, received_at: Timestamp) -> Result<Opened, DoorError> {
        let signature = Signature::of(request.header).ok_or(DoorError::Forged)?;
        if !self.is_signed(&signature, request.raw_body) {
            return Err(DoorError::Forged);
        }
        let event: Event = serde_json::from_slice(request.raw_body)
            .map_err(|_| DoorError::Unreadable("no object with a `type`"))?;
        let mut opened = Opened::default();
        if event.kind != ABOUT_A_MESSAGE {
            // An incoming message, or the sum of a batch that somebody else sends over the same service plan.
            opened.ignored += 1;
            return Ok(opened);
        }
        match serde_json::from_slice(request.raw_body).ok().and_then(|report| receipt(report, received_at)) {
            Some(receipt) => opened.receipts.push(receipt),
            None => opened.unreadable += 1,
        }
        Ok(opened)
    }
}

/// One report; nothing where its batch has no name.
fn receipt(report: RecipientReport, received_at: Timestamp) -> Option<Receipt> {
    let batch = batch_id(&report.batch_id)?;
    let said = said_of(&report.status, report.code);
    let named = said.named?;
    let when = report.operator_status_at.as_deref().and_then(occurred_at);
    Some(Receipt {
        kind: ReceiptKind::V1,
        receipt_id: format!("{batch}:{named}"),
        provider: Provider::Sinch,
        provider_ref: Some(batch.to_owned()),
        client_ref: report.client_reference.and_then(|text| text.parse::<ClientRef>().ok()),
        status: said.status,
        evidence: said.evidence,
        provider_code: Some(named),
        failure_code: said.why,
        reported_sender: report.applied_originator,
        occurred_at: when.or_else(|| report.at.as_deref().and_then(occurred_at)),
        received_at,
    })
}

/// A time as Sinch writes it; one without an offset is of UTC, as its page "Formats" says.
fn occurred_at(text: &str) -> Option<Timestamp> {
    let read = |text: &str| OffsetDateTime::parse(text, &Rfc3339).ok();
    Timestamp::of(read(text).or_else(|| read(&format!("{text}Z")))?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_is_read_with_and_without_its_offset() {
        let expected = occurred_at("2026-11-22T01:00:00.000Z");
        assert!(expected.is_some());
        for text in ["2026-11-22T01:00:00Z", "2026-11-22T01:00:00.000", "2026-11-22T10:00:00+09:00"] {
            assert_eq!(occurred_at(text), expected, "{text}");
        }
        for text in ["", "now", "2026-11-22", "9999-12-31T23:59:59.999-23:59"] {
            assert_eq!(occurred_at(text), None, "{text}");
        }
    }
}
