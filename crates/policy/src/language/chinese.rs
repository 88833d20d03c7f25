//! Whether a text is Chinese: by its script, and by whether anything of substance in it is in another language (R14b).
//!
//! The rule is biased: a wrong "Chinese" may leave a customer without an answer, a wrong "not Chinese" costs an email.
//! `docs/rulebook.md` says what it does with each hard case, and `docs/decisions/chinese-or-not.md` how often it errs.

use schemars::JsonSchema;
use serde::Serialize;
use unicode_normalization::UnicodeNormalization;

use super::{
    chinese_count::{Count, Kind, is_joiner, kind},
    korean_names,
};
use crate::{
    rulebook::ChinaRules,
    words::{Sentence, words},
};

/// A signature in brackets is at most this many characters long.
const SIGNATURE_CHARS_MAX: usize = 30;

/// The evidence for a text's being Chinese or not.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
pub struct ChineseFacts {
    /// Whether it counts as Chinese.
    pub is_chinese: bool,
    /// Han characters.
    pub han: usize,
    /// Han, kana and hangul characters, and runs of other letters but for currencies; the names of places, of buttons and
    /// greetings are left out where Chinese says something.
    pub units: usize,
    /// Characters that are written in Traditional Chinese only.
    pub traditional: usize,
    /// Kana, hangul, and Han characters that only Japan writes; a single one makes a text not Chinese.
    pub japanese_or_korean: usize,
    /// Words of clauses that say something in another language, and every foreign word where Chinese says nothing; a
    /// single one makes a text not Chinese.
    pub foreign_words: usize,
}

/// What is longer is no text message (R6), and its language decides nothing.
const JUDGED_BYTES_MAX: usize = 8_192;

/// Judges a text; addresses, numbers, order codes and brand words are left out, and the Han characters of a signature.
///
/// `tag` is the customer's language, where one is on file: to a reader of Japanese or Korean, Han characters that are
/// not the mainland's own are that reader's language.
pub fn judge(text: &str, tag: Option<&str>, rules: &ChinaRules, brand_words: &[String]) -> ChineseFacts {
    // Full-width letters are letters.
    let text: String = text[..text.floor_char_boundary(JUDGED_BYTES_MAX)].nfkc().collect();
    let mut count = Count::of(&text);
    let mut at = 0;
    let mut signature_end = 0;
    while let Some(character) = text[at..].chars().next() {
        let rest = &text[at..];
        if let Some(length) = signature(rest) {
            signature_end = at + length;
        }
        count.in_signature = at < signature_end;
        if let Some(length) = url(rest).or_else(|| brand(rest, brand_words, count.in_word)) {
            count.pass_over();
            at += length;
        } else if let Some(name) = (kind(character) == Kind::JapaneseOrKorean)
            .then(|| korean_names::plate_or_place(&text, at))
            .flatten()
        {
            count.pass_over();
            count.korean_places += usize::from(!name.is_plate);
            at += name.length;
        } else if is_word(character) {
            let end = word_end(rest);
            count.word(&rest[..end], &rest[end..]);
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

fn is_word(character: char) -> bool {
    kind(character) == Kind::Letter
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
