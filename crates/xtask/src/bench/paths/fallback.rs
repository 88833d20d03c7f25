//! The email in the place of a text that was not delivered.

use crate::bench::measured::Measured;
use crate::bench::paths::{Site, paced};
use crate::bench::stage::outside::Receipts;
use crate::error::Result;

/// Texts that all fail, until the CRM has the outcome of the email that answers each.
pub fn measure(site: Site<'_>) -> Result<Measured> {
    let outside = &site.stage.outside;
    outside.set_receipts(Receipts::On)?;
    outside.gateway_behaves(Some("failed"))?;
    let roles = ["sms", "fallback", "intake", "email"];
    let times = ["receipt_to_mail_ms", "outcome_ms"];
    let measured = paced::measure(site, "fallback", site.plan.rate, &roles, &times)?;
    outside.gateway_behaves(None)?;
    Ok(measured)
}
