//! The edges between the crates, and the rules that every source file keeps; no service is needed.

mod glossary;
mod promises;

use std::{
    collections::{BTreeMap, BTreeSet},
    path::{Path, PathBuf},
    process::Command,
};

use closure_contract::{FailureCode, Language, topology, words::CodeWords};
use serde_json::Value;

/// No source file is longer; one that is longer than four hundred lines is a reason to look for a second idea in it.
const LINES_MAX: usize = 500;

/// Which of our crates each of them may name.
const EDGES: [(&str, &[&str]); 9] = [
    ("closure-contract", &[]),
    ("closure-policy", &["closure-contract"]),
    ("closure-broker", &["closure-contract"]),
    ("closure-store", &["closure-contract"]),
    ("closure-providers", &["closure-contract"]),
    (
        "closure-fleet",
        &["closure-broker", "closure-contract", "closure-policy", "closure-providers", "closure-store"],
    ),
    ("closure-simulators", &[]),
    ("xtask", &[]),
    ("closure-tests", &["closure-broker", "closure-contract", "closure-simulators", "closure-store"]),
];

/// Which crates may name what lies outside; everything else may not.
const OWNERS: [(&str, &[&str]); 20] = [
    // The yardstick of the bench is measured against our own crates, so that it does without them.
    ("lapin", &["closure-broker", "closure-tests"]),
    ("backoff", &["closure-broker"]),
    ("deadpool-postgres", &["closure-store"]),
    ("refinery", &["closure-store"]),
    ("tokio-postgres", &["closure-store", "closure-simulators", "closure-tests"]),
    ("reqwest", &["closure-providers", "closure-simulators"]),
    ("lettre", &["closure-providers"]),
    // Signatures and their keys.
    ("ring", &["closure-providers"]),
    ("mail-parser", &["closure-providers", "closure-tests"]),
    // How often a door may be asked.
    ("governor", &["closure-fleet"]),
    ("axum", &["closure-fleet", "closure-simulators"]),
    // Below axum: what serves a connection.
    ("http-body-util", &["closure-fleet", "closure-tests"]),
    ("hyper", &["closure-fleet", "closure-tests"]),
    ("hyper-util", &["closure-fleet", "closure-tests"]),
    // Command lines belong to programs.
    ("clap", &["closure-fleet", "closure-simulators", "closure-tests", "xtask"]),
    ("rlibphonenumber", &["closure-policy"]),
    ("minijinja", &["closure-policy"]),
    ("ammonia", &["closure-policy"]),
    ("tracing-subscriber", &["closure-fleet", "closure-simulators"]),
    (
        "tokio",
        &[
            "closure-broker",
            "closure-fleet",
            "closure-providers",
            "closure-simulators",
            "closure-store",
            "closure-tests",
        ],
    ),
];

/// The dependencies of each crate, those of its tests apart.
struct Dependencies {
    normal: BTreeMap<String, BTreeSet<String>>,
    tests: BTreeMap<String, BTreeSet<String>>,
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the tests lie in the workspace").to_owned()
}

fn dependencies() -> Dependencies {
    let output = Command::new(env!("CARGO"))
        .args(["metadata", "--format-version", "1", "--no-deps", "--offline", "--locked"])
        .current_dir(root())
        .output()
        .expect("cargo can be started");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let metadata: Value = serde_json::from_slice(&output.stdout).expect("cargo metadata is JSON");
    let mut found = Dependencies { normal: BTreeMap::new(), tests: BTreeMap::new() };
    for package in metadata["packages"].as_array().expect("metadata lists packages") {
        let name = package["name"].as_str().expect("a package has a name").to_owned();
        let (mut normal, mut tests) = (BTreeSet::new(), BTreeSet::new());
        for dependency in package["dependencies"].as_array().expect("a package lists dependencies") {
            let dependency_name = dependency["name"].as_str().expect("a dependency has a name").to_owned();
            if dependency["kind"] == "dev" {
                tests.insert(dependency_name);
            } else {
                normal.insert(dependency_name);
            }
        }
        found.normal.insert(name.clone(), normal);
        found.tests.insert(name, tests);
    }
    found
}

