//! The way of one job: decided, claimed, tried once, settled, told; the same for every channel.

pub(crate) mod announce;
pub(crate) mod attempt;
pub mod channel;
pub mod conflict;
pub mod dial;
pub mod email;
pub(crate) mod ending;
pub mod leases;
pub(crate) mod patience;
pub mod pipeline;
pub(crate) mod reconcile;
pub(crate) mod refusals;
pub mod sms;
