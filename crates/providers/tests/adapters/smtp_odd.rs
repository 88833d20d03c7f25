//! The odd mail server: at every phase, a reply in every form that real servers give it; its code alone decides.

use closure_providers::{Accepted, Security, SendFailure, Sender, Smtp, SmtpCredentials, SmtpSettings};

use crate::{
    smtp::{envelope, settings},
    smtp_tls::over_tls,
    support::smtp::{Act, Script, SmtpServer, TlsMode},
};

/// "The mail was queued" in GBK, and "no such user" in EUC-KR.
const GBK: &[u8] = b"\xd3\xca\xbc\xfe\xd2\xd1\xbd\xf8\xc8\xeb\xb6\xd3\xc1\xd0";
const EUC_KR: &[u8] = b"\xc1\xb8\xc0\xe7\xc7\xcf\xc1\xf6 \xbe\xca\xb4\xc2 \xbb\xe7\xbf\xeb\xc0\xda";
/// More than a line, a packet and a buffer.
const LONG_BYTES: usize = 100_000;

/// A reply with this code, in every form.
fn forms(code: u16) -> Vec<(&'static str, Vec<u8>)> {
    let code = code.to_string();
    let line = |sign: &[u8], text: &[u8]| [code.as_bytes(), sign, text, b"\r\n"].concat();
    vec![
        ("no text", line(b"", b"")),
        ("no text, bare line feed", [code.as_bytes(), b"\n"].concat()),
        ("a space and no text", line(b" ", b"")),
        ("no space", line(b"", b"Ok")),
        ("GBK", line(b" ", GBK)),
        ("EUC-KR", line(b" ", EUC_KR)),
        ("no space, EUC-KR", line(b"", EUC_KR)),
        ("control characters", line(b" ", b"a\x00\x07\x1b[31mb\x7f\x85\xe2\x80\xae")),
        ("lines that differ", [line(b"-", b"one"), line(b"-", b"two"), line(b" ", b"three")].concat()),
        ("lines without text", [line(b"-", b""), line(b"", b"")].concat()),
        ("a line without a code", [line(b"-", b"one"), b"two\r\n".to_vec(), line(b" ", b"three")].concat()),
        ("lines in GBK", [line(b"-", GBK), line(b" ", GBK)].concat()),
        ("a very long line", line(b" ", &[b'x'; LONG_BYTES])),
        ("very many lines", [line(b"-", b"x").repeat(10_000), line(b" ", b"x")].concat()),
    ]
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum At {
    Greeting,
    Hello,
    StartTls,
    Auth,
    Mail,
    Rcpt,
    Data,
    Dot,
    Rset,
    Quit,
}

const EVERY_PHASE: [At; 10] = [
    At::Greeting,
    At::Hello,
    At::StartTls,
    At::Auth,
    At::Mail,
    At::Rcpt,
    At::Data,
    At::Dot,
    At::Rset,
    At::Quit,
];

impl At {
    /// The code with which the phase goes well.
    fn well(self) -> u16 {
        match self {
            Self::Greeting | Self::StartTls => 220,
            Self::Auth => 235,
            Self::Data => 354,
            Self::Quit => 221,
            Self::Hello | Self::Mail | Self::Rcpt | Self::Dot | Self::Rset => 250,
        }
    }

    /// Every refusal of this phase, and what becomes of the mail.
    fn refusals(self) -> &'static [(u16, &'static str)] {
        match self {
            Self::Greeting | Self::Hello | Self::StartTls => &[
                (550, "mail_server_refused"),
                (554, "mail_server_refused"),
                (421, "mail_server_unavailable"),
                (454, "mail_server_unavailable"),
            ],
            Self::Auth => &[(535, "mail_auth"), (454, "mail_server_unavailable")],
            Self::Mail => &[(550, "mail_policy_refused"), (451, "mail_deferred"), (552, "mail_too_large")],
            Self::Rcpt => &[
                (550, "mailbox_refused"),
                (553, "mailbox_refused"),
                (450, "mail_deferred"),
                (421, "mail_server_unavailable"),
            ],
            Self::Data => &[(554, "mail_policy_refused"), (451, "mail_deferred")],
            Self::Dot => {
                &[(554, "mail_policy_refused"), (550, "mail_policy_refused"), (451, "mail_deferred")]
            }
            // What the server says of a mail that is decided changes nothing.
            Self::Rset | Self::Quit => &[],
        }
    }

    /// A server that says this at the phase, and is well otherwise.
    fn script(self, bytes: Vec<u8>) -> Script {
        let act = Act::SayBytes(bytes);
        let tls = if self == Self::StartTls { TlsMode::AfterStartTls } else { TlsMode::Never };
        let well = Script { tls, ..Script::default() };
        match self {
            Self::Greeting => Script { greeting: act, ..well },
            Self::Hello => Script { ehlo: act, ..well },
            Self::StartTls => Script { starttls: act, ..well },
            Self::Auth => Script { auth: act, ..well },
            Self::Mail => Script { mail: act, ..well },
            Self::Rcpt => Script { rcpt: act, ..well },
            Self::Data => Script { data: act, ..well },
            Self::Dot => Script { dot: act, ..well },
            Self::Rset => Script { rset: act, ..well },
            Self::Quit => Script { quit: act, ..well },
        }
    }

    fn settings(self, port: u16) -> SmtpSettings {
        let credentials = SmtpCredentials { username: "fleet".to_owned(), password: "hunter22".to_owned() };
        match self {
            Self::StartTls => over_tls(port, Security::StartTls),
            Self::Auth => SmtpSettings { credentials: Some(credentials), ..settings(port) },
            Self::Quit => SmtpSettings { mails_per_connection_max: 1, ..settings(port) },
            _ => settings(port),
        }
    }
}

