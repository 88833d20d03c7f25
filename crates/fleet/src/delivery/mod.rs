//! The way of one job: decided, claimed, tried once, settled, told; the same for every channel.

pub mod channel;
pub mod dial;
pub mod email;
pub mod ending;
pub mod leases;
mod newer_rows;
pub mod pipeline;
mod put_off_jobs;
mod record;
pub mod sms;
pub mod waits;
