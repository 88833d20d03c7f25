//! One connection for many mails: used again only when its server was heard to the end, and never at a mail's cost.

use std::time::{Duration, Instant};

use closure_contract::FailureCode;
use closure_providers::{Security, Sender, Smtp, SmtpCredentials, SmtpSettings};

use crate::{
    smtp::{envelope, settings},
    smtp_tls::over_tls,
    support::smtp::{Act, Heard, Script, SmtpServer, TlsMode},
};

/// Refuses every mail after its final dot.
fn refusing() -> Script {
    Script { dot: Act::Say("554 5.7.1 refused"), ..Script::default() }
}

/// Behaves so from the second mail on.
fn later(script: Script) -> Script {
    Script { later: Some(Box::new(script)), ..Script::default() }
}

fn one_at_a_time(port: u16) -> Smtp {
    Smtp::new(&SmtpSettings { concurrency_max: 1, ..settings(port) }).expect("good settings")
}

/// Gives up on a server that is silent, and long after one that is merely slow.
fn impatient(port: u16) -> Smtp {
    let (connect_timeout_ms, command_timeout_ms, data_timeout_ms) = (1_500, 1_000, 1_000);
    let settings = SmtpSettings { connect_timeout_ms, command_timeout_ms, data_timeout_ms, ..settings(port) };
    Smtp::new(&settings).expect("good settings")
}

fn mails(heard: &[Heard]) -> Vec<usize> {
    heard.iter().map(|connection| connection.mails.len()).collect()
}

#[tokio::test]
async fn the_second_mail_goes_over_the_same_connection_after_one_greeting_and_one_login() {
    let credentials = SmtpCredentials { username: "fleet".to_owned(), password: "hunter22".to_owned() };
    for (tls, security) in [
        (TlsMode::Never, Security::PlainLoopback),
        (TlsMode::AfterStartTls, Security::StartTls),
        (TlsMode::FromTheFirstByte, Security::ImplicitTls),
    ] {
        let server = SmtpServer::start(vec![Script { tls, ..Script::default() }]).await;
        let known =
            SmtpSettings { credentials: Some(credentials.clone()), ..over_tls(server.port, security) };
        let smtp = Smtp::new(&known).expect("good settings");
        for _ in 0..3 {
            smtp.send(&envelope()).await.expect("accepted");
        }
        let heard = server.heard();
        assert_eq!(mails(&heard), [3], "{security:?}");
        let begun = heard[0].commands.iter().position(|command| command.starts_with("AUTH"));
        let verbs: Vec<&str> = heard[0].commands[begun.expect("a login")..]
            .iter()
            .filter_map(|command| command.split(' ').next())
            .collect();
        let mail = ["MAIL", "RCPT", "DATA"];
        assert_eq!(verbs, [&["AUTH"], &mail[..], &["RSET"], &mail[..], &["RSET"], &mail[..]].concat());
    }
}

#[tokio::test]
async fn a_refused_mail_is_forgotten_and_the_next_one_goes_over_the_same_connection() {
    let base = Script::default;
    for (script, code) in [
        (Script { rcpt: Act::Say("550 5.1.1 no such user"), ..base() }, FailureCode::MailboxRefused),
        (Script { rcpt: Act::Say("451 4.7.1 greylisted"), ..base() }, FailureCode::MailDeferred),
        (Script { data: Act::Say("554 5.5.1 no"), ..base() }, FailureCode::MailRefused),
        (refusing(), FailureCode::MailPolicyRefused),
    ] {
        let server = SmtpServer::start(vec![Script { later: Some(Box::new(base())), ..script }]).await;
        let smtp = one_at_a_time(server.port);
        assert_eq!(smtp.send(&envelope()).await.expect_err("refused").code, code);
        assert!(server.heard()[0].commands.ends_with(&["RSET".to_owned()]), "it is forgotten at once");
        smtp.send(&envelope()).await.expect("accepted");
        assert_eq!(server.heard().len(), 1, "{code}");
    }
}

