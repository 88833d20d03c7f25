//! Messages as a CRM or a provider's door would publish them.

use bytes::Bytes;
use closure_broker::OutMessage;
use closure_contract::{AttemptNumber, Generation, topology::JOBS};
use serde_json::Value;

use super::jobs;

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
