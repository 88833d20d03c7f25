//! Whoever does something is somebody, may do it, and is on record.

use std::process::Command;

use closure_tests::harness::{Answer, Fleet, FleetOptions, jobs, run};
use serde_json::Value;

/// The account of the operating system that the commands of a test run as.
fn os_account() -> String {
    let output = Command::new("id").arg("-un").output().expect("every system has it");
    String::from_utf8(output.stdout).expect("a name").trim().to_owned()
}

async fn fleet(name: &'static str) -> Fleet {
    Fleet::start(FleetOptions::without_processes(name)).await
}

/// A letter that waits, with somebody's address in it.
async fn letter(fleet: &Fleet, id: i64) {
    let body = jobs::sms("+84912345678", "secret@example.com").to_string();
    fleet
        .database
        .query(&format!(
            "INSERT INTO dead_letter (id, key, queue, routing_key, code, detail, body, state, generation)
             OVERRIDING SYSTEM VALUE
             VALUES ({id}, 'bytes:{id}', 'closure.sms', 'sms', 'unroutable', 'x', convert_to('{body}', 'UTF8'), 'open', 1)"
        ))
        .await;
}

/// What is on record: account, proof, act, verdict.
async fn recorded(fleet: &Fleet) -> Vec<String> {
    fleet.database.query("SELECT account, proof, act, verdict FROM audit ORDER BY id").await
}

async fn latest(fleet: &Fleet) -> String {
    recorded(fleet).await.pop().expect("something is on record")
}

/// The first user, who is whoever runs the commands, with these rights besides `configure`.
async fn first(fleet: &Fleet, rights: &[&str]) {
    let account = os_account();
    let mut add =
        vec!["users", "add", "kim", "--first", "--display-name", "김민지", "--os-account", &account];
    rights.iter().for_each(|right| add.extend(["--grant", right]));
    fleet.cli(&add).await.with_code(0);
}

/// Every command that changes something or shows what is masked, and how it stands on record.
const COMMANDS: &[(&[&str], &str)] = &[
    (&["dead", "list"], "letter.list"),
    (&["dead", "show", "7"], "letter.show"),
    (&["dead", "show", "7", "--reveal", "--purpose", "a test"], "letter.show"),
    (&["dead", "replay", "7", "--reason", "a test"], "letter.replay"),
    (&["dead", "replay", "7", "--reason", "a test", "--edit", "job.json"], "letter.edit"),
    (&["dead", "discard", "7", "--reason", "a test"], "letter.discard"),
    (&["dead", "answer-by-email", "7", "--reason", "a test"], "letter.answer_by_email"),
    (&["show", "C-1"], "story.show"),
    (&["suppress", "list"], "recipient.list"),
    (&["suppress", "add", "a@example.com", "--reason", "a test"], "recipient.suppress"),
    (&["suppress", "remove", "a@example.com", "--reason", "a test"], "recipient.unsuppress"),
    (&["cancel", "C-1", "--revision", "1", "--reason", "a test"], "consultation.cancel"),
    (&["cancel", "C-1", "--undo", "--reason", "a test"], "consultation.undo_cancel"),
    (&["fallback-hold", "release", "nhn", "--reason", "a test"], "gateway.release_hold"),
    (&["gateways", "probe", "nhn"], "gateway.probe"),
    (
        &["template", "add", "vn-new", "--text", "[K.ride] It was found.", "--reason", "a test"],
        "template.add",
    ),
    (&["template", "submit", "vn-new", "1", "--reason", "a test"], "template.submit"),
    (&["template", "approve", "vn-new", "1", "--reason", "a test"], "template.approve"),
    (&["template", "revoke", "vn-new", "1", "--reason", "a test"], "template.revoke"),
    (&["users", "list"], "user.list"),
    (&["users", "add", "park"], "user.add"),
    (&["users", "grant", "park", "see"], "user.grant"),
    (&["users", "revoke", "park", "see"], "user.revoke"),
    (&["users", "disable", "park"], "user.disable"),
    (&["users", "enable", "park"], "user.enable"),
    (&["users", "account", "park", "park"], "user.account"),
    (&["audit", "list"], "audit.read"),
    (&["audit", "review"], "audit.review"),
];

