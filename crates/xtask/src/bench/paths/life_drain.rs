//! The same backlog with the gateway's receipts: overseas it tells the carrier's word and the result of each text.

use crate::bench::measured::Measured;
use crate::bench::paths::{Site, backlog};
use crate::bench::stage::outside::Receipts;
use crate::error::Result;

/// Texts until the CRM has the outcome of each.
pub fn measure(site: Site<'_>) -> Result<Measured> {
    site.stage.outside.set_receipts(Receipts::On)?;
    backlog::measure(site, "life", site.plan.jobs, &["sms", "fallback", "intake"])
}