fn sources(folder: &str) -> Vec<(String, String)> {
    let mut files = Vec::new();
    let mut folders = vec![root().join(folder)];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(&folder).expect("a source folder can be read").flatten() {
            let path = entry.path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                let text = std::fs::read_to_string(&path).expect("a source file is text");
                let name = path.strip_prefix(root()).expect("it lies in the workspace").display().to_string();
                files.push((name, text));
            }
        }
    }
    assert!(!files.is_empty(), "{folder} has no sources");
    files
}

/// What stands above the first test module; below it is a test.
fn without_tests(text: &str) -> &str {
    text.split("#[cfg(test)]").next().unwrap_or_default()
}

fn every_source() -> Vec<(String, String)> {
    // What is kept as others published it is theirs in form.
    let ours = |name: &str| !name.contains("/vendor/");
    ["crates", "tests/src", "tests/tests"]
        .into_iter()
        .flat_map(sources)
        .filter(|(name, _)| ours(name))
        .collect()
}

#[test]
fn the_crates_form_the_diamond_and_siblings_never_see_each_other() {
    let found = dependencies();
    let known: BTreeSet<&str> = EDGES.iter().map(|(name, _)| *name).collect();
    let crates: BTreeSet<&str> = found.normal.keys().map(String::as_str).collect();
    assert_eq!(crates, known, "a new crate needs a place in the diamond and a written reason");
    for (name, expected) in EDGES {
        let ours: BTreeSet<&str> = found.normal[name]
            .iter()
            .map(String::as_str)
            .filter(|dependency| known.contains(dependency))
            .collect();
        assert_eq!(ours, expected.iter().copied().collect(), "{name} names other crates of ours");
        let for_tests: Vec<&String> =
            found.tests[name].iter().filter(|dependency| known.contains(dependency.as_str())).collect();
        assert!(for_tests.is_empty(), "the tests of {name} see {for_tests:?}");
    }
}

#[test]
fn what_lies_outside_has_one_owner_each() {
    let found = dependencies();
    for (outside, owners) in OWNERS {
        for (name, dependencies) in &found.normal {
            let named = dependencies.contains(outside);
            assert!(!named || owners.contains(&name.as_str()), "{name} must not name {outside}");
        }
        // Tests may use a runtime; what lies outside they reach through its owner as well.
        if outside != "tokio" {
            for (name, dependencies) in &found.tests {
                let named = dependencies.contains(outside);
                assert!(
                    !named || owners.contains(&name.as_str()),
                    "the tests of {name} must not name {outside}"
                );
            }
        }
    }
}

#[test]
fn of_the_tests_the_yardstick_alone_names_what_other_crates_own() {
    let yardstick = "tests/src/bin/bench_ideal/";
    let (mut ours, mut others) = (BTreeSet::new(), BTreeSet::new());
    for (file, text) in sources("tests/src").into_iter().chain(sources("tests/tests")) {
        for name in ["lapin", "tokio_postgres", "hyper", "hyper_util", "http_body_util"] {
            // Behind a quotation mark it is only a word.
            let path = format!("{name}::");
            if text.match_indices(&path).any(|(at, _)| !text[..at].ends_with('"')) {
                let found = if file.starts_with(yardstick) { &mut ours } else { &mut others };
                found.insert(format!("{file}: {name}"));
            }
        }
    }
    assert!(ours.len() > 5, "the yardstick names {ours:?}; this test reads the sources wrongly");
    assert!(others.is_empty(), "{others:?}; what lies outside is reached through its owner");
}

