//! What a reply says.

use std::{collections::BTreeMap, fmt};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

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
        {
            "type": "object",
            "required": ["text"],
            "properties": {
                "text": { "type": "string" }, "template": { "type": "null" },
                "variables": {
                    "type": ["object", "null"], "maxProperties": 0, "additionalProperties": { "type": "string" },
                },
            },
        },
        {
            "type": "object",
            "required": ["template"],
            "properties": {
                "template": { "type": "string" }, "text": { "type": "null" },
                // Makers of types take what one form alone names for that form's.
                "variables": { "type": ["object", "null"], "additionalProperties": { "type": "string" } },
            },
        },
    ])
)]
struct SmsFields {
    /// Free text.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    text: Option<String>,
    /// The name of an approved template.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    template: Option<String>,
    /// The template's variables.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    variables: Option<BTreeMap<String, String>>,
    /// A subject.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    subject: Option<String>,
    /// The sender number asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    sender: Option<String>,
    /// Attachments; an SMS has none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    attachments: Option<Vec<serde_json::Value>>,
}

impl TryFrom<SmsFields> for SmsContent {
    type Error = &'static str;

    fn try_from(fields: SmsFields) -> Result<Self, Self::Error> {
        let variables = fields.variables.unwrap_or_default();
        let body = match (fields.text, fields.template) {
            (Some(text), None) if variables.is_empty() => SmsBody::Text(text),
            (Some(_), None) => return Err("variables belong to a template; expected text alone"),
            (None, Some(template)) => SmsBody::Template { template, variables },
            (Some(_), Some(_)) => return Err("text and template stand here both; expected one of them"),
            (None, None) => return Err("text is missing, and so is template; expected one of them"),
        };
        let attachments = fields.attachments.unwrap_or_default();
        Ok(Self { body, subject: fields.subject, sender: fields.sender, attachments })
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
            variables: Some(variables).filter(|variables| !variables.is_empty()),
            subject: content.subject,
            sender: content.sender,
            attachments: Some(content.attachments).filter(|attachments| !attachments.is_empty()),
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
