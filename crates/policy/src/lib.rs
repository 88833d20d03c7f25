#![doc = include_str!("../README.md")]

pub mod call;
pub mod chinese;
mod compose;
mod country;
mod defaults;
pub mod dial;
pub mod email;
pub mod explain;
pub mod failure;
pub mod fallback;
mod findings;
pub mod mask;
mod meaning;
pub mod phone;
mod phone_text;
mod readings;
pub mod reconcile;
pub mod retry;
pub mod rulebook;
pub mod segments;
pub mod sms;
pub mod sms_text;
pub mod template;
mod template_match;
mod validate;
