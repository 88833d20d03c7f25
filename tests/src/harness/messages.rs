//! Messages as a CRM or a provider's door would publish them.

use bytes::Bytes;
use closure_broker::OutMessage;
use closure_contract::{
    AttemptNumber, Generation, JobId,
    topology::{JOBS, RECEIPTS},
};
use serde_json::Value;
use uuid::Uuid;

use super::{
    Fleet, jobs,
    wait::{LONG, eventually},
};

impl Fleet {
    /// Publishes a job as a CRM does, by its kind, with a confirm.
    pub async fn publish(&self, job: &Value) -> JobId {
        self.publish_all(std::slice::from_ref(job)).await;
        jobs::id(job)
    }

    /// Publishes a job of a trace.
    pub async fn publish_traced(&self, job: &Value, traceparent: &str) -> JobId {
        self.canaries_mut(|canaries| canaries.add_job(job));
        let message = OutMessage { traceparent: Some(traceparent.to_owned()), ..job_message(job) };
        self.publisher.publish(vec![message]).await.expect("the broker confirms");
        jobs::id(job)
    }

    /// Publishes many jobs.
    pub async fn publish_all(&self, list: &[Value]) {
        self.canaries_mut(|canaries| list.iter().for_each(|job| canaries.add_job(job)));
        let messages = list.iter().map(job_message).collect();
        self.publisher.publish(messages).await.expect("the broker confirms");
    }

    /// Publishes many jobs, again and again until the broker has confirmed them, as a careful CRM does.
    pub async fn publish_all_when_possible(&self, list: &[Value]) {
        self.canaries_mut(|canaries| list.iter().for_each(|job| canaries.add_job(job)));
        eventually("the broker to confirm", LONG, || async {
            let messages = list.iter().map(job_message).collect();
            self.publisher.publish(messages).await.map_err(|problem| problem.to_string())
        })
        .await;
    }

    /// Publishes any bytes under any key.
    pub async fn publish_raw(&self, body: &[u8], routing_key: &str) {
        self.publish_raw_of(body, routing_key, None).await;
    }

    /// Publishes any bytes under any key, of a trace where one is given.
    pub async fn publish_raw_of(&self, body: &[u8], routing_key: &str, traceparent: Option<&str>) {
        let message_id = Uuid::new_v4().to_string();
        let traceparent = traceparent.map(str::to_owned);
        let message = OutMessage { message_id, traceparent, ..message(JOBS, routing_key, body) };
        self.publisher.publish(vec![message]).await.expect("the broker confirms");
    }

    /// Publishes any bytes to the fallback worker.
    pub async fn publish_receipt(&self, body: &[u8]) {
        let mut message = message(RECEIPTS, "receipt", body);
        message.message_id = Uuid::new_v4().to_string();
        self.publisher.publish(vec![message]).await.expect("the broker confirms");
    }
}

pub(super) fn job_message(job: &Value) -> OutMessage {
    let kind = job["kind"].as_str().expect("a job has a kind").to_owned();
    let key = kind.trim_start_matches("closure.").trim_end_matches("/1").to_owned();
    OutMessage {
        message_id: jobs::id(job).to_string(),
        kind,
        ..message(JOBS, &key, job.to_string().as_bytes())
    }
}

pub(super) fn message(exchange: &'static str, routing_key: &str, body: &[u8]) -> OutMessage {
    OutMessage {
        exchange,
        routing_key: routing_key.to_owned(),
        message_id: String::new(),
        kind: String::new(),
        attempt: AttemptNumber::FIRST,
        generation: Generation::FIRST,
        traceparent: None,
        body: Bytes::copy_from_slice(body),
    }
}
