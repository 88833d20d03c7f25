//! Mail through a real mail server, read by programs that are not ours, and what that server reports of it.

use std::path::Path;

use closure_contract::{JobId, RuleId};
use closure_store::DeliveryState;
use closure_tests::harness::{
    Fleet, FleetOptions, LONG, Postfix, ProcessSpec, debian_python, documented_command, jobs, run, typed,
};
use serde_json::{Value, json};

/// What mail programs on the way like to change: a lonely dot, a line that begins with `From `, a line that is too
/// long for SMTP, spaces at the end, and what HTML and encoded words are made of.
const KOREAN: &str = "안녕하세요, 고객님.\n\n.\nFrom 어제 분실하신 물건을 찾았습니다. 😀\n요금 = 12,000원 <부가세 포함> & 주차료  \n\n끝";
const SUBJECT: &str =
    "분실물 안내: 맡기신 물건을 찾았으니 가까운 고객센터에서 신분증과 함께 받아 가시기 바랍니다 😀";
const KOREAN_FRAME: &str = include_str!("../../../crates/policy/frames/ko.txt");
const SENDER: &str = "noreply@kakaomobility.com";
const SELECTOR: &str = "fleet1";

async fn fleet(name: &'static str, postfix: &Postfix, key: Option<&Path>) -> Fleet {
    let workers = ProcessSpec::work("workers", &["email", "dead", "fallback"]);
    let reader = ProcessSpec::work("bounces", &["bounces"]);
    let mut options = postfix.serves(FleetOptions::with(name, vec![workers, reader]));
    if let Some(key) = key {
        options = options
            .variable("FLEET_EMAIL_DKIM_DOMAIN", "kakaomobility.com")
            .variable("FLEET_EMAIL_DKIM_SELECTOR", SELECTOR)
            .variable("FLEET_EMAIL_DKIM_KEY_FILE", &key.display().to_string());
    }
    Fleet::start(options).await
}

/// A mail that the mail server has taken.
async fn accepted(fleet: &Fleet, job: &Value) -> JobId {
    let id = fleet.publish(job).await;
    assert_eq!(fleet.outcomes_of(id, 1).await[0].summary(), "email.accepted");
    id
}

/// What Python's parser and Debian's verifier say of a mail.
async fn as_others_read(mail: &Path, record: &str) -> Value {
    let program = Path::new(env!("CARGO_MANIFEST_DIR")).join("python/mail.py");
    let mut command = debian_python(&program);
    command.arg(mail).arg(record);
    let ended = tokio::time::timeout(LONG, command.output()).await.expect("the reader ends in time");
    let output = ended.expect("Python can be started");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).expect("the reader prints JSON")
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_else(|| panic!("no text: {value}"))
}

#[test]
fn a_korean_reply_passes_a_real_mail_server_and_says_to_another_reader_what_was_meant() {
    run(async {
        let folder = tempfile::tempdir().expect("a folder can be made");
        typed(documented_command("openssl genpkey "), folder.path()).await;
        let public = typed(documented_command("openssl pkey "), folder.path()).await;
        let postfix = Postfix::start().await;
        let fleet = fleet("postfix", &postfix, Some(&folder.path().join("dkim_key"))).await;
        let long = "가나다라 ".repeat(90);
        let reply = format!("{KOREAN}\n{}", long.trim_end());
        let mut job = jobs::email("kim@known.example.org");
        job["scope"] = "domestic".into();
        job["to"]["language"] = "ko".into();
        job["email"] = json!({ "subject": SUBJECT, "text": reply });
        let id = accepted(&fleet, &job).await;
        let mails = postfix.mails_of_customers(1).await;
        let read = as_others_read(&mails[0], &format!("v=DKIM1; k=rsa; p={public}")).await;

        assert_eq!(read["from"], json!([["고객지원 Support", SENDER]]));
        assert_eq!(read["to"], json!([["", "kim@known.example.org"]]));
        assert_eq!(read["subject"], SUBJECT);
        assert_eq!(read["message_id"], format!("<{id}@mcrm.kakaomobility.com>"));
        assert_eq!(read["kind"], "multipart/alternative");
        assert_eq!(read["defects"], json!([]), "a strict reader has nothing to forgive");
        let meant = KOREAN_FRAME.replace("{{ reply }}", &reply).replace("{{ sender_address }}", SENDER);
        assert_eq!(text(&read["plain"]).replace("\r\n", "\n").trim_end(), meant.trim_end());
        let html = text(&read["html"]);
        for part in
            ["<html lang=\"ko\">", "요금 = 12,000원 &lt;부가세 포함&gt; &amp; 주차료", "😀", long.trim_end()]
        {
            assert!(html.contains(part), "{part} is missing in:\n{html}");
        }
        let key = format!("{SELECTOR}._domainkey.kakaomobility.com");
        assert_eq!(read["dkim"], json!({ "good": true, "key": [key] }), "signed, and still after the way");
        assert!(text(&read["return_path"]).starts_with("<b+"), "{}", read["return_path"]);
        let received = read["received"].to_string();
        assert!(received.contains("using TLS"), "{received}");
        let story = fleet.story(id).await.expect("the job is known");
        let queue_id = story.tries[0].provider_ref.as_deref().expect("the server's own name of the mail");
        assert!(received.contains(&format!("with ESMTPS id {queue_id}")), "{queue_id}: {received}");
        fleet.finish().await;
    });
}

