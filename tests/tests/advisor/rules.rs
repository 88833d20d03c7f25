//! What a CRM asks while its agent types, and what it is told.

use closure_contract::{FailureCode, Language};
use closure_tests::harness::{Fleet, HttpAnswer, SHORT, cli_with_input, jobs, run};
use serde_json::{Value, json};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

use crate::{JOBS, NEXT, TOKEN, address, ask, code, is_korean, send, start};

/// Method, path, headers, body, and the status and the code of the answer.
type Case<'a> = (&'a str, &'a str, Vec<(&'a str, &'a str)>, &'a [u8], u16, &'a str);

#[test]
fn the_answer_is_that_of_the_command_line_and_nothing_else_happens() {
    run(async {
        let fleet = start("advisor", |options| options).await;
        let mut refused = jobs::sms("+819056001001", "advised@example.com");
        refused["sms"]["text"] = json!("Thank you 🙂, this is only a draft");
        let list = [
            jobs::sms("+84 91-234-5678", "vietnam-advised@example.com"),
            refused,
            jobs::email("board-advised@example.com"),
            jobs::dial("+84912345678", "1001"),
        ];
        for job in list {
            let body = job.to_string();
            fleet.add_canary("advised@example.com");
            fleet.add_canary("this is only a draft");
            let explained = ask(&fleet, "/v1/explain", TOKEN, body.as_bytes()).await;
            let validated = ask(&fleet, "/v1/validate", NEXT, body.as_bytes()).await;
            assert_eq!((explained.status, validated.status), (200, 200));
            let printed =
                cli_with_input(&fleet.environment, &["--json", "explain", "-"], body.as_bytes()).await;
            let mut printed = printed.json();
            printed.as_object_mut().expect("one job has one answer").remove("origin");
            assert_eq!(explained.json(), printed);
            let validity = validated.json();
            assert_eq!(validity["verdict"], printed["verdict"]);
            assert_eq!(validity["code"], printed["code"]);
            assert_eq!(validity["valid"], json!(printed["verdict"] == "send"));
            assert_eq!(validity["remedy"].is_string(), printed["code"].is_string());
        }
        assert_eq!(fleet.database.query("SELECT count(*) FROM delivery").await, ["0"]);
        fleet.queues_are_empty().await;
        fleet.finish().await;
    });
}

#[test]
fn every_refusal_is_json_with_a_code_and_says_what_to_do() {
    run(async {
        let fleet = start("advisor", |options| options).await;
        let job = jobs::sms("+819056001001", "refused-advice@example.com").to_string();
        for token in ["", "wrong", &TOKEN[1..], &TOKEN.to_uppercase()] {
            let answer = ask(&fleet, "/v1/explain", token, job.as_bytes()).await;
            assert_eq!((answer.status, code(&answer).as_str()), (401, "unauthorized"), "{token}");
            assert_eq!(answer.header("WWW-Authenticate"), Some("Bearer"));
        }
        let bearer = format!("Bearer {TOKEN}");
        let authorized = ("Authorization", bearer.as_str());
        let json_type = ("Content-Type", "application/json");
        let large = vec![b' '; 64 * 1024 + 1];
        let cases: [Case<'_>; 8] = [
            ("POST", "/v1/explain", vec![json_type], b"{}", 401, "unauthorized"),
            ("POST", "/v1/explain", vec![authorized], b"{}", 415, "unsupported_media_type"),
            (
                "POST",
                "/v1/validate",
                vec![authorized, ("Content-Type", "text/plain")],
                b"{}",
                415,
                "unsupported_media_type",
            ),
            ("POST", "/v1/explain", vec![authorized, json_type], &large, 413, "body_too_large"),
            ("POST", "/v1/explain", vec![authorized, json_type], b"{", 400, "unreadable_body"),
            ("POST", "/v1/validate", vec![authorized, json_type], b"{}", 400, "unknown_kind"),
            ("GET", "/v1/explain", vec![authorized], b"", 405, "method_not_allowed"),
            ("POST", "/v1/send", vec![authorized, json_type], b"{}", 404, "not_found"),
        ];
        for (method, path, headers, body, status, expected) in cases {
            let answer = send(&fleet, method, path, &headers, body).await;
            assert_eq!((answer.status, code(&answer).as_str()), (status, expected), "{method} {path}");
        }
        let mut misshapen: Value = serde_json::from_str(&job).expect("it is JSON");
        misshapen["to"]["phone"] = json!({});
        for path in ["/v1/explain", "/v1/validate"] {
            let answer = ask(&fleet, path, TOKEN, misshapen.to_string().as_bytes()).await;
            assert_eq!((answer.status, code(&answer).as_str()), (400, "wrong_shape"));
            assert_eq!(answer.json()["error"]["path"], "to.phone");
        }
        let alive = send(&fleet, "GET", "/readyz", &[], b"").await;
        assert_eq!(alive.status, 200, "probes have no token");
        fleet.finish().await;
    });
}

