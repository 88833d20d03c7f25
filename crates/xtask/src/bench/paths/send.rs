//! The backlog after an outage, while no receipt comes.

use crate::bench::measured::Measured;
use crate::bench::paths::{Site, backlog};
use crate::bench::stage::outside::Receipts;
use crate::error::Result;

/// Texts until the gateway has them.
pub fn measure(site: Site<'_>) -> Result<Measured> {
    site.stage.outside.set_receipts(Receipts::Off)?;
    backlog::measure(site, "send", site.plan.jobs, &["sms"])
}
