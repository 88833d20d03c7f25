//! What the CRM asks: one closure on one channel.

use std::{collections::BTreeMap, fmt};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize, de::DeserializeOwned};

use crate::{
    failure::FailureCode,
    ids::{ConsultationId, JobId, Timestamp},
    topology::JOB_BYTES_MAX,
};

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
    /// Which edition of the answer this is, from 1.
    #[serde(default = "first_revision")]
    pub revision: u32,
}

fn first_revision() -> u32 {
    1
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
}

/// A recipient who is reached by email.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct MailRecipient {
    /// The customer's address; a job without one waits in the dead-letter desk for a person to add it (R14d).
    #[serde(default)]
    pub email: Option<String>,
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

/// A phone number in one of the forms that the CRM knows (R15, R16).
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(try_from = "PhoneFields", into = "PhoneFields")]
#[schemars(with = "PhoneFields")]
pub enum Phone {
    /// Country code and the rest, apart: `{country_code, national_number}`.
    Separated {
        /// Digits of the country code, such as `84`.
        country_code: String,
        /// The rest, as it was typed.
        national_number: String,
    },
    /// The whole number in one text: `{number: "+84…"}` or `{number: "84…", country_hint: "84"}`.
    Whole {
        /// The number, as it was typed.
        number: String,
        /// The country that the record or the agent names; it must agree with the number.
        country_hint: Option<String>,
    },
}

impl fmt::Debug for Phone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Phone(masked)")
    }
}

/// The wire form of a [`Phone`].
#[derive(Clone, Serialize, Deserialize, JsonSchema)]
#[schemars(
    rename = "Phone",
    extend("oneOf" = [
        { "required": ["country_code", "national_number"], "not": { "anyOf": [{ "required": ["number"] }, { "required": ["country_hint"] }] } },
        { "required": ["number"], "not": { "anyOf": [{ "required": ["country_code"] }, { "required": ["national_number"] }] } },
    ])
)]
struct PhoneFields {
    /// Digits of the country code, such as `84`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "String", length(max = 32))]
    country_code: Option<String>,
    /// The number without its country code.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "String", length(max = 32))]
    national_number: Option<String>,
    /// The whole number.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "String", length(max = 32))]
    number: Option<String>,
    /// The country that a bare number belongs to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "String", length(max = 32))]
    country_hint: Option<String>,
}

impl TryFrom<PhoneFields> for Phone {
    type Error = &'static str;

    fn try_from(fields: PhoneFields) -> Result<Self, Self::Error> {
        match fields {
            PhoneFields {
                country_code: Some(country_code),
                national_number: Some(national_number),
                number: None,
                country_hint: None,
            } => Ok(Self::Separated { country_code, national_number }),
            PhoneFields { country_code: None, national_number: None, number: Some(number), country_hint } => {
                Ok(Self::Whole { number, country_hint })
            }
            _ => Err("a phone is either {country_code, national_number}, {number: \"+84…\"}, \
                      or {number, country_hint}"),
        }
    }
}

impl From<Phone> for PhoneFields {
    fn from(phone: Phone) -> Self {
        match phone {
            Phone::Separated { country_code, national_number } => Self {
                country_code: Some(country_code),
                national_number: Some(national_number),
                number: None,
                country_hint: None,
            },
            Phone::Whole { number, country_hint } => {
                Self { country_code: None, national_number: None, number: Some(number), country_hint }
            }
        }
    }
}

/// What a text message says, and what the CRM sent along with it.
#[derive(Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(try_from = "SmsFields", into = "SmsFields")]
#[schemars(with = "SmsFields")]
pub struct SmsContent {
    /// The text, or the template that makes it.
    pub body: SmsBody,
    /// A subject; overseas it is dropped and the drop recorded (R5), at home it titles an LMS (R17).
    pub subject: Option<String>,
    /// A sender that the CRM asks for; any but ours is refused (R11).
    pub sender: Option<String>,
    /// Attachments, which no SMS can carry: their presence refuses the job (R10).
    pub attachments: Vec<serde_json::Value>,
}

impl fmt::Debug for SmsContent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SmsContent(masked)")
    }
}

