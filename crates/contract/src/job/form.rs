//! The form of a body that is no UTF-8 JSON object, named as such.

use std::fmt;

/// What a body is instead of UTF-8 JSON.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// There is nothing in it.
    Empty,
    /// Two bytes a character, as Windows and Java call Unicode.
    Utf16,
    /// Compressed.
    Gzip,
    /// What may be Korean, of two bytes each; some texts of other charsets look alike.
    Cp949,
    /// Some other bytes that are no UTF-8.
    NotUtf8,
    /// More than one byte order mark before the document.
    SecondMark,
    /// It ends in the middle.
    CutOff,
    /// A whole document and something behind it.
    More,
    /// Objects and lists that stand in each other too deeply.
    TooDeep,
    /// A number that no program keeps.
    HugeNumber,
    /// A line break or another control character in a text.
    RawControl,
    /// Half a pair of `\u` escapes.
    LoneSurrogate,
    /// Something else that JSON does not know.
    Other,
}

impl Form {
    /// What bytes alone show, before they are read as JSON.
    pub(super) fn of(body: &[u8]) -> Option<Self> {
        match body {
            [] => Some(Self::Empty),
            [0x1f, 0x8b, ..] => Some(Self::Gzip),
            [0xff, 0xfe, ..] | [0xfe, 0xff, ..] | [0, _, ..] | [_, 0, ..] => Some(Self::Utf16),
            [0xef, 0xbb, 0xbf, ..] => Some(Self::SecondMark),
            _ if std::str::from_utf8(body).is_ok() => {
                body.iter().all(u8::is_ascii_whitespace).then_some(Self::Empty)
            }
            _ if is_cp949(body) => Some(Self::Cp949),
            _ => Some(Self::NotUtf8),
        }
    }

    /// What the JSON reader's error says.
    pub(super) fn of_error(error: &serde_json::Error) -> Self {
        let said = error.to_string();
        let begins = [
            ("trailing characters", Self::More),
            ("recursion limit", Self::TooDeep),
            ("number out of range", Self::HugeNumber),
            ("control character", Self::RawControl),
            ("lone leading surrogate", Self::LoneSurrogate),
            ("unexpected end of hex escape", Self::LoneSurrogate),
        ];
        if error.is_eof() {
            return Self::CutOff;
        }
        begins.into_iter().find(|(words, _)| said.starts_with(words)).map_or(Self::Other, |(_, form)| form)
    }
}

/// Whether every byte beyond ASCII belongs to a pair of CP949, of which EUC-KR is a part.
fn is_cp949(body: &[u8]) -> bool {
    let mut bytes = body.iter();
    while let Some(byte) = bytes.next() {
        match byte {
            0..=0x7f => {}
            0x81..=0xfe => {
                let is_second = |second: &u8| matches!(second, b'A'..=b'Z' | b'a'..=b'z' | 0x81..=0xfe);
                if !bytes.next().is_some_and(is_second) {
                    return false;
                }
            }
            _ => return false,
        }
    }
    true
}

impl fmt::Display for Form {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Empty => "the body is empty; expected one JSON object",
            Self::Utf16 => "the body is UTF-16; expected UTF-8",
            Self::Gzip => "the body is compressed (gzip); expected UTF-8 JSON as it is",
            Self::Cp949 => "the body is no UTF-8, and perhaps CP949 (EUC-KR); expected UTF-8",
            Self::NotUtf8 => "the body is no UTF-8; expected JSON in UTF-8",
            Self::SecondMark => "two byte order marks (BOM) stand before the document; expected none",
            Self::CutOff => "the body ends in the middle of the document",
            Self::More => "something follows the document; expected one JSON object a message",
            Self::TooDeep => "objects and lists stand in each other too deeply",
            Self::HugeNumber => "a number is too large",
            Self::RawControl => {
                "a text has a line break or another control character; expected its escape, such as \\n"
            }
            Self::LoneSurrogate => "an escape such as \\ud83d lacks its other half",
            Self::Other => "the body is not JSON",
        })
    }
}
