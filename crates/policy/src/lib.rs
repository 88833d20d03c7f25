#![warn(missing_docs, unreachable_pub)]
#![doc = include_str!("../README.md")]

pub mod caps;
mod defaults;
pub mod dial;
pub mod email;
pub mod explain;
pub mod failure;
pub mod fallback;
pub mod finding;
mod findings;
pub mod gateway;
pub mod guide;
mod harmless;
pub mod language;
pub mod mask;
pub mod number;
pub mod patience;
pub mod preconditions;
pub mod quiet;
pub mod retry;
pub mod rulebook;
pub mod sms;
pub mod suppression;
pub mod template;
mod times;
mod validate;
pub mod webhook;
mod words;
