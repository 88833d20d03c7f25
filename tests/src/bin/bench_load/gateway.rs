//! What the gateway saw: every text once, and nothing else.

use std::collections::HashMap;

use closure_contract::{JobId, Timestamp};
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

/// Each job's text; fails unless the gateway took each job exactly once, at whichever try.
pub(crate) async fn took_each_once(
    gateway_url: &str,
    jobs: &[Job],
    block: u16,
) -> Result<HashMap<JobId, Taken>, Problem> {
    let references: HashMap<String, JobId> =
        jobs.iter().flat_map(|job| job.client_refs().map(|name| (name.to_string(), job.id))).collect();
    let mut seen = HashMap::with_capacity(jobs.len());
    for number in load::numbers(jobs.len(), block)? {
        let answer = request("GET", &format!("{gateway_url}/_sim/messages?to={number}"), &[], b"").await?;
        let records: Vec<Value> = serde_json::from_slice(&answer.body)?;
        for record in &records {
            let reference = record["sender_grouping_key"].as_str().unwrap_or_default();
            let Some(job) = references.get(reference) else {
                return Err(format!("the gateway got {reference}, which is no job's").into());
            };
            if record["answer"] != "accepted" {
                return Err(format!("the gateway answered job {job} with {}", record["answer"]).into());
            }
            let at: Timestamp = serde_json::from_value(record["at"].clone())?;
            let receipt_at = serde_json::from_value(record["progress"]["receipt_at"].clone())?;
            if seen.insert(*job, Taken { at, receipt_at }).is_some() {
                return Err(format!("the gateway took job {job} twice").into());
            }
        }
    }
    match jobs.iter().find(|job| !seen.contains_key(&job.id)) {
        Some(job) => Err(format!("the gateway never took job {}", job.id).into()),
        None => Ok(seen),
    }
}
