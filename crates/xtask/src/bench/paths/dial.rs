//! Clicks on numbers: the PBX rings the agent, then the customer, and both hang up at once.

use crate::bench::measured::Measured;
use crate::bench::paths::{Site, paced};
use crate::error::Result;

/// The PBX's agents are few, and each has one call at a time.
const RATE_MAX: u32 = 10;

/// Calls until the CRM has the outcome of each.
pub fn measure(site: Site<'_>) -> Result<Measured> {
    paced::measure(site, "dial", site.plan.rate.min(RATE_MAX), &["dial"], &["outcome_ms"])
}
