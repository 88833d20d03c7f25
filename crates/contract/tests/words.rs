//! What the fleet says to people: the same in every language, whole sentences, and nothing left out.

use closure_contract::{
    Channel, Evidence, Facts, FailureCode, Language, Provider, ReceiptStatus, Words,
    facts::{
        bounces::{DsnAction, DsnStatus, Feedback},
        texts::TextMeasure,
    },
    outcome::{OutcomeName, RuleEffect, RuleId},
};
use serde_json::{Value, json};

/// Every value that a failure can have, as it stands in JSON.
fn all_values() -> Value {
    json!({
        "provider": "nhn", "provider_code": "-2019", "country_code": 84, "length": 1004, "length_max": 1000,
        "measure": "utf8_bytes", "characters": "U+1F642", "attachments": 2, "template": "vn_refund 3",
        "variable": "amount", "field": "to.phone", "contacts_max": 5, "until": "2026-11-22T13:00:00Z",
        "not_before": "2026-11-22T14:00:00Z", "expires_at": "2026-11-22T13:00:00Z", "revision": 3,
        "click_age_s": 75, "click_fresh_s": 30, "click_ahead_s": 3600, "mail_status": "5.1.1",
    })
}

fn facts(values: &Value) -> Facts {
    serde_json::from_value(values.clone()).expect("the values are facts")
}

fn is_hangul(one: char) -> bool {
    ('가'..='힣').contains(&one)
}

/// Two English words in a row outside of backticks: names and codes stand alone, prose does not.
fn has_english_prose(korean: &str) -> bool {
    let outside: String = korean.split('`').step_by(2).collect();
    let words: Vec<&str> = outside.split([' ', '(', ')', ',']).collect();
    let is_word = |word: &str| word.len() > 1 && word.bytes().all(|byte| byte.is_ascii_lowercase());
    words.windows(2).any(|pair| pair.iter().all(|word| is_word(word)))
}

/// A text in one language as a reader may have it: of that language, whole, and without what is not said here.
fn check(text: &str, language: Language, whose: &str) {
    assert!(!text.trim().is_empty(), "{whose} says nothing");
    assert!(!text.contains(['{', '}']), "{whose} has a place for a value that is not filled: {text}");
    assert!(!text.contains(['!', '\n']), "{whose} shouts, or has several lines: {text}");
    match language {
        Language::English => assert!(!text.chars().any(is_hangul), "{whose} has Korean in English: {text}"),
        Language::Korean => {
            assert!(!has_english_prose(text), "{whose} has English prose in Korean: {text}");
            for given_up in ["데드레터", "데드 레터", "수신 확인", "상담원", "브레이크", "게이트웨이"]
            {
                assert!(!text.contains(given_up), "{whose} says {given_up}: {text}");
            }
        }
    }
}

/// The polite forms in which a contact centre's programs speak, 합니다 and 하십시오, and no other.
fn is_polite(korean: &str, whose: &str) {
    for sentence in korean.split(". ") {
        // Values that are listed behind a sentence end no sentence.
        let sentence = sentence.split(": ").next().unwrap_or(sentence);
        assert!(sentence.ends_with("니다") || sentence.ends_with("십시오"), "{whose}: {sentence}");
    }
}

#[test]
fn every_code_says_in_both_languages_what_happened_why_and_what_to_do_with_and_without_named_values() {
    let (nothing, everything) = (Facts::default(), facts(&all_values()));
    for code in FailureCode::ALL {
        for language in Language::ALL {
            for known in [&nothing, &everything] {
                let said = code.explained(known, language);
                for text in [said.what, said.why.as_str(), said.remedy, code.remedy_of_draft_in(language)] {
                    check(text, language, code.as_str());
                    if language == Language::Korean {
                        is_polite(text, code.as_str());
                        assert!(text.chars().any(is_hangul), "{code} has no Korean: {text}");
                    }
                    assert!(!text.ends_with('.'), "{code}: whoever shows it sets the full stop: {text}");
                }
                assert!(said.what != said.why, "{code} gives its own meaning as the reason");
                assert_eq!(said.facts.len(), if known.is_empty() { 0 } else { Facts::NAMES.len() });
                said.facts.iter().for_each(|fact| check(fact, language, code.as_str()));
            }
        }
    }
}

#[test]
fn no_two_codes_say_the_same_of_what_happened() {
    for language in Language::ALL {
        let mut said: Vec<&str> = FailureCode::ALL.iter().map(|code| code.what_in(language)).collect();
        said.sort_unstable();
        let all = said.len();
        said.dedup();
        assert_eq!(said.len(), all, "{language:?}");
    }
}

