//! Whether a text is Chinese, by its script alone (R14b).
//!
//! The rule is biased: a wrong "Chinese" may leave a customer without an answer, a wrong "not Chinese" costs an email.

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
    }
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rulebook::Rulebook;

    fn facts(text: &str) -> ChineseFacts {
        let rulebook = Rulebook::default();
        judge(text, &rulebook.china, &rulebook.brand_words)
    }

    #[test]
    fn chinese_is_chinese_with_and_without_brands_addresses_and_codes() {
        for text in [
            "您好，您的退款已经处理完毕。",
            "已退款",
            "【K.ride】您的订单AB-12345已退款30,000元，详情 https://kride.example/help 或 help@example.com。",
            "K.ride 与 Kakao T 的客服已确认您的行程。",
            "您的 refund 已经处理完毕，请查收。",
        ] {
            assert!(facts(text).is_chinese, "{text}: {:?}", facts(text));
        }
    }

    #[test]
    fn everything_else_is_not() {
        for text in [
            "Your refund is complete.",
            "환불이 완료되었습니다.",
            "返金が完了しました。",
            "Đã hoàn tiền cho quý khách.",
            "Dear customer, 您好 your refund has been processed today",
            "退",
            "",
            "12345",
            "https://kride.example",
            "K.ride",
            "【您好您好】",
            "大韓民國 환불",
            "Ni hao, tui kuan",
            "サービス",
        ] {
            assert!(!facts(text).is_chinese, "{text}: {:?}", facts(text));
        }
    }

    #[test]
    fn the_counts_are_those_of_the_rule() {
        let counted = facts("您好 refund it's done AB12 30,000");
        assert_eq!((counted.han, counted.units), (2, 5));
        assert_eq!(facts("e-mail").units, 2);
        assert_eq!(facts("Kakaotalk 您好").units, 3, "a brand word is not taken out of a longer word");
    }

    #[test]
    fn the_border_is_sixty_percent_inclusive() {
        assert!(facts("您好吗 a b").is_chinese);
        assert!(!facts("您好吗 a b c").is_chinese);
    }

    #[test]
    fn traditional_characters_are_counted_and_shared_ones_are_not() {
        assert_eq!(facts("您的退款已經處理完畢").traditional, 3);
        assert_eq!(facts("您的退款已经处理完毕").traditional, 0);
        assert_eq!(facts("著名").traditional, 0, "the character is used in both");
    }
}
