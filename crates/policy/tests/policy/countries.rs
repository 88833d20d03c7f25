//! R14a to R14d as a job is decided: Vietnam, China, and whether an email answers.

use closure_contract::{FailureCode, RuleEffect, RuleId};
use closure_policy::explain::{Decision, FallbackEmail, Verdict};
use serde_json::{Value, json};

use crate::support::{NOW, TEMPLATES, decide, decided, effects, rulebook_of, sms, sms_plan};

const CHINESE: &str = "您好，您的退款已经处理完毕。";

fn to(number: &str, content: Value) -> Decision {
    decided(&sms(json!({ "to": { "phone": { "number": number } }, "sms": content })))
}

fn vietnam(text: &str) -> Decision {
    to("+84912345678", json!({ "text": text }))
}

fn china(text: &str) -> Decision {
    to("+8613812345678", json!({ "text": text }))
}

fn fallback(decision: &Decision) -> FallbackEmail {
    decision.fallback.as_ref().map(|fallback| fallback.email).expect("a text message has a fallback")
}

#[test]
fn a_text_to_vietnam_that_is_no_instance_of_an_approved_template_is_never_submitted() {
    let decision = vietnam("Your refund is complete.");
    assert_eq!((decision.verdict, decision.code), (Verdict::Reject, Some(FailureCode::TemplateMismatch)));
    assert_eq!(decision.plan, None);
    assert_eq!(fallback(&decision), FallbackEmail::Always);
}

#[test]
fn a_mismatch_names_the_nearest_template_the_offset_and_what_was_expected_but_not_the_text() {
    let decision = vietnam("[K.ride] Your refund of abcdefg VND for trip A1 is complete.");
    let detail = decision.detail.unwrap_or_default();
    assert!(
        detail.contains("vn_refund version 1: at character 24 it has a letter where {amount} (money"),
        "{detail}"
    );
    assert!(!detail.contains("abcdefg"), "{detail}");
}

#[test]
fn an_instance_of_an_approved_template_goes_to_vietnam_and_an_email_beside_it() {
    let decision = vietnam("[K.ride] Your refund of 120,000 VND for trip A17 is complete.");
    assert_eq!(decision.verdict, Verdict::Send);
    assert_eq!(
        decision
            .template
            .as_ref()
            .and_then(|facts| facts.used())
            .map(|template| (template.id.as_str(), template.version)),
        Some(("vn_refund", 1))
    );
    assert_eq!(fallback(&decision), FallbackEmail::Always);
    assert_eq!(effects(&decision, RuleId::R14a), [RuleEffect::Pass, RuleEffect::Email]);
}

#[test]
fn a_named_template_is_rendered() {
    let content =
        json!({ "text": null, "template": "vn_refund", "variables": { "amount": "5,000", "trip": "B2" } });
    let decision = to("+84912345678", content);
    assert_eq!(sms_plan(&decision).text, "[K.ride] Your refund of 5,000 VND for trip B2 is complete.");
}

#[test]
fn a_template_that_is_unknown_unapproved_or_anothers_is_refused() {
    let editions = format!(
        "{TEMPLATES}
        [[templates]]
        name = \"draft\"
        country_code = 84
        text = \"[K.ride] Draft of a text.\"
        [[templates]]
        name = \"over\"
        country_code = 84
        text = \"[K.ride] Over since today.\"
        approved = true
        valid_until = \"2026-11-22T12:00:00Z\"
        [[templates]]
        name = \"china\"
        country_code = 86
        text = \"[K.ride] 您的退款已经处理完毕。\"
        approved = true"
    );
    let rulebook = rulebook_of(&editions);
    for name in ["nothing", "draft", "over", "china"] {
        let job = sms(json!({
            "to": { "phone": { "number": "+84912345678" } }, "sms": { "text": null, "template": name },
        }));
        let decision = decide(&job, &rulebook, NOW);
        assert_eq!(
            (decision.verdict, decision.code),
            (Verdict::Reject, Some(FailureCode::TemplateUnknown)),
            "{name}"
        );
    }
    let free = sms(
        json!({ "to": { "phone": { "number": "+84912345678" } }, "sms": { "text": "[K.ride] Over since today." } }),
    );
    assert_eq!(decide(&free, &rulebook, NOW).code, Some(FailureCode::TemplateMismatch));
}

#[test]
fn the_newest_approved_edition_of_a_template_is_used() {
    let rulebook = rulebook_of(
        "[[templates]]
        name = \"t\"
        version = 1
        country_code = 84
        text = \"[K.ride] Edition one.\"
        approved = true
        [[templates]]
        name = \"t\"
        version = 2
        country_code = 84
        text = \"[K.ride] Edition two.\"
        approved = true
        valid_from = \"2026-01-01T00:00:00Z\"
        [[templates]]
        name = \"t\"
        version = 3
        country_code = 84
        text = \"[K.ride] Edition three.\"
        approved = true
        valid_from = \"2027-01-01T00:00:00Z\"",
    );
    let job = sms(
        json!({ "to": { "phone": { "number": "+84912345678" } }, "sms": { "text": null, "template": "t" } }),
    );
    assert_eq!(sms_plan(&decide(&job, &rulebook, NOW)).text, "[K.ride] Edition two.");
}

#[test]
fn values_that_do_not_fit_refuse_the_job_and_are_not_repeated() {
    let content = json!({ "text": null, "template": "vn_refund", "variables": { "amount": "secret words", "trip": "B2" } });
    let decision = to("+84912345678", content);
    assert_eq!((decision.verdict, decision.code), (Verdict::Reject, Some(FailureCode::TemplateVariables)));
    let detail = decision.detail.unwrap_or_default();
    assert!(detail.contains("`amount`") && !detail.contains("secret"), "{detail}");
}