#[tokio::test]
async fn a_refusal_that_speaks_of_the_session_ends_the_connection() {
    let base = Script::default;
    for script in [
        Script { mail: Act::Say("452 4.5.3 too many mails"), ..base() },
        Script { mail: Act::Say("550 5.7.1 your address is listed"), ..base() },
        Script { rcpt: Act::Say("421 4.3.2 closing"), ..base() },
        Script { rcpt: Act::Say("530 5.7.0 log in"), ..base() },
        Script { dot: Act::Say("421 4.3.2 closing"), ..base() },
    ] {
        let server = SmtpServer::start(vec![script.clone(), base()]).await;
        let smtp = one_at_a_time(server.port);
        smtp.send(&envelope()).await.expect_err("refused");
        smtp.send(&envelope()).await.expect("accepted");
        let heard = server.heard();
        assert_eq!((heard.len(), heard[0].count("RSET")), (2, 0), "{script:?}");
    }
}

#[tokio::test]
async fn a_connection_whose_server_does_not_forget_a_mail_is_not_used_again() {
    for rset in [
        Act::Stall,
        Act::Drop,
        Act::Say("500 5.5.2 what?"),
        Act::Say("421 4.3.2 closing"),
        Act::Say("354 go on"),
        Act::Say("250 ok\r\n250 ok"),
        Act::SayBytes(b"250-half of\r\n".to_vec()),
    ] {
        for first in [Script::default(), refusing()] {
            let server =
                SmtpServer::start(vec![Script { rset: rset.clone(), ..first }, Script::default()]).await;
            let smtp = impatient(server.port);
            let _ = smtp.send(&envelope()).await;
            smtp.send(&envelope()).await.expect("a fresh connection has no part in it");
            let heard = server.heard();
            assert_eq!(mails(&heard), [1, 1], "{rset:?}");
            assert_eq!(heard[0].commands.last().map(String::as_str), Some("RSET"), "{rset:?}");
        }
    }
}

/// Measured with the library's pool: a reply that came after its time was up stayed behind, every later reply was off
/// by one, and a refused mail was reported as sent.
#[tokio::test]
async fn a_reply_that_comes_too_late_is_never_taken_for_the_next_mails() {
    let base = Script::default;
    for late in [
        Script { mail: Act::SayLate("250 2.1.0 ok"), ..base() },
        Script { rcpt: Act::SayLate("250 2.1.5 ok"), ..base() },
        Script { data: Act::SayLate("354 end with a dot"), ..base() },
        Script { dot: Act::SayLate("250 2.0.0 Ok: queued as 4XyZ12"), ..base() },
    ] {
        let late = Script { later: Some(Box::new(refusing())), ..late };
        let server = SmtpServer::start(vec![late.clone(), refusing()]).await;
        let smtp = impatient(server.port);
        smtp.send(&envelope()).await.expect_err("the time was up");
        let said = server.heard()[0].commands.len();
        let failure = smtp.send(&envelope()).await.expect_err("the server refuses this mail");
        assert_eq!(failure.code, FailureCode::MailPolicyRefused, "{late:?}");
        let heard = server.heard();
        assert_eq!((heard.len(), heard[0].commands.len()), (2, said), "it is not spoken to again: {late:?}");
    }
}

#[tokio::test]
async fn an_abandoned_send_never_gives_its_connection_back() {
    let base = Script::default;
    let late = [
        (Script { mail: Act::SayLate("250 2.1.0 ok"), ..base() }, "MAIL"),
        (Script { rcpt: Act::SayLate("250 2.1.5 ok"), ..base() }, "RCPT"),
        (Script { data: Act::SayLate("354 end with a dot"), ..base() }, "DATA"),
        (Script { dot: Act::SayLate("250 2.0.0 Ok: queued as 4XyZ12"), ..base() }, "."),
        (Script { rset: Act::SayLate("250 2.0.0 ok"), ..refusing() }, "RSET"),
    ];
    for (late, verb) in late {
        // Over a fresh connection, and over one that has carried a mail.
        for (first, before) in [(late.clone(), 0), (later(late), 1)] {
            let server = SmtpServer::start(vec![first, refusing()]).await;
            let smtp = one_at_a_time(server.port);
            for _ in 0..before {
                smtp.send(&envelope()).await.expect("accepted");
            }
            let mail = envelope();
            // As a shutdown or a caller's own limit would do it.
            tokio::select! {
                ended = smtp.send(&mail) => panic!("the server owes its reply at {verb}: {ended:?}"),
                () = server.until(|heard| begun(heard, verb, before + 1)) => {}
            }
            let said = server.heard()[0].commands.len();
            let failure = smtp.send(&envelope()).await.expect_err("the server refuses this mail");
            assert_eq!(failure.code, FailureCode::MailPolicyRefused, "{verb}");
            let heard = server.heard();
            assert_eq!((heard.len(), heard[1].mails.len()), (2, 1), "{verb}");
            assert_eq!(heard[0].commands.len(), said, "it is not spoken to again at {verb}");
        }
    }
}

