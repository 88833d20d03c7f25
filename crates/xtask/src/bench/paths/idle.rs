//! What the fleet costs while nothing happens.

use std::time::Duration;

use crate::bench::cpu;
use crate::bench::measured::Measured;
use crate::bench::meter::{SIMULATORS, cpu_ms, record};
use crate::bench::paths::Site;
use crate::bench::plan::Statements;
use crate::error::Result;

/// Every role that needs no setting beyond those of the other paths.
const ROLES: [&str; 8] = ["sms", "email", "dial", "fallback", "dead", "cancel", "intake", "advisor"];
/// What a start brings has ended by then.
const SETTLE: Duration = Duration::from_secs(3);

/// All roles, for as long as what is paced takes.
pub fn measure(site: Site<'_>) -> Result<Measured> {
    let Site { stage, plan, interrupt, .. } = site;
    let roles = site.roles(&ROLES)?;
    interrupt.pause(SETTLE)?;
    let seconds = f64::from(plan.seconds);
    let recording = record(site, &roles)?;
    let position = stage.database.begin()?;
    let begin = cpu_ms(stage, &roles)?;
    interrupt.pause(Duration::from_secs(u64::from(plan.seconds)))?;
    let end = cpu_ms(stage, &roles)?;
    let done = stage.database.done_since(position)?;
    if let Some(recording) = recording {
        recording.finish(interrupt)?;
    }
    let mut measured = Measured::default();
    let mut all = 0.0;
    for (name, end_ms) in &end {
        let spent_ms = end_ms - begin.get(name).copied().unwrap_or_default();
        let percent = spent_ms / (seconds * 1_000.0) * 100.0;
        measured.add(format!("core_percent.{name}"), percent);
        if !SIMULATORS.contains(name) {
            all += percent;
        }
    }
    measured.add("core_percent.all", all);
    measured.add("database.statements_per_s", done.statements / seconds);
    measured.add("database.writing_commits_per_s", done.writing_transactions / seconds);
    measured.add("database.wal_bytes_per_s", done.wal_bytes / seconds);
    for role in &roles {
        measured.add(format!("peak_rss_mib.{}", role.name), cpu::peak_memory_mib(role.pid)?);
    }
    if plan.statements == Statements::Told {
        measured.statements = stage.database.dearest()?;
    }
    stage.stop(roles, interrupt)?;
    Ok(measured)
}
