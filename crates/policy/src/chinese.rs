//! Whether a text is Chinese: by its script, and by whether anything of substance in it is in another language (R14b).
//!
//! The rule is biased: a wrong "Chinese" may leave a customer without an answer, a wrong "not Chinese" costs an email.
//! `docs/rulebook.md` says what it does with each hard case, and `docs/decisions/chinese-or-not.md` how often it errs.

use schemars::JsonSchema;
use serde::Serialize;
use unicode_normalization::UnicodeNormalization;
use unicode_script::{Script, UnicodeScript};

use crate::{
    foreign::{self, Clause, Run},
    han, language,
    rulebook::ChinaRules,
    words::{Sentence, words},
};

/// A signature in brackets is at most this many characters long.
const SIGNATURE_CHARS_MAX: usize = 30;
/// A text with fewer Han characters than this says nothing beside its greeting, so that a foreign greeting counts.
const HAN_OF_SUBSTANCE: usize = 10;
/// So many words that hold an English sentence together are one, however they are strewn among Han characters.
const FUNCTION_WORDS_MAX: usize = 1;

/// The evidence for a text's being Chinese or not.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
pub struct ChineseFacts {
    /// Whether it counts as Chinese.
    pub is_chinese: bool,
    /// Han characters.
    pub han: usize,
    /// Han, kana and hangul characters, and runs of other letters.
    pub units: usize,
    /// Characters that are written in Traditional Chinese only.
    pub traditional: usize,
    /// Kana, hangul, and Han characters that only Japan writes; a single one makes a text not Chinese.
    pub japanese_or_korean: usize,
    /// Words of clauses that say something in another language; a single one makes a text not Chinese.
    pub foreign_words: usize,
}

/// Judges a text; addresses, numbers, order codes and brand words are left out, and the Han characters of a signature.
///
/// `tag` is the customer's language, where one is on file: to a reader of Japanese or Korean, Han characters that are
/// not the mainland's own are that reader's language.
pub fn judge(text: &str, tag: Option<&str>, rules: &ChinaRules, brand_words: &[String]) -> ChineseFacts {
    // Full-width letters are letters.
    let text: String = text.nfkc().collect();
    let mut count = Count::default();
    let mut at = 0;
    let mut signature_end = 0;
    while let Some(character) = text[at..].chars().next() {
        let rest = &text[at..];
        if let Some(length) = signature(rest) {
            signature_end = at + length;
        }
        count.in_signature = at < signature_end;
        if let Some(length) = url(rest).or_else(|| brand(rest, brand_words, count.in_word)) {
            count.in_word = false;
            at += length;
        } else if let Some(length) =
            (kind(character) == Kind::JapaneseOrKorean).then(|| foreign::plate_or_place(&text, at)).flatten()
        {
            at += length;
        } else if is_word(character) {
            let end = word_end(rest);
            count.word(&rest[..end]);
            at += end;
        } else {
            let after = rest[character.len_utf8()..].chars().next();
            count.character(character, after);
            at += character.len_utf8();
        }
    }
    count.end_clause();
    count.facts(tag, rules)
}

/// What the networks of China are known to block in any language; flags, and no triggers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Risk {
    /// It has a web address.
    WebAddress,
    /// It has more than [`TEMPLATE_CHARS_MAX`] characters.
    Long,
}

impl Risk {
    /// Why it is a risk, for people.
    pub(crate) fn detail(self) -> Sentence {
        match self {
            Self::WebAddress => Sentence::fixed(
                "the text has a web address, which China's networks may block",
                "본문에 웹 주소가 있어 중국 통신망에서 차단될 수 있습니다",
            ),
            Self::Long => Sentence::of(words!(
                "the text has more than {TEMPLATE_CHARS_MAX} characters, which China's networks may block",
                "본문이 {TEMPLATE_CHARS_MAX}자를 넘어 중국 통신망에서 차단될 수 있습니다"
            )),
        }
    }
}

/// The most characters of a text that China's networks approve.
pub(crate) const TEMPLATE_CHARS_MAX: usize = 500;

/// Finds what a text risks in China besides its language.
pub(crate) fn risks(text: &str) -> Vec<Risk> {
    let address = text.char_indices().any(|(at, _)| url(&text[at..]).is_some());
    let long = text.chars().count() > TEMPLATE_CHARS_MAX;
    [address.then_some(Risk::WebAddress), long.then_some(Risk::Long)].into_iter().flatten().collect()
}

#[derive(Default)]
struct Count {
    han: usize,
    units: usize,
    japanese_or_korean: usize,
    traditional: usize,
    simplified: usize,
    foreign_words: usize,
    courtesy_words: usize,
    function_words: usize,
    in_word: bool,
    in_signature: bool,
    /// The words since the last Han character or the clause's beginning.
    run: Vec<String>,
    /// The runs of this clause that have ended, and whether it has Han.
    clause: Vec<Vec<String>>,
    clause_has_han: bool,
}

impl Count {
    /// A character that is no part of a word of other letters.
    fn character(&mut self, character: char, after: Option<char>) {
        self.in_word = false;
        match kind(character) {
            Kind::Han if self.in_signature => self.end_run(),
            Kind::Han => {
                self.end_run();
                self.clause_has_han = true;
                let writers = han::of(character);
                self.han += 1;
                self.units += 1;
                self.traditional += usize::from(writers.traditional);
                self.japanese_or_korean += usize::from(writers.japanese);
                self.simplified += usize::from(writers.simplified);
            }
            Kind::JapaneseOrKorean => {
                self.end_run();
                self.japanese_or_korean += 1;
                self.units += 1;
            }
            Kind::Letter => {}
            Kind::Other if ends_clause(character, after) => self.end_clause(),
            Kind::Other => {}
        }
    }

