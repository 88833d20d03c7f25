//! The gateways with their recorded answers, a file each.

pub(crate) mod infobip;
pub(crate) mod nhn;
pub(crate) mod sinch;
pub(crate) mod twilio;
