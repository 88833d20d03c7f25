//! The five workers: three carry jobs out, one watches receipts, one keeps what died.

pub mod cancel;
pub mod carrier;
pub mod circuits;
pub mod conflict;
pub mod courier;
pub mod dead;
pub mod dial;
mod doubt;
pub mod email;
mod endings;
pub mod fallback;
pub mod gateways;
pub mod pace;
pub mod sms;
pub mod story;
