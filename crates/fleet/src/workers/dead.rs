//! The dead worker: what the broker itself gave up becomes a row in the dead-letter desk, its bytes kept.

use closure_broker::InMessage;
use closure_contract::{
    Cancel, Channel, FailureCode, Generation, Job, JobId, OutcomeName, ReceiptMessage,
    facts::jobs::JobFacts,
    job::{Consultation, DecodeError, Document},
    topology::{UNROUTABLE, WorkQueue},
};
use closure_store::{Debt, JobReturn, NewDeadLetter, RecordedLetter, Returning, Store};
use serde_json::json;
use tracing::warn;

use super::webhooks::Aside;
use crate::{
    announce::{self, Subject},
    engine::Engine,
    runtime::{Disposition, InHand, Interrupted, Told, Worker},
    why::Why,
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
    pub store: Store,
    pub engine: Engine,
    pub queue: &'static str,
}

/// What can be read of a message whose shape is wrong, each part for itself.
#[derive(Default)]
struct Remains {
    job_id: Option<JobId>,
    consultation: Option<Consultation>,
    channel: Option<Channel>,
}

impl Remains {
    fn of(message: &InMessage) -> Self {
        let body = Document::of_remains(&message.body);
        let body = body.as_ref();
        let kind = body.and_then(Document::kind).or(message.kind.as_deref());
        Self {
            job_id: body.and_then(|body| body.part("job_id")),
            consultation: body.and_then(|body| body.part("consultation")),
            channel: kind.and_then(channel_of_kind),
        }
    }

    /// Whose outcome is told, where enough can be read to say that; the queue of a channel's jobs says which it is.
    fn subject(self, generation: Generation, home: Option<Channel>) -> Option<Subject> {
        let (job_id, channel) = (self.job_id?, home.or(self.channel)?);
        Some(Subject { job_id, generation, channel, consultation: self.consultation })
    }
}

/// The channel that a kind of job names, whatever its version.
fn channel_of_kind(kind: &str) -> Option<Channel> {
    let name = kind.strip_prefix("closure.")?.split('/').next()?;
    [Channel::Sms, Channel::Email, Channel::Dial].into_iter().find(|channel| channel.as_str() == name)
}

impl Worker for DeadWorker {
    fn queue(&self) -> &'static str {
        self.queue
    }

    async fn handle(&self, hand: &InHand<'_>) -> Result<Disposition, Interrupted> {
        let message = hand.message;
        let home = self.home(message);
        let death = cause(home, message);
        // An outcome is no part of the job that it names: it is told late, the job is as it was, and nobody hears of it.
        let remains = match death.code {
            FailureCode::OutcomeNotTaken => Remains::default(),
            _ => Remains::of(message),
        };
        // Only a job that could not be worked on is dead itself; what could not be read is no job of ours yet.
        let (job_id, about_job) = match death.code {
            FailureCode::CrashLoop | FailureCode::MessageExpired | FailureCode::GivenUp => {
                (remains.job_id, None)
            }
            _ => (None, remains.job_id),
        };
        let generation = self.generation(hand, remains.job_id).await?;
        if death.code == FailureCode::CrashLoop && self.gives_back(hand, home, generation).await? {
            return Ok(Disposition::Done(Vec::new()));
        }
        let found_by = match Job::decode(&message.body) {
            Ok(job) if death.code != FailureCode::OutcomeNotTaken => self.engine.found_by(&job),
            Ok(_) | Err(_) => JobFacts::default(),
        };
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
            about_job,
            message_id: message.message_id.clone(),
            consultation_id: remains.consultation.as_ref().map(|consultation| consultation.id.clone()),
            found_by,
        };
        hand.may_act()?;
        let recorded =
            hand.stored("record a dead letter", || self.store.record_dead_letter(letter.clone())).await?;
        warn!(dead_letter = %recorded.id, code = %death.code, queue = self.queue, "a message came to the dead-letter desk");
        let subject = remains.subject(generation, channel(home));
        Ok(tell(&self.store, &recorded, subject, death, message.traceparent.clone()))
    }
}

impl DeadWorker {
    /// Whether a job that was delivered too often is given back once more.
    ///
    /// The broker counts each connection that breaks with the job in hand, and in a long outage many do: only a job
    /// that is given up again and again, with this process and its database alive in between, is a crash loop.
    async fn gives_back(
        &self,
        hand: &InHand<'_>,
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
        match hand.stored("give a job back", || self.store.plan_return(&job, RETURNS_MAX)).await? {
            Returning::Planned => {
                warn!(queue = job.queue, "a job was delivered too often; it is given back once more");
                Ok(true)
            }
            Returning::TooOften => Ok(false),
        }
    }

