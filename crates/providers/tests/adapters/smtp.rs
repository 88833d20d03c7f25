//! The mail dialogue, phase by phase: what was handed over, what was not, and what nobody can tell.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use closure_contract::FailureCode;
use closure_providers::{
    Accepted, ConfigError, Envelope, Handover, Reached, Security, SendFailure, Sender, Smtp, SmtpCredentials,
    SmtpSettings, render,
};

use crate::{
    mail::{mail, now},
    support::{
        closed_port,
        smtp::{Act, Script, SmtpServer},
    },
};

pub(crate) fn settings(port: u16) -> SmtpSettings {
    SmtpSettings {
        host: "localhost".to_owned(),
        port,
        security: Security::PlainLoopback,
        extra_roots_pem: None,
        credentials: None,
        hello_name: "mcrm.test".to_owned(),
        connect_timeout_ms: 10_000,
        command_timeout_ms: 10_000,
        data_timeout_ms: 10_000,
        concurrency_max: 4,
        mails_per_connection_max: 100,
        idle_ms: 60_000,
    }
}

/// For servers that stall: how soon it gives up is not what these tests are about.
fn impatient(port: u16) -> SmtpSettings {
    SmtpSettings { connect_timeout_ms: 700, command_timeout_ms: 300, data_timeout_ms: 300, ..settings(port) }
}

/// Patient in every command; only the mail's own reply may not take long.
fn impatient_after_the_dot(port: u16) -> SmtpSettings {
    SmtpSettings { data_timeout_ms: 1_500, ..settings(port) }
}

pub(crate) fn envelope() -> Envelope {
    Envelope {
        from: "bounce@kakaomobility.com".to_owned(),
        to: "kim@example.com".to_owned(),
        bytes: render(&mail(), now()).expect("rendered"),
        handover: Arc::new(Handover::by(Instant::now() + Duration::from_secs(60))),
    }
}

async fn send_with(
    script: Script,
    settings: fn(u16) -> SmtpSettings,
) -> (Result<Accepted, SendFailure>, SmtpServer) {
    let server = SmtpServer::start(vec![script]).await;
    let smtp = Smtp::new(&settings(server.port)).expect("good settings");
    (smtp.send(&envelope()).await, server)
}

#[tokio::test]
async fn a_mail_is_handed_over_byte_for_byte_and_the_servers_name_for_it_is_kept() {
    let (result, server) = send_with(Script::default(), settings).await;
    assert_eq!(result, Ok(Accepted::under(Some("4XyZ12".to_owned()))));
    let heard = server.heard();
    assert_eq!(heard.len(), 1);
    assert_eq!(
        heard[0].commands,
        ["EHLO mcrm.test", "MAIL FROM:<bounce@kakaomobility.com>", "RCPT TO:<kim@example.com>", "DATA"]
    );
    let kept = heard[0].mails[0].clone();
    let kept = kept.strip_suffix(b"\r\n").unwrap_or(&kept);
    assert_eq!(
        String::from_utf8_lossy(kept).trim_end(),
        String::from_utf8_lossy(&envelope().bytes).trim_end()
    );
}

#[tokio::test]
async fn a_large_mail_with_dots_everywhere_arrives_as_it_was() {
    let server = SmtpServer::start(vec![Script::default()]).await;
    let smtp = Smtp::new(&settings(server.port)).expect("good settings");
    let bytes = "Subject: dots\r\n\r\n".to_owned() + &"..\r\n.a\r\nab.\r\n.\r\n".repeat(10_000);
    let message = Envelope { bytes: bytes.clone().into_bytes(), ..envelope() };
    smtp.send(&message).await.expect("accepted");
    let kept = server.heard()[0].mails[0].clone();
    assert_eq!(String::from_utf8_lossy(&kept).trim_end(), bytes.trim_end());
}

#[tokio::test]
async fn the_servers_own_name_is_found_in_the_forms_of_postfix_and_exim() {
    for (reply, expected) in [
        ("250 2.0.0 Ok: queued as 4XyZ12", Some("4XyZ12")),
        ("250 OK id=1tAbCd-0000-2k", Some("1tAbCd-0000-2k")),
        ("250 2.0.0 <kim@example.com> accepted", None),
        ("250 ok", None),
    ] {
        let (result, _server) =
            send_with(Script { dot: Act::Say(reply), ..Script::default() }, settings).await;
        let expected = Accepted::under(expected.map(str::to_owned));
        assert_eq!(result, Ok(expected), "{reply}");
    }
}

