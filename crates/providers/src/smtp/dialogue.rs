//! The dialogue of one mail, phase by phase, over a connection that nobody else holds.
//!
//! Every phase has its own time limit from outside, and whoever waits may be dropped at any moment.
//! Either leaves a reply behind that nobody has read, so that a connection is only used again after its last dialogue
//! was heard to its end.

use std::{
    sync::atomic::{AtomicBool, Ordering},
    time::Duration,
};

use lettre::Address;

use super::{
    connect::Broken,
    read::{Unread, read},
    reply::{Phase, Reply},
    stream::{Transport, Wire},
};
use crate::handover::Handover;

/// The mail goes out in pieces of this many bytes, so that a broken connection is noticed before the final dot.
const CHUNK_BYTES: usize = 16 * 1024;
/// How long a server may take to say goodbye; it decides nothing.
pub(super) const QUIT_TIMEOUT_MS: u64 = 500;
/// The only reply to RSET.
const RESET: u16 = 250;
/// From this code on a reply is a refusal, for now or for good.
const NEGATIVE_MIN: u16 = 400;

/// A connection that is ready for MAIL FROM.
pub(crate) struct Connection {
    wire: Wire,
    mails: u32,
}

/// One mail to one recipient.
pub(crate) struct Letter<'a> {
    pub(crate) from: Address,
    pub(crate) to: Address,
    pub(crate) bytes: &'a [u8],
    pub(crate) handover: &'a Handover,
}

/// How long a server may take.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Limits {
    /// For the reply to one command.
    pub(crate) command: Duration,
    /// For the mail's bytes and the final reply.
    pub(crate) data: Duration,
}

impl Connection {
    /// A connection over which nothing was said yet.
    pub(crate) fn new(wire: Wire) -> Self {
        Self { wire, mails: 0 }
    }

    /// How many mails it was used for.
    pub(crate) fn mails(&self) -> u32 {
        self.mails
    }

    /// Whether nothing has arrived that belongs to no question of ours, the connection's end included.
    pub(crate) fn is_quiet(&mut self) -> bool {
        self.wire.is_quiet()
    }

    /// What lies below; nothing if something was said that nobody has read.
    pub(crate) fn into_inner(self) -> Option<Box<dyn Transport>> {
        self.wire.into_inner()
    }

    /// Hears the server's greeting.
    pub(crate) async fn greeting(&mut self) -> Result<Reply, Broken> {
        in_step(Phase::Greeting, self.hear(Phase::Greeting).await?, 2)
    }

    /// Says who we are, and hears what the server can do.
    pub(crate) async fn hello(&mut self, hello_name: &str) -> Result<Reply, Broken> {
        in_step(Phase::Hello, self.ask(Phase::Hello, &format!("EHLO {hello_name}\r\n")).await?, 2)
    }

    /// One mail from MAIL FROM to the reply after the final dot.
    pub(crate) async fn carry(&mut self, letter: &Letter<'_>, limits: Limits) -> Result<Reply, Broken> {
        self.mails += 1;
        self.wire.allow_for_one_mail();
        self.command(Phase::MailFrom, &format!("MAIL FROM:<{}>\r\n", letter.from), limits.command).await?;
        self.command(Phase::RcptTo, &format!("RCPT TO:<{}>\r\n", letter.to), limits.command).await?;
        self.command(Phase::Data, "DATA\r\n", limits.command).await?;

        let ended = AtomicBool::new(false);
        let answer = tokio::time::timeout(limits.data, self.hand_over(letter, &ended)).await;
        answer.unwrap_or_else(|_| Err(Broken::Lost(phase_of(&ended), "the time was up")))
    }

    /// Whether it can carry another mail: nothing came while it waited, and the server answers as it should.
    pub(crate) async fn is_in_step(&mut self, limit: Duration) -> bool {
        // The runtime knows what has arrived only after it has looked.
        tokio::task::yield_now().await;
        self.is_quiet() && self.reset(limit).await
    }

    /// Has the server forget what was begun; whether it said so, and nothing else.
    pub(crate) async fn reset(&mut self, limit: Duration) -> bool {
        let reply = tokio::time::timeout(limit, self.ask(Phase::MailFrom, "RSET\r\n")).await;
        matches!(reply, Ok(Ok(reply)) if reply.basic == RESET) && self.is_quiet()
    }

    /// Says goodbye; the fate of every mail is decided, so that a goodbye that fails changes nothing.
    pub(crate) async fn quit(mut self) {
        let limit = Duration::from_millis(QUIT_TIMEOUT_MS);
        let _ = tokio::time::timeout(limit, self.ask(Phase::MailFrom, "QUIT\r\n")).await;
    }

    /// Says something and hears the reply to it; a negative one is an error.
    pub(crate) async fn ask(&mut self, phase: Phase, command: &str) -> Result<Reply, Broken> {
        match self.wire.write(command.as_bytes()).await {
            Ok(()) => self.hear(phase).await,
            Err(_) => Err(self.last_words(phase).await),
        }
    }

