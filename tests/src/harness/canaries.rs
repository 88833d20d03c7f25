//! What must never be read in a log: the numbers, addresses and texts of a test (invariant 9).

use std::collections::BTreeSet;

use serde_json::Value;

/// A shorter text would be found by chance.
const CANARY_CHARS_MIN: usize = 7;
/// The fields of a job that hold personal data.
const FIELDS: [&str; 7] = ["number", "national_number", "email", "text", "subject", "html", "ticket"];

/// The canaries of a fleet.
#[derive(Default)]
pub(super) struct Canaries(BTreeSet<String>);

impl Canaries {
    /// Adds every personal field of a job, numbers also as digits alone.
    pub(super) fn add_job(&mut self, job: &Value) {
        match job {
            Value::Object(fields) => {
                for (name, value) in fields {
                    match value {
                        Value::String(text) if FIELDS.contains(&name.as_str()) => self.add(text),
                        other => self.add_job(other),
                    }
                }
            }
            Value::Array(items) => items.iter().for_each(|item| self.add_job(item)),
            Value::String(_) | Value::Number(_) | Value::Bool(_) | Value::Null => {}
        }
    }

    /// Adds a text: each of its lines, and its digits if it is a number.
    pub(super) fn add(&mut self, text: &str) {
        for line in text.lines() {
            self.insert(line.trim());
        }
        let digits: String = text.chars().filter(char::is_ascii_digit).collect();
        if digits.len() * 2 > text.chars().count() {
            self.insert(&digits);
        }
    }

    fn insert(&mut self, text: &str) {
        if text.chars().count() >= CANARY_CHARS_MIN {
            self.0.insert(text.to_owned());
        }
    }

    /// The first line of a log that holds one, with the canary itself left out.
    pub(super) fn find(&self, log: &str) -> Option<String> {
        let found = self.0.iter().find(|canary| log.contains(canary.as_str()))?;
        let line = log.lines().find(|line| line.contains(found.as_str())).unwrap_or_default();
        Some(line.replace(found.as_str(), "⟨PERSONAL DATA⟩"))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::Canaries;

    #[test]
    fn a_number_an_address_and_a_line_of_a_text_are_found_in_a_log() {
        let mut canaries = Canaries::default();
        canaries.add_job(&json!({
            "to": { "phone": { "number": "+81 90-1234-5678" }, "email": "someone@example.com" },
            "sms": { "text": "Hello,\nyour refund was completed" },
        }));
        for log in
            ["to 819012345678", "x +81 90-1234-5678", "someone@example.com", "{your refund was completed}"]
        {
            assert!(canaries.find(log).is_some(), "{log}");
        }
        assert!(canaries.find("to +81******678, s***@example.com, Hello").is_none());
    }

    #[test]
    fn what_was_found_is_not_repeated() {
        let mut canaries = Canaries::default();
        canaries.add("someone@example.com");
        let shown = canaries.find("sent to someone@example.com now").expect("it is found");
        assert!(!shown.contains("someone"), "{shown}");
    }
}
