//! A phone number as it was typed, reduced to its digits.

use crate::harmless::Harmless;

/// A number, a country code or a hint has at most this many characters.
pub(crate) const PHONE_CHARS_MAX: usize = 32;

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
    SoundMark,
    CountryCode,
    OtherScript,
    ForeignCharacter,
}

impl NoNumber {
    pub(crate) fn problem(self) -> String {
        match self {
            Self::Empty => "it has no digits; write the number".to_owned(),
            Self::TooLong => format!("it has more than {PHONE_CHARS_MAX} characters; write one number"),
            Self::Letter => {
                "it has letters; write one number in digits, without an extension or a note".to_owned()
            }
            Self::SoundMark => {
                "it has the Japanese sound mark U+30FC where a hyphen belongs; write one number in digits"
                    .to_owned()
            }
            Self::CountryCode => {
                "it is no country calling code of one to three digits, such as 84".to_owned()
            }
            Self::OtherScript => "it has digits of another script; write them as 0 to 9".to_owned(),
            Self::ForeignCharacter => {
                "it has characters other than digits, separators and a leading plus; take them out".to_owned()
            }
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
    for character in text.chars() {
        match character {
            '+' | '\u{ff0b}' if !plus && digits.is_empty() => plus = true,
            _ if is_separator(character) => {}
            _ => digits.push(ascii_digit(character)?),
        }
    }
    match (digits.is_empty(), plus) {
        (true, _) => Err(NoNumber::Empty),
        (false, true) => Ok(Typed::Plus(digits)),
        (false, false) => Ok(Typed::Bare(digits)),
    }
}

/// The digits of a country's field that brings an area code, such as `1-684`, `1242` or `44-1481`.
pub(crate) fn with_area_code(text: &str) -> Option<String> {
    let (Typed::Plus(digits) | Typed::Bare(digits)) = read(text).ok()?;
    let code = digits.strip_prefix("00").unwrap_or(&digits);
    (4..=7).contains(&code.len()).then(|| code.to_owned())
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

fn ascii_digit(character: char) -> Result<char, NoNumber> {
    match character {
        '0'..='9' => Ok(character),
        '\u{ff10}'..='\u{ff19}' => {
            char::from_digit(u32::from(character) - 0xff10, 10).ok_or(NoNumber::ForeignCharacter)
        }
        // Unicode calls it a letter, and an input method writes it for the hyphen's key.
        '\u{30fc}' | '\u{ff70}' => Err(NoNumber::SoundMark),
        _ if character.is_alphabetic() => Err(NoNumber::Letter),
        _ if character.is_numeric() => Err(NoNumber::OtherScript),
        _ => Err(NoNumber::ForeignCharacter),
    }
}

/// What people write between digits, what a Japanese keyboard gives for a dash, and what copying leaves around them.
fn is_separator(character: char) -> bool {
    Harmless::of(character).is_some_and(|harmless| match harmless {
        Harmless::Nothing | Harmless::Space | Harmless::LineBreak | Harmless::Dash => true,
        Harmless::Quote | Harmless::DoubleQuote | Harmless::Dots => false,
    }) || matches!(
        character,
        ' ' | '\r'
            | '\n'
            | '-'
            | '.'
            | '('
            | ')'
            | '\u{2500}'
            | '\u{3000}'
            | '\u{301c}'
            | '\u{30fc}'
            | '\u{ff08}'
            | '\u{ff09}'
            | '\u{ff0d}'
            | '\u{ff0e}'
            | '\u{ff70}'
    )
}