    async fn hear(&mut self, phase: Phase) -> Result<Reply, Broken> {
        match read(&mut self.wire).await {
            Ok(reply) if reply.basic >= NEGATIVE_MIN => Err(Broken::Refused(phase, reply)),
            Ok(reply) => Ok(reply),
            Err(unread @ Unread::Cut) => Err(Broken::Lost(phase, unread.what())),
            Err(unread @ (Unread::NoReply | Unread::Flood)) => Err(Broken::NoReply(phase, unread.what())),
        }
    }

    /// Why nothing more can be said: a server that ends a connection in the middle may have told.
    async fn last_words(&mut self, phase: Phase) -> Broken {
        match self.hear(phase).await {
            Err(refused @ Broken::Refused(..)) => refused,
            Ok(_) | Err(_) => Broken::Lost(phase, "the connection broke"),
        }
    }

    async fn command(&mut self, phase: Phase, command: &str, limit: Duration) -> Result<Reply, Broken> {
        let reply = tokio::time::timeout(limit, self.ask(phase, command))
            .await
            .map_err(|_| Broken::Lost(phase, "the time was up"))??;
        in_step(phase, reply, if phase == Phase::Data { 3 } else { 2 })
    }

    /// The mail and its end, and what the server says to it; `ended` is set right before the final dot is written.
    ///
    /// A server keeps nothing of a mail without its final dot (RFC 5321, 4.1.1.4), so that nothing is handed over before.
    async fn hand_over(&mut self, letter: &Letter<'_>, ended: &AtomicBool) -> Result<Reply, Broken> {
        let stuffed = stuffed(letter.bytes);
        for piece in stuffed.chunks(CHUNK_BYTES) {
            if self.wire.write(piece).await.is_err() {
                return Err(self.last_words(Phase::Data).await);
            }
        }
        letter.handover.begin(Duration::ZERO).await.map_err(|_late| Broken::TooLate)?;
        ended.store(true, Ordering::Relaxed);
        let end: &[u8] = if letter.bytes.ends_with(b"\r\n") { b".\r\n" } else { b"\r\n.\r\n" };
        if self.wire.write(end).await.is_err() {
            return Err(self.last_words(Phase::AfterDot).await);
        }
        letter.handover.complete();
        in_step(Phase::AfterDot, self.hear(Phase::AfterDot).await?, 2)
    }
}

fn phase_of(ended: &AtomicBool) -> Phase {
    if ended.load(Ordering::Relaxed) { Phase::AfterDot } else { Phase::Data }
}

/// The mail with a dot before each line that begins with one (RFC 5321, 4.5.2); its line ends are CRLF.
fn stuffed(mail: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(mail.len());
    for line in mail.split_inclusive(|byte| *byte == b'\n') {
        if line.starts_with(b".") {
            out.push(b'.');
        }
        out.extend_from_slice(line);
    }
    out
}

/// A reply of the class that the phase needs; any other positive reply means that we are out of step.
fn in_step(phase: Phase, reply: Reply, class: u16) -> Result<Reply, Broken> {
    match reply.basic {
        code if code / 100 == class => Ok(reply),
        code => Err(Broken::OutOfStep(phase, code)),
    }
}

#[cfg(test)]
mod tests {
    use std::{io, time::Instant};

    use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader, DuplexStream};

    use super::*;
    use crate::email::address;

    /// Less than a mail, so that the mail's end cannot be written before its beginning is read.
    const PIPE_BYTES: usize = 1024;

    /// What the server does after it has read 100 bytes of the mail.
    #[derive(Clone, Copy)]
    enum Then {
        Drop,
        Stall,
    }

    async fn serve(pipe: DuplexStream, then: Then) -> io::Result<()> {
        let mut pipe = BufReader::new(pipe);
        pipe.write_all(b"220 mail.test\r\n").await?;
        for reply in ["250 mail.test\r\n", "250 ok\r\n", "250 ok\r\n", "354 go\r\n"] {
            pipe.read_line(&mut String::new()).await?;
            pipe.write_all(reply.as_bytes()).await?;
        }
        pipe.read_exact(&mut [0; 100]).await?;
        match then {
            Then::Drop => Ok(()),
            Then::Stall => std::future::pending().await,
        }
    }

    #[tokio::test]
    async fn a_mail_whose_dot_was_never_written_was_not_handed_over() {
        for then in [Then::Drop, Then::Stall] {
            let (ours, theirs) = tokio::io::duplex(PIPE_BYTES);
            let server = tokio::spawn(serve(theirs, then));
            let mut connection = Connection::new(Wire::new(ours));
            connection.greeting().await.expect("greeted");
            connection.hello("mcrm.test").await.expect("known");
            let letter = Letter {
                from: address("a@example.com").expect("an address"),
                to: address("b@example.com").expect("an address"),
                bytes: &b"0123456789\r\n".repeat(10_000),
                handover: &Handover::by(Instant::now() + Duration::from_secs(60)),
            };
            let limits = Limits { command: Duration::from_secs(10), data: Duration::from_millis(300) };
            let broken = connection.carry(&letter, limits).await.expect_err("the mail never ended");
            assert!(matches!(broken, Broken::Lost(Phase::Data, _)), "{broken:?}");
            server.abort();
        }
    }
}
