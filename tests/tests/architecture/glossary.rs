//! The glossary of `docs/architecture.md`, held against the names of the public types.

use std::collections::BTreeSet;

use super::{root, sources, without_tests};

/// The crates whose public types are named by it.
const CRATES: [&str; 6] = ["contract", "policy", "broker", "store", "providers", "fleet"];
/// The keywords that declare a type.
const TYPES: [&str; 5] = ["pub struct ", "pub enum ", "pub trait ", "pub type ", "pub union "];
/// Words of no glossary that say what they say everywhere; a private word does not belong among them.
const PLAIN: &str = include_str!("plain_words.txt");
/// Names that were given up for a word of the field, and where their word still says what it says outside.
const GIVEN_UP: [(&str, &[&str]); 22] = [
    ("Courier", &[]),
    ("Carrier", &[]),
    ("Trip", &[]),
    ("Errand", &[]),
    ("Passage", &[]),
    ("Lane", &[]),
    ("Brake", &[]),
    ("Brakes", &[]),
    ("Standing", &[]),
    ("Tally", &[]),
    ("Story", &[]),
    ("Stories", &[]),
    ("Buried", &[]),
    ("Burial", &[]),
    ("Bond", &[]),
    ("Crew", &[]),
    ("Hand", &["InHand"]),
    ("Surroundings", &[]),
    ("Heard", &[]),
    ("Room", &[]),
    ("Feeder", &[]),
    ("Maker", &[]),
];

/// A row: the word, and the names that it has in code.
struct Entry {
    word: String,
    names: Vec<String>,
    /// Where it is met outside of the code, as the page says it.
    outside: String,
}

fn glossary() -> Vec<Entry> {
    let page =
        std::fs::read_to_string(root().join("docs/architecture.md")).expect("there is docs/architecture.md");
    let (_, section) = page.split_once("## Glossary").expect("the page has a glossary");
    let section = section.split("\n## ").next().unwrap_or_default();
    let rows = section.lines().filter(|line| line.starts_with("| ")).skip(2);
    rows.map(|row| {
        let cells: Vec<&str> = row.split('|').map(str::trim).collect();
        let [_, word, meaning, names, outside, other, _] = cells[..] else {
            panic!("a row has five cells: {row}")
        };
        assert!(!meaning.is_empty() && (!names.is_empty() || !other.is_empty()), "{word} says too little");
        let names = names.split('`').skip(1).step_by(2).map(str::to_owned).collect();
        Entry { word: word.to_owned(), names, outside: outside.to_owned() }
    })
    .collect()
}

/// Every public type of the six crates.
fn public_types() -> BTreeSet<String> {
    let mut types = BTreeSet::new();
    for (_, text) in CRATES.iter().flat_map(|name| sources(&format!("crates/{name}/src"))) {
        for line in without_tests(&text).lines().map(str::trim_start) {
            let declared = TYPES.iter().find_map(|keyword| line.strip_prefix(keyword));
            let name: Option<String> =
                declared.map(|rest| rest.chars().take_while(|one| one.is_alphanumeric()).collect());
            types.extend(name.filter(|name| !name.is_empty()));
        }
    }
    assert!(types.len() > 300, "only {} types were found; this test reads the sources wrongly", types.len());
    types
}

/// The words of which a name is made: `DeadLetterId` is of three.
fn words_of(name: &str) -> Vec<String> {
    let mut words: Vec<String> = Vec::new();
    for letter in name.chars() {
        match words.last_mut() {
            Some(word) if !letter.is_uppercase() => word.push(letter),
            Some(_) | None => words.push(letter.to_string()),
        }
    }
    words
}

#[test]
fn every_name_that_the_glossary_gives_is_a_public_type() {
    let (entries, types) = (glossary(), public_types());
    assert!(entries.len() >= 40, "{} words are few", entries.len());
    for entry in &entries {
        for name in &entry.names {
            assert!(types.contains(name), "{} is to be called {name}, and no type is", entry.word);
        }
    }
    let words: BTreeSet<&str> = entries.iter().map(|entry| entry.word.as_str()).collect();
    assert_eq!(words.len(), entries.len(), "a word stands twice");
}

#[test]
fn every_table_and_column_that_the_glossary_gives_is_of_the_database() {
    let folder = std::fs::read_dir(root().join("crates/store/migrations")).expect("there are migrations");
    let files = folder.flatten().map(|entry| std::fs::read_to_string(entry.path()).expect("SQL is text"));
    let sql: String = files.collect();
    let mut count = 0;
    for entry in glossary() {
        // "table `a`, column `b`" is read part by part.
        for (kind, declared) in [("table `", "CREATE TABLE "), ("column `", " ")] {
            for part in entry.outside.split(kind).skip(1) {
                let name = part.split('`').next().unwrap_or_default();
                let is_there = sql.contains(&format!("{declared}{name} "));
                assert!(is_there, "{}: the database has no {kind}{name}`", entry.word);
                count += 1;
            }
        }
    }
    assert!(count > 10, "only {count} were found; this test reads the page wrongly");
}

#[test]
fn every_public_type_is_made_of_the_words_of_the_glossary_and_of_plain_ones() {
    let entries = glossary();
    let ours: BTreeSet<String> =
        entries.iter().flat_map(|entry| &entry.names).flat_map(|name| words_of(name)).collect();
    let plain: Vec<&str> = PLAIN.lines().collect();
    assert!(plain.is_sorted(), "the plain words stand in their order");
    let plain: BTreeSet<&str> = plain.into_iter().collect();
    let types = public_types();
    let mut used = BTreeSet::new();
    for name in &types {
        for word in words_of(name) {
            assert!(
                ours.contains(&word) || plain.contains(word.as_str()),
                "{name} has the word {word}: take one of the glossary in docs/architecture.md, or add it there; \
                 a word of every program goes into {}",
                "tests/tests/architecture/plain_words.txt"
            );
            used.insert(word);
        }
    }
    let idle: Vec<&&str> = plain.iter().filter(|word| !used.contains(**word)).collect();
    assert!(idle.is_empty(), "no type has these plain words any more: {idle:?}");
    let both: Vec<&&str> = plain.iter().filter(|word| ours.contains(**word)).collect();
    assert!(both.is_empty(), "these words are of the glossary already: {both:?}");
}

#[test]
fn no_type_bears_a_name_that_was_given_up() {
    for name in public_types() {
        for (given_up, still) in GIVEN_UP {
            let bears = words_of(&name).iter().any(|word| word == given_up);
            assert!(
                !bears || still.contains(&name.as_str()),
                "{name}: {given_up} was given up; see the glossary in docs/architecture.md"
            );
        }
    }
}
