//! What the gateway saw: every text once, and nothing else.

use std::collections::HashMap;

use closure_contract::Timestamp;
use closure_tests::harness::request;
use serde_json::Value;

use crate::{
    Problem,
    load::{self, Job},
};

/// A text at the gateway.
pub(crate) struct Taken {
    /// When it came.
    pub(crate) at: Timestamp,
    /// When the gateway told its first receipt.
    pub(crate) receipt_at: Option<Timestamp>,
}

/// Each attempt by our reference; fails unless the gateway took each job exactly once.
pub(crate) async fn took_each_once(
    gateway_url: &str,
    jobs: &[Job],
    block: u16,
) -> Result<HashMap<String, Taken>, Problem> {
    let mut seen = HashMap::with_capacity(jobs.len());
    let mut requests = 0_usize;
    for number in load::numbers(jobs.len(), block)? {
        let answer = request("GET", &format!("{gateway_url}/_sim/messages?to={number}"), &[], b"").await?;
        let records: Vec<Value> = serde_json::from_slice(&answer.body)?;
        for record in &records {
            requests += 1;
            let reference = record["sender_grouping_key"].as_str().unwrap_or_default().to_owned();
            if record["answer"] != "accepted" {
                return Err(format!("the gateway answered {reference} with {}", record["answer"]).into());
            }
            let at: Timestamp = serde_json::from_value(record["at"].clone())?;
            let receipt_at = serde_json::from_value(record["progress"]["receipt_at"].clone())?;
            if seen.insert(reference.clone(), Taken { at, receipt_at }).is_some() {
                return Err(format!("the gateway took {reference} twice").into());
            }
        }
    }
    if let Some(job) = jobs.iter().find(|job| !seen.contains_key(&job.client_ref().to_string())) {
        return Err(format!("the gateway never saw the first attempt of job {}", job.id).into());
    }
    if requests != jobs.len() {
        return Err(format!("the gateway got {requests} requests for {} jobs", jobs.len()).into());
    }
    Ok(seen)
}
