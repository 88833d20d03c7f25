//! What the CRM asks: one closure on one channel.

mod cancel;
mod content;
mod decode;
mod decode_korean;
mod form;
mod limits;
mod phone;
mod shape;
mod shape_korean;
mod tree;

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{
    ids::{ConsultationId, JobId, Timestamp},
    topology::JOB_BYTES_MAX,
};

pub use cancel::{Cancel, CancelKind, CancelledConsultation};
pub use content::{EmailContent, FallbackContent, SmsBody, SmsContent};
pub(crate) use decode::not_read_here;
pub use decode::{DecodeError, Document, Noted};
pub use form::Form;
pub use phone::{Phone, PhoneForm};

/// A closure job of any channel.
#[derive(Debug, Clone, PartialEq)]
pub enum Job {
    /// Answer by text message.
    Sms(SmsJob),
    /// Answer by email.
    Email(EmailJob),
    /// Call the customer, the agent's phone first.
    Dial(DialJob),
}

/// The means by which a consultation is closed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Channel {
    /// Text message.
    Sms,
    /// Email.
    Email,
    /// Outbound call.
    Dial,
}

/// A reply by text message (`closure.sms/1`).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct SmsJob {
    /// Always `closure.sms/1`.
    pub kind: SmsKind,
    /// The CRM's own UUID for this job; publishing the same job twice sends it once.
    pub job_id: JobId,
    /// The consultation that this reply closes.
    pub consultation: Consultation,
    /// The agent who wrote the reply.
    pub agent: Agent,
    /// What the agent chose in the popup (R1, R17).
    pub scope: Scope,
    /// Where the reply goes.
    pub to: PhoneRecipient,
    /// What is sent.
    pub sms: SmsContent,
    /// What the fallback email says; without it the text of the SMS is used.
    #[serde(default)]
    pub fallback: Option<FallbackContent>,
    /// Not to be sent before this time.
    #[serde(default)]
    pub not_before: Option<Timestamp>,
    /// Too late from this time on: the outcome is then `expired`.
    #[serde(default)]
    pub expires_at: Option<Timestamp>,
}

/// A reply by email (`closure.email/1`).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct EmailJob {
    /// Always `closure.email/1`.
    pub kind: EmailKind,
    /// The CRM's own UUID for this job; publishing the same job twice sends it once.
    pub job_id: JobId,
    /// The consultation that this reply closes.
    pub consultation: Consultation,
    /// The agent who wrote the reply.
    pub agent: Agent,
    /// Whether the customer is overseas, so that the subject must be English (R19).
    pub scope: Scope,
    /// Where the reply goes.
    pub to: MailRecipient,
    /// What is sent.
    pub email: EmailContent,
    /// Set by the fallback worker alone: the SMS job that this email stands in for.
    #[serde(default)]
    pub fallback_of: Option<FallbackOf>,
    /// Not to be sent before this time.
    #[serde(default)]
    pub not_before: Option<Timestamp>,
    /// Too late from this time on: the outcome is then `expired`.
    #[serde(default)]
    pub expires_at: Option<Timestamp>,
}

/// A call to the customer (`closure.dial/1`).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct DialJob {
    /// Always `closure.dial/1`.
    pub kind: DialKind,
    /// The CRM's own UUID for this job; publishing the same job twice calls once.
    pub job_id: JobId,
    /// The consultation that this call belongs to.
    pub consultation: Consultation,
    /// The agent whose phone rings first; the extension is required.
    pub agent: DialingAgent,
    /// What the agent chose in the popup (R1).
    pub scope: Scope,
    /// Who is called.
    pub to: PhoneRecipient,
    /// When the agent clicked, by the CRM's clock; a click that is too old rings nobody's phone.
    ///
    /// Without it only `expires_at` keeps a late call from ringing.
    #[serde(default)]
    pub clicked_at: Option<Timestamp>,
    /// Not to be called before this time.
    #[serde(default)]
    pub not_before: Option<Timestamp>,
    /// Too late from this time on: the outcome is then `expired`.
    #[serde(default)]
    pub expires_at: Option<Timestamp>,
}

/// The kind of an SMS job.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum SmsKind {
    /// Version 1.
    #[serde(rename = "closure.sms/1")]
    V1,
}

/// The kind of an email job.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum EmailKind {
    /// Version 1.
    #[serde(rename = "closure.email/1")]
    V1,
}

/// The kind of a dial job.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum DialKind {
    /// Version 1.
    #[serde(rename = "closure.dial/1")]
    V1,
}

/// The consultation that a job closes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Consultation {
    /// The CRM's name for it.
    pub id: ConsultationId,
    /// How the customer came, or was called.
    pub channel: ConsultationChannel,
    /// Which revision of the answer this is, from 1; null is the first.
    #[serde(default = "limits::first_revision", deserialize_with = "limits::revision_or_first")]
    #[schemars(with = "Option<u32>", range(min = 1, max = 1_000_000))]
    pub revision: u32,
}

/// How a consultation began.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ConsultationChannel {
    /// The customer called (IB).
    InboundCall,
    /// We called (OB).
    OutboundCall,
    /// The customer wrote on the board.
    Board,
}

/// The agent who wrote a reply.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Agent {
    /// The CRM's name for the agent.
    #[serde(deserialize_with = "limits::agent_id")]
    #[schemars(length(min = 1, max = 128))]
    pub id: String,
    /// The agent's phone in the PBX.
    #[serde(default)]
    pub extension: Option<String>,
}

