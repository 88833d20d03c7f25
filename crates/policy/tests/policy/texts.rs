//! R5 to R13 and R17: what a text message may say, and from whom.

use closure_contract::{FailureCode, RuleEffect, RuleId};
use closure_policy::{
    explain::{Decision, FallbackEmail, Verdict},
    sms::{SmsFacts, segments::Encoding},
};
use serde_json::{Value, json};

use crate::support::{NOW, decide, decided, effects, rulebook_of, sms, sms_plan};

fn text(text: &str) -> Decision {
    decided(&sms(json!({ "sms": { "text": text } })))
}

fn domestic(text: &str, over: Value) -> Decision {
    let mut sms_over = json!({ "text": text });
    if let (Value::Object(into), Value::Object(from)) = (&mut sms_over, over) {
        into.extend(from);
    }
    decided(&sms(json!({
        "scope": "domestic", "to": { "phone": { "number": "+821012345678" } }, "sms": sms_over,
    })))
}

fn facts(decision: &Decision) -> &SmsFacts {
    decision.sms.as_ref().expect("a text message has facts")
}

fn rejected(decision: &Decision, code: FailureCode) {
    assert_eq!((decision.verdict, decision.code), (Verdict::Reject, Some(code)), "{decision:?}");
}

#[test]
fn an_overseas_subject_is_dropped_recorded_and_never_put_into_the_body() {
    let decision = decided(&sms(json!({ "sms": { "subject": "Notice", "text": "Found." } })));
    assert_eq!(sms_plan(&decision).subject, None);
    assert_eq!(sms_plan(&decision).text, "Found.");
    assert_eq!(effects(&decision, RuleId::R5), [RuleEffect::Change]);
}

#[test]
fn bytes_are_counted_after_the_text_has_its_form() {
    let decision = text(&format!("{}\r\n", "a".repeat(999)));
    assert_eq!((facts(&decision).bytes, decision.code), (1000, None));
}

