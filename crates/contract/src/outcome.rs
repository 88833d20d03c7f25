//! What the CRM is told.

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::{
    failure::FailureCode,
    ids::{Generation, JobId, Timestamp},
    job::{Channel, Consultation, DecodeError, Document},
    receipt::Evidence,
    words::Facts,
};

/// How one job stands at an end of it (`closure.outcome/1`).
///
/// A crash may repeat the message; the repeat carries the same `outcome_id`, which is also its `message_id`, and says
/// the same. A later truth about the same generation is another word with an `outcome_id` of its own, and names the one
/// that it takes back or refines.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Outcome {
    /// Always `closure.outcome/1`.
    pub kind: OutcomeKind,
    /// The same for every repeat of this outcome, and no other outcome's.
    pub outcome_id: Uuid,
    /// Which word about this generation of the job it is, from 1: the highest one holds, in whatever order they come.
    ///
    /// 0 is said of a message that is no edition of the job, such as one in a wrong queue: it holds only where nothing
    /// else is said about the generation.
    #[serde(default = "first_word")]
    pub word: u32,
    /// The `outcome_id` of the word before, which this one takes back or refines.
    #[serde(default)]
    pub corrects: Option<Uuid>,
    /// The job that ended.
    pub job_id: JobId,
    /// Which edition of it: 1, and one more for each replay by a person.
    pub generation: Generation,
    /// The consultation that the job closes; null where a job that could not be worked on does not say it readably.
    pub consultation: Option<Consultation>,
    /// The channel that carried it out.
    pub channel: Channel,
    /// How it ended.
    pub outcome: OutcomeName,
    /// What a `delivered` is worth.
    pub evidence: Evidence,
    /// Why it did not reach the customer, where it did not.
    pub code: Option<FailureCode>,
    /// The same for people, without any personal data.
    pub detail: Option<String>,
    /// Every rule that had a say.
    pub rules: Vec<AppliedRule>,
    /// How many times a provider was tried.
    pub attempts: u32,
    /// When it ended.
    pub at: Timestamp,
    /// The email job that answers in place of this SMS, if there is one.
    pub fallback_job_id: Option<JobId>,
    /// The SMS job that this email stands in for, if it is a fallback.
    pub fallback_of: Option<JobId>,
    /// The record of a call (R4); for dial jobs alone.
    pub call: Option<CallRecord>,
    /// Whose name a text message bore (R11, R12); for text messages that a gateway was asked to send.
    #[serde(default)]
    pub sender: Option<TextSender>,
}

/// The sender of a text message, which a network abroad may have changed (R12).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct TextSender {
    /// The one that the gateway was asked to show.
    pub asked: Option<String>,
    /// The one that the gateway's receipt or look-up names; null where neither names any.
    pub reported: Option<String>,
}

/// The kind of an outcome.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum OutcomeKind {
    /// Version 1.
    #[serde(rename = "closure.outcome/1")]
    V1,
}

/// How a job ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum OutcomeName {
    /// SMS: a receipt says that it arrived.
    Delivered,
    /// SMS: it was sent and did not arrive; email: it came back after it was accepted.
    Undelivered,
    /// SMS or call: it may have reached the customer, and nobody can tell.
    Unknown,
    /// It was never sent: a rule or the provider refused it.
    Refused,
    /// Email: the mail server took it; if it comes back, `undelivered` follows.
    Accepted,
    /// Call: the customer answered.
    Answered,
    /// Call: the customer was not reached.
    Unanswered,
    /// It was too late to send.
    Expired,
    /// It waits in the dead-letter desk for a person; a replay makes a new generation.
    Dead,
    /// A person decided that it will not be sent.
    Discarded,
    /// A newer revision of the answer took its place before it was sent.
    Superseded,
    /// The CRM cancelled it before it was sent.
    Cancelled,
}

/// One rule of the guide that had a say in a job.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct AppliedRule {
    /// The rule.
    pub id: RuleId,
    /// What it did.
    pub effect: RuleEffect,
    /// Why, for people, without any personal data.
    pub detail: String,
    /// The same as named values, where the rule refuses the job or puts it off: for programs to count and group by.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub facts: Option<Box<Facts>>,
}

