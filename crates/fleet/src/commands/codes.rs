//! `fleet codes`: every documented code of the SMS gateways, and what it becomes.

use closure_contract::FailureCode;
use closure_policy::failure::{Class, Fault, class, fault};
use closure_providers::{CodeReading, Descriptor};

/// The tables as Markdown, as `docs/gateway-codes.md` holds them below its heading.
pub fn text() -> String {
    let mut text = String::new();
    let tables = |one: &'static Descriptor| one.code_tables.iter().map(|table| (one.gateway, table));
    for (gateway, table) in Descriptor::all().flat_map(tables) {
        text.push_str(&format!("## {gateway}: {}\n\n", table.what));
        text.push_str(&format!("Source: {}.\n\n", table.source));
        text.push_str(
            "| code | meaning | becomes | class | whose fault |\n| --- | --- | --- | --- | --- |\n",
        );
        for row in table.rows {
            let (becomes, code) = becomes(row.reading);
            let (class, fault) = code.map_or(("–", "–"), |code| (class_of(code), fault_of(code)));
            text.push_str(&format!("| `{}` | {} | {becomes} | {class} | {fault} |\n", row.code, row.meaning));
        }
        text.push('\n');
    }
    text.truncate(text.trim_end().len());
    text
}

fn becomes(reading: CodeReading) -> (String, Option<FailureCode>) {
    match reading {
        CodeReading::Taken => ("accepted".to_owned(), None),
        CodeReading::Failure(code) => (format!("`{code}`"), Some(code)),
        CodeReading::Word { status, why: Some(code), .. } => {
            (format!("{}, `{code}`", status.as_str()), Some(code))
        }
        CodeReading::Word { status, evidence, why: None } => {
            (format!("{}, evidence {}", status.as_str(), evidence.as_str()), None)
        }
    }
}

fn class_of(code: FailureCode) -> &'static str {
    match class(code) {
        Class::Transient => "transient",
        Class::Permanent => "permanent",
        Class::InDoubt => "in doubt",
    }
}

fn fault_of(code: FailureCode) -> &'static str {
    match fault(code) {
        Fault::Message => "message",
        Fault::Recipient => "recipient",
        Fault::Content => "content",
        Fault::Sender => "sender",
        Fault::Account => "account",
        Fault::Provider => "provider",
        Fault::Agent => "agent",
    }
}

#[cfg(test)]
mod tests {
    use closure_contract::{FailureCode, SmsProvider};
    use serde_json::Value;

    use super::{class_of, fault_of};

    /// The recorded exchanges of a gateway's codes, which the adapters are held against as well.
    fn recorded(gateway: SmsProvider) -> String {
        let recorded = concat!(env!("CARGO_MANIFEST_DIR"), "/../providers/tests/recorded");
        std::fs::read_to_string(format!("{recorded}/{gateway}_codes.jsonl"))
            .expect("every gateway has its codes")
    }

    #[test]
    fn the_page_of_gateway_codes_is_what_fleet_codes_prints() {
        let page = include_str!("../../../../docs/gateway-codes.md");
        let tables = page.find("## ").map(|start| page[start..].trim_end());
        assert!(tables == Some(super::text().as_str()), "run: fleet codes, and put it below the heading");
    }

    #[test]
    fn every_recorded_code_has_the_class_and_the_fault_that_are_written_down_for_it() {
        let lines: String = SmsProvider::ALL.iter().map(|gateway| recorded(*gateway)).collect();
        for line in lines.lines() {
            let one: Value = serde_json::from_str(line).expect(line);
            let name = one["why"].as_str().or(one["ends"].as_str());
            let code = FailureCode::ALL.iter().find(|code| Some(code.as_str()) == name).copied();
            let (class, fault) = (code.map(class_of), code.map(fault_of));
            assert_eq!((class, fault), (one["class"].as_str(), one["fault"].as_str()), "{line}");
        }
    }
}
