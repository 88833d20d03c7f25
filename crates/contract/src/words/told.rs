//! A code with its named values, said in one language.

use serde::Serialize;

use super::{CodeWords, Facts};
use crate::{
    facts::texts::TextMeasure, failure::FailureCode, ids::Timestamp, language::Language, provider::Provider,
};

/// A failure as it is told to a person: every sentence without its last full stop.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Explained {
    /// What happened.
    pub what: &'static str,
    /// Why; with the values of this failure where they are known.
    pub why: String,
    /// What to do.
    pub remedy: &'static str,
    /// The named values, each with what it is.
    pub facts: Vec<String>,
}

impl FailureCode {
    /// What happened, why, and what to do, in this language.
    pub fn explained(self, facts: &Facts, language: Language) -> Explained {
        let CodeWords { what, why, remedy, told, .. } = self.words();
        let told = told.iter().find_map(|tell| tell(facts, language));
        Explained {
            what: what.in_language(language),
            why: told.unwrap_or_else(|| why.in_language(language).to_owned()),
            remedy: remedy.in_language(language),
            facts: facts.listed(language),
        }
    }
}

/// A value that stands in a sentence.
pub(crate) trait Said {
    /// The value as this language writes it.
    fn said(&self, language: Language) -> String;
}

impl Said for u64 {
    fn said(&self, _language: Language) -> String {
        let digits = self.to_string();
        let mut grouped = String::with_capacity(digits.len() + digits.len() / 3);
        for (at, digit) in digits.chars().enumerate() {
            if at > 0 && (digits.len() - at).is_multiple_of(3) {
                grouped.push(',');
            }
            grouped.push(digit);
        }
        grouped
    }
}

/// A calling code, which has no thousands.
impl Said for u16 {
    fn said(&self, _language: Language) -> String {
        self.to_string()
    }
}

/// A number of an order, which has no thousands.
impl Said for u32 {
    fn said(&self, _language: Language) -> String {
        self.to_string()
    }
}

impl Said for String {
    fn said(&self, _language: Language) -> String {
        self.clone()
    }
}

impl Said for Timestamp {
    fn said(&self, _language: Language) -> String {
        self.to_string()
    }
}

impl Said for TextMeasure {
    fn said(&self, language: Language) -> String {
        self.words().in_language(language).to_owned()
    }
}

impl Said for Provider {
    fn said(&self, language: Language) -> String {
        self.named(language)
    }
}
