//! What the gateway remembers of each message.

use std::{
    collections::{HashMap, VecDeque},
    fmt,
};

use serde::{Deserialize, Serialize};
use time::OffsetDateTime;

use super::behaviour::SmsBehaviour;
use crate::journal::Journal;

/// One message to one recipient, as it was asked for and answered.
///
/// Serialising it shows everything; its `Debug` form hides number and text.
#[derive(Clone, Serialize)]
pub struct SentSms {
    /// When the request came.
    #[serde(with = "time::serde::rfc3339")]
    pub at: OffsetDateTime,
    /// The recipient's digits with country code; empty if the request could not be read.
    pub to: String,
    /// The recipient as the gateway writes it in answers and receipts.
    pub recipient_no: String,
    /// The recipient's country.
    pub country_code: String,
    /// The text.
    pub text: String,
    /// The subject, which only long domestic messages have.
    pub title: Option<String>,
    /// The sender number asked for.
    pub send_no: String,
    /// The caller's reference of the request.
    pub sender_grouping_key: Option<String>,
    /// The caller's reference of the message.
    pub recipient_grouping_key: Option<String>,
    /// What was to happen.
    pub behaviour: SmsBehaviour,
    /// The gateway's reference, if it took the request.
    pub request_id: Option<String>,
    /// The number of the recipient within the request, from 1.
    pub recipient_seq: u32,
    /// What the caller was told.
    pub answer: SmsAnswer,
    /// What became of it since.
    pub progress: SmsProgress,
}

/// What the caller was told about a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum SmsAnswer {
    /// Accepted, properly answered.
    Accepted,
    /// Accepted, but the caller could not know: no answer, garbage, or status 500.
    AcceptedUnsaid,
    /// Refused with this result code.
    Refused(i32),
    /// Nothing was accepted, and the status said so.
    Status(u16),
    /// Nothing was accepted, and no answer was given.
    Lost,
}

/// What became of an accepted message, as the look-up tells it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct SmsProgress {
    /// The state of the message.
    pub status: MessageStatus,
    /// The result code of receiving, such as `1000`.
    pub result_code: Option<&'static str>,
    /// The newest delivery receipt of the carrier, for overseas messages.
    pub dlr: Option<Dlr>,
    /// When the result came.
    #[serde(with = "time::serde::rfc3339::option")]
    pub result_at: Option<OffsetDateTime>,
    /// When the first receipt set out.
    #[serde(with = "time::serde::rfc3339::option")]
    pub receipt_at: Option<OffsetDateTime>,
}

impl SmsProgress {
    pub(super) fn processing() -> Self {
        Self {
            status: MessageStatus::Processing,
            result_code: None,
            dlr: None,
            result_at: None,
            receipt_at: None,
        }
    }
}

/// The state of an accepted message.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum MessageStatus {
    /// Failed.
    Failed,
    /// On its way.
    Processing,
    /// Received.
    Succeeded,
}

impl MessageStatus {
    /// `msgStatus` in the look-up.
    pub(super) fn number(self) -> &'static str {
        match self {
            Self::Failed => "0",
            Self::Processing => "2",
            Self::Succeeded => "3",
        }
    }

    /// `messageStatus` in the receipt.
    pub(super) fn word(self) -> &'static str {
        match self {
            Self::Failed => "FAILED",
            Self::Processing => "PROCESSING",
            Self::Succeeded => "COMPLETED",
        }
    }
}

/// A carrier's delivery receipt.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Dlr {
    /// What it says.
    pub status: DlrStatus,
    /// The carrier's error code.
    pub error_code: &'static str,
}

/// The documented states of a carrier's delivery receipt.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum DlrStatus {
    /// The carrier has it.
    Accepted,
    /// The carrier keeps it for later.
    Buffered,
    /// Delivered.
    Delivered,
    /// Its validity ended.
    Expired,
    /// Not delivered.
    Failed,
    /// The carrier refuses it.
    Rejected,
    /// Nothing is known.
    Unknown,
}

impl DlrStatus {
    pub(super) fn word(self) -> &'static str {
        match self {
            Self::Accepted => "ACCEPTED",
            Self::Buffered => "BUFFERED",
            Self::Delivered => "DELIVERED",
            Self::Expired => "EXPIRED",
            Self::Failed => "FAILED",
            Self::Rejected => "REJECTED",
            Self::Unknown => "UNKNOWN",
        }
    }
}

impl SentSms {
    /// Whether the gateway took it, whatever the caller was told: the customer would get it.
    pub fn was_accepted(&self) -> bool {
        match self.answer {
            SmsAnswer::Accepted | SmsAnswer::AcceptedUnsaid => true,
            SmsAnswer::Refused(_) | SmsAnswer::Status(_) | SmsAnswer::Lost => false,
        }
    }

