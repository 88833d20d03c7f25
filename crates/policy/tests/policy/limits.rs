//! R6 to R8 and R17 at their exact borders, with characters of every width.

use closure_contract::{FailureCode, Job, RuleEffect, RuleId};
use closure_policy::sms::segments::korean_bytes;
use serde_json::json;

use crate::support::{decided, effects, sms, sms_plan};

/// One character for each width in UTF-8.
const WIDTHS: [(char, usize); 4] = [('a', 1), ('é', 2), ('汉', 3), ('𠀀', 4)];

/// A text of exactly so many bytes: as many of the wide character as fit, then ASCII.
fn text_of(bytes: usize, wide: char) -> String {
    let count = bytes / wide.len_utf8();
    let mut text: String = std::iter::repeat_n(wide, count).collect();
    text.push_str(&"b".repeat(bytes - text.len()));
    assert_eq!(text.len(), bytes);
    text
}

fn overseas(text: &str) -> Job {
    sms(json!({ "sms": { "text": text } }))
}

#[test]
fn the_limits_hold_to_the_byte_whatever_the_width_of_the_characters() {
    use RuleEffect::{Flag, Pass, Reject};
    for (wide, width) in WIDTHS {
        assert_eq!(wide.len_utf8(), width);
        for (bytes, size, near, split) in [
            (89, Pass, Some(Pass), Pass),
            (90, Pass, Some(Pass), Pass),
            (91, Pass, Some(Pass), Flag),
            (949, Pass, Some(Pass), Flag),
            (950, Pass, Some(Pass), Flag),
            (951, Pass, Some(Flag), Flag),
            (999, Pass, Some(Flag), Flag),
            (1000, Pass, Some(Flag), Flag),
            (1001, Reject, None, Flag),
            (1002, Reject, None, Flag),
        ] {
            let text = text_of(bytes, wide);
            let decision = decided(&overseas(&text));
            let facts = decision.sms.as_ref().expect("a text message has facts");
            let what = format!("{bytes} bytes of {wide}");
            assert_eq!(facts.bytes, bytes, "{what}");
            assert_eq!(effects(&decision, RuleId::R6), [size], "{what}");
            assert_eq!(effects(&decision, RuleId::R7), near.into_iter().collect::<Vec<_>>(), "{what}");
            assert_eq!(effects(&decision, RuleId::R8), [split], "{what}");
            if size == Reject {
                assert_eq!(decision.code, Some(FailureCode::BodyTooLong), "{what}");
                assert!(decision.detail.is_some_and(|detail| detail.contains(&bytes.to_string())), "{what}");
            } else {
                assert_eq!(sms_plan(&decision).text, text, "{what}: nothing is cut off");
            }
        }
    }
}

#[test]
fn every_line_end_counts_one_byte_and_a_decomposed_text_counts_as_composed() {
    for (text, bytes) in [
        ("a\r\nb", 3),
        ("a\rb", 3),
        ("a\nb", 3),
        ("a\r\n\r\nb", 4),
        ("a\r\r\nb", 4),
        ("a\n\rb", 4),
        ("e\u{301}", 2),
        ("\u{1112}\u{1161}\u{11ab}", 3),
        ("e\u{323}\u{302}", 3),
    ] {
        let decision = decided(&overseas(text));
        assert_eq!(decision.sms.map(|facts| facts.bytes), Some(bytes), "{text:?}");
    }
    let at_the_limit = format!("{}e\u{301}", "a\r\n".repeat(499));
    assert_eq!((at_the_limit.len(), decided(&overseas(&at_the_limit)).code), (1500, None));
}

#[test]
fn inside_korea_ascii_counts_one_byte_and_anything_else_two() {
    assert_eq!(korean_bytes("a한é汉"), 7);
    for (text, code, has_subject) in [
        ("a".repeat(90), None, false),
        ("a".repeat(91), None, true),
        ("한".repeat(45), None, false),
        (format!("{}a", "한".repeat(45)), None, true),
        ("a".repeat(2000), None, true),
        ("a".repeat(2001), Some(FailureCode::BodyTooLong), false),
        ("한".repeat(1000), None, true),
        (format!("{}a", "한".repeat(1000)), Some(FailureCode::BodyTooLong), false),
    ] {
        let decision = decided(&sms(json!({
            "scope": "domestic", "to": { "phone": { "number": "+821012345678" } }, "sms": { "text": text },
        })));
        assert_eq!(decision.code, code, "{} bytes", korean_bytes(&text));
        if code.is_none() {
            let subject = sms_plan(&decision).subject.is_some();
            assert_eq!(subject, has_subject, "{} bytes", korean_bytes(&text));
        }
    }
}