/// The source of a text message's text.
#[derive(Clone, PartialEq, Eq)]
pub enum SmsBody {
    /// Free text.
    Text(String),
    /// An approved template and its variables.
    Template {
        /// The template's name.
        template: String,
        /// The value of each variable, by name.
        variables: BTreeMap<String, String>,
    },
}

/// The wire form of an [`SmsContent`].
#[derive(Clone, Serialize, Deserialize, JsonSchema)]
#[schemars(
    rename = "SmsContent",
    extend("oneOf" = [
        { "required": ["text"], "not": { "anyOf": [{ "required": ["template"] }, { "required": ["variables"] }] } },
        { "required": ["template"], "not": { "required": ["text"] } },
    ])
)]
struct SmsFields {
    /// Free text.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "String")]
    text: Option<String>,
    /// The name of an approved template.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "String")]
    template: Option<String>,
    /// The template's variables.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    variables: BTreeMap<String, String>,
    /// A subject.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    subject: Option<String>,
    /// The sender number asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    sender: Option<String>,
    /// Attachments; an SMS has none.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    attachments: Vec<serde_json::Value>,
}

impl TryFrom<SmsFields> for SmsContent {
    type Error = &'static str;

    fn try_from(fields: SmsFields) -> Result<Self, Self::Error> {
        let body = match (fields.text, fields.template) {
            (Some(text), None) if fields.variables.is_empty() => SmsBody::Text(text),
            (None, Some(template)) => SmsBody::Template { template, variables: fields.variables },
            _ => return Err("an sms is either {text} or {template, variables}"),
        };
        Ok(Self { body, subject: fields.subject, sender: fields.sender, attachments: fields.attachments })
    }
}

impl From<SmsContent> for SmsFields {
    fn from(content: SmsContent) -> Self {
        let (text, template, variables) = match content.body {
            SmsBody::Text(text) => (Some(text), None, BTreeMap::new()),
            SmsBody::Template { template, variables } => (None, Some(template), variables),
        };
        Self {
            text,
            template,
            variables,
            subject: content.subject,
            sender: content.sender,
            attachments: content.attachments,
        }
    }
}

/// What the fallback email says.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct FallbackContent {
    /// The subject; without one the configured English subject is used (R19).
    #[serde(default)]
    pub subject: Option<String>,
    /// The body; without one the text of the SMS is used.
    #[serde(default)]
    pub text: Option<String>,
    /// The body in HTML.
    #[serde(default)]
    pub html: Option<String>,
}

impl fmt::Debug for FallbackContent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("FallbackContent(masked)")
    }
}

/// What an email says.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct EmailContent {
    /// The subject; English for an overseas customer (R19).
    pub subject: String,
    /// The body as plain text.
    pub text: String,
    /// The body in HTML; without one it is made from the text.
    #[serde(default)]
    pub html: Option<String>,
}

impl fmt::Debug for EmailContent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("EmailContent(masked)")
    }
}

/// The SMS job that a fallback email stands in for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct FallbackOf {
    /// The SMS job.
    pub job_id: JobId,
}

/// Why a message is not a job that this version can carry out.
///
/// The text never repeats the message's content; the original bytes are kept by whoever received them.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DecodeError {
    /// The body is larger than a job may be.
    #[error(
        "the body has {bytes} bytes and a job may have {JOB_BYTES_MAX}; \
         shorten its texts and publish it again under the same job_id"
    )]
    TooLarge {
        /// The body's size in bytes.
        bytes: usize,
    },
    /// The body is not JSON.
    #[error(
        "the body is not JSON (line {line}, column {column}); publish UTF-8 JSON with content_type application/json"
    )]
    NotJson {
        /// Line of the first error, from 1.
        line: usize,
        /// Column of the first error, from 1.
        column: usize,
    },
    /// There is no `kind`, or it is one that the fleet does not know.
    #[error("the kind is missing or unknown; publish closure.sms/1, closure.email/1 or closure.dial/1")]
    UnknownKind,
    /// A known kind in a major version that this release does not know.
    #[error("{kind} is newer than this release; upgrade the workers and replay, or publish version 1")]
    UnsupportedVersion {
        /// The kind as it was published, such as `closure.sms/2`.
        kind: String,
    },
    /// The kind is known and a field is missing or has the wrong type.
    #[error("field `{path}`: {problem}; correct it against the JSON Schema of the kind and publish again")]
    WrongShape {
        /// Where in the document, such as `to.phone`.
        path: String,
        /// What was expected there.
        problem: String,
    },
}

