//! What the mail server remembers, and what it chooses.

use std::{
    fmt,
    sync::{
        Mutex,
        atomic::{AtomicUsize, Ordering},
    },
};

use serde::Serialize;
use time::OffsetDateTime;

use super::{SmtpAuth, SmtpSimSettings, behaviour::MailBehaviour, raw::RawReplies};
use crate::{
    journal::Journal,
    lock::locked,
    rules::{Rule, Rules, Tally},
};

/// All messages together have at most this many bytes; the oldest go first.
const KEPT_BYTES_MAX: usize = 256 * 1024 * 1024;
/// So many tried recipients are remembered.
const TRIED_MAX: usize = 200_000;

/// A message that the server took.
///
/// Its `Debug` form hides addresses and content.
#[derive(Clone, PartialEq, Eq)]
pub struct KeptMail {
    /// When the final dot came.
    pub at: OffsetDateTime,
    /// The sender of the envelope.
    pub from: String,
    /// The accepted recipients of the envelope, in lower case.
    pub recipients: Vec<String>,
    /// The message, with the dots that the transport adds taken out again.
    pub raw: Vec<u8>,
    /// The field `Message-ID`, with its brackets.
    pub message_id: Option<String>,
    /// The server's name for it.
    pub queue_id: String,
    /// How the sender learnt that it was taken, if so.
    pub ending: MailEnding,
}

/// How the dialogue ended for a message that the server took.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum MailEnding {
    /// The sender read 250.
    Replied,
    /// The sender could not know: no reply, or another one.
    Unsaid,
}

impl fmt::Debug for KeptMail {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("KeptMail")
            .field("at", &self.at)
            .field("recipients", &self.recipients.len())
            .field("bytes", &self.raw.len())
            .field("message_id", &self.message_id)
            .field("queue_id", &self.queue_id)
            .field("ending", &self.ending)
            .finish_non_exhaustive()
    }
}

/// A recipient that a sender named.
#[derive(Clone, PartialEq, Eq, Serialize)]
pub struct TriedRecipient {
    /// When.
    #[serde(with = "time::serde::rfc3339")]
    pub at: OffsetDateTime,
    /// The address in lower case.
    pub address: String,
    /// The code of the reply.
    pub reply_code: u16,
}

impl fmt::Debug for TriedRecipient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TriedRecipient")
            .field("at", &self.at)
            .field("reply_code", &self.reply_code)
            .finish_non_exhaustive()
    }
}

pub(super) struct SmtpState {
    pub(super) settings: SmtpSimSettings,
    pub(super) raw: RawReplies,
    auth: Mutex<SmtpAuth>,
    choices: Mutex<Choices>,
    kept: Mutex<Kept>,
    connections: AtomicUsize,
}

struct Choices {
    rules: Rules<MailBehaviour>,
    tally: Tally,
}

struct Kept {
    mails: Journal<KeptMail>,
    tried: Journal<TriedRecipient>,
    bytes: usize,
    queued: u64,
}

/// A message that is to be kept.
pub(super) struct NewMail {
    pub(super) from: String,
    pub(super) recipients: Vec<String>,
    pub(super) raw: Vec<u8>,
    pub(super) ending: MailEnding,
}

impl SmtpState {
    pub(super) fn new(settings: SmtpSimSettings) -> Self {
        let kept = Kept {
            mails: Journal::new(settings.mails_max),
            tried: Journal::new(TRIED_MAX),
            bytes: 0,
            queued: 0,
        };
        Self {
            raw: RawReplies::default(),
            auth: Mutex::new(settings.auth.clone()),
            choices: Mutex::new(Choices { rules: Rules::new(), tally: Tally::default() }),
            kept: Mutex::new(kept),
            connections: AtomicUsize::new(0),
            settings,
        }
    }

    pub(super) fn auth(&self) -> SmtpAuth {
        locked(&self.auth).clone()
    }

