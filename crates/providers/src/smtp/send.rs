//! The dialogue of one mail, phase by phase.
//!
//! Every phase has its own time limit from outside.
//! That is safe because a connection is used for one mail and then dropped: in a pool, a reply that comes too late
//! would be taken for the reply to the next mail's command.

use std::{
    fmt,
    slice::Chunks,
    sync::atomic::{AtomicBool, Ordering},
    time::Duration,
};

use closure_contract::{FailureCode, Provider};
use lettre::{
    Address,
    transport::smtp::{
        client::AsyncSmtpConnection,
        commands::{Data, Mail, Rcpt},
        response::Response,
    },
};
use tokio::sync::Semaphore;

use super::{
    connect::{Broken, Connector, SmtpSettings, broken},
    reply::{Phase, Reply, classify},
};
use crate::{
    config::ConfigError,
    email::{MAIL_BYTES_MAX, address, is_sendable},
    mask::code_text,
    sender::{Accepted, SendFailure, Sender},
};

/// How long a server may take to say goodbye, in milliseconds; it decides nothing.
const QUIT_TIMEOUT_MS: u64 = 500;
/// The mail goes out in pieces of this many bytes, so that a broken connection is noticed before the final dot.
const CHUNK_BYTES: usize = 16 * 1024;
/// AUTH, MAIL FROM, RCPT TO and DATA.
const COMMANDS: u64 = 4;

/// A rendered mail and who it is for.
#[derive(Clone, PartialEq, Eq)]
pub struct Envelope {
    /// The envelope sender, where bounces go.
    pub from: String,
    /// The one recipient.
    pub to: String,
    /// The mail as `render` made it.
    pub bytes: Vec<u8>,
}

impl fmt::Debug for Envelope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Envelope").field("bytes", &self.bytes.len()).finish_non_exhaustive()
    }
}

/// The SMTP adapter.
pub struct Smtp {
    connector: Connector,
    permits: Semaphore,
    command_timeout: Duration,
    data_timeout: Duration,
    permit_timeout_ms: u64,
}

impl fmt::Debug for Smtp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Smtp(masked)")
    }
}

impl Smtp {
    /// An adapter, or what is wrong with the settings; no connection is made.
    pub fn new(settings: &SmtpSettings) -> Result<Self, ConfigError> {
        let dialogue_ms = settings
            .command_timeout_ms
            .saturating_mul(COMMANDS)
            .saturating_add(settings.connect_timeout_ms)
            .saturating_add(settings.data_timeout_ms)
            .saturating_add(QUIT_TIMEOUT_MS);
        Ok(Self {
            connector: Connector::new(settings)?,
            permits: Semaphore::new(settings.concurrency_max.min(Semaphore::MAX_PERMITS)),
            command_timeout: Duration::from_millis(settings.command_timeout_ms),
            data_timeout: Duration::from_millis(settings.data_timeout_ms),
            permit_timeout_ms: dialogue_ms,
        })
    }

    async fn dialogue(&self, from: Address, to: Address, bytes: &[u8]) -> Result<Response, Broken> {
        let mut connection = self.connector.connect().await?;
        let mail = self.transaction(&mut connection, from, to, bytes).await;
        let in_step = matches!(mail, Ok(_) | Err(Broken::Refused(..)));
        if in_step {
            let quit = tokio::time::timeout(Duration::from_millis(QUIT_TIMEOUT_MS), connection.quit());
            // The mail's fate is decided; a goodbye that fails changes nothing.
            let _ = quit.await;
        }
        mail
    }

    async fn transaction(
        &self,
        connection: &mut AsyncSmtpConnection,
        from: Address,
        to: Address,
        bytes: &[u8],
    ) -> Result<Response, Broken> {
        self.command(connection, Phase::MailFrom, Mail::new(Some(from), Vec::new())).await?;
        self.command(connection, Phase::RcptTo, Rcpt::new(to, Vec::new())).await?;
        self.command(connection, Phase::Data, Data).await?;

        let ended = AtomicBool::new(false);
        let pieces = Pieces { rest: bytes.chunks(CHUNK_BYTES), ended: &ended };
        let message = connection.message_iter(pieces);
        let answer = tokio::time::timeout(self.data_timeout, message).await;
        let phase = if ended.load(Ordering::Relaxed) { Phase::AfterDot } else { Phase::Data };
        let response = answer
            .map_err(|_| Broken::Lost(phase, "the time was up"))?
            .map_err(|error| broken(phase, &error))?;
        in_step(phase, response, 2)
    }

