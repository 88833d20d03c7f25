//! The dialogue of one mail, phase by phase, over a connection that nobody else holds.
//!
//! Every phase has its own time limit from outside, and whoever waits may be dropped at any moment.
//! Either leaves a reply behind that nobody has read, so that a connection is only used again after its last dialogue
//! was heard to its end.

use std::{
    fmt,
    slice::Chunks,
    sync::atomic::{AtomicBool, Ordering},
    time::Duration,
};

use lettre::{
    Address,
    transport::smtp::{
        client::AsyncSmtpConnection,
        commands::{Data, Mail, Rcpt, Rset},
        response::Response,
    },
};

use super::{
    connect::{Broken, broken},
    reply::Phase,
    stream::Wire,
};

/// The mail goes out in pieces of this many bytes, so that a broken connection is noticed before the final dot.
const CHUNK_BYTES: usize = 16 * 1024;
/// How long a server may take to say goodbye; it decides nothing.
pub(super) const QUIT_TIMEOUT_MS: u64 = 500;
/// The only reply to RSET.
const RESET: u16 = 250;

/// A connection that is ready for MAIL FROM.
pub(crate) struct Connection {
    smtp: AsyncSmtpConnection,
    wire: Wire,
    mails: u32,
}

/// One mail to one recipient.
pub(crate) struct Letter<'a> {
    pub(crate) from: Address,
    pub(crate) to: Address,
    pub(crate) bytes: &'a [u8],
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
    /// A connection that was greeted, with our own end of its stream.
    pub(crate) fn new(smtp: AsyncSmtpConnection, wire: Wire) -> Self {
        Self { smtp, wire, mails: 0 }
    }

    /// How many mails it was used for.
    pub(crate) fn mails(&self) -> u32 {
        self.mails
    }

    /// Whether nothing has arrived that belongs to no question of ours, the connection's end included.
    pub(crate) fn is_quiet(&self) -> bool {
        self.wire.is_quiet()
    }

    /// One mail from MAIL FROM to the reply after the final dot.
    pub(crate) async fn carry(&mut self, letter: &Letter<'_>, limits: Limits) -> Result<Response, Broken> {
        self.mails += 1;
        self.wire.allow_for_one_mail();
        let mail = Mail::new(Some(letter.from.clone()), Vec::new());
        self.command(Phase::MailFrom, mail, limits.command).await?;
        self.command(Phase::RcptTo, Rcpt::new(letter.to.clone(), Vec::new()), limits.command).await?;
        self.command(Phase::Data, Data, limits.command).await?;

        let ended = AtomicBool::new(false);
        let pieces = Pieces { rest: letter.bytes.chunks(CHUNK_BYTES), ended: &ended };
        let answer = tokio::time::timeout(limits.data, self.smtp.message_iter(pieces)).await;
        let phase = if ended.load(Ordering::Relaxed) { Phase::AfterDot } else { Phase::Data };
        let response = answer
            .map_err(|_| Broken::Lost(phase, "the time was up"))?
            .map_err(|error| broken(phase, &error))?;
        in_step(phase, response, 2)
    }

    /// Whether it can carry another mail: nothing came while it waited, and the server answers as it should.
    pub(crate) async fn is_in_step(&mut self, limit: Duration) -> bool {
        // The runtime knows what has arrived only after it has looked.
        tokio::task::yield_now().await;
        self.is_quiet() && self.reset(limit).await
    }

    /// Has the server forget what was begun; whether it said so, and nothing else.
    pub(crate) async fn reset(&mut self, limit: Duration) -> bool {
        let reply = tokio::time::timeout(limit, self.smtp.command(Rset)).await;
        matches!(reply, Ok(Ok(response)) if response.has_code(RESET)) && self.is_quiet()
    }

    /// Says goodbye; the fate of every mail is decided, so that a goodbye that fails changes nothing.
    pub(crate) async fn quit(mut self) {
        let _ = tokio::time::timeout(Duration::from_millis(QUIT_TIMEOUT_MS), self.smtp.quit()).await;
    }

    async fn command(
        &mut self,
        phase: Phase,
        command: impl fmt::Display,
        limit: Duration,
    ) -> Result<Response, Broken> {
        let response = tokio::time::timeout(limit, self.smtp.command(command))
            .await
            .map_err(|_| Broken::Lost(phase, "the time was up"))?
            .map_err(|error| broken(phase, &error))?;
        let class = match phase {
            Phase::Data => 3,
            Phase::Connect | Phase::Auth | Phase::MailFrom | Phase::RcptTo | Phase::AfterDot => 2,
        };
        in_step(phase, response, class)
    }
}

/// The mail in pieces, and word of the moment before the final dot.
///
/// The library writes the dot right after it has found the iterator at its end, and not before.
struct Pieces<'a> {
    rest: Chunks<'a, u8>,
    ended: &'a AtomicBool,
}

impl<'a> Iterator for Pieces<'a> {
    type Item = &'a [u8];

    fn next(&mut self) -> Option<&'a [u8]> {
        let piece = self.rest.next();
        if piece.is_none() {
            self.ended.store(true, Ordering::Relaxed);
        }
        piece
    }
}

/// A reply of the class that the phase needs; any other positive reply means that we are out of step.
fn in_step(phase: Phase, response: Response, class: u16) -> Result<Response, Broken> {
    match u16::from(response.code()) {
        code if code / 100 == class => Ok(response),
        code => Err(Broken::OutOfStep(phase, code)),
    }
}

#[cfg(test)]
mod tests {
    use std::io;

    use lettre::transport::smtp::extension::ClientId;
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
            let hello = ClientId::Domain("mcrm.test".to_owned());
            let wire = Wire::new(ours);
            let greeted = AsyncSmtpConnection::connect_with_transport(Box::new(wire.clone()), &hello).await;
            let mut connection = Connection::new(greeted.expect("greeted"), wire);
            let letter = Letter {
                from: address("a@example.com").expect("an address"),
                to: address("b@example.com").expect("an address"),
                bytes: &b"0123456789\r\n".repeat(10_000),
            };
            let limits = Limits { command: Duration::from_secs(10), data: Duration::from_millis(300) };
            let broken = connection.carry(&letter, limits).await.expect_err("the mail never ended");
            assert!(matches!(broken, Broken::Lost(Phase::Data, _)), "{broken:?}");
            server.abort();
        }
    }
}
