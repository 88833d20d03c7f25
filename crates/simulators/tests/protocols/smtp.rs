//! The mail server, spoken to line by line.

use closure_simulators::{MailBehaviour, MailEnding, MailPhase, SmtpAuth, SmtpSimSettings, SmtpSimulator};
use serde_json::Value;
use tokio::{
    io::{AsyncBufReadExt, AsyncWriteExt, BufReader},
    net::TcpStream,
};

use crate::support::client;

const MESSAGE: &str = "From: <noreply@example.com>\r\nMessage-ID: <job-1@example.com>\r\n\
                       Subject: Answer\r\n\r\nHello\r\n..dots\r\n";

async fn server(settings: SmtpSimSettings) -> SmtpSimulator {
    SmtpSimulator::start(settings).await.expect("loopback has a free port")
}

/// A sender that says a line and reads a reply.
struct Sender(BufReader<TcpStream>);

impl Sender {
    async fn connect(server: &SmtpSimulator) -> Self {
        let stream = TcpStream::connect(server.address()).await.expect("the server listens");
        let mut sender = Self(BufReader::new(stream));
        assert_eq!(sender.reply().await.code(), 220);
        sender
    }

    async fn greeted(server: &SmtpSimulator) -> Self {
        let mut sender = Self::connect(server).await;
        assert_eq!(sender.say("EHLO client.example").await.code(), 250);
        sender
    }

    async fn say(&mut self, line: &str) -> Reply {
        self.write(&format!("{line}\r\n")).await;
        self.reply().await
    }

    /// Writes; a connection that the server closed shows in the reply that does not come.
    async fn write(&mut self, text: &str) {
        let _closed_already = self.0.get_mut().write_all(text.as_bytes()).await;
    }

    async fn reply(&mut self) -> Reply {
        let mut lines = Vec::new();
        loop {
            let mut line = String::new();
            let read = self.0.read_line(&mut line).await.unwrap_or_default();
            let last = line.as_bytes().get(3) != Some(&b'-');
            lines.push(line.trim_end().to_owned());
            if read == 0 || last {
                return Reply(lines);
            }
        }
    }

    /// MAIL and RCPT; answers the reply to RCPT.
    async fn address(&mut self, recipient: &str) -> Reply {
        assert_eq!(self.say("MAIL FROM:<bounce@example.com> BODY=8BITMIME").await.code(), 250);
        self.say(&format!("RCPT TO:<{recipient}>")).await
    }

    /// DATA and a message; answers the reply to the final dot.
    async fn data(&mut self, message: &str) -> Reply {
        assert_eq!(self.say("DATA").await.code(), 354);
        self.write(message).await;
        self.say(".").await
    }
}

/// A reply, possibly of several lines; without a line the connection is closed.
#[derive(Debug)]
struct Reply(Vec<String>);

impl Reply {
    fn code(&self) -> u16 {
        self.0.last().and_then(|line| line.get(..3)?.parse().ok()).unwrap_or_default()
    }

    fn is_end_of_connection(&self) -> bool {
        self.0.iter().all(String::is_empty)
    }

    fn starts(&self, text: &str) -> bool {
        self.0.last().is_some_and(|line| line.starts_with(text))
    }
}

/// One whole try; answers the first reply that is not good, else the one to the message.
async fn deliver(server: &SmtpSimulator, recipient: &str) -> Reply {
    let mut sender = Sender::greeted(server).await;
    let reply = sender.address(recipient).await;
    if reply.code() != 250 {
        return reply;
    }
    sender.data(MESSAGE).await
}

#[tokio::test]
async fn mail_is_kept_as_it_was_written() {
    let server = server(SmtpSimSettings::default()).await;
    let mut sender = Sender::greeted(&server).await;
    assert_eq!(sender.address("Ok@Customer.Example").await.code(), 250);
    let reply = sender.data(MESSAGE).await;
    assert!(reply.starts("250 2.0.0 Ok: queued as SIM"), "{reply:?}");
    assert_eq!(sender.say("QUIT").await.code(), 221);

    let mails = server.mails_to("ok@customer.example");
    assert_eq!(mails.len(), 1);
    assert_eq!(mails[0].raw, MESSAGE.replace("..dots", ".dots").into_bytes());
    assert_eq!(mails[0].from, "bounce@example.com");
    assert_eq!(mails[0].message_id.as_deref(), Some("<job-1@example.com>"));
    assert_eq!(mails[0].ending, MailEnding::Replied);
    assert!(reply.0[0].ends_with(&mails[0].queue_id));
    server.stop().await;
}

