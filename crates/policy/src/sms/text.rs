//! What a text message may say: one form of it, and no special characters (R6, R9).

use crate::harmless::Harmless;
use schemars::JsonSchema;
use serde::Serialize;
use unicode_normalization::{UnicodeNormalization, char::is_combining_mark};

/// At most this many refused characters are listed; all of them are counted.
pub const REJECTED_LISTED_MAX: usize = 100;

/// A text in the form in which it is measured and sent.
#[derive(Clone, PartialEq, Eq)]
pub struct CleanText {
    /// NFC, with LF between lines, typographic characters as ASCII.
    pub text: String,
    /// What was replaced, each kind once.
    pub replacements: Vec<Replacement>,
    /// The refused characters in their order, at most [`REJECTED_LISTED_MAX`].
    pub rejected: Vec<RejectedCharacter>,
    /// How many characters are refused in all.
    pub rejected_count: usize,
}

impl std::fmt::Debug for CleanText {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("CleanText").field("rejected_count", &self.rejected_count).finish_non_exhaustive()
    }
}

/// A character that an SMS may not carry.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct RejectedCharacter {
    /// The character itself.
    #[serde(rename = "char")]
    pub character: char,
    /// Its code point, because many of them cannot be seen.
    pub code_point: String,
    /// How many characters (Unicode scalar values of the NFC text with LF line ends) stand before it.
    pub offset: usize,
}

/// A kind of character that was replaced without loss.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Replacement {
    /// The character that was there.
    #[serde(rename = "char")]
    pub character: char,
    /// What stands there now.
    pub with: &'static str,
    /// How often.
    pub count: usize,
}

/// Brings a text into its form, and finds what it may not have; `extra` passes besides the policy's own.
pub fn clean(text: &str, extra: &str) -> CleanText {
    let mut clean = CleanText {
        text: String::with_capacity(text.len()),
        replacements: Vec::new(),
        rejected: Vec::new(),
        rejected_count: 0,
    };
    let mut before = None;
    for (offset, character) in unix_lines(text).nfc().enumerate() {
        let joins = is_joiner(character) && before.is_some_and(needs_joiners);
        before = Some(character);
        if !extra.contains(character) && !joins {
            if let Some(with) = replacement(character) {
                clean.text.push_str(with);
                clean.count_replacement(character, with);
                continue;
            }
            if !is_allowed(character) {
                clean.count_rejected(character, offset);
            }
        }
        clean.text.push(character);
    }
    clean
}

/// A text with LF between its lines, and otherwise as it is.
pub fn unix_lines(text: &str) -> String {
    text.replace("\r\n", "\n").replace('\r', "\n")
}

/// A character's code point for people: `U+1F600`.
pub fn code_point(character: char) -> String {
    format!("U+{:04X}", u32::from(character))
}

impl CleanText {
    fn count_replacement(&mut self, character: char, with: &'static str) {
        match self.replacements.iter_mut().find(|replacement| replacement.character == character) {
            Some(replacement) => replacement.count += 1,
            None => self.replacements.push(Replacement { character, with, count: 1 }),
        }
    }

    fn count_rejected(&mut self, character: char, offset: usize) {
        self.rejected_count += 1;
        if self.rejected.len() < REJECTED_LISTED_MAX {
            self.rejected.push(RejectedCharacter { character, code_point: code_point(character), offset });
        }
    }
}

/// What is written in ASCII without loss; one curly quote would make a GSM text UCS-2 and more than double its parts.
pub(crate) fn replacement(character: char) -> Option<&'static str> {
    Harmless::of(character).map(Harmless::ascii)
}

/// Whether a character of an NFC text passes: letters, marks and numbers of any script, space, LF, and the
/// punctuation of ASCII and of Chinese, Japanese and Korean.
pub fn is_allowed(character: char) -> bool {
    match character {
        ' ' | '\n' => true,
        _ if character.is_ascii() => character.is_ascii_graphic(),
        _ if is_invisible(character) || is_enclosing(character) => false,
        _ if is_cjk_punctuation(character) || is_punctuation_of_a_script(character) => true,
        _ if is_enclosed(character) => false,
        _ => character.is_alphanumeric() || is_combining_mark(character),
    }
}

/// Circled, squared and bracketed letters and digits: such for Unicode, and special characters for people and handsets.
fn is_enclosed(character: char) -> bool {
    matches!(character,
        '\u{2460}'..='\u{24ff}'
        | '\u{2776}'..='\u{2793}'
        | '\u{3220}'..='\u{3229}'
        | '\u{3248}'..='\u{324f}'
        | '\u{3251}'..='\u{325f}'
        | '\u{3280}'..='\u{3289}'
        | '\u{32b1}'..='\u{32bf}'
        | '\u{1f100}'..='\u{1f1ff}')
}

/// The punctuation of the languages whose letters pass, and the signs that GSM 03.38 has.
fn is_punctuation_of_a_script(character: char) -> bool {
    matches!(character,
        '¡' | '¿' | '£' | '¥' | '§' | '€' | '¤' // GSM 03.38.
        | '«' | '»' | '‹' | '›'
        | '՛'..='՟' | '։' | '֊' // Armenian.
        | '\u{5be}' | '\u{5f3}' | '\u{5f4}' // Hebrew.
        | '،' | '؛' | '؟' | '٪'..='٬' | '۔' // Arabic, Persian, Urdu.
        | '।' | '॥' // Hindi, Bengali, Nepali.
        | '။' | '၊' // Burmese.
        | '។'..='៖' // Khmer.
        | '፡'..='፨' // Amharic.
        | '༌' | '་' | '།' // Tibetan.
        | '᠁'..='᠅') // Mongolian.
}

