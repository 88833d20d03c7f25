//! One mail through the mail server, over a connection that may have carried others before.
//!
//! A pool that takes back whatever is dropped lets a reply that comes too late pass for the reply to the next mail; here
//! a connection goes back only after its server was heard to the end.

use std::{fmt, sync::Arc, time::Duration};

use closure_contract::{FailureCode, Provider};
use tokio::sync::Semaphore;

use super::{
    connect::{Broken, Connector, SmtpSettings},
    dialogue::{Connection, Letter, Limits, QUIT_TIMEOUT_MS},
    idle::Idle,
    reply::{Phase, Reply, SERVICE_CLOSING, classify},
};
use crate::{
    config::ConfigError,
    email::{MAIL_BYTES_MAX, address, is_sendable},
    handover::{Handover, TooLate},
    mask::{code_text, without_name},
    sender::{About, Accepted, SendFailure, Sender},
};

/// How long a server may take to forget a mail that it refused, before its connection is given up.
const RESET_TIMEOUT_MS: u64 = 500;
/// AUTH, MAIL FROM, RCPT TO and DATA.
const COMMANDS: u64 = 4;

/// A rendered mail and who it is for.
#[derive(Clone)]
pub struct Envelope {
    /// The envelope sender, where bounces go.
    pub from: String,
    /// The one recipient.
    pub to: String,
    /// The mail as `render` made it.
    pub bytes: Vec<u8>,
    /// Asked right before the final dot.
    pub handover: Arc<Handover>,
}

impl fmt::Debug for Envelope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Envelope").field("bytes", &self.bytes.len()).finish_non_exhaustive()
    }
}

/// The SMTP adapter.
pub struct Smtp {
    connector: Connector,
    idle: Idle,
    /// One for each connection that is open and does not wait: whoever takes one takes a waiting connection first, so
    /// that all connections together are never more.
    permits: Semaphore,
    limits: Limits,
    check_timeout: Duration,
    mails_max: u32,
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
        Ok(Self {
            connector: Connector::new(settings)?,
            idle: Idle::new(Duration::from_millis(settings.idle_ms)),
            permits: Semaphore::new(settings.concurrency_max.min(Semaphore::MAX_PERMITS)),
            limits: Limits {
                command: Duration::from_millis(settings.command_timeout_ms),
                data: Duration::from_millis(settings.data_timeout_ms),
            },
            // A connection that is slower to find than a fresh one is to make is worth nothing.
            check_timeout: Duration::from_millis(settings.connect_timeout_ms),
            mails_max: settings.mails_per_connection_max,
            permit_timeout_ms: longest_dialogue_ms(settings),
        })
    }

    /// Says goodbye where no mail has come for too long; to be called now and then.
    ///
    /// Nothing depends on it but the server's patience: a connection that waited for too long is never used again.
    pub async fn close_idle(&self) {
        // The permit counts the connection until it is closed.
        while let Ok(_permit) = self.permits.try_acquire()
            && let Some(connection) = self.idle.take_overdue()
        {
            connection.quit().await;
        }
    }

    /// One mail, over a connection that waits for one where there is any.
    ///
    /// The connection belongs to this future alone, and goes back to the others by an explicit word at the end: whoever
    /// drops the future in between closes the connection with it.
    async fn dialogue(&self, letter: &Letter<'_>) -> Result<Reply, Broken> {
        if let Some(mut connection) = self.idle.take()
            && connection.is_in_step(self.check_timeout).await
        {
            let result = self.carry(connection, letter).await;
            if !result.as_ref().is_err_and(is_about_the_connection) {
                return result;
            }
        }
        self.carry(self.connector.connect().await?, letter).await
    }

    async fn carry(&self, mut connection: Connection, letter: &Letter<'_>) -> Result<Reply, Broken> {
        let result = connection.carry(letter, self.limits).await;
        match &result {
            Ok(_) => self.keep(connection).await,
            Err(Broken::Refused(phase, reply)) if is_about_the_mail(*phase, reply) => {
                if connection.reset(Duration::from_millis(RESET_TIMEOUT_MS)).await {
                    self.keep(connection).await;
                }
            }
            Err(Broken::Refused(..)) => connection.quit().await,
            // What the server says next may belong to anything.
            Err(
                Broken::OutOfStep(..)
                | Broken::NoMechanism
                | Broken::NoReply(..)
                | Broken::Lost(..)
                | Broken::TooLate,
            ) => drop(connection),
        }
        result
    }

    async fn keep(&self, connection: Connection) {
        if connection.mails() < self.mails_max {
            self.idle.put(connection);
        } else {
            connection.quit().await;
        }
    }
}