#[tokio::test]
async fn a_refusal_is_classified_by_its_phase_and_names_no_address() {
    let base = Script::default;
    for (script, expected, provider_code) in [
        (Script { greeting: Act::Say("554 5.7.1 go away"), ..base() }, "mail_server_refused", "554-5.7.1"),
        (Script { ehlo: Act::Say("421 busy"), ..base() }, "mail_server_unavailable", "421"),
        (Script { mail: Act::Say("451 4.3.0 later"), ..base() }, "mail_deferred", "451-4.3.0"),
        (Script { mail: Act::Say("552 5.3.4 too big"), ..base() }, "mail_too_large", "552-5.3.4"),
        (Script { mail: Act::Say("530 5.7.0 log in"), ..base() }, "mail_auth", "530-5.7.0"),
        (
            Script { rcpt: Act::Say("550 5.1.1 <kim@example.com>: no such user"), ..base() },
            "mailbox_refused",
            "550-5.1.1",
        ),
        (
            Script { rcpt: Act::Say("451 4.7.1 greylisted kim@example.com"), ..base() },
            "mail_deferred",
            "451-4.7.1",
        ),
        (Script { rcpt: Act::Say("421 4.3.2 closing"), ..base() }, "mail_server_unavailable", "421-4.3.2"),
        (Script { data: Act::Say("554 5.5.1 no valid recipients"), ..base() }, "mail_refused", "554-5.5.1"),
        (Script { dot: Act::Say("554 5.7.1 policy"), ..base() }, "mail_policy_refused", "554-5.7.1"),
        (Script { dot: Act::Say("452 4.2.2 full"), ..base() }, "mail_deferred", "452-4.2.2"),
        (
            Script { dot: Act::Say("550-5.7.26 not\r\n550 5.7.26 authenticated"), ..base() },
            "mail_policy_refused",
            "550-5.7.26",
        ),
    ] {
        let (result, _server) = send_with(script.clone(), settings).await;
        let failure = result.expect_err("refused");
        assert_eq!(failure.code.as_str(), expected, "{script:?}");
        assert_eq!(failure.provider_code.as_deref(), Some(provider_code), "{script:?}");
        assert!(!failure.detail.contains("kim"), "{}", failure.detail);
    }
}

#[tokio::test]
async fn a_connection_that_dies_before_the_dot_handed_nothing_over() {
    for act in [
        Act::Drop,
        Act::Stall,
        Act::Say("gibberish"),
        Act::Say("999 what"),
        Act::SayBytes(vec![b'x'; 300_000]),
    ] {
        let base = Script::default;
        for script in [
            Script { greeting: act.clone(), ..base() },
            Script { ehlo: act.clone(), ..base() },
            Script { mail: act.clone(), ..base() },
            Script { rcpt: act.clone(), ..base() },
            Script { data: act.clone(), ..base() },
        ] {
            let (result, server) = send_with(script.clone(), impatient).await;
            let failure = result.expect_err("no reply");
            assert_eq!(failure.code, FailureCode::MailServerUnavailable, "{script:?}");
            assert!(server.heard().iter().all(|heard| heard.mails.is_empty()));
        }
    }
}

#[tokio::test]
async fn a_server_that_never_ends_its_line_is_cut_off_at_the_limit() {
    let flood = Act::SayBytes(vec![b'x'; 300_000]);
    let (result, _server) = send_with(Script { mail: flood, ..Script::default() }, settings).await;
    let failure = result.expect_err("no reply");
    assert_eq!(failure.code, FailureCode::MailServerUnavailable);
    assert_eq!(
        failure.detail, "at MAIL FROM: the mail server says more than the limit, and no reply code",
        "and not: the time was up"
    );
}

#[tokio::test]
async fn without_a_readable_reply_after_the_dot_nobody_can_tell() {
    for act in [
        Act::Drop,
        Act::Stall,
        Act::Say("gibberish"),
        Act::Say("354 go on"),
        Act::Say("300 what"),
        Act::SayBytes(b"250 o".to_vec()),
        Act::SayBytes(b"250-half of\r\n".to_vec()),
        Act::SayBytes(vec![b'x'; 300_000]),
    ] {
        let (result, server) =
            send_with(Script { dot: act.clone(), ..Script::default() }, impatient_after_the_dot).await;
        let failure = result.expect_err("no reply");
        assert_eq!(failure.code, FailureCode::MailInDoubt, "{act:?}");
        assert!(server.heard()[0].mails.len() == 1, "{act:?}");
    }
}

