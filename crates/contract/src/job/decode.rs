//! How a message's bytes are read, and why they are refused.

use serde::de::DeserializeOwned;

use super::{Channel, form::Form, shape, tree::Tree};
use crate::{
    failure::FailureCode,
    topology::{JOB_BYTES_MAX, WorkQueue},
};

/// Why a message is not one that this version can carry out.
///
/// The text never repeats the message's content; the original bytes are kept by whoever received them. It says what is
/// wrong; what to do depends on who asks, and its code has the words for each.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DecodeError {
    /// The body is larger than a message may be.
    #[error("the body has {bytes} bytes and may have {JOB_BYTES_MAX}")]
    TooLarge {
        /// The body's size in bytes.
        bytes: usize,
    },
    /// The body is not JSON.
    #[error("{form} (line {line}, column {column})")]
    NotJson {
        /// What it is instead, as far as it shows.
        form: Form,
        /// Line of the first error, from 1.
        line: usize,
        /// Column of the first error, from 1.
        column: usize,
    },
    /// The body is JSON and no object.
    #[error("the body is {what}; expected one object in braces, one a message")]
    NoObject {
        /// What it is instead.
        what: &'static str,
    },
    /// There is no `kind`, or it is one that the fleet does not know.
    #[error(
        "the kind is missing or unknown; \
         expected closure.sms/1, closure.email/1, closure.dial/1 or closure.cancel/1"
    )]
    UnknownKind,
    /// A known kind in a major version that this release does not know.
    #[error("{kind} is newer than this release, which knows version 1")]
    UnsupportedVersion {
        /// The kind as it was published, such as `closure.sms/2`.
        kind: String,
    },
    /// A known kind that another queue's worker reads.
    #[error("{kind} came where another kind is read; its routing key is {key}")]
    OfAnotherQueue {
        /// The kind.
        kind: &'static str,
        /// Its own routing key.
        key: &'static str,
    },
    /// The kind is known and a field is missing or has the wrong type.
    #[error("field `{path}`: {problem}")]
    WrongShape {
        /// Where in the document, such as `to.phone`.
        path: String,
        /// What is wrong there, and what belongs there.
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
            Self::OfAnotherQueue { .. } => FailureCode::WrongQueue,
            Self::NoObject { .. } | Self::WrongShape { .. } => FailureCode::WrongShape,
        }
    }

    /// The field, where one is wrong.
    pub fn path(&self) -> Option<&str> {
        match self {
            Self::WrongShape { path, .. } => Some(path),
            Self::UnknownKind | Self::UnsupportedVersion { .. } | Self::OfAnotherQueue { .. } => Some("kind"),
            Self::TooLarge { .. } | Self::NotJson { .. } | Self::NoObject { .. } => None,
        }
    }

    /// The whole story of a message that was published, as its letter tells it.
    pub fn story(&self) -> String {
        format!("{self}; {}", self.code().remedy())
    }
}

/// A message that was read, and the paths of its fields that this release does not know.
pub type Noted<T> = (T, Vec<String>);

/// A body that is one JSON object, before anybody asks what it says.
#[derive(Debug)]
pub struct Document(Tree);

impl Document {
    /// A body of any size of which only parts may be readable; nothing where it is no JSON object.
    pub fn of_remains(body: &[u8]) -> Option<Self> {
        Self::parse(body, usize::MAX).ok()
    }

    /// One field by itself, for whoever must know whose message it was though its shape is wrong.
    pub fn part<T: DeserializeOwned>(&self, name: &str) -> Option<T> {
        shape::read(self.0.get(name)?).ok().map(|(part, _)| part)
    }

    /// Reads a body of at most so many bytes.
    pub(crate) fn parse(body: &[u8], bytes_max: usize) -> Result<Self, DecodeError> {
        if body.len() > bytes_max {
            return Err(DecodeError::TooLarge { bytes: body.len() });
        }
        let body = without_mark(body);
        let tree: Tree = serde_json::from_slice(body).map_err(|error| {
            // What the bytes are says more than where the reader stumbled over them.
            let form = Form::of(body).unwrap_or_else(|| Form::of_error(&error));
            DecodeError::NotJson { form, line: error.line().max(1), column: error.column() }
        })?;
        match tree {
            Tree::Object(_) => Ok(Self(tree)),
            Tree::List(_) => Err(DecodeError::NoObject { what: "a list" }),
            Tree::Text(_) => {
                Err(DecodeError::NoObject { what: "a text, as of a job that was encoded twice" })
            }
            other => Err(DecodeError::NoObject { what: other.what() }),
        }
    }

    /// The document's `kind`, if it has one.
    pub fn kind(&self) -> Option<&str> {
        self.0.get("kind")?.text()
    }

    /// The document as a message, with its unknown fields.
    pub(crate) fn read<T: DeserializeOwned>(&self) -> Result<Noted<T>, DecodeError> {
        shape::read(&self.0).map_err(|problem| {
            let (path, problem) = problem.into_parts();
            DecodeError::WrongShape { path, problem }
        })
    }
}

/// The document without the byte order mark before it, which RFC 8259 section 8.1 lets a reader pass over.
fn without_mark(body: &[u8]) -> &[u8] {
    body.strip_prefix(b"\xef\xbb\xbf").unwrap_or(body)
}

