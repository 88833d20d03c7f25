//! A mail server whose replies are in no form that a textbook has: the code decides, and each mail goes out once.

use std::sync::atomic::{AtomicUsize, Ordering};

use closure_simulators::{MailBehaviour, MailPhase};
use closure_store::JobHistory;
use closure_tests::harness::{Fleet, FleetOptions, LONG, ProcessSpec, eventually, jobs, run};

/// "The mail was queued" in GBK, and "no such user" in EUC-KR.
const GBK: &[u8] = b"\xd3\xca\xbc\xfe\xd2\xd1\xbd\xf8\xc8\xeb\xb6\xd3\xc1\xd0";
const EUC_KR: &[u8] = b"\xc1\xb8\xc0\xe7\xc7\xcf\xc1\xf6 \xbe\xca\xb4\xc2 \xbb\xe7\xbf\xeb\xc0\xda";

async fn fleet(name: &'static str) -> Fleet {
    let workers = ProcessSpec::work("workers", &["email", "dead", "fallback"]);
    Fleet::start(FleetOptions::with(name, vec![workers])).await
}

fn forms(code: &str) -> Vec<Vec<u8>> {
    let line = |sign: &str, text: &[u8]| [code.as_bytes(), sign.as_bytes(), text, b"\r\n"].concat();
    vec![
        line("", b""),
        line(" ", b""),
        line("", b"Ok"),
        line(" ", GBK),
        line("", EUC_KR),
        [line("-", b"one"), line("-", GBK), line(" ", b"three")].concat(),
        line(" ", &[b'x'; 100_000]),
    ]
}

#[test]
fn a_mail_whose_last_reply_is_a_bare_code_or_in_another_charset_is_accepted_and_was_sent_once() {
    run(async {
        let fleet = fleet("odd-dot").await;
        for (nth, bytes) in forms("250").iter().enumerate() {
            fleet.smtp.say_at(MailPhase::AfterDot, bytes, None);
            let to = format!("odd-{nth}@example.com");
            let id = fleet.publish(&jobs::email(&to)).await;
            let heard = fleet.outcomes_of(id, 1).await;
            assert_eq!((heard[0].summary().as_str(), heard[0].outcome.attempts), ("email.accepted", 1));
            assert_eq!(fleet.smtp.mails_to(&to).len(), 1, "{}", bytes.escape_ascii());
        }
        fleet.finish().await;
    });
}

#[test]
fn a_recipient_who_is_refused_in_another_charset_is_refused_after_one_try() {
    run(async {
        let fleet = fleet("odd-rcpt").await;
        for (nth, bytes) in forms("550").iter().enumerate() {
            fleet.smtp.say_at(MailPhase::RcptTo, bytes, None);
            let to = format!("odd-{nth}@example.com");
            let id = fleet.publish(&jobs::email(&to)).await;
            let heard = fleet.outcomes_of(id, 1).await;
            assert_eq!(heard[0].summary(), "email.dead mailbox_refused", "{}", bytes.escape_ascii());
            assert_eq!(fleet.smtp.tries_to(&to), 1);
        }
        fleet.finish().await;
    });
}

#[test]
fn what_a_server_says_at_the_greeting_and_at_the_login_is_told_as_it_was_said() {
    run(async {
        let fleet = fleet("odd-session").await;
        fleet.smtp.say_at(MailPhase::Greeting, &[b"550 black ip. ", GBK, b"\r\n"].concat(), None);
        let story = postponed(&fleet, "listed@example.com").await;
        assert_eq!(story.code.map(|code| code.as_str()), Some("mail_server_refused"));
        let detail = story.detail.expect("a detail");
        assert!(detail.starts_with("at the greeting: 550 black ip. "), "{detail}");
        fleet.smtp.clear_replies();
        assert_eq!(fleet.outcomes_of(story.job_id, 1).await[0].summary(), "email.accepted");
        fleet.smtp.say_at(MailPhase::MailFrom, &[b"535 Error: ", GBK, b"\r\n"].concat(), None);
        let story = postponed(&fleet, "login@example.com").await;
        assert_eq!(story.code.map(|code| code.as_str()), Some("mail_auth"));
        fleet.smtp.clear_replies();
        assert_eq!(fleet.outcomes_of(story.job_id, 1).await[0].summary(), "email.accepted");
        assert_eq!(fleet.smtp.mails().len(), 2, "each once, when the server would have it");
        fleet.finish().await;
    });
}

/// A job whose try was given back, with what is on record of it.
async fn postponed(fleet: &Fleet, to: &str) -> JobHistory {
    let id = fleet.publish(&jobs::email(to)).await;
    eventually(&format!("job {id} to be put off"), LONG, || async {
        let story = fleet.story(id).await.ok_or_else(|| "no delivery yet".to_owned())?;
        if story.code.is_some() { Ok(story) } else { Err(format!("it is {}", story.state)) }
    })
    .await
}

async fn impatient_fleet(name: &'static str, alone_max_ms: u64, everyone_max_ms: u64) -> Fleet {
    let workers = ProcessSpec::work("workers", &["email", "dead", "fallback"]);
    let options = FleetOptions::with(name, vec![workers])
        .variable("FLEET_WORKER_POSTPONED_ALARM_MS", "60000")
        .variable("FLEET_WORKER_POSTPONED_ALONE_MAX_MS", &alone_max_ms.to_string())
        .variable("FLEET_WORKER_POSTPONED_MAX_MS", &everyone_max_ms.to_string());
    Fleet::start(options).await
}

