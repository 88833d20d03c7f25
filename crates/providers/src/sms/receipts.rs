//! The doors through which gateways bring their receipts; no door needs the right to send.

use closure_contract::{Provider, Receipt, Timestamp};

use super::{infobip_receipts::InfobipReceipts, nhn_receipts::NhnReceipts, twilio_receipts::TwilioReceipts};

/// A receipt's request body has at most this many bytes; one body may hold many receipts.
pub const RECEIPT_BODY_BYTES_MAX: usize = 512 * 1024;

/// The gateways whose receipts this release reads.
#[derive(Debug, Clone)]
pub enum ReceiptDoor {
    /// NHN Cloud's webhook.
    Nhn(NhnReceipts),
    /// Infobip's delivery reports.
    Infobip(InfobipReceipts),
    /// Twilio's status callbacks.
    Twilio(TwilioReceipts),
}

/// What a request brought.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Opened {
    /// The receipts, in the order of the body.
    pub receipts: Vec<Receipt>,
    /// How many elements say nothing about a message: other events, and receipts without a status.
    pub ignored: usize,
    /// How many elements could not be read; the others are not lost with them.
    pub unreadable: usize,
}

/// A request that came to a door.
#[derive(Clone, Copy)]
pub struct DoorRequest<'a> {
    /// Looks up a request header by its name in lower case.
    pub header: &'a (dyn Fn(&str) -> Option<&'a [u8]> + Sync),
    /// The path and the query as they came; some gateways sign them too.
    pub path_and_query: &'a str,
    /// The body, byte for byte.
    pub raw_body: &'a [u8],
}

/// Why a request brought nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum DoorError {
    /// The sender did not prove itself.
    #[error("the signature is missing or wrong; compare the secret with the one in the provider's console")]
    Forged,
    /// The body is larger than the limit.
    #[error("the body is larger than {RECEIPT_BODY_BYTES_MAX} bytes; the provider must send smaller batches")]
    TooLarge,
    /// The sender proved itself, but the body is not what its documents say.
    #[error("the body is not what the provider documents ({0}); keep it and compare with its documents")]
    Unreadable(&'static str),
}

impl ReceiptDoor {
    /// Whose receipts come through this door.
    pub fn provider(&self) -> Provider {
        match self {
            Self::Nhn(_) => Provider::Nhn,
            Self::Infobip(_) => Provider::Infobip,
            Self::Twilio(_) => Provider::Twilio,
        }
    }

    /// Verifies the sender over the raw request, and only then reads it.
    pub fn open(&self, request: &DoorRequest<'_>, received_at: Timestamp) -> Result<Opened, DoorError> {
        if request.raw_body.len() > RECEIPT_BODY_BYTES_MAX {
            return Err(DoorError::TooLarge);
        }
        match self {
            Self::Nhn(door) => door.open(request, received_at),
            Self::Infobip(door) => door.open(request, received_at),
            Self::Twilio(door) => door.open(request, received_at),
        }
    }
}
