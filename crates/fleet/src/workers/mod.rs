//! What the roles do: carry jobs out, watch receipts and bounces, keep what died, take back what is
//! cancelled, carry outcomes to a webhook.

pub mod bounces;
pub mod call_watch;
pub mod cancel;
pub mod dead;
pub mod delays;
pub mod fallback;
pub mod owed_replays;
pub mod pbx_check;
pub mod returns;
pub mod webhooks;
