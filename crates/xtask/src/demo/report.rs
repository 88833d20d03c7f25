//! What a person reads at the end.

use std::time::Duration;

use crate::demo::observe::Verdict;

/// The widest a column may be before it is wrapped.
const COLUMN_CHARS_MAX: usize = 42;

/// Prints one row for each case: job, what the guide asks, what happened, which rule, how long.
pub fn table(verdicts: &[Verdict]) {
    let mut table = comfy_table::Table::new();
    table.load_style(comfy_table::presets::UTF8_FULL_CONDENSED);
    table.set_header(["", "case", "what the guide asks", "what happened", "rule", "seconds"]);
    for verdict in verdicts {
        let mark = if verdict.problems.is_empty() { "ok" } else { "NO" };
        let seconds =
            verdict.after.map_or_else(|| "—".to_owned(), |after| format!("{:.1}", after.as_secs_f32()));
        table.add_row([
            mark.to_owned(),
            verdict.name.clone(),
            wrapped(&verdict.guide),
            wrapped(&verdict.happened),
            wrapped(&verdict.rules),
            seconds,
        ]);
    }
    println!("\n{table}\n");
    for verdict in verdicts.iter().filter(|verdict| !verdict.problems.is_empty()) {
        println!("NOT AS EXPECTED  {}", verdict.name);
        for problem in &verdict.problems {
            println!("    {problem}");
        }
    }
}

/// Prints how many rows are as the scenario expects.
pub fn summary(rows: usize, wrong: usize, took: Duration) {
    println!("{} of {rows} cases are as the guide asks, after {} s in all", rows - wrong, took.as_secs());
}

/// Breaks a text between words into lines of at most the column's width.
fn wrapped(text: &str) -> String {
    let mut lines = vec![String::new()];
    for word in text.split(' ') {
        let current = lines.len() - 1;
        let length = lines[current].chars().count();
        if length > 0 && length + 1 + word.chars().count() > COLUMN_CHARS_MAX {
            lines.push(word.to_owned());
        } else {
            if length > 0 {
                lines[current].push(' ');
            }
            lines[current].push_str(word);
        }
    }
    lines.join("\n")
}
