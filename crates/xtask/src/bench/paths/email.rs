//! The agents' own emails, after an outage.

use crate::bench::measured::Measured;
use crate::bench::paths::{Site, backlog};
use crate::error::Result;

/// Emails until the CRM has the outcome of each.
pub fn measure(site: Site<'_>) -> Result<Measured> {
    backlog::measure(site, "email", site.plan.jobs, &["email"])
}
