//! What a person reads at the end, and the one line for a program.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value, json};

use crate::bench::measured::{Measured, Rank, rank, told};
use crate::bench::numbers::Spread;
use crate::bench::plan::{Path, Plan};

/// All rounds of each path.
pub type Rounds = BTreeMap<Path, Vec<Measured>>;

/// How a run is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// A table for people.
    Table,
    /// One JSON object alone.
    Json,
}

/// Prints the numbers of a run.
pub fn print(plan: &Plan, rounds: &Rounds, load_average: Option<f64>, form: Form) {
    if form == Form::Json {
        println!("{}", json(plan, rounds, load_average));
        return;
    }
    println!("\n{}", about(plan, load_average));
    let mut table = new_table(&["", "median", "min", "max"]);
    for (path, measured) in rounds {
        for (key, Spread { median, min, max }) in spreads(measured) {
            let what = format!("{}: {}", path.name(), told(&key));
            table.add_row([what, shown(median), shown(min), shown(max)]);
        }
    }
    println!("{table}\n");
    for (path, measured) in rounds {
        print_statements(path.name(), measured);
    }
}

/// What stands above the numbers.
pub fn about(plan: &Plan, load_average: Option<f64>) -> String {
    let load = load_average.map_or_else(|| "unknown".to_owned(), |load| format!("{load:.1}"));
    format!(
        "{} old deliveries in the tables; {} jobs of a backlog; paced: {} jobs/s for {} s; a gateway of {} ms; {} round(s)\n\
         {} cores shared by everything; the load average before was {load}. Compare CPU a job and ratios of one run, \
         not rates.\n\
         Nothing was lost and nothing was done twice: the world outside took each job once, the CRM heard each outcome \
         once, no queue holds anything.\n",
        plan.warm,
        plan.jobs,
        plan.rate,
        plan.seconds,
        plan.gateway_ms,
        plan.rounds,
        cores()
    )
}

/// A table with these headings.
pub fn new_table(headings: &[&str]) -> comfy_table::Table {
    let mut table = comfy_table::Table::new();
    table.load_style(comfy_table::presets::UTF8_BORDERS_ONLY);
    table.set_header(headings);
    table
}

/// The spread of each quantity over the rounds.
pub fn spreads(rounds: &[Measured]) -> Vec<(String, Spread)> {
    let keys: BTreeSet<(Rank, &String)> =
        rounds.iter().flat_map(|measured| measured.numbers.keys()).map(|key| (rank(key), key)).collect();
    let spread = |key: &String| Spread::of(values(rounds, key));
    keys.into_iter().filter_map(|(_, key)| Some((key.clone(), spread(key)?))).collect()
}

/// A quantity in each round.
pub fn values(rounds: &[Measured], key: &str) -> Vec<f64> {
    rounds.iter().filter_map(|measured| measured.numbers.get(key).copied()).collect()
}

/// The dearest statements of the last round, where they were asked for.
pub fn print_statements(of: &str, rounds: &[Measured]) {
    let Some(last) = rounds.last().filter(|measured| !measured.statements.is_empty()) else { return };
    let mut table = new_table(&["calls a job", "µs a job", "rows a job", "statement"]);
    for statement in &last.statements {
        let number = |value: f64| format!("{value:.2}");
        let numbers = [number(statement.calls), number(statement.us), number(statement.rows)];
        table.add_row(numbers.into_iter().chain([statement.text.clone()]));
    }
    println!("{of}: the dearest statements of the last round\n{table}\n");
}

fn json(plan: &Plan, rounds: &Rounds, load_average: Option<f64>) -> Value {
    let paths: Map<String, Value> =
        rounds.iter().map(|(path, measured)| (path.name().to_owned(), numbers(measured))).collect();
    let mut all = plan_json(plan, load_average);
    all.insert("paths".to_owned(), paths.into());
    all.into()
}

/// What was measured, for a program.
pub fn plan_json(plan: &Plan, load_average: Option<f64>) -> Map<String, Value> {
    let facts = json!({
        "jobs": plan.jobs,
        "rate_per_s": plan.rate,
        "seconds": plan.seconds,
        "rounds": plan.rounds,
        "concurrency": plan.concurrency,
        "gateway_ms": plan.gateway_ms,
        "warm": plan.warm,
        "cores": cores(),
        "load_average": load_average,
    });
    facts.as_object().cloned().unwrap_or_default()
}

fn numbers(rounds: &[Measured]) -> Value {
    let mut numbers: Map<String, Value> =
        spreads(rounds).into_iter().map(|(key, value)| (key, spread_json(value))).collect();
    if let Some(last) = rounds.last().filter(|measured| !measured.statements.is_empty()) {
        let statements = last.statements.iter().map(|statement| {
            json!({
                "calls": rounded(statement.calls),
                "us": rounded(statement.us),
                "rows": rounded(statement.rows),
                "text": statement.text,
            })
        });
        numbers.insert("statements".to_owned(), statements.collect());
    }
    numbers.into()
}

/// A spread for a program.
pub fn spread_json(Spread { median, min, max }: Spread) -> Value {
    json!({ "median": rounded(median), "min": rounded(min), "max": rounded(max) })
}

fn rounded(value: f64) -> f64 {
    (value * 100.0).round() / 100.0
}

fn cores() -> usize {
    std::thread::available_parallelism().map_or(0, usize::from)
}

/// Three figures are what a busy machine can vouch for.
pub fn shown(value: f64) -> String {
    match value {
        value if value >= 100.0 => format!("{value:.0}"),
        value if value >= 1.0 => format!("{value:.1}"),
        value => format!("{value:.2}"),
    }
}
