//! Mails that come back after they were accepted.

use std::path::Path;

use closure_contract::JobId;
use closure_store::DeliveryState;
use closure_tests::harness::{Fleet, FleetOptions, LONG, ProcessSpec, eventually, jobs, run};
use tempfile::TempDir;

const SECRET: &str = "journey-bounce-secret-0123456789-0123456789";
const DOMAIN: &str = "bounce.example.com";

struct Setting {
    fleet: Fleet,
    maildir: TempDir,
}

impl Setting {
    async fn start(name: &'static str) -> Self {
        let maildir = tempfile::tempdir().expect("a folder can be made");
        for folder in ["new", "cur", "tmp"] {
            std::fs::create_dir(maildir.path().join(folder)).expect("a folder can be made");
        }
        let workers = ProcessSpec::work("workers", &["email", "dead", "fallback"]);
        let reader = ProcessSpec::work("bounces", &["bounces"]);
        let options = FleetOptions::with(name, vec![workers, reader])
            .variable("FLEET_BOUNCES_DOMAIN", DOMAIN)
            .variable("FLEET_BOUNCES_SECRET", SECRET)
            .variable("FLEET_BOUNCES_MAILDIR", &maildir.path().display().to_string())
            .variable("FLEET_BOUNCES_LOOK_MS", "100");
        Self { fleet: Fleet::start(options).await, maildir }
    }

    /// An accepted mail, and the envelope sender under which it went out.
    async fn accepted(&self, to: &str) -> (JobId, String) {
        let id = self.fleet.publish(&jobs::email(to)).await;
        assert_eq!(self.fleet.outcomes_of(id, 1).await[0].summary(), "email.accepted");
        (id, self.fleet.smtp.mails_to(to)[0].from.clone())
    }

    fn deliver(&self, name: &str, mail: impl AsRef<[u8]>) {
        let tmp = self.maildir.path().join("tmp").join(name);
        std::fs::write(&tmp, mail).expect("a mail can be written");
        std::fs::rename(tmp, self.maildir.path().join("new").join(name)).expect("a mail can be moved");
    }

    /// Waits until a mail lies in a folder, and says under which name.
    async fn lies_in(&self, folder: &str, name: &str) {
        let folder = self.maildir.path().join(folder);
        eventually(&format!("{name} in {}", folder.display()), LONG, || async {
            let names = names(&folder);
            if names.iter().any(|found| found.starts_with(name)) { Ok(()) } else { Err(names.join(" ")) }
        })
        .await;
    }

    async fn state(&self, id: JobId) -> DeliveryState {
        let story = self.fleet.store.job_history(id).await.expect("the database answers");
        story.expect("the job is known").state
    }
}

fn names(folder: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(folder).expect("the folder can be read");
    entries.flatten().map(|entry| entry.file_name().to_string_lossy().into_owned()).collect()
}

/// A recorded notice as it would have come back for this mail to this recipient.
fn notice(name: &str, ours: &str, recipient: &str) -> Vec<u8> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../crates/providers/tests/recorded/notices");
    let raw = std::fs::read(folder.join(format!("{name}.eml"))).expect("the notice is there");
    let said = [("@OURS@", ours), ("gone@example.net", recipient)];
    said.iter().fold(raw, |mail, (place, with)| replaced(&mail, place.as_bytes(), with.as_bytes()))
}

fn replaced(bytes: &[u8], place: &[u8], with: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(bytes.len());
    let mut rest = bytes;
    while let Some(at) = rest.windows(place.len()).position(|window| window == place) {
        out.extend_from_slice(&rest[..at]);
        out.extend_from_slice(with);
        rest = &rest[at + place.len()..];
    }
    out.extend_from_slice(rest);
    out
}

fn report(to: &str, action: &str, status: &str) -> String {
    format!(
        "Return-Path: <>\r\nDelivered-To: {to}\r\nFrom: MAILER-DAEMON@mx.example.com\r\nTo: {to}\r\n\
         Subject: Undelivered Mail Returned to Sender\r\nMIME-Version: 1.0\r\n\
         Content-Type: multipart/report; report-type=delivery-status; boundary=\"b1\"\r\n\r\n\
         --b1\r\nContent-Type: message/delivery-status\r\n\r\nReporting-MTA: dns; mx.example.com\r\n\r\n\
         Final-Recipient: rfc822; somebody@example.net\r\nAction: {action}\r\nStatus: {status}\r\n\
         Diagnostic-Code: smtp; 550 {status} <somebody@example.net>: no\r\n\r\n--b1--\r\n"
    )
}

