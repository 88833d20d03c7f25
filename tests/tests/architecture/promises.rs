//! What `docs/architecture.md` and the crates' READMEs promise, held against the code.

use std::collections::{BTreeMap, BTreeSet};

use closure_store::DeliveryState;

use super::{root, sources, without_tests};

/// Whoever needs the time, a random number or a file gets it as an argument.
const NOT_PURE: [&str; 19] = [
    "now_utc",
    "now_local",
    "Timestamp::now",
    "Zoned::now",
    "SystemTime",
    "Instant",
    "new_v4",
    "now_v7",
    "rand",
    "getrandom",
    "RandomState",
    "std::fs",
    "std::io",
    "std::net",
    "std::env",
    "std::process",
    "std::thread",
    "tokio",
    "println",
];
/// The one place that asks a clock, for the crates above.
const THE_CLOCK: (&str, &str) = ("crates/contract/src/ids.rs", "Self(OffsetDateTime::now_utc())");

/// Words that make code take one of several ways.
const BRANCHES: [&str; 6] = ["if", "match", "while", "loop", "return", "async"];
/// Where a fact may take its parts from: data, their form, and what the contract says already.
const SOURCES_OF_FACTS: [&str; 9] = [
    "use std::{fmt",
    "use std::fmt",
    "use std::ops::",
    "use serde::",
    "use schemars::JsonSchema",
    "use super::",
    "use crate::ids::",
    "use crate::Provider;",
    "use crate::{",
];

/// Public types of siblings that have one name and are two things.
const HOMONYMS: [(&str, &str); 1] = [("Opened", "a circuit in store, a door for receipts in providers")];

fn document(path: &str) -> String {
    std::fs::read_to_string(root().join(path)).unwrap_or_else(|problem| panic!("{path}: {problem}"))
}

/// The lines of code without comments.
fn code(text: &str) -> impl Iterator<Item = &str> {
    without_tests(text).lines().map(str::trim).filter(|line| !line.starts_with("//"))
}

fn words(line: &str) -> impl Iterator<Item = &str> {
    line.split(|c: char| !c.is_alphanumeric() && c != '_').filter(|word| !word.is_empty())
}

/// Whether `wanted` stands in a line, and not inside a longer name.
fn names(line: &str, wanted: &str) -> bool {
    line.match_indices(wanted).any(|(at, _)| {
        let is_inside = |c: char| c.is_alphanumeric() || c == '_';
        let (before, after) = (line[..at].chars().next_back(), line[at + wanted.len()..].chars().next());
        !before.is_some_and(is_inside) && !after.is_some_and(is_inside)
    })
}

/// What stands in backticks.
fn quoted(text: &str) -> impl Iterator<Item = &str> {
    text.split('`').skip(1).step_by(2)
}

#[test]
fn policy_and_contract_have_no_clock_no_randomness_and_no_input_or_output() {
    let mut the_clock = 0;
    for (file, text) in ["crates/policy/src", "crates/contract/src"].into_iter().flat_map(sources) {
        for line in code(&text) {
            if (file.as_str(), line) == THE_CLOCK {
                the_clock += 1;
                continue;
            }
            for word in NOT_PURE {
                assert!(!names(line, word), "{file} has {word}: {line}");
            }
        }
    }
    assert_eq!(the_clock, 1, "the clock of the crates above stands elsewhere; say where");
}

#[test]
fn facts_that_siblings_share_are_data_and_take_no_decision() {
    for (file, text) in sources("crates/contract/src/facts") {
        assert!(!text.contains("#[cfg(test)]"), "{file} has a test, so that it has something to test");
        for line in code(&text) {
            let branch = words(line).find(|word| BRANCHES.contains(word));
            assert_eq!(branch, None, "{file} takes a decision; facts are data: {line}");
            assert!(!line.starts_with("for "), "{file} goes through something; facts are data: {line}");
            assert!(
                !line.starts_with("use ")
                    || SOURCES_OF_FACTS.iter().any(|beginning| line.starts_with(beginning)),
                "{file} takes a part from elsewhere: {line}"
            );
        }
    }
}

#[test]
fn no_two_siblings_have_a_public_type_of_one_name() {
    let mut owners: BTreeMap<String, BTreeSet<&str>> = BTreeMap::new();
    let folders = [
        ("policy", "crates/policy/src"),
        ("store", "crates/store/src"),
        ("providers", "crates/providers/src"),
        ("facts", "crates/contract/src/facts"),
    ];
    for (owner, folder) in folders {
        for (_, text) in sources(folder) {
            for line in code(&text) {
                let Some(rest) = ["pub struct ", "pub enum "].iter().find_map(|kind| line.strip_prefix(kind))
                else {
                    continue;
                };
                owners.entry(words(rest).next().unwrap_or_default().to_owned()).or_default().insert(owner);
            }
        }
    }
    assert!(owners.len() > 200, "only {} types were found; this test reads them wrongly", owners.len());
    let twice: Vec<&str> =
        owners.iter().filter(|(_, owners)| owners.len() > 1).map(|(name, _)| name.as_str()).collect();
    assert_eq!(
        twice,
        HOMONYMS.map(|(name, _)| name),
        "a fact that siblings share belongs into contract::facts"
    );
}

#[test]
fn the_map_lists_the_states_of_a_delivery_and_no_others() {
    let map = document("docs/architecture.md");
    let line =
        map.lines().find(|line| line.starts_with("States of a delivery:")).expect("the map lists them");
    let listed: BTreeSet<&str> = quoted(line)
        .flat_map(|chain| chain.split(['→', '|']))
        .map(str::trim)
        .filter(|state| !state.is_empty() && *state != "…")
        .collect();
    let known: BTreeSet<&str> = DeliveryState::ALL.iter().map(|state| state.as_str()).collect();
    assert_eq!(listed, known);
}

