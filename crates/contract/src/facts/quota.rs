//! What the gateways' monthly quotas are held against.

use serde::Serialize;

use crate::{ids::Timestamp, provider::Provider};

/// What a gateway has taken.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Usage {
    /// The gateway.
    pub provider: Provider,
    /// Text messages since the month began, where the account is.
    pub used: u64,
    /// Text messages a day in the last seven days, or since the first of them; 0 while that is less than a day ago.
    pub per_day: f64,
    /// When the month ends, where the account is.
    pub month_ends_at: Timestamp,
}
