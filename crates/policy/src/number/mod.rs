//! Which number a job means, and what may be done with it (R1 to R4, R15 to R17).

pub(crate) mod home_forms;
pub mod meaning;
pub mod phone;
pub(crate) mod readings;
pub(crate) mod settings;
pub(crate) mod typed;
