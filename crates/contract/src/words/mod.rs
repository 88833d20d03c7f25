//! The one table of what the fleet says to people, in English and Korean beside each other.
//!
//! Whoever shows a code, a state or a rule takes its words from here: the command line, the advisor and the documents.
//! [`Words`] has a field for each language, and every closed set is matched without a rest, so that neither a language
//! nor a value can be forgotten: it does not compile. The table lies in the contract because the codes do, and because
//! every other crate knows the contract; what names a type of `store` or `policy` stands in `fleet::words`.
//!
//! One word for each thing, the same as in `docs/integration.ko.md`: 상담사 for an agent, 슈퍼바이저 for whoever settles
//! letters, 운영 담당자 for whoever runs the fleet, 발송사 for a gateway, 전송 결과 for a receipt (수신 확인 is a read
//! receipt), 대체 이메일 for a fallback, 재발송 for a replay of a text or mail, 다시 걸기 for that of a call, and 재처리 for
//! both. Sentences are in 합니다, short, and active; no particle follows a value, whose last sound nobody knows.

pub(crate) mod codes;
mod facts;
mod kinds;
mod mail_status;
mod told;

pub use facts::Facts;
pub use told::Explained;

use crate::language::Language;

/// The same in every language.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Words {
    /// In English.
    pub english: &'static str,
    /// In Korean.
    pub korean: &'static str,
}

impl Words {
    /// The English and the Korean.
    pub const fn of(english: &'static str, korean: &'static str) -> Self {
        Self { english, korean }
    }

    /// The words in this language.
    pub const fn in_language(self, language: Language) -> &'static str {
        match language {
            Language::English => self.english,
            Language::Korean => self.korean,
        }
    }
}

/// What there is to say about a failure code: each as sentences without their last full stop.
#[derive(Debug, Clone, Copy)]
pub struct CodeWords {
    /// What happened.
    pub what: Words,
    /// Why that happens.
    pub why: Words,
    /// What a person can do about it.
    pub remedy: Words,
    /// The same for whoever asks beforehand, who has nothing to replay; nothing where it is the same.
    pub remedy_of_draft: Option<Words>,
    /// Why it happened here, where the named values are known; the first sentence that has all of its values is said.
    pub(crate) told: &'static [Tell],
}

/// A sentence with named values; nothing where one of them is not known.
pub(crate) type Tell = fn(&Facts, Language) -> Option<String>;

/// Declares the words of codes: what happened, why, what to do, and what to do before anything is published where that
/// differs; then the sentences that name values, which say why in the place of the general reason.
macro_rules! code_words {
    ($($name:ident {
        what $what:literal, $what_ko:literal;
        why $why:literal, $why_ko:literal;
        remedy $remedy:literal, $remedy_ko:literal;
        $(draft $draft:literal, $draft_ko:literal;)?
        $(told [$($fact:ident),+] $told:literal, $told_ko:literal;)*
    })+) => {
        $(pub(crate) const $name: $crate::words::CodeWords = $crate::words::CodeWords {
            what: $crate::words::Words::of($what, $what_ko),
            why: $crate::words::Words::of($why, $why_ko),
            remedy: $crate::words::Words::of($remedy, $remedy_ko),
            remedy_of_draft: $crate::words::draft_words!($($draft, $draft_ko)?),
            told: &[$(|facts, language| {
                $(let $fact = $crate::words::told::Said::said(facts.$fact.as_ref()?, language);)+
                Some(match language {
                    $crate::language::Language::English => format!($told),
                    $crate::language::Language::Korean => format!($told_ko),
                })
            }),*],
        };)+
    };
}

/// The optional words of a row.
macro_rules! draft_words {
    () => {
        None
    };
    ($english:literal, $korean:literal) => {
        Some($crate::words::Words::of($english, $korean))
    };
}

pub(crate) use {code_words, draft_words};