/// Whether a failure over a connection that was used before may be the connection's own.
///
/// Up to MAIL FROM nothing of the mail was said but its sender, and servers end a session there that lasted too long
/// for them; a mail must not fail over what it would not have met on a fresh connection.
fn is_about_the_connection(broken: &Broken) -> bool {
    match broken {
        Broken::Refused(phase, _)
        | Broken::OutOfStep(phase, _)
        | Broken::NoReply(phase, _)
        | Broken::Lost(phase, _) => *phase == Phase::MailFrom,
        Broken::NoMechanism | Broken::TooLate => false,
    }
}

/// Whether the next mail may fare better over the same connection.
fn is_about_the_mail(phase: Phase, reply: &Reply) -> bool {
    phase != Phase::MailFrom
        && reply.basic != SERVICE_CLOSING
        && classify(reply, phase) != FailureCode::MailAuth
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
        match self.dialogue(&Letter { from, to, bytes: &message.bytes, handover: &message.handover }).await {
            Ok(reply) => Ok(Accepted::under(queue_id(&reply))),
            Err(broken) => Err(unnamed(failure(broken), &message.to)),
        }
    }
}

/// A failure without the recipient's own name, which servers write without its domain too.
fn unnamed(failure: SendFailure, to: &str) -> SendFailure {
    let local_part = to.rsplit_once('@').map_or(to, |(local_part, _)| local_part);
    SendFailure { detail: without_name(&failure.detail, local_part), ..failure }
}

/// The longest way: the check of a waiting connection, MAIL FROM over it in vain, and then everything over a fresh one.
fn longest_dialogue_ms(settings: &SmtpSettings) -> u64 {
    let leave_ms = RESET_TIMEOUT_MS.saturating_add(QUIT_TIMEOUT_MS);
    let reused_ms = settings.connect_timeout_ms.saturating_add(settings.command_timeout_ms);
    let fresh_ms = settings
        .command_timeout_ms
        .saturating_mul(COMMANDS)
        .saturating_add(settings.connect_timeout_ms)
        .saturating_add(settings.data_timeout_ms);
    reused_ms.saturating_add(fresh_ms).saturating_add(leave_ms.saturating_mul(2))
}

fn failure(broken: Broken) -> SendFailure {
    match broken {
        Broken::Refused(phase, reply) => refused(phase, &reply),
        Broken::NoMechanism => {
            SendFailure::new(FailureCode::MailAuth, "the mail server offers neither AUTH PLAIN nor LOGIN")
        }
        Broken::TooLate => SendFailure::new(FailureCode::MailServerUnavailable, &TooLate.to_string()),
        Broken::OutOfStep(phase, code) => SendFailure::new(
            unanswered(phase),
            &format!("the mail server's reply at {} is out of step", phase.name()),
        )
        .with_provider_code(code)
        .about(about_a_word(phase)),
        Broken::NoReply(phase, what) => {
            SendFailure::new(unanswered(phase), &format!("at {}: {what}", phase.name()))
                .about(about_a_word(phase))
        }
        Broken::Lost(phase, what) => {
            SendFailure::new(unanswered(phase), &format!("at {}: {what}", phase.name())).about(about(phase))
        }
    }
}

fn refused(phase: Phase, reply: &Reply) -> SendFailure {
    let detail = format!("at {}: {} {}", phase.name(), reply.basic, reply.text());
    SendFailure::new(classify(reply, phase), &detail).with_provider_code(reply.code()).about(about(phase))
}

/// A server that fails once it knows the recipient or the mail may do so for these alone.
fn about(phase: Phase) -> About {
    match phase {
        Phase::Connect | Phase::Greeting | Phase::Hello | Phase::StartTls | Phase::Auth | Phase::MailFrom => {
            About::Provider
        }
        Phase::RcptTo | Phase::Data | Phase::AfterDot => About::Message,
    }
}

/// The same of a word that is no answer: after the mail it is one mail's, until that mail meets it again.
fn about_a_word(phase: Phase) -> About {
    if phase == Phase::AfterDot { About::OneWord } else { about(phase) }
}

/// Without a reply: before the dot nothing was handed over; after it nobody can tell.
fn unanswered(phase: Phase) -> FailureCode {
    match phase {
        Phase::Connect
        | Phase::Greeting
        | Phase::Hello
        | Phase::StartTls
        | Phase::Auth
        | Phase::MailFrom
        | Phase::RcptTo
        | Phase::Data => FailureCode::MailServerUnavailable,
        Phase::AfterDot => FailureCode::MailInDoubt,
    }
}

/// The server's own name for the mail, in the forms of Postfix (`queued as X`) and Exim (`id=X`).
fn queue_id(reply: &Reply) -> Option<String> {
    let of_line = |line: &String| {
        let after =
            |mark: &str| line.to_ascii_lowercase().find(mark).and_then(|at| line.get(at + mark.len()..));
        let rest = after("queued as ").or_else(|| after("id="))?;
        let word = rest.split_whitespace().next()?;
        code_text(word.trim_end_matches(['.', ',', ';', ')', '>']))
    };
    reply.lines.iter().find_map(of_line)
}
