//! How long a text a gateway takes, and as what kind of message it carries it.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::Provider;

/// A kind of message that a gateway keeps apart from others.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum TextKind {
    /// A text to another country.
    Overseas,
    /// A text inside Korea without a subject.
    DomesticSms,
    /// A long message inside Korea, with a subject.
    DomesticLms,
}

/// What is counted of a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum TextMeasure {
    /// Septets of a text that GSM 03.38 can write; a character of its extension has two.
    GsmSeptets,
    /// 16-bit units of a text that GSM 03.38 cannot write.
    Ucs2Units,
    /// The messages that it is split into.
    Parts,
    /// Bytes of UTF-8.
    Utf8Bytes,
    /// Bytes of Korea's own encoding.
    KoreanBytes,
}

/// The most of one measure, inclusive.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TextLimit {
    /// What is counted.
    pub measure: TextMeasure,
    /// The most of it.
    pub max: usize,
}

/// The limits of one gateway; a text keeps all that its kind has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TextLimits {
    /// Of a text to another country.
    pub overseas: &'static [TextLimit],
    /// Of a text inside Korea without a subject.
    pub domestic_sms: &'static [TextLimit],
    /// Of a long message inside Korea; nothing for a gateway that has none, and sends every text as SMS.
    pub domestic_lms: Option<&'static [TextLimit]>,
}

/// A connected gateway, as far as a text's length matters to it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TextGateway {
    /// Which one it is.
    pub gateway: Provider,
    /// How long a text it takes.
    pub limits: TextLimits,
}