async fn send(at: At, bytes: &[u8], mails: usize) -> (Vec<Result<Accepted, SendFailure>>, SmtpServer) {
    let server = SmtpServer::start(vec![at.script(bytes.to_vec())]).await;
    let smtp = Smtp::new(&at.settings(server.port)).expect("good settings");
    let mut results = Vec::new();
    for _ in 0..mails {
        results.push(smtp.send(&envelope()).await);
    }
    (results, server)
}

fn mails_heard(server: &SmtpServer) -> usize {
    server.heard().iter().map(|heard| heard.mails.len()).sum()
}

#[tokio::test]
async fn a_reply_that_is_well_is_well_in_every_form_at_every_phase_and_the_mail_goes_out_once() {
    for at in EVERY_PHASE {
        for (form, bytes) in forms(at.well()) {
            // RSET is said before the second mail.
            let mails = if at == At::Rset { 2 } else { 1 };
            let (results, server) = send(at, &bytes, mails).await;
            for result in results {
                result.unwrap_or_else(|failure| panic!("{at:?}, {form}: {failure}"));
            }
            assert_eq!(mails_heard(&server), mails, "{at:?}, {form}: each mail once");
        }
    }
}

#[tokio::test]
async fn a_refusal_means_its_code_in_every_form_at_every_phase_and_nothing_is_handed_over_twice() {
    for at in EVERY_PHASE {
        for (code, expected) in at.refusals() {
            for (form, bytes) in forms(*code) {
                let (results, server) = send(at, &bytes, 1).await;
                let [Err(failure)] = &results[..] else { panic!("{at:?}, {code}, {form}: {results:?}") };
                let told = format!("{at:?}, {form}: {failure}");
                assert_eq!(failure.code.as_str(), *expected, "{told}");
                assert_eq!(failure.provider_code.as_deref(), Some(code.to_string().as_str()), "{told}");
                assert!(failure.detail.contains(&code.to_string()), "{told}");
                assert!(failure.detail.chars().count() <= 300, "{told}");
                assert!(failure.detail.chars().all(|c| !c.is_control() && c != '\u{202e}'), "{told}");
                assert_eq!(mails_heard(&server), usize::from(at == At::Dot), "{told}");
                let tries: usize = server.heard().iter().map(|heard| heard.count("RCPT")).sum();
                assert!(tries <= 1, "{told}");
            }
        }
    }
}

#[tokio::test]
async fn of_lines_whose_codes_contradict_each_other_the_last_one_counts() {
    for (bytes, expected) in [
        (&b"250-2.0.0 queued\r\n550 5.7.1 no\r\n"[..], Some("mail_policy_refused")),
        (b"451-wait\r\n554 no\r\n", Some("mail_policy_refused")),
        (b"550-no\r\n250 2.0.0 queued\r\n", None),
        (b"354-go\r\n250\r\n", None),
    ] {
        let (results, server) = send(At::Dot, bytes, 1).await;
        let code = results[0].as_ref().err().map(|failure| failure.code.as_str());
        assert_eq!(code, expected, "{}", bytes.escape_ascii());
        assert_eq!(mails_heard(&server), 1);
    }
}

/// A text without an end is cut off, and its connection is not used again; the code before it stands.
#[tokio::test]
async fn a_text_that_never_ends_does_not_hide_its_code() {
    for bytes in [[b"250 ".as_slice(), &[b'x'; 400_000]].concat(), b"250-x\r\n".repeat(60_000)] {
        let (results, server) = send(At::Dot, &bytes, 2).await;
        for result in results {
            result.expect("accepted");
        }
        let mails: Vec<usize> = server.heard().iter().map(|heard| heard.mails.len()).collect();
        assert_eq!(mails, [1, 1]);
    }
}

#[tokio::test]
async fn the_words_of_a_refusal_are_shown_as_far_as_they_can_be_and_name_no_address() {
    let bytes = [b"550 ".as_slice(), EUC_KR, b" <kim@example.com> 010-1234-5678, black ip\r\n"].concat();
    let (results, _server) = send(At::Greeting, &bytes, 1).await;
    let Err(failure) = &results[0] else { panic!("{results:?}") };
    assert!(failure.detail.starts_with("at the greeting: 550 "), "{}", failure.detail);
    assert!(failure.detail.ends_with("(address) (number), black ip"), "{}", failure.detail);
    assert!(!failure.detail.contains("kim"), "{}", failure.detail);
}

#[tokio::test]
async fn a_server_that_asks_for_the_proof_is_answered_whatever_its_question_is_written_in() {
    for (mechanism, answer) in [("PLAIN", "AGZsZWV0AGh1bnRlcjIy"), ("LOGIN", "ZmxlZXQ=")] {
        for question in [&b"334\r\n"[..], b"334 \xc0\xaf\r\n", b"334VXNlcm5hbWU6\r\n"] {
            let ehlo = Act::SayBytes(format!("250-mail.test\r\n250 AUTH {mechanism}\r\n").into_bytes());
            let auth = Act::SayBytes(question.to_vec());
            let server = SmtpServer::start(vec![Script { auth, ehlo, ..Script::default() }]).await;
            let smtp = Smtp::new(&At::Auth.settings(server.port)).expect("good settings");
            smtp.send(&envelope()).await.expect_err("this server takes no answer");
            assert_eq!(server.heard()[0].commands[2], answer, "{mechanism} {}", question.escape_ascii());
        }
    }
}
