//! What a command prints: results to standard output, failures to standard error.

use std::{
    io::{self, Write},
    process::ExitCode,
};

use comfy_table::{ContentArrangement, Table, presets::UTF8_HORIZONTAL_ONLY};
use serde::Serialize;

use crate::commands::Failure;

/// How results are printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Style {
    /// For people.
    Text,
    /// One JSON document.
    Json,
}

/// Prints a line of a result; a reader that has gone away ends the command quietly.
pub fn line(text: impl std::fmt::Display) {
    if writeln!(io::stdout(), "{text}").is_err() {
        std::process::exit(0);
    }
}

/// Prints a value as JSON.
pub fn json(value: &impl Serialize) {
    match serde_json::to_string_pretty(value) {
        Ok(text) => line(text),
        Err(problem) => line(format!("{{\"error\":\"{problem}\"}}")),
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

/// A text with everything shown that a terminal would hide or obey, such as control and direction characters.
pub fn visible(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '"' | '\'' | '\\' | '\n' => shown.push(character),
            other => shown.extend(other.escape_debug()),
        }
    }
    shown
}

/// Prints rows under headings.
pub fn table(headings: &[&str], rows: Vec<Vec<String>>) {
    let mut table = Table::new();
    table.load_style(UTF8_HORIZONTAL_ONLY).set_content_arrangement(ContentArrangement::Dynamic);
    table.set_header(headings.to_vec());
    for row in rows {
        table.add_row(row);
    }
    line(table);
}

/// Prints a failure and gives the exit code that belongs to it.
pub fn failure(failure: &Failure) -> ExitCode {
    // Nothing can be done about a standard error that is gone.
    let _ = writeln!(io::stderr(), "fleet: {failure}");
    ExitCode::from(failure.exit_code())
}