#[test]
fn where_nobody_is_a_user_commands_work_as_before_and_the_account_is_on_record() {
    run(async {
        let fleet = fleet("people-none").await;
        let cli = format!("cli:{}", os_account());
        let doctor = fleet.cli(&["--json", "doctor"]).await.with_code(0).json();
        let users = doctor.as_array().expect("a list").iter().find(|one| one["what"] == "users");
        let users = users.expect("the doctor looks at the users").clone();
        assert_eq!(users["verdict"], "watch", "{users}");
        assert!(
            users["detail"].as_str().is_some_and(|said| said.contains("fleet users add --first")),
            "{users}"
        );
        let signed = ["--as", "kim", "--reason", "a test"];
        fleet.cli(&[&["suppress", "add", "a@example.com"], &signed[..]].concat()).await.with_code(0);
        assert_eq!(latest(&fleet).await, format!("{cli}|none|recipient.suppress|done"));
        fleet.cli(&["suppress", "remove", "a@example.com", "--reason", "a test"]).await.with_code(0);
        let signatures = fleet.database.query("SELECT actor FROM suppression_action ORDER BY id").await;
        assert_eq!(signatures, ["kim".to_owned(), cli.clone()], "a name that was said, or else the account");
        fleet.cli(&["users", "add", "kim"]).await.with_code(1);
        first(&fleet, &["see"]).await;
        assert_eq!(latest(&fleet).await, format!("{cli}|none|user.add|done"));
        fleet.cli(&["users", "add", "lee", "--first"]).await.with_code(1);
        assert_eq!(latest(&fleet).await, "kim|os_account|user.add|without_effect");
        let doctor = fleet.cli(&["doctor"]).await.with_code(0).output;
        assert!(doctor.contains("1 may act"), "{doctor}");
        fleet.vhost.delete().await;
    });
}

#[test]
fn every_command_asks_for_its_right_and_a_refusal_is_on_record() {
    run(async {
        let fleet = fleet("people-rights").await;
        letter(&fleet, 7).await;
        first(&fleet, &[]).await;
        let account = os_account();
        fleet.cli(&["users", "add", "lee", "--grant", "configure"]).await.with_code(0);
        // Now nobody is left but somebody whom the account does not prove.
        fleet.database.query("UPDATE app_user SET os_accounts = '{}'").await;
        let before = recorded(&fleet).await.len();
        for (index, (command, act)) in COMMANDS.iter().enumerate() {
            let refused = fleet.cli(command).await.with_code(1);
            assert!(refused.output.is_empty() && refused.errors.contains("--as"), "{command:?}: {refused:?}");
            let rows = recorded(&fleet).await;
            assert_eq!(rows.len(), before + index + 1, "{command:?}");
            assert_eq!(rows.last(), Some(&format!("cli:{account}|none|{act}|denied")), "{command:?}");
        }
        // A user who has no right but one is refused all the same, and told which right is missing.
        fleet
            .database
            .query(&format!("UPDATE app_user SET os_accounts = '{{{account}}}' WHERE name = 'kim'"))
            .await;
        let refused = fleet.cli(&["dead", "show", "7"]).await.with_code(1);
        assert!(refused.errors.contains("fleet users grant kim see"), "{}", refused.errors);
        assert_eq!(latest(&fleet).await, "kim|os_account|letter.show|denied");
        fleet.cli(&["users", "grant", "kim", "see"]).await.with_code(0);
        let refused = fleet.cli(&["dead", "show", "7", "--reveal", "--purpose", "a test"]).await.with_code(1);
        assert!(refused.output.is_empty() && refused.errors.contains("reveal"), "{refused:?}");
        assert_eq!(latest(&fleet).await, "kim|os_account|letter.reveal|denied");
        let open = fleet.database.query("SELECT state FROM dead_letter").await;
        assert_eq!(open, ["open"], "nothing of it was done");
        assert_eq!(fleet.database.query("SELECT count(*) FROM suppression").await, ["0"]);
        fleet.vhost.delete().await;
    });
}

