//! What others are told: outcomes and the answers to cancellations to the CRM, submissions to the fallback worker.

use bytes::Bytes;
use closure_broker::{OutMessage, message::TEXT_BYTES_MAX};
use closure_contract::{
    AppliedRule, AttemptNumber, Cancel, CancelOutcome, Channel, Evidence, Generation, Job, JobId, Outcome,
    OutcomeName, ReceiptMessage, Submission, Timestamp,
    cancel_outcome::{CancelledJob, CancelledJobState},
    job::Consultation,
    outcome::{CallRecord, OutcomeKind, TextSender},
    receipt::SubmissionKind,
    topology::{DelayStep, FALLBACK, JOBS, OUTCOMES, RECEIPTS, WorkQueue},
};
use closure_store::{CancelledJobs, DeliveryState, EarlierWord, JobSummary, RecordedLetter, Snapshot};
use tracing::warn;
use uuid::Uuid;

use crate::why::Why;

/// The number of a word about a message that is no edition of the job whose id it has.
const NO_EDITION: u32 = 0;

/// A word about a generation of a job.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Word {
    pub outcome: OutcomeName,
    pub number: u32,
    pub outcome_id: Uuid,
    /// The id of the outcome that it takes back or refines.
    pub corrects: Option<Uuid>,
}

impl Word {
    /// Of a delivery that has ended; nothing for one that goes on, or of which it is not decided yet whether an email
    /// answers, because the outcome says which one does.
    pub fn of(snapshot: &Snapshot) -> Option<Self> {
        if snapshot.held_since.is_some() || snapshot.unjudged {
            return None;
        }
        let outcome = outcome_name(snapshot.channel, snapshot.state)?;
        Some(Self::about(snapshot.job_id, snapshot.generation, snapshot.words, outcome))
    }

    /// The same of a job whose body is not at hand.
    pub fn of_summary(summary: &JobSummary) -> Option<Self> {
        if summary.held_since.is_some() || summary.unjudged {
            return None;
        }
        let outcome = outcome_name(summary.channel, summary.state)?;
        Some(Self::about(summary.job_id, summary.generation, summary.words, outcome))
    }

    /// A word that was told before; nothing where only another release has a name for it.
    pub fn of_earlier(summary: &JobSummary, earlier: &EarlierWord) -> Option<Self> {
        let outcome = outcome_name(summary.channel, earlier.state)?;
        Some(Self::about(summary.job_id, earlier.generation, earlier.word, outcome))
    }

    fn about(job: JobId, generation: Generation, words: u32, outcome: OutcomeName) -> Self {
        let number = words.max(1);
        Self {
            outcome,
            number,
            outcome_id: Outcome::id_of(job, generation, number, outcome),
            corrects: Outcome::corrected_by(job, generation, number),
        }
    }
}

/// Whose outcome it is.
#[derive(Debug, Clone)]
pub struct Subject {
    pub job_id: JobId,
    pub generation: Generation,
    pub channel: Channel,
    /// Nothing where a message does not say it readably.
    pub consultation: Option<Consultation>,
}

impl Subject {
    pub fn of(job: &Job, generation: Generation) -> Self {
        Self {
            job_id: job.id(),
            generation,
            channel: job.channel(),
            consultation: Some(job.consultation().clone()),
        }
    }
}

/// The outcome of a delivery that has ended, as a message; nothing where there is no word about it.
pub fn outcome(snapshot: &Snapshot) -> Option<OutMessage> {
    let word = Word::of(snapshot)?;
    let job = match Job::decode(&snapshot.body) {
        Ok(job) => job,
        Err(problem) => {
            warn!(job_id = %snapshot.job_id, %problem, "a stored job cannot be read; its outcome is not told");
            return None;
        }
    };
    let subject = Subject {
        channel: snapshot.channel,
        job_id: snapshot.job_id,
        ..Subject::of(&job, snapshot.generation)
    };
    let outcome = Outcome {
        evidence: snapshot.evidence,
        code: snapshot.code,
        detail: snapshot.detail.clone(),
        rules: rules(snapshot),
        attempts: snapshot.attempts,
        fallback_job_id: snapshot.fallback_job_id,
        fallback_of: job.fallback_of(),
        call: snapshot.call.clone().and_then(|call| serde_json::from_value::<CallRecord>(call).ok()),
        sender: sender(snapshot),
        ..bare(subject, word, snapshot.ended_at.unwrap_or_else(Timestamp::now))
    };
    Some(outcome_message(&outcome, snapshot.traceparent.clone()))
}