#[test]
fn no_source_file_is_longer_than_five_hundred_lines() {
    let mut too_long = Vec::new();
    for (name, text) in every_source() {
        let lines = text.lines().count();
        if lines > LINES_MAX {
            too_long.push(format!("{name}: {lines}"));
        }
    }
    assert!(too_long.is_empty(), "longer than {LINES_MAX} lines: {too_long:?}");
}

#[test]
fn nothing_is_left_open_and_no_lint_is_silenced_without_a_reason() {
    // Written in two halves, so that this file does not find itself.
    let forbidden = [
        concat!("#[", "allow("),
        concat!("#![", "allow("),
        concat!("todo", "!("),
        concat!("unimplemented", "!("),
    ];
    for (name, text) in every_source() {
        for word in forbidden {
            assert!(!text.contains(word), "{name} has {word}…");
        }
    }
}

#[test]
fn every_exchange_and_queue_is_named_once() {
    let mut names: BTreeSet<&str> = topology::exchanges().iter().map(|exchange| exchange.name).collect();
    names.extend(topology::queues().iter().map(|queue| queue.name));
    let folders = ["contract", "policy", "broker", "store", "providers", "fleet", "simulators"];
    for (file, text) in folders.iter().flat_map(|name| sources(&format!("crates/{name}/src"))) {
        if file == "crates/contract/src/topology.rs" {
            for name in &names {
                // An exchange and a queue of the same name share one constant; a channel's delays share a beginning.
                let beginning = name.rsplit_once('.').map_or("", |(beginning, _delay)| beginning);
                let is_written = [format!("\"{name}\""), format!("\"{beginning}.\"")]
                    .iter()
                    .any(|words| text.contains(words));
                assert!(is_written, "{name} is not written down in {file}");
            }
            continue;
        }
        let code = without_tests(&text);
        for name in &names {
            assert!(
                !code.contains(&format!("\"{name}\"")),
                "{file} names {name}; use closure_contract::topology"
            );
        }
    }
}

#[test]
fn every_failure_code_is_documented_in_both_languages() {
    for (file, language) in
        [("docs/failure-codes.md", Language::English), ("docs/failure-codes.ko.md", Language::Korean)]
    {
        let text = std::fs::read_to_string(root().join(file)).expect("the codes have a table");
        let rows: Vec<&str> = text.lines().filter(|line| line.starts_with("| `")).collect();
        let words = |code: &FailureCode| {
            let CodeWords { what, why, remedy, .. } = code.words();
            let cells = [what, why, remedy].map(|words| words.in_language(language));
            format!("| `{code}` | {} |", cells.join(" | "))
        };
        let expected: Vec<String> = FailureCode::ALL.iter().map(words).collect();
        for row in &expected {
            assert!(rows.contains(&row.as_str()), "{file} has no row: {row}");
        }
        assert_eq!(rows, expected, "{file} has the codes in another order, or others");
    }
}

#[test]
fn messages_never_wait_for_the_wrong_confirm_and_nobody_reads_the_environment_alone() {
    let clippy = std::fs::read_to_string(root().join("clippy.toml")).expect("there is clippy.toml");
    for method in ["lapin::Channel::wait_for_confirms", "std::env::var", "std::thread::sleep"] {
        assert!(clippy.contains(method), "clippy.toml no longer bans {method}");
    }
}

#[test]
fn unit_tests_need_no_service_and_of_whole_crates_only_those_that_touch_one_do() {
    // Services are told to a test in variables of this name alone, and `cargo xtask` is who tells.
    // Joined here, so that the program of this test does not spell it: it is started without any.
    let told = ["CLOSURE", "TEST", ""].join("_");
    let touching = ["crates/broker/tests/", "crates/simulators/tests/", "crates/store/tests/"];
    for (file, text) in sources("crates") {
        let may = file.starts_with("crates/xtask/") || touching.iter().any(|folder| file.starts_with(folder));
        assert!(may || !text.contains(&told), "{file} asks for a service; such a test belongs into tests/");
    }
}
