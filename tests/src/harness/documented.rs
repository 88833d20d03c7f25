//! What the guides tell an operator to type: tests do the same, so that a guide that is wrong fails them.

use std::{path::Path, process::Stdio};

use tokio::process::Command;

use super::wait::LONG;

const OPERATIONS: &str = include_str!("../../../docs/operations.md");

/// The example of `docs/operations.md` whose first line is this one, without that line.
pub fn documented_example(first_line: &str) -> String {
    let mut lines = OPERATIONS.lines().map(str::trim).skip_while(|line| *line != first_line);
    assert!(lines.next().is_some(), "docs/operations.md has no example that begins with `{first_line}`");
    lines.take_while(|line| *line != "```").flat_map(|line| [line, "\n"]).collect()
}

/// The command of `docs/operations.md` that begins so.
pub fn documented_command(beginning: &str) -> &'static str {
    let found = OPERATIONS.split('`').find(|words| words.starts_with(beginning));
    found.unwrap_or_else(|| panic!("docs/operations.md has no command that begins with `{beginning}`"))
}

/// Runs a command in a folder, as a person who types it there, and answers what it prints.
pub async fn typed(command: &str, folder: &Path) -> String {
    let mut shell = Command::new("bash");
    shell.args(["-e", "-u", "-o", "pipefail", "-c", command]).current_dir(folder).stdin(Stdio::null());
    let output = tokio::time::timeout(LONG, shell.kill_on_drop(true).output()).await;
    let output = output.expect("it ends in time").expect("bash can be started");
    assert!(output.status.success(), "{command}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8_lossy(&output.stdout).into_owned()
}
