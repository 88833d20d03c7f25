//! Jobs at a fixed rate, each timed from when it was due.

use crate::bench::measured::{Measured, number};
use crate::bench::meter::Meter;
use crate::bench::paths::Site;
use crate::error::Result;

/// Starts the roles and publishes; these times of each job are told.
pub fn measure(
    site: Site<'_>,
    work: &str,
    rate: u32,
    roles: &[&'static str],
    times: &[&str],
) -> Result<Measured> {
    let Site { stage, plan, interrupt, .. } = site;
    let roles = site.roles(roles)?;
    let (block, rate, seconds) = (stage.new_block(), rate.to_string(), plan.seconds.to_string());
    let words = ["paced", work, "--rate", &rate, "--seconds", &seconds, "--block", &block];
    let mut load = stage.load(&words.map(str::to_owned))?;
    load.expect("begun", interrupt)?;
    let meter = Meter::begin(site, &roles)?;
    let ended = load.expect("ended", interrupt)?;
    let jobs = number(&ended, "jobs")?;
    let mut measured = meter.end(jobs)?;
    measured.add_repeats(&ended, jobs)?;
    stage.stop(roles, interrupt)?;
    load.go_on()?;
    let checked = load.expect("checked", interrupt)?;
    load.finish(interrupt)?;
    stage.queues_are_empty(interrupt)?;
    for name in times {
        measured.add_times(&checked, name)?;
    }
    Ok(measured)
}
