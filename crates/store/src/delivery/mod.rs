//! One delivery, from its claim to its end: what is committed, in which statement, under which lease.

pub(crate) mod claim;
pub(crate) mod delayed;
pub(crate) mod ending;
pub(crate) mod leases;
pub(crate) mod owed;
pub(crate) mod postponed;
pub(crate) mod resend;
pub(crate) mod returns;
pub(crate) mod settle;
pub(crate) mod snapshot;
pub(crate) mod state;
pub(crate) mod sweep_work;
