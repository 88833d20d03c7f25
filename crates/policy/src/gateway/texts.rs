//! Whether a gateway carries a text of its length, and as what kind of message it does.

use closure_contract::{
    Provider,
    facts::texts::{TextGateway, TextKind, TextLimit, TextLimits, TextMeasure},
    job::Scope,
};
use schemars::JsonSchema;
use serde::Serialize;

use crate::sms::segments::{Encoding, count, korean_bytes};

/// By how much a text is longer than a gateway takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
pub struct TextExcess {
    /// The gateway.
    pub gateway: Provider,
    /// What is counted.
    pub measure: TextMeasure,
    /// How much of it the text has.
    pub length: usize,
    /// How much the gateway takes.
    pub max: usize,
}

/// The kind as which a gateway with these limits carries a text.
pub fn kind(limits: &TextLimits, scope: Scope, text: &str, subject: Option<&str>) -> TextKind {
    match (scope, limits.domestic_lms) {
        (Scope::Overseas, _) => TextKind::Overseas,
        (Scope::Domestic, None) => TextKind::DomesticSms,
        (Scope::Domestic, Some(_)) if subject.is_some() || over(limits.domestic_sms, text).is_some() => {
            TextKind::DomesticLms
        }
        (Scope::Domestic, Some(_)) => TextKind::DomesticSms,
    }
}

/// What of a text is more than this gateway takes; nothing for one that it carries.
pub fn excess(gateway: &TextGateway, scope: Scope, text: &str, subject: Option<&str>) -> Option<TextExcess> {
    let limits = &gateway.limits;
    let own = match kind(limits, scope, text, subject) {
        TextKind::Overseas => limits.overseas,
        TextKind::DomesticSms => limits.domestic_sms,
        TextKind::DomesticLms => limits.domestic_lms.unwrap_or_default(),
    };
    let (TextLimit { measure, max }, length) = over(own, text)?;
    Some(TextExcess { gateway: gateway.gateway, measure, length, max })
}

/// The first of these limits that a text does not keep, and what it has of it.
fn over(limits: &[TextLimit], text: &str) -> Option<(TextLimit, usize)> {
    limits.iter().find_map(|limit| {
        let length = length(limit.measure, text);
        (length > limit.max).then_some((*limit, length))
    })
}

/// What a text has of a measure; nothing of an encoding that it is not sent in.
fn length(measure: TextMeasure, text: &str) -> usize {
    match measure {
        TextMeasure::Utf8Bytes => text.len(),
        TextMeasure::KoreanBytes => korean_bytes(text),
        TextMeasure::Parts => count(text).segments,
        TextMeasure::GsmSeptets => units(Encoding::Gsm7, text),
        TextMeasure::Ucs2Units => units(Encoding::Ucs2, text),
    }
}

fn units(encoding: Encoding, text: &str) -> usize {
    let parts = count(text);
    if parts.encoding == encoding { parts.units } else { 0 }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SEPTETS: TextLimit = TextLimit { measure: TextMeasure::GsmSeptets, max: 765 };
    const UNITS: TextLimit = TextLimit { measure: TextMeasure::Ucs2Units, max: 335 };
    const SHORT: TextLimit = TextLimit { measure: TextMeasure::KoreanBytes, max: 90 };
    const LONG: TextLimit = TextLimit { measure: TextMeasure::KoreanBytes, max: 2_000 };
    const PARTS: TextLimit = TextLimit { measure: TextMeasure::Parts, max: 25 };
    const BYTES: TextLimit = TextLimit { measure: TextMeasure::Utf8Bytes, max: 4_000 };

    /// One that keeps SMS and LMS apart.
    const KOREAN: TextGateway = TextGateway {
        gateway: Provider::Nhn,
        limits: TextLimits {
            overseas: &[SEPTETS, UNITS],
            domestic_sms: &[SHORT],
            domestic_lms: Some(&[LONG]),
        },
    };
    /// One that sends every text as SMS.
    const PLAIN: TextGateway = TextGateway {
        gateway: Provider::Infobip,
        limits: TextLimits { overseas: &[PARTS, BYTES], domestic_sms: &[PARTS, BYTES], domestic_lms: None },
    };

    /// What is too much of an overseas text.
    fn overseas(gateway: &TextGateway, text: &str) -> Option<(TextMeasure, usize, usize)> {
        let TextExcess { measure, length, max, .. } = excess(gateway, Scope::Overseas, text, None)?;
        Some((measure, length, max))
    }

    #[test]
    fn a_text_is_counted_in_the_encoding_in_which_it_is_sent() {
        use TextMeasure::{GsmSeptets, Parts, Ucs2Units, Utf8Bytes};
        let table = [
            ("a".repeat(765), None),
            ("a".repeat(766), Some((GsmSeptets, 766, 765))),
            (format!("{}€", "a".repeat(763)), None),
            (format!("{}€", "a".repeat(764)), Some((GsmSeptets, 766, 765))),
            ("한".repeat(335), None),
            ("한".repeat(336), Some((Ucs2Units, 336, 335))),
            (format!("{}ế", "a".repeat(334)), None),
            (format!("{}ế", "a".repeat(335)), Some((Ucs2Units, 336, 335))),
            (format!("{}𠀀", "a".repeat(333)), None),
            (format!("{}𠀀", "a".repeat(334)), Some((Ucs2Units, 336, 335))),
        ];
        for (text, expected) in table {
            assert_eq!(overseas(&KOREAN, &text), expected, "{} characters", text.chars().count());
        }
        for (text, expected) in [
            ("a".repeat(25 * 153), None),
            ("a".repeat(25 * 153 + 1), Some((Parts, 26, 25))),
            ("한".repeat(1_333), None),
            ("한".repeat(1_334), Some((Utf8Bytes, 4_002, 4_000))),
            ("é".repeat(2_001), Some((Utf8Bytes, 4_002, 4_000))),
        ] {
            assert_eq!(overseas(&PLAIN, &text), expected, "{} characters", text.chars().count());
        }
    }

    #[test]
    fn inside_korea_a_subject_or_a_long_text_makes_a_long_message_where_the_gateway_has_one() {
        let of = |gateway: &TextGateway, text: &str, subject| {
            kind(&gateway.limits, Scope::Domestic, text, subject)
        };
        assert_eq!(of(&KOREAN, &"한".repeat(45), None), TextKind::DomesticSms);
        assert_eq!(of(&KOREAN, &"한".repeat(46), None), TextKind::DomesticLms);
        assert_eq!(of(&KOREAN, "한", Some("제목")), TextKind::DomesticLms);
        assert_eq!(of(&PLAIN, &"한".repeat(46), Some("제목")), TextKind::DomesticSms);
        let over = |text: &str| excess(&KOREAN, Scope::Domestic, text, None).map(|over| over.length);
        assert_eq!(over(&"한".repeat(1_000)), None);
        assert_eq!(over(&"한".repeat(1_001)), Some(2_002));
    }
}
