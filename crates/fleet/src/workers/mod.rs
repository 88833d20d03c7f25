//! What the roles do: carry jobs out, watch receipts and bounces, keep what died, take back what is
//! cancelled, carry outcomes to a webhook.

pub mod accounts;
pub mod bounces;
pub mod brakes;
pub mod call_watch;
pub mod cancel;
pub mod carrier;
pub mod circuits;
pub mod conflict;
pub mod courier;
pub mod dead;
pub mod delays;
pub mod dial;
mod doubt;
pub mod email;
mod endings;
pub mod fallback;
pub mod gateways;
pub mod inquiries;
pub mod leases;
pub mod pace;
mod patience;
pub mod pbx_check;
mod refusals;
pub mod returns;
mod sending;
pub mod sms;
pub mod story;
mod telling;
pub mod webhooks;
