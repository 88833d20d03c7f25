//! What a rule says to people, in English and Korean beside each other, and written in one of them alone.
//!
//! A worker decides thousands of jobs whose words nobody reads in Korean, so that a sentence is made when its language
//! is known, and not before; what is kept until then, which few jobs have, is made in both.

pub(crate) mod numbers;
pub(crate) mod texts;

use std::borrow::Cow;

use closure_contract::Language;

/// A sentence that can be said.
pub(crate) trait Words {
    /// Says it in this language.
    fn said(self, language: Language) -> String;
}

/// A sentence in both languages: two literals with the same values in braces, each written out only when it is asked for.
macro_rules! words {
    ($english:literal, $korean:literal $(,)?) => {
        (move |language: closure_contract::Language| match language {
            closure_contract::Language::English => format!($english),
            closure_contract::Language::Korean => format!($korean),
        })
    };
}
pub(crate) use words;

impl<Say: FnOnce(Language) -> String> Words for Say {
    fn said(self, language: Language) -> String {
        self(language)
    }
}

/// What is said to the CRM and in the records alone, which are English.
impl Words for String {
    fn said(self, _language: Language) -> String {
        self
    }
}

/// As for a [`String`].
impl Words for &str {
    fn said(self, _language: Language) -> String {
        self.to_owned()
    }
}

/// A sentence that is kept until its language is known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Sentence {
    english: Cow<'static, str>,
    korean: Cow<'static, str>,
}

impl Sentence {
    /// A sentence without values.
    pub(crate) const fn fixed(english: &'static str, korean: &'static str) -> Self {
        Self { english: Cow::Borrowed(english), korean: Cow::Borrowed(korean) }
    }

    /// A sentence with values, for a place that is seldom reached.
    pub(crate) fn of(words: impl Fn(Language) -> String) -> Self {
        Self { english: words(Language::English).into(), korean: words(Language::Korean).into() }
    }
}

impl Words for Sentence {
    fn said(self, language: Language) -> String {
        match language {
            Language::English => self.english.into_owned(),
            Language::Korean => self.korean.into_owned(),
        }
    }
}

impl Words for &Sentence {
    fn said(self, language: Language) -> String {
        match language {
            Language::English => self.english.clone().into_owned(),
            Language::Korean => self.korean.clone().into_owned(),
        }
    }
}
