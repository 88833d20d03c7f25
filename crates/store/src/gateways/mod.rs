//! What every process has to see alike of a gateway: circuits, holds, rates, usage.

pub(crate) mod circuits;
pub(crate) mod fallback_hold;
pub(crate) mod rates;
pub(crate) mod scope;
pub(crate) mod usage;