#[tokio::test]
async fn a_send_that_is_abandoned_at_the_check_of_a_connection_closes_it() {
    let owes = Script { rset: Act::SayLate("250 2.0.0 ok"), ..Script::default() };
    let server = SmtpServer::start(vec![owes, refusing()]).await;
    let smtp = one_at_a_time(server.port);
    smtp.send(&envelope()).await.expect("accepted");
    let mail = envelope();
    tokio::select! {
        ended = smtp.send(&mail) => panic!("the server owes its reply: {ended:?}"),
        () = server.until(|heard| heard[0].count("RSET") == 1) => {}
    }
    smtp.send(&envelope()).await.expect_err("the server refuses this mail");
    let heard = server.heard();
    assert_eq!((mails(&heard), heard[0].count("RSET")), (vec![1, 1], 1));
}

#[tokio::test]
async fn a_server_that_speaks_or_leaves_while_a_connection_waits_costs_no_mail() {
    for act in [
        Act::Say("421 4.4.2 idle for too long"),
        Act::Say("250 2.0.0 ok"),
        Act::SayBytes(b"2".to_vec()),
        Act::Drop,
    ] {
        for (tls, security) in
            [(TlsMode::Never, Security::PlainLoopback), (TlsMode::AfterStartTls, Security::StartTls)]
        {
            let server = SmtpServer::start(vec![Script { tls, ..Script::default() }]).await;
            let smtp = Smtp::new(&over_tls(server.port, security)).expect("good settings");
            smtp.send(&envelope()).await.expect("accepted");
            server.unasked(0, act.clone()).await;
            smtp.send(&envelope()).await.expect("accepted over a fresh connection");
            assert_eq!(mails(&server.heard()), [1, 1], "{act:?} {security:?}");
        }
    }
}

#[tokio::test]
async fn a_reply_too_many_ends_the_connection() {
    let twice = Script { dot: Act::Say("250 ok: queued as 1\r\n250 ok: queued as 2"), ..Script::default() };
    let server = SmtpServer::start(vec![twice, refusing()]).await;
    let smtp = one_at_a_time(server.port);
    smtp.send(&envelope()).await.expect("accepted");
    smtp.send(&envelope()).await.expect_err("the server refuses this mail");
    let heard = server.heard();
    assert_eq!((heard.len(), heard[0].count("RSET")), (2, 0));
}

#[tokio::test]
async fn what_a_used_connection_refuses_at_mail_from_is_asked_once_more_on_a_fresh_one() {
    let base = Script::default;
    for mail in [
        Act::Drop,
        Act::Stall,
        Act::Say("421 4.7.0 too many mails"),
        Act::Say("452 4.5.3 too many mails"),
        Act::Say("530 5.7.0 log in"),
        Act::Say("354 go on"),
    ] {
        let used_up = later(Script { mail: mail.clone(), ..base() });
        let server = SmtpServer::start(vec![used_up, base()]).await;
        let smtp = impatient(server.port);
        smtp.send(&envelope()).await.expect("accepted");
        smtp.send(&envelope()).await.expect("accepted over a fresh connection");
        assert_eq!(mails(&server.heard()), [1, 1], "{mail:?}");
    }
    let used_up = later(Script { mail: Act::Drop, ..base() });
    let refusing = Script { mail: Act::Say("451 4.3.0 later"), ..base() };
    let server = SmtpServer::start(vec![used_up, refusing]).await;
    let smtp = one_at_a_time(server.port);
    smtp.send(&envelope()).await.expect("accepted");
    assert_eq!(smtp.send(&envelope()).await.expect_err("refused").code, FailureCode::MailDeferred);
    assert_eq!(server.heard().len(), 2, "a fresh connection is tried once");
}

#[tokio::test]
async fn a_used_connection_that_is_lost_later_than_that_is_never_made_up_for_in_the_same_send() {
    let base = Script::default;
    for (script, mails_heard, code) in [
        (Script { rcpt: Act::Drop, ..base() }, 1, FailureCode::MailServerUnavailable),
        (Script { data: Act::Drop, ..base() }, 1, FailureCode::MailServerUnavailable),
        (Script { dot: Act::Drop, ..base() }, 2, FailureCode::MailInDoubt),
        (Script { dot: Act::Say("354 go on"), ..base() }, 2, FailureCode::MailInDoubt),
    ] {
        let server = SmtpServer::start(vec![later(script)]).await;
        let smtp = one_at_a_time(server.port);
        smtp.send(&envelope()).await.expect("accepted");
        assert_eq!(smtp.send(&envelope()).await.expect_err("lost").code, code);
        assert_eq!(mails(&server.heard()), [mails_heard], "{code}");
    }
}

