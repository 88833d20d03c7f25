//! The doors through which gateways bring their receipts; no door needs the right to send.

use std::time::Duration;

use closure_contract::{Evidence, Provider, Receipt, ReceiptStatus, Timestamp};

use super::{
    infobip::receipts::InfobipReceipts,
    nhn::receipts::NhnReceipts,
    twilio::{receipts::TwilioReceipts, wire::CALLBACK_ANSWER_MAX},
};

/// A batch's body has at most this many bytes: Infobip's hold a hundred reports, and NHN names no number.
pub const RECEIPT_BODY_BYTES_MAX: usize = 512 * 1024;
/// The body of a gateway that brings one receipt at a time has at most this many bytes.
const SINGLE_RECEIPT_BODY_BYTES_MAX: usize = 64 * 1024;

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
    /// What the gateway says of itself.
    pub notices: Vec<Notice>,
    /// How many of the receipts carry a status that no document of this release names; they are kept and decide nothing.
    pub unknown: usize,
    /// Why there is more than this that did not come, where that is so; for people, masked.
    pub cut_short: Option<String>,
}

/// What a gateway says of itself and of no message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Notice {
    /// It sends nothing more to a country, until somebody lifts the block in its console.
    CountryBlocked {
        /// The country.
        country_code: u16,
    },
}

/// What the head of a request says of its sender.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HeadProof {
    /// It brings the secret itself: the sender has proved itself before a byte of the body was read.
    Whole,
    /// It brings a signature over the body, so that the body must be read before anything is known.
    OverTheBody,
}

/// Looks up a request header by its name in lower case.
pub type Headers<'a> = dyn Fn(&str) -> Option<&'a [u8]> + Sync + 'a;

/// A request that came to a door.
#[derive(Clone, Copy)]
pub struct DoorRequest<'a> {
    /// Looks up a request header by its name in lower case.
    pub header: &'a Headers<'a>,
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
    #[error("the body is larger than this provider's may be; it must send smaller batches")]
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

    /// How many bytes a body may have that comes through this door.
    pub fn body_bytes_max(&self) -> usize {
        match self {
            Self::Nhn(_) | Self::Infobip(_) => RECEIPT_BODY_BYTES_MAX,
            Self::Twilio(_) => SINGLE_RECEIPT_BODY_BYTES_MAX,
        }
    }

    /// How long an answer may take where the gateway waits no longer, and forgets for good what it tried in vain.
    pub fn answer_max(&self) -> Option<Duration> {
        match self {
            Self::Nhn(_) | Self::Infobip(_) => None,
            Self::Twilio(_) => Some(CALLBACK_ANSWER_MAX),
        }
    }

    /// Looks at the head alone: who cannot be the provider is refused before his body is read.
    pub fn look_at_head(&self, header: &Headers<'_>) -> Result<HeadProof, DoorError> {
        let (is_good, proof) = match self {
            Self::Nhn(door) => (door.is_proved(header), HeadProof::Whole),
            Self::Infobip(door) => (door.is_proved(header), HeadProof::Whole),
            Self::Twilio(door) => (door.may_be_signed(header), HeadProof::OverTheBody),
        };
        if is_good { Ok(proof) } else { Err(DoorError::Forged) }
    }

    /// Verifies the sender over the raw request, and only then reads it.
    pub fn open(&self, request: &DoorRequest<'_>, received_at: Timestamp) -> Result<Opened, DoorError> {
        if request.raw_body.len() > self.body_bytes_max() {
            return Err(DoorError::TooLarge);
        }
        let mut opened = match self {
            Self::Nhn(door) => door.open(request, received_at),
            Self::Infobip(door) => door.open(request, received_at),
            Self::Twilio(door) => door.open(request, received_at),
        }?;
        opened.unknown = opened.receipts.iter().filter(|receipt| says_nothing(receipt)).count();
        Ok(opened)
    }
}

/// Every documented word of a message on its way names at least the gateway as its witness.
fn says_nothing(receipt: &Receipt) -> bool {
    receipt.status == ReceiptStatus::InTransit && receipt.evidence == Evidence::None
}
