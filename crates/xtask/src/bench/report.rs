//! What a person reads at the end, and the one line for a program.

use std::collections::BTreeSet;

use serde_json::{Map, Value, json};

use crate::bench::numbers::Spread;
use crate::bench::rounds::{Cost, Drain, OpenLoop, Plan};

/// One measured quantity over all rounds.
struct Line {
    key: String,
    what: String,
    spread: Spread,
}

/// Prints a table, and last one line of JSON with all numbers.
pub fn print(plan: &Plan, rounds: &[(Drain, OpenLoop)], load_average: Option<f64>) {
    let cores = std::thread::available_parallelism().map_or(0, usize::from);
    let load = load_average.map_or_else(|| "unknown".to_owned(), |load| format!("{load:.1}"));
    let lines = lines(rounds);
    let mut table = comfy_table::Table::new();
    table.load_style(comfy_table::presets::UTF8_BORDERS_ONLY);
    table.set_header(["", "median", "min", "max"]);
    for line in &lines {
        let Spread { median, min, max } = line.spread;
        table.add_row([line.what.clone(), shown(median), shown(min), shown(max)]);
    }
    println!(
        "\nbacklog: {} jobs, the first tenth not measured; end to end: {} jobs/s for {} s; {} round(s)\n\
         {cores} cores shared by everything; the load average before was {load}. Compare CPU a job and ratios of \
         one run, not rates.\n\
         Nothing was lost and nothing was done twice: the gateway took each job once, the CRM heard one outcome \
         each, no queue holds anything.\n\n{table}\n",
        plan.jobs, plan.rate, plan.seconds, plan.rounds
    );
    println!("{}", json_line(plan, &lines, cores, load_average));
}

fn lines(rounds: &[(Drain, OpenLoop)]) -> Vec<Line> {
    let mut lines = Vec::new();
    let drains = || rounds.iter().map(|(drain, _)| drain);
    let loops = || rounds.iter().map(|(_, open_loop)| open_loop);
    add(&mut lines, "drain.jobs_per_s", "backlog: jobs/s", drains().map(|drain| drain.jobs_per_s));
    costs(&mut lines, "drain", "backlog", &drains().map(|drain| &drain.cost).collect::<Vec<_>>());
    let outcome = "end to end: published → outcome at the CRM";
    let gateway = "end to end: published → request at the gateway";
    add(
        &mut lines,
        "end_to_end.outcome_p50_ms",
        &format!("{outcome}, p50 ms"),
        loops().map(|it| it.outcome_p50_ms),
    );
    add(
        &mut lines,
        "end_to_end.outcome_p99_ms",
        &format!("{outcome}, p99 ms"),
        loops().map(|it| it.outcome_p99_ms),
    );
    add(
        &mut lines,
        "end_to_end.gateway_p50_ms",
        &format!("{gateway}, p50 ms"),
        loops().map(|it| it.gateway_p50_ms),
    );
    add(
        &mut lines,
        "end_to_end.gateway_p99_ms",
        &format!("{gateway}, p99 ms"),
        loops().map(|it| it.gateway_p99_ms),
    );
    costs(&mut lines, "end_to_end", "end to end", &loops().map(|it| &it.cost).collect::<Vec<_>>());
    lines
}

fn costs(lines: &mut Vec<Line>, key: &str, what: &str, rounds: &[&Cost]) {
    let names: BTreeSet<&str> = rounds.iter().flat_map(|cost| cost.cpu_us.keys().copied()).collect();
    for name in names {
        let values = rounds.iter().filter_map(|cost| cost.cpu_us.get(name).copied());
        add(lines, &format!("{key}.cpu_us.{name}"), &format!("{what}: CPU µs a job, {name}"), values);
    }
    let roles: BTreeSet<&str> = rounds.iter().flat_map(|cost| cost.memory_mib.keys().copied()).collect();
    for name in roles {
        let values = rounds.iter().filter_map(|cost| cost.memory_mib.get(name).copied());
        add(
            lines,
            &format!("{key}.peak_rss_mib.{name}"),
            &format!("{what}: peak memory MiB, {name}"),
            values,
        );
    }
}

fn add(lines: &mut Vec<Line>, key: &str, what: &str, values: impl Iterator<Item = f64>) {
    if let Some(spread) = Spread::of(values) {
        lines.push(Line { key: key.to_owned(), what: what.to_owned(), spread });
    }
}

fn json_line(plan: &Plan, lines: &[Line], cores: usize, load_average: Option<f64>) -> Value {
    let numbers: Map<String, Value> = lines
        .iter()
        .map(|line| {
            let Spread { median, min, max } = line.spread;
            let rounded = |value: f64| (value * 100.0).round() / 100.0;
            let spread = json!({ "median": rounded(median), "min": rounded(min), "max": rounded(max) });
            (line.key.clone(), spread)
        })
        .collect();
    json!({
        "bench": "sms",
        "jobs": plan.jobs,
        "rate_per_s": plan.rate,
        "seconds": plan.seconds,
        "rounds": plan.rounds,
        "concurrency": plan.concurrency,
        "cores": cores,
        "load_average": load_average,
        "numbers": numbers,
    })
}

/// Three figures are what a busy machine can vouch for.
fn shown(value: f64) -> String {
    if value >= 100.0 { format!("{value:.0}") } else { format!("{value:.1}") }
}