#[test]
fn a_chinese_text_goes_to_china_and_an_email_only_if_it_fails() {
    let decision = china(CHINESE);
    assert_eq!((decision.verdict, fallback(&decision)), (Verdict::Send, FallbackEmail::OnFailure));
    assert!(decision.chinese.is_some_and(|facts| facts.is_chinese));
    assert_eq!(effects(&decision, RuleId::R14b), [RuleEffect::Pass]);
}

#[test]
fn a_text_to_china_that_is_not_chinese_is_attempted_and_an_email_answers_in_any_case() {
    for text in ["Your refund is complete.", "환불이 완료되었습니다.", "Đã hoàn tiền."] {
        let decision = china(text);
        assert_eq!((decision.verdict, fallback(&decision)), (Verdict::Send, FallbackEmail::Always), "{text}");
        assert_eq!(effects(&decision, RuleId::R14b), [RuleEffect::Flag, RuleEffect::Email], "{text}");
    }
}

#[test]
fn a_switch_answers_china_by_email_alone_where_the_text_is_not_chinese() {
    let skip = rulebook_of(r#"china.non_chinese_sms = "skip""#);
    let job = |text: &str| {
        sms(json!({ "to": { "phone": { "number": "+8613812345678" } }, "sms": { "text": text } }))
    };
    let english = decide(&job("Your refund is complete."), &skip, NOW);
    assert_eq!((english.verdict, english.code), (Verdict::Reject, Some(FailureCode::SmsSkipped)));
    assert_eq!(decide(&job(CHINESE), &skip, NOW).verdict, Verdict::Send);
}

#[test]
fn traditional_characters_to_china_are_a_trigger_unless_it_is_switched_off() {
    let text = "您的退款已經處理完畢。";
    assert_eq!(fallback(&china(text)), FallbackEmail::Always);
    let off = rulebook_of("china.traditional_is_trigger = false");
    let job = sms(json!({ "to": { "phone": { "number": "+8613812345678" } }, "sms": { "text": text } }));
    assert_eq!(fallback(&decide(&job, &off, NOW)), FallbackEmail::OnFailure);
}

#[test]
fn what_chinas_networks_are_known_to_block_is_flagged_and_sent() {
    let flags = |decision: &Decision| -> Vec<String> {
        let flags = decision.rules.iter().filter(|rule| rule.effect == RuleEffect::Flag);
        flags.filter(|rule| rule.id == RuleId::R14b).map(|rule| rule.detail.clone()).collect()
    };
    for (text, expected) in [
        (CHINESE.to_owned(), 0),
        ("汉".repeat(300), 0),
        ("详情请看https://kride.example/help谢谢".to_owned(), 1),
        ("请访问www.kride.example".to_owned(), 1),
        (format!("{CHINESE}{}", "1".repeat(500)), 1),
        (format!("{CHINESE}{} www.kride.example", "1".repeat(500)), 2),
    ] {
        let decision = china(&text);
        assert_eq!((decision.verdict, flags(&decision).len()), (Verdict::Send, expected), "{text}");
        assert_eq!(fallback(&decision), FallbackEmail::OnFailure, "a flag is no trigger");
        assert!(
            flags(&decision).iter().all(|detail| detail.contains("may block") && !detail.contains("kride"))
        );
    }
    let japan = to("+819012345678", json!({ "text": "See https://kride.example/help" }));
    assert_eq!(flags(&japan), Vec::<String>::new(), "elsewhere the rule has no say");
}

#[test]
fn hong_kong_macau_and_taiwan_are_outside_the_rule_of_china() {
    for number in ["+85251234567", "+85366123456", "+886912345678"] {
        let decision = to(number, json!({ "text": "Your refund is complete." }));
        assert_eq!(
            (decision.verdict, fallback(&decision)),
            (Verdict::Send, FallbackEmail::OnFailure),
            "{number}"
        );
        assert_eq!(decision.chinese, None, "{number}");
    }
}

#[test]
fn without_a_usable_address_no_email_is_promised() {
    for address in [json!(null), json!(" "), json!("no address")] {
        let decision = decided(&sms(json!({ "to": { "email": address } })));
        assert_eq!((decision.verdict, fallback(&decision)), (Verdict::Send, FallbackEmail::None));
        assert_eq!(effects(&decision, RuleId::R14d), [RuleEffect::Flag]);
    }
}

#[test]
fn the_answer_has_the_shape_that_the_crm_reads() {
    let decision = to("+8613812345678", json!({ "text": "It’s here ★" }));
    let answer = serde_json::to_value(&decision).expect("a decision is JSON");
    assert_eq!(answer["verdict"], "reject");
    assert_eq!(answer["code"], "forbidden_characters");
    assert_eq!(
        answer["phone"],
        json!({ "e164": "+8613812345678", "country_code": 86, "region": "CN", "type": "mobile", "candidates": [] })
    );
    assert_eq!(
        answer["sms"],
        json!({
            "bytes": 13, "encoding": "ucs2", "segments": 1, "worst_case_segments": 1, "over_90_bytes": false, "near_limit": false,
            "rejected_characters": [{ "char": "★", "code_point": "U+2605", "offset": 10 }],
            "replacements": [{ "char": "’", "with": "'", "count": 1 }], "sender": "+82234518120",
        })
    );
    assert_eq!(
        answer["chinese"],
        json!({ "is_chinese": false, "han": 0, "units": 2, "traditional": 0, "japanese_or_korean": 0, "foreign_words": 2 })
    );
    assert_eq!(answer["fallback"]["email"], "always");
    assert!(answer.get("plan").is_none() && answer.get("dial_string").is_none());
}
