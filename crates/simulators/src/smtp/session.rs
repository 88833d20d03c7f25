//! One connection of a sender.

use std::{io, time::Duration};

use tokio::{
    io::{AsyncWriteExt, WriteHalf},
    net::TcpStream,
};

use super::{
    SmtpAuth,
    behaviour::{MailBehaviour, Reply, reply},
    lines::{COMMAND_BYTES_MAX, Line, Lines},
    mailbox::{MailEnding, NewMail, SmtpState, normal_address},
    raw::{MailPhase, code_of},
};

/// A connection carries at most this many commands.
const COMMANDS_MAX: u32 = 100_000;
/// A message has at most this many recipients.
const RECIPIENTS_MAX: usize = 100;

/// What the dialogue does after a command.
enum Next {
    Continue,
    Close,
}

/// Serves a connection until it ends, one way or another.
pub(super) async fn serve(stream: TcpStream, state: &SmtpState, crowded: bool) {
    let (read, write) = tokio::io::split(stream);
    let mut session = Session {
        state,
        lines: Lines::new(read),
        write,
        greeted: false,
        authenticated: false,
        envelope: None,
        begun: 0,
    };
    if session.run(crowded).await.is_err() {
        tracing::debug!("an SMTP connection broke");
    }
}

pub(super) struct Session<'a> {
    pub(super) state: &'a SmtpState,
    lines: Lines<tokio::io::ReadHalf<TcpStream>>,
    write: WriteHalf<TcpStream>,
    greeted: bool,
    pub(super) authenticated: bool,
    envelope: Option<Envelope>,
    /// How many messages were begun.
    begun: u32,
}

#[derive(Default)]
struct Envelope {
    from: String,
    recipients: Vec<String>,
    /// What is to happen after DATA, if any recipient wants something special.
    behaviour: Option<MailBehaviour>,
}

