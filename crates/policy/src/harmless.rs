//! The one list of characters that are no mistake of an agent's: what copying, a word processor or an input method
//! puts where ASCII was meant.
//!
//! Numbers (R15, R16), texts (R9), subjects (R19) and addresses (R14d) read them alike.
//! Direction overrides (U+202D, U+202E) are not among them: they show other text than is there. A number alone takes U+202D.

/// What stands for something in ASCII, or for nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Harmless {
    /// It carries no meaning: zero-width characters, joiners where no script needs them, variation selectors, soft
    /// hyphens, byte order marks, direction marks and isolates.
    Nothing,
    /// A space of another width, or a tab.
    Space,
    /// The separator of lines or of paragraphs.
    LineBreak,
    /// A hyphen, a dash or a minus sign.
    Dash,
    /// A curly or a low single quote, or a prime.
    Quote,
    /// The same, double.
    DoubleQuote,
    /// Three dots in one.
    Dots,
}

impl Harmless {
    /// What a character is, if it is one of them.
    pub(crate) fn of(character: char) -> Option<Self> {
        match character {
            '\u{ad}'
            | '\u{61c}'
            | '\u{200b}'..='\u{200f}'
            | '\u{202a}'..='\u{202c}'
            | '\u{2060}'
            | '\u{2066}'..='\u{2069}'
            | '\u{fe00}'..='\u{fe0f}'
            | '\u{feff}' => Some(Self::Nothing),
            '\t' | '\u{a0}' | '\u{2000}'..='\u{200a}' | '\u{202f}' | '\u{205f}' => Some(Self::Space),
            '\u{2028}' | '\u{2029}' => Some(Self::LineBreak),
            '\u{2010}'..='\u{2015}' | '\u{2043}' | '\u{2212}' | '\u{fe58}' | '\u{fe63}' => Some(Self::Dash),
            '\u{2018}'..='\u{201b}' | '\u{2032}' => Some(Self::Quote),
            '\u{201c}'..='\u{201f}' | '\u{2033}' => Some(Self::DoubleQuote),
            '\u{2026}' => Some(Self::Dots),
            _ => None,
        }
    }

    /// The ASCII character of which a character is the full width, as input methods of Chinese and Japanese write it; texts
    /// keep it, and numbers, addresses and subjects mean the ASCII one.
    pub(crate) fn of_full_width(character: char) -> Option<char> {
        match character {
            '\u{3000}' => Some(' '),
            '\u{ff01}'..='\u{ff5e}' => char::from_u32(u32::from(character) - 0xfee0),
            _ => None,
        }
    }

    /// What it stands for.
    pub(crate) fn ascii(self) -> &'static str {
        match self {
            Self::Nothing => "",
            Self::Space => " ",
            Self::LineBreak => "\n",
            Self::Dash => "-",
            Self::Quote => "'",
            Self::DoubleQuote => "\"",
            Self::Dots => "...",
        }
    }
}
