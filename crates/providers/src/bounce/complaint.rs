//! What a mailbox's provider passes on of a complaint about a mail of ours (RFC 5965).
//!
//! Such a report comes to the address that was registered for it, and not to the envelope sender: whose mail it is about
//! stands in the report, as the envelope sender that only we can make.

use closure_contract::{Generation, JobId, Timestamp, facts::bounces::Feedback};
use mail_parser::{HeaderValue, Message, MessagePart, PartType};

use super::text::{groups, text_of};

/// A complaint about a mail of ours.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MailComplaint {
    /// The email job, by the address that only we can make.
    pub job_id: JobId,
    /// The edition of it.
    pub generation: Generation,
    /// What is said of the mail.
    pub feedback: Feedback,
    /// When the report was written, by its writer's clock.
    pub written_at: Option<Timestamp>,
}

/// A part that is made for programs, as it was written.
pub(super) struct FeedbackReport {
    /// What is said of the mail; nothing where the part does not say it, or says it twice.
    pub(super) feedback: Option<Feedback>,
    /// The envelope senders that it names.
    pub(super) senders: Vec<String>,
}

impl FeedbackReport {
    /// Reads the part with the fields, and what the mail holds of ours.
    pub(super) fn read(fields: &[u8], mail: &Message<'_>) -> Self {
        let groups = groups(fields);
        let fields = || groups.iter().flat_map(|group| group.lines()).filter_map(|line| line.split_once(':'));
        let named = |wanted: &'static str| {
            let named = fields().filter(move |(name, _)| name.trim().eq_ignore_ascii_case(wanted));
            named.map(|(_, value)| value.trim().to_owned())
        };
        let mut kinds = named("Feedback-Type");
        let feedback = match (kinds.next(), kinds.next()) {
            (Some(kind), None) => Some(kind_of(&kind)),
            (_, _) => None,
        };
        let mut senders: Vec<String> = named("Original-Mail-From").collect();
        senders.extend(mail.parts.iter().flat_map(senders_of));
        Self { feedback, senders }
    }
}

/// The envelope senders that a copy of our mail, or of its head, has written down.
fn senders_of(part: &MessagePart<'_>) -> Vec<String> {
    match &part.body {
        PartType::Message(copy) => {
            let written = copy.headers().iter().filter(|one| one.name().eq_ignore_ascii_case("Return-Path"));
            written.filter_map(|one| address(one.value())).collect()
        }
        PartType::Text(head) => return_paths(head),
        PartType::Binary(bytes) | PartType::InlineBinary(bytes) => return_paths(&text_of(bytes)),
        PartType::Html(_) | PartType::Multipart(_) => Vec::new(),
    }
}

fn address(value: &HeaderValue<'_>) -> Option<String> {
    match value {
        HeaderValue::Text(text) => Some(text.to_string()),
        HeaderValue::TextList(texts) => texts.first().map(ToString::to_string),
        HeaderValue::Address(address) => address.first()?.address().map(str::to_owned),
        _ => None,
    }
}

fn return_paths(head: &str) -> Vec<String> {
    let fields = head.lines().filter_map(|line| line.split_once(':'));
    let paths = fields.filter(|(name, _)| name.trim().eq_ignore_ascii_case("return-path"));
    paths.map(|(_, value)| value.trim().to_owned()).collect()
}

fn kind_of(word: &str) -> Feedback {
    match word.to_ascii_lowercase().as_str() {
        "abuse" => Feedback::Abuse,
        "fraud" => Feedback::Fraud,
        "opt-out" | "opt-out-list" => Feedback::OptOut,
        "not-spam" => Feedback::NotSpam,
        _ => Feedback::Other,
    }
}
