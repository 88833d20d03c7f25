//! The command line speaks Korean and English to people, and to programs what it always did.

use closure_tests::harness::{Answer, Fleet, FleetOptions, LONG, cli, eventually, jobs, run};
use serde_json::Value;

/// A text that the rules refuse, an email that waits for a person, and bytes that are no job.
struct Failed {
    text: String,
    email_letter: String,
    bad_letter: String,
}

async fn failures(fleet: &Fleet) -> Failed {
    let mut text = jobs::sms("+81 90-5601-1777", "spoken@example.com");
    text["sms"]["text"] = "a🙂b".into();
    let text = fleet.publish(&text).await;
    fleet.outcomes_of(text, 1).await;
    let mut email = jobs::email("spoken-letter@example.com");
    email["email"]["subject"] = "분실물 안내입니다".into();
    let email = fleet.publish(&email).await;
    fleet.outcomes_of(email, 1).await;
    let bytes = r#"{"kind":"closure.sms/1"}"#;
    fleet.vhost.put("closure.sms.dead", None, bytes).await;
    let bad_letter = eventually("the letter of what is no job", LONG, || async {
        let ours = fleet.letters().await.into_iter().find(|letter| letter.body == bytes);
        ours.map(|letter| letter.summary.id.to_string()).ok_or_else(|| "there is none".to_owned())
    })
    .await;
    let email_letter = fleet.letters_of(email).await[0].summary.id.to_string();
    Failed { text: text.to_string(), email_letter, bad_letter }
}

/// Calls the fleet in this language.
async fn called(fleet: &Fleet, language: &str, command: &[&str]) -> String {
    fleet.cli(&[&["--lang", language], command].concat()).await.with_code(0).output
}

fn has(output: &str, lines: &[&str]) {
    for line in lines {
        assert!(output.contains(line), "no `{line}` in:\n{output}");
    }
}

#[test]
fn a_supervisor_reads_what_happened_why_and_what_to_do_in_korean_or_english() {
    run(async {
        let fleet = Fleet::start(FleetOptions::together("spoken")).await;
        let Failed { text, email_letter, bad_letter } = failures(&fleet).await;

        let korean = called(&fleet, "ko", &["show", &text]).await;
        has(
            &korean,
            &[
                "문자(sms)",
                "발송 거절(refused)",
                "forbidden_characters: 문자로 보낼 수 없는 글자가 본문에 있습니다",
                "원인     보낼 수 없는 글자가 있습니다: U+1F642",
                "값       보낼 수 없는 글자 U+1F642",
                "할 일    표시된 글자를 빼고 새 작업을 발행하십시오",
                "R9",
            ],
        );
        let english = called(&fleet, "en", &["show", &text]).await;
        has(
            &english,
            &[
                "refused (generation 1",
                "forbidden_characters: The text has characters that an SMS may not carry",
                "why      These may not be sent: U+1F642",
                "known    characters U+1F642",
                "to do    take out the listed characters and publish a new job",
            ],
        );

        has(&called(&fleet, "ko", &["dead", "list"]).await, &["무슨 일", "할 일", "subject_not_english"]);
        let shown = called(&fleet, "ko", &["dead", "show", &email_letter]).await;
        has(
            &shown,
            &[
                "조치 대기(open)",
                "subject_not_english: 해외 고객에게 보내는 제목이 영문이 아닙니다",
                "원인     해외 고객에게 보내는 제목은 운영 가이드(R19)에 따라 영문이어야 합니다",
                "할 일    제목을 인쇄 가능한 ASCII 문자로 작성한 뒤 재발송하십시오",
            ],
        );
        let shown = called(&fleet, "ko", &["dead", "show", &bad_letter]).await;
        has(&shown, &["wrong_shape", "상세     `job_id` 필드: ", "원인     `job_id` 필드가"]);
        let shown = called(&fleet, "en", &["dead", "show", &bad_letter]).await;
        has(&shown, &["why      The field `job_id` does not follow the JSON Schema of its kind"]);

        fleet.finish().await;
    });
}

#[test]
fn what_a_program_reads_is_the_same_in_every_language_and_has_the_named_values() {
    run(async {
        let fleet = Fleet::start(FleetOptions::together("spoken-json")).await;
        let Failed { text, email_letter, bad_letter } = failures(&fleet).await;
        let job = fleet
            .file("job.json", jobs::sms("+819056011778", "spoken-draft@example.com").to_string().as_bytes());
        for command in [
            vec!["show", text.as_str()],
            vec!["dead", "list"],
            vec!["dead", "show", &email_letter],
            vec!["dead", "show", &bad_letter],
            vec!["gateways", "list"],
            vec!["explain", &job],
        ] {
            let command = [&["--json"], &command[..]].concat();
            let english = called(&fleet, "en", &command).await;
            assert_eq!(called(&fleet, "ko", &command).await, english, "{command:?}");
        }
        let shown = fleet.cli(&["--json", "show", &text]).await.with_code(0).json();
        assert_eq!(shown[0]["facts"]["characters"], "U+1F642", "{shown}");
        let rules = shown[0]["rules"].as_array().expect("a job lists its rules").clone();
        let named: Vec<&Value> = rules.iter().filter(|rule| rule.get("facts").is_some()).collect();
        assert!(named.len() == 1 && named[0]["id"] == "R9", "a rule that lets pass names nothing: {rules:?}");
        let told = fleet.outcomes_of(text.parse().expect("an id"), 1).await;
        let told = told[0].outcome.rules.iter().find_map(|rule| rule.facts.clone());
        assert_eq!(
            told.and_then(|facts| facts.characters).as_deref(),
            Some("U+1F642"),
            "the CRM hears it too"
        );
        let shown = fleet.cli(&["--json", "dead", "show", &bad_letter]).await.with_code(0).json();
        assert_eq!(shown["facts"], serde_json::json!({ "field": "job_id" }), "{shown}");
        fleet.finish().await;
    });
}

#[test]
fn the_language_is_the_one_that_is_asked_for_or_that_of_the_locale() {
    run(async {
        let codes = async |variables: &[(&str, &str)], arguments: &[&str]| -> Answer {
            let variables: Vec<(String, String)> =
                variables.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
            cli(&variables, arguments).await
        };
        let is_korean = |answer: Answer| answer.with_code(0).output.contains("| 실패 코드 |");
        assert!(!is_korean(codes(&[], &["codes"]).await));
        assert!(is_korean(codes(&[("LANG", "ko_KR.UTF-8")], &["codes"]).await));
        assert!(is_korean(codes(&[("LC_ALL", "ko_KR.UTF-8"), ("LANG", "C")], &["codes"]).await));
        assert!(!is_korean(codes(&[("LC_ALL", "C.UTF-8"), ("LANG", "ko_KR.UTF-8")], &["codes"]).await));
        assert!(!is_korean(codes(&[("LANG", "ko_KR.UTF-8")], &["--lang", "en", "codes"]).await));
        assert!(is_korean(codes(&[], &["codes", "--lang", "ko"]).await));
        let refused = codes(&[], &["--lang", "fr", "codes"]).await.with_code(2);
        assert!(refused.errors.contains("ko and en"), "{}", refused.errors);
        let page = codes(&[("LANG", "ko_KR.UTF-8")], &["words"]).await.with_code(0).output;
        assert_eq!(page, codes(&[], &["words"]).await.with_code(0).output, "the page has both languages");
    });
}