#[test]
fn a_mail_that_comes_back_is_told_once_and_its_mailbox_is_not_written_to_again() {
    run(async {
        let setting = Setting::start("bounced").await;
        let fleet = &setting.fleet;
        let (id, from) = setting.accepted("bounced-hard@example.com").await;
        assert!(from.starts_with("b+") && from.ends_with("@bounce.example.com"), "{from}");
        setting.deliver("1.hard", report(&from, "failed", "5.1.1"));
        let heard = fleet.outcomes_of(id, 2).await;
        assert_eq!(heard[1].summary(), "email.undelivered mail_bounced");
        setting.deliver("2.again", report(&from, "failed", "5.1.1").replace("MAILER-DAEMON", "daemon"));
        setting.lies_in("cur", "1.hard:2,S").await;
        setting.lies_in("cur", "2.again:2,S").await;
        assert_eq!(fleet.outcomes_of(id, 2).await.len(), 2, "once");
        let again = fleet.publish(&jobs::email("Bounced-Hard@example.com")).await;
        assert_eq!(fleet.outcomes_of(again, 1).await[0].summary(), "email.dead suppressed");
        let list = fleet.cli(&["--json", "suppress", "list"]).await.with_code(0).json();
        assert_eq!(list[0]["source"], "hard_bounce", "{list}");
        setting.fleet.finish().await;
    });
}

#[test]
fn a_full_mailbox_may_be_written_to_again_and_a_delay_and_an_answering_machine_count_for_nothing() {
    run(async {
        let setting = Setting::start("bounced-soft").await;
        let fleet = &setting.fleet;
        let (full, from_full) = setting.accepted("bounced-full@example.com").await;
        let (late, from_late) = setting.accepted("bounced-late@example.com").await;
        setting.deliver("1.delayed", report(&from_late, "delayed", "4.4.1"));
        let away = format!(
            "To: {from_late}\r\nSubject: Out of office\r\nAuto-Submitted: auto-replied\r\n\r\nAway.\r\n"
        );
        setting.deliver("2.away", away);
        setting.deliver("3.full", report(&from_full, "failed", "5.2.2"));
        assert_eq!(fleet.outcomes_of(full, 2).await[1].summary(), "email.undelivered mail_bounced");
        setting.lies_in("cur", "1.delayed").await;
        setting.lies_in("cur", "2.away").await;
        assert_eq!(setting.state(late).await, DeliveryState::Accepted);
        assert_eq!(fleet.outcomes_of(late, 1).await.len(), 1);
        setting.accepted("bounced-full@example.com").await;
        setting.fleet.finish().await;
    });
}

#[test]
fn a_mail_servers_plain_words_about_the_jobs_own_recipient_end_the_mail_whatever_they_are_wrapped_in() {
    run(async {
        let setting = Setting::start("bounced-words").await;
        for name in
            ["case-failed-recipient", "case-reject-reason", "inside-mixed", "exchange-korean", "qq-text"]
        {
            let to = format!("words-{name}@example.com");
            let (id, from) = setting.accepted(&to).await;
            setting.deliver(name, notice(name, &from, &to));
            let heard = setting.fleet.outcomes_of(id, 2).await;
            assert_eq!(heard[1].summary(), "email.undelivered mail_bounced", "{name}");
            setting.lies_in("cur", name).await;
        }
        setting.fleet.finish().await;
    });
}

#[test]
fn a_notice_that_nobody_can_read_waits_in_the_desk_with_its_bytes_and_cannot_be_sent_again() {
    run(async {
        let setting = Setting::start("bounced-unread").await;
        let fleet = &setting.fleet;
        let (id, from) = setting.accepted("unread@example.com").await;
        let names = ["unknown-words", "another-recipient", "not-utf-8", "exploded"];
        for name in names {
            setting.deliver(name, notice(name, &from, "unread@example.com"));
            setting.lies_in(".aside/new", name).await;
        }
        let large = format!("Return-Path: <>\r\nTo: {from}\r\n\r\n{}", "x".repeat(3 * 1024 * 1024));
        setting.deliver("large", &large);
        setting.lies_in(".aside/new", "large").await;
        // The same mail once more is the same letter.
        setting.deliver("again", notice("unknown-words", &from, "unread@example.com"));
        setting.lies_in(".aside/new", "again").await;
        let list =
            fleet.cli(&["--json", "dead", "list", "--code", "bounce_unread"]).await.with_code(0).json();
        let letters = list.as_array().expect("a list");
        assert_eq!(letters.len(), names.len() + 1, "{list}");
        assert!(letters.iter().all(|letter| letter["job_id"] == id.to_string()), "{list}");
        assert_eq!(setting.state(id).await, DeliveryState::Accepted);
        let letter = letters[0]["id"].to_string();
        let who = ["--actor", "kim", "--reason", "read it"];
        let replay = fleet.cli(&[&["dead", "replay", &letter], &who[..]].concat()).await;
        assert!(replay.with_code(1).errors.contains("there is nothing to send again"));
        fleet.cli(&[&["dead", "discard", &letter], &who[..]].concat()).await.with_code(0);
        assert_eq!(fleet.outcomes_of(id, 1).await.len(), 1, "the job stands as it stood");
        let doctor = fleet.cli(&["doctor"]).await.with_code(1);
        assert!(doctor.output.contains("came back and nobody has read"), "{}", doctor.output);
        setting.fleet.finish().await;
    });
}

