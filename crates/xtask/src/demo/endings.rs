//! How a CRM's programmer makes a job end otherwise than well, as rows of the scenario that was played just now do.

use serde_json::Value;

use crate::demo::scenario::{Row, Scenario};
use crate::error::{Result, failed};

/// The rows whose recipient, agent or mailbox decides how they end.
const ROWS: [&str; 8] = [
    "failed-receipt",
    "no-receipt",
    "late-receipt",
    "refused-by-gateway",
    "call-busy",
    "call-no-answer",
    "agent-offline",
    "unknown-mailbox",
];
/// So many digits of a number choose what the stand-ins do.
const SUFFIX_DIGITS: usize = 4;
/// The extensions whose phones ring and are answered begin so.
const ANSWERED: &str = "10";

/// What ends a look around soon where nobody says so.
pub const CAPS: &str = "a number and an address are contacted 5 times an hour: after that a job is `dead` with \
    number_cap_reached or address_cap_reached; take others";

/// One line for each way: whom the job is for, and how it ends.
pub fn lines(scenario: &Scenario) -> Result<Vec<String>> {
    let mut lines = Vec::new();
    for name in ROWS {
        let row = scenario.rows.iter().find(|row| row.name == name);
        let Some((row, chosen_by)) = row.and_then(|row| Some((row, chosen_by(row)?))) else {
            return failed(format!("the scenario has no case {name} with a job for somebody"));
        };
        lines.push(format!("{chosen_by:24} {}", row.expect.outcomes.join(", ")));
    }
    Ok(lines)
}

/// What of a row's job decides how it ends.
fn chosen_by(row: &Row) -> Option<String> {
    let job = row.publish.first()?.job.as_ref()?;
    let text = |pointer: &str| job.pointer(pointer).and_then(Value::as_str);
    let channel = text("/kind")?.strip_prefix("closure.")?.strip_suffix("/1")?;
    let chosen =
        match (text("/to/phone/number").or(text("/to/phone/national_number")), text("/agent/extension")) {
            (Some(_), Some(extension)) if channel == "dial" && !extension.starts_with(ANSWERED) => {
                format!("extension {extension}")
            }
            (Some(number), _) => {
                format!("number …{}", number.get(number.len().checked_sub(SUFFIX_DIGITS)?..)?)
            }
            (None, _) => format!("mailbox {}@", text("/to/email")?.split('@').next()?),
        };
    Some(format!("{channel}, {chosen}"))
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    #[test]
    fn each_way_names_whom_the_job_is_for_and_how_it_ends() {
        let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/scenario/kride.json");
        let scenario = Scenario::read(&file).expect("the scenario can be read");
        let lines = lines(&scenario).expect("its cases are there");
        for (chosen, end) in [
            ("sms, number …0002", "sms.undelivered not_delivered"),
            ("sms, number …0003", "sms.unknown no_receipt"),
            ("sms, number …0008", "sms.refused recipient_rejected"),
            ("dial, number …0486", "dial.unanswered customer_busy"),
            ("dial, extension 1888", "dial.unanswered agent_offline"),
            ("email, mailbox unknown@", "email.dead mailbox_refused"),
        ] {
            let is_told = lines.iter().any(|line| line.starts_with(chosen) && line.ends_with(end));
            assert!(is_told, "{chosen}: {end} in {lines:#?}");
        }
    }
}
