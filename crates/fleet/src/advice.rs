//! One answer about one job: the same on the command line, line by line, and over HTTP.

use closure_contract::{FailureCode, Job, Language, Timestamp, job::DecodeError};
use closure_policy::explain::{Decision, Verdict};
use closure_store::StoreError;
use serde::Serialize;

use crate::engine::Engine;

/// What there is to say about a body.
///
/// It serialises to the decision itself, or to `{"error": {"code", "problem", "path"}}` where the body is no job.
#[derive(Serialize)]
#[serde(untagged)]
pub enum Advice {
    /// It is a job, and this is what would happen to it.
    Decided {
        /// What the rules say.
        #[serde(flatten)]
        decision: Box<Decision>,
        /// Whether they knew what stands beside the job.
        database: Database,
    },
    /// It is no job.
    NoJob {
        /// Why not.
        error: Unreadable,
    },
}

/// Whether the database had a say: it alone knows templates, cancellations, revisions, caps and suppressions.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
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
    /// What is wrong and what to do.
    pub problem: String,
    /// The field, where one is wrong: `to.phone`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub path: Option<String>,
}

/// What became of many answers, for the exit code.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub struct Tally {
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
        match Job::decode(body) {
            Ok(job) => Ok(Self::Decided {
                decision: Box::new(engine.decide_in(language, &job, now).await?),
                database: engine.database(),
            }),
            Err(problem) => {
                let error = Unreadable::from(&problem);
                Ok(Self::NoJob {
                    error: match language {
                        Language::English => error,
                        Language::Korean => Unreadable { problem: problem.in_korean(), ..error },
                    },
                })
            }
        }
    }
}

impl Tally {
    /// Counts one more answer.
    pub fn add(&mut self, advice: &Advice) {
        match advice {
            Advice::NoJob { .. } => self.unreadable += 1,
            Advice::Decided { decision, .. } => self.unsent += usize::from(!would_be_sent(decision.verdict)),
        }
    }
}

/// Whether a job is sent, now or when its time comes.
pub fn would_be_sent(verdict: Verdict) -> bool {
    match verdict {
        Verdict::Send | Verdict::Postpone => true,
        Verdict::Reject | Verdict::Hold => false,
    }
}

impl From<&DecodeError> for Unreadable {
    fn from(problem: &DecodeError) -> Self {
        let path = match problem {
            DecodeError::WrongShape { path, .. } => Some(path.clone()),
            DecodeError::TooLarge { .. }
            | DecodeError::NotJson { .. }
            | DecodeError::UnknownKind
            | DecodeError::UnsupportedVersion { .. } => None,
        };
        Self { code: problem.code(), problem: problem.to_string(), path }
    }
}