#[test]
fn what_is_forged_or_unreadable_moves_nothing_and_is_kept_for_a_person() {
    run(async {
        let setting = Setting::start("bounced-forged").await;
        let (id, from) = setting.accepted("bounced-forged@example.com").await;
        let forged = from.replacen(".1.", ".2.", 1);
        setting.deliver("1.forged", report(&forged, "failed", "5.1.1"));
        setting.deliver("2.none", report("noreply@example.com", "failed", "5.1.1"));
        setting.deliver("3.torn", report(&from, "exploded", "5.1.1"));
        setting.deliver("4.large", "x".repeat(3 * 1024 * 1024));
        std::os::unix::fs::symlink("/etc/passwd", setting.maildir.path().join("new/5.link")).expect("a link");
        for name in ["1.forged", "2.none", "3.torn", "4.large", "5.link"] {
            setting.lies_in(".aside/new", name).await;
        }
        assert_eq!(setting.state(id).await, DeliveryState::Accepted);
        setting.fleet.finish().await;
    });
}

/// A complaint as a mailbox's provider passes it on, to the address that was registered for such (RFC 5965).
fn complaint(ours: &str, kind: &str) -> String {
    format!(
        "Return-Path: <feedback@example.net>\r\nDelivered-To: fbl@{DOMAIN}\r\nFrom: feedback@example.net\r\n\
         To: fbl@{DOMAIN}\r\nSubject: FW: Your lost item\r\nMIME-Version: 1.0\r\n\
         Content-Type: multipart/report; report-type=feedback-report; boundary=\"b1\"\r\n\r\n\
         --b1\r\nContent-Type: text/plain\r\n\r\nThis is an abuse report.\r\n\r\n\
         --b1\r\nContent-Type: message/feedback-report\r\n\r\nFeedback-Type: {kind}\r\nUser-Agent: Generator/1.0\r\n\
         Version: 1\r\nOriginal-Mail-From: <{ours}>\r\n\r\n--b1--\r\n"
    )
}

#[test]
fn who_complains_of_a_mail_is_not_written_to_again_and_the_mail_stays_one_that_arrived() {
    run(async {
        let setting = Setting::start("complained").await;
        let fleet = &setting.fleet;
        let (id, ours) = setting.accepted("complains@example.com").await;
        let (content, theirs) = setting.accepted("content@example.com").await;
        setting.deliver("1.abuse", complaint(&ours, "abuse"));
        setting.deliver("2.again", complaint(&ours, "abuse"));
        setting.deliver("3.not-spam", complaint(&theirs, "not-spam"));
        for name in ["1.abuse:2,S", "2.again:2,S", "3.not-spam:2,S"] {
            setting.lies_in("cur", name).await;
        }
        assert_eq!(
            (setting.state(id).await, setting.state(content).await),
            (DeliveryState::Accepted, DeliveryState::Accepted)
        );
        let list = fleet.cli(&["--json", "suppress", "list"]).await.with_code(0).json();
        let entries = list.as_array().expect("a list").len();
        assert_eq!((&list[0]["source"], entries), (&serde_json::json!("opt_out"), 1), "{list}");
        let reason = list[0]["reason"].as_str().expect("it says why");
        assert!(reason.contains("complaint") && reason.contains(&id.to_string()), "{reason}");
        for (to, told) in
            [("Complains@example.com", "email.dead suppressed"), ("content@example.com", "email.accepted")]
        {
            let again = fleet.publish(&jobs::email(to)).await;
            assert_eq!(fleet.outcomes_of(again, 1).await[0].summary(), told);
        }
        assert!(fleet.letters_of(id).await.is_empty(), "nobody has to read it");
        setting.fleet.finish().await;
    });
}