/// Why a kind is none of those that are read here: it is another queue's, newer than we are, or unknown.
pub(crate) fn not_read_here(kind: Option<&str>) -> DecodeError {
    let kinds = [
        ("closure.sms/1", Channel::Sms.as_str()),
        ("closure.email/1", Channel::Email.as_str()),
        ("closure.dial/1", Channel::Dial.as_str()),
        ("closure.cancel/1", WorkQueue::Cancels.routing_key()),
    ];
    let Some(kind) = kind else { return DecodeError::UnknownKind };
    if let Some((kind, key)) = kinds.into_iter().find(|(known, _)| *known == kind) {
        return DecodeError::OfAnotherQueue { kind, key };
    }
    let is_newer = kinds.into_iter().any(|(known, _)| {
        kind.strip_prefix(known.trim_end_matches('1')).is_some_and(|version| {
            version.len() <= 4 && version.parse::<u32>().is_ok_and(|version| version > 1)
        })
    });
    if is_newer {
        DecodeError::UnsupportedVersion { kind: kind.to_owned() }
    } else {
        DecodeError::UnknownKind
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Job, job::Channel};

    const JOB: &str = r#"{"kind":"closure.email/1","job_id":"0191e1a0-0000-7000-8000-000000000001",
        "consultation":{"id":"C-1","channel":"board"},"agent":{"id":"a"},"scope":"overseas",
        "to":{"email":"a@b.co"},"email":{"subject":"Hi","text":"환불"}}"#;

    fn form(body: &[u8]) -> Option<Form> {
        match Job::decode(body) {
            Err(DecodeError::NotJson { form, .. }) => Some(form),
            _ => None,
        }
    }

    #[test]
    fn a_byte_order_mark_before_the_document_is_passed_over_and_a_second_one_is_named() {
        let marked = format!("\u{feff}{JOB}");
        assert_eq!(Job::decode(marked.as_bytes()).map(|job| job.channel()), Ok(Channel::Email));
        let twice = format!("\u{feff}\u{feff}{JOB}");
        assert_eq!(form(twice.as_bytes()), Some(Form::SecondMark));
    }

    #[test]
    fn what_a_body_is_instead_of_utf_8_is_named() {
        let utf16 = |unit: fn(u16) -> [u8; 2]| JOB.encode_utf16().flat_map(unit).collect::<Vec<u8>>();
        assert_eq!(form(&utf16(u16::to_le_bytes)), Some(Form::Utf16));
        assert_eq!(form(&utf16(u16::to_be_bytes)), Some(Form::Utf16));
        assert_eq!(form(&[b"\xff\xfe".as_slice(), &utf16(u16::to_le_bytes)].concat()), Some(Form::Utf16));
        assert_eq!(form(b"\x1f\x8b\x08\x00"), Some(Form::Gzip));
        assert_eq!(form(b"{\"text\":\"\xc8\xaf\xba\xd2\"}"), Some(Form::Cp949));
        assert_eq!(form(b"{\"text\":\"caf\xe9\"}"), Some(Form::NotUtf8));
        assert_eq!(form(b" \n"), Some(Form::Empty));
        assert_eq!(form(&JOB.as_bytes()[..100]), Some(Form::CutOff));
        assert_eq!(form(format!("{JOB}{JOB}").as_bytes()), Some(Form::More));
    }

    #[test]
    fn unknown_fields_are_named_by_their_place_and_what_is_no_name_is_not_repeated() {
        let odd = JOB.replace(r#""agent":{"#, r#""821012345678":1,"a@b.co":1,"agent":{"nmae":1,"#);
        let (_, ignored) = Job::decode_noting(odd.as_bytes()).expect("they are passed over");
        assert_eq!(ignored, ["(another name)", "(another name)", "agent.nmae"].map(str::to_owned));
        let many: String = (0..100).map(|nth| format!(r#""x{nth}":1,"#)).collect();
        let many = JOB.replacen('{', &format!("{{{many}"), 1);
        let (_, ignored) = Job::decode_noting(many.as_bytes()).expect("they are passed over");
        assert_eq!(ignored.len(), 20);
    }

    #[test]
    fn a_name_that_its_sender_made_up_is_in_no_error() {
        for name in ["Hong.Gildong", "kim-minsu", "홍길동", "010-1234-5678", "01012345678"] {
            let sms = JOB
                .replace("closure.email/1", "closure.sms/1")
                .replace(r#"{"email":"a@b.co"}"#, r#"{"phone":{"number":"+14155550123"}}"#)
                .replace(
                    r#""email":{"subject""#,
                    &format!(r#""sms":{{"template":"t","variables":{{"{name}":1}}}},"email":{{"subject""#),
                );
            let refused = Job::decode(sms.as_bytes()).expect_err("a variable's value is a text");
            assert_eq!(refused.path(), Some("sms.variables.(another name)"), "{name}");
            assert!(!refused.story().contains(name), "{name}");
        }
    }

    #[test]
    fn a_list_where_an_object_belongs_is_refused_although_it_has_the_same_values() {
        let listed = JOB.replace(r#"{"id":"C-1","channel":"board"}"#, r#"["C-1","board",1]"#);
        let refused = Job::decode(listed.as_bytes()).expect_err("the schema refuses it too");
        assert_eq!(refused.path(), Some("consultation"));
        assert!(refused.to_string().contains("a list"), "{refused}");
    }
}
