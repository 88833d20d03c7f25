//! The clauses of a sentence of any language (R13): where one ends, and what it says of the others.

use super::wording::Wording;

/// Words of languages with spaces of which a condition or a circumstance begins, and so a clause.
const CIRCUMSTANCES: &[&str] = &[
    "if", "unless", "when", "once", "until", "because", "since", "after", "before", "in case", "nếu", "khi",
];
/// Other words of those languages before which a clause begins.
const BEGINNINGS: &[&str] =
    &["even if", "but", "so", "please", "kindly", "just", "simply", "vui lòng", "hãy"];
/// Of Chinese ones those that ask, and what makes another word of them.
const CHINESE_BEGINNINGS: [&str; 4] = ["请", "請", "麻烦", "麻煩"];
const NO_BEGINNING_AFTER: &[char] = &['申', '邀', '敬', '聘', '不', '只'];

/// Other words of which a condition or a circumstance begins, where a clause has begun.
const CONDITIONS: &[&str] = &["should you", "to", "如", "若", "假如", "一旦", "要是", "万一", "当", "倘若"];
const CONCESSIONS: &[&str] = &["even if", "even when", "即使", "就算", "哪怕"];

/// Korean endings before a space, and Japanese and Chinese ones, by which a clause ends.
pub(crate) const CONDITION_ENDINGS: &[&str] = &[
    "면",
    "거든",
    "れば",
    "たら",
    "なら",
    "場合は",
    "場合には",
    "場合",
    "ときは",
    "時は",
    "際は",
    "的话",
    "的話",
];
pub(crate) const CONCESSION_ENDINGS: &[&str] = &[
    "셔도",
    "해도",
    "하여도",
    "아도",
    "어도",
    "여도",
    "더라도",
    "봐도",
    "いても",
    "しても",
    "っても",
    "ても",
];
pub(crate) const FURTHER_ENDINGS: &[&str] =
    &["니", "니까", "으나", "지만", "고", "서", "며", "는데", "므로", "ので", "ため"];
/// Endings of other words that look like one of a clause.
const NO_ENDINGS: &[&str] = &["에서", "とても"];

/// Words before an order that change nothing of it.
const LEADS: &[&str] = &[
    "please",
    "kindly",
    "just",
    "simply",
    "then",
    "and",
    "or",
    "so",
    "but",
    "also",
    "feel free to",
    "you can",
    "you may",
    "could you",
    "can you",
    "would you",
    "will you",
    "do",
    "thanks",
    "sorry",
    "urgent",
    "either",
    "immediately",
    "quickly",
    "briefly",
    "always",
    "directly",
];

/// What asks for something, so that a denial in a later clause takes nothing back.
const REQUESTS: &[&str] = &[
    "please",
    "kindly",
    "주세",
    "주십",
    "주시기",
    "바랍",
    "부탁",
    "ください",
    "下さい",
    "お願い",
    "请",
    "麻烦",
    "請",
    "vui lòng",
    "xin",
    "hãy",
];

/// What a clause says of the others of its sentence.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Main,
    /// What it denies is its own circumstance and nothing else.
    Condition,
    /// What it names is in vain.
    Concession,
}

/// One clause as it is compared: with its spaces, and without any.
pub(crate) struct Said {
    pub(crate) kind: Kind,
    pub(crate) spaced: String,
    pub(crate) compact: String,
    /// Where the clause begins but for words that change nothing of an order.
    order: usize,
    /// Korean and Japanese deny behind the verb, so that what stands before it denies another thing.
    denies_behind: bool,
}

impl Said {
    pub(crate) fn of(clause: &str, kind: Kind) -> Self {
        let mut order = 0;
        while let Some(lead) = LEADS.iter().find(|lead| begins_with_word(&clause[order..], lead)) {
            let rest = &clause[order + lead.len()..];
            order = clause.len() - rest.trim_start().len();
        }
        let compact: String = clause.chars().filter(|one| !one.is_whitespace()).collect();
        let denies_behind =
            compact.chars().any(|one| matches!(one, '\u{3040}'..='\u{30ff}' | '\u{ac00}'..='\u{d7a3}'));
        Self { kind, spaced: clause.to_owned(), compact, order, denies_behind }
    }

    fn text_for(&self, wording: &Wording) -> &str {
        if wording.is_spaceless() { &self.compact } else { &self.spaced }
    }

    /// Where the wording stands in the clause, counted without spaces, so that places of all scripts compare.
    pub(crate) fn find(&self, wording: &Wording) -> Option<usize> {
        if wording.is_spaceless() {
            return wording.find(&self.compact, 0);
        }
        let at = wording.find(&self.spaced, self.order)?;
        Some(self.spaced[..at].split_whitespace().map(str::len).sum())
    }

    /// Whether a denial binds what stands at `from`.
    pub(crate) fn has_from(&self, denial: &Wording, from: usize) -> bool {
        let text = self.text_for(denial);
        let bound =
            if self.denies_behind && denial.is_spaceless() { text.get(from..).unwrap_or(text) } else { text };
        denial.find_anywhere(bound).is_some()
    }

    pub(crate) fn asks(&self) -> bool {
        let is_order = self.kind == Kind::Main && self.compact.is_ascii();
        is_order || REQUESTS.iter().any(|word| self.spaced.contains(word))
    }
}

pub(crate) fn kind_of(clause: &str) -> Kind {
    let begins = |words: &[&str]| words.iter().any(|word| begins_with_word(clause, word));
    if begins(CONCESSIONS) {
        Kind::Concession
    } else if begins(CIRCUMSTANCES) || begins(CONDITIONS) {
        Kind::Condition
    } else {
        Kind::Main
    }
}

pub(crate) fn begins_clause(before: &str, after: &str) -> bool {
    let spaced = before.ends_with(' ')
        && !before.ends_with("not ")
        && CIRCUMSTANCES.iter().chain(BEGINNINGS).any(|word| begins_with_word(after, word));
    spaced
        || CHINESE_BEGINNINGS.iter().any(|word| after.starts_with(word))
            && !before.ends_with(NO_BEGINNING_AFTER)
}

pub(crate) fn ends_clause(before: &str, after: &str, endings: &[&str]) -> bool {
    let is_end = |ending: &&str| {
        let spaced = ending.starts_with(|one| matches!(one, '\u{ac00}'..='\u{d7a3}'));
        before.ends_with(*ending) && (!spaced || after.starts_with(' '))
    };
    endings.iter().any(is_end) && !NO_ENDINGS.iter().any(|word| before.ends_with(word))
}

/// Whether a text begins with a word that ends there, where its script ends words.
fn begins_with_word(text: &str, word: &str) -> bool {
    text.strip_prefix(word)
        .is_some_and(|rest| !word.is_ascii() || !rest.starts_with(|one: char| one.is_ascii_alphanumeric()))
}
