//! How receipts come in, and what they mean for a delivery.

pub mod inquiries;
pub mod intake;
pub mod judgement;
pub mod poll;
