//! What the mail server took: one mail to each address.

use std::collections::HashMap;

use closure_contract::Timestamp;
use closure_tests::harness::request;
use serde_json::Value;

use crate::{Problem, load::Job};

/// When each address got its mail; fails unless each job's address got exactly one.
pub(crate) async fn took_each_once(
    mail_url: &str,
    jobs: &[Job],
) -> Result<HashMap<String, Timestamp>, Problem> {
    let answer = request("GET", &format!("{mail_url}/_sim/taken"), &[], b"").await?;
    let records: Vec<Value> = serde_json::from_slice(&answer.body)?;
    let mut taken: HashMap<String, Timestamp> = HashMap::with_capacity(jobs.len());
    let wanted: std::collections::HashSet<&str> = jobs.iter().map(|job| job.address.as_str()).collect();
    for record in &records {
        let address = record["to"].as_str().unwrap_or_default();
        if !wanted.contains(address) {
            continue;
        }
        let at = serde_json::from_value(record["at"].clone())?;
        if taken.insert(address.to_owned(), at).is_some() {
            return Err(format!("the mail of job {} came twice", number(address)).into());
        }
    }
    match jobs.iter().find(|job| !taken.contains_key(&job.address)) {
        Some(job) => Err(format!("the mail server never took the mail of job {}", job.id).into()),
        None => Ok(taken),
    }
}

/// Which job of the measurement an address belongs to.
fn number(address: &str) -> &str {
    address.split('@').next().unwrap_or_default()
}
