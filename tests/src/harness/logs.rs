//! The log files of a fleet's processes.

use std::path::Path;

use serde_json::Value;

use super::fleet::Fleet;

const TAIL_LINES: usize = 40;

/// The last lines of a log, for a failure's message.
pub fn tail(path: &Path) -> String {
    let text = read(path);
    let lines: Vec<&str> = text.lines().collect();
    lines[lines.len().saturating_sub(TAIL_LINES)..].join("\n")
}

/// The whole log.
pub(super) fn read(path: &Path) -> String {
    std::fs::read(path).map(|bytes| String::from_utf8_lossy(&bytes).into_owned()).unwrap_or_default()
}

/// A field of the first line, from a byte on, whose message begins so.
pub(super) fn field(path: &Path, from: u64, message: &str, field: &str) -> Option<String> {
    let text = read(path);
    let start = usize::try_from(from).ok()?;
    text.get(start..)?.lines().find_map(|line| {
        let line: Value = serde_json::from_str(line).ok()?;
        let said = line["message"].as_str()?;
        if said.starts_with(message) { line[field].as_str().map(str::to_owned) } else { None }
    })
}

impl Fleet {
    /// The lines of a process's log that are to be looked at, `WARN` and `ERROR`.
    pub async fn warnings(&self, process: &str) -> Vec<String> {
        let text = read(&self.process(process).await.log);
        let is_warning = |line: &&str| ["\"WARN\"", "\"ERROR\""].iter().any(|level| line.contains(level));
        text.lines().filter(is_warning).map(str::to_owned).collect()
    }

    /// Whether any process has logged this line.
    pub fn has_logged(&self, line: &str) -> bool {
        self.logs.iter().any(|log| read(log).contains(line))
    }
}
