//! Whether a text is an instance of a template: anchored, literal, case-sensitive, in one pass.
//!
//! A variable ends where the literal after it first occurs. That leaves exactly one way to read a text, so that
//! nothing is ever tried twice and the time grows with the text's length alone.

use std::{collections::BTreeMap, fmt};

use crate::template::{Part, Variable};

/// At most this many characters of a template's own words are shown.
const EXPECTED_CHARS_MAX: usize = 30;

/// Where a text first differs from a template, without any of the text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mismatch {
    /// How many characters fit.
    pub offset: usize,
    /// What the template has there.
    pub expected: String,
    /// What kind of character the text has there.
    pub got: &'static str,
}

impl fmt::Display for Mismatch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "at character {} it has {} where {} stands", self.offset, self.got, self.expected)
    }
}

/// The values that make this text, or where it first differs.
pub(crate) fn matches(parts: &[Part], text: &str) -> Result<BTreeMap<String, String>, Mismatch> {
    let mut values = BTreeMap::new();
    let mut at = 0;
    let mut parts = parts.iter();
    while let Some(part) = parts.next() {
        match part {
            Part::Literal(literal) => at = literal_at(text, at, literal)?,
            Part::Variable(variable) => {
                let rest = &text[at..];
                let (value, literal) = match parts.next() {
                    None => (rest, ""),
                    Some(Part::Literal(literal)) => match ends_before(rest, literal) {
                        Some(end) => (&rest[..end], literal.as_str()),
                        None => return Err(value_mismatch(text, at, variable, literal)),
                    },
                    Some(Part::Variable(next)) => return Err(value_mismatch(text, at, next, "")),
                };
                if !variable.accepts(value) {
                    return Err(value_mismatch(text, at, variable, literal));
                }
                values.insert(variable.name.clone(), value.to_owned());
                at += value.len() + literal.len();
            }
        }
    }
    if at < text.len() { Err(mismatch(text, at, "the end".to_owned())) } else { Ok(values) }
}

/// Where a value of at least one character ends: before the first place where the literal occurs.
pub(crate) fn ends_before(rest: &str, literal: &str) -> Option<usize> {
    let first = rest.chars().next()?.len_utf8();
    rest[first..].find(literal).map(|end| first + end)
}

fn literal_at(text: &str, at: usize, literal: &str) -> Result<usize, Mismatch> {
    if text[at..].starts_with(literal) {
        return Ok(at + literal.len());
    }
    let equal: usize = text[at..]
        .chars()
        .zip(literal.chars())
        .take_while(|(found, expected)| found == expected)
        .map(|(found, _)| found.len_utf8())
        .sum();
    Err(mismatch(text, at + equal, quoted(&literal[equal..])))
}

/// The first character that cannot belong to the value, or the place where the value is too long.
fn value_mismatch(text: &str, at: usize, variable: &Variable, literal: &str) -> Mismatch {
    let fitting: usize = text[at..]
        .chars()
        .take(variable.chars_max)
        .take_while(|character| variable.class.accepts(*character))
        .map(char::len_utf8)
        .sum();
    let after = if literal.is_empty() { String::new() } else { format!(" and then {}", quoted(literal)) };
    let expected =
        format!("{{{}}} ({:?}, at most {}){after}", variable.name, variable.class, variable.chars_max);
    mismatch(text, at + fitting, expected)
}

fn mismatch(text: &str, at: usize, expected: String) -> Mismatch {
    Mismatch { offset: text[..at].chars().count(), expected, got: kind(text[at..].chars().next()) }
}

fn quoted(literal: &str) -> String {
    let shown: String = literal.chars().take(EXPECTED_CHARS_MAX).collect();
    format!("{shown:?}")
}

fn kind(character: Option<char>) -> &'static str {
    match character {
        None => "nothing more",
        Some('\n') => "a line end",
        Some(character) if character.is_whitespace() => "a space",
        Some(character) if character.is_numeric() => "a digit",
        Some(character) if character.is_alphabetic() => "a letter",
        Some(_) => "a punctuation mark or symbol",
    }
}
