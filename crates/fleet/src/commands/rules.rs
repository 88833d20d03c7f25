//! `fleet rules`: the rules for people and for programs, and the file `docs/rulebook.md`.

use std::path::Path;

use closure_policy::{fallback::table, guide};
use serde_json::{Map, json};

use super::Failure;
use crate::output::{self, Style};

/// Prints the rules, or writes them into a file as Markdown.
pub fn run(style: Style, file: Option<&Path>) -> Result<(), Failure> {
    if let Some(path) = file {
        return std::fs::write(path, guide::markdown())
            .map_err(|problem| Failure::Input(format!("{}: {problem}", path.display())));
    }
    match style {
        Style::Json => {
            let rules: Vec<_> = guide::ALL
                .iter()
                .map(|rule| {
                    let settings: Map<_, _> = rule
                        .defaults()
                        .into_iter()
                        .map(|(key, default)| (key.to_owned(), default.unwrap_or_default()))
                        .collect();
                    json!({ "id": rule.id, "guide_ko": rule.guide_ko, "guide_en": rule.guide_en,
                        "reading": rule.reading, "settings": settings, "tests": rule.tests })
                })
                .collect();
            output::json(&json!({ "rules": rules, "fallback": table::table() }));
        }
        Style::Text => {
            let rows = guide::ALL
                .iter()
                .map(|rule| {
                    let guide = [rule.guide_ko, rule.guide_en].join("\n").trim().to_owned();
                    vec![rule.id.to_string(), guide, rule.reading.to_owned(), rule.keys.join("\n")]
                })
                .collect();
            output::table_of_ours(&["id", "the guide", "what the fleet does", "set by"], rows);
        }
    }
    Ok(())
}