#[tokio::test]
async fn a_positive_reply_of_the_wrong_kind_is_never_taken_for_the_right_one() {
    for script in [
        Script { mail: Act::Say("354 go on"), ..Script::default() },
        Script { rcpt: Act::Say("354 go on"), ..Script::default() },
        Script { data: Act::Say("250 ok"), ..Script::default() },
    ] {
        let (result, server) = send_with(script.clone(), settings).await;
        assert_eq!(result.expect_err("out of step").code, FailureCode::MailServerUnavailable, "{script:?}");
        assert!(server.heard()[0].mails.is_empty());
    }
}

#[tokio::test]
async fn a_goodbye_that_fails_changes_nothing() {
    fn one_mail_each(port: u16) -> SmtpSettings {
        SmtpSettings { mails_per_connection_max: 1, ..settings(port) }
    }
    for act in [Act::Drop, Act::Stall, Act::Say("500 no")] {
        let script = Script { quit: act.clone(), ..Script::default() };
        let (result, server) = send_with(script, one_mail_each).await;
        assert!(result.is_ok(), "{act:?}");
        assert_eq!(server.heard()[0].count("QUIT"), 1, "{act:?}");
    }
}

#[tokio::test]
async fn wrong_credentials_are_the_accounts_fault() {
    fn with_credentials(port: u16) -> SmtpSettings {
        let credentials = SmtpCredentials { username: "fleet".to_owned(), password: "hunter22".to_owned() };
        SmtpSettings { credentials: Some(credentials), command_timeout_ms: 2_000, ..settings(port) }
    }
    for (auth, ehlo, expected) in [
        (Act::Say("535 5.7.8 wrong hunter22"), None, "mail_auth"),
        (Act::Say("454 4.7.0 try later"), None, "mail_server_unavailable"),
        (Act::Stall, None, "mail_server_unavailable"),
        (Act::Drop, None, "mail_server_unavailable"),
        (Act::Say("235 ok"), Some("250 mail.test"), "mail_auth"),
        (Act::Say("235 ok"), Some("250-mail.test\r\n250 AUTH XOAUTH2"), "mail_auth"),
    ] {
        let ehlo = ehlo.map_or(Script::default().ehlo, Act::Say);
        let script = Script { auth, ehlo, ..Script::default() };
        let (result, server) = send_with(script.clone(), with_credentials).await;
        assert_eq!(result.expect_err("not let in").code.as_str(), expected, "{script:?}");
        assert!(server.heard()[0].commands.iter().all(|command| !command.starts_with("MAIL")));
    }
    let (result, server) = send_with(Script::default(), with_credentials).await;
    assert!(result.is_ok());
    assert!(server.heard()[0].commands[1].starts_with("AUTH PLAIN "));
    assert!(!format!("{:?}", with_credentials(1)).contains("hunter22"));
}

#[tokio::test]
async fn no_more_connections_are_open_at_once_than_allowed_and_the_wait_has_an_end() {
    let server = SmtpServer::start(vec![Script { greeting: Act::Stall, ..Script::default() }]).await;
    let settings = SmtpSettings { concurrency_max: 1, ..impatient(server.port) };
    let smtp = Smtp::new(&settings).expect("good settings");
    let mail = envelope();
    let (first, second) = tokio::join!(smtp.send(&mail), smtp.send(&mail));
    for result in [first, second] {
        assert_eq!(result.expect_err("stalled").code, FailureCode::MailServerUnavailable);
    }
    let reused_in_vain_ms = settings.connect_timeout_ms + settings.command_timeout_ms;
    let fresh_ms = settings.connect_timeout_ms + 4 * settings.command_timeout_ms + settings.data_timeout_ms;
    assert!(
        smtp.longest_send_ms() > 2 * (reused_in_vain_ms + fresh_ms),
        "the wait for a connection included"
    );
}

#[tokio::test]
async fn a_server_that_is_not_there_got_nothing() {
    let smtp = Smtp::new(&settings(closed_port().await)).expect("good settings");
    let failure = smtp.send(&envelope()).await.expect_err("nobody listens");
    assert_eq!(failure.code, FailureCode::MailServerUnavailable);
}

