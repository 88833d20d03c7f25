//! Twilio's status callbacks: one message in the fields of a form.
//!
//! The sender proves itself by `X-Twilio-Signature`, the HMAC of the address and of every field, as Twilio's pages
//! "Webhooks security" and "Sign webhooks with shared keys" describe it: by the account's auth token with SHA-1, or by a
//! SharedKey's secret with the algorithm that a second header names.
//! The address is the one that we gave Twilio, so that it comes from the configuration and never from a header; only
//! its query, where our reference is, comes from the request.
//! The connection overrides after its `#` are neither sent to us nor signed.
//! That page also says that the port may be in the signed address or not, whatever the address in the console says, so that
//! a signature over either form is good.

use std::fmt;

use closure_contract::{Provider, Receipt, Timestamp, receipt::ReceiptKind};
use subtle::Choice;

use super::{
    DESCRIPTOR,
    signature::{Key, Signature},
    statuses::{ERRORS, word},
    wire::{is_sid, message_sid, reference},
};
use crate::sms::{
    descriptor::Descriptor,
    doors::{Door, DoorError, DoorRequest, Headers, Opened},
    reported_sender::reported_sender,
    secrets::Secrets,
};
use crate::{
    config::{ConfigError, PlainHttp, base_url},
    mask::code_text,
};

const SERVICE: &str = "Twilio webhook";

/// Verifies and reads Twilio's callbacks.
#[derive(Clone)]
pub struct TwilioReceipts {
    keys: Vec<Key>,
    /// The address with and without its port.
    addresses: [String; 2],
    account_sid: String,
}

impl fmt::Debug for TwilioReceipts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "TwilioReceipts({} secrets)", self.keys.len())
    }
}

impl TwilioReceipts {
    /// A door that opens to signatures of one secret, or of two while it is being changed: each is the account's auth
    /// token or a SharedKey's secret.
    ///
    /// `receipt_url` is the address as Twilio was given it, without a query; `account_sid` is the account whose messages
    /// are spoken of.
    pub fn new(secrets: &[String], receipt_url: &str, account_sid: String) -> Result<Self, ConfigError> {
        Secrets::check(SERVICE, secrets)?;
        let url = base_url(SERVICE, receipt_url, PlainHttp::TrustedNetwork)?;
        if !is_sid("AC", &account_sid) {
            let problem = "must be AC and 32 hexadecimal digits";
            return Err(ConfigError::Setting { service: SERVICE, key: "account_sid", problem });
        }
        let keys = secrets.iter().map(|secret| Key::new(secret)).collect();
        let addresses = [receipt_url.to_owned(), other_address(receipt_url, &url)];
        Ok(Self { keys, addresses, account_sid })
    }

    /// Every key and form of the address is tried, each in constant time, so that the time tells nothing about a token.
    fn is_signed(&self, signature: &Signature, query: Option<&str>, fields: &[(String, String)]) -> bool {
        let mut matches = Choice::from(0);
        for key in &self.keys {
            for address in &self.addresses {
                let query = query.into_iter().flat_map(|query| ["?", query]);
                let fields = fields.iter().flat_map(|(name, value)| [name.as_str(), value.as_str()]);
                let parts = std::iter::once(address.as_str()).chain(query).chain(fields);
                matches |= key.signed(signature, parts.map(str::as_bytes));
            }
        }
        matches.into()
    }

