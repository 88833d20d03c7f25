//! The CRM's ear: a durable queue of its own that hears every outcome.

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use closure_broker::{BrokerSettings, Mailbox};
use closure_contract::{CancelOutcome, JobId, Outcome};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use super::wait::{LONG, eventually};

/// The CRM's queue.
const QUEUE: &str = "crm.outcomes";
const WAIT: Duration = Duration::from_millis(500);

/// One outcome as it came.
#[derive(Debug, Clone)]
pub struct Heard {
    /// The outcome.
    pub outcome: Outcome,
    /// The message's id.
    pub message_id: Option<String>,
    /// The key under which it came.
    pub routing_key: String,
    /// The trace context that it came with.
    pub traceparent: Option<String>,
    /// The body as JSON.
    pub body: serde_json::Value,
}

impl Heard {
    /// The outcome as the scenario writes it: `sms.refused body_too_long`.
    pub fn summary(&self) -> String {
        match self.outcome.code {
            Some(code) => format!("{} {code}", self.routing_key),
            None => self.routing_key.clone(),
        }
    }
}

/// One answer to a cancellation as it came.
#[derive(Debug, Clone)]
pub struct Answered {
    /// The answer.
    pub answer: CancelOutcome,
    /// The message's id.
    pub message_id: Option<String>,
    /// The key under which it came.
    pub routing_key: String,
    /// The trace that it belongs to.
    pub traceparent: Option<String>,
}

/// Everything that the CRM has heard.
#[derive(Clone, Default)]
pub struct Outcomes {
    heard: Arc<Mutex<Vec<Heard>>>,
    answered: Arc<Mutex<Vec<Answered>>>,
}

impl Outcomes {
    /// Begins to listen and goes on, also when the broker is away in between.
    pub(super) async fn listen(settings: BrokerSettings, stop: CancellationToken) -> Self {
        let outcomes = Self::default();
        let first =
            Mailbox::open_durable(&settings, QUEUE, "#").await.expect("the CRM's queue can be opened");
        let ours = outcomes.clone();
        tokio::spawn(async move {
            let mut mailbox = Some(first);
            while !stop.is_cancelled() {
                match &mut mailbox {
                    None => {
                        mailbox = Mailbox::open_durable(&settings, QUEUE, "#").await.ok();
                        if mailbox.is_none() {
                            tokio::time::sleep(WAIT).await;
                        }
                    }
                    Some(open) => match open.next(WAIT).await {
                        Ok(Some(message)) => ours.add(&message),
                        Ok(None) => {}
                        Err(_) => mailbox = None,
                    },
                }
            }
        });
        outcomes
    }

    /// Everything so far, oldest first.
    pub fn all(&self) -> Vec<Heard> {
        self.heard.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Everything since the last time, oldest first; it is forgotten here.
    pub fn take(&self) -> Vec<Heard> {
        std::mem::take(&mut *self.heard.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// What was heard of one job.
    pub fn of(&self, job: JobId) -> Vec<Heard> {
        self.matching(|outcome| outcome.job_id == job)
    }

    /// Waits for the first word about a job.
    pub async fn first(&self, job: JobId) -> Heard {
        eventually(&format!("an outcome of {job}"), LONG, || async {
            self.of(job).into_iter().next().ok_or_else(|| "nothing was heard".to_owned())
        })
        .await
    }

    /// What was heard of one consultation.
    pub fn of_consultation(&self, id: &str) -> Vec<Heard> {
        self.matching(|outcome| {
            outcome.consultation.as_ref().is_some_and(|consultation| consultation.id.as_str() == id)
        })
    }

    /// The answers to one cancellation, oldest first.
    pub fn answers_to(&self, cancel: Uuid) -> Vec<Answered> {
        let answered = self.answered.lock().unwrap_or_else(PoisonError::into_inner);
        answered.iter().filter(|answered| answered.answer.cancel_id == cancel).cloned().collect()
    }

    fn matching(&self, wanted: impl Fn(&Outcome) -> bool) -> Vec<Heard> {
        let heard = self.heard.lock().unwrap_or_else(PoisonError::into_inner);
        heard.iter().filter(|heard| wanted(&heard.outcome)).cloned().collect()
    }

    fn add(&self, message: &closure_broker::InMessage) {
        if message.kind.as_deref() == Some(CancelOutcome::KIND) {
            let answer =
                CancelOutcome::decode(&message.body).expect("every answer is in the form of its schema");
            let (message_id, routing_key) = (message.message_id.clone(), message.routing_key.clone());
            let traceparent = message.traceparent.clone();
            let answered = Answered { answer, message_id, routing_key, traceparent };
            self.answered.lock().unwrap_or_else(PoisonError::into_inner).push(answered);
            return;
        }
        let outcome = Outcome::decode(&message.body).expect("every outcome is in the form of its schema");
        let heard = Heard {
            outcome,
            message_id: message.message_id.clone(),
            routing_key: message.routing_key.clone(),
            traceparent: message.traceparent.clone(),
            body: serde_json::from_slice(&message.body).expect("every outcome is JSON"),
        };
        self.heard.lock().unwrap_or_else(PoisonError::into_inner).push(heard);
    }
}
