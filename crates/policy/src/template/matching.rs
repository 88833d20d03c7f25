//! Whether a text is an instance of a template: anchored, literal, case-sensitive, in one pass.
//!
//! A variable ends where the literal after it first occurs. That leaves exactly one way to read a text, so that
//! nothing is ever tried twice, and every character of the text and the template is looked at a bounded number of
//! times whatever they hold.

use std::{collections::BTreeMap, fmt};

use schemars::JsonSchema;
use serde::Serialize;

use super::{Part, Variable};

/// At most this many characters of a template's own words are shown.
const EXPECTED_CHARS_MAX: usize = 30;

/// Where a text first differs from a template, without any of the text.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Mismatch {
    /// How many characters fit.
    pub offset: usize,
    /// What the template has there.
    pub expected: String,
    /// What kind of character the text has there.
    pub found: &'static str,
}

impl fmt::Display for Mismatch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "at character {} it has {} where {} stands", self.offset, self.found, self.expected)
    }
}

/// The values that make this text, or where it first differs.
pub(crate) fn matches(parts: &[Part], text: &str) -> Result<BTreeMap<String, String>, Mismatch> {
    Reader { text, at: 0, steps: 0 }.read(parts)
}

/// Where a value of at least one character ends: before the first place where the literal occurs.
pub(crate) fn ends_before(rest: &str, literal: &str) -> Option<usize> {
    let first = rest.chars().next()?.len_utf8();
    rest[first..].find(literal).map(|end| first + end)
}

/// Reads a text from its beginning to its end, once.
struct Reader<'t> {
    text: &'t str,
    at: usize,
    /// How many characters were compared, for the proof that they are few.
    steps: usize,
}

impl<'t> Reader<'t> {
    fn read(&mut self, parts: &[Part]) -> Result<BTreeMap<String, String>, Mismatch> {
        let mut values = BTreeMap::new();
        let mut parts = parts.iter();
        while let Some(part) = parts.next() {
            match part {
                Part::Literal(literal) => self.literal(literal)?,
                Part::Variable(variable) => {
                    let literal = match parts.next() {
                        None => None,
                        Some(Part::Literal(literal)) => Some(literal.as_str()),
                        // Loading refuses two variables that touch.
                        Some(Part::Variable(next)) => return Err(self.value_mismatch(next, None, self.at)),
                    };
                    let value = self.value(variable, literal)?;
                    values.insert(variable.name.clone(), value.to_owned());
                }
            }
        }
        if self.at < self.text.len() {
            return Err(self.mismatch(self.at, "the end".to_owned()));
        }
        Ok(values)
    }

    fn literal(&mut self, literal: &str) -> Result<(), Mismatch> {
        let mut equal = 0;
        for (found, expected) in self.text[self.at..].chars().zip(literal.chars()) {
            self.steps += 1;
            if found != expected {
                break;
            }
            equal += found.len_utf8();
        }
        if equal < literal.len() {
            return Err(self.mismatch(self.at + equal, quoted(&literal[equal..])));
        }
        self.at += equal;
        Ok(())
    }

