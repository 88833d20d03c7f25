//! What a stretch of time cost: CPU by process, and what the database did.

use std::collections::BTreeMap;

use crate::bench::cpu;
use crate::bench::database::Position;
use crate::bench::measured::Measured;
use crate::bench::paths::Site;
use crate::bench::plan::Statements;
use crate::bench::profile::Recording;
use crate::bench::stage::Stage;
use crate::bench::stage::process::Process;
use crate::error::Result;

/// The world outside, which the fleet does not pay for.
pub const SIMULATORS: [&str; 3] = ["gateway", "mail", "pbx"];

/// A stretch that has begun.
pub struct Meter<'a> {
    site: Site<'a>,
    roles: &'a [Process],
    cpu_ms: BTreeMap<&'static str, f64>,
    position: Position,
    recording: Option<Recording<'a>>,
}

impl<'a> Meter<'a> {
    /// Begins; the database is asked first, so that the question is not in the count.
    pub fn begin(site: Site<'a>, roles: &'a [Process]) -> Result<Meter<'a>> {
        let recording = record(site, roles)?;
        let position = site.stage.database.begin()?;
        Ok(Meter { site, roles, cpu_ms: cpu_ms(site.stage, roles)?, position, recording })
    }

    /// What a job cost since then.
    pub fn end(self, jobs: f64) -> Result<Measured> {
        let Site { stage, plan, interrupt, .. } = self.site;
        let cpu_ms = cpu_ms(stage, self.roles)?;
        let done = stage.database.done_since(self.position)?;
        let mut measured = Measured::default();
        let mut all = 0.0;
        for (name, end) in &cpu_ms {
            let begin = self.cpu_ms.get(name).copied().unwrap_or_default();
            let us = (end - begin) * 1_000.0 / jobs;
            if !SIMULATORS.contains(name) {
                all += us;
            } else if us == 0.0 {
                // A simulator that does not take part.
                continue;
            }
            measured.add(format!("cpu_us.{name}"), us);
        }
        measured.add("cpu_us.all", all);
        for role in self.roles {
            measured.add(format!("peak_rss_mib.{}", role.name), cpu::peak_memory_mib(role.pid)?);
        }
        measured.add("database.statements", done.statements / jobs);
        measured.add("database.writing_commits", done.writing_transactions / jobs);
        measured.add("database.wal_bytes", done.wal_bytes / jobs);
        if let Some(recording) = &self.recording {
            recording.finish(interrupt)?;
        }
        if plan.statements == Statements::Told {
            measured.statements = stage.database.dearest()?;
            for statement in &mut measured.statements {
                statement.calls /= jobs;
                statement.us /= jobs;
                statement.rows /= jobs;
            }
        }
        Ok(measured)
    }
}

/// Begins to look where the time of the asked process goes, if it takes part.
pub fn record<'a>(site: Site<'a>, roles: &[Process]) -> Result<Option<Recording<'a>>> {
    let Some(profiler) = &site.plan.profiler else { return Ok(None) };
    let pid = pids(site.stage, roles).find(|(name, _)| *name == profiler.role);
    pid.map(|(_, pid)| profiler.record(site.path.name(), pid)).transpose()
}

/// The CPU time so far of every process that takes part.
pub fn cpu_ms(stage: &Stage<'_>, roles: &[Process]) -> Result<BTreeMap<&'static str, f64>> {
    pids(stage, roles).map(|(name, pid)| Ok((name, cpu::tree_ms(pid)?))).collect()
}

fn pids<'a>(stage: &'a Stage<'_>, roles: &'a [Process]) -> impl Iterator<Item = (&'static str, u32)> + 'a {
    let services = [("broker", stage.broker_pid), ("database", stage.database_pid)];
    let processes = roles.iter().chain(stage.outside.processes());
    processes.map(|process| (process.name, process.pid)).chain(services)
}