#[tokio::test]
async fn a_connection_carries_no_more_mails_than_allowed_and_says_goodbye() {
    for (mails_per_connection_max, expected) in [(1, vec![1, 1, 1, 1, 1]), (2, vec![2, 2, 1])] {
        let server = SmtpServer::start(vec![Script::default()]).await;
        let smtp = Smtp::new(&SmtpSettings { mails_per_connection_max, ..settings(server.port) });
        let smtp = smtp.expect("good settings");
        for _ in 0..5 {
            smtp.send(&envelope()).await.expect("accepted");
        }
        let heard = server.heard();
        assert_eq!(mails(&heard), expected);
        assert_eq!(heard[0].count("QUIT"), 1);
    }
}

#[tokio::test]
async fn there_are_never_more_connections_than_allowed_and_all_of_them_are_used_again() {
    let server = SmtpServer::start(vec![Script::default()]).await;
    let smtp = Smtp::new(&SmtpSettings { concurrency_max: 3, ..settings(server.port) });
    let smtp = std::sync::Arc::new(smtp.expect("good settings"));
    for round in 1..=3 {
        let mut sends = tokio::task::JoinSet::new();
        for _ in 0..12 {
            let smtp = std::sync::Arc::clone(&smtp);
            sends.spawn(async move { smtp.send(&envelope()).await });
        }
        for sent in sends.join_all().await {
            sent.expect("accepted");
        }
        let mails = mails(&server.heard());
        assert!(mails.len() <= 3, "{mails:?}");
        assert_eq!(mails.iter().sum::<usize>(), 12 * round);
    }
}

#[tokio::test]
async fn a_connection_that_waited_for_too_long_is_not_used_again() {
    let server = SmtpServer::start(vec![Script::default()]).await;
    let smtp = Smtp::new(&SmtpSettings { idle_ms: 1, ..settings(server.port) }).expect("good settings");
    smtp.send(&envelope()).await.expect("accepted");
    let waits = Instant::now();
    while waits.elapsed() < Duration::from_millis(1) {
        tokio::task::yield_now().await;
    }
    smtp.send(&envelope()).await.expect("accepted");
    let heard = server.heard();
    assert_eq!((mails(&heard), heard[0].count("RSET")), (vec![1, 1], 0));
}

#[tokio::test]
async fn where_no_mail_comes_for_too_long_we_say_goodbye() {
    let server = SmtpServer::start(vec![Script::default()]).await;
    let patient = Smtp::new(&settings(server.port)).expect("good settings");
    patient.send(&envelope()).await.expect("accepted");
    patient.close_idle().await;
    patient.send(&envelope()).await.expect("accepted");
    assert_eq!(mails(&server.heard()), [2], "it has not waited for long");

    let smtp = Smtp::new(&SmtpSettings { idle_ms: 1, ..settings(server.port) }).expect("good settings");
    smtp.send(&envelope()).await.expect("accepted");
    let goodbye = server.until(|heard| heard[1].count("QUIT") == 1);
    let looks = async {
        loop {
            smtp.close_idle().await;
            tokio::task::yield_now().await;
        }
    };
    tokio::select! { () = goodbye => {}, () = looks => {} }
}

#[tokio::test]
async fn what_a_server_may_say_is_counted_for_each_mail_anew() {
    let wordy = format!("{}250 ok\r\n", format!("250-{}\r\n", "x".repeat(500)).repeat(100));
    let wordy = Script { dot: Act::SayBytes(wordy.into_bytes()), ..Script::default() };
    let server = SmtpServer::start(vec![wordy]).await;
    let smtp = one_at_a_time(server.port);
    for _ in 0..10 {
        smtp.send(&envelope()).await.expect("accepted");
    }
    assert_eq!(mails(&server.heard()), [10]);
}

/// Whether a connection has heard this command so often; a dot counts as a mail.
fn begun(heard: &[Heard], verb: &str, times: usize) -> bool {
    let Some(first) = heard.first() else { return false };
    match verb {
        "." => first.mails.len() == times,
        verb => first.count(verb) == times,
    }
}
