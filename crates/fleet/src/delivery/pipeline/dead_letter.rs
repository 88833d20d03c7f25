//! What no settlement can say and a person has to see: another content under a known id, and what the database refuses.

use closure_broker::InMessage;
use closure_contract::{
    FailureCode, Job, OutcomeName,
    facts::jobs::JobFacts,
    topology::{DelayStep, WorkQueue},
};
use closure_store::{NewDeadLetter, StoreError};
use serde_json::{Value, json};
use tracing::{error, info};

use super::DeliveryPipeline;
use crate::{
    announce::{self, Subject},
    delivery::channel::ChannelDriver,
    runtime::{Disposition, InHand, Interrupted, Outage as _, Remedy},
    why::Why,
    workers::dead,
};

/// Between two looks at a job that waits for a process of a newer release; any such process takes it meanwhile.
const NEWER_STEP: DelayStep = DelayStep::Seconds30;

impl<C: ChannelDriver> DeliveryPipeline<C> {
    /// The same job id with other content: the first one stands, this one is kept for a person.
    pub(super) async fn conflict(&self, hand: &InHand<'_>, job: &Job) -> Result<Disposition, Interrupted> {
        let code = FailureCode::JobIdConflict;
        let letter = NewDeadLetter {
            consultation_id: Some(job.consultation().id.clone()),
            found_by: self.engine.found_by(job),
            ..letter::<C>(hand.message, Why::of(code))
        };
        let recorded =
            hand.stored("record a dead letter", || self.store.record_dead_letter(letter.clone())).await?;
        let subject = Subject::of(job, hand.message.generation);
        let why = Why::with_remedy(code);
        let outcome = announce::outcome_of_letter(subject, OutcomeName::Refused, why, &recorded);
        Ok(Disposition::Done(vec![announce::outcome_message(&outcome, hand.message.traceparent.clone())]))
    }

    /// Gives a job back to a newer release, or keeps it for a person with the reason that the database gave.
    ///
    /// Where the letter is refused as well, the message goes to the dead queue with all its bytes.
    pub(super) async fn refused_by_database(
        &self,
        hand: &InHand<'_>,
        problem: StoreError,
    ) -> Result<Disposition, Interrupted> {
        let message = hand.message;
        let Ok(job) = Job::decode(&message.body) else { return Err(Interrupted::Refused(problem)) };
        let is_newer = problem.remedy() == Remedy::NewerRelease;
        if is_newer && self.newer.may_wait(job.id()) {
            info!(job_id = %job.id(), %problem, "a job waits for a process of a newer release");
            return Ok(Disposition::Again { step: NEWER_STEP, attempt: message.attempt });
        }
        error!(job_id = %job.id(), %problem, "a job is given up; its letter says why");
        let detail = format!("{problem}; a try may have gone out: see `fleet show` before it is replayed");
        let why = Why { code: FailureCode::GivenUp, detail };
        let letter = NewDeadLetter {
            headers: json!({ "attempt": message.attempt, "generation": message.generation }),
            job_id: Some(job.id()),
            consultation_id: Some(job.consultation().id.clone()),
            found_by: self.engine.found_by(&job),
            ..letter::<C>(message, why.clone())
        };
        hand.may_act()?;
        let recorded =
            hand.stored("record a dead letter", || self.store.record_dead_letter(letter.clone())).await?;
        if is_newer {
            // How the job stands is for a newer release to tell.
            return Ok(Disposition::Done(Vec::new()));
        }
        let subject = Subject::of(&job, message.generation);
        Ok(dead::tell(&self.store, &recorded, Some(subject), why, message.traceparent.clone()))
    }
}

/// A letter that keeps a message of this channel's queue, and speaks for no job.
fn letter<C: ChannelDriver>(message: &InMessage, Why { code, detail }: Why) -> NewDeadLetter {
    let queue = WorkQueue::Jobs(C::CHANNEL);
    NewDeadLetter {
        queue: queue.name().to_owned(),
        routing_key: queue.routing_key().to_owned(),
        code,
        detail,
        body: message.body.clone(),
        headers: Value::Null,
        job_id: None,
        about_job: None,
        message_id: message.message_id.clone(),
        consultation_id: None,
        found_by: JobFacts::default(),
    }
}