/// The agent whose phone rings first.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct DialingAgent {
    /// The CRM's name for the agent.
    #[serde(deserialize_with = "limits::agent_id")]
    #[schemars(length(min = 1, max = 128))]
    pub id: String,
    /// The agent's phone in the PBX: 2 to 10 digits.
    #[schemars(pattern(r"^[0-9]{2,10}$"))]
    pub extension: String,
}

/// What the agent chose in the popup.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Scope {
    /// Outside Korea.
    Overseas,
    /// Inside Korea.
    Domestic,
}

/// A recipient who is reached by phone.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct PhoneRecipient {
    /// The customer's number.
    pub phone: Phone,
    /// The customer's address, for the fallback email.
    #[serde(default)]
    pub email: Option<String>,
    /// The customer's language as a BCP 47 tag, such as `vi` or `zh-Hans`; email is framed in it where there is a
    /// template of that language, and in English elsewhere.
    #[serde(default, deserialize_with = "limits::language")]
    #[schemars(length(min = 2, max = 35))]
    pub language: Option<String>,
}

/// A recipient who is reached by email.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct MailRecipient {
    /// The customer's address; a job without one waits in the dead-letter desk for a person to add it (R14d).
    #[serde(default)]
    pub email: Option<String>,
    /// The customer's language as a BCP 47 tag, such as `vi` or `zh-Hans`; without one the mail is framed in English,
    /// and for a domestic job in Korean.
    #[serde(default, deserialize_with = "limits::language")]
    #[schemars(length(min = 2, max = 35))]
    pub language: Option<String>,
}

impl fmt::Debug for PhoneRecipient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PhoneRecipient(masked)")
    }
}

impl fmt::Debug for MailRecipient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("MailRecipient(masked)")
    }
}

/// The SMS job that a fallback email stands in for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct FallbackOf {
    /// The SMS job.
    pub job_id: JobId,
}

impl Job {
    /// Reads a job from the body of a message: UTF-8 JSON of at most [`JOB_BYTES_MAX`] bytes.
    ///
    /// Unknown fields are tolerated; an unknown kind or a newer major version is refused with its own error.
    pub fn decode(body: &[u8]) -> Result<Self, DecodeError> {
        Self::decode_noting(body).map(|(job, _)| job)
    }

    /// The same, with the paths of the fields that this release does not know.
    pub fn decode_noting(body: &[u8]) -> Result<Noted<Self>, DecodeError> {
        let document = Document::parse(body, JOB_BYTES_MAX)?;
        match document.kind() {
            Some("closure.sms/1") => document.read().map(|(job, ignored)| (Self::Sms(job), ignored)),
            Some("closure.email/1") => document.read().map(|(job, ignored)| (Self::Email(job), ignored)),
            Some("closure.dial/1") => document.read().map(|(job, ignored)| (Self::Dial(job), ignored)),
            other => Err(not_read_here(other)),
        }
    }

    /// The job as the body of a message.
    pub fn encode(&self) -> Vec<u8> {
        let encoded = match self {
            Self::Sms(job) => serde_json::to_vec(job),
            Self::Email(job) => serde_json::to_vec(job),
            Self::Dial(job) => serde_json::to_vec(job),
        };
        encoded.expect("a job holds only strings, numbers and maps with string keys")
    }

    /// The kind and major version, which is also the message's `type`.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Sms(_) => "closure.sms/1",
            Self::Email(_) => "closure.email/1",
            Self::Dial(_) => "closure.dial/1",
        }
    }

    /// The channel that carries this job out.
    pub fn channel(&self) -> Channel {
        match self {
            Self::Sms(_) => Channel::Sms,
            Self::Email(_) => Channel::Email,
            Self::Dial(_) => Channel::Dial,
        }
    }

    /// The job's id.
    pub fn id(&self) -> JobId {
        match self {
            Self::Sms(job) => job.job_id,
            Self::Email(job) => job.job_id,
            Self::Dial(job) => job.job_id,
        }
    }

    /// The consultation that the job closes.
    pub fn consultation(&self) -> &Consultation {
        match self {
            Self::Sms(job) => &job.consultation,
            Self::Email(job) => &job.consultation,
            Self::Dial(job) => &job.consultation,
        }
    }

    /// Whether it goes overseas.
    pub fn scope(&self) -> Scope {
        match self {
            Self::Sms(job) => job.scope,
            Self::Email(job) => job.scope,
            Self::Dial(job) => job.scope,
        }
    }

    /// Not to be carried out before this time.
    pub fn not_before(&self) -> Option<Timestamp> {
        match self {
            Self::Sms(job) => job.not_before,
            Self::Email(job) => job.not_before,
            Self::Dial(job) => job.not_before,
        }
    }

    /// Too late from this time on.
    pub fn expires_at(&self) -> Option<Timestamp> {
        match self {
            Self::Sms(job) => job.expires_at,
            Self::Email(job) => job.expires_at,
            Self::Dial(job) => job.expires_at,
        }
    }

    /// The SMS job that this email stands in for, if it is a fallback.
    pub fn fallback_of(&self) -> Option<JobId> {
        match self {
            Self::Email(job) => job.fallback_of.map(|of| of.job_id),
            Self::Sms(_) | Self::Dial(_) => None,
        }
    }
}

impl Channel {
    /// Every channel.
    pub const ALL: [Self; 3] = [Self::Sms, Self::Email, Self::Dial];

    /// The channel's name on the wire, which is also its routing key.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Sms => "sms",
            Self::Email => "email",
            Self::Dial => "dial",
        }
    }
}

impl fmt::Display for Channel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
