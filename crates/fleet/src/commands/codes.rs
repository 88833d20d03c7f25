//! `fleet codes`: every documented code of the SMS gateways, and what it becomes.

use closure_contract::FailureCode;
use closure_policy::failure::{Class, Fault, class, fault};
use closure_providers::{CodeReading, CodeTable};

/// The tables as Markdown, as `docs/gateway-codes.md` holds them below its heading.
pub fn text() -> String {
    let mut text = String::new();
    for table in CodeTable::ALL {
        text.push_str(&format!("## {}: {}\n\n", table.provider, table.what));
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
    #[test]
    fn the_page_of_gateway_codes_is_what_fleet_codes_prints() {
        let page = include_str!("../../../../docs/gateway-codes.md");
        let tables = page.find("## ").map(|start| page[start..].trim_end());
        assert!(tables == Some(super::text().as_str()), "run: fleet codes, and put it below the heading");
    }
}