/// Asks with this `Accept-Language`, or with none.
async fn ask_in(fleet: &Fleet, path: &str, language: Option<&str>, body: &[u8]) -> HttpAnswer {
    let authorization = format!("Bearer {TOKEN}");
    let mut headers = vec![("Authorization", authorization.as_str()), ("Content-Type", "application/json")];
    headers.extend(language.map(|language| ("Accept-Language", language)));
    send(fleet, "POST", path, &headers, body).await
}

/// Every sentence for people in an answer about a job.
fn sentences(answer: &Value) -> Vec<&Value> {
    let rules = answer["rules"].as_array().into_iter().flatten().map(|rule| &rule["detail"]);
    let others = [&answer["detail"], &answer["remedy"], &answer["fallback"]["reason"]];
    others.into_iter().chain(rules).filter(|sentence| !sentence.is_null()).collect()
}

#[test]
fn whoever_prefers_korean_is_told_in_korean_and_everybody_else_in_english() {
    run(async {
        let fleet = start("advisor-korean", |options| options).await;
        let mut job = jobs::sms("+819056001001", "korean-advised@example.com");
        job["sms"]["text"] = json!("Thank you 🙂, this is only a draft");
        let job = job.to_string();
        let forbidden = FailureCode::ForbiddenCharacters;
        let askers = [
            (None, "en"),
            (Some("ko-KR,ko;q=0.9,en-US;q=0.8,en;q=0.7"), "ko"),
            (Some("en;q=0.2, KO;q=0.3"), "ko"),
            (Some("*"), "en"),
            (Some("fr, ;;q=x, kok"), "en"),
            (Some("ko;q=0"), "en"),
        ];
        let mut told = Vec::new();
        for (asked, expected) in askers {
            let explained = ask_in(&fleet, "/v1/explain", asked, job.as_bytes()).await;
            let validated = ask_in(&fleet, "/v1/validate", asked, job.as_bytes()).await;
            for answer in [&explained, &validated] {
                assert_eq!(answer.status, 200, "{asked:?}");
                assert_eq!(answer.header("Content-Language"), Some(expected), "{asked:?}");
                assert_eq!(answer.header("Vary"), Some("Accept-Language"), "{asked:?}");
                let body = answer.json();
                assert_eq!(body["code"], json!(forbidden));
                for sentence in sentences(&body) {
                    assert_eq!(is_korean(sentence), expected == "ko", "{asked:?}: {sentence}");
                }
            }
            let language = if expected == "ko" { Language::Korean } else { Language::English };
            let remedy = forbidden.remedy_of_draft_in(language);
            assert_eq!(validated.json()["remedy"], remedy, "{asked:?}");
            told.push(explained.json());
        }
        assert_eq!(told[1]["detail"], "문자로 보낼 수 없는 글자가 있습니다: U+1F642(위치 10)");
        assert_eq!(told[1]["sms"], told[0]["sms"], "what programs read is the same");

        let mut misshapen: Value = serde_json::from_str(&job).expect("it is JSON");
        misshapen["to"]["phone"] = json!({});
        let answer = ask_in(&fleet, "/v1/explain", Some("ko"), misshapen.to_string().as_bytes()).await;
        let error = &answer.json()["error"];
        assert_eq!((answer.status, &error["path"]), (400, &json!("to.phone")));
        assert!(is_korean(&error["problem"]), "{error}");

        let large = vec![b' '; 64 * 1024 + 1];
        let authorization = format!("Bearer {TOKEN}");
        let good = [("Authorization", authorization.as_str()), ("Accept-Language", "ko")];
        let readable = [good[0], good[1], ("Content-Type", "application/json")];
        let doors: [Case<'_>; 5] = [
            ("POST", "/v1/explain", vec![good[1]], b"{}", 401, "unauthorized"),
            ("POST", "/v1/explain", good.to_vec(), b"{}", 415, "unsupported_media_type"),
            ("GET", "/v1/explain", good.to_vec(), b"", 405, "method_not_allowed"),
            ("POST", "/v1/send", good.to_vec(), b"{}", 404, "not_found"),
            ("POST", "/v1/explain", readable.to_vec(), &large, 413, "body_too_large"),
        ];
        for (method, path, headers, body, status, expected) in doors {
            let answer = send(&fleet, method, path, &headers, body).await;
            let said = answer.json();
            assert_eq!((answer.status, code(&answer).as_str()), (status, expected), "{said}");
            assert!(is_korean(&said["error"]["problem"]), "{said}");
            assert_eq!(answer.header("Content-Language"), Some("ko"), "{status}");
            assert_eq!(answer.header("Vary"), Some("Accept-Language"), "{status}");
        }
        fleet.finish().await;
    });
}

