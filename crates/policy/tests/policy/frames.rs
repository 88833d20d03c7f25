//! R20: what stands around a reply, in the customer's language.

use closure_contract::{Job, RuleEffect, RuleId};
use closure_policy::{
    explain::{Decision, EmailPlan, Plan},
    rulebook::{CompiledRulebook, Rulebook, RulebookError},
};
use proptest::prelude::*;
use serde_json::{Value, json};

use crate::support::{NOW, decide, decided, email, rulebook_of};

const SENDER: &str = "noreply@kakaomobility.com";

/// The language and a phrase of each shipped frame.
const SHIPPED: [(&str, &str); 6] = [
    ("en", "only sends"),
    ("ko", "발신 전용"),
    ("zh-Hans", "无法接收回复"),
    ("zh-Hant", "無法接收回覆"),
    ("ja", "送信専用"),
    ("vi", "chỉ dùng để gửi thư"),
];

fn to(language: &str) -> Job {
    email(json!({ "to": { "language": language } }))
}

fn plan(decision: Decision) -> EmailPlan {
    match decision.plan {
        Some(Plan::Email(plan)) => plan,
        other => panic!("there is no email to send: {other:?}"),
    }
}

fn language(job: &Job, rulebook: &CompiledRulebook) -> String {
    decide(job, rulebook, NOW).email.expect("an email has facts").language
}

fn problems(frames: &str) -> Vec<String> {
    let rulebook: Rulebook = toml::from_str(frames).expect("the test's rulebook has the right shape");
    let errors = rulebook.compile().expect_err("the frames are not sound");
    errors.iter().map(RulebookError::to_string).collect()
}

fn frame(language: &str, text: &str, html: &str) -> String {
    format!("[[email.frames]]\nlanguage = {language:?}\ntext = {text:?}\nhtml = {html:?}\n")
}

#[test]
fn every_shipped_frame_greets_says_the_reply_and_that_nobody_reads_an_answer() {
    for (tag, one_way) in SHIPPED {
        let plan = plan(decided(&to(tag)));
        for body in [&plan.text, &plan.html] {
            for words in ["K.ride", "안녕하세요.", one_way, SENDER, "Mobility"] {
                let korean_brand = words == "Mobility" && body.contains("카카오모빌리티");
                assert!(body.contains(words) || korean_brand, "{tag} lacks {words}: {body}");
            }
        }
        assert!(plan.html.contains(&format!("<html lang=\"{tag}\">")), "{}", plan.html);
        assert!(!plan.text.contains("<p>") && !plan.text.contains("&amp;"), "{}", plan.text);
        assert_eq!(plan.subject, "Your inquiry", "the subject stays English (R19)");
    }
}

#[test]
fn a_customers_language_chooses_the_frame_and_english_stands_in_for_the_others() {
    let rulebook = rulebook_of("");
    for (asked, expected) in [
        ("vi-VN", "vi"),
        ("zh-TW", "zh-Hant"),
        ("zh-CN", "zh-Hans"),
        ("en-US", "en"),
        ("fr", "en"),
        ("??", "en"),
    ] {
        assert_eq!(language(&to(asked), &rulebook), expected, "{asked}");
    }
    assert_eq!(language(&email(json!({})), &rulebook), "en", "overseas, without a language");
    let domestic = |over: Value| email(json!({ "scope": "domestic", "to": over }));
    assert_eq!(language(&domestic(json!({})), &rulebook), "ko", "in Korea, without a language");
    assert_eq!(language(&domestic(json!({ "language": "fr" })), &rulebook), "en");
    let decision = decided(&to("kim@example.com"));
    let told: Vec<_> = decision.rules.iter().filter(|rule| rule.id == RuleId::R20).collect();
    assert!(told.iter().any(|rule| rule.detail.contains("framed in en")), "{told:?}");
    assert!(told.iter().all(|rule| !rule.detail.contains("kim")), "a tag is not repeated: {told:?}");
}

#[test]
fn an_operators_frame_takes_the_place_of_the_shipped_one_and_others_may_be_added() {
    let own = frame("vi", "Chào\n{{ reply }}", "<p>Chào {{ sender_name }}</p>{{ reply }}")
        + &frame("fr", "Bonjour\n{{ reply }}", "<p>Bonjour</p>{{ reply }}");
    let rulebook = rulebook_of(&own);
    let french = plan(decide(&to("fr-CA"), &rulebook, NOW));
    assert_eq!(
        (french.text.as_str(), french.html.as_str()),
        ("Bonjour\n안녕하세요.", "<p>Bonjour</p><p>안녕하세요.</p>\n")
    );
    let vietnamese = plan(decide(&to("vi"), &rulebook, NOW));
    assert!(vietnamese.html.starts_with("<p>Chào 고객지원 Support</p>"), "{}", vietnamese.html);
    assert_eq!(language(&to("ko"), &rulebook), "ko", "the other shipped ones stay");
}

