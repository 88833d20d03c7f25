//! R6 to R8 and R17 at their exact borders, with characters of every width.

use closure_contract::{
    FailureCode, Job, Provider, RuleEffect, RuleId,
    facts::texts::{TextGateway, TextLimit, TextLimits, TextMeasure},
};
use closure_policy::{explain::Verdict, sms::segments::korean_bytes};
use serde_json::json;

use crate::support::{NOW, decide, decided, effects, rulebook_of, sms, sms_plan};

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

/// A gateway that takes so many 16-bit units overseas and so many bytes at home.
fn gateway(gateway: Provider, overseas: &'static [TextLimit], domestic: &'static [TextLimit]) -> TextGateway {
    let limits = TextLimits { overseas, domestic_sms: domestic, domestic_lms: None };
    TextGateway { gateway, limits }
}

const UNITS_100: &[TextLimit] = &[TextLimit { measure: TextMeasure::Ucs2Units, max: 100 }];
const UNITS_200: &[TextLimit] = &[TextLimit { measure: TextMeasure::Ucs2Units, max: 200 }];
const BYTES_100: &[TextLimit] = &[TextLimit { measure: TextMeasure::KoreanBytes, max: 100 }];
const BYTES_200: &[TextLimit] = &[TextLimit { measure: TextMeasure::KoreanBytes, max: 200 }];

#[test]
fn a_text_is_held_against_the_gateways_of_its_countrys_route_and_refused_where_none_takes_it() {
    let rulebook = rulebook_of(
        "[[sms.routes]]\ncountry_codes = [66]\ngateways = [{ gateway = \"nhn\", weight = 1 }]\n\
         [[sms.routes]]\ngateways = [{ gateway = \"nhn\", weight = 1 }, { gateway = \"infobip\", weight = 0 }]",
    )
    .over_gateways(vec![
        gateway(Provider::Nhn, UNITS_100, BYTES_100),
        gateway(Provider::Infobip, UNITS_200, BYTES_200),
    ]);
    let overseas = |number: &str, length| {
        let phone = json!({ "phone": { "number": number } });
        decide(&sms(json!({ "to": phone, "sms": { "text": "한".repeat(length) } })), &rulebook, NOW)
    };
    for (number, length, too_short, verdict) in [
        ("+819012345678", 100, vec![], Verdict::Send),
        ("+819012345678", 101, vec![Provider::Nhn], Verdict::Send),
        ("+819012345678", 200, vec![Provider::Nhn], Verdict::Send),
        ("+819012345678", 201, vec![Provider::Nhn, Provider::Infobip], Verdict::Reject),
        ("+66812345678", 100, vec![], Verdict::Send),
        ("+66812345678", 101, vec![Provider::Nhn], Verdict::Reject),
    ] {
        let decision = overseas(number, length);
        let what = format!("{length} characters to {}", &number[..3]);
        assert_eq!(decision.verdict, verdict, "{what}");
        let over = &decision.sms.as_ref().expect("a text message has facts").too_long_for;
        assert_eq!(over.iter().map(|one| one.gateway).collect::<Vec<_>>(), too_short, "{what}");
        if verdict == Verdict::Send {
            assert_eq!(sms_plan(&decision).too_short, too_short, "{what}");
        } else {
            assert_eq!(decision.code, Some(FailureCode::BodyTooLong), "{what}");
            let detail = decision.detail.expect("a refusal says why");
            for gateway in too_short {
                let of_one = format!("it has {length} characters in UCS-2, and {gateway} takes");
                assert!(detail.contains(&of_one), "{detail}");
            }
        }
    }
}

#[test]
fn a_domestic_text_is_held_against_the_gateways_too_and_one_without_long_messages_has_one_limit() {
    let of = |gateways: Vec<TextGateway>, text: String| {
        let rulebook = rulebook_of("").over_gateways(gateways);
        let phone = json!({ "phone": { "number": "+821012345678" } });
        decide(&sms(json!({ "scope": "domestic", "to": phone, "sms": { "text": text } })), &rulebook, NOW)
    };
    let one = || gateway(Provider::Twilio, UNITS_100, BYTES_100);
    let decision = of(vec![one()], "한".repeat(51));
    assert_eq!((decision.verdict, decision.code), (Verdict::Reject, Some(FailureCode::BodyTooLong)));
    assert_eq!(effects(&decision, RuleId::R17).last(), Some(&RuleEffect::Reject));
    assert!(
        decision.detail.is_some_and(|detail| detail.contains("102 bytes in EUC-KR, and twilio takes 100"))
    );
    let two = vec![one(), gateway(Provider::Infobip, UNITS_100, BYTES_200)];
    assert_eq!(sms_plan(&of(two, "한".repeat(51))).too_short, [Provider::Twilio]);
    assert_eq!(
        of(Vec::new(), "한".repeat(1_000)).verdict,
        Verdict::Send,
        "without gateways no limit is known"
    );
}
