//! The tables of the README, which the demo and people go by, say what the code does.

use closure_simulators::{AgentBehaviour, MailBehaviour, SmsBehaviour};
use serde::de::DeserializeOwned;

const README: &str = include_str!("../../README.md");

/// The cells of the table under a heading.
fn rows(heading: &str) -> Vec<Vec<&'static str>> {
    let (_, after) = README.split_once(heading).expect("the README has this heading");
    let table =
        after.lines().skip_while(|line| !line.starts_with('|')).take_while(|line| line.starts_with('|'));
    let rows = table.skip(2).map(|line| line.split('|').map(str::trim).collect());
    rows.collect()
}

fn named<B: DeserializeOwned>(cell: &str) -> B {
    let name = cell.trim_matches('`');
    serde_json::from_value(serde_json::Value::from(name)).expect("the README names a behaviour")
}

#[test]
fn the_table_of_sms_suffixes_is_the_codes() {
    let rows: Vec<_> = rows("### SMS, by").into_iter().filter(|row| !row[1].starts_with('–')).collect();
    assert_eq!(rows.len(), 22);
    for row in rows {
        let digits = &row[1][..4];
        let behaviour: SmsBehaviour = named(row[2]);
        assert_eq!(SmsBehaviour::by_suffix(&format!("8491234{digits}")), behaviour, "{digits}");
    }
    assert_eq!(SmsBehaviour::by_suffix("84912345678"), SmsBehaviour::Delivered);
}

#[test]
fn the_table_of_local_parts_is_the_codes() {
    let rows: Vec<_> = rows("### Mail, by").into_iter().filter(|row| row[1].starts_with('`')).collect();
    assert_eq!(rows.len(), 14);
    for row in rows {
        let part = row[1].trim_matches('`');
        let behaviour: MailBehaviour = named(row[2]);
        assert_eq!(MailBehaviour::by_local_part(part, 1), behaviour, "{part}");
        assert_eq!(MailBehaviour::by_local_part(&format!("{part}-7"), 1), behaviour, "{part}");
        assert_eq!(MailBehaviour::by_local_part(&format!("x{part}"), 1), MailBehaviour::Accept, "{part}");
        let second = if row[3].contains("first try") { MailBehaviour::Accept } else { behaviour };
        assert_eq!(MailBehaviour::by_local_part(part, 2), second, "{part}");
    }
}

#[test]
fn the_table_of_extensions_is_the_codes() {
    for row in rows("### Calls, by the agent's extension") {
        let behaviour: AgentBehaviour = named(row[2]);
        let examples: &[&str] = match row[1] {
            "1001–1099, 1196" => &["1001", "1099", "1196"],
            "others" => &["1000", "1100", "2001", "", "01001", "abc"],
            extension => &[extension],
        };
        for extension in examples {
            assert_eq!(AgentBehaviour::by_extension(extension), behaviour, "{extension}");
        }
    }
}
