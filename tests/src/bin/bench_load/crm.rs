//! The CRM's ear: its own queue of outcomes.

use std::{
    collections::{HashMap, HashSet},
    time::{Duration, Instant},
};

use closure_broker::{BrokerSettings, InMessage, Mailbox};
use closure_contract::JobId;
use serde_json::Value;

use crate::Problem;

/// The CRM's own queue of outcomes.
pub(crate) const QUEUE: &str = "crm.outcomes";
/// After the last outcome, none may come for so long.
const QUIET_TIME: Duration = Duration::from_secs(1);

/// An outcome that came.
pub(crate) struct Heard {
    /// The job, or for the email in a text's place the text.
    pub(crate) job: JobId,
    /// When.
    pub(crate) at: Instant,
}

/// What was heard of which job, and when.
///
/// An outcome may come again under the id that it had, which a CRM knows by its id; a second one under another id is a
/// fault.
pub(crate) struct Crm {
    mailbox: Mailbox,
    heard: HashMap<(JobId, String), Instant>,
    ids: HashSet<String>,
    repeats: usize,
    retries: usize,
}

/// The job that an outcome is about, or for the email in a text's place the text.
fn about(body: &Value) -> Option<JobId> {
    let name = if body["fallback_of"].is_string() { "fallback_of" } else { "job_id" };
    body[name].as_str()?.parse().ok()
}

impl Crm {
    /// Begins to listen.
    pub(crate) async fn listen(broker: &BrokerSettings) -> Result<Self, Problem> {
        let mailbox = Mailbox::open_durable(broker, QUEUE, "#").await?;
        Ok(Self { mailbox, heard: HashMap::new(), ids: HashSet::new(), repeats: 0, retries: 0 })
    }

    /// Hears one outcome more, with one of these keys.
    pub(crate) async fn hear_one(&mut self, keys: &[&str], deadline: Instant) -> Result<Heard, Problem> {
        loop {
            let left = deadline.saturating_duration_since(Instant::now());
            let Some(message) = self.mailbox.next(left).await? else {
                return Err(format!("the CRM heard {} outcomes, and then no more", self.heard.len()).into());
            };
            if let Some(heard) = self.note(message, keys)? {
                return Ok(heard);
            }
        }
    }

    fn note(&mut self, message: InMessage, keys: &[&str]) -> Result<Option<Heard>, Problem> {
        let at = Instant::now();
        let body: Value = serde_json::from_slice(&message.body)?;
        let key = message.routing_key;
        let Some(job) = about(&body) else {
            return Err(format!("an outcome {key} names no job").into());
        };
        if !self.ids.insert(message.message_id.unwrap_or_default()) {
            self.repeats += 1;
            return Ok(None);
        }
        if body["attempts"].as_u64().is_some_and(|tries| tries > 1) {
            self.retries += 1;
        }
        if !keys.contains(&key.as_str()) {
            return Err(format!("job {job} ended as {key} {}", body["code"]).into());
        }
        if self.heard.insert((job, key), at).is_some() {
            return Err(format!("the CRM heard two outcomes of job {job}").into());
        }
        Ok(Some(Heard { job, at }))
    }

    /// Hears so many outcomes more, each with one of these keys; when the last one came.
    pub(crate) async fn hear(
        &mut self,
        count: usize,
        keys: &[&str],
        deadline: Instant,
    ) -> Result<Instant, Problem> {
        let mut last = Instant::now();
        for _ in 0..count {
            last = self.hear_one(keys, deadline).await?.at;
        }
        Ok(last)
    }

    /// How many outcomes came again under the id that they had.
    pub(crate) fn repeats(&self) -> usize {
        self.repeats
    }

    /// How many outcomes took more than one try.
    pub(crate) fn retries(&self) -> usize {
        self.retries
    }

    /// Makes sure that nothing more comes but repeats, and answers when each outcome came.
    pub(crate) async fn close(mut self) -> Result<HashMap<(JobId, String), Instant>, Problem> {
        while let Some(surplus) = self.mailbox.next(QUIET_TIME).await? {
            if let Some(heard) = self.note(surplus, &[])? {
                return Err(format!("an outcome too many, of job {}", heard.job).into());
            }
        }
        self.mailbox.close().await;
        Ok(self.heard)
    }
}
