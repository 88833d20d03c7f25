//! How many parts a text message is split into and billed as (R8).

use encoding_rs::EUC_KR;
use schemars::JsonSchema;
use serde::Serialize;

/// The encoding in which a gateway sends a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Encoding {
    /// GSM 03.38, seven bits a character.
    Gsm7,
    /// UTF-16, as soon as one character is outside GSM 03.38.
    Ucs2,
    /// Korea's own two-byte encoding, inside Korea.
    EucKr,
}

/// The parts of one text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Parts {
    /// How it is encoded.
    pub encoding: Encoding,
    /// Septets in GSM 03.38, or 16-bit units.
    pub units: usize,
    /// How many messages it is split into.
    pub segments: usize,
}

/// GSM 03.38's basic characters, the escape left out.
const GSM_BASIC: &str = "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?\
¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà";
/// GSM 03.38's extension, each of which takes an escape as well.
const GSM_EXTENSION: &str = "\u{c}^{}\\[~]|€";

/// Counts the parts of a text abroad.
pub fn count(text: &str) -> Parts {
    match text.chars().map(septets).collect::<Option<Vec<usize>>>() {
        Some(widths) => parts(Encoding::Gsm7, &widths, 160, 153),
        None => {
            let widths: Vec<usize> = text.chars().map(char::len_utf16).collect();
            parts(Encoding::Ucs2, &widths, 70, 67)
        }
    }
}

/// The size of a text in Korea's encoding: one byte for ASCII, two for anything else.
pub fn korean_bytes(text: &str) -> usize {
    text.chars().map(|character| if character.is_ascii() { 1 } else { 2 }).sum()
}

/// Whether Korea's encoding has a character: code page 949, which the gateways mean by EUC-KR.
pub fn is_korean(character: char) -> bool {
    let mut bytes = [0; 4];
    let (_, _, unmappable) = EUC_KR.encode(character.encode_utf8(&mut bytes));
    !unmappable
}

fn septets(character: char) -> Option<usize> {
    if character.is_ascii_alphanumeric() || character == ' ' || GSM_BASIC.contains(character) {
        Some(1)
    } else if GSM_EXTENSION.contains(character) {
        Some(2)
    } else {
        None
    }
}

/// Fills parts greedily; a character of two units never straddles a border.
fn parts(encoding: Encoding, widths: &[usize], whole: usize, part: usize) -> Parts {
    let units = widths.iter().sum();
    let segments = if units == 0 {
        0
    } else if units <= whole {
        1
    } else {
        let mut segments = 1;
        let mut filled = 0;
        for width in widths {
            if filled + width > part {
                segments += 1;
                filled = 0;
            }
            filled += width;
        }
        segments
    };
    Parts { encoding, units, segments }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_are_those_that_were_counted_by_hand() {
        let family = "👨\u{200d}👩\u{200d}👧\u{200d}👦";
        let table = [
            ("a".repeat(160), Encoding::Gsm7, 1),
            ("a".repeat(161), Encoding::Gsm7, 2),
            ("a".repeat(306), Encoding::Gsm7, 2),
            ("a".repeat(307), Encoding::Gsm7, 3),
            ("a".repeat(1000), Encoding::Gsm7, 7),
            ("한".repeat(70), Encoding::Ucs2, 1),
            ("한".repeat(71), Encoding::Ucs2, 2),
            ("한".repeat(333), Encoding::Ucs2, 5),
            ("汉".repeat(300), Encoding::Ucs2, 5),
            ("😀".repeat(35), Encoding::Ucs2, 1),
            ("😀".repeat(36), Encoding::Ucs2, 2),
            (family.repeat(10), Encoding::Ucs2, 2),
            (String::new(), Encoding::Gsm7, 0),
        ];
        for (text, encoding, segments) in table {
            let parts = count(&text);
            assert_eq!(
                (parts.encoding, parts.segments),
                (encoding, segments),
                "{} characters",
                text.chars().count()
            );
        }
    }

    #[test]
    fn extension_characters_count_two_and_do_not_straddle_a_border() {
        assert_eq!(count(&"€".repeat(80)).segments, 1);
        assert_eq!(count(&"€".repeat(81)).segments, 2);
        // 153 septets hold 76 extension characters, so that 2 × 76 fit into two parts and one more does not.
        assert_eq!(count(&"€".repeat(152)).segments, 2);
        assert_eq!(count(&"€".repeat(153)).segments, 3);
    }

    #[test]
    fn a_surrogate_pair_does_not_straddle_a_border() {
        // 67 units hold 33 pairs.
        assert_eq!(count(&"😀".repeat(66)).segments, 2);
        assert_eq!(count(&"😀".repeat(67)).segments, 3);
    }

    #[test]
    fn characters_that_only_look_like_gsm_make_the_whole_text_ucs2() {
        for character in ['`', 'ç', '\t', '\u{a0}', '’', '…', 'ế'] {
            assert_eq!(count(&character.to_string()).encoding, Encoding::Ucs2, "{character:?}");
        }
        assert_eq!(count("Ç@£_").encoding, Encoding::Gsm7);
    }

    #[test]
    fn the_gsm_table_is_complete() {
        assert_eq!(GSM_BASIC.chars().count(), 127);
        assert_eq!(GSM_EXTENSION.chars().count(), 10);
    }

    #[test]
    fn forty_five_hangul_are_ninety_bytes_in_korea() {
        assert_eq!(korean_bytes(&"한".repeat(45)), 90);
        assert_eq!(korean_bytes("abc"), 3);
    }
}
