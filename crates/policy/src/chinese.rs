//! Whether a text is Chinese, by its script alone (R14b).
//!
//! The rule is biased: a wrong "Chinese" may leave a customer without an answer, a wrong "not Chinese" costs an email.
//! `docs/rulebook.md` says what it does with each hard case, and why.

use encoding_rs::{BIG5, Encoding, GBK, SHIFT_JIS};
use serde::Serialize;
use unicode_script::{Script, UnicodeScript};

use crate::rulebook::ChinaRules;

/// A signature in brackets is at most this many characters long.
const SIGNATURE_CHARS_MAX: usize = 30;

/// The evidence for a text's being Chinese or not.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
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
}

/// Judges a text; addresses, numbers, order codes, signatures and brand words are left out of the count.
pub fn judge(text: &str, rules: &ChinaRules, brand_words: &[String]) -> ChineseFacts {
    let mut count = Count::default();
    let mut rest = text;
    while let Some(character) = rest.chars().next() {
        let skipped =
            signature(rest).or_else(|| url(rest)).or_else(|| brand(rest, brand_words, count.in_word));
        if let Some(bytes) = skipped {
            count.in_word = false;
            rest = &rest[bytes..];
        } else if is_word(character) {
            let end = word_end(rest);
            count.word(&rest[..end]);
            rest = &rest[end..];
        } else {
            count.character(character);
            rest = &rest[character.len_utf8()..];
        }
    }
    let enough = count.han >= rules.han_min as usize
        && count.han * 100 >= count.units * usize::from(rules.han_percent_min);
    ChineseFacts {
        is_chinese: count.japanese_or_korean == 0 && enough,
        han: count.han,
        units: count.units,
        traditional: count.traditional,
        japanese_or_korean: count.japanese_or_korean,
    }
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
    pub(crate) fn detail(self) -> String {
        match self {
            Self::WebAddress => "the text has a web address, which China's networks may block".to_owned(),
            Self::Long => {
                format!(
                    "the text has more than {TEMPLATE_CHARS_MAX} characters, which China's networks may block"
                )
            }
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
    in_word: bool,
}

impl Count {
    /// A character that is no part of a word of other letters.
    fn character(&mut self, character: char) {
        self.in_word = false;
        match kind(character) {
            Kind::Han => {
                self.han += 1;
                self.units += 1;
                self.traditional += usize::from(is_traditional(character));
                self.japanese_or_korean += usize::from(is_japanese(character));
            }
            Kind::JapaneseOrKorean => {
                self.japanese_or_korean += 1;
                self.units += 1;
            }
            Kind::Letter | Kind::Other => {}
        }
    }

    /// A run of other letters, digits and what joins them.
    fn word(&mut self, word: &str) {
        self.in_word = true;
        let address = word.split_once('@').is_some_and(|(_, domain)| domain.contains('.'));
        let number_or_code = word.chars().any(char::is_numeric);
        if address || number_or_code {
            return;
        }
        self.units += word.split(is_joiner).filter(|run| run.chars().any(char::is_alphabetic)).count();
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

/// The length of a signature such as 【K.ride】.
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

/// Whether Simplified Chinese writes this character otherwise.
fn is_traditional(character: char) -> bool {
    let mut buffer = [0; 4];
    let alone: &str = character.encode_utf8(&mut buffer);
    hanconv::t2s(alone) != alone
}

/// Whether Japan's standard has this Han character and neither the mainland's nor Taiwan's: its own short forms, such
/// as the first character of 処理, and its own creations, such as the first of 働き.
fn is_japanese(character: char) -> bool {
    !is_gb_2312(character) && legacy(SHIFT_JIS, character).is_some() && legacy(BIG5, character).is_none()
}

/// GB 2312 is that part of GBK in which both bytes are high, and its Han characters begin at row 16.
fn is_gb_2312(character: char) -> bool {
    legacy(GBK, character).is_some_and(|[lead, trail]| (0xb0..=0xf7).contains(&lead) && trail >= 0xa1)
}

/// A character's two bytes in an older national standard.
fn legacy(encoding: &'static Encoding, character: char) -> Option<[u8; 2]> {
    let mut buffer = [0; 4];
    let (bytes, _, had_errors) = encoding.encode(character.encode_utf8(&mut buffer));
    let bytes = (!had_errors).then_some(bytes)?;
    bytes.as_ref().try_into().ok()
}
