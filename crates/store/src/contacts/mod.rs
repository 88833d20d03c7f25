//! Who may be contacted, how often, and what the CRM took back.

pub(crate) mod cancellations;
pub(crate) mod caps;
pub(crate) mod preconditions;
pub(crate) mod suppression;
