//! Two sides in turn, A B A B …, each with a broker and a database of its own, so that neither pays for the other.

use std::collections::BTreeSet;

use serde_json::{Map, Value, json};

use crate::bench::difference::Difference;
use crate::bench::measured::told;
use crate::bench::numbers::{self, Spread};
use crate::bench::paths::{self, Site};
use crate::bench::plan::{Path, Plan};
use crate::bench::report::{self, Form, Rounds, shown, values};
use crate::bench::stage::Stage;
use crate::error::Result;
use crate::interrupt::Interrupt;

/// One side.
pub struct Side<'a> {
    /// What it is.
    pub name: String,
    /// Where it works.
    pub stage: Stage<'a>,
}

/// A quantity on both sides.
struct Line {
    path: Path,
    key: String,
    other: Spread,
    ours: Spread,
    difference: Difference,
}

/// Measures both sides in turn and prints how ours stands to the other.
pub fn compare(
    plan: &Plan,
    other: &Side<'_>,
    ours: &Side<'_>,
    form: Form,
    interrupt: &Interrupt,
) -> Result<()> {
    for side in [other, ours] {
        crate::bench::warm_up(plan, &side.stage, interrupt)?;
    }
    let load_before = numbers::load_average();
    let mut rounds = [Rounds::new(), Rounds::new()];
    for number in 1..=plan.rounds {
        for path in &plan.paths {
            for (side, rounds) in [other, ours].into_iter().zip(&mut rounds) {
                eprintln!("round {number} of {}: {} of {} …", plan.rounds, path.name(), side.name);
                let site = Site { stage: &side.stage, path: *path, plan, interrupt };
                rounds.entry(*path).or_default().push(paths::measure(site)?);
            }
        }
    }
    let [theirs, ours_rounds] = &rounds;
    let lines = lines(plan, theirs, ours_rounds);
    if form == Form::Json {
        println!("{}", json(plan, (&other.name, &ours.name), &lines, load_before));
        return Ok(());
    }
    println!("\n{}", report::about(plan, load_before));
    print(&lines, (&other.name, &ours.name));
    for (name, rounds) in [(&other.name, theirs), (&ours.name, ours_rounds)] {
        for (path, measured) in rounds {
            report::print_statements(&format!("{} of {name}", path.name()), measured);
        }
    }
    Ok(())
}

fn lines(plan: &Plan, theirs: &Rounds, ours: &Rounds) -> Vec<Line> {
    let mut lines = Vec::new();
    for path in plan.paths.iter().collect::<BTreeSet<_>>() {
        let (Some(theirs), Some(ours)) = (theirs.get(path), ours.get(path)) else { continue };
        for (key, other) in report::spreads(theirs) {
            let own = values(ours, &key);
            let Some(spread) = Spread::of(own.iter().copied()) else { continue };
            let difference = Difference::of(&own, &values(theirs, &key));
            lines.push(Line { path: *path, key, other, ours: spread, difference });
        }
    }
    lines
}

fn print(lines: &[Line], (other, ours): (&str, &str)) {
    let mut table = report::new_table(&["median", other, ours, "ratio", "is it real?"]);
    for line in lines {
        table.add_row([
            format!("{}: {}", line.path.name(), told(&line.key)),
            shown(line.other.median),
            shown(line.ours.median),
            ratio(line).map_or_else(String::new, |ratio| format!("{ratio:.2}")),
            line.difference.told(),
        ]);
    }
    println!("{table}\nThe ratio is that of {ours} to {other}.");
}

/// Ours to the other's.
fn ratio(line: &Line) -> Option<f64> {
    (line.other.median > 0.0).then(|| line.ours.median / line.other.median)
}

fn json(plan: &Plan, (other, ours): (&str, &str), lines: &[Line], load_average: Option<f64>) -> Value {
    let mut paths: Map<String, Value> = Map::new();
    for line in lines {
        let quantity = json!({
            "other": report::spread_json(line.other),
            "ours": report::spread_json(line.ours),
            "ratio": ratio(line),
            "real": line.difference.told(),
        });
        let path = paths.entry(line.path.name()).or_insert_with(|| json!({}));
        path[&line.key] = quantity;
    }
    let mut all = report::plan_json(plan, load_average);
    all.insert("other".to_owned(), other.into());
    all.insert("ours".to_owned(), ours.into());
    all.insert("paths".to_owned(), paths.into());
    all.into()
}
