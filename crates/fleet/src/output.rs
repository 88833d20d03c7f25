//! What a command prints: results to standard output, failures to standard error, both as `visible` has them.

use std::{
    io::{self, Write},
    process::ExitCode,
};

use comfy_table::{ContentArrangement, Table, presets::UTF8_HORIZONTAL_ONLY};
use serde::Serialize;

use crate::{
    commands::Failure,
    visible::{Visible, VisibleJson, VisibleLines, is_hidden},
};

/// How results are printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Style {
    Text,
    Json,
}

/// Prints one line of a result, whatever stands in it; a reader that has gone away ends the command quietly.
pub fn line(text: impl std::fmt::Display) {
    print(Visible(&text.to_string()));
}

/// Prints several lines of ours; what is from outside in them is escaped already or may have lines.
pub fn lines(text: &str) {
    print(VisibleLines { text, indent: "" });
}

/// Prints a text from outside, every line of it marked as such.
pub fn quoted(text: &str) {
    print(format_args!("  | {}", VisibleLines { text, indent: "  | " }));
}

/// Prints a value as JSON.
pub fn json(value: &impl Serialize) {
    match serde_json::to_string_pretty(value) {
        Ok(text) => print(VisibleJson(&text)),
        Err(problem) => line(format!("{{\"error\":\"{problem}\"}}")),
    }
}

/// Prints a JSON document of somebody else's on one line.
pub fn json_line(document: &str) {
    // A line break stands between the parts of a document and never in one of its strings.
    print(VisibleJson(&document.replace(['\r', '\n'], " ")));
}

fn print(text: impl std::fmt::Display) {
    if writeln!(io::stdout(), "{text}").is_err() {
        std::process::exit(0);
    }
}

/// A closed enum as it stands on the wire.
pub fn word(value: &impl Serialize) -> String {
    match serde_json::to_value(value) {
        Ok(serde_json::Value::String(text)) => text,
        Ok(other) => other.to_string(),
        Err(_) => String::new(),
    }
}

/// Prints rows under headings; each cell is one line, whatever stands in it.
pub fn table(headings: &[&str], rows: Vec<Vec<String>>) {
    let visible = |cell: &String| Visible(cell).to_string();
    table_of_ours(headings, rows.iter().map(|row| row.iter().map(visible).collect()).collect());
}

/// Prints rows of our own words under headings; a cell may have several lines.
pub fn table_of_ours(headings: &[&str], rows: Vec<Vec<String>>) {
    let mut table = Table::new();
    table.load_style(UTF8_HORIZONTAL_ONLY).set_content_arrangement(ContentArrangement::Dynamic);
    table.set_header(headings.to_vec());
    for row in rows {
        table.add_row(row);
    }
    lines(&table.to_string());
}

/// Prints a failure and gives the exit code that belongs to it.
pub fn failure(failure: &Failure) -> ExitCode {
    // Nothing can be done about a standard error that is gone.
    let text = failure.to_string();
    let _ = writeln!(io::stderr(), "fleet: {}", VisibleLines { text: &text, indent: "  " });
    ExitCode::from(failure.exit_code())
}

/// Prints what is wrong with a command line, or the help that was asked for, and gives the exit code.
///
/// The parser quotes what was typed, which may be a file's name that somebody else chose.
pub fn usage(problem: &clap::Error) -> ExitCode {
    let text = problem.render().to_string();
    if text.chars().any(|character| character != '\n' && is_hidden(character)) {
        // Nothing can be done about a standard error that is gone.
        let _ = writeln!(io::stderr(), "{}", VisibleLines { text: text.trim_end(), indent: "  " });
    } else {
        let _ = problem.print();
    }
    u8::try_from(problem.exit_code()).map_or(ExitCode::FAILURE, ExitCode::from)
}
