//! Where the scenario is played: in processes of the demo's own, or in the containers of the compose file.

use std::process::Command;

use serde_json::json;

use crate::demo::scenario::{Publication, Row};
use crate::error::{Result, failed};
use crate::http;

/// Where the outside world keeps its records, and how the fleet is asked.
pub trait Environment {
    /// The SMS gateway's address.
    fn gateway(&self) -> &str;
    /// The mail server's records.
    fn mail_records(&self) -> &str;
    /// The PBX's address.
    fn pbx(&self) -> &str;
    /// The broker's own HTTP interface, with the user as whom the CRM's messages are published.
    fn rabbit_api(&self) -> &str;
    /// Prints what the CRM hears, one outcome a line, until it is ended.
    fn outcomes(&self) -> Command;
    /// Prints the dead-letter desk as JSON.
    fn desk(&self) -> Command;
    /// Fails as soon as something has ended that should be up.
    fn check(&self) -> Result<()>;
}

/// Publishes a row's messages as the CRM would, whatever they are.
pub fn publish<'a>(
    environment: &dyn Environment,
    row: &Row,
    publications: impl IntoIterator<Item = &'a Publication>,
) -> Result<()> {
    for publication in publications {
        let id = publication.job_id().unwrap_or(&row.name);
        publish_body(environment.rabbit_api(), publication.routing_key(), id, &publication.body())?;
    }
    Ok(())
}

/// Publishes one message to the exchange of jobs.
pub fn publish_body(rabbit_api: &str, key: &str, id: &str, body: &str) -> Result<()> {
    let message = json!({
        "properties": { "delivery_mode": 2, "content_type": "application/json", "message_id": id },
        "routing_key": key,
        "payload": body,
        "payload_encoding": "string",
    });
    let path = "/api/exchanges/%2F/closure.jobs/publish";
    let answer = http::request("POST", rabbit_api, path, Some(&message.to_string()))?;
    if answer.status == 200 {
        return Ok(());
    }
    failed(format!("{id}: the broker answered {}: {}", answer.status, answer.body))
}