/// The rules of the operating guide (`docs/rulebook.md`), and those beyond it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
pub enum RuleId {
    /// The agent's choice of overseas agrees with the number.
    R1,
    /// The dial string overseas.
    R2,
    /// The dial string at home.
    R3,
    /// The record of an outbound call.
    R4,
    /// No subject overseas.
    R5,
    /// At most 1000 bytes.
    R6,
    /// Keep to 950 bytes.
    R7,
    /// Over 90 bytes a text may be split and billed in parts.
    R8,
    /// Special characters are restricted.
    R9,
    /// No attachments.
    R10,
    /// The one sender number.
    R11,
    /// Another sender abroad.
    R12,
    /// The sender cannot receive.
    R13,
    /// Vietnam.
    R14a,
    /// China.
    R14b,
    /// A failed SMS.
    R14c,
    /// No email address on file.
    R14d,
    /// A provider's failure is not the recipient's.
    R14e,
    /// What a receipt is worth.
    R14f,
    /// Numbers that come unseparated.
    R15,
    /// Numbers that come separated.
    R16,
    /// Overseas SMS goes overseas.
    R17,
    /// Any consultation may be closed by email.
    R18,
    /// The subject is English.
    R19,
    /// The sender of the mail.
    R20,
    /// Not before, and not after (beyond the guide).
    B1,
    /// A newer revision takes the place of an older one.
    B2,
    /// The CRM cancelled the consultation's answer.
    B3,
    /// The countries that may be contacted.
    B4,
    /// How often a number, a country and the whole fleet may be contacted.
    B5,
    /// The suppression list.
    B6,
    /// Quiet hours by the recipient's clock.
    B7,
}

/// What a rule did to a job.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum RuleEffect {
    /// Looked, and let it pass as it was.
    Pass,
    /// Let it pass and says something about it.
    Flag,
    /// Changed something without loss, and says what.
    Change,
    /// Refused it.
    Reject,
    /// Keeps it for a person.
    Hold,
    /// Put it off.
    Postpone,
    /// Made an email reply due.
    Email,
}

/// The K-RIDE record of an outbound call (R4), with what became of it.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct CallRecord {
    /// 대표번호구분: always `K-RIDE 고객센터`.
    pub representative_number_class: String,
    /// 서비스 구분: always `K-RIDE`.
    pub service_class: String,
    /// 회원연락처: the whole number with its country code, digits alone.
    pub customer_contact: String,
    /// Seconds from the customer's answer to the end of the call.
    pub talk_seconds: Option<u32>,
    /// The PBX's cause of the customer's leg, by Q.850.
    pub cause: Option<u32>,
}

impl fmt::Debug for CallRecord {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CallRecord")
            .field("talk_seconds", &self.talk_seconds)
            .field("cause", &self.cause)
            .finish_non_exhaustive()
    }
}

impl Outcome {
    /// The id of a word about a job's generation: a UUID v5 of the job's id, the generation and the word's number.
    ///
    /// The first word, and a person's `discarded`, which is the last one, have the ids that releases without numbers
    /// gave them, so that both tell the same while one takes the place of the other.
    pub fn id_of(job: JobId, generation: Generation, word: u32, outcome: OutcomeName) -> Uuid {
        if outcome == OutcomeName::Discarded {
            return Uuid::new_v5(&job.0, format!("discarded:{generation}").as_bytes());
        }
        numbered(job, generation, word)
    }

    /// The id of the word that this one takes back or refines; no first word does.
    ///
    /// Nothing follows a `discarded`, so that the word before never is one.
    pub fn corrected_by(job: JobId, generation: Generation, word: u32) -> Option<Uuid> {
        (word > 1).then(|| numbered(job, generation, word - 1))
    }

    /// The id of what is told of a message that is no edition of the job that it names: the letter that keeps it may
    /// die more than once, and each death is told once.
    ///
    /// A sender's `CC` leads the same bytes to several queues, and one letter keeps them: what is told of each differs.
    pub fn id_of_letter(
        job: JobId,
        (letter, deaths): (i64, u32),
        generation: Generation,
        channel: Channel,
        code: FailureCode,
    ) -> Uuid {
        let name = format!("letter:{letter}:{deaths}:{generation}:{}:{code}", channel.as_str());
        Uuid::new_v5(&job.0, name.as_bytes())
    }

    /// The routing key on `closure.outcomes`: `<channel>.<outcome>`.
    pub fn routing_key(&self) -> String {
        format!("{}.{}", self.channel.as_str(), self.outcome.as_str())
    }

    /// Reads an outcome from the body of a message.
    pub fn decode(body: &[u8]) -> Result<Self, DecodeError> {
        Document::parse(body, usize::MAX)?.read().map(|(outcome, _)| outcome)
    }

    /// The outcome as the body of a message.
    pub fn encode(&self) -> Vec<u8> {
        serde_json::to_vec(self).expect("an outcome holds only strings and numbers")
    }
}

fn first_word() -> u32 {
    1
}

fn numbered(job: JobId, generation: Generation, word: u32) -> Uuid {
    let name = match word {
        0 | 1 => format!("outcome:{generation}"),
        later => format!("outcome:{generation}:{later}"),
    };
    Uuid::new_v5(&job.0, name.as_bytes())
}

impl OutcomeName {
    /// The outcome on the wire.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Delivered => "delivered",
            Self::Undelivered => "undelivered",
            Self::Unknown => "unknown",
            Self::Refused => "refused",
            Self::Accepted => "accepted",
            Self::Answered => "answered",
            Self::Unanswered => "unanswered",
            Self::Expired => "expired",
            Self::Dead => "dead",
            Self::Discarded => "discarded",
            Self::Superseded => "superseded",
            Self::Cancelled => "cancelled",
        }
    }
}

impl fmt::Display for RuleId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self, f)
    }
}
