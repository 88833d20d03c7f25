//! Twilio's status callbacks: one message in the fields of a form.
//!
//! The sender proves itself by `X-Twilio-Signature`, the HMAC-SHA1 of the address and of every field under the account's
//! auth token, as Twilio's page "Webhooks security" describes it.
//! The address is the one that we gave Twilio, so that it comes from the configuration and never from a header; only
//! its query, where our reference is, comes from the request.

use std::fmt;

use base64::{Engine, engine::general_purpose::STANDARD};
use closure_contract::{Provider, Receipt, Timestamp, receipt::ReceiptKind};
use hmac::{Hmac, KeyInit, Mac};
use sha1::Sha1;
use subtle::Choice;

use super::{
    receipts::{DoorError, DoorRequest, Opened},
    secrets::Secrets,
    twilio_wire::{message_sid, reference},
    twilio_words::{ERRORS, word},
};
use crate::{
    config::{ConfigError, PlainHttp, base_url},
    mask::code_text,
};

const SERVICE: &str = "Twilio webhook";
const SIGNATURE_HEADER: &str = "x-twilio-signature";

/// Verifies and reads Twilio's callbacks.
#[derive(Clone)]
pub struct TwilioReceipts {
    keys: Vec<Hmac<Sha1>>,
    receipt_url: String,
}

impl fmt::Debug for TwilioReceipts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "TwilioReceipts({} secrets)", self.keys.len())
    }
}

impl TwilioReceipts {
    /// A door that opens to signatures of one auth token, or of two while it is being changed.
    ///
    /// `receipt_url` is the address as Twilio was given it, without a query.
    pub fn new(auth_tokens: &[String], receipt_url: String) -> Result<Self, ConfigError> {
        Secrets::check(SERVICE, auth_tokens)?;
        base_url(SERVICE, &receipt_url, PlainHttp::TrustedNetwork)?;
        let keys = auth_tokens
            .iter()
            .map(|token| Hmac::new_from_slice(token.as_bytes()).expect("HMAC takes a key of any length"));
        Ok(Self { keys: keys.collect(), receipt_url })
    }

    pub(crate) fn open(
        &self,
        request: &DoorRequest<'_>,
        received_at: Timestamp,
    ) -> Result<Opened, DoorError> {
        let query = request.path_and_query.split_once('?').map(|(_, query)| query);
        let mut fields: Vec<(String, String)> =
            form_urlencoded::parse(request.raw_body).into_owned().collect();
        // Twilio signs the fields in the order of their names, and each pair of name and value once.
        fields.sort_unstable();
        fields.dedup();
        if !self.is_signed((request.header)(SIGNATURE_HEADER), query, &fields) {
            return Err(DoorError::Forged);
        }
        let mut opened = Opened::default();
        match read(&fields, query, received_at) {
            Read::Receipt(receipt) => opened.receipts.push(*receipt),
            Read::Nothing => opened.ignored += 1,
            Read::Unreadable => opened.unreadable += 1,
        }
        Ok(opened)
    }

    /// Every key is tried, and each in constant time, so that the time tells nothing about a token.
    fn is_signed(&self, given: Option<&[u8]>, query: Option<&str>, fields: &[(String, String)]) -> bool {
        let Some(signature) = given.and_then(|given| STANDARD.decode(given).ok()) else { return false };
        let matches = self.keys.iter().fold(Choice::from(0), |matches, key| {
            let mut mac = key.clone();
            mac.update(self.receipt_url.as_bytes());
            if let Some(query) = query {
                mac.update(b"?");
                mac.update(query.as_bytes());
            }
            for (name, value) in fields {
                mac.update(name.as_bytes());
                mac.update(value.as_bytes());
            }
            matches | Choice::from(u8::from(mac.verify_slice(&signature).is_ok()))
        });
        matches.into()
    }
}

/// What an authentic callback says.
enum Read {
    Receipt(Box<Receipt>),
    /// A word about an incoming message.
    Nothing,
    /// Not what the documents say.
    Unreadable,
}

fn read(fields: &[(String, String)], query: Option<&str>, received_at: Timestamp) -> Read {
    // The names of the older interface, which Twilio still sends beside the new ones.
    let sid = field(fields, "MessageSid").or_else(|| field(fields, "SmsSid")).and_then(message_sid);
    let status = field(fields, "MessageStatus").or_else(|| field(fields, "SmsStatus")).and_then(code_text);
    let (Some(sid), Some(status)) = (sid, status) else { return Read::Unreadable };
    let error = field(fields, "ErrorCode").and_then(code_text);
    let Some((word, evidence)) = word(&status, error.as_deref()) else { return Read::Nothing };
    let provider_code = match &error {
        Some(error) => code_text(&format!("{status}-{error}")),
        None => Some(status.clone()),
    };
    Read::Receipt(Box::new(Receipt {
        kind: ReceiptKind::V1,
        receipt_id: format!("{sid}:{status}:{}", error.as_deref().unwrap_or_default()),
        provider: Provider::Twilio,
        provider_ref: Some(sid.to_owned()),
        client_ref: query.and_then(reference),
        status: word,
        evidence,
        provider_code,
        failure_code: ERRORS.why(error.as_deref()),
        // Twilio passes on a carrier's time without its zone, which is no time.
        occurred_at: None,
        received_at,
    }))
}

fn field<'a>(fields: &'a [(String, String)], name: &str) -> Option<&'a str> {
    fields.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
}