/// The variants of an enumeration of the command line, as a person types them.
fn typed(text: &str, enumeration: &str) -> BTreeSet<String> {
    let (_, rest) = text.split_once(&format!("pub enum {enumeration} {{\n")).expect("it is in cli.rs");
    let (variants, _) = rest.split_once("\n}").expect("it ends");
    let variant = |line: &str| {
        let name = line.strip_prefix("    ")?;
        let name = name.starts_with(|c: char| c.is_ascii_uppercase()).then(|| words(name).next())??;
        // As it is typed: the words of a name are parted by hyphens.
        let typed = name.chars().flat_map(|c| {
            let hyphen = c.is_ascii_uppercase().then_some('-');
            hyphen.into_iter().chain([c.to_ascii_lowercase()])
        });
        Some(typed.collect::<String>().trim_start_matches('-').to_owned())
    };
    variants.lines().filter_map(variant).collect()
}

#[test]
fn every_role_and_every_command_is_on_the_map() {
    let map = document("docs/architecture.md");
    let (_, section) = map.split_once("\n## Roles and commands\n").expect("the map has the section");
    let (section, _) = section.split_once("\n## ").unwrap_or((section, ""));
    let (roles, commands) = section.split_once("The other commands").expect("roles come first");
    let listed = |table: &str| -> BTreeSet<String> {
        let cells = table.lines().filter_map(|line| line.strip_prefix("| ")?.split(" |").next());
        cells.flat_map(|cell| quoted(cell).map(str::to_owned).collect::<Vec<_>>()).collect()
    };
    let cli = document("crates/fleet/src/cli.rs");
    assert_eq!(listed(roles), typed(&cli, "Role"));
    let mut expected = typed(&cli, "Command");
    assert!(expected.remove("work"), "its roles stand above");
    assert_eq!(listed(commands), expected);
    for file in quoted(&map).filter(|name| name.starts_with("crates/") && name.ends_with(".rs")) {
        assert!(file.contains('<') || root().join(file).exists(), "the map names {file}, which is not there");
    }
}

/// One source file of a crate: what it declares, and what it adds methods to.
struct Declared {
    path: Vec<String>,
    names: BTreeSet<String>,
    has_methods_of: BTreeSet<String>,
}

fn declared(folder: &str) -> Vec<Declared> {
    let kinds = ["struct", "enum", "trait", "fn", "mod", "const", "static", "type"];
    let read = |(file, text): (String, String)| {
        let (mut names, mut has_methods_of) = (BTreeSet::new(), BTreeSet::new());
        for line in text.lines() {
            let parts: Vec<&str> = words(line).collect();
            let named = parts.windows(2).filter(|pair| kinds.contains(&pair[0])).map(|pair| pair[1]);
            names.extend(named.map(str::to_owned));
            let is_variant = line.trim_start().starts_with(|c: char| c.is_ascii_uppercase());
            names.extend(parts.first().filter(|_| is_variant).map(|name| (*name).to_owned()));
            if parts.first() == Some(&"impl") {
                has_methods_of.extend(parts.iter().map(|name| (*name).to_owned()));
            }
        }
        let path = file.trim_end_matches(".rs").split('/').skip(3).map(str::to_owned).collect();
        Declared { path, names, has_methods_of }
    };
    sources(folder).into_iter().map(read).collect()
}

/// Whether a path of names, such as `module::Type::method`, leads to something.
fn leads_somewhere(path: &[&str], sources: &[Declared]) -> bool {
    let Some((last, way)) = path.split_last() else { return false };
    let leads_on = |source: &Declared, part: &str| {
        if part.starts_with(|c: char| c.is_ascii_uppercase()) {
            source.names.contains(part) || source.has_methods_of.contains(part)
        } else {
            source.path.iter().any(|folder| folder == part)
        }
    };
    let is_on_the_way = |source: &&Declared| way.iter().all(|part| leads_on(source, part));
    sources.iter().filter(is_on_the_way).any(|source| {
        let is_module = way.is_empty() && source.path.iter().any(|folder| folder == last);
        is_module || source.names.contains(*last)
    })
}

#[test]
fn what_a_readme_of_a_crate_names_exists() {
    let of_rust = ["Debug", "Ok"];
    let is_name = |name: &&str| {
        let is_path = name.contains("::") || name.starts_with(|c: char| c.is_ascii_uppercase());
        let has_small = name.chars().any(|c| c.is_ascii_lowercase());
        let is_plain = name.chars().all(|c| c.is_alphanumeric() || c == '_' || c == ':');
        is_path && has_small && is_plain && !of_rust.contains(name)
    };
    let crates = ["broker", "contract", "fleet", "policy", "providers", "simulators", "store", "xtask"];
    let declared: BTreeMap<&str, Vec<Declared>> =
        crates.into_iter().map(|name| (name, declared(&format!("crates/{name}/src")))).collect();
    let mut count = 0;
    for owner in crates {
        let readme = document(&format!("crates/{owner}/README.md"));
        for name in quoted(&readme).filter(is_name) {
            let parts: Vec<&str> = name.split("::").collect();
            let first = parts[0].trim_start_matches("closure_");
            let is_there = match declared.get(first) {
                Some(of_another) if parts.len() > 1 => leads_somewhere(&parts[1..], of_another),
                // The words on the wire are everybody's.
                _ => [owner, "contract"].iter().any(|place| leads_somewhere(&parts, &declared[place])),
            };
            assert!(is_there, "the README of {owner} names {name}, which is not there");
            count += 1;
        }
    }
    assert!(count > 30, "only {count} names were found; this test reads READMEs wrongly");
}