    /// Reads a value and the literal after it, or the value alone up to the end.
    fn value(&mut self, variable: &Variable, literal: Option<&str>) -> Result<&'t str, Mismatch> {
        let rest = &self.text[self.at..];
        let mut search = literal.map(Search::new);
        // Where the value can go on no more: its class or its length ends there.
        let mut fitting = None;
        let mut end = None;
        for (count, (offset, character)) in rest.char_indices().enumerate() {
            self.steps += 1;
            if fitting.is_none() && (count == variable.chars_max || !variable.class.accepts(character)) {
                fitting = Some(offset);
            }
            let literal_bytes = literal.map_or(0, str::len);
            if fitting.is_some_and(|fitting| offset >= fitting + literal_bytes) {
                break;
            }
            // A value has at least one character, which the literal cannot take.
            if let Some(search) = search.as_mut().filter(|_| count > 0)
                && search.feed(character, &mut self.steps)
            {
                end = Some(offset + character.len_utf8() - literal_bytes);
                break;
            }
        }
        let fitting = fitting.unwrap_or(rest.len());
        let end = if literal.is_none() { Some(rest.len()) } else { end };
        match end {
            Some(end) if end <= fitting && variable.accepts(&rest[..end]) => {
                self.at += end + literal.map_or(0, str::len);
                Ok(&rest[..end])
            }
            Some(end) => Err(self.value_mismatch(variable, literal, self.at + fitting.min(end))),
            None => Err(self.value_mismatch(variable, literal, self.at + fitting)),
        }
    }

    fn value_mismatch(&self, variable: &Variable, literal: Option<&str>, at: usize) -> Mismatch {
        let after = literal.map_or_else(String::new, |literal| format!(" and then {}", quoted(literal)));
        let expected = format!(
            "{{{}}} ({}, at most {}){after}",
            variable.name,
            variable.class.as_str(),
            variable.chars_max
        );
        self.mismatch(at, expected)
    }

    fn mismatch(&self, at: usize, expected: String) -> Mismatch {
        let (before, after) = self.text.split_at(at);
        Mismatch { offset: before.chars().count(), expected, found: kind(after.chars().next()) }
    }
}

/// Looks for a literal in characters that are fed one by one, and never looks back (Knuth, Morris and Pratt).
struct Search {
    literal: Vec<char>,
    /// For each beginning of the literal, how long the longest shorter beginning is that also ends it.
    borders: Vec<usize>,
    matched: usize,
}

impl Search {
    fn new(literal: &str) -> Self {
        let literal: Vec<char> = literal.chars().collect();
        let mut borders = vec![0; literal.len()];
        let mut border = 0;
        for at in 1..literal.len() {
            while border > 0 && literal[at] != literal[border] {
                border = borders[border - 1];
            }
            if literal[at] == literal[border] {
                border += 1;
            }
            borders[at] = border;
        }
        Self { literal, borders, matched: 0 }
    }

    /// Whether the literal ends with this character.
    fn feed(&mut self, character: char, steps: &mut usize) -> bool {
        *steps += 1;
        while self.matched > 0 && self.literal[self.matched] != character {
            *steps += 1;
            self.matched = self.borders[self.matched - 1];
        }
        if self.literal[self.matched] == character {
            self.matched += 1;
        }
        self.matched == self.literal.len()
    }
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

#[cfg(test)]
mod tests {
    use super::Reader;
    use crate::template::{Part, VALUE_CHARS_MAX, Variable, VariableClass};

    /// The steps are at most this many for each character of text and template.
    const STEPS_PER_CHARACTER: usize = 4;

    fn variable(name: usize, chars_max: usize) -> Part {
        Part::Variable(Variable { name: format!("v{name}"), class: VariableClass::Text, chars_max })
    }

    fn steps(parts: &[Part], text: &str) -> usize {
        let mut reader = Reader { text, at: 0, steps: 0 };
        // Whether it is an instance makes no difference to the cost.
        let _ends_somewhere = reader.read(parts);
        reader.steps
    }

    #[test]
    fn the_steps_grow_with_the_characters_alone_whatever_they_are() {
        let literals =
            ["a", "aab", "aaaaaaaab", "abaababaab", &"a".repeat(400), &format!("{}b", "a".repeat(400))];
        let chars_max = [1, VALUE_CHARS_MAX, usize::MAX / 2];
        for length in [100, 10_000, 100_000] {
            let texts = [
                "a".repeat(length),
                "ab".repeat(length / 2),
                "가a".repeat(length / 2),
                format!("{}b", "a".repeat(length)),
            ];
            for literal in literals {
                for chars_max in chars_max {
                    let parts: Vec<Part> = (0..20)
                        .flat_map(|name| [variable(name, chars_max), Part::Literal(literal.to_owned())])
                        .collect();
                    let template_chars = 20 * literal.chars().count();
                    for text in &texts {
                        let limit = STEPS_PER_CHARACTER * (text.chars().count() + template_chars);
                        let taken = steps(&parts, text);
                        assert!(taken <= limit, "{taken} steps for {length} characters and {literal:?}");
                    }
                }
            }
        }
    }
}