#[test]
fn what_is_done_is_on_record_under_the_users_name_with_its_reason() {
    run(async {
        let fleet = fleet("people-acts").await;
        first(&fleet, &["see", "reveal", "replay", "edit", "steer"]).await;
        let signed = |command: &[&'static str]| [command, &["--reason", "the customer's wish"][..]].concat();
        fleet.cli(&signed(&["suppress", "add", "+84912345678"])).await.with_code(0);
        fleet.cli(&signed(&["suppress", "add", "+84912345678"])).await.with_code(0);
        fleet.cli(&signed(&["cancel", "C-1", "--revision", "1"])).await.with_code(0);
        fleet.cli(&signed(&["cancel", "C-2", "--undo"])).await.with_code(1);
        fleet
            .cli(&signed(&["template", "add", "vn-new", "--text", "[K.ride] It was found."]))
            .await
            .with_code(0);
        fleet.cli(&signed(&["template", "approve", "vn-new", "9"])).await.with_code(65);
        fleet.cli(&["gateways", "probe", "nhn"]).await.with_code(1);
        letter(&fleet, 7).await;
        fleet.cli(&signed(&["dead", "discard", "7"])).await.with_code(0);
        let rows = fleet
            .database
            .query(
                "SELECT act, verdict, subject_kind, subject_id, purpose FROM audit WHERE account = 'kim' ORDER BY id",
            )
            .await;
        assert_eq!(
            rows,
            [
                "recipient.suppress|done|recipient|+84 ******5678|the customer's wish",
                "recipient.suppress|without_effect|recipient|+84 ******5678|the customer's wish",
                "consultation.cancel|done|consultation|C-1|the customer's wish",
                "consultation.undo_cancel|without_effect|consultation|C-2|the customer's wish",
                "template.add|done|template|vn-new|the customer's wish",
                "template.approve|without_effect|template|vn-new 9|the customer's wish",
                "gateway.probe|without_effect|gateway|nhn|",
                "letter.discard|done|letter|7|the customer's wish",
            ]
        );
        let signature = fleet.database.query("SELECT actor FROM suppression_action").await;
        assert_eq!(signature, ["kim"], "the user's name signs what is done");
        fleet.cli(&["audit", "verify"]).await.with_code(0);
        fleet.vhost.delete().await;
    });
}

/// Whatever is a customer's in the letter.
fn personal(answer: &Answer) -> Vec<&'static str> {
    let all = ["84912345678", "secret@example.com", "refund"];
    all.into_iter().filter(|one| answer.output.contains(one)).collect()
}

#[test]
fn a_letter_is_masked_until_somebody_with_the_right_says_what_for() {
    run(async {
        let fleet = fleet("people-reveal").await;
        letter(&fleet, 7).await;
        first(&fleet, &["see", "reveal"]).await;
        for style in [&[][..], &["--json"]] {
            let show = [style, &["dead", "show", "7"]].concat();
            let masked = fleet.cli(&show).await.with_code(0);
            assert_eq!(personal(&masked), [""; 0], "{}", masked.output);
            for tail in ["+84 ******5678", "s***@example.com", "closure.sms/1"] {
                assert!(masked.output.contains(tail), "{tail}: {}", masked.output);
            }
            assert!(
                recorded(&fleet).await.last().is_some_and(|row| !row.contains("letter")),
                "masked is no reveal"
            );
            fleet.cli(&[&show[..], &["--reveal"]].concat()).await.with_code(2);
            for purpose in [" ", "he says +84 912 345 678", "minsu@example.com asks"] {
                fleet.cli(&[&show[..], &["--reveal", "--purpose", purpose]].concat()).await.with_code(65);
            }
        }
        let reveal = ["dead", "show", "7", "--reveal", "--purpose", "고객 문의 응대"];
        let shown = fleet.cli(&reveal).await.with_code(0);
        assert_eq!(personal(&shown).len(), 3, "{}", shown.output);
        let rows = fleet.cli(&["--json", "audit", "list", "--act", "letter"]).await.with_code(0).json();
        let rows = rows.as_array().expect("a list");
        assert_eq!(rows.len(), 1);
        assert_eq!((&rows[0]["act"], &rows[0]["subject_id"]), (&"letter.reveal".into(), &"7".into()));
        assert_eq!(rows[0]["purpose"], "고객 문의 응대");
        // What cannot be put on record is not shown.
        fleet.database.query("ALTER TABLE audit ADD CHECK (act <> 'letter.reveal') NOT VALID").await;
        let hidden = fleet.cli(&reveal).await;
        assert!(hidden.code != 0 && personal(&hidden).is_empty(), "{hidden:?}");
        fleet.vhost.delete().await;
    });
}

