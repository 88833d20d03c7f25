//! The SMS gateways behind one door, and what each of them can do.

use std::fmt;

use closure_contract::{ClientRef, Evidence, Provider, ReceiptStatus, Timestamp, job::Scope};

use super::nhn::NhnSms;
use crate::sender::{Accepted, SendFailure, Sender};

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
    },
    /// The gateway has no such message, as far as it can tell now.
    NotFound,
}

/// What a gateway can do, so that the caller picks the recovery protocol by fact and not by name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Capabilities {
    /// What becomes of our own reference.
    pub client_reference: ClientReference,
    /// How an attempt can be found again.
    pub look_up: LookUpKey,
    /// Whether the gateway itself refuses a second message of one reference.
    pub duplicate_refusal: DuplicateRefusal,
    /// How receipts come.
    pub receipts: ReceiptTransport,
}

/// What becomes of our own reference.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ClientReference {
    /// The gateway stores it and echoes it.
    Echoed,
    /// The gateway takes none.
    Unsupported,
}

/// How an attempt can be found again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LookUpKey {
    /// By our reference.
    ClientReference,
    /// Only by recipient and time, which proves nothing by itself.
    RecipientAndTime,
}

/// Whether the gateway itself refuses a second message of one reference.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DuplicateRefusal {
    /// It does, so that sending the same reference again is safe.
    ByClientReference,
    /// It does not, so that sending again may send twice.
    None,
}

/// How receipts come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ReceiptTransport {
    /// The gateway posts them to the intake.
    Pushed,
    /// They must be asked for.
    Polled,
}

/// The SMS gateways that this release speaks to.
#[derive(Debug, Clone)]
pub enum SmsGateway {
    /// NHN Cloud SMS v3.0.
    Nhn(NhnSms),
}

impl SmsGateway {
    /// What this gateway can do.
    pub fn capabilities(&self) -> Capabilities {
        match self {
            Self::Nhn(_) => Capabilities {
                client_reference: ClientReference::Echoed,
                look_up: LookUpKey::ClientReference,
                duplicate_refusal: DuplicateRefusal::None,
                receipts: ReceiptTransport::Pushed,
            },
        }
    }

    /// Asks what became of an attempt that began at `since`.
    pub async fn look_up(
        &self,
        client_ref: ClientRef,
        scope: Scope,
        since: Timestamp,
    ) -> Result<LookUp, SendFailure> {
        match self {
            Self::Nhn(nhn) => nhn.look_up(client_ref, scope, since).await,
        }
    }
}

impl Sender for SmsGateway {
    type Message = SmsMessage;

    fn provider(&self) -> Provider {
        match self {
            Self::Nhn(nhn) => nhn.provider(),
        }
    }

    fn longest_send_ms(&self) -> u64 {
        match self {
            Self::Nhn(nhn) => nhn.longest_send_ms(),
        }
    }

    async fn send(&self, message: &SmsMessage) -> Result<Accepted, SendFailure> {
        match self {
            Self::Nhn(nhn) => nhn.send(message).await,
        }
    }
}
