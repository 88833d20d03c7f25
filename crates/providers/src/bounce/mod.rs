//! What comes back of a mail after it was accepted: the address that asks for it, and how it is read.

mod arrival;
mod complaint;
mod mail;
mod notice;
mod report;
mod text;
mod verp;

pub use complaint::MailComplaint;
pub use notice::BounceNotice;
pub use report::{
    BounceError, BounceMail, BounceReport, REPORT_BYTES_MAX, UnreadBounce, UnreadReason, read_bounce,
    read_large_bounce,
};
pub use verp::BounceAddresses;
