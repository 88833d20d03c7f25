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

/// A key as a person reads it.
pub fn told(key: &str) -> String {
    let (what, of) = key.split_once('.').unwrap_or((key, ""));
    match (what, of) {
        ("jobs_per_s", _) => "jobs/s".to_owned(),
        ("cpu_us", of) => format!("CPU µs a job, {of}"),
        ("peak_rss_mib", of) => format!("peak memory MiB, {of}"),
        ("outcome_ms", of) => format!("published → outcome at the CRM, {of} ms"),
        ("gateway_ms", of) => format!("published → request at the gateway, {of} ms"),
        ("database", "statements") => "statements a job".to_owned(),
        ("database", "writing_commits") => "commits that write a job".to_owned(),
        ("database", "wal_bytes") => "WAL bytes a job".to_owned(),
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