    /// A run of other letters, digits and what joins them.
    fn word(&mut self, word: &str) {
        self.in_word = true;
        if word.split_once('@').is_some_and(|(_, domain)| domain.contains('.')) {
            return;
        }
        for (number, piece) in word.split([':', '/']).enumerate() {
            if number > 0 {
                self.end_clause();
            }
            if piece.chars().any(char::is_numeric) {
                continue;
            }
            let letters = |run: &&str| run.chars().any(char::is_alphabetic);
            self.units += piece.split(is_joiner).filter(letters).count();
            self.run.extend(piece.split(['.', '_', '+', '#']).filter(letters).map(str::to_owned));
        }
    }

    fn end_run(&mut self) {
        if !self.run.is_empty() {
            self.clause.push(std::mem::take(&mut self.run));
        }
    }

    fn end_clause(&mut self) {
        self.end_run();
        let clause = if self.clause_has_han { Clause::AmongHan } else { Clause::Alone };
        for run in std::mem::take(&mut self.clause) {
            let words: Vec<&str> = run.iter().map(String::as_str).collect();
            self.function_words += foreign::function_words(&words);
            match foreign::run(&words, clause) {
                Run::Harmless => {}
                Run::Courtesy => self.courtesy_words += words.len(),
                Run::Substance => self.foreign_words += words.len(),
            }
        }
        self.clause_has_han = false;
    }

    fn facts(&self, tag: Option<&str>, rules: &ChinaRules) -> ChineseFacts {
        let strewn = if self.function_words > FUNCTION_WORDS_MAX { self.function_words } else { 0 };
        let greeting = if self.han < HAN_OF_SUBSTANCE { self.courtesy_words } else { 0 };
        let foreign_words = self.foreign_words.max(strewn) + greeting;
        let enough = self.han >= rules.han_min as usize
            && self.han * 100 >= self.units * usize::from(rules.han_percent_min);
        let anothers = self.simplified == 0 && tag.is_some_and(writes_han_otherwise);
        ChineseFacts {
            is_chinese: self.japanese_or_korean == 0 && foreign_words == 0 && enough && !anothers,
            han: self.han,
            units: self.units,
            traditional: self.traditional,
            japanese_or_korean: self.japanese_or_korean,
            foreign_words,
        }
    }
}

/// Whether a customer of this language reads Han characters in another language than Chinese.
fn writes_han_otherwise(tag: &str) -> bool {
    language::canonical(tag).is_some_and(|tag| matches!(tag.split('-').next(), Some("ja" | "ko")))
}

/// Whether a clause ends here; a full stop and a hyphen do so before a space or another script alone.
fn ends_clause(character: char, after: Option<char>) -> bool {
    match character {
        '-' => after.is_none_or(|after| after == ' '),
        '\'' | '&' | ' ' | '%' | '$' | '\u{a0}' => false,
        _ => true,
    }
}

#[derive(PartialEq, Eq)]
enum Kind {
    Han,
    JapaneseOrKorean,
    Letter,
    Other,
}

fn kind(character: char) -> Kind {
    if !character.is_alphanumeric() && !unicode_normalization::char::is_combining_mark(character) {
        return Kind::Other;
    }
    match character.script() {
        Script::Han => Kind::Han,
        Script::Hiragana | Script::Katakana | Script::Hangul => Kind::JapaneseOrKorean,
        // The prolonged sound mark belongs to both kana, so that Unicode gives it to neither.
        _ if matches!(character, '\u{30fc}' | '\u{ff70}') => Kind::JapaneseOrKorean,
        _ => Kind::Letter,
    }
}

fn is_word(character: char) -> bool {
    kind(character) == Kind::Letter
}

fn is_joiner(character: char) -> bool {
    matches!(character, '@' | '.' | '_' | '-' | '+' | '/' | '#' | ':')
}

/// Where a run of letters, digits and single joiners between them ends.
fn word_end(text: &str) -> usize {
    let mut end = 0;
    let mut joiner_before = true;
    for (at, character) in text.char_indices() {
        if is_word(character) || (character == '\'' && !joiner_before) {
            end = at + character.len_utf8();
            joiner_before = false;
        } else if is_joiner(character) && !joiner_before {
            joiner_before = true;
        } else {
            break;
        }
    }
    end
}

/// The length of a signature such as 【K.ride】; Han characters in one say nothing about the text.
fn signature(text: &str) -> Option<usize> {
    let inside = text.strip_prefix('【')?;
    let end =
        inside.char_indices().take(SIGNATURE_CHARS_MAX + 1).find(|(_, character)| *character == '】')?.0;
    Some('【'.len_utf8() + end + '】'.len_utf8())
}

/// The length of a web address: to the next character that an address cannot have.
fn url(text: &str) -> Option<usize> {
    let starts =
        |prefix: &str| text.get(..prefix.len()).is_some_and(|head| head.eq_ignore_ascii_case(prefix));
    if !["http://", "https://", "www."].into_iter().any(starts) {
        return None;
    }
    Some(text.find(|character: char| !character.is_ascii_graphic()).unwrap_or(text.len()))
}

/// The length of a brand word that stands at the beginning and is not the head of a longer word.
fn brand(text: &str, brand_words: &[String], in_word: bool) -> Option<usize> {
    if in_word {
        return None;
    }
    brand_words
        .iter()
        .filter(|brand| !brand.is_empty())
        .filter(|brand| text.get(..brand.len()).is_some_and(|head| head.eq_ignore_ascii_case(brand)))
        .map(String::len)
        .filter(|length| !text[*length..].starts_with(is_word))
        .max()
}
