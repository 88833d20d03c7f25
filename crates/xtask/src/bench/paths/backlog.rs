//! A backlog worked off as fast as possible.

use crate::bench::measured::{Measured, number};
use crate::bench::meter::Meter;
use crate::bench::paths::Site;
use crate::error::Result;

/// Starts the roles, warms them, holds the first, makes the backlog, and measures from when it is let go.
pub fn measure(site: Site<'_>, work: &str, jobs: u32, roles: &[&'static str]) -> Result<Measured> {
    let Site { stage, interrupt, .. } = site;
    let roles = site.roles(roles)?;
    let (block, count) = (stage.new_block(), jobs.to_string());
    let words = ["drain", work, "--jobs", &count, "--block", &block];
    let mut load = stage.load(&words.map(str::to_owned))?;
    load.expect("warm", interrupt)?;
    let first = roles.first();
    first.inspect(|role| role.hold());
    load.go_on()?;
    let preloaded = load.expect("preloaded", interrupt);
    let meter = Meter::begin(site, &roles)?;
    first.inspect(|role| role.let_go());
    preloaded?;
    load.go_on()?;
    let ended = load.expect("ended", interrupt)?;
    let jobs = number(&ended, "jobs")?;
    let mut measured = meter.end(jobs)?;
    measured.add("jobs_per_s", jobs * 1_000.0 / number(&ended, "took_ms")?);
    measured.add_repeats(&ended, jobs)?;
    stage.stop(roles, interrupt)?;
    load.go_on()?;
    load.expect("checked", interrupt)?;
    load.finish(interrupt)?;
    stage.queues_are_empty(interrupt)?;
    Ok(measured)
}
