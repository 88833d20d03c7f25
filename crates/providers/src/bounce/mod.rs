//! What comes back of a mail after it was accepted: the address that asks for it, and how it is read.

mod report;
mod verp;

pub use report::{
    BounceError, BounceMail, BounceReport, DsnAction, DsnStatus, REPORT_BYTES_MAX, RecipientReport,
    read_bounce,
};
pub use verp::BounceAddresses;