/// The other jobs show that the server is well; a server that fails for everybody keeps its jobs for longer.
#[test]
fn a_job_that_fails_alone_without_costing_a_try_ends_as_a_dead_letter_with_its_reason() {
    run(async {
        const ALONE_MAX_MS: u64 = 3_000;
        const EVERYONE_MAX_MS: u64 = 3_600_000;
        let fleet = impatient_fleet("alone", ALONE_MAX_MS, EVERYONE_MAX_MS).await;
        fleet.smtp.behave("poison@example.com", MailBehaviour::Busy);
        let poison = fleet.publish(&jobs::email("poison@example.com")).await;
        let others = AtomicUsize::new(0);
        // Each look sends one more mail to somebody else.
        let ended = eventually("the job to be given up", LONG, || async {
            let others = others.fetch_add(1, Ordering::Relaxed);
            fleet.publish(&jobs::email(&format!("other-{others}@example.com"))).await;
            let heard = fleet.outcomes.of(poison);
            heard.first().map(|heard| heard.summary()).ok_or_else(|| "not yet".to_owned())
        })
        .await;
        assert_eq!(ended, "email.dead mail_server_unavailable");
        let detail = fleet.story(poison).await.and_then(|story| story.detail).expect("a detail");
        assert!(detail.contains("while others came through: at RCPT TO: 421"), "{detail}");
        fleet.finish().await;
    });
}

#[test]
fn an_outage_without_an_end_ends_its_jobs_after_the_longest_wait_and_makes_their_reason_known() {
    run(async {
        let fleet = impatient_fleet("everyone", 3_000, 3_000).await;
        fleet.smtp.say_at(MailPhase::Greeting, b"554\r\n", None);
        let id = fleet.publish(&jobs::email("listed@example.com")).await;
        assert_eq!(fleet.outcomes_of(id, 1).await[0].summary(), "email.dead mail_server_refused");
        let detail = fleet.story(id).await.and_then(|story| story.detail).expect("a detail");
        assert!(detail.contains("like every other job: at the greeting: 554"), "{detail}");
        fleet.finish().await;
    });
}

#[test]
fn jobs_that_are_put_off_for_longer_than_the_alarm_are_told_by_the_log_and_by_the_doctor() {
    run(async {
        let workers = ProcessSpec::work("workers", &["email", "dead", "fallback"]);
        let options =
            FleetOptions::with("alarm", vec![workers]).variable("FLEET_WORKER_POSTPONED_ALARM_MS", "1000");
        let fleet = Fleet::start(options).await;
        fleet.smtp.say_at(MailPhase::Greeting, b"554 no service\r\n", None);
        let story = postponed(&fleet, "alarm@example.com").await;
        let told = eventually("the doctor to tell", LONG, async || {
            let doctor = fleet.cli(&["doctor"]).await;
            if doctor.output.contains("email jobs put off") { Ok(doctor) } else { Err(doctor.output) }
        })
        .await;
        assert_eq!(told.code, 1);
        assert!(told.output.contains("mail_server_refused"), "{}", told.output);
        assert!(told.output.contains("at the greeting: 554 no service"), "in its words: {}", told.output);
        fleet.smtp.clear_replies();
        assert_eq!(fleet.outcomes_of(story.job_id, 1).await[0].summary(), "email.accepted");
        fleet.finish().await;
    });
}

/// "The mail was queued" in GBK, without a code.
const GBK_LINE: &[u8] = b"\xd3\xca\xbc\xfe\r\n";

#[test]
fn odd_words_after_single_mails_open_no_circuit_and_the_desk_shows_the_words_of_a_mail_that_stays_in_doubt() {
    run(async {
        const ODD: [&[u8]; 7] =
            [b"ok\r\n", b"199 x\r\n", b"354 go on\r\n", b"2500 ok\r\n", b"\r\n", GBK_LINE, b"25x\r\n"];
        let fleet = fleet("odd-words").await;
        for (nth, odd) in ODD.iter().enumerate() {
            fleet.smtp.say_at(MailPhase::AfterDot, odd, Some(1));
            let id = fleet.publish(&jobs::email(&format!("odd-word-{nth}@example.com"))).await;
            eventually("the mail to be in doubt", LONG, || async {
                let story = fleet.story(id).await.ok_or_else(|| "no delivery yet".to_owned())?;
                let in_doubt = story.tries.iter().any(|one| one.state == "in_doubt");
                if in_doubt { Ok(()) } else { Err(format!("it is {}", story.state)) }
            })
            .await;
            assert_eq!(fleet.store.open_circuits().await, Ok(vec![]), "{}", odd.escape_ascii());
        }
        fleet.smtp.clear_replies();
        fleet.drain().await;

        fleet.smtp.say_at(MailPhase::AfterDot, b"354 \x1b[2Jgo on\r\n", None);
        let lost = fleet.publish(&jobs::email("odd-for-ever@example.com")).await;
        assert_eq!(fleet.outcomes_of(lost, 1).await[0].summary(), "email.dead mail_in_doubt");
        let letters = fleet.letters_of(lost).await;
        let words = "reply at the end of the message is out of step";
        let list = fleet.cli(&["dead", "list"]).await.with_code(0);
        let shown = list.output.split(['│', '┆', '\n']).map(str::trim).collect::<Vec<_>>().join(" ");
        assert!(letters[0].summary.said.as_deref().is_some_and(|said| said.contains(words)), "{letters:?}");
        assert!(shown.contains("the provider said"), "{}", list.output);
        let show = fleet.cli(&["dead", "show", &letters[0].summary.id.to_string()]).await.with_code(0);
        assert!(show.output.contains(words), "{}", show.output);
        fleet.finish().await;
    });
}
