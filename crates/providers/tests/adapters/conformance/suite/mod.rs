//! The questions of the suite; each answers what is wrong, so that a suspect can be tried as well.

pub(crate) mod codes;
pub(crate) mod cuts;
pub(crate) mod doubts;
pub(crate) mod limits;
pub(crate) mod receipts;
pub(crate) mod secrets;
pub(crate) mod sending;