#[test]
fn another_name_than_the_accounts_needs_its_password_and_a_shared_account_is_told_as_such() {
    run(async {
        let fleet = fleet("people-proofs").await;
        let account = os_account();
        first(&fleet, &["replay"]).await;
        fleet.cli(&["users", "add", "lee", "--grant", "replay"]).await.with_code(0);
        let (right, wrong) =
            (fleet.file("right", b"a long password\n"), fleet.file("wrong", b"another password\n"));
        let short = fleet.file("short", b"too short\n");
        let suppress = |more: &[&str]| -> Vec<String> {
            let words = ["suppress", "add", "a@example.com", "--reason", "a test"];
            words.iter().chain(more).map(|&word| word.to_owned()).collect()
        };
        let tried = async |more: &[&str]| {
            let words = suppress(more);
            let words: Vec<&str> = words.iter().map(String::as_str).collect();
            let answer = fleet.cli(&words).await;
            (answer.code, latest(&fleet).await)
        };
        let denied = format!("cli:{account}|none|recipient.suppress|denied");
        assert_eq!(
            tried(&["--as", "lee", "--password-file", &right]).await,
            (1, denied.clone()),
            "none is set"
        );
        fleet.cli(&["users", "password", "lee", "--file", &short]).await.with_code(65);
        fleet.cli(&["users", "password", "lee", "--file", &right]).await.with_code(0);
        assert_eq!(tried(&["--as", "lee", "--password-file", &wrong]).await, (1, denied.clone()));
        let wanted = fleet.database.query("SELECT purpose FROM audit ORDER BY id DESC LIMIT 1").await;
        assert_eq!(wanted, ["as `lee`: a test"], "whom it was said to be is on record");
        assert_eq!(tried(&["--as", "lee"]).await, (1, denied.clone()), "no terminal can ask for it");
        assert_eq!(tried(&["--as", "nobody"]).await, (1, denied.clone()));
        let by_password = "lee|password|recipient.suppress|done".to_owned();
        assert_eq!(tried(&["--as", "lee", "--password-file", &right]).await, (0, by_password));
        let once_more = |account: &str| (0, format!("{account}|recipient.suppress|without_effect"));
        assert_eq!(tried(&["--actor", "kim"]).await, once_more("kim|os_account"));
        fleet.cli(&["users", "account", "lee", &account]).await.with_code(0);
        assert_eq!(tried(&[]).await, (1, denied.clone()), "which of the two it is nobody knows");
        assert_eq!(tried(&["--as", "lee"]).await, once_more("lee|shared_account"));
        fleet.cli(&["users", "disable", "lee", "--as", "kim"]).await.with_code(0);
        assert_eq!(tried(&["--as", "lee", "--password-file", &right]).await, (1, denied));
        assert_eq!(tried(&[]).await, once_more("kim|os_account"), "the account is one user's alone again");
        let kept = fleet.database.query("SELECT password_hash FROM app_user WHERE name = 'lee'").await;
        assert!(kept[0].starts_with("$argon2id$"), "{kept:?}");
        let list = fleet.cli(&["--json", "users", "list"]).await.with_code(0);
        assert!(!list.output.contains("argon2"), "{}", list.output);
        fleet.vhost.delete().await;
    });
}

#[test]
fn a_row_that_was_changed_is_named_and_a_months_report_counts_what_each_did() {
    run(async {
        let fleet = fleet("people-audit").await;
        letter(&fleet, 7).await;
        // The harness has imported templates.
        let before = recorded(&fleet).await.len();
        first(&fleet, &["see", "reveal"]).await;
        let reveal = ["dead", "show", "7", "--reveal", "--purpose", "a test"];
        for _ in 0..2 {
            fleet.cli(&reveal).await.with_code(0);
        }
        fleet.cli(&["dead", "discard", "7", "--reason", "a test"]).await.with_code(1);
        let check = fleet.cli(&["--json", "audit", "verify"]).await.with_code(0).json();
        assert_eq!((&check["rows"], &check["broken"]), (&(before + 4).into(), &Value::Null), "{check}");
        let head = check["head"].as_str().expect("a hash").to_owned();
        let month = fleet.database.query("SELECT to_char(now() AT TIME ZONE 'Asia/Seoul', 'YYYY-MM')").await;
        let review = ["--json", "audit", "review", "--month", &month[0]];
        let kim = fleet.cli(&review).await.with_code(0).json()["accounts"]["kim"].clone();
        // The review that is under way is an act as well.
        let counts = ["acts", "reveals", "exports", "refusals", "unproven"].map(|name| kim[name].as_i64());
        assert_eq!(counts, [Some(3), Some(2), Some(0), Some(1), Some(0)], "{kim}");
        let last_month = fleet.cli(&["--json", "audit", "review"]).await.with_code(0).json();
        assert_eq!(last_month["accounts"], serde_json::json!({}), "nobody did anything then");
        fleet.cli(&["audit", "verify", "--head", &head]).await.with_code(0);
        let revealed = before + 3;
        let change = format!("UPDATE audit SET purpose = 'nothing' WHERE id = {revealed}");
        fleet.database.query(&change).await;
        let broken = fleet.cli(&["audit", "verify"]).await.with_code(1);
        let row = format!("row {revealed}: it is not as it was written");
        assert!(broken.errors.contains(&row), "{broken:?}");
        fleet.database.query(&format!("DELETE FROM audit WHERE id >= {revealed}")).await;
        fleet.cli(&["audit", "verify"]).await.with_code(0);
        let cut = fleet.cli(&["audit", "verify", "--head", &head]).await.with_code(1);
        assert!(cut.errors.contains("kept elsewhere"), "{cut:?}");
        fleet.vhost.delete().await;
    });
}