/// The outcome of a message that is no edition of a delivery, by its letter.
pub fn outcome_of_letter(
    subject: Subject,
    outcome: OutcomeName,
    why: Why,
    letter: &RecordedLetter,
) -> Outcome {
    let Subject { job_id, generation, channel, .. } = subject;
    let numbers = (letter.id.0, letter.deaths);
    let outcome_id = Outcome::id_of_letter(job_id, numbers, generation, channel, why.code);
    let word = Word { outcome, number: NO_EDITION, outcome_id, corrects: None };
    Outcome { code: Some(why.code), detail: Some(why.detail), ..bare(subject, word, letter.died_at) }
}

/// An outcome that says whose it is, and nothing else that is known.
fn bare(subject: Subject, word: Word, at: Timestamp) -> Outcome {
    Outcome {
        kind: OutcomeKind::V1,
        outcome_id: word.outcome_id,
        word: word.number,
        corrects: word.corrects,
        job_id: subject.job_id,
        generation: subject.generation,
        consultation: subject.consultation,
        channel: subject.channel,
        outcome: word.outcome,
        evidence: Evidence::None,
        code: None,
        detail: None,
        rules: Vec::new(),
        attempts: 0,
        at,
        fallback_job_id: None,
        fallback_of: None,
        call: None,
        sender: None,
    }
}

/// An outcome as a message of the trace that its job came with.
pub fn outcome_message(outcome: &Outcome, traceparent: Option<String>) -> OutMessage {
    OutMessage {
        exchange: OUTCOMES,
        routing_key: outcome.routing_key(),
        message_id: outcome.outcome_id.to_string(),
        kind: "closure.outcome/1".to_owned(),
        attempt: AttemptNumber::FIRST,
        generation: outcome.generation,
        traceparent,
        body: Bytes::from(outcome.encode()),
    }
}

/// The answer to a cancellation, as a message.
pub fn cancel_outcome(cancel: &Cancel, known: &CancelledJobs) -> OutMessage {
    let jobs = known.jobs.iter().map(|job| CancelledJob {
        job_id: job.job_id,
        channel: job.channel,
        revision: job.revision,
        state: cancelled_state(job.state, job.was_taken),
    });
    let answer = CancelOutcome::new(cancel, jobs.collect(), known.complete, known.at);
    OutMessage {
        exchange: OUTCOMES,
        routing_key: answer.routing_key(),
        message_id: answer.outcome_id.to_string(),
        kind: CancelOutcome::KIND.to_owned(),
        attempt: AttemptNumber::FIRST,
        generation: Generation::FIRST,
        traceparent: None,
        body: Bytes::from(answer.encode()),
    }
}

/// The job of an email that nobody has tried, as a message through the exchange that leads to the email worker alone;
/// nothing for any other.
pub fn email_job(snapshot: &Snapshot) -> Option<OutMessage> {
    if snapshot.state != DeliveryState::Pending || snapshot.channel != Channel::Email {
        return None;
    }
    match Job::decode(&snapshot.body) {
        Ok(job) => {
            let message =
                job_message(&job, snapshot.body.clone(), snapshot.generation, snapshot.traceparent.clone());
            Some(OutMessage { exchange: FALLBACK, ..message })
        }
        Err(problem) => {
            warn!(job_id = %snapshot.job_id, %problem, "a stored job cannot be read; it is not published");
            None
        }
    }
}

/// The prompt for the fallback worker to look at an SMS delivery now.
pub fn submission(snapshot: &Snapshot) -> OutMessage {
    let message = ReceiptMessage::Submission(Submission {
        kind: SubmissionKind::V1,
        job_id: snapshot.job_id,
        generation: snapshot.generation,
    });
    receipt_message(&message, format!("submission:{}:{}", snapshot.job_id, snapshot.generation))
}