#[test]
fn the_reason_names_its_values_where_they_are_known_and_is_general_where_one_is_missing() {
    let known = facts(&json!({ "length": 1004, "length_max": 1000, "measure": "utf8_bytes" }));
    let said = |facts: &Facts, language| FailureCode::BodyTooLong.explained(facts, language).why;
    assert_eq!(said(&known, Language::English), "It has 1,004 bytes of UTF-8, and 1,000 is the most");
    assert_eq!(said(&known, Language::Korean), "UTF-8 바이트 기준 1,004이며 한도는 1,000입니다");
    let general = said(&Facts::default(), Language::Korean);
    assert_eq!(general, "채널과 발송사마다 길이 한도가 있으며 본문을 잘라서 보내지 않습니다");
    let one_is_missing = Facts { length_max: None, ..known };
    assert_eq!(said(&one_is_missing, Language::Korean), general);
}

/// A sentence that no code says, or a value that no table has, would be found by nobody.
#[test]
fn each_named_value_alone_is_listed_in_both_languages_and_passes_through_json() {
    let all = all_values();
    let names: Vec<&String> = all.as_object().expect("an object").keys().collect();
    let mut declared = Facts::NAMES.to_vec();
    declared.sort_unstable();
    assert_eq!(names, declared, "this test knows every value");
    for name in names {
        let value = json!({ name.as_str(): all[name] });
        let known = facts(&value);
        assert_eq!(serde_json::to_value(&known).expect("facts are JSON"), value, "{name}");
        for language in Language::ALL {
            let listed = known.listed(language);
            assert_eq!(listed.len(), 1, "{name}");
            check(&listed[0], language, name);
        }
    }
    let newer = json!({ "country_code": 84, "of_a_newer_release": true });
    assert_eq!(facts(&newer).country_code, Some(84), "what a newer release names is passed over");
}

#[test]
fn what_one_look_knows_stands_before_what_another_adds() {
    let own = facts(&json!({ "provider": "nhn" }));
    let other = facts(&json!({ "provider": "twilio", "provider_code": "30003" }));
    let both = own.or(other);
    assert_eq!((both.provider, both.provider_code.as_deref()), (Some(Provider::Nhn), Some("30003")));
}

#[test]
fn every_closed_set_has_words_in_both_languages_and_no_two_of_one_set_are_the_same() {
    let sets: [(&str, Vec<Words>); 9] = [
        ("channel", Channel::ALL.iter().map(|one| one.words()).collect()),
        ("outcome", OutcomeName::ALL.iter().map(|one| one.words()).collect()),
        ("receipt", ReceiptStatus::ALL.iter().map(|one| one.words()).collect()),
        ("evidence", Evidence::ALL.iter().map(|one| one.words()).collect()),
        ("rule", RuleId::ALL.iter().map(|one| one.words()).collect()),
        ("effect", RuleEffect::ALL.iter().map(|one| one.words()).collect()),
        ("measure", TextMeasure::ALL.iter().map(|one| one.words()).collect()),
        ("report", DsnAction::ALL.iter().map(|one| one.words()).collect()),
        ("complaint", Feedback::ALL.iter().map(|one| one.words()).collect()),
    ];
    for (set, words) in sets {
        for language in Language::ALL {
            let mut said: Vec<&str> = words.iter().map(|words| words.in_language(language)).collect();
            said.iter().for_each(|text| check(text, language, set));
            said.sort_unstable();
            said.dedup();
            assert_eq!(said.len(), words.len(), "{set}: {said:?}");
        }
    }
    for (provider, language) in
        Provider::ALL.iter().flat_map(|one| Language::ALL.map(|language| (one, language)))
    {
        check(&provider.named(language), language, provider.as_str());
    }
}

#[test]
fn every_status_of_a_mail_that_came_back_has_a_reason_in_both_languages() {
    for (subject, detail) in (0..=9).flat_map(|subject| (0..=40).map(move |detail| (subject, detail))) {
        let status = DsnStatus { class: 5, subject, detail };
        for language in Language::ALL {
            let text = status.words().in_language(language);
            check(text, language, &status.to_string());
        }
    }
}

#[test]
fn a_status_of_a_mail_is_a_text_of_three_numbers_and_nothing_else() {
    let status = DsnStatus { class: 5, subject: 1, detail: 10 };
    assert_eq!("5.1.10".parse(), Ok(status));
    assert_eq!(serde_json::to_value(status).expect("a status is JSON"), "5.1.10");
    for wrong in ["", "5", "5.1", "5.1.1.1", "5.1.x", "5..1", "5.1.1 ", "-5.1.1", "5.1.70000"] {
        assert!(wrong.parse::<DsnStatus>().is_err(), "{wrong}");
    }
    let facts = facts(&json!({ "mail_status": "5.2.2" }));
    let said = |language| FailureCode::MailBounced.explained(&facts, language).why;
    assert_eq!(said(Language::English), "The report's status is 5.2.2 (a full mailbox)");
    assert_eq!(said(Language::Korean), "반송 보고서의 상태 코드는 5.2.2(가득 찬 메일함)입니다");
}