impl Session<'_> {
    async fn run(&mut self, crowded: bool) -> io::Result<()> {
        if crowded {
            return self.say(reply(421, "4.3.2 Too many connections")).await;
        }
        let name = self.state.settings.hello_name.clone();
        match self.state.raw.take(MailPhase::Greeting) {
            Some(raw) => self.write.write_all(&raw).await?,
            None => self.write_line(&format!("220 {name} ESMTP simulator")).await?,
        }
        for _ in 0..COMMANDS_MAX {
            let line = match self.read_command().await {
                Ok(Some(line)) => line,
                Ok(None) => return Ok(()),
                Err(silence) if silence.kind() == io::ErrorKind::TimedOut => {
                    return self.say(reply(421, "4.4.2 Silent for too long")).await;
                }
                Err(broken) => return Err(broken),
            };
            match self.obey(&line).await? {
                Next::Continue => {}
                Next::Close => return Ok(()),
            }
        }
        self.say(reply(421, "4.7.0 Too many commands")).await
    }

    async fn obey(&mut self, line: &str) -> io::Result<Next> {
        let (verb, argument) = line.split_once(' ').unwrap_or((line, ""));
        match verb.to_ascii_uppercase().as_str() {
            "EHLO" => self.greet().await?,
            "HELO" => {
                self.greeted = true;
                self.envelope = None;
                self.say(reply(250, "Hello")).await?;
            }
            "AUTH" => self.authenticate(argument).await?,
            "MAIL" => return self.mail(argument).await,
            "RCPT" => return self.recipient(argument).await,
            "DATA" => return self.data().await,
            "RSET" => {
                self.envelope = None;
                self.answer(MailPhase::Rset, reply(250, "2.0.0 Ok")).await?;
            }
            "NOOP" => self.say(reply(250, "2.0.0 Ok")).await?,
            "QUIT" => {
                self.answer(MailPhase::Quit, reply(221, "2.0.0 Bye")).await?;
                return Ok(Next::Close);
            }
            "VRFY" => self.say(reply(252, "2.5.0 Send and see")).await?,
            "STARTTLS" => self.say(reply(502, "5.5.1 TLS is not offered here")).await?,
            _ => self.say(reply(500, "5.5.2 Command not recognised")).await?,
        }
        Ok(Next::Continue)
    }

    async fn greet(&mut self) -> io::Result<()> {
        if let Some(raw) = self.state.raw.take(MailPhase::Hello) {
            self.greeted = code_of(&raw) == 250;
            return self.write.write_all(&raw).await;
        }
        self.greeted = true;
        self.envelope = None;
        let settings = &self.state.settings;
        let mut lines = vec![
            settings.hello_name.clone(),
            "8BITMIME".to_owned(),
            "ENHANCEDSTATUSCODES".to_owned(),
            "SMTPUTF8".to_owned(),
            format!("SIZE {}", settings.mail_bytes_max),
        ];
        if self.state.auth() != SmtpAuth::NotOffered {
            lines.push("AUTH PLAIN LOGIN".to_owned());
        }
        let last = lines.len() - 1;
        let mut text = String::new();
        for (index, line) in lines.iter().enumerate() {
            let separator = if index == last { ' ' } else { '-' };
            text.push_str(&format!("250{separator}{line}\r\n"));
        }
        self.write.write_all(text.as_bytes()).await
    }

    async fn mail(&mut self, argument: &str) -> io::Result<Next> {
        let ours = self.begin(argument);
        let code = self.answer(MailPhase::MailFrom, ours).await?;
        if code != 250 {
            self.envelope = None;
        }
        Ok(if code == 421 { Next::Close } else { Next::Continue })
    }

    /// The reply to MAIL.
    fn begin(&mut self, argument: &str) -> Reply {
        if !self.greeted {
            return reply(503, "5.5.1 Say EHLO first");
        }
        if self.state.auth() != SmtpAuth::NotOffered && !self.authenticated {
            return reply(530, "5.7.0 Authentication required");
        }
        if self.envelope.is_some() {
            return reply(503, "5.5.1 A message has begun already");
        }
        if self.state.settings.mails_per_connection_max.is_some_and(|max| self.begun >= max) {
            return reply(421, "4.7.0 Too many messages over one connection");
        }
        let Some((from, parameters)) = path_of(argument, "FROM:") else {
            return reply(501, "5.5.4 Write MAIL FROM:<address>");
        };
        let announced = parameters
            .split(' ')
            .find_map(|word| word.to_ascii_uppercase().strip_prefix("SIZE=")?.parse::<usize>().ok());
        if announced.is_some_and(|bytes| bytes > self.state.settings.mail_bytes_max) {
            return reply(552, "5.3.4 The message is too large");
        }
        self.begun += 1;
        self.envelope = Some(Envelope { from, ..Envelope::default() });
        reply(250, "2.1.0 Ok")
    }

    async fn recipient(&mut self, argument: &str) -> io::Result<Next> {
        let Some(envelope) = &mut self.envelope else {
            self.say(reply(503, "5.5.1 Say MAIL first")).await?;
            return Ok(Next::Continue);
        };
        let Some((address, _)) = path_of(argument, "TO:").filter(|(address, _)| address.contains('@')) else {
            self.say(reply(501, "5.1.3 Write RCPT TO:<address>")).await?;
            return Ok(Next::Continue);
        };
        if envelope.recipients.len() >= RECIPIENTS_MAX {
            self.say(reply(452, "4.5.3 Too many recipients")).await?;
            return Ok(Next::Continue);
        }
        let address = normal_address(&address);
        let raw = self.state.raw.take(MailPhase::RcptTo);
        let raw_code = raw.as_deref().map(code_of);
        let behaviour = self.state.choose(&address, raw_code);
        let ours = behaviour.recipient_reply();
        let code = raw_code.unwrap_or(ours.code);
        if code == 250 {
            envelope.recipients.push(address);
            if behaviour != MailBehaviour::Accept {
                envelope.behaviour = Some(behaviour);
            }
        }
        if behaviour == MailBehaviour::SlowAtRecipient {
            tokio::time::sleep(Duration::from_millis(self.state.settings.slow_ms)).await;
        }
        match raw {
            Some(raw) => self.write.write_all(&raw).await?,
            None => self.say(ours).await?,
        }
        Ok(if code == 421 { Next::Close } else { Next::Continue })
    }

    async fn data(&mut self) -> io::Result<Next> {
        let Some(envelope) = self.envelope.take_if(|envelope| !envelope.recipients.is_empty()) else {
            self.say(reply(503, "5.5.1 Say MAIL and RCPT first")).await?;
            return Ok(Next::Continue);
        };
        let ours = reply(354, "End with a dot on a line of its own");
        if self.answer(MailPhase::Data, ours).await? != 354 {
            return Ok(Next::Continue);
        }
        let behaviour = envelope.behaviour.unwrap_or(MailBehaviour::Accept);
        if behaviour == MailBehaviour::DropBeforeDot {
            // One line is read, so that the sender is in the middle of the message when the line breaks.
            self.read_line(COMMAND_BYTES_MAX).await?;
            return Ok(Next::Close);
        }
        match self.read_message().await? {
            Received::Gone => Ok(Next::Close),
            Received::TooLarge => {
                self.say(reply(552, "5.3.4 The message is too large")).await?;
                Ok(Next::Continue)
            }
            Received::Message(raw) => self.finish(envelope, raw, behaviour).await,
        }
    }

    async fn finish(
        &mut self,
        envelope: Envelope,
        raw: Vec<u8>,
        behaviour: MailBehaviour,
    ) -> io::Result<Next> {
        let state = self.state;
        let keep = |ending| {
            state.keep(NewMail { from: envelope.from, recipients: envelope.recipients, raw, ending })
        };
        if let Some(raw) = state.raw.take(MailPhase::AfterDot) {
            if code_of(&raw) == 250 {
                keep(MailEnding::Replied);
            }
            self.write.write_all(&raw).await?;
            return Ok(Next::Continue);
        }
        match behaviour {
            MailBehaviour::DropAfterDot => {
                keep(MailEnding::Unsaid);
                Ok(Next::Close)
            }
            MailBehaviour::SilentAfterDot => {
                keep(MailEnding::Unsaid);
                self.read_line(COMMAND_BYTES_MAX).await?;
                Ok(Next::Close)
            }
            MailBehaviour::ClosingAfterDot => {
                keep(MailEnding::Unsaid);
                self.say(reply(421, "4.3.2 Closing the connection")).await?;
                Ok(Next::Close)
            }
            MailBehaviour::PolicyAfterDot => {
                self.say(reply(554, "5.7.1 Refused by policy")).await?;
                Ok(Next::Continue)
            }
            MailBehaviour::DeferAfterDot => {
                self.say(reply(451, "4.3.0 Try again later")).await?;
                Ok(Next::Continue)
            }
            MailBehaviour::SlowAfterDot => {
                let queue_id = keep(MailEnding::Replied);
                tokio::time::sleep(Duration::from_millis(state.settings.slow_ms)).await;
                self.say_queued(&queue_id).await
            }
            MailBehaviour::Accept
            | MailBehaviour::Greylist
            | MailBehaviour::MailboxFull
            | MailBehaviour::UnknownMailbox
            | MailBehaviour::PolicyRefused
            | MailBehaviour::Busy
            | MailBehaviour::Disabled
            | MailBehaviour::DropBeforeDot
            | MailBehaviour::SlowAtRecipient
            | MailBehaviour::RecipientReply(_) => {
                let queue_id = keep(MailEnding::Replied);
                self.say_queued(&queue_id).await
            }
        }
    }

    async fn say_queued(&mut self, queue_id: &str) -> io::Result<Next> {
        self.write_line(&format!("250 2.0.0 Ok: queued as {queue_id}")).await?;
        Ok(Next::Continue)
    }

    /// Reads up to the final dot; a line ending must be CR LF, so that a lone dot cannot be smuggled in.
    async fn read_message(&mut self) -> io::Result<Received> {
        let bytes_max = self.state.settings.mail_bytes_max;
        let mut raw = Vec::new();
        let mut too_large = false;
        let mut at_line_start = true;
        loop {
            let Some(line) = self.read_line(COMMAND_BYTES_MAX).await? else { return Ok(Received::Gone) };
            if at_line_start && line == b".\r\n" {
                return Ok(if too_large { Received::TooLarge } else { Received::Message(raw) });
            }
            let unstuffed = if at_line_start { line.strip_prefix(b".").unwrap_or(&line) } else { &line };
            too_large |= raw.len() + unstuffed.len() > bytes_max;
            if !too_large {
                raw.extend_from_slice(unstuffed);
            }
            at_line_start = line.ends_with(b"\r\n");
        }
    }

    pub(super) async fn read_command(&mut self) -> io::Result<Option<String>> {
        let line = self.read_line(COMMAND_BYTES_MAX).await?;
        Ok(line.map(|line| String::from_utf8_lossy(&line).trim_end().to_owned()))
    }

    async fn read_line(&mut self, bytes_max: usize) -> io::Result<Option<Vec<u8>>> {
        let wait = Duration::from_millis(self.state.settings.idle_ms);
        match tokio::time::timeout(wait, self.lines.next(bytes_max)).await {
            Ok(Ok(Line::Bytes(line))) => Ok(Some(line)),
            Ok(Ok(Line::End)) => Ok(None),
            Ok(Err(error)) => Err(error),
            Err(_) => Err(io::ErrorKind::TimedOut.into()),
        }
    }

    /// Says its own reply, or the bytes that a test has put in its place; the code of what was said.
    pub(super) async fn answer(&mut self, phase: MailPhase, ours: Reply) -> io::Result<u16> {
        match self.state.raw.take(phase) {
            Some(raw) => {
                self.write.write_all(&raw).await?;
                Ok(code_of(&raw))
            }
            None => {
                self.say(ours).await?;
                Ok(ours.code)
            }
        }
    }

    pub(super) async fn say(&mut self, answer: Reply) -> io::Result<()> {
        self.write_line(&format!("{} {}", answer.code, answer.text)).await
    }

    pub(super) async fn write_line(&mut self, line: &str) -> io::Result<()> {
        self.write.write_all(format!("{line}\r\n").as_bytes()).await
    }
}

enum Received {
    Message(Vec<u8>),
    TooLarge,
    Gone,
}

/// The address between the brackets, and the parameters after them.
fn path_of(argument: &str, keyword: &str) -> Option<(String, String)> {
    let head = argument.get(..keyword.len())?;
    if !head.eq_ignore_ascii_case(keyword) {
        return None;
    }
    let rest = argument.get(keyword.len()..)?.trim_start().strip_prefix('<')?;
    let (address, parameters) = rest.split_once('>')?;
    Some((address.to_owned(), parameters.trim().to_owned()))
}
