//! What one run of a path shows: each quantity under a key that says what it is and in which unit.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::bench::database::Statement;
use crate::bench::numbers::percentile;
use crate::error::{Result, failed};

/// The quantities of one run.
#[derive(Clone, Debug, Default)]
pub struct Measured {
    /// Each under its key.
    pub numbers: BTreeMap<String, f64>,
    /// The database's dearest statements.
    pub statements: Vec<Statement>,
}

impl Measured {
    /// Adds a quantity.
    pub fn add(&mut self, key: impl Into<String>, value: f64) {
        self.numbers.insert(key.into(), value);
    }

    /// Adds how many outcomes came again under the id that they had, and how many took more than one try, where some
    /// did: on a machine that is too busy, time-outs strike.
    pub fn add_repeats(&mut self, facts: &Value, jobs: f64) -> Result<()> {
        for name in ["repeats", "retries"] {
            let count = number(facts, name)?;
            if count > 0.0 {
                self.add(name, count / jobs);
            }
        }
        Ok(())
    }

    /// Adds the middle and the upper end of many times that the load generator measured.
    pub fn add_times(&mut self, facts: &Value, name: &str) -> Result<()> {
        let values = facts.get(name).and_then(Value::as_array);
        let values: Vec<f64> = values.into_iter().flatten().filter_map(Value::as_f64).collect();
        for (end, share) in [("p50", 0.50), ("p99", 0.99), ("max", 1.0)] {
            let Some(value) = percentile(&values, share) else {
                return failed(format!("the load generator measured no `{name}`"));
            };
            self.add(format!("{name}.{end}"), value);
        }
        Ok(())
    }
}

/// Where a quantity stands among the others of its path.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Rank {
    /// How much, and how soon.
    Speed,
    /// What it costs the processes.
    Cpu,
    /// What it asks of the database.
    Database,
    /// What it keeps in memory.
    Memory,
    /// What comes after it.
    Replay,
}

/// Where a key stands.
pub fn rank(key: &str) -> Rank {
    match key.split_once('.').map_or(key, |(what, _)| what) {
        "cpu_us" | "core_percent" => Rank::Cpu,
        "database" => Rank::Database,
        "peak_rss_mib" => Rank::Memory,
        "replay" => Rank::Replay,
        _ => Rank::Speed,
    }
}

/// A key as a person reads it.
pub fn told(key: &str) -> String {
    if let Some(rest) = key.strip_prefix("replay.") {
        return format!("replay: {}", told(rest));
    }
    let (what, of) = key.split_once('.').unwrap_or((key, ""));
    match (what, of) {
        ("jobs_per_s", _) => "jobs/s".to_owned(),
        ("retries", _) => "jobs that took more than one try, a job".to_owned(),
        ("repeats", _) => "outcomes told again a job".to_owned(),
        ("letters_per_s", _) => "letters/s".to_owned(),
        ("answers_per_s", _) => "answers/s".to_owned(),
        ("answers_per_core_s", _) => "answers/s of one core of the advisor".to_owned(),
        ("cpu_us", of) => format!("CPU µs a job, {of}"),
        ("core_percent", of) => format!("% of a core, {of}"),
        ("peak_rss_mib", of) => format!("peak memory MiB, {of}"),
        ("outcome_ms", of) => format!("published → outcome at the CRM, {of} ms"),
        ("gateway_ms", of) => format!("published → request at the gateway, {of} ms"),
        ("receipt_to_mail_ms", of) => format!("receipt → mail taken, {of} ms"),
        ("answer_ms", of) => format!("due → answered at the pace, {of} ms"),
        ("usual_ms", of) => format!("published → outcome before the storm, {of} ms"),
        ("storm_ms", of) => format!("published → outcome in the storm, {of} ms"),
        ("storm_to_usual_p99", _) => "p99 in the storm / p99 before".to_owned(),
        ("asked_s", _) => "storm begun → last receipt set out, s".to_owned(),
        ("caught_up_s", _) => "storm begun → last outcome of it, s".to_owned(),
        ("database", "statements") => "statements a job".to_owned(),
        ("database", "writing_commits") => "commits that write a job".to_owned(),
        ("database", "wal_bytes") => "WAL bytes a job".to_owned(),
        ("database", of) => of.replace("_per_s", " a second").replace('_', " "),
        (_, _) => key.replace('_', " "),
    }
}

/// A number among the facts of an event.
pub fn number(facts: &Value, name: &str) -> Result<f64> {
    match facts.get(name).and_then(Value::as_f64) {
        Some(number) => Ok(number),
        None => failed(format!("the load generator said no `{name}`")),
    }
}
