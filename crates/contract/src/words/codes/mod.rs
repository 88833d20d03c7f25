//! The words of every failure code.

pub(crate) mod calls;
pub(crate) mod mail;
pub(crate) mod message;
pub(crate) mod rules;
pub(crate) mod texts;
