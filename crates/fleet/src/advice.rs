//! One answer about one message: the same on the command line, line by line, and over HTTP.

use closure_contract::{
    Cancel, FailureCode, Job, Language, Timestamp,
    job::{DecodeError, Noted},
};
use closure_policy::explain::{Decision, Verdict};
use closure_store::StoreError;
use schemars::JsonSchema;
use serde::Serialize;
use uuid::Uuid;

use crate::engine::Engine;

/// What there is to say about a body.
///
/// It serialises to the decision itself, or to `{"error": {"code", "problem", "path", "remedy"}}` where the body is
/// neither a job nor a cancellation.
#[derive(Serialize)]
#[serde(untagged)]
pub enum Advice {
    /// It is a job, and this is what would happen to it.
    Decided(Box<Decided>),
    /// It takes an answer back.
    Cancels(Cancelling),
    /// It is no job.
    NoJob {
        /// Why not.
        error: Unreadable,
    },
}

/// What would happen to a job.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Decided {
    /// What the rules say.
    #[serde(flatten)]
    pub decision: Decision,
    /// What to do where they refuse it, before it is published.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub remedy: Option<&'static str>,
    /// The fields that this release does not know, and passes over.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub ignored: Vec<String>,
    /// Whether the rules knew what stands beside the job.
    pub database: Database,
}

/// What a cancellation would do.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Cancelling {
    /// The cancellation.
    pub cancel_id: Uuid,
    /// Always `cancel`.
    #[schemars(extend("const" = "cancel"))]
    pub verdict: &'static str,
    /// The same for people.
    pub detail: String,
    /// The fields that this release does not know, and passes over.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub ignored: Vec<String>,
}

/// Whether the database had a say: it alone knows templates, cancellations, revisions, caps and suppressions.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Database {
    /// It had.
    Read,
    /// None is configured, so that every template is unknown and nothing stands beside the job.
    NotConfigured,
}

/// Why a body is no job; nothing in it repeats the body.
#[derive(Debug, Serialize)]
pub struct Unreadable {
    /// The same stable code that the dead-letter desk would show.
    pub code: FailureCode,
    /// What is wrong, and what belongs there.
    pub problem: String,
    /// The field, where one is wrong: `to.phone`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub path: Option<String>,
    /// What to do before it is published.
    pub remedy: &'static str,
}

/// What became of many answers, for the exit code.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub struct FailedAnswers {
    /// Jobs that would be refused or held.
    pub unsent: usize,
    /// Bodies that are no job.
    pub unreadable: usize,
}

impl Advice {
    /// Reads a body and asks every rule; it has no effect on anything.
    pub async fn about(body: &[u8], engine: &Engine, now: Timestamp) -> Result<Self, StoreError> {
        Self::about_in(Language::English, body, engine, now).await
    }

    /// The same, with every word for people in this language.
    pub async fn about_in(
        language: Language,
        body: &[u8],
        engine: &Engine,
        now: Timestamp,
    ) -> Result<Self, StoreError> {
        match Job::decode_noting(body) {
            Ok((job, ignored)) => {
                let decision = engine.decide_in(language, &job, now).await?;
                let remedy = decision.code.map(|code| code.remedy_of_draft_in(language));
                let database = engine.database();
                Ok(Self::Decided(Box::new(Decided { decision, remedy, ignored, database })))
            }
            Err(DecodeError::OfAnotherQueue { .. }) => {
                Ok(Self::about_cancel(language, Cancel::decode_noting(body)))
            }
            Err(problem) => Ok(Self::NoJob { error: Unreadable::of(&problem, language) }),
        }
    }

    fn about_cancel(language: Language, read: Result<Noted<Cancel>, DecodeError>) -> Self {
        match read {
            Ok((cancel, ignored)) => {
                let revision = cancel.consultation.revision;
                let detail = match language {
                    Language::English => format!(
                        "it takes back revision {revision} of the consultation's answer and every older one that was \
                         not sent"
                    ),
                    Language::Korean => {
                        format!("이 상담의 revision {revision} 이하이며 아직 보내지 않은 답변을 취소합니다")
                    }
                };
                Self::Cancels(Cancelling { cancel_id: cancel.cancel_id, verdict: "cancel", detail, ignored })
            }
            Err(problem) => Self::NoJob { error: Unreadable::of(&problem, language) },
        }
    }
}

impl FailedAnswers {
    /// Counts one more answer.
    pub fn add(&mut self, advice: &Advice) {
        match advice {
            Advice::NoJob { .. } => self.unreadable += 1,
            Advice::Cancels(_) => {}
            Advice::Decided(decided) => {
                self.unsent += usize::from(!would_be_sent(decided.decision.verdict));
            }
        }
    }
}

/// Whether a job is sent, now or when its time comes.
pub fn would_be_sent(verdict: Verdict) -> bool {
    match verdict {
        Verdict::Send | Verdict::Postpone => true,
        Verdict::Reject | Verdict::NeedsPerson => false,
    }
}

impl Unreadable {
    /// The same in this language.
    pub fn of(problem: &DecodeError, language: Language) -> Self {
        Self {
            code: problem.code(),
            problem: problem.problem_in(language),
            path: problem.path().map(str::to_owned),
            remedy: problem.code().remedy_of_draft_in(language),
        }
    }
}
