//! The life of single texts while others come at a fixed rate.

use crate::bench::measured::Measured;
use crate::bench::paths::{Site, paced};
use crate::bench::stage::outside::Receipts;
use crate::error::Result;

/// Texts until the CRM has the outcome of each.
pub fn measure(site: Site<'_>) -> Result<Measured> {
    site.stage.outside.set_receipts(Receipts::On)?;
    let roles = ["sms", "fallback", "intake"];
    paced::measure(site, "life", site.plan.rate, &roles, &["outcome_ms", "gateway_ms"])
}