impl DecodeError {
    /// The stable code of this refusal.
    pub fn code(&self) -> FailureCode {
        match self {
            Self::TooLarge { .. } => FailureCode::BodyTooLarge,
            Self::NotJson { .. } => FailureCode::UnreadableBody,
            Self::UnknownKind => FailureCode::UnknownKind,
            Self::UnsupportedVersion { .. } => FailureCode::UnsupportedVersion,
            Self::WrongShape { .. } => FailureCode::WrongShape,
        }
    }
}

impl Job {
    /// Reads a job from the body of a message: UTF-8 JSON of at most [`JOB_BYTES_MAX`] bytes.
    ///
    /// Unknown fields are tolerated; an unknown kind or a newer major version is refused with its own error.
    pub fn decode(body: &[u8]) -> Result<Self, DecodeError> {
        if body.len() > JOB_BYTES_MAX {
            return Err(DecodeError::TooLarge { bytes: body.len() });
        }
        #[derive(Deserialize)]
        struct Envelope {
            #[serde(default)]
            kind: Option<serde_json::Value>,
        }
        let envelope: Envelope = decode_as(body)?;
        let kind = envelope.kind.as_ref().and_then(|kind| kind.as_str()).ok_or(DecodeError::UnknownKind)?;
        match kind {
            "closure.sms/1" => decode_as(body).map(Self::Sms),
            "closure.email/1" => decode_as(body).map(Self::Email),
            "closure.dial/1" => decode_as(body).map(Self::Dial),
            other => Err(unknown_kind(other)),
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

/// Reads one message body of a known shape, and names the field when it does not fit.
pub(crate) fn decode_as<T: DeserializeOwned>(body: &[u8]) -> Result<T, DecodeError> {
    let mut reader = serde_json::Deserializer::from_slice(body);
    let value = serde_path_to_error::deserialize(&mut reader).map_err(|error| {
        let path = match error.path().to_string() {
            whole if whole == "." => "the whole document".to_owned(),
            path => path,
        };
        let cause = error.into_inner();
        match cause.classify() {
            serde_json::error::Category::Data => {
                DecodeError::WrongShape { path, problem: without_values(&cause.to_string()) }
            }
            serde_json::error::Category::Syntax
            | serde_json::error::Category::Eof
            | serde_json::error::Category::Io => {
                DecodeError::NotJson { line: cause.line(), column: cause.column() }
            }
        }
    })?;
    reader.end().map_err(|error| DecodeError::NotJson { line: error.line(), column: error.column() })?;
    Ok(value)
}

/// A known kind in another version is newer than we are; anything else is unknown.
pub(crate) fn unknown_kind(kind: &str) -> DecodeError {
    let newer = ["closure.sms/", "closure.email/", "closure.dial/"].iter().any(|known| {
        kind.strip_prefix(known).is_some_and(|version| {
            version.len() <= 4 && version.parse::<u32>().is_ok_and(|version| version > 1)
        })
    });
    if newer { DecodeError::UnsupportedVersion { kind: kind.to_owned() } } else { DecodeError::UnknownKind }
}

/// Takes the values out of a JSON error, which may quote a number or a text of the customer's.
fn without_values(message: &str) -> String {
    let mut outside = String::with_capacity(message.len());
    let mut quoted = false;
    for character in message.chars() {
        match character {
            '"' => {
                quoted = !quoted;
                outside.push('"');
            }
            _ if quoted => {}
            _ => outside.push(character),
        }
    }
    match outside.split_once("invalid type: ") {
        Some((before, after)) => match after.split_once(", expected ") {
            Some((_, expected)) => format!("{before}wrong type, expected {expected}"),
            None => "wrong type".to_owned(),
        },
        None => match outside.split_once("unknown variant ") {
            Some((before, after)) => match after.split_once(", expected ") {
                Some((_, expected)) => format!("{before}unknown value, expected {expected}"),
                None => "unknown value".to_owned(),
            },
            None => outside,
        },
    }
}
