//! The doors through which gateways bring their receipts; no door needs the right to send.

use closure_contract::{Evidence, Receipt, ReceiptStatus, Timestamp};

use super::descriptor::Descriptor;

/// A batch's body has at most this many bytes: Infobip's hold a hundred reports, and NHN names no number.
pub const RECEIPT_BODY_BYTES_MAX: usize = 512 * 1024;
/// The body of a gateway that brings one receipt at a time has at most this many bytes.
pub(crate) const SINGLE_RECEIPT_BODY_BYTES_MAX: usize = 64 * 1024;

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

/// What the door of one gateway does.
pub(crate) trait Door {
    /// The facts about the gateway.
    fn descriptor(&self) -> &'static Descriptor;

    /// Whether the head of a request is the gateway's, as far as a head can tell; the body is read only then.
    fn accepts_head(&self, header: &Headers<'_>) -> bool;

    /// Verifies the sender over the raw request, and only then reads it.
    fn open(&self, request: &DoorRequest<'_>, received_at: Timestamp) -> Result<Opened, DoorError>;
}

/// Every documented word of a message on its way names at least the gateway as its witness.
pub(crate) fn says_nothing(receipt: &Receipt) -> bool {
    receipt.status == ReceiptStatus::InTransit && receipt.evidence == Evidence::None
}
