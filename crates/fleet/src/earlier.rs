//! What the CRM was told of a job before the outcome that holds, as the advisor and `fleet show` tell it.

use closure_contract::{Evidence, FailureCode, Generation, OutcomeName, Timestamp};
use closure_store::{EarlierWord, JobSummary};
use schemars::JsonSchema;
use serde::Serialize;
use uuid::Uuid;

use crate::announce::Word;

/// An outcome in whose place another was told, in the words of `closure.outcome/1`.
#[derive(Debug, Serialize, JsonSchema)]
pub struct EarlierOutcome {
    /// Which edition of the job it speaks of.
    pub generation: Generation,
    /// The same as in the message.
    pub outcome_id: Uuid,
    /// Which word about that generation it is, from 1.
    pub word: u32,
    /// The `outcome_id` of the word before, which this one took back or refined.
    pub corrects: Option<Uuid>,
    /// How it ended.
    pub outcome: OutcomeName,
    /// What a `delivered` was worth.
    pub evidence: Evidence,
    /// Why it did not reach the customer, where it did not.
    pub code: Option<FailureCode>,
    /// When the job came to this end, as the message says.
    pub at: Timestamp,
    /// Whether the broker had confirmed it when the next one took its place; where false it may never have come.
    pub told: bool,
}

impl EarlierOutcome {
    /// Those of a job, the oldest first.
    pub fn all_of(summary: &JobSummary) -> Vec<Self> {
        summary.earlier.iter().filter_map(|word| Self::of(summary, word)).collect()
    }

    fn of(summary: &JobSummary, earlier: &EarlierWord) -> Option<Self> {
        let word = Word::of_earlier(summary, earlier)?;
        Some(Self {
            generation: earlier.generation,
            outcome_id: word.outcome_id,
            word: word.number,
            corrects: word.corrects,
            outcome: word.outcome,
            evidence: earlier.evidence,
            code: earlier.code,
            at: earlier.at,
            told: earlier.told,
        })
    }
}
