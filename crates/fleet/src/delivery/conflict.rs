//! The same job id with other content: what is kept for a person, and what the CRM is told.

use closure_broker::InMessage;
use closure_contract::{
    Channel, Evidence, FailureCode, Job, Outcome, OutcomeName, outcome::OutcomeKind, topology::WorkQueue,
};
use closure_store::{NewDeadLetter, RecordedLetter};
use serde_json::Value;

use crate::workers::dead::NO_EDITION;

/// The letter that keeps the other content.
pub fn letter(channel: Channel, message: &InMessage) -> NewDeadLetter {
    let code = FailureCode::JobIdConflict;
    let queue = WorkQueue::Jobs(channel);
    NewDeadLetter {
        queue: queue.name().to_owned(),
        routing_key: queue.routing_key().to_owned(),
        code,
        detail: code.what().to_owned(),
        body: message.body.clone(),
        headers: Value::Null,
        job_id: None,
        about_job: None,
        message_id: message.message_id.clone(),
    }
}

/// The outcome of the other content, by its letter; the first one's is its own.
pub fn outcome(job: &Job, message: &InMessage, letter: &RecordedLetter) -> Outcome {
    let code = FailureCode::JobIdConflict;
    Outcome {
        kind: OutcomeKind::V1,
        outcome_id: Outcome::id_of_letter(
            job.id(),
            (letter.id.0, letter.deaths),
            message.generation,
            job.channel(),
            code,
        ),
        word: NO_EDITION,
        corrects: None,
        job_id: job.id(),
        generation: message.generation,
        consultation: Some(job.consultation().clone()),
        channel: job.channel(),
        outcome: OutcomeName::Refused,
        evidence: Evidence::None,
        code: Some(code),
        detail: Some(format!("{}; {}", code.what(), code.remedy())),
        rules: Vec::new(),
        attempts: 0,
        at: letter.died_at,
        fallback_job_id: None,
        fallback_of: None,
        call: None,
        sender: None,
    }
}