#[tokio::test]
async fn bytes_that_could_pass_for_two_mails_are_not_sent() {
    let server = SmtpServer::start(vec![Script::default()]).await;
    let smtp = Smtp::new(&settings(server.port)).expect("good settings");
    for bytes in ["a\n.\nb\r\n", "a\r.\rb\r\n", "a\r\n.\rb", "caf\u{e9}\r\n", "nul\0\r\n", ""] {
        let message = Envelope { bytes: bytes.as_bytes().to_vec(), ..envelope() };
        let failure = smtp.send(&message).await.expect_err("not sendable");
        assert_eq!(failure.code, FailureCode::MailRefused, "{bytes:?}");
    }
    let long = Envelope { bytes: "x".repeat(999).into_bytes(), ..envelope() };
    assert_eq!(smtp.send(&long).await.expect_err("a long line").code, FailureCode::MailRefused);
    for to in ["", "kim", "kim@example.com> SIZE=1", "kim@example.com\r\nDATA", "김@example.com"] {
        let message = Envelope { to: to.to_owned(), ..envelope() };
        let failure = smtp.send(&message).await.expect_err("no address");
        assert_eq!(failure.code, FailureCode::InvalidEmailAddress, "{to:?}");
    }
    assert!(server.heard().is_empty(), "no connection is made for what cannot be sent");
}

#[test]
fn plain_text_to_another_host_is_refused_before_anything_is_opened() {
    for host in ["mail.example.com", "10.0.0.1", "127.0.0.1.example.com"] {
        let refused = Smtp::new(&SmtpSettings { host: host.to_owned(), ..settings(25) }).expect_err("plain");
        assert_eq!(refused, ConfigError::PlainText { service: "SMTP" });
        let trusted =
            SmtpSettings { host: host.to_owned(), security: Security::PlainTrusted, ..settings(25) };
        assert!(Smtp::new(&trusted).is_ok(), "whoever says that the network is trusted is believed");
    }
    for wrong in [
        SmtpSettings { hello_name: "two words".to_owned(), ..settings(25) },
        SmtpSettings { concurrency_max: 0, ..settings(25) },
        SmtpSettings { mails_per_connection_max: 0, ..settings(25) },
        SmtpSettings { idle_ms: 0, ..settings(25) },
        SmtpSettings { data_timeout_ms: 0, ..settings(25) },
        SmtpSettings { host: String::new(), ..settings(25) },
    ] {
        assert!(matches!(Smtp::new(&wrong), Err(ConfigError::Setting { .. })), "{wrong:?}");
    }
}

/// A mail that was handed over is waited for, because its answer costs nobody anything; one that was not stays unsaid.
#[tokio::test]
async fn no_final_dot_is_written_once_the_right_to_send_is_over() {
    let server = SmtpServer::start(vec![Script::default()]).await;
    let smtp = Smtp::new(&settings(server.port)).expect("good settings");
    let late = Envelope { handover: Arc::new(Handover::by(Instant::now())), ..envelope() };
    let failure = smtp.send(&late).await.expect_err("it is over");
    assert_eq!(
        (failure.code, late.handover.reached()),
        (FailureCode::MailServerUnavailable, Reached::Refused)
    );
    let mail = envelope();
    smtp.send(&mail).await.expect("accepted");
    assert_eq!(mail.handover.reached(), Reached::Complete);
    let heard = server.heard();
    assert_eq!(heard.iter().map(|heard| heard.mails.len()).sum::<usize>(), 1, "one mail has a dot");
    assert_eq!(heard.len(), 2, "a connection in the middle of a mail carries no other");
}

#[tokio::test]
async fn a_mail_that_is_cut_before_its_final_dot_says_that_nothing_was_handed_over() {
    for (script, reached) in [
        (Script { rcpt: Act::Stall, ..Script::default() }, Reached::Nothing),
        (Script { data: Act::Stall, ..Script::default() }, Reached::Nothing),
        (Script { dot: Act::Stall, ..Script::default() }, Reached::Complete),
    ] {
        let server = SmtpServer::start(vec![script]).await;
        let smtp = Smtp::new(&settings(server.port)).expect("good settings");
        let mail = envelope();
        let sent = tokio::time::timeout(Duration::from_millis(500), smtp.send(&mail)).await;
        assert!(sent.is_err(), "the server says nothing: {sent:?}");
        assert_eq!(mail.handover.reached(), reached);
    }
}
