//! Mail over TLS: nothing is said before it, and nothing said before it is believed after it.

use closure_contract::FailureCode;
use closure_providers::{Security, Sender, Smtp, SmtpSettings};

use crate::{
    smtp::{envelope, settings},
    support::smtp::{Act, Script, SmtpServer, TlsMode, authority_pem},
};

pub(crate) fn over_tls(port: u16, security: Security) -> SmtpSettings {
    SmtpSettings {
        security,
        extra_roots_pem: Some(authority_pem()),
        connect_timeout_ms: 5_000,
        ..settings(port)
    }
}

#[tokio::test]
async fn a_mail_goes_over_starttls_and_over_implicit_tls() {
    for (mode, security) in
        [(TlsMode::AfterStartTls, Security::StartTls), (TlsMode::FromTheFirstByte, Security::ImplicitTls)]
    {
        let server = SmtpServer::start(vec![Script { tls: mode, ..Script::default() }]).await;
        let smtp = Smtp::new(&over_tls(server.port, security)).expect("good settings");
        let accepted = smtp.send(&envelope()).await.expect("accepted");
        assert_eq!(accepted.provider_ref.as_deref(), Some("4XyZ12"), "{security:?}");
        assert!(server.heard()[0].mails.len() == 1);
    }
}

#[tokio::test]
async fn a_stripped_starttls_stops_the_mail() {
    let stripped = Script { ehlo: Act::Say("250-mail.test\r\n250 8BITMIME"), ..Script::default() };
    let refused = Script { starttls: Act::Say("454 4.7.0 no TLS today"), ..Script::default() };
    for script in [stripped, refused] {
        let server = SmtpServer::start(vec![script.clone()]).await;
        let smtp = Smtp::new(&over_tls(server.port, Security::StartTls)).expect("good settings");
        let failure = smtp.send(&envelope()).await.expect_err("no TLS");
        assert_eq!(failure.code, FailureCode::MailServerUnavailable, "{script:?}");
        let commands = &server.heard()[0].commands;
        assert!(
            commands.iter().all(|said| !said.starts_with("MAIL") && !said.starts_with("AUTH")),
            "{commands:?}"
        );
    }
}

#[tokio::test]
async fn a_certificate_of_an_unknown_authority_or_another_name_stops_the_mail() {
    for (mode, security) in
        [(TlsMode::AfterStartTls, Security::StartTls), (TlsMode::FromTheFirstByte, Security::ImplicitTls)]
    {
        let server = SmtpServer::start(vec![Script { tls: mode, ..Script::default() }]).await;
        for wrong in [
            SmtpSettings { extra_roots_pem: None, ..over_tls(server.port, security) },
            SmtpSettings { host: "127.0.0.1".to_owned(), ..over_tls(server.port, security) },
        ] {
            let smtp = Smtp::new(&wrong).expect("good settings");
            let failure = smtp.send(&envelope()).await.expect_err("not trusted");
            assert_eq!(failure.code, FailureCode::MailServerUnavailable, "{wrong:?}");
        }
        assert!(server.heard().iter().all(|heard| heard.mails.is_empty()));
    }
}

/// Someone on the way adds replies behind the plain answer to STARTTLS.
/// If they were kept, they would stand for the replies of the encrypted session, the last one for the mail's own.
#[tokio::test]
async fn replies_smuggled_in_before_tls_are_not_taken_for_the_encrypted_sessions() {
    let smuggled =
        b"220 2.0.0 go ahead\r\n250 mail.test\r\n250 ok\r\n250 ok\r\n354 go on\r\n250 ok\r\n".to_vec();
    let script = Script {
        tls: TlsMode::AfterStartTls,
        starttls: Act::SayBytes(smuggled),
        dot: Act::Say("554 5.7.1 refused"),
        ..Script::default()
    };
    let server = SmtpServer::start(vec![script]).await;
    let smtp = Smtp::new(&over_tls(server.port, Security::StartTls)).expect("good settings");
    let failure = smtp.send(&envelope()).await.expect_err("the connection ends over the smuggled bytes");
    assert_eq!(failure.code, FailureCode::MailServerUnavailable);
    assert_eq!(failure.detail, "at connecting: plain text came along with the reply to STARTTLS");
    assert!(server.heard()[0].mails.is_empty());
}