#[tokio::test]
async fn one_connection_carries_several_messages() {
    let server = server(SmtpSimSettings::default()).await;
    let mut sender = Sender::greeted(&server).await;
    for recipient in ["ok-1@customer.example", "ok-2@customer.example"] {
        assert_eq!(sender.address(recipient).await.code(), 250);
        assert_eq!(sender.data(MESSAGE).await.code(), 250);
    }
    assert_eq!(sender.address("ok-3@customer.example").await.code(), 250);
    assert_eq!(sender.say("RSET").await.code(), 250);
    assert_eq!(sender.say("DATA").await.code(), 503, "the envelope is forgotten");
    assert_eq!(server.mails().len(), 2);
    server.stop().await;
}

#[tokio::test]
async fn the_local_part_chooses_the_reply() {
    let server = server(SmtpSimSettings::default()).await;
    let table = [
        ("greylist-once@customer.example", "451 4.7.1", "250"),
        ("full@customer.example", "452 4.2.2", "452"),
        ("unknown@customer.example", "550 5.1.1", "550"),
        ("disabled@customer.example", "550 5.2.1", "550"),
        ("policy@customer.example", "554 5.7.1", "554"),
        ("busy421@customer.example", "421 4.3.2", "250"),
        ("defer-after-dot@customer.example", "451 4.3.0", "250"),
        ("policy-after-dot@customer.example", "554 5.7.1", "554"),
        ("fullerton@customer.example", "250", "250"),
    ];
    for (recipient, first, second) in table {
        let reply = deliver(&server, recipient).await;
        assert!(reply.starts(first), "{recipient}: {reply:?}");
        let reply = deliver(&server, recipient).await;
        assert!(reply.starts(second), "{recipient} again: {reply:?}");
        assert_eq!(server.tries_to(recipient), 2);
    }
    assert_eq!(server.mails_to("policy-after-dot@customer.example").len(), 0);
    assert_eq!(server.mails_to("defer-after-dot@customer.example").len(), 1);
    server.stop().await;
}

#[tokio::test]
async fn a_connection_that_drops_before_the_dot_keeps_nothing() {
    let server = server(SmtpSimSettings::default()).await;
    let recipient = "drop-before-dot@customer.example";
    assert!(deliver(&server, recipient).await.is_end_of_connection());
    assert!(server.mails_to(recipient).is_empty());
    assert_eq!(deliver(&server, recipient).await.code(), 250);
    server.stop().await;
}

#[tokio::test]
async fn a_connection_that_drops_after_the_dot_keeps_the_message_unsaid() {
    let server = server(SmtpSimSettings::default()).await;
    let recipient = "drop-after-dot@customer.example";
    assert!(deliver(&server, recipient).await.is_end_of_connection());
    assert_eq!(server.mails_to(recipient)[0].ending, MailEnding::Unsaid);
    assert_eq!(deliver(&server, recipient).await.code(), 250);
    assert_eq!(server.mails_to(recipient).len(), 2, "the same bytes twice: the sender could not know");
    assert_eq!(deliver(&server, "closing-after-dot@customer.example").await.code(), 421);
    assert_eq!(server.mails_to("closing-after-dot@customer.example").len(), 1);
    server.stop().await;
}

#[tokio::test]
async fn a_silent_server_keeps_the_message_and_says_nothing() {
    let server = server(SmtpSimSettings { slow_ms: 20, idle_ms: 300, ..SmtpSimSettings::default() }).await;
    assert!(deliver(&server, "silent-after-dot@customer.example").await.is_end_of_connection());
    assert_eq!(server.mails_to("silent-after-dot@customer.example").len(), 1);
    assert_eq!(deliver(&server, "slow-after-dot@customer.example").await.code(), 250);
    server.stop().await;
}

