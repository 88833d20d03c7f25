//! The table of the rules: complete, true to the sources, and the same as `docs/rulebook.md`.

use std::{collections::BTreeSet, path::Path};

use closure_contract::RuleId;
use closure_policy::{
    guide::{self, ALL},
    rulebook::Rulebook,
};

fn read(file: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").join(file);
    std::fs::read_to_string(&path).unwrap_or_else(|problem| panic!("{file}: {problem}"))
}

/// Whether a source file has a test of this name.
fn has_test(source: &str, test: &str) -> bool {
    let declared = format!("fn {test}(");
    source.match_indices(&declared).any(|(at, _)| {
        source[..at]
            .rsplit('\n')
            .take(4)
            .any(|line| line.trim() == "#[test]" || line.trim().starts_with("#[tokio::test"))
    })
}

/// The example configuration with every commented example in force.
fn example_in_full() -> String {
    let is_setting = |line: &str| {
        line.starts_with("[[")
            || line.split_once(" = ").is_some_and(|(key, _)| {
                !key.is_empty()
                    && key.bytes().all(|byte| byte.is_ascii_lowercase() || b"_0123456789".contains(&byte))
            })
    };
    read("deploy/rulebook.toml")
        .lines()
        .map(|line| match line.strip_prefix("# ") {
            Some(inner) if is_setting(inner) => inner,
            Some(_) | None => line,
        })
        .collect::<Vec<_>>()
        .join("\n")
}

/// Rules whose tests are still to come; a rule leaves this list with its first test.
const WITHOUT_TESTS: &[RuleId] = &[];

#[test]
fn every_rule_has_its_own_row_a_reading_and_a_test() {
    for rule in ALL {
        assert_eq!(guide::rule(rule.id), *rule);
        assert!(rule.reading.ends_with('.'), "{} has a reading", rule.id);
        assert_eq!(rule.guide_ko.is_empty(), rule.guide_en.is_empty(), "{}", rule.id);
        assert_eq!(rule.tests.is_empty(), WITHOUT_TESTS.contains(&rule.id), "the tests of {}", rule.id);
    }
    let ids: BTreeSet<RuleId> = ALL.iter().map(|rule| rule.id).collect();
    assert_eq!(ids.len(), ALL.len());
}

#[test]
fn every_test_that_proves_a_rule_is_a_test_in_the_sources() {
    for rule in ALL {
        for proof in rule.tests {
            assert!(
                has_test(&read(proof.file), proof.test),
                "{}: {} has no test {}",
                rule.id,
                proof.file,
                proof.test
            );
        }
    }
}

#[test]
fn every_setting_of_a_rule_is_in_the_example_configuration_and_has_a_default() {
    let example: toml::Value = toml::from_str(&example_in_full()).expect("the example is TOML");
    for rule in ALL {
        for (key, default) in rule.defaults() {
            assert!(default.is_some(), "{}: there is no setting {key}", rule.id);
            let found = key.split('.').try_fold(&example, |table, part| table.get(part));
            assert!(found.is_some(), "{}: deploy/rulebook.toml does not show {key}", rule.id);
        }
    }
}

#[test]
fn every_setting_belongs_to_a_rule() {
    let rulebook = serde_json::to_value(Rulebook::default()).expect("the settings are JSON");
    let named: BTreeSet<&str> = ALL.iter().flat_map(|rule| rule.keys.iter().copied()).collect();
    let mut keys = Vec::new();
    for (name, value) in rulebook.as_object().expect("the settings are a table") {
        match value.as_object() {
            Some(section) => keys.extend(section.keys().map(|key| format!("{name}.{key}"))),
            None => keys.push(name.clone()),
        }
    }
    // Templates have come to stand in a register of their own.
    for key in keys.iter().filter(|key| *key != "templates") {
        assert!(named.contains(key.as_str()), "{key} belongs to no rule");
    }
}

#[test]
fn the_example_configuration_shows_the_defaults() {
    let mut example: Rulebook =
        toml::from_str(&read("deploy/rulebook.toml")).expect("the example is a rulebook");
    // No default knows whose customers these are, and without the list no role that sends starts.
    assert!(!example.numbers.allowed_country_codes.is_empty(), "the example shows a list of countries");
    example.numbers.allowed_country_codes.clear();
    assert_eq!(example, Rulebook::default());
    let full: Rulebook = toml::from_str(&example_in_full()).expect("the commented examples are right, too");
    assert!(!full.sms.senders.is_empty() && full.dial.pause.is_some(), "the examples are in force");
    assert_eq!(full.validate(), Ok(()));
}

#[test]
fn the_document_is_the_table() {
    assert!(
        read("docs/rulebook.md") == guide::markdown(),
        "docs/rulebook.md differs from the code; write it again with `fleet rules docs/rulebook.md`"
    );
}
