//! The rules alone: jobs that are read, judged and answered by one process without any service.

use std::fs::File;
use std::process::Stdio;
use std::time::Instant;

use crate::bench::cpu;
use crate::bench::measured::Measured;
use crate::bench::paths::Site;
use crate::error::{Context, Result, failed};

/// Jobs until each has an answer.
pub fn measure(site: Site<'_>) -> Result<Measured> {
    let Site { stage, plan, .. } = site;
    let file = stage.write_lines(plan.jobs)?;
    let what = || format!("cannot read {}", file.display());
    let (before_ms, begin) = (cpu::ended_children_ms()?, Instant::now());
    let mut command = stage.fleet("advisor");
    command.args(["explain", "--jsonl", "--offline"]).stdin(File::open(&file).context(what)?);
    command.stdout(Stdio::null()).stderr(Stdio::null());
    let status = command.status().context(|| "cannot start fleet explain".to_owned())?;
    if !status.success() {
        return failed(format!("fleet explain ended with {status}"));
    }
    let took = begin.elapsed();
    let mut measured = Measured::default();
    let jobs = f64::from(plan.jobs);
    measured.add("jobs_per_s", jobs / took.as_secs_f64());
    measured.add("cpu_us.explain", (cpu::ended_children_ms()? - before_ms) * 1_000.0 / jobs);
    Ok(measured)
}
