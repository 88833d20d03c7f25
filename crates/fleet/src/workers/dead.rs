//! The dead worker: what the broker itself gave up becomes a row in the dead-letter desk, its bytes kept.

use closure_broker::InMessage;
use closure_contract::{
    Cancel, Channel, Evidence, FailureCode, Job, JobId, Outcome, OutcomeName, ReceiptMessage, Timestamp,
    job::Consultation,
    outcome::OutcomeKind,
    topology::{UNROUTABLE, WorkQueue},
};
use closure_store::{NewDeadLetter, Store};
use serde::Deserialize;
use serde_json::json;
use tracing::{error, warn};

use crate::{
    announce,
    runtime::{Disposition, Hand, Interrupted, Worker},
};

/// Every queue that a dead worker reads.
pub fn queues() -> Vec<&'static str> {
    let mut queues: Vec<&'static str> = WorkQueue::ALL.into_iter().map(WorkQueue::dead_queue).collect();
    queues.push(UNROUTABLE);
    queues
}

/// Reads one queue of messages that no worker could take.
pub struct DeadWorker {
    /// The desk.
    pub store: Store,
    /// The queue.
    pub queue: &'static str,
}

/// What can be read of a message whose shape is wrong.
#[derive(Deserialize)]
struct Remains {
    #[serde(default)]
    job_id: Option<JobId>,
    #[serde(default)]
    consultation: Option<Consultation>,
}

/// Why a message died, in our own words.
struct Death {
    code: FailureCode,
    detail: String,
}

impl Worker for DeadWorker {
    fn queue(&self) -> &'static str {
        self.queue
    }

    async fn handle(&self, hand: &Hand<'_>) -> Result<Disposition, Interrupted> {
        let message = hand.message;
        let death = self.cause(message);
        let remains = serde_json::from_slice::<Remains>(&message.body)
            .unwrap_or(Remains { job_id: None, consultation: None });
        // Only a job that could not be worked on is dead itself; what could not be read is no job of ours yet.
        let job_id = match death.code {
            FailureCode::CrashLoop => remains.job_id,
            _ => None,
        };
        let letter = NewDeadLetter {
            queue: self.home().to_owned(),
            routing_key: message.routing_key.clone(),
            code: death.code,
            detail: death.detail.clone(),
            body: message.body.clone(),
            headers: json!({
                "message_id": message.message_id,
                "type": message.kind,
                "attempt": message.attempt,
                "generation": message.generation,
            }),
            job_id,
            message_id: message.message_id.clone(),
        };
        hand.may_act()?;
        let recorded = hand.until_available(|| self.store.record_dead_letter(letter.clone())).await?;
        match recorded {
            Ok(id) => {
                warn!(dead_letter = %id, code = %death.code, queue = self.queue, "a message came to the dead-letter desk");
                let told = outcome(message, &death, remains, self.channel());
                Ok(Disposition::Done(told.iter().map(announce::outcome_message).collect()))
            }
            Err(problem) => {
                error!(%problem, "the database refused a dead letter; the message is left for another try");
                Err(Interrupted)
            }
        }
    }
}

impl DeadWorker {
    fn cause(&self, message: &InMessage) -> Death {
        if self.queue == UNROUTABLE {
            return Death::of(FailureCode::Unroutable);
        }
        if message.death.as_ref().is_some_and(|death| death.reason == "delivery_limit") {
            return Death::of(FailureCode::CrashLoop);
        }
        let unreadable = match self.channel() {
            Some(channel) => match Job::decode(&message.body) {
                Ok(job) if job.channel() != channel => return Death::of(FailureCode::WrongQueue),
                Ok(_) => None,
                Err(problem) => Some(problem),
            },
            None if self.home() == WorkQueue::Cancels.name() => Cancel::decode(&message.body).err(),
            None => ReceiptMessage::decode(&message.body).err(),
        };
        match unreadable {
            Some(problem) => Death { code: problem.code(), detail: problem.to_string() },
            None => Death::of(FailureCode::CrashLoop),
        }
    }

    /// The work queue that this queue's messages came from.
    fn home(&self) -> &'static str {
        WorkQueue::ALL
            .into_iter()
            .find(|queue| queue.dead_queue() == self.queue)
            .map_or(UNROUTABLE, WorkQueue::name)
    }

    fn channel(&self) -> Option<Channel> {
        WorkQueue::ALL.into_iter().find_map(|queue| match queue {
            WorkQueue::Jobs(channel) if queue.dead_queue() == self.queue => Some(channel),
            WorkQueue::Jobs(_) | WorkQueue::Receipts | WorkQueue::Cancels => None,
        })
    }
}

impl Death {
    fn of(code: FailureCode) -> Self {
        Self { code, detail: format!("{}; {}", code.what(), code.remedy()) }
    }
}

/// Tells the CRM, where enough of the message can be read to say whose job it was.
fn outcome(
    message: &InMessage,
    death: &Death,
    remains: Remains,
    channel: Option<Channel>,
) -> Option<Outcome> {
    let (job_id, consultation, channel) = (remains.job_id?, remains.consultation?, channel?);
    Some(Outcome {
        kind: OutcomeKind::V1,
        outcome_id: uuid::Uuid::new_v5(&job_id.0, &message.body),
        job_id,
        generation: message.generation,
        consultation,
        channel,
        outcome: OutcomeName::Dead,
        evidence: Evidence::None,
        code: Some(death.code),
        detail: Some(death.detail.clone()),
        rules: Vec::new(),
        attempts: 0,
        at: Timestamp::now(),
        fallback_job_id: None,
        fallback_of: None,
        call: None,
    })
}
