//! A phone number as it was typed, reduced to its digits.

use crate::{
    harmless::Harmless,
    words::{Sentence, words},
};

/// A number, a country code or a hint has at most this many characters.
pub(crate) const PHONE_CHARS_MAX: usize = 32;

/// Fewer digits than this after a tilde are the end of a range: `02-123-4567~8` is two lines, and its digits in a row are
/// the number of a stranger.
const TILDE_DIGITS_MIN: usize = 3;

/// A number as it was typed, without what only separates its digits.
#[derive(Clone, PartialEq, Eq)]
pub(crate) enum Typed {
    /// After a plus sign.
    Plus(String),
    /// Without one.
    Bare(String),
}

/// Why a text is no number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum NoNumber {
    Empty,
    TooLong,
    Letter,
    CountryCode,
    OtherScript,
    ForeignCharacter,
    Range,
}

impl NoNumber {
    pub(crate) fn problem(self) -> Sentence {
        match self {
            Self::Empty => {
                Sentence::fixed("it has no digits; write the number", "숫자가 없습니다. 번호를 입력하십시오")
            }
            Self::TooLong => Sentence::of(words!(
                "it has more than {PHONE_CHARS_MAX} characters; write one number",
                "{PHONE_CHARS_MAX}자를 넘습니다. 번호를 하나만 입력하십시오"
            )),
            Self::Letter => Sentence::fixed(
                "it has letters; write one number in digits, without an extension or a note",
                "문자가 섞여 있습니다. 내선 번호나 메모 없이 번호 하나를 숫자로 입력하십시오",
            ),
            Self::CountryCode => Sentence::fixed(
                "it is no country calling code of one to three digits, such as 84",
                "84처럼 1~3자리 숫자로 된 국가번호가 아닙니다",
            ),
            Self::OtherScript => Sentence::fixed(
                "it has digits of another script; write them as 0 to 9",
                "다른 문자 체계의 숫자가 있습니다. 0~9로 입력하십시오",
            ),
            Self::ForeignCharacter => Sentence::fixed(
                "it has characters other than digits, separators and a leading plus; take them out",
                "숫자, 구분 기호, 맨 앞의 + 외의 글자가 있습니다. 해당 글자를 빼십시오",
            ),
            Self::Range => Sentence::of(words!(
                "it has fewer than {TILDE_DIGITS_MIN} digits after a tilde, which is how a range of lines is written; \
                 write one number",
                "물결표 뒤의 숫자가 {TILDE_DIGITS_MIN}자리보다 적어 회선 범위로 보입니다. 번호를 하나만 입력하십시오"
            )),
        }
    }
}

/// Reads what was typed; full-width digits become ASCII (R16). Digits of other scripts are refused: what they stand for
/// is clear, but nobody at K.ride types them, and a number that looks foreign to the agent was not checked by one.
pub(crate) fn read(text: &str) -> Result<Typed, NoNumber> {
    if text.chars().count() > PHONE_CHARS_MAX {
        return Err(NoNumber::TooLong);
    }
    let mut digits = String::new();
    let mut plus = false;
    let mut rest = text.chars().map(|typed| Harmless::of_full_width(typed).unwrap_or(typed));
    while let Some(character) = rest.next() {
        match character {
            '+' if !plus && digits.is_empty() => plus = true,
            '~' | '\u{301c}' if !digits.is_empty() && digits_next(rest.clone()) < TILDE_DIGITS_MIN => {
                return Err(NoNumber::Range);
            }
            _ if is_separator(character) => {}
            '0'..='9' => digits.push(character),
            _ => return Err(problem_of(character)),
        }
    }
    match (digits.is_empty(), plus) {
        (true, _) => Err(NoNumber::Empty),
        (false, true) => Ok(Typed::Plus(digits)),
        (false, false) => Ok(Typed::Bare(digits)),
    }
}

/// Country codes with the digit that the mobiles of Mexico had behind it, and those of Argentina have.
const WITH_MOBILE_DIGIT: [&str; 2] = ["521", "549"];

/// The digits of a country's field that brings an area code, such as `1-684`, `1242` or `44-1481`.
pub(crate) fn with_area_code(text: &str) -> Option<String> {
    let (Typed::Plus(digits) | Typed::Bare(digits)) = read(text).ok()?;
    let code = digits.strip_prefix("00").unwrap_or(&digits);
    ((4..=7).contains(&code.len()) || WITH_MOBILE_DIGIT.contains(&code)).then(|| code.to_owned())
}

/// Reads a country code such as `84`, `+84` or `0084`; a blank one is none.
pub(crate) fn country_code(text: &str) -> Result<Option<u16>, NoNumber> {
    let digits = match read(text) {
        Err(NoNumber::Empty) => return Ok(None),
        Err(problem) => return Err(problem),
        Ok(Typed::Plus(digits) | Typed::Bare(digits)) => digits,
    };
    let code = digits.strip_prefix("00").unwrap_or(&digits);
    if code.len() > 3 || code.starts_with('0') {
        return Err(NoNumber::CountryCode);
    }
    code.parse().map(Some).map_err(|_| NoNumber::CountryCode)
}

/// How many digits come next, up to the separator behind them; what copying leaves between them separates nothing.
fn digits_next(rest: impl Iterator<Item = char>) -> usize {
    rest.skip_while(|character| is_separator(*character))
        .filter(|character| Harmless::of(*character) != Some(Harmless::Nothing))
        .take_while(char::is_ascii_digit)
        .count()
}

fn problem_of(character: char) -> NoNumber {
    if character.is_alphabetic() {
        NoNumber::Letter
    } else if character.is_numeric() {
        NoNumber::OtherScript
    } else {
        NoNumber::ForeignCharacter
    }
}

/// What people write between digits, what a Japanese keyboard gives for a dash, and what copying leaves around them.
fn is_separator(character: char) -> bool {
    Harmless::of(character).is_some_and(|harmless| match harmless {
        Harmless::Nothing | Harmless::Space | Harmless::LineBreak | Harmless::Dash => true,
        // A number that is copied from a sentence or a spreadsheet has its quotes with it.
        Harmless::Quote | Harmless::DoubleQuote => true,
        Harmless::Dots => false,
    }) || matches!(
        character,
        ' ' | '\r'
            | '\n'
            | '"'
            | '\''
            | '`'
            | '\u{ab}'
            | '\u{b4}'
            | '\u{bb}'
            | '-'
            | '~'
            | '.'
            | '('
            | ')'
            // A phone's address book puts it before a number that is copied; digits read from the left in any case.
            | '\u{202d}'
            | '\u{2500}'
            | '\u{300c}'..='\u{300f}'
            | '\u{301c}'
            | '\u{301d}'..='\u{301f}'
            | '\u{30fc}'
            | '\u{ff70}'
    )
}
