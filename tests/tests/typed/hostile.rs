//! Whatever others write into what we keep, a terminal that shows it neither obeys it nor hides any of it.

use closure_tests::harness::{Answer, Fleet, FleetOptions, cli_with_input, jobs, run};

/// A text that clears a screen, forges a line of a letter's history, turns a line around and hides a part of itself.
const HOSTILE: &str = "x\u{1b}[2J\u{7}\r\n  2026-11-29T00:00:00Z  replay by kim: forged\u{9b}31m\u{202e}\u{200b}\u{2028}\u{feff}y";
/// What a forged line would begin with.
const FORGED: &str = "  2026-11-29T00:00:00Z  replay by kim";
const LETTER: &str = "77";
const JOB: &str = "8f0c6a1e-27b4-4d63-9a51-0b1f6c0e7a77";

/// The text without what PostgreSQL cannot keep in a literal of its own.
fn literal() -> String {
    format!("'{HOSTILE}'")
}

#[track_caller]
fn is_harmless(what: &[&str], answer: &Answer) {
    for (name, text) in [("output", &answer.output), ("errors", &answer.errors)] {
        let hidden = text.chars().find(|character| {
            (character.is_control() && *character != '\n')
                || matches!(character,
                    '\u{61c}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}')
        });
        assert_eq!(hidden, None, "{what:?}, {name}: {text:?}");
        let forged = text.lines().any(|line| line.starts_with(FORGED));
        assert!(!forged, "{what:?}, {name}: a line of the history is forged:\n{text}");
    }
}

/// One row of everything that holds words of others.
async fn keep(fleet: &Fleet) {
    let hostile = literal();
    let headers = serde_json::json!({ "x": HOSTILE }).to_string();
    let rules = serde_json::json!([{ "id": "R6", "effect": "pass", "detail": HOSTILE }]).to_string();
    let body = HOSTILE.bytes().map(|byte| format!("{byte:02x}")).collect::<String>();
    fleet
        .database
        .query(&format!(
            "INSERT INTO delivery (job_id, channel, kind, consultation_id, revision, generation, state, body, body_hash, attempts, rules)
             VALUES ('{JOB}', 'email', 'closure.email/1', {hostile}, 1, 1, 'dead', decode('{body}', 'hex'), sha256('x'), 0, '{rules}');
             INSERT INTO dead_letter (id, key, job_id, queue, routing_key, message_id, code, detail, body, headers, state, generation)
             OVERRIDING SYSTEM VALUE
             VALUES ({LETTER}, 'job:{JOB}', '{JOB}', {hostile}, {hostile}, {hostile}, 'unroutable', {hostile}, decode('{body}', 'hex'), '{headers}', 'open', 1);
             INSERT INTO dead_letter_action (dead_letter_id, action, actor, reason, generation)
             VALUES ({LETTER}, 'replay', {hostile}, {hostile}, 1);
             INSERT INTO suppression (kind, value_hash, masked, source, actor, reason)
             VALUES ('email', sha256('x'), {hostile}, 'operator', {hostile}, {hostile});
             INSERT INTO template (name, version, country_code, text, state, added_by)
             VALUES (substr({hostile}, 1, 64), 1, 84, {hostile}, 'draft', {hostile});
             INSERT INTO template_action (name, version, action, actor, reason)
             VALUES ('vn-answer-by-email', 1, 'add', {hostile}, {hostile})",
        ))
        .await;
}