#[test]
fn each_token_has_a_rate_and_the_process_has_one_of_its_own() {
    run(async {
        let fleet = start("advisor", |options| {
            options
                .variable("FLEET_ADVISOR_REQUESTS_PER_S_PER_TOKEN", "2")
                .variable("FLEET_ADVISOR_REQUESTS_PER_S", "3")
        })
        .await;
        let job = jobs::sms("+819056001001", "hurried@example.com").to_string();
        let mut statuses = Vec::new();
        // All at once: whatever the machine's pace, a second has room for two of one token and three of all.
        let asked = std::time::Instant::now();
        for (token, strangers) in [(TOKEN, 0), (TOKEN, 5), (TOKEN, 0), (NEXT, 0), (NEXT, 0)] {
            for _ in 0..strangers {
                assert_eq!(ask(&fleet, "/v1/validate", "stranger", b"{}").await.status, 401);
            }
            let answer = ask(&fleet, "/v1/validate", token, job.as_bytes()).await;
            if answer.status == 429 {
                assert_eq!(code(&answer), "rate_limited");
                let wait: u64 =
                    answer.header("Retry-After").and_then(|text| text.parse().ok()).expect("seconds");
                assert!((1..=2).contains(&wait), "{wait} s");
            }
            statuses.push(answer.status);
        }
        // One more place is free after a third of a second.
        let refilled = asked.elapsed().as_millis() / 300;
        let refused = statuses.iter().filter(|status| **status == 429).count();
        assert!(refilled > 0 || statuses == [200, 200, 429, 200, 429], "{statuses:?}");
        assert!(refilled > 2 || refused > 0, "{statuses:?}");
        fleet.finish().await;
    });
}

#[test]
fn what_a_caller_with_a_token_is_refused_again_and_again_is_one_line_with_its_count() {
    run(async {
        let fleet = start("advisor-refusals", |options| options).await;
        let before = fleet.warnings("advisor").await.len();
        for _ in 0..12 {
            let other_half = ask(&fleet, "/v1/explain", JOBS, b"{}").await;
            assert_eq!((other_half.status, code(&other_half).as_str()), (403, "forbidden"));
        }
        fleet.stop_process("advisor").await;
        let told = fleet.warnings("advisor").await.split_off(before);
        let lines: Vec<Value> = told.iter().filter_map(|line| serde_json::from_str(line).ok()).collect();
        let counted: u64 = lines.iter().filter_map(|line| line["questions"].as_u64()).sum();
        assert!(lines.len() <= 2, "{} lines: {told:#?}", lines.len());
        assert_eq!(counted, 12, "none of them is left untold: {told:#?}");
        fleet.start_process("advisor").await;
        fleet.finish().await;
    });
}

#[test]
fn a_body_that_dawdles_is_cut_off_and_holds_nobody_up() {
    run(async {
        let fleet = start("advisor", |options| {
            options.variable("FLEET_ADVISOR_TIMEOUT_MS", "500").variable("FLEET_ADVISOR_CONCURRENCY_MAX", "1")
        })
        .await;
        let address = address(&fleet).await;
        let mut slow = TcpStream::connect(&address).await.expect("the advisor listens");
        let head = format!(
            "POST /v1/explain HTTP/1.1\r\nHost: {address}\r\nAuthorization: Bearer {TOKEN}\r\n\
             Content-Type: application/json\r\nContent-Length: 100\r\n\r\n{{"
        );
        slow.write_all(head.as_bytes()).await.expect("the advisor reads");
        let mut answer = vec![0; 12];
        let read = tokio::time::timeout(SHORT, slow.read_exact(&mut answer)).await;
        read.expect("the advisor answers in time").expect("the advisor answers");
        assert_eq!(String::from_utf8_lossy(&answer), "HTTP/1.1 408");
        let job = jobs::sms("+819056001001", "after-the-slow@example.com").to_string();
        assert_eq!(ask(&fleet, "/v1/explain", TOKEN, job.as_bytes()).await.status, 200);
        fleet.finish().await;
    });
}