#[test]
fn everything_that_is_wrong_with_frames_is_said_at_once() {
    let frames = frame("vi", "{{ reply }} {{ customer }}", "{% if %}{{ reply }}")
        + &frame("vi-", "{{ reply }}", "{{ reply }}")
        + &frame("ja", "no reply at all", "{{ reply|upper }}")
        + &frame("ko", "{{ reply }}{{ reply }}", "{{ subject|safe }}{{ reply }}")
        + &frame("fr", "{{ reply }}", "{% for a in 'x' * 3 %}{{ reply }}{% endfor %}")
        + &frame("fr", "{{ reply }}", "{{ reply }}")
        + &frame(
            "th",
            &"x".repeat(17_000),
            "{% autoescape false %}{{ sender_name }}{% endautoescape %}{{ reply }}",
        );
    let said = problems(&format!("[email]\ndefault_language = \"de\"\n{frames}")).join("\n");
    for expected in [
        "mail frame `vi`: text names `customer`; a frame has reply, subject, sender_name, sender_address",
        "mail frame `vi`: html line 1: syntax error",
        "mail frame `vi-`: language is no language tag",
        "mail frame `ja`: text must show {{ reply }} once",
        "mail frame `ja`: html must show {{ reply }} once",
        "mail frame `ko`: text must show {{ reply }} once",
        "mail frame `ko`: html must not take the escaping off",
        "mail frame `fr`: html",
        "mail frame `fr`: language has a frame already",
        "mail frame `th`: text is larger than 16384 bytes",
        "mail frame `th`: html must not take the escaping off",
        "`email.default_language`: must be a language that has a frame",
    ] {
        assert!(said.contains(expected), "{expected} is not in:\n{said}");
    }
}

#[test]
fn a_frame_that_would_never_end_is_refused() {
    let endless = "{% for a in 'aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa' %}{% for b in 'aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa' %}{% for c in 'aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa' %}{% if b == c %}{% endif %}{% endfor %}{% endfor %}{% endfor %}{{ reply }}";
    let said = problems(&frame("vi", endless, "{{ reply }}"));
    assert_eq!(said.len(), 1, "{said:?}");
    assert!(said[0].contains("takes too many steps"), "{said:?}");
}

#[test]
fn a_frame_that_fails_over_one_reply_costs_no_reply() {
    let moody = "{% if 'boom' in reply %}{{ 1 / 0 }}{% endif %}{{ reply }}";
    let rulebook = rulebook_of(&frame("en", moody, "{{ reply }}"));
    let decision = decide(&email(json!({ "email": { "text": "boom" } })), &rulebook, NOW);
    let flags =
        decision.rules.iter().filter(|rule| (rule.id, rule.effect) == (RuleId::R20, RuleEffect::Flag));
    assert_eq!(flags.count(), 1);
    let plan = plan(decision);
    assert_eq!((plan.text.as_str(), plan.html.as_str()), ("boom", "<p>boom</p>\n"));
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, cases: 128, ..ProptestConfig::default() })]

    #[test]
    fn whatever_the_language_and_the_words_the_frame_stands_around_them(
        tag in "\\PC{2,35}", words in "\\PC{1,60}", html in prop::option::of(any::<String>()),
    ) {
        let over = json!({ "to": { "language": tag }, "email": { "text": format!("x{words}"), "html": html } });
        let decision = decided(&email(over));
        let language = decision.email.clone().expect("an email has facts").language;
        let one_way = SHIPPED.iter().find(|(tag, _)| *tag == language).expect("a shipped frame").1;
        let plan = plan(decision);
        prop_assert!(plan.text.contains(&words), "{}", plan.text);
        prop_assert!(plan.text.contains(one_way) && plan.html.contains(one_way));
        prop_assert!(plan.html.ends_with("</html>") && !plan.html.contains("<script"), "{}", plan.html);
        prop_assert_eq!((plan.subject.as_str(), plan.to.as_str()), ("Your inquiry", "customer@example.com"));
    }
}