#[test]
fn nothing_that_others_wrote_is_obeyed_hidden_or_taken_for_a_line_of_ours() {
    run(async {
        let fleet = Fleet::start(FleetOptions::without_processes("hostile")).await;
        keep(&fleet).await;
        let file =
            fleet.file(&format!("{}.json", HOSTILE.replace('/', " ")), b"{\"kind\": \"closure.fax/1\"}");
        let mut job = jobs::email("a@example.com");
        job["consultation"]["id"] = "C-\u{202e}1\u{200b}".into();
        job["to"]["language"] = "e\u{202e}n".into();
        let readable = fleet.file("readable-\u{1b}[2J.json", job.to_string().as_bytes());
        let template: String = HOSTILE.chars().take(64).collect();
        let commands: &[&[&str]] = &[
            &["dead", "list"],
            &["dead", "show", LETTER],
            &["dead", "show", LETTER, "--reveal", "--purpose", "a test"],
            &["dead", "show", LETTER, "--reveal", "--purpose", HOSTILE],
            &["audit", "list"],
            &["audit", "review", "--month", HOSTILE],
            &["users", "add", HOSTILE],
            &["users", "grant", HOSTILE, "see"],
            &["users", "list", "--as", HOSTILE],
            &["dead", "list", "--code", HOSTILE],
            &["dead", "list", "--state", HOSTILE],
            &["show", JOB],
            &["show", HOSTILE],
            &["show", "nobody\u{202e}"],
            &["suppress", "list"],
            &["suppress", "remove", HOSTILE, "--actor", "kim", "--reason", "a test"],
            &["template", "list"],
            &["template", "show", &template, "1"],
            &["template", "show", "vn-answer-by-email", "1"],
            &["template", "test", "--text", HOSTILE],
            &["template", "add", HOSTILE, "--text", HOSTILE, "--actor", "kim", "--reason", "a test"],
            &["template", "import", &file, "--actor", "kim", "--reason", "a test"],
            &["explain", &file],
            &["explain", &readable],
            &["enqueue", &file],
            &["enqueue", "no-such\u{1b}[2J\n  file"],
            &["cancel", HOSTILE, "--revision", "1", "--actor", "kim", "--reason", "a test"],
            &["cancel", "C\u{202e}", "--revision", "1", "--actor", "kim", "--reason", "a test"],
            &["dead", "replay", LETTER, "--actor", "kim", "--reason", "a test", "--edit", &file],
            &["doctor"],
            &["topology", HOSTILE],
            &["--config", &file, "doctor"],
            &["probe", HOSTILE],
            &["fallback-hold", "list"],
            &["gateways", "list"],
        ];
        for command in commands {
            is_harmless(command, &fleet.cli(command).await);
            let json: Vec<&str> = ["--json"].iter().chain(*command).copied().collect();
            is_harmless(&json, &fleet.cli(&json).await);
        }
        let input = format!("{job}\n{{\"kind\": \"{}\"}}\n", HOSTILE.replace(['\r', '\n'], " "));
        let answer = cli_with_input(&fleet.environment, &["explain", "--jsonl"], input.as_bytes()).await;
        is_harmless(&["explain", "--jsonl"], &answer);
        let shown = fleet.cli(&["dead", "show", LETTER]).await.with_code(0).output;
        assert!(shown.contains("x\\u{1b}[2J\\u{7}\\r\\n"), "what was written can still be read:\n{shown}");
        let shown = fleet.cli(&["--json", "dead", "show", LETTER]).await.with_code(0).json();
        assert_eq!(shown["actions"][0]["reason"], HOSTILE, "the document means what was kept");
        fleet.vhost.delete().await;
    });
}

#[test]
fn a_name_or_a_reason_that_a_terminal_would_obey_or_hide_goes_on_no_record() {
    run(async {
        let fleet = Fleet::start(FleetOptions::without_processes("hostile-names")).await;
        keep(&fleet).await;
        for (actor, reason) in
            [("kim\u{1b}[2J", "a test"), ("kim", "a\ntest"), ("k\u{202e}im", "x"), (" ", "x")]
        {
            for command in [vec!["dead", "discard", LETTER], vec!["suppress", "add", "a@example.com"]] {
                let more = ["--actor", actor, "--reason", reason];
                let command: Vec<&str> = command.into_iter().chain(more).collect();
                let answer = fleet.cli(&command).await.with_code(65);
                is_harmless(&command, &answer);
                assert!(
                    answer.errors.contains("--actor") || answer.errors.contains("--reason"),
                    "{}",
                    answer.errors
                );
            }
        }
        let kept = fleet.database.query("SELECT count(*) FROM dead_letter_action").await;
        assert_eq!(kept, ["1"], "only what stood there before");
        fleet.vhost.delete().await;
    });
}