#[test]
fn a_recipient_whom_the_next_mail_server_does_not_know_is_told_of_once_and_not_written_to_again() {
    run(async {
        let postfix = Postfix::start().await;
        let fleet = fleet("postfix-gone", &postfix, None).await;
        let id = accepted(&fleet, &jobs::email("lee@gone.example.org")).await;
        let heard = fleet.outcomes_of(id, 2).await;
        assert_eq!(heard[1].summary(), "email.undelivered mail_bounced");
        let detail = heard[1].outcome.detail.as_deref().unwrap_or_default();
        assert!(detail.starts_with("it came back: 5.1.1 smtp; 550 5.1.1 ("), "{detail}");
        assert!(detail.contains("User unknown"), "{detail}");
        assert_eq!(postfix.reports_read(1).await.len(), 1);
        assert_eq!(fleet.outcomes_of(id, 2).await.len(), 2, "once");
        let list = fleet.cli(&["--json", "suppress", "list"]).await.with_code(0).json();
        assert_eq!((&list[0]["source"], &list[1]), (&json!("hard_bounce"), &Value::Null), "{list}");
        let again = fleet.publish(&jobs::email("Lee@gone.example.org")).await;
        let heard = fleet.outcomes_of(again, 1).await;
        assert_eq!(heard[0].summary(), "email.dead suppressed");
        assert!(heard[0].outcome.rules.iter().any(|rule| rule.id == RuleId::B6));
        assert!(postfix.reports_aside().is_empty());
        fleet.finish().await;
    });
}

#[test]
fn a_warning_that_a_mail_waits_changes_nothing_and_giving_up_is_told_and_lists_nobody() {
    run(async {
        let postfix = Postfix::start().await;
        let fleet = fleet("postfix-silent", &postfix, None).await;
        let id = accepted(&fleet, &jobs::email("park@silent.example.org")).await;
        assert_eq!(postfix.reports_read(1).await.len(), 1, "the warning");
        let story = fleet.story(id).await.expect("the job is known");
        assert_eq!((story.state, story.receipts.len()), (DeliveryState::Accepted, 1), "on record alone");
        assert_eq!(fleet.outcomes_of(id, 1).await.len(), 1);
        postfix.gives_up().await;
        let heard = fleet.outcomes_of(id, 2).await;
        assert_eq!(heard[1].summary(), "email.undelivered mail_bounced");
        let detail = heard[1].outcome.detail.as_deref().unwrap_or_default();
        assert!(detail.starts_with("it came back: 4.4.1 "), "{detail}");
        postfix.reports_read(2).await;
        accepted(&fleet, &jobs::email("park@silent.example.org")).await;
        assert!(postfix.reports_aside().is_empty());
        fleet.finish().await;
    });
}