    /// The fields of the older interface, which Twilio still sends beside the new ones, must say the same; and a message
    /// of another account is none of ours, whoever signed it.
    fn read(
        &self,
        fields: &[(String, String)],
        query: Option<&str>,
        received_at: Timestamp,
    ) -> Result<Read, DoorError> {
        let sid = said_once(fields, &["MessageSid", "SmsSid"])?.and_then(message_sid);
        let status = said_once(fields, &["MessageStatus", "SmsStatus"])?.and_then(code_text);
        let error = said_once(fields, &["ErrorCode"])?.and_then(code_text);
        let account = said_once(fields, &["AccountSid"])?;
        let (Some(sid), Some(status)) = (sid, status) else { return Ok(Read::Unreadable) };
        if account != Some(self.account_sid.as_str()) {
            return Err(DoorError::Unreadable("its AccountSid is not the one in `sms.twilio.account_sid`"));
        }
        let Some((word, evidence)) = word(&status, error.as_deref()) else { return Ok(Read::Nothing) };
        let provider_code = match &error {
            Some(error) => code_text(&format!("{status}-{error}")),
            None => Some(status.clone()),
        };
        Ok(Read::Receipt(Box::new(Receipt {
            kind: ReceiptKind::V1,
            receipt_id: format!("{sid}:{status}:{}", error.as_deref().unwrap_or_default()),
            provider: Provider::Twilio,
            provider_ref: Some(sid.to_owned()),
            client_ref: query.and_then(reference),
            status: word,
            evidence,
            provider_code,
            failure_code: ERRORS.why_ended(word, error.as_deref()),
            reported_sender: sender(fields),
            // Twilio passes on a carrier's time without its zone, which is no time.
            occurred_at: None,
            received_at,
        })))
    }
}

impl Door for TwilioReceipts {
    fn descriptor(&self) -> &'static Descriptor {
        &DESCRIPTOR
    }

    fn accepts_head(&self, header: &Headers<'_>) -> bool {
        Signature::of(header).is_some()
    }

    fn open(&self, request: &DoorRequest<'_>, received_at: Timestamp) -> Result<Opened, DoorError> {
        let query = request.path_and_query.split_once('?').map(|(_, query)| query);
        let mut fields: Vec<(String, String)> =
            form_urlencoded::parse(request.raw_body).into_owned().collect();
        // Twilio signs the fields in the order of their names, and each pair of name and value once.
        fields.sort_unstable();
        fields.dedup();
        let signature = Signature::of(request.header).ok_or(DoorError::Forged)?;
        if !self.is_signed(&signature, query, &fields) {
            return Err(DoorError::Forged);
        }
        let mut opened = Opened::default();
        match self.read(&fields, query, received_at)? {
            Read::Receipt(receipt) => opened.receipts.push(*receipt),
            Read::Nothing => opened.ignored += 1,
            Read::Unreadable => opened.unreadable += 1,
        }
        Ok(opened)
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

/// The one value that all fields of these names have; nothing where none is there, and an error where two differ.
fn said_once<'a>(fields: &'a [(String, String)], names: &[&str]) -> Result<Option<&'a str>, DoorError> {
    let mut said = fields.iter().filter(|(name, _)| names.contains(&name.as_str()));
    let Some((_, value)) = said.next() else { return Ok(None) };
    if said.all(|(_, other)| other == value) {
        Ok(Some(value))
    } else {
        Err(DoorError::Unreadable("two of its fields contradict each other"))
    }
}

/// The sender that the message had, as the callback names it; two different ones are none.
fn sender(fields: &[(String, String)]) -> Option<String> {
    said_once(fields, &["From"]).ok().flatten().and_then(reported_sender)
}

/// The same address without its port, or with the scheme's own where it names none; the text is otherwise untouched,
/// because every byte of it is signed.
fn other_address(text: &str, url: &reqwest::Url) -> String {
    let scheme_chars = url.scheme().len() + "://".len();
    let (scheme, rest) = text.split_at_checked(scheme_chars).unwrap_or(("", text));
    let (authority, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
    // A colon within the brackets of an IPv6 address begins no port.
    let host_end = authority.rfind(']').map_or(0, |bracket| bracket + 1);
    let port = authority.get(host_end..).and_then(|tail| tail.find(':')).map(|colon| host_end + colon);
    match (port.and_then(|colon| authority.get(..colon)), url.port_or_known_default()) {
        (Some(host), _) => format!("{scheme}{host}{path}"),
        (None, Some(port)) => format!("{scheme}{authority}:{port}{path}"),
        (None, None) => text.to_owned(),
    }
}