#[tokio::test]
async fn a_connection_that_waits_or_carries_too_much_is_told_so_and_closed() {
    let settings = SmtpSimSettings { idle_ms: 300, mails_per_connection_max: Some(2), ..Default::default() };
    let server = server(settings).await;
    let mut sender = Sender::greeted(&server).await;
    for _ in 0..2 {
        assert_eq!(sender.address("kim@customer.example").await.code(), 250);
        assert_eq!(sender.data(MESSAGE).await.code(), 250);
    }
    assert_eq!(sender.say("RSET").await.code(), 250);
    assert_eq!(sender.say("MAIL FROM:<bounce@example.com>").await.code(), 421);
    assert!(sender.reply().await.is_end_of_connection());

    let mut sender = Sender::greeted(&server).await;
    assert_eq!(sender.reply().await.code(), 421, "without a word of ours");
    assert!(sender.reply().await.is_end_of_connection());
    assert_eq!(server.connections(), 2);
    server.stop().await;
}

#[tokio::test]
async fn rules_come_before_the_table_and_end_after_their_times() {
    let server = server(SmtpSimSettings::default()).await;
    server.behave_all(MailBehaviour::RecipientReply(450));
    server.behave_times("A@customer.example", MailBehaviour::DropAfterDot, 2);
    assert!(deliver(&server, "a@customer.example").await.is_end_of_connection());
    assert!(deliver(&server, "a@customer.example").await.is_end_of_connection());
    assert_eq!(deliver(&server, "a@customer.example").await.code(), 450);
    server.clear_rules();
    assert_eq!(deliver(&server, "a@customer.example").await.code(), 250);
    server.stop().await;
}

#[tokio::test]
async fn it_says_the_bytes_that_it_was_given_and_acts_by_their_code() {
    let server = server(SmtpSimSettings::default()).await;
    server.say_at(MailPhase::RcptTo, b"550\r\n", Some(1));
    assert_eq!(deliver(&server, "a@customer.example").await.0, ["550"]);
    assert_eq!(server.tried()[0].reply_code, 550);
    server.say_at(MailPhase::AfterDot, b"250\r\n", Some(1));
    assert_eq!(deliver(&server, "a@customer.example").await.0, ["250"]);
    assert_eq!(server.mails_to("a@customer.example").len(), 1);
    server.say_at(MailPhase::AfterDot, b"554\r\n", None);
    assert_eq!(deliver(&server, "a@customer.example").await.0, ["554"]);
    assert_eq!(server.mails_to("a@customer.example").len(), 1, "it is not taken");
    server.clear_replies();
    assert_eq!(deliver(&server, "a@customer.example").await.code(), 250);
    server.stop().await;
}

#[tokio::test]
async fn a_sender_must_prove_who_it_is_where_that_is_required() {
    let auth = SmtpAuth::Required { username: "fleet".to_owned(), password: "secret".to_owned() };
    let server = server(SmtpSimSettings { auth, ..SmtpSimSettings::default() }).await;
    let mut sender = Sender::connect(&server).await;
    let hello = sender.say("EHLO client.example").await;
    assert!(hello.0.iter().any(|line| line.ends_with("AUTH PLAIN LOGIN")), "{hello:?}");
    assert_eq!(sender.say("MAIL FROM:<a@example.com>").await.code(), 530);
    // "\0fleet\0wrong", then "\0fleet\0secret", in base64.
    assert_eq!(sender.say("AUTH PLAIN AGZsZWV0AHdyb25n").await.code(), 535);
    assert_eq!(sender.say("AUTH PLAIN AGZsZWV0AHNlY3JldA==").await.code(), 235);
    assert_eq!(sender.address("ok@customer.example").await.code(), 250);

    let mut sender = Sender::greeted(&server).await;
    assert_eq!(sender.say("AUTH LOGIN").await.code(), 334);
    assert_eq!(sender.say("ZmxlZXQ=").await.code(), 334);
    assert_eq!(sender.say("c2VjcmV0").await.code(), 235);

    server.set_auth(SmtpAuth::AlwaysRefused);
    let mut sender = Sender::greeted(&server).await;
    assert_eq!(sender.say("AUTH PLAIN AGZsZWV0AHNlY3JldA==").await.code(), 535);
    server.stop().await;
}