/// A receipt or a submission as a message.
pub fn receipt_message(message: &ReceiptMessage, message_id: String) -> OutMessage {
    // A gateway's own reference may be of any length, and a message's id may not; the same one gives the same id.
    let message_id = if message_id.len() > TEXT_BYTES_MAX {
        Uuid::new_v5(&Uuid::NAMESPACE_OID, message_id.as_bytes()).to_string()
    } else {
        message_id
    };
    OutMessage {
        exchange: RECEIPTS,
        routing_key: WorkQueue::Receipts.routing_key().to_owned(),
        message_id,
        kind: message.kind().to_owned(),
        attempt: AttemptNumber::FIRST,
        generation: Generation::FIRST,
        traceparent: None,
        body: Bytes::from(message.encode()),
    }
}

/// A job as a message to its worker.
pub fn job_message(
    job: &Job,
    body: Bytes,
    generation: Generation,
    traceparent: Option<String>,
) -> OutMessage {
    OutMessage {
        exchange: JOBS,
        routing_key: job.channel().as_str().to_owned(),
        message_id: job.id().to_string(),
        kind: job.kind().to_owned(),
        attempt: AttemptNumber::FIRST,
        generation,
        traceparent,
        body,
    }
}

/// A job that waits in its channel's delay and then comes back to its worker, with nothing of any message but this.
pub fn waiting_message(
    job: &Job,
    body: Bytes,
    generation: Generation,
    step: DelayStep,
    attempt: AttemptNumber,
) -> OutMessage {
    let exchange = step.exchange(job.channel());
    OutMessage { exchange, attempt, ..job_message(job, body, generation, None) }
}

/// The sender of a text message; nothing where neither a job's own record nor a gateway names any.
fn sender(snapshot: &Snapshot) -> Option<TextSender> {
    let (asked, reported) = (snapshot.sender_asked.clone(), snapshot.sender_reported.clone());
    (asked.is_some() || reported.is_some()).then_some(TextSender { asked, reported })
}

/// The rules on record with a delivery.
pub fn rules(snapshot: &Snapshot) -> Vec<AppliedRule> {
    snapshot.rules.read().unwrap_or_default()
}

/// How a channel names the end of a delivery to the CRM; nothing while it goes on.
fn outcome_name(channel: Channel, state: DeliveryState) -> Option<OutcomeName> {
    use DeliveryState as State;
    match (channel, state) {
        (_, State::Pending | State::Sending | State::InDoubt | State::Waiting) => None,
        (Channel::Sms | Channel::Dial, State::Accepted) => None,
        (Channel::Email, State::Accepted | State::Delivered) => Some(OutcomeName::Accepted),
        (Channel::Sms, State::Delivered) => Some(OutcomeName::Delivered),
        (Channel::Sms | Channel::Email, State::Undelivered) => Some(OutcomeName::Undelivered),
        (Channel::Dial, State::Delivered) => Some(OutcomeName::Answered),
        (Channel::Dial, State::Undelivered) => Some(OutcomeName::Unanswered),
        (_, State::Unknown) => Some(OutcomeName::Unknown),
        (_, State::Refused) => Some(OutcomeName::Refused),
        (_, State::Expired) => Some(OutcomeName::Expired),
        (_, State::Dead) => Some(OutcomeName::Dead),
        (_, State::Discarded) => Some(OutcomeName::Discarded),
        (_, State::Superseded) => Some(OutcomeName::Superseded),
        (_, State::Cancelled) => Some(OutcomeName::Cancelled),
    }
}

/// What a cancellation means for a delivery that stood so once it was written down.
///
/// Of a word that only a newer release knows nothing can be said but that the job's own outcome will tell.
fn cancelled_state(state: Option<DeliveryState>, was_taken: bool) -> CancelledJobState {
    use DeliveryState as State;
    match state {
        // A call that rang nobody, because the agent's phone or the PBX could not be reached.
        Some(State::Undelivered) if !was_taken => CancelledJobState::Ended,
        Some(State::Pending | State::Waiting | State::Cancelled) => CancelledJobState::Cancelled,
        Some(State::Sending | State::InDoubt) | None => CancelledJobState::UnderWay,
        Some(State::Accepted | State::Delivered | State::Undelivered | State::Unknown) => {
            CancelledJobState::TooLate
        }
        Some(State::Refused | State::Expired | State::Dead | State::Discarded | State::Superseded) => {
            CancelledJobState::Ended
        }
    }
}