    /// The generation that a message names, if a person's replay made it: whoever may publish may write any.
    async fn generation(&self, hand: &InHand<'_>, job: Option<JobId>) -> Result<Generation, Interrupted> {
        let named = hand.message.generation;
        let (Some(job), true) = (job, named > Generation::FIRST) else { return Ok(Generation::FIRST) };
        let is_known = hand.stored("look for a generation", || self.store.has_generation(job, named)).await?;
        Ok(if is_known { named } else { Generation::FIRST })
    }

    /// The work queue in which a message died.
    ///
    /// A sender's `CC` leads what died in one work queue to the dead queue of another, where a good copy of it may be at
    /// work: the broker's own record says where it died, and the queue only where there is none. What came to
    /// `closure.unroutable` may come from its sender as it is, the record of a death included.
    fn home(&self, message: &InMessage) -> Option<WorkQueue> {
        if self.queue == UNROUTABLE {
            return None;
        }
        let died_in = message.death.as_ref().map_or("", |death| death.queue.as_str());
        let known = WorkQueue::ALL.into_iter().find(|queue| queue.name() == died_in);
        known.or_else(|| WorkQueue::ALL.into_iter().find(|queue| queue.dead_queue() == self.queue))
    }
}

/// Tells the CRM, where enough of the message can be read to say whose job it was.
///
/// A message of a delivery's own says how that stands, whether it is dead by this or had come to its end before.
pub(crate) fn tell(
    store: &Store,
    letter: &RecordedLetter,
    subject: Option<Subject>,
    why: Why,
    traceparent: Option<String>,
) -> Disposition {
    if let Some(delivery) = &letter.delivery {
        let messages = announce::outcome(delivery).into_iter().collect();
        return Disposition::Told(Told { messages, debts: vec![Debt::of(delivery)], store: store.clone() });
    }
    let Some(subject) = subject else { return Disposition::Done(Vec::new()) };
    let outcome = announce::outcome_of_letter(subject, OutcomeName::Dead, why, letter);
    Disposition::Done(vec![announce::outcome_message(&outcome, traceparent)])
}

/// Why the broker gave a message up, as far as the message and its history tell.
fn cause(home: Option<WorkQueue>, message: &InMessage) -> Why {
    let Some(home) = home else { return Why::with_remedy(FailureCode::Unroutable) };
    if home == WorkQueue::Webhooks {
        return not_taken(message);
    }
    let reason = message.death.as_ref().map_or("", |death| death.reason.as_str());
    if reason == "delivery_limit" {
        return Why::with_remedy(FailureCode::CrashLoop);
    }
    if let WorkQueue::Jobs(channel) = home
        && Job::decode(&message.body).is_ok_and(|job| job.channel() != channel)
    {
        return Why::with_remedy(FailureCode::WrongQueue);
    }
    match unreadable(home, &message.body) {
        Some(problem) => Why { code: problem.code(), detail: problem.story() },
        None if reason == "expired" => Why::with_remedy(FailureCode::MessageExpired),
        None => Why::with_remedy(FailureCode::GivenUp),
    }
}

/// Why the bytes are no message of their queue.
pub fn unreadable(home: WorkQueue, body: &[u8]) -> Option<DecodeError> {
    match home {
        WorkQueue::Jobs(_) => Job::decode(body).err(),
        WorkQueue::Cancels => Cancel::decode(body).err(),
        WorkQueue::Receipts => ReceiptMessage::decode(body).err(),
        WorkQueue::Webhooks => None,
    }
}

/// The channel of a work queue that has one.
fn channel(queue: Option<WorkQueue>) -> Option<Channel> {
    match queue? {
        WorkQueue::Jobs(channel) => Some(channel),
        WorkQueue::Receipts | WorkQueue::Cancels | WorkQueue::Webhooks => None,
    }
}

/// Why an outcome was not taken: the webhooks worker says it in the routing key, and the broker in its record.
fn not_taken(message: &InMessage) -> Why {
    let detail = match message.death.as_ref().map(|death| death.reason.as_str()) {
        None => Aside::read(&message.routing_key)
            .map_or_else(|| "it was set aside, and nobody says why".to_owned(), |aside| aside.to_string()),
        Some("expired") => "the webhook did not take it before its time was up".to_owned(),
        Some(_) => "it cannot be sent: it names no outcome, or is too large".to_owned(),
    };
    Why { code: FailureCode::OutcomeNotTaken, detail }
}