    /// Whether the recipient is in Korea, where no carrier's delivery receipt exists.
    pub(super) fn is_domestic(&self) -> bool {
        self.country_code == super::request::KOREA
    }
}

impl fmt::Debug for SentSms {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SentSms")
            .field("at", &self.at)
            .field("behaviour", &self.behaviour)
            .field("request_id", &self.request_id)
            .field("recipient_seq", &self.recipient_seq)
            .field("recipient_grouping_key", &self.recipient_grouping_key)
            .field("answer", &self.answer)
            .field("progress", &self.progress)
            .finish_non_exhaustive()
    }
}

/// By what messages are found.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) enum Key {
    Request(String),
    SenderGroup(String),
    RecipientGroup(String),
    To(String),
}

/// The newest messages, with an index by reference and number.
pub(super) struct Messages {
    journal: Journal<SentSms>,
    index: HashMap<Key, VecDeque<u64>>,
}

impl Messages {
    pub(super) fn new(messages_max: usize) -> Self {
        Self { journal: Journal::new(messages_max), index: HashMap::new() }
    }

    /// Remembers a message and answers its number here.
    pub(super) fn add(&mut self, message: SentSms) -> u64 {
        let keys = keys_of(&message);
        let (number, evicted) = self.journal.push(message);
        if let Some((old, message)) = evicted {
            self.forget(old, &message);
        }
        for key in keys {
            self.index.entry(key).or_default().push_back(number);
        }
        number
    }

    pub(super) fn get(&self, number: u64) -> Option<&SentSms> {
        self.journal.get(number)
    }

    pub(super) fn get_mut(&mut self, number: u64) -> Option<&mut SentSms> {
        self.journal.get_mut(number)
    }

    /// The numbers of the messages under a key, oldest first.
    pub(super) fn numbers(&self, key: &Key) -> impl DoubleEndedIterator<Item = u64> {
        self.index.get(key).into_iter().flatten().copied()
    }

    /// The messages under a key, oldest first.
    pub(super) fn under(&self, key: &Key) -> impl DoubleEndedIterator<Item = &SentSms> {
        self.numbers(key).filter_map(|number| self.journal.get(number))
    }

    /// Every message, oldest first.
    pub(super) fn iter(&self) -> impl DoubleEndedIterator<Item = &SentSms> {
        self.journal.iter()
    }

    fn forget(&mut self, number: u64, message: &SentSms) {
        for key in keys_of(message) {
            let Some(numbers) = self.index.get_mut(&key) else { continue };
            // The oldest message goes first, so its number is in front of every list that has it.
            if numbers.front() == Some(&number) {
                numbers.pop_front();
            }
            if numbers.is_empty() {
                self.index.remove(&key);
            }
        }
    }
}

fn keys_of(message: &SentSms) -> Vec<Key> {
    let mut keys = vec![Key::To(message.to.clone())];
    keys.extend(message.request_id.clone().map(Key::Request));
    keys.extend(message.sender_grouping_key.clone().map(Key::SenderGroup));
    keys.extend(message.recipient_grouping_key.clone().map(Key::RecipientGroup));
    keys
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message(number: usize) -> SentSms {
        SentSms {
            at: OffsetDateTime::UNIX_EPOCH,
            to: format!("8491234{number:04}"),
            recipient_no: String::new(),
            country_code: String::new(),
            text: String::new(),
            title: None,
            send_no: String::new(),
            sender_grouping_key: Some("everybody".to_owned()),
            recipient_grouping_key: Some(format!("ref-{number}")),
            behaviour: SmsBehaviour::Delivered,
            request_id: Some(format!("request-{}", number / 2)),
            recipient_seq: 1,
            answer: SmsAnswer::Accepted,
            progress: SmsProgress::processing(),
        }
    }

    #[test]
    fn the_index_forgets_what_the_journal_forgets() {
        let mut messages = Messages::new(4);
        for number in 0..1_000 {
            messages.add(message(number));
        }
        assert_eq!(messages.index.len(), 4 + 4 + 2 + 1, "numbers, references, requests and the group");
        let group = Key::SenderGroup("everybody".to_owned());
        assert_eq!(messages.numbers(&group).collect::<Vec<_>>(), [996, 997, 998, 999]);
        assert_eq!(messages.under(&Key::To("84912340995".to_owned())).count(), 0);
        assert_eq!(messages.under(&Key::To("84912340996".to_owned())).count(), 1);
    }
}
