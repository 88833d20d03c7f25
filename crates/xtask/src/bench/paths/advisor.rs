//! The CRM's questions while its agent still types.

use crate::bench::measured::{Measured, number};
use crate::bench::meter::Meter;
use crate::bench::paths::Site;
use crate::error::Result;

/// Questions come so many times as often as jobs.
const QUESTIONS_PER_JOB: u32 = 5;

/// As many questions as are answered, and then questions at a pace.
pub fn measure(site: Site<'_>) -> Result<Measured> {
    let Site { stage, plan, interrupt, .. } = site;
    let roles = site.roles(&["advisor"])?;
    let seconds = plan.seconds.to_string();
    let rate = (plan.rate * QUESTIONS_PER_JOB).to_string();
    let (first, second) = (stage.new_block(), stage.new_block());
    let words = ["advisor", "--seconds", &seconds, "--block", &first];
    let mut load = stage.load(&words.map(str::to_owned))?;
    load.expect("begun", interrupt)?;
    let meter = Meter::begin(site, &roles)?;
    let ended = load.expect("ended", interrupt)?;
    let jobs = number(&ended, "jobs")?;
    let mut measured = meter.end(jobs)?;
    load.go_on()?;
    load.expect("checked", interrupt)?;
    load.finish(interrupt)?;
    measured.add("answers_per_s", jobs * 1_000.0 / number(&ended, "took_ms")?);
    let cpu_us = measured.numbers.get("cpu_us.advisor").copied().unwrap_or(f64::NAN);
    measured.add("answers_per_core_s", 1_000_000.0 / cpu_us);

    let words = ["advisor", "--rate", &rate, "--seconds", &seconds, "--block", &second];
    let mut load = stage.load(&words.map(str::to_owned))?;
    load.expect("begun", interrupt)?;
    load.expect("ended", interrupt)?;
    load.go_on()?;
    measured.add_times(&load.expect("checked", interrupt)?, "answer_ms")?;
    load.finish(interrupt)?;
    stage.stop(roles, interrupt)?;
    Ok(measured)
}
