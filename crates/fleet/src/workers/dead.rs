//! The dead worker: what the broker itself gave up becomes a row in the dead-letter desk, its bytes kept.

use closure_broker::InMessage;
use closure_contract::{
    Cancel, Channel, Evidence, FailureCode, Generation, Job, JobId, Outcome, OutcomeName, ReceiptMessage,
    Timestamp,
    job::Consultation,
    outcome::OutcomeKind,
    topology::{UNROUTABLE, WorkQueue},
};
use closure_store::{JobReturn, NewDeadLetter, Returning, Store};
use serde::Deserialize;
use serde_json::json;
use tracing::{error, warn};

use crate::{
    announce,
    runtime::{Disposition, Hand, Interrupted, Worker},
};

/// So often a job that was delivered too often is given back before it is a crash loop.
const RETURNS_MAX: u32 = 2;

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
        let home = self.home(message);
        let death = cause(home, message);
        let remains = serde_json::from_slice::<Remains>(&message.body)
            .unwrap_or(Remains { job_id: None, consultation: None });
        // Only a job that could not be worked on is dead itself; what could not be read is no job of ours yet.
        let job_id = match death.code {
            FailureCode::CrashLoop | FailureCode::MessageExpired | FailureCode::GivenUp => remains.job_id,
            _ => None,
        };
        let generation = self.generation(hand, remains.job_id).await?;
        if death.code == FailureCode::CrashLoop && self.gives_back(hand, home, generation).await? {
            return Ok(Disposition::Done(Vec::new()));
        }
        let letter = NewDeadLetter {
            queue: home.map_or(UNROUTABLE, WorkQueue::name).to_owned(),
            routing_key: message.routing_key.clone(),
            code: death.code,
            detail: death.detail.clone(),
            body: message.body.clone(),
            headers: json!({
                "message_id": message.message_id,
                "type": message.kind,
                "attempt": message.attempt,
                "generation": generation,
            }),
            job_id,
            message_id: message.message_id.clone(),
        };
        hand.may_act()?;
        let recorded = hand.until_available(|| self.store.record_dead_letter(letter.clone())).await?;
        match recorded {
            Ok(id) => {
                warn!(dead_letter = %id, code = %death.code, queue = self.queue, "a message came to the dead-letter desk");
                let told = outcome(message, generation, &death, remains, channel(home));
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
    /// Whether a job that was delivered too often is given back once more.
    ///
    /// The broker counts each connection that breaks with the job in hand, and in a long outage many do: only a job
    /// that is given up again and again, with this process and its database alive in between, is a crash loop.
    async fn gives_back(
        &self,
        hand: &Hand<'_>,
        home: Option<WorkQueue>,
        generation: Generation,
    ) -> Result<bool, Interrupted> {
        let body = &hand.message.body;
        let Some(home) = home else { return Ok(false) };
        if !Job::decode(body).is_ok_and(|job| home == WorkQueue::Jobs(job.channel())) {
            return Ok(false);
        }
        hand.may_act()?;
        let job = JobReturn { queue: home.name().to_owned(), generation, body: body.clone() };
        match hand.until_available(|| self.store.plan_return(&job, RETURNS_MAX)).await? {
            Ok(Returning::Planned) => {
                warn!(queue = job.queue, "a job was delivered too often; it is given back once more");
                Ok(true)
            }
            Ok(Returning::TooOften) => Ok(false),
            Err(problem) => {
                error!(%problem, "the database refused to give a job back; the message is left for another try");
                Err(Interrupted)
            }
        }
    }

    /// The generation that a message names, if a person's replay made it: whoever may publish may write any.
    async fn generation(&self, hand: &Hand<'_>, job: Option<JobId>) -> Result<Generation, Interrupted> {
        let named = hand.message.generation;
        let (Some(job), true) = (job, named > Generation::FIRST) else { return Ok(Generation::FIRST) };
        match hand.until_available(|| self.store.has_generation(job, named)).await? {
            Ok(true) => Ok(named),
            Ok(false) => Ok(Generation::FIRST),
            Err(problem) => {
                error!(%problem, "the database refused to look for a generation; the message is left for another try");
                Err(Interrupted)
            }
        }
    }

    /// The work queue that a message came from; what came to `closure.unroutable` from one died there.
    fn home(&self, message: &InMessage) -> Option<WorkQueue> {
        let died_in = message.death.as_ref().map_or("", |death| death.queue.as_str());
        WorkQueue::ALL.into_iter().find(|queue| {
            queue.dead_queue() == self.queue || (self.queue == UNROUTABLE && queue.name() == died_in)
        })
    }
}

/// Why the broker gave a message up, as far as the message and its history tell.
fn cause(home: Option<WorkQueue>, message: &InMessage) -> Death {
    let Some(home) = home else { return Death::of(FailureCode::Unroutable) };
    let reason = message.death.as_ref().map_or("", |death| death.reason.as_str());
    if reason == "delivery_limit" {
        return Death::of(FailureCode::CrashLoop);
    }
    let unreadable = match home {
        WorkQueue::Jobs(channel) => match Job::decode(&message.body) {
            Ok(job) if job.channel() != channel => return Death::of(FailureCode::WrongQueue),
            Ok(_) => None,
            Err(problem) => Some(problem),
        },
        WorkQueue::Cancels => Cancel::decode(&message.body).err(),
        WorkQueue::Receipts => ReceiptMessage::decode(&message.body).err(),
    };
    match unreadable {
        Some(problem) => Death { code: problem.code(), detail: problem.to_string() },
        None if reason == "expired" => Death::of(FailureCode::MessageExpired),
        None => Death::of(FailureCode::GivenUp),
    }
}

/// The channel of a work queue that has one.
fn channel(queue: Option<WorkQueue>) -> Option<Channel> {
    match queue? {
        WorkQueue::Jobs(channel) => Some(channel),
        WorkQueue::Receipts | WorkQueue::Cancels => None,
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
    generation: Generation,
    death: &Death,
    remains: Remains,
    channel: Option<Channel>,
) -> Option<Outcome> {
    let (job_id, consultation, channel) = (remains.job_id?, remains.consultation?, channel?);
    Some(Outcome {
        kind: OutcomeKind::V1,
        outcome_id: uuid::Uuid::new_v5(&job_id.0, &message.body),
        job_id,
        generation,
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
