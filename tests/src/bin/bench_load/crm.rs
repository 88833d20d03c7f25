//! The CRM's ear: its own queue of outcomes.

use std::{
    collections::HashMap,
    time::{Duration, Instant},
};

use closure_broker::{BrokerSettings, Mailbox};
use closure_contract::JobId;
use serde_json::Value;

use crate::Problem;

/// The CRM's own queue of outcomes.
pub(crate) const QUEUE: &str = "crm.outcomes";
/// After the last outcome, none may come for so long.
const QUIET_TIME: Duration = Duration::from_secs(1);

/// What was heard of which job, and when; a second outcome under one key is a fault.
pub(crate) struct Crm {
    mailbox: Mailbox,
    heard: HashMap<(JobId, String), Instant>,
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
        Ok(Self { mailbox, heard: HashMap::new() })
    }

    /// Hears so many outcomes more, each with one of these keys.
    pub(crate) async fn hear(
        &mut self,
        count: usize,
        keys: &[&str],
        deadline: Instant,
    ) -> Result<Instant, Problem> {
        let mut last = Instant::now();
        for heard in 0..count {
            let left = deadline.saturating_duration_since(Instant::now());
            let Some(message) = self.mailbox.next(left).await? else {
                return Err(format!("the CRM heard {heard} outcomes of {count}").into());
            };
            last = Instant::now();
            let body: Value = serde_json::from_slice(&message.body)?;
            let key = message.routing_key;
            let Some(job) = about(&body) else {
                return Err(format!("an outcome {key} names no job").into());
            };
            if !keys.contains(&key.as_str()) || body["attempts"].as_u64().is_some_and(|tries| tries > 1) {
                return Err(format!("job {job} ended as {key} {}", body["code"]).into());
            }
            if self.heard.insert((job, key), last).is_some() {
                return Err(format!("the CRM heard two outcomes of job {job}").into());
            }
        }
        Ok(last)
    }

    /// Makes sure that nothing more comes.
    pub(crate) async fn close(mut self) -> Result<HashMap<(JobId, String), Instant>, Problem> {
        if let Some(surplus) = self.mailbox.next(QUIET_TIME).await? {
            return Err(format!("an outcome too many: {}", surplus.routing_key).into());
        }
        self.mailbox.close().await;
        Ok(self.heard)
    }
}