/// The zero-width joiner and non-joiner.
fn is_joiner(character: char) -> bool {
    matches!(character, '\u{200c}' | '\u{200d}')
}

/// Whether a letter's script writes words with joiners: Persian and the scripts of India, Sri Lanka and Burma.
fn needs_joiners(character: char) -> bool {
    matches!(character, '\u{600}'..='\u{7bf}' | '\u{8a0}'..='\u{dff}' | '\u{1000}'..='\u{109f}' | '\u{1780}'..='\u{18af}')
        && (character.is_alphabetic() || is_combining_mark(character))
}

fn is_cjk_punctuation(character: char) -> bool {
    matches!(character,
        '\u{b7}' // The middle dot of names.
        | '\u{3000}'..='\u{3003}'
        | '\u{3008}'..='\u{3011}'
        | '\u{3014}'..='\u{301f}'
        | '\u{30fb}'
        | '\u{ff01}'..='\u{ff0f}'
        | '\u{ff1a}'..='\u{ff20}'
        | '\u{ff3b}'..='\u{ff40}'
        | '\u{ff5b}'..='\u{ff65}')
}

/// Characters that show nothing: zero-width, bidirectional, fillers, variation selectors and tags.
fn is_invisible(character: char) -> bool {
    matches!(character,
        '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}'
        | '\u{180b}'..='\u{180f}'
        | '\u{200b}'..='\u{200f}'
        | '\u{2028}'..='\u{202e}'
        | '\u{2060}'..='\u{206f}'
        | '\u{3164}' | '\u{fe00}'..='\u{fe0f}' | '\u{feff}' | '\u{ffa0}' | '\u{fff0}'..='\u{fff8}'
        | '\u{1bca0}'..='\u{1bca3}'
        | '\u{1d173}'..='\u{1d17a}'
        | '\u{e0000}'..='\u{e0fff}')
}

/// Marks that turn a letter or digit into a pictograph, such as a keycap.
fn is_enclosing(character: char) -> bool {
    matches!(character, '\u{488}' | '\u{489}' | '\u{20dd}'..='\u{20e0}' | '\u{20e2}'..='\u{20e4}' | '\u{a670}'..='\u{a672}')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(text: &str) -> Vec<(char, usize)> {
        clean(text, "").rejected.into_iter().map(|rejected| (rejected.character, rejected.offset)).collect()
    }

    #[test]
    fn letters_marks_numbers_and_punctuation_of_ascii_and_cjk_pass() {
        for text in [
            "Hello, K.ride! (1+2=3) [x] {y} ~ ^ | \\ ` $ <b>",
            "안녕하세요. 환불이 완료되었습니다.",
            "您好，退款：３００元。「请」《见》【谢】、！？；（好）",
            "返金が完了しました。ありがとうございます・ー",
            "Đã hoàn tiền cho quý khách ệ ữ",
            "สวัสดีค่ะ ขอบคุณ",
            "धन्यवाद क़",
            "line one\nline two",
            "e\u{301} no\u{308}",
        ] {
            assert_eq!(refused(text), [], "{text}");
        }
    }

    #[test]
    fn emoji_symbols_controls_and_invisible_characters_are_refused_each_with_its_offset() {
        let table = [
            ("a😀b★", vec![('😀', 1), ('★', 3)]),
            ("a\u{7}b", vec![('\u{7}', 1)]),
            ("\u{200b}a\u{202e}", vec![('\u{202e}', 2)]),
            ("1\u{fe0f}\u{20e3}", vec![('\u{20e3}', 2)]),
            ("₩1,000", vec![('₩', 0)]),
            ("Ⓐ🅰", vec![('Ⓐ', 0), ('🅰', 1)]),
            ("a\u{3164}\u{7f}", vec![('\u{3164}', 1), ('\u{7f}', 2)]),
            ("©®™→", vec![('©', 0), ('®', 1), ('™', 2), ('→', 3)]),
        ];
        for (text, expected) in table {
            assert_eq!(refused(text), expected, "{text:?}");
        }
    }

    #[test]
    fn the_typographic_set_becomes_ascii_and_is_recorded() {
        let cleaned = clean("“It’s – here…”\u{a0}–", "");
        assert_eq!(cleaned.text, "\"It's - here...\" -");
        assert_eq!(cleaned.rejected_count, 0);
        let dash = cleaned.replacements.iter().find(|replacement| replacement.character == '–');
        assert_eq!(dash.map(|dash| (dash.with, dash.count)), Some(("-", 2)));
    }

    #[test]
    fn lines_end_in_lf_and_text_is_nfc() {
        assert_eq!(clean("a\r\nb\rc", "").text, "a\nb\nc");
        assert_eq!(clean("e\u{301}", "").text, "é");
        assert_eq!(clean("\u{1112}\u{1161}\u{11ab}", "").text, "한");
    }

    #[test]
    fn the_configuration_may_allow_more() {
        assert_eq!(clean("₩1,000", "₩").rejected_count, 0);
    }

    #[test]
    fn a_long_list_is_cut_and_the_count_is_not() {
        let cleaned = clean(&"😀".repeat(150), "");
        assert_eq!((cleaned.rejected.len(), cleaned.rejected_count), (REJECTED_LISTED_MAX, 150));
    }
}