    async fn command(
        &self,
        connection: &mut AsyncSmtpConnection,
        phase: Phase,
        command: impl fmt::Display,
    ) -> Result<Response, Broken> {
        let response = tokio::time::timeout(self.command_timeout, connection.command(command))
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

impl Sender for Smtp {
    type Message = Envelope;

    fn provider(&self) -> Provider {
        Provider::Smtp
    }

    fn longest_send_ms(&self) -> u64 {
        self.permit_timeout_ms.saturating_mul(2)
    }

    async fn send(&self, message: &Envelope) -> Result<Accepted, SendFailure> {
        let not_an_address = |what| SendFailure::new(FailureCode::InvalidEmailAddress, what);
        let to = address(&message.to).ok_or_else(|| not_an_address("the recipient is no ASCII address"))?;
        let from = address(&message.from).ok_or_else(|| {
            SendFailure::new(FailureCode::MailRefused, "the envelope sender is no ASCII address")
        })?;
        if message.bytes.len() > MAIL_BYTES_MAX {
            return Err(SendFailure::new(FailureCode::MailTooLarge, "the mail is larger than our own limit"));
        }
        if !is_sendable(&message.bytes) {
            let detail = "the stored mail has a bare line end, a long line or a byte that is not ASCII";
            return Err(SendFailure::new(FailureCode::MailRefused, detail));
        }
        let permit_timeout = Duration::from_millis(self.permit_timeout_ms);
        let permit = tokio::time::timeout(permit_timeout, self.permits.acquire()).await;
        let Ok(Ok(_permit)) = permit else {
            let detail = "all connections to the mail server were busy for too long; nothing was sent";
            return Err(SendFailure::new(FailureCode::MailServerUnavailable, detail));
        };
        match self.dialogue(from, to, &message.bytes).await {
            Ok(response) => Ok(Accepted { provider_ref: queue_id(&response) }),
            Err(broken) => Err(failure(broken)),
        }
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

fn failure(broken: Broken) -> SendFailure {
    match broken {
        Broken::Refused(phase, reply) => refused(phase, &reply),
        Broken::NoMechanism => {
            SendFailure::new(FailureCode::MailAuth, "the mail server offers neither AUTH PLAIN nor LOGIN")
        }
        Broken::OutOfStep(phase, code) => SendFailure::new(
            unanswered(phase),
            &format!("the mail server's reply at {} is out of step", phase.name()),
        )
        .with_provider_code(code),
        Broken::Lost(phase, what) => {
            SendFailure::new(unanswered(phase), &format!("at {}: {what}", phase.name()))
        }
    }
}

fn refused(phase: Phase, reply: &Reply) -> SendFailure {
    let detail = format!("at {}: {} {}", phase.name(), reply.basic, reply.text);
    SendFailure::new(classify(reply, phase), &detail).with_provider_code(reply.code())
}

/// Without a reply: before the dot nothing was handed over; after it nobody can tell.
fn unanswered(phase: Phase) -> FailureCode {
    match phase {
        Phase::Connect | Phase::Auth | Phase::MailFrom | Phase::RcptTo | Phase::Data => {
            FailureCode::MailServerUnavailable
        }
        Phase::AfterDot => FailureCode::MailInDoubt,
    }
}

/// The server's own name for the mail, in the forms of Postfix (`queued as X`) and Exim (`id=X`).
fn queue_id(response: &Response) -> Option<String> {
    let line = response.first_line()?;
    let after = |mark: &str| line.to_ascii_lowercase().find(mark).and_then(|at| line.get(at + mark.len()..));
    let rest = after("queued as ").or_else(|| after("id="))?;
    let word = rest.split_whitespace().next()?;
    code_text(word.trim_end_matches(['.', ',', ';', ')', '>']))
}

#[cfg(test)]
mod tests {
    use std::io;

    use lettre::transport::smtp::extension::ClientId;
    use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader, DuplexStream};

    use super::*;
    use crate::smtp::{
        connect::{Security, SmtpSettings},
        stream::Wire,
    };

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

    fn smtp() -> Smtp {
        Smtp::new(&SmtpSettings {
            host: "localhost".to_owned(),
            port: 25,
            security: Security::PlainLoopback,
            extra_roots_pem: None,
            credentials: None,
            hello_name: "mcrm.test".to_owned(),
            connect_timeout_ms: 300,
            command_timeout_ms: 10_000,
            data_timeout_ms: 300,
            concurrency_max: 1,
        })
        .expect("good settings")
    }

    #[tokio::test]
    async fn a_mail_whose_dot_was_never_written_was_not_handed_over() {
        for then in [Then::Drop, Then::Stall] {
            let (ours, theirs) = tokio::io::duplex(PIPE_BYTES);
            let server = tokio::spawn(serve(theirs, then));
            let hello = ClientId::Domain("mcrm.test".to_owned());
            let stream = Box::new(Wire::new(ours));
            let mut connection =
                AsyncSmtpConnection::connect_with_transport(stream, &hello).await.expect("greeted");
            let (from, to) = (address("a@example.com"), address("b@example.com"));
            let mail = "0123456789\r\n".repeat(10_000).into_bytes();
            let broken = smtp()
                .transaction(&mut connection, from.expect("an address"), to.expect("an address"), &mail)
                .await
                .expect_err("the mail never ended");
            assert!(matches!(broken, Broken::Lost(Phase::Data, _)), "{broken:?}");
            assert_eq!(failure(broken).code, FailureCode::MailServerUnavailable);
            server.abort();
        }
    }
}