    pub(super) fn set_auth(&self, auth: SmtpAuth) {
        *locked(&self.auth) = auth;
    }

    pub(super) fn count_connection(&self) {
        self.connections.fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn connections(&self) -> usize {
        self.connections.load(Ordering::Relaxed)
    }

    pub(super) fn add_rule(&self, rule: Rule<MailBehaviour>) {
        locked(&self.choices).rules.add(rule);
    }

    pub(super) fn replace_rules(&self, rules: Vec<Rule<MailBehaviour>>) {
        locked(&self.choices).rules.replace(rules);
    }

    /// Chooses what happens at this try for a recipient, and remembers that it was tried; `raw_code` is the code of a
    /// reply that is said in place of the chosen one.
    pub(super) fn choose(&self, address: &str, raw_code: Option<u16>) -> MailBehaviour {
        let behaviour = {
            let mut choices = locked(&self.choices);
            let try_number = choices.tally.next(address);
            let local_part = address.split('@').next().unwrap_or_default();
            choices
                .rules
                .choose(address)
                .unwrap_or_else(|| MailBehaviour::by_local_part(local_part, try_number))
        };
        let tried = TriedRecipient {
            at: OffsetDateTime::now_utc(),
            address: address.to_owned(),
            reply_code: raw_code.unwrap_or(behaviour.recipient_reply().code),
        };
        locked(&self.kept).tried.push(tried);
        behaviour
    }

    /// Keeps a message and answers the server's name for it.
    pub(super) fn keep(&self, mail: NewMail) -> String {
        let mut kept = locked(&self.kept);
        kept.queued += 1;
        let queue_id = format!("SIM{:08}", kept.queued);
        kept.bytes += mail.raw.len();
        let message = KeptMail {
            at: OffsetDateTime::now_utc(),
            from: mail.from,
            recipients: mail.recipients,
            message_id: message_id(&mail.raw),
            raw: mail.raw,
            queue_id: queue_id.clone(),
            ending: mail.ending,
        };
        let (_, evicted) = kept.mails.push(message);
        kept.bytes -= evicted.map_or(0, |(_, mail)| mail.raw.len());
        while kept.bytes > KEPT_BYTES_MAX && kept.mails.len() > 1 {
            let evicted = kept.mails.pop_oldest();
            kept.bytes -= evicted.map_or(0, |(_, mail)| mail.raw.len());
        }
        queue_id
    }

    pub(super) fn mails(&self) -> Vec<KeptMail> {
        locked(&self.kept).mails.iter().cloned().collect()
    }

    /// When each recipient got a message.
    pub(super) fn taken(&self) -> Vec<(OffsetDateTime, String)> {
        let kept = locked(&self.kept);
        let each = |mail: &KeptMail| {
            let at = mail.at;
            mail.recipients.iter().map(move |to| (at, to.clone())).collect::<Vec<_>>()
        };
        kept.mails.iter().flat_map(each).collect()
    }

    pub(super) fn mails_to(&self, address: &str) -> Vec<KeptMail> {
        let address = normal_address(address);
        let kept = locked(&self.kept);
        kept.mails.iter().filter(|mail| mail.recipients.contains(&address)).cloned().collect()
    }

    pub(super) fn tried(&self) -> Vec<TriedRecipient> {
        locked(&self.kept).tried.iter().cloned().collect()
    }
}

/// An address as it is compared here.
pub(super) fn normal_address(address: &str) -> String {
    address.to_ascii_lowercase()
}

/// The field `Message-ID` of a message's head.
fn message_id(raw: &[u8]) -> Option<String> {
    let head = raw.split(|byte| *byte == b'\n').take_while(|line| !line.is_empty() && *line != b"\r");
    head.filter_map(|line| std::str::from_utf8(line).ok()).find_map(|line| {
        let (name, value) = line.split_once(':')?;
        name.eq_ignore_ascii_case("message-id").then(|| value.trim().to_owned())
    })
}