#[test]
fn nine_hundred_and_fifty_bytes_pass_and_more_are_flagged_or_refused_by_a_switch() {
    let at = text(&"a".repeat(950));
    assert!(!facts(&at).near_limit);
    assert_eq!(effects(&at, RuleId::R7), [RuleEffect::Pass]);
    let over = text(&"a".repeat(951));
    assert!(facts(&over).near_limit);
    assert_eq!((over.verdict, effects(&over, RuleId::R7)), (Verdict::Send, vec![RuleEffect::Flag]));
    let strict = rulebook_of(r#"sms.near_limit = "reject""#);
    rejected(
        &decide(&sms(json!({ "sms": { "text": "a".repeat(951) } })), &strict, NOW),
        FailureCode::BodyTooLong,
    );
    assert_eq!(text("Short.").verdict, Verdict::Send, "900 bytes are headroom and no minimum");
}

#[test]
fn over_ninety_bytes_a_text_is_flagged_and_its_real_parts_are_counted() {
    for (body, over_90, encoding, segments) in [
        ("a".repeat(90), false, Encoding::Gsm7, 1),
        ("a".repeat(91), true, Encoding::Gsm7, 1),
        ("a".repeat(1000), true, Encoding::Gsm7, 7),
        ("한".repeat(70), true, Encoding::Ucs2, 1),
        ("한".repeat(333), true, Encoding::Ucs2, 5),
        ("汉".repeat(300), true, Encoding::Ucs2, 5),
    ] {
        let decision = text(&body);
        let facts = facts(&decision);
        assert_eq!((facts.over_90_bytes, facts.encoding, facts.segments), (over_90, encoding, segments));
        let effect = if over_90 { RuleEffect::Flag } else { RuleEffect::Pass };
        assert_eq!(effects(&decision, RuleId::R8), [effect]);
    }
    let decision = text(&"a".repeat(91));
    assert_eq!((facts(&decision).segments, facts(&decision).worst_case_segments), (1, 2));
}

#[test]
fn special_characters_are_refused_and_listed_and_the_detail_holds_code_points_alone() {
    let decision = text("Found 🎉 it ★");
    rejected(&decision, FailureCode::ForbiddenCharacters);
    let listed: Vec<(char, usize)> =
        facts(&decision).rejected_characters.iter().map(|one| (one.character, one.offset)).collect();
    assert_eq!(listed, [('🎉', 6), ('★', 11)]);
    let detail = decision.detail.unwrap_or_default();
    assert!(detail.contains("U+1F389 at 6") && !detail.contains("Found"), "{detail}");
}

#[test]
fn typographic_characters_become_ascii_so_that_the_text_stays_cheap() {
    let decision = text("It’s here – “found”…");
    assert_eq!(sms_plan(&decision).text, "It's here - \"found\"...");
    assert_eq!(facts(&decision).encoding, Encoding::Gsm7);
    assert_eq!(effects(&decision, RuleId::R9), [RuleEffect::Change]);
}

#[test]
fn an_empty_text_is_refused() {
    for body in ["", " \n ", "\r\n"] {
        rejected(&text(body), FailureCode::BodyEmpty);
    }
}

#[test]
fn attachments_refuse_the_job() {
    let decision = decided(&sms(json!({ "sms": { "attachments": [{ "name": "a.png" }] } })));
    rejected(&decision, FailureCode::AttachmentNotSupported);
}

#[test]
fn the_registered_sender_is_used_however_a_job_writes_it_and_any_other_is_refused() {
    assert_eq!(sms_plan(&text("Found.")).sender, "+82234518120");
    for sender in ["82-2-3451-8120", "+82234518120", "02-3451-8120", "0082 2 3451 8120", " "] {
        let decision = decided(&sms(json!({ "sms": { "sender": sender } })));
        assert_eq!(sms_plan(&decision).sender, "+82234518120", "{sender}");
    }
    for sender in ["+821012345678", "KRIDE", "82234518120x", "0"] {
        rejected(&decided(&sms(json!({ "sms": { "sender": sender } }))), FailureCode::SenderNotAllowed);
    }
}

#[test]
fn a_country_may_have_its_own_sender() {
    let rulebook = rulebook_of("[[sms.senders]]\ncountry_code = 81\nsender = \"KRIDE\"");
    let decision = decide(&sms(json!({})), &rulebook, NOW);
    assert_eq!(sms_plan(&decision).sender, "KRIDE");
    assert_eq!(effects(&decision, RuleId::R12), [RuleEffect::Change]);
    let elsewhere = decide(&sms(json!({ "to": { "phone": { "number": "+16502530000" } } })), &rulebook, NOW);
    assert_eq!(sms_plan(&elsewhere).sender, "+82234518120");
    let asked = decide(&sms(json!({ "sms": { "sender": "KRIDE" } })), &rulebook, NOW);
    assert_eq!(asked.verdict, Verdict::Send);
}

#[test]
fn wording_that_invites_a_reply_or_a_call_is_flagged_and_sent() {
    for body in [
        "Please reply to this message.",
        "Call 02-3451-8120 for help",
        "이 문자에 회신해 주세요",
        "REPLY TO THIS",
    ] {
        let decision = text(body);
        assert_eq!(
            (decision.verdict, effects(&decision, RuleId::R13)),
            (Verdict::Send, vec![RuleEffect::Flag]),
            "{body}"
        );
    }
    assert_eq!(effects(&text("Found."), RuleId::R13), []);
}

#[test]
fn the_wording_is_known_in_korean_english_chinese_and_vietnamese() {
    for body in [
        "이 번호로 연락 주세요.",
        "문자로 답장 부탁드립니다.",
        "Please text us back.",
        "You can call this number at any time.",
        "请回复本短信确认。",
        "如有疑问，请拨打此号码。",
        "Vui lòng trả lời tin nhắn này.",
        "Xin gọi lại số này.",
        "VUI LÒNG TRẢ LỜI TIN NHẮN NÀY",
        "문의: +82 2-3451-8120",
        "Please call us back.",
        "Reply YES to confirm.",
        "このメッセージに返信してください。",
    ] {
        assert_eq!(effects(&text(body), RuleId::R13), [RuleEffect::Flag], "{body}");
    }
    for body in [
        "환불이 완료되었습니다.",
        "We replied to your inquiry by email.",
        "我们已经处理完毕。",
        "Chúng tôi đã hoàn tiền.",
        "Your order 3451-8121",
        "회신이 불가한 번호입니다.",
        "Do not reply to this message.",
        "请勿回复此短信。",
        "この番号には返信できません。",
        "You cannot reply by text.",
    ] {
        assert_eq!(effects(&text(body), RuleId::R13), [], "{body}");
    }
}

#[test]
fn a_domestic_text_of_ninety_bytes_is_a_plain_sms_and_a_longer_one_has_a_subject() {
    let short = domestic(&"한".repeat(45), json!({ "subject": "안내" }));
    assert_eq!((facts(&short).bytes, sms_plan(&short).subject.as_deref()), (90, None));
    let long = domestic(&"한".repeat(46), json!({ "subject": "안내" }));
    assert_eq!((facts(&long).bytes, sms_plan(&long).subject.as_deref()), (92, Some("안내")));
    let untitled = domestic(&"한".repeat(46), json!({}));
    assert_eq!(sms_plan(&untitled).subject.as_deref(), Some("K.ride 고객센터 안내"));
}

#[test]
fn a_domestic_text_has_at_most_two_thousand_bytes() {
    assert_eq!(domestic(&"한".repeat(1000), json!({})).verdict, Verdict::Send);
    rejected(&domestic(&"한".repeat(1001), json!({})), FailureCode::BodyTooLong);
    rejected(&domestic(&"한".repeat(46), json!({ "subject": "한".repeat(21) })), FailureCode::SubjectInvalid);
    rejected(&domestic(" ", json!({})), FailureCode::BodyEmpty);
}

#[test]
fn every_problem_is_shown_and_the_first_rule_gives_the_code() {
    let decision = decided(&sms(json!({
        "to": { "phone": { "number": "+821012345678" } },
        "sms": { "text": format!("★{}", "a".repeat(1000)), "sender": "X", "attachments": [1] },
    })));
    assert_eq!((decision.verdict, decision.code), (Verdict::NeedsPerson, Some(FailureCode::ScopeMismatch)));
    let refusing: Vec<RuleId> = decision
        .rules
        .iter()
        .filter(|rule| matches!(rule.effect, RuleEffect::Reject | RuleEffect::Hold))
        .map(|rule| rule.id)
        .collect();
    assert_eq!(refusing, [RuleId::R1, RuleId::R17, RuleId::R6, RuleId::R9, RuleId::R10, RuleId::R11]);
    assert_eq!(facts(&decision).bytes, 1003);
}

#[test]
fn a_domestic_text_that_koreas_encoding_cannot_hold_is_refused_and_the_email_answers() {
    for refused in [
        "您的订单已取消，退款已处理。",
        "Yêu cầu hoàn tiền của quý khách",
        "ขอบคุณที่ใช้บริการ",
        "Спасибо 🙂",
        "café",
    ] {
        let decision = domestic(refused, json!({}));
        rejected(&decision, FailureCode::ForbiddenCharacters);
        let email = decision.fallback.as_ref().expect("a text message has a fallback").email;
        assert_eq!(email, FallbackEmail::OnFailure, "{refused}");
    }
    for passes in ["환불이 완료되었습니다. 뷁 똠방각하", "Refund done", "退款完了 ありがとう", "Спасибо"]
    {
        assert_eq!(domestic(passes, json!({})).verdict, Verdict::Send, "{passes}");
    }
    let long = "가".repeat(60);
    rejected(&domestic(&long, json!({ "subject": "订单" })), FailureCode::SubjectInvalid);
}

#[test]
fn what_copying_leaves_in_a_text_goes_without_loss_and_an_override_does_not() {
    let decision = text("1\u{2212}2\u{2009}km \u{2066}K.ride\u{2069}\u{200e} 5\u{2032}\u{fe0f}");
    assert_eq!(sms_plan(&decision).text, "1-2 km K.ride 5'");
    assert_eq!(effects(&decision, RuleId::R9), [RuleEffect::Change]);
    rejected(&text("a\u{202e}b"), FailureCode::ForbiddenCharacters);
}
