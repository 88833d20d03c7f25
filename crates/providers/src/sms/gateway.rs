//! What is asked of every SMS gateway: to send a message, and to say what became of one.

use std::{fmt, future::Future};

use closure_contract::{
    ClientRef, Evidence, FailureCode, Provider, Receipt, ReceiptStatus, Timestamp, job::Scope,
    receipt::ReceiptKind,
};

use super::descriptor::Descriptor;
use crate::sender::{SendFailure, Sender};

/// A text message as policy planned it.
#[derive(Clone, PartialEq, Eq)]
pub struct SmsMessage {
    /// Our name for this attempt.
    pub client_ref: ClientRef,
    /// The recipient with country code, digits only.
    pub to_digits: String,
    /// The country code alone.
    pub country_code: u16,
    /// The registered sender, such as `+82234518120`.
    pub sender: String,
    /// The text.
    pub text: String,
    /// Overseas goes as one SMS; at home a long text or one with a subject goes as LMS.
    pub scope: Scope,
    /// The title of an LMS; an overseas message has none.
    pub subject: Option<String>,
}

impl fmt::Debug for SmsMessage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SmsMessage")
            .field("client_ref", &self.client_ref)
            .field("country_code", &self.country_code)
            .field("text_bytes", &self.text.len())
            .field("scope", &self.scope)
            .finish_non_exhaustive()
    }
}

/// What is known of an attempt that a gateway is asked about.
#[derive(Debug, Clone, Copy)]
pub struct LookUpQuery<'a> {
    /// Our name for the attempt.
    pub client_ref: ClientRef,
    /// Whether it went overseas, for gateways that keep apart what does.
    pub scope: Scope,
    /// When it began.
    pub since: Timestamp,
    /// The message itself, as long as the rules would still send it.
    pub message: Option<&'a SmsMessage>,
}

/// A message that a gateway took, and that it is asked about by its own reference.
#[derive(Debug, Clone, Copy)]
pub struct StatusQuery<'a> {
    /// Our name for the attempt.
    pub client_ref: ClientRef,
    /// The gateway's name for the message, as its answer gave it.
    pub provider_ref: &'a str,
    /// Whether it went overseas, for gateways that keep apart what does.
    pub scope: Scope,
}

/// What a gateway knows about an attempt.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LookUp {
    /// The gateway has it.
    Found {
        /// The gateway's reference.
        provider_ref: String,
        /// What became of it so far.
        status: ReceiptStatus,
        /// What a `delivered` is worth.
        evidence: Evidence,
        /// The gateway's own code.
        provider_code: Option<String>,
        /// Why it did not arrive, where that code says so.
        failure_code: Option<FailureCode>,
        /// The sender that the gateway says it has (R12).
        reported_sender: Option<String>,
    },
    /// The gateway has no such message, as far as it can tell now.
    NotFound,
    /// This gateway cannot be asked about this attempt at all.
    CannotTell,
}

impl LookUp {
    /// The final word that was found, as the receipt that would have said the same; nothing as long as the message is on
    /// its way.
    ///
    /// The same word about the same attempt is the same receipt, however often the gateway is asked.
    pub fn receipt(
        &self,
        provider: Provider,
        client_ref: ClientRef,
        received_at: Timestamp,
    ) -> Option<Receipt> {
        let Self::Found { provider_ref, status, evidence, provider_code, failure_code, reported_sender } =
            self
        else {
            return None;
        };
        match status {
            ReceiptStatus::InTransit => return None,
            ReceiptStatus::Delivered
            | ReceiptStatus::Undelivered
            | ReceiptStatus::Expired
            | ReceiptStatus::Unknown => {}
        }
        let code = provider_code.as_deref().unwrap_or_default();
        Some(Receipt {
            kind: ReceiptKind::V1,
            receipt_id: format!("asked:{client_ref}:{}:{code}", status.as_str()),
            provider,
            provider_ref: Some(provider_ref.clone()),
            client_ref: Some(client_ref),
            status: *status,
            evidence: *evidence,
            provider_code: provider_code.clone(),
            failure_code: *failure_code,
            reported_sender: reported_sender.clone(),
            occurred_at: None,
            received_at,
        })
    }
}

/// What the adapter of one gateway does.
pub(crate) trait Gateway: Sender<Message = SmsMessage> {
    /// The facts about it.
    fn descriptor(&self) -> &'static Descriptor;

    /// Asks what became of an attempt; an error has found nothing out.
    fn look_up(&self, query: &LookUpQuery<'_>) -> impl Future<Output = Result<LookUp, SendFailure>> + Send;

    /// Asks what became of a message that the gateway took; an error has found nothing out.
    fn status(&self, query: &StatusQuery<'_>) -> impl Future<Output = Result<LookUp, SendFailure>> + Send;
}
