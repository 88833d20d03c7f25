//! `fleet codes`: every documented code of the SMS gateways, and what it becomes.

use closure_contract::{FailureCode, Language, Words};
use closure_policy::failure::{class, fault};
use closure_providers::{CodeReading, Descriptor};

use crate::words::{self, say};

/// The tables as Markdown, as `docs/gateway-codes.md` holds the English ones below its heading; what a gateway documents
/// of its own code stands there in English, whatever the language.
pub fn text(language: Language) -> String {
    let mut text = String::new();
    let tables = |one: &'static Descriptor| one.code_tables.iter().map(|table| (one.gateway, table));
    for (gateway, table) in Descriptor::all().flat_map(tables) {
        text.push_str(&format!("## {gateway}: {}\n\n", table.what));
        let source = table.source;
        text.push_str(&say!(language, "Source: {source}.\n\n", "출처: {source}.\n\n"));
        let heading = Words::of(
            "| code | meaning | becomes | class | whose fault |",
            "| 코드 | 발송사의 설명 | 실패 코드 | 성격 | 원인 |",
        );
        text.push_str(&format!("{}\n| --- | --- | --- | --- | --- |\n", heading.in_language(language)));
        for row in table.rows {
            let (becomes, code) = becomes(row.reading, language);
            let of = |code| [words::class(class(code)), words::fault(fault(code))];
            let [class, fault] =
                code.map_or([Words::of("–", "–"); 2], of).map(|one| one.in_language(language));
            text.push_str(&format!("| `{}` | {} | {becomes} | {class} | {fault} |\n", row.code, row.meaning));
        }
        text.push('\n');
    }
    text.truncate(text.trim_end().len());
    text
}

fn becomes(reading: CodeReading, language: Language) -> (String, Option<FailureCode>) {
    let named_code = |code: FailureCode| match language {
        Language::English => format!("`{code}`"),
        Language::Korean => format!("`{code}` {}", code.what_in(language)),
    };
    match reading {
        CodeReading::Taken => (Words::of("accepted", "발송사 접수").in_language(language).to_owned(), None),
        CodeReading::Failure(code) => (named_code(code), Some(code)),
        CodeReading::Word { status, why: Some(code), .. } => {
            let status = words::named(status.as_str(), status.words(), language);
            (format!("{status}, {}", named_code(code)), Some(code))
        }
        CodeReading::Word { status, evidence, why: None } => {
            let status = words::named(status.as_str(), status.words(), language);
            let evidence = words::named(evidence.as_str(), evidence.words(), language);
            (say!(language, "{status}, evidence {evidence}", "{status}, 도착 근거 {evidence}"), None)
        }
    }
}

#[cfg(test)]
mod tests {
    use closure_contract::SmsProvider;
    use serde_json::Value;

    use super::*;

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
        assert!(
            tables == Some(text(Language::English).as_str()),
            "run: fleet codes, and put it below the heading"
        );
    }

    #[test]
    fn every_recorded_code_has_the_class_and_the_fault_that_are_written_down_for_it() {
        let lines: String = SmsProvider::ALL.iter().map(|gateway| recorded(*gateway)).collect();
        for line in lines.lines() {
            let one: Value = serde_json::from_str(line).expect(line);
            let name = one["why"].as_str().or(one["ends"].as_str());
            let code = FailureCode::ALL.iter().find(|code| Some(code.as_str()) == name).copied();
            let (class, fault) = (
                code.map(|code| words::class(class(code)).english),
                code.map(|code| words::fault(fault(code)).english),
            );
            assert_eq!((class, fault), (one["class"].as_str(), one["fault"].as_str()), "{line}");
        }
    }
}
