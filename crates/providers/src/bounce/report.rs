//! A mail that came back: whose it is, and what the report in it says (RFC 3464).

use closure_contract::{
    Generation, JobId, Timestamp,
    facts::bounces::{DsnAction, DsnStatus, Feedback, RecipientReport},
};
use mail_parser::MessageParser;

use super::{
    complaint::MailComplaint,
    mail::{CameBack, Reading},
    notice::{BounceNotice, may_tell_of_a_failure, read_notice},
    text::{as_a_mail, groups},
    verp::BounceAddresses,
};
use crate::{email::MAIL_BYTES_MAX, mask::masked};

/// A mail that came back has at most this many bytes: the whole of ours, and as much about it.
pub const REPORT_BYTES_MAX: usize = 2 * MAIL_BYTES_MAX;
/// We write to one recipient; whoever forwards the mail may report a few.
const RECIPIENTS_MAX: usize = 32;

/// A mail to one of our bounce addresses.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum BounceMail {
    /// A report about the mail.
    Report(BounceReport),
    /// A complaint about the mail, which arrived.
    Complaint(MailComplaint),
    /// A mail server's own words about it; they count only if they name the recipient whom we wrote to.
    Notice(BounceNotice),
    /// A person's words, an answering machine's, or a receipt for a mail that was opened: it says nothing that ends a
    /// delivery.
    NoReport,
    /// It may say that the mail did not arrive, and nobody but a person can tell.
    Unread(UnreadBounce),
}

/// A mail to one of our bounce addresses that was not understood.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnreadBounce {
    /// The email job, by the address that only we can make.
    pub job_id: JobId,
    /// The edition of it.
    pub generation: Generation,
    /// Why it was not.
    pub why: UnreadReason,
}

/// Why a mail that came back was not understood; no message holds anything of the mail.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum UnreadReason {
    /// It is a report by its type, and says of no recipient what became of the mail.
    #[error("its report names no recipient with an action")]
    Report,
    /// It came without a sender, as mail servers send, and is in no form that is known.
    #[error("it came without a sender, as mail servers send, and no program knows its words")]
    Words,
    /// Its words name another recipient than the job's.
    #[error("its words are a mail server's, and name another recipient than the one whom the job wrote to")]
    AnotherRecipient,
    /// It is a reader's report by its type, and does not say that a reader had the mail.
    #[error(
        "it is a report about a reader by its type, and does not say that anybody opened or deleted the mail"
    )]
    Reading,
    /// Somebody complains of the mail, and of what no program can tell.
    #[error("it is a complaint about the mail that does not say of what; consider the suppression list")]
    Complaint,
    /// It is larger than any report needs to be.
    #[error("it has more than {REPORT_BYTES_MAX} bytes; its beginning is kept here")]
    TooLarge,
}

/// A report about a mail of ours.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BounceReport {
    /// The email job, by the address that only we can make.
    pub job_id: JobId,
    /// The edition of it.
    pub generation: Generation,
    /// What is said of each recipient; at least one.
    pub recipients: Vec<RecipientReport>,
    /// When the report was written, by its writer's clock.
    pub written_at: Option<Timestamp>,
}

/// Why a mail cannot be used; no message holds anything of the mail.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum BounceError {
    /// It is no mail.
    #[error("it is no mail; look at the file by hand")]
    Unreadable,
    /// It is larger than any report needs to be.
    #[error("it has more than {REPORT_BYTES_MAX} bytes; look at the file by hand")]
    TooLarge,
    /// No address in it was made by us.
    #[error(
        "it came to no address that we made; after a change of `bounces.secret` list the old one as \
         `bounces.secret_next`, otherwise it is somebody's invention"
    )]
    Forged,
}

/// Reads a mail that came to a bounce address; nothing in it is believed unless the address is one that we made.
///
/// What is not understood is not taken for harmless: only a mail that a person or an answering machine has surely
/// written is.
pub fn read_bounce(bytes: &[u8], addresses: &BounceAddresses) -> Result<BounceMail, BounceError> {
    if bytes.len() > REPORT_BYTES_MAX {
        return Err(BounceError::TooLarge);
    }
    // Strangers write these bytes, and a parser that panics over them must not keep the next mail from being read.
    std::panic::catch_unwind(|| read(&as_a_mail(bytes), addresses)).unwrap_or(Err(BounceError::Unreadable))
}

/// Reads the beginning of a mail that is too large to be read: only whose it is.
pub fn read_large_bounce(beginning: &[u8], addresses: &BounceAddresses) -> Result<UnreadBounce, BounceError> {
    let read = || {
        let beginning = as_a_mail(beginning);
        let mail = MessageParser::default().parse_headers(&*beginning).ok_or(BounceError::Unreadable)?;
        let (job_id, generation) = CameBack(&mail)
            .addressed_to()
            .find_map(|address| addresses.read(&address))
            .ok_or(BounceError::TooLarge)?;
        Ok(UnreadBounce { job_id, generation, why: UnreadReason::TooLarge })
    };
    std::panic::catch_unwind(read).unwrap_or(Err(BounceError::Unreadable))
}

