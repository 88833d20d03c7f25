//! The two measurements: a backlog worked off as fast as possible, and single jobs at a fixed rate.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::bench::cpu;
use crate::bench::numbers::percentile;
use crate::bench::stage::{Process, Receipts, Stage};
use crate::error::{Result, failed};
use crate::interrupt::Interrupt;

/// Both measurements of a round have a block of phone numbers of their own.
const BLOCKS_PER_ROUND: u16 = 2;
/// The first block: four digits of a phone number that must not begin with a zero.
const FIRST_BLOCK: u16 = 2_000;

/// What is measured, and how often.
#[derive(Clone, Copy, Debug)]
pub struct Plan {
    /// Jobs of one backlog.
    pub jobs: u32,
    /// Jobs a second.
    pub rate: u32,
    /// For so long.
    pub seconds: u32,
    /// How often.
    pub rounds: u16,
    /// Messages in hand of each role, if not the fleet's default.
    pub concurrency: Option<u16>,
}

/// What processes cost.
#[derive(Clone, Debug)]
pub struct Cost {
    /// CPU time a job in microseconds, by process.
    pub cpu_us: BTreeMap<&'static str, f64>,
    /// The most memory that each role had resident, in MiB.
    pub memory_mib: BTreeMap<&'static str, f64>,
}

/// What a backlog shows.
#[derive(Clone, Debug)]
pub struct Drain {
    /// Jobs a second.
    pub jobs_per_s: f64,
    /// What a job costs.
    pub cost: Cost,
}

/// What single jobs show; all times count from the moment when a job was due to be published.
#[derive(Clone, Debug)]
pub struct OpenLoop {
    /// Half of all outcomes reached the CRM within so many milliseconds.
    pub outcome_p50_ms: f64,
    /// 99 in 100.
    pub outcome_p99_ms: f64,
    /// Half of all requests reached the gateway within so many milliseconds.
    pub gateway_p50_ms: f64,
    /// 99 in 100.
    pub gateway_p99_ms: f64,
    /// What a job costs, idling included.
    pub cost: Cost,
}

/// Works a backlog off, and makes sure that nothing was lost or done twice.
pub fn drain(plan: &Plan, round: u16, stage: &Stage<'_>, interrupt: &Interrupt) -> Result<Drain> {
    stage.set_receipts(Receipts::Off)?;
    let block = (FIRST_BLOCK + round * BLOCKS_PER_ROUND).to_string();
    let jobs = plan.jobs.to_string();
    let mut load = stage.load(&words(&["drain", "--jobs", &jobs, "--block", &block]))?;
    load.expect("preloaded", interrupt)?;
    let roles = [stage.worker("sms", plan.concurrency, interrupt)?];
    load.expect("begun", interrupt)?;
    let before = cpu_ms(stage, &roles)?;
    let ended = load.expect("ended", interrupt)?;
    let after = cpu_ms(stage, &roles)?;
    let jobs = number(&ended, "jobs")?;
    let cost = cost(&before, &after, jobs, &roles)?;
    load.go_on()?;
    load.expect("checked", interrupt)?;
    load.finish(interrupt)?;
    stop(roles, stage, interrupt)?;
    Ok(Drain { jobs_per_s: jobs * 1_000.0 / number(&ended, "took_ms")?, cost })
}

/// Publishes at a fixed rate, and makes sure that the CRM heard exactly one outcome of each job.
pub fn open_loop(plan: &Plan, round: u16, stage: &Stage<'_>, interrupt: &Interrupt) -> Result<OpenLoop> {
    stage.set_receipts(Receipts::On)?;
    let roles = [
        stage.worker("sms", plan.concurrency, interrupt)?,
        stage.worker("fallback", plan.concurrency, interrupt)?,
        stage.intake(interrupt)?,
    ];
    let block = (FIRST_BLOCK + round * BLOCKS_PER_ROUND + 1).to_string();
    let (rate, seconds) = (plan.rate.to_string(), plan.seconds.to_string());
    let mut load =
        stage.load(&words(&["open-loop", "--rate", &rate, "--seconds", &seconds, "--block", &block]))?;
    load.expect("begun", interrupt)?;
    let before = cpu_ms(stage, &roles)?;
    let ended = load.expect("ended", interrupt)?;
    let after = cpu_ms(stage, &roles)?;
    let cost = cost(&before, &after, number(&ended, "jobs")?, &roles)?;
    load.go_on()?;
    let checked = load.expect("checked", interrupt)?;
    load.finish(interrupt)?;
    stop(roles, stage, interrupt)?;
    Ok(OpenLoop {
        outcome_p50_ms: share(&checked, "outcome_ms", 0.50)?,
        outcome_p99_ms: share(&checked, "outcome_ms", 0.99)?,
        gateway_p50_ms: share(&checked, "gateway_ms", 0.50)?,
        gateway_p99_ms: share(&checked, "gateway_ms", 0.99)?,
        cost,
    })
}

/// Ends the roles; with nobody left, every queue must be empty.
fn stop<const N: usize>(roles: [Process; N], stage: &Stage<'_>, interrupt: &Interrupt) -> Result<()> {
    for role in roles {
        role.stop(interrupt)?;
    }
    let queues = stage.load(&words(&["queues"]))?;
    queues.expect("checked", interrupt)?;
    queues.finish(interrupt)
}

fn cpu_ms(stage: &Stage<'_>, roles: &[Process]) -> Result<BTreeMap<&'static str, f64>> {
    let others = [
        ("broker", stage.broker_pid),
        ("database", stage.database_pid),
        (stage.gateway.name, stage.gateway.pid),
    ];
    let all = roles.iter().map(|role| (role.name, role.pid)).chain(others);
    all.map(|(name, pid)| Ok((name, cpu::tree_ms(pid)?))).collect()
}

fn cost(
    before: &BTreeMap<&'static str, f64>,
    after: &BTreeMap<&'static str, f64>,
    jobs: f64,
    roles: &[Process],
) -> Result<Cost> {
    let spent = |(name, end): (&&'static str, &f64)| {
        let begin = before.get(*name).copied().unwrap_or_default();
        (*name, (end - begin) * 1_000.0 / jobs)
    };
    let memory = roles.iter().map(|role| Ok((role.name, cpu::peak_memory_mib(role.pid)?)));
    Ok(Cost { cpu_us: after.iter().map(spent).collect(), memory_mib: memory.collect::<Result<_>>()? })
}

fn words(words: &[&str]) -> Vec<String> {
    words.iter().map(|&word| word.to_owned()).collect()
}

fn number(facts: &Value, name: &str) -> Result<f64> {
    match facts.get(name).and_then(Value::as_f64) {
        Some(number) => Ok(number),
        None => failed(format!("the load generator said no `{name}`")),
    }
}

fn share(facts: &Value, name: &str, share: f64) -> Result<f64> {
    let values = facts.get(name).and_then(Value::as_array);
    let values: Vec<f64> = values.into_iter().flatten().filter_map(Value::as_f64).collect();
    match percentile(&values, share) {
        Some(value) => Ok(value),
        None => failed(format!("the load generator measured no `{name}`")),
    }
}
