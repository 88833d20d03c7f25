//! What a report says about a mail of ours: of its delivery (RFC 3464), or of a complaint (RFC 5965).

use std::fmt;

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

/// What a recipient said of a mail that arrived, as the provider of the mailbox passes it on (RFC 5965, 7.3).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Feedback {
    /// It was unwanted.
    Abuse,
    /// It was taken for a fraud.
    Fraud,
    /// No further mail is wanted.
    OptOut,
    /// It was taken for unwanted mail by a program, and is none.
    NotSpam,
    /// Something else: a virus, or a word that nobody knows.
    Other,
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

impl fmt::Display for DsnStatus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}.{}", self.class, self.subject, self.detail)
    }
}
