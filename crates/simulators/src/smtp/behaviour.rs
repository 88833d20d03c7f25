//! What can happen to mail here, and the table of local parts that chooses it.

use serde::{Deserialize, Serialize};

/// What happens to mail for one recipient.
///
/// The comment gives the local part that chooses it where no rule does; a part such as `full-7` counts too.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MailBehaviour {
    /// Every local part that is not in this table: taken.
    Accept,
    /// `greylist-once`, the first try: 451 4.7.1 to the recipient.
    Greylist,
    /// `full`: 452 4.2.2 to the recipient.
    MailboxFull,
    /// `unknown`: 550 5.1.1 to the recipient.
    UnknownMailbox,
    /// `policy`: 554 5.7.1 to the recipient.
    PolicyRefused,
    /// `busy421`, the first try: 421 4.3.2 to the recipient, and the connection is closed.
    Busy,
    /// `drop-before-dot`, the first try: the connection is closed before the final dot is read.
    DropBeforeDot,
    /// `drop-after-dot`, the first try: the message is kept, and the connection closed without a reply.
    DropAfterDot,
    /// `slow-at-rcpt`: the reply to the recipient takes `slow_ms`.
    SlowAtRecipient,
    /// `slow-after-dot`: the reply to the final dot takes `slow_ms`.
    SlowAfterDot,
    /// `policy-after-dot`: 554 5.7.1 to the message.
    PolicyAfterDot,
    /// `defer-after-dot`, the first try: 451 4.3.0 to the message.
    DeferAfterDot,
    /// `closing-after-dot`, the first try: the message is kept, and the reply is 421.
    ClosingAfterDot,
    /// `silent-after-dot`: the message is kept, and no reply comes while the connection lives.
    SilentAfterDot,
    /// `disabled`: 550 5.2.1 to the recipient.
    Disabled,
    /// No local part: this reply to the recipient, such as 450.
    RecipientReply(u16),
}

/// One reply of the server: its code, its enhanced code and its text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Reply {
    pub(super) code: u16,
    pub(super) text: &'static str,
}

pub(super) const fn reply(code: u16, text: &'static str) -> Reply {
    Reply { code, text }
}

impl MailBehaviour {
    /// What a local part chooses at this try, counted from 1.
    pub fn by_local_part(local_part: &str, try_number: u32) -> Self {
        let first = try_number <= 1;
        // The longest names come first, because one may begin like another.
        const TABLE: [(&str, MailBehaviour, Frequency); 14] = [
            ("greylist-once", MailBehaviour::Greylist, Frequency::FirstTry),
            ("drop-before-dot", MailBehaviour::DropBeforeDot, Frequency::FirstTry),
            ("drop-after-dot", MailBehaviour::DropAfterDot, Frequency::FirstTry),
            ("slow-at-rcpt", MailBehaviour::SlowAtRecipient, Frequency::Always),
            ("slow-after-dot", MailBehaviour::SlowAfterDot, Frequency::Always),
            ("policy-after-dot", MailBehaviour::PolicyAfterDot, Frequency::Always),
            ("defer-after-dot", MailBehaviour::DeferAfterDot, Frequency::FirstTry),
            ("closing-after-dot", MailBehaviour::ClosingAfterDot, Frequency::FirstTry),
            ("silent-after-dot", MailBehaviour::SilentAfterDot, Frequency::Always),
            ("busy421", MailBehaviour::Busy, Frequency::FirstTry),
            ("full", MailBehaviour::MailboxFull, Frequency::Always),
            ("unknown", MailBehaviour::UnknownMailbox, Frequency::Always),
            ("policy", MailBehaviour::PolicyRefused, Frequency::Always),
            ("disabled", MailBehaviour::Disabled, Frequency::Always),
        ];
        let local_part = local_part.to_ascii_lowercase();
        let chosen = TABLE.iter().find(|(name, _, _)| {
            local_part
                .strip_prefix(name)
                .is_some_and(|rest| rest.chars().next().is_none_or(|next| !next.is_ascii_alphanumeric()))
        });
        match chosen {
            Some((_, behaviour, Frequency::Always)) => *behaviour,
            Some((_, behaviour, Frequency::FirstTry)) if first => *behaviour,
            Some((_, _, Frequency::FirstTry)) | None => Self::Accept,
        }
    }

    /// The reply to RCPT.
    pub(super) fn recipient_reply(self) -> Reply {
        match self {
            Self::Greylist => reply(451, "4.7.1 Greylisted, please try again later"),
            Self::MailboxFull => reply(452, "4.2.2 The mailbox is full"),
            Self::UnknownMailbox => reply(550, "5.1.1 No such mailbox here"),
            Self::PolicyRefused => reply(554, "5.7.1 Refused by policy"),
            Self::Busy => reply(421, "4.3.2 Too busy, closing the connection"),
            Self::Disabled => reply(550, "5.2.1 The mailbox is disabled"),
            Self::RecipientReply(code) => reply(code, "Simulated reply"),
            Self::Accept
            | Self::DropBeforeDot
            | Self::DropAfterDot
            | Self::SlowAtRecipient
            | Self::SlowAfterDot
            | Self::PolicyAfterDot
            | Self::DeferAfterDot
            | Self::ClosingAfterDot
            | Self::SilentAfterDot => reply(250, "2.1.5 Ok"),
        }
    }
}

#[derive(Debug, Clone, Copy)]
enum Frequency {
    Always,
    FirstTry,
}