#[tokio::test]
async fn commands_out_of_order_and_oversized_mail_are_refused() {
    let server = server(SmtpSimSettings { mail_bytes_max: 100, ..SmtpSimSettings::default() }).await;
    let mut sender = Sender::connect(&server).await;
    assert_eq!(sender.say("MAIL FROM:<a@example.com>").await.code(), 503);
    assert_eq!(sender.say("EHLO client.example").await.code(), 250);
    assert_eq!(sender.say("RCPT TO:<ok@customer.example>").await.code(), 503);
    assert_eq!(sender.say("DATA").await.code(), 503);
    assert_eq!(sender.say("STARTTLS").await.code(), 502);
    assert_eq!(sender.say("HELP").await.code(), 500);
    assert_eq!(sender.say("MAIL FROM:<a@example.com> SIZE=101").await.code(), 552);
    assert_eq!(sender.address("ok@customer.example").await.code(), 250);
    assert_eq!(sender.data(&"0123456789\r\n".repeat(20)).await.code(), 552);
    assert_eq!(sender.say("NOOP").await.code(), 250, "the connection goes on");
    assert!(server.mails().is_empty());
    server.stop().await;
}

#[tokio::test]
async fn only_a_dot_between_real_line_ends_ends_a_message() {
    let server = server(SmtpSimSettings::default()).await;
    let mut sender = Sender::greeted(&server).await;
    assert_eq!(sender.address("ok@customer.example").await.code(), 250);
    let long_line = "x".repeat(5_000);
    let smuggled = format!("Subject: a\r\n\r\nbody\n.\nMAIL FROM:<evil@example.com>\r\n{long_line}\r\n");
    assert_eq!(sender.data(&smuggled).await.code(), 250);
    assert_eq!(server.mails().len(), 1);
    assert_eq!(server.mails()[0].raw, smuggled.into_bytes());
    server.stop().await;
}

#[tokio::test]
async fn memory_keeps_the_newest_mail_only() {
    let server = server(SmtpSimSettings { mails_max: 2, ..SmtpSimSettings::default() }).await;
    for recipient in ["a@customer.example", "b@customer.example", "c@customer.example"] {
        assert_eq!(deliver(&server, recipient).await.code(), 250);
    }
    assert_eq!(server.mails().len(), 2);
    assert!(server.mails_to("a@customer.example").is_empty());
    server.stop().await;
}

#[tokio::test]
async fn records_are_there_over_http() {
    let http_listen = Some(([127, 0, 0, 1], 0).into());
    let server = server(SmtpSimSettings { http_listen, ..SmtpSimSettings::default() }).await;
    let base = server.http_url().expect("the records have an address");
    assert_eq!(deliver(&server, "a@customer.example").await.code(), 250);
    let get = async |path: &str| -> Value {
        let answer = client().get(format!("{base}/_sim/{path}")).send().await.expect("the server answers");
        answer.json().await.expect("records are JSON")
    };
    let mails = get("mails?to=a@customer.example").await;
    assert_eq!(mails.as_array().map(Vec::len), Some(1));
    assert_eq!(mails[0]["message_id"], "<job-1@example.com>");
    assert!(mails[0]["raw"].as_str().is_some_and(|raw| raw.contains("Hello")));
    assert_eq!(get("tried").await[0]["reply_code"], 250);
    let rules = serde_json::json!([{ "match": { "suffix": "" }, "behaviour": "mailbox_full" }]);
    client().put(format!("{base}/_sim/rules")).json(&rules).send().await.expect("the server answers");
    assert_eq!(deliver(&server, "a@customer.example").await.code(), 452);
    server.stop().await;
}
