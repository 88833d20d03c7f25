//! How a message's bytes are read, and why they are refused.

use serde::de::DeserializeOwned;

use super::plain_words::plain;
use crate::{failure::FailureCode, topology::JOB_BYTES_MAX};

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

/// Reads one message body of a known shape, and names the field when it does not fit.
pub(crate) fn decode_as<T: DeserializeOwned>(body: &[u8]) -> Result<T, DecodeError> {
    let body = without_mark(body);
    let mut reader = serde_json::Deserializer::from_slice(body);
    let value = serde_path_to_error::deserialize(&mut reader).map_err(|error| {
        let path = match error.path().to_string() {
            whole if whole == "." => "the whole document".to_owned(),
            path => path,
        };
        let cause = error.into_inner();
        match cause.classify() {
            serde_json::error::Category::Data => {
                DecodeError::WrongShape { path, problem: plain(&cause.to_string()) }
            }
            // An enum that meets no string is reported as a syntax error, though the document is JSON.
            serde_json::error::Category::Syntax
                if serde_json::from_slice::<serde_json::Value>(body).is_ok() =>
            {
                DecodeError::WrongShape {
                    path,
                    problem: "wrong type, expected one of its strings".to_owned(),
                }
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

/// The document without the byte order mark before it, which RFC 8259 section 8.1 lets a reader pass over.
pub fn without_mark(body: &[u8]) -> &[u8] {
    body.strip_prefix(b"\xef\xbb\xbf").unwrap_or(body)
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Job, job::Channel};

    #[test]
    fn a_byte_order_mark_before_the_document_is_passed_over_and_one_within_it_is_not() {
        let job = r#"{"kind":"closure.email/1","job_id":"0191e1a0-0000-7000-8000-000000000001",
            "consultation":{"id":"C-1","channel":"board"},"agent":{"id":"a"},"scope":"overseas",
            "to":{"email":"a@b.co"},"email":{"subject":"Hi","text":"Hi"}}"#;
        let marked = format!("\u{feff}{job}");
        assert_eq!(Job::decode(marked.as_bytes()).map(|job| job.channel()), Ok(Channel::Email));
        let twice = format!("\u{feff}\u{feff}{job}");
        assert_eq!(Job::decode(twice.as_bytes()), Err(DecodeError::NotJson { line: 1, column: 1 }));
    }
}
