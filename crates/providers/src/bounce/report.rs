//! A mail that came back: whose it is, and what the report in it says (RFC 3464).

use std::{fmt, str::FromStr};

use closure_contract::{Generation, JobId, Timestamp};
use mail_parser::{HeaderValue, Message, MessageParser, MimeHeaders};

use super::verp::BounceAddresses;
use crate::{email::MAIL_BYTES_MAX, mask::masked};

/// A mail that came back has at most this many bytes: the whole of ours, and as much about it.
pub const REPORT_BYTES_MAX: usize = 2 * MAIL_BYTES_MAX;
/// We write to one recipient; whoever forwards the mail may report a few.
const RECIPIENTS_MAX: usize = 32;
/// Where mail servers write down which address a mail was delivered to, beside `To`.
const ADDRESSED_BY: [&str; 3] = ["Delivered-To", "X-Original-To", "Envelope-To"];

/// A mail to one of our bounce addresses.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum BounceMail {
    /// A report about the mail.
    Report(BounceReport),
    /// An answering machine's or a person's words, which say nothing about the delivery.
    NoReport,
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

/// What a report says of one recipient.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RecipientReport {
    /// What became of the mail.
    pub action: DsnAction,
    /// Why, as a code.
    pub status: Option<DsnStatus>,
    /// Why, in the server's words; masked, for people.
    pub diagnostic: Option<String>,
}

/// What became of a mail (RFC 3464, 2.3.3).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DsnAction {
    /// It was given up.
    Failed,
    /// It is still being tried.
    Delayed,
    /// It reached the mailbox.
    Delivered,
    /// It went on to where no reports are made.
    Relayed,
    /// It went on to several recipients.
    Expanded,
}

/// An enhanced status code (RFC 3463).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DsnStatus {
    /// 2, 4 or 5.
    pub class: u16,
    /// What it is about: 1 for addresses, 2 for mailboxes, 7 for policy.
    pub subject: u16,
    /// What exactly.
    pub detail: u16,
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
    /// It is a report by its type, and says of no recipient what became of the mail.
    #[error("its report names no recipient with an action; look at the file by hand")]
    Malformed,
}

/// Reads a mail that came to a bounce address; nothing in it is believed unless the address is one that we made.
pub fn read_bounce(bytes: &[u8], addresses: &BounceAddresses) -> Result<BounceMail, BounceError> {
    if bytes.len() > REPORT_BYTES_MAX {
        return Err(BounceError::TooLarge);
    }
    let mail = MessageParser::default().parse(bytes).ok_or(BounceError::Unreadable)?;
    if mail.headers().is_empty() {
        return Err(BounceError::Unreadable);
    }
    let (job_id, generation) =
        addressed_to(&mail).find_map(|address| addresses.read(&address)).ok_or(BounceError::Forged)?;
    let Some(fields) = delivery_status(&mail) else { return Ok(BounceMail::NoReport) };
    let recipients = recipients(fields)?;
    let written_at = mail
        .date()
        .and_then(|date| time::OffsetDateTime::from_unix_timestamp(date.to_timestamp()).ok())
        .map(Timestamp);
    Ok(BounceMail::Report(BounceReport { job_id, generation, recipients, written_at }))
}

/// Every address that the mail may have come to; the headers stand in the outermost mail alone.
fn addressed_to<'a>(mail: &'a Message<'_>) -> impl Iterator<Item = String> + 'a {
    let written_down = mail
        .headers()
        .iter()
        .filter(|header| ADDRESSED_BY.iter().any(|name| header.name().eq_ignore_ascii_case(name)))
        .filter_map(|header| match header.value() {
            HeaderValue::Text(text) => Some(text.to_string()),
            HeaderValue::Address(address) => address.first()?.address().map(str::to_owned),
            _ => None,
        });
    let to = mail.to().into_iter().flat_map(|to| to.iter());
    written_down.chain(to.filter_map(|to| to.address().map(str::to_owned)))
}

/// The part of a report that is made for programs.
fn delivery_status<'a>(mail: &'a Message<'_>) -> Option<&'a [u8]> {
    let outermost = mail.content_type()?;
    let is_report = outermost.ctype().eq_ignore_ascii_case("multipart")
        && outermost.subtype().is_some_and(|subtype| subtype.eq_ignore_ascii_case("report"));
    let part = mail.parts.iter().find(|part| {
        part.content_type().is_some_and(|kind| {
            kind.ctype().eq_ignore_ascii_case("message")
                && kind.subtype().is_some_and(|subtype| {
                    ["delivery-status", "global-delivery-status"]
                        .iter()
                        .any(|wanted| subtype.eq_ignore_ascii_case(wanted))
                })
        })
    });
    part.filter(|_| is_report).map(|part| part.contents())
}

/// The groups of fields that name an action; the first group speaks of the mail as a whole.
fn recipients(fields: &[u8]) -> Result<Vec<RecipientReport>, BounceError> {
    let text = String::from_utf8_lossy(fields).replace("\r\n", "\n");
    let mut found = Vec::new();
    for group in text.split("\n\n") {
        // A line that begins with a space goes on with the field before.
        let unfolded = group.replace("\n ", " ").replace("\n\t", " ");
        let field = |wanted: &str| {
            let fields = unfolded.lines().filter_map(|line| line.split_once(':'));
            let mut named = fields.filter(|(name, _)| name.trim().eq_ignore_ascii_case(wanted));
            named.next().map(|(_, value)| value.trim())
        };
        let Some(action) = field("Action").and_then(|text| text.parse().ok()) else { continue };
        if found.len() == RECIPIENTS_MAX {
            return Err(BounceError::Malformed);
        }
        let diagnostic = field("Diagnostic-Code");
        found.push(RecipientReport {
            action,
            status: status(field("Status"), diagnostic),
            diagnostic: diagnostic.map(masked),
        });
    }
    if found.is_empty() { Err(BounceError::Malformed) } else { Ok(found) }
}

/// The status; one that says nothing but its class is made exact by the other server's reply, where that has a code.
fn status(status: Option<&str>, diagnostic: Option<&str>) -> Option<DsnStatus> {
    let first_code =
        |text: &str| text.split([' ', '-', '\t']).find_map(|word| word.parse::<DsnStatus>().ok());
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

impl FromStr for DsnAction {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        let word = text.split_whitespace().next().unwrap_or_default().to_ascii_lowercase();
        match word.as_str() {
            "failed" => Ok(Self::Failed),
            "delayed" => Ok(Self::Delayed),
            "delivered" => Ok(Self::Delivered),
            "relayed" => Ok(Self::Relayed),
            "expanded" => Ok(Self::Expanded),
            _ => Err(()),
        }
    }
}

impl FromStr for DsnStatus {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        let numbers: Vec<u16> = text
            .split('.')
            .map(|number| {
                let is_number = (1..=3).contains(&number.len()) && number.bytes().all(|b| b.is_ascii_digit());
                is_number.then(|| number.parse().ok()).flatten().ok_or(())
            })
            .collect::<Result<_, ()>>()?;
        match numbers[..] {
            [class @ (2 | 4 | 5), subject, detail] => Ok(Self { class, subject, detail }),
            _ => Err(()),
        }
    }
}

impl fmt::Display for DsnStatus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}.{}", self.class, self.subject, self.detail)
    }
}