fn read(bytes: &[u8], addresses: &BounceAddresses) -> Result<BounceMail, BounceError> {
    let mail = MessageParser::default().parse(bytes).ok_or(BounceError::Unreadable)?;
    if mail.headers().is_empty() {
        return Err(BounceError::Unreadable);
    }
    let came_back = CameBack(&mail);
    let complaint = came_back.complaint();
    let named = complaint.iter().flat_map(|complaint| complaint.senders.iter().cloned());
    let (job_id, generation) = came_back
        .addressed_to()
        .chain(named)
        .find_map(|address| addresses.read(&address))
        .ok_or(BounceError::Forged)?;
    let written_at = mail
        .date()
        .and_then(|date| time::OffsetDateTime::from_unix_timestamp(date.to_timestamp()).ok())
        .map(Timestamp);
    let unread = |why| Ok(BounceMail::Unread(UnreadBounce { job_id, generation, why }));
    let statuses = came_back.delivery_statuses();
    if !statuses.is_empty() {
        return match recipients(&statuses) {
            Some(recipients) => {
                Ok(BounceMail::Report(BounceReport { job_id, generation, recipients, written_at }))
            }
            None => unread(UnreadReason::Report),
        };
    }
    match complaint.map(|complaint| complaint.feedback) {
        Some(Some(feedback)) if feedback != Feedback::Other => {
            return Ok(BounceMail::Complaint(MailComplaint { job_id, generation, feedback, written_at }));
        }
        Some(_) => return unread(UnreadReason::Complaint),
        None => {}
    }
    match came_back.reading() {
        Some(Reading::Arrived) => return Ok(BounceMail::NoReport),
        Some(Reading::Unclear) => return unread(UnreadReason::Reading),
        None => {}
    }
    if !came_back.is_a_mail_servers() && !came_back.claims_to_be_a_report() {
        return Ok(BounceMail::NoReport);
    }
    let words = came_back.words();
    let (failed, own) = (came_back.failed_recipients(), came_back.own_addresses());
    if let Some(notice) = read_notice(&words, failed.as_deref(), &own, (job_id, generation), written_at) {
        return Ok(BounceMail::Notice(notice));
    }
    if came_back.claims_to_be_a_report() {
        return unread(UnreadReason::Report);
    }
    if came_back.is_an_away_note() && !may_tell_of_a_failure(&words) {
        return Ok(BounceMail::NoReport);
    }
    unread(UnreadReason::Words)
}

/// The groups of fields that name an action; the first group of a part speaks of the mail as a whole.
///
/// Nothing where no group does, or where more do than we ever wrote to.
fn recipients(statuses: &[&[u8]]) -> Option<Vec<RecipientReport>> {
    let mut found = Vec::new();
    for fields in statuses {
        for group in groups(fields) {
            let field = |wanted: &str| {
                let fields = group.lines().filter_map(|line| line.split_once(':'));
                let mut named = fields.filter(|(name, _)| name.trim().eq_ignore_ascii_case(wanted));
                named.next().map(|(_, value)| value.trim())
            };
            let Some(action) = field("Action").and_then(action) else { continue };
            if found.len() == RECIPIENTS_MAX {
                return None;
            }
            let diagnostic = field("Diagnostic-Code");
            found.push(RecipientReport {
                action,
                status: status(field("Status"), diagnostic),
                diagnostic: diagnostic.map(masked),
            });
        }
    }
    (!found.is_empty()).then_some(found)
}

/// The status; one that says nothing but its class is made exact by the other server's reply, where that has a code.
fn status(status: Option<&str>, diagnostic: Option<&str>) -> Option<DsnStatus> {
    let first_code = |text: &str| text.split([' ', '-', '\t']).find_map(code);
    let status = status.and_then(first_code);
    let reply = diagnostic.and_then(first_code);
    match (status, reply) {
        (Some(DsnStatus { class, subject: 0, detail: 0 }), Some(reply)) if reply.class == class => {
            Some(reply)
        }
        (Some(status), _) => Some(status),
        (None, reply) => reply,
    }
}

fn action(text: &str) -> Option<DsnAction> {
    let word = text.split_whitespace().next().unwrap_or_default().to_ascii_lowercase();
    match word.as_str() {
        "failed" => Some(DsnAction::Failed),
        "delayed" => Some(DsnAction::Delayed),
        "delivered" => Some(DsnAction::Delivered),
        "relayed" => Some(DsnAction::Relayed),
        "expanded" => Some(DsnAction::Expanded),
        _ => None,
    }
}

/// A word such as `5.1.1`.
pub(super) fn code(word: &str) -> Option<DsnStatus> {
    let numbers: Vec<u16> = word
        .split('.')
        .map(|number| {
            let is_number = (1..=3).contains(&number.len()) && number.bytes().all(|b| b.is_ascii_digit());
            is_number.then(|| number.parse().ok()).flatten()
        })
        .collect::<Option<_>>()?;
    match numbers[..] {
        [class @ (2 | 4 | 5), subject, detail] => Some(DsnStatus { class, subject, detail }),
        _ => None,
    }
}
