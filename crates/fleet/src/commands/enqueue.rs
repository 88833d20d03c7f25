//! `fleet enqueue`: checks every job first, then publishes all of them and waits for the broker's confirm.

use std::{collections::BTreeSet, time::Duration};

use closure_broker::{OutMessage, Publisher};
use closure_contract::{Generation, Job, Timestamp};
use closure_policy::explain::Verdict;
use serde_json::json;

use super::{Failure, Invocation, files};
use crate::{
    announce,
    cli::Enqueue,
    config,
    lifecycle::Lifecycle,
    output::{self, Style},
};

/// So many messages are published and confirmed at a time.
const BATCH_MAX: usize = 500;

/// Publishes the jobs of the files, or none of them when one is no job.
pub async fn run(invocation: &Invocation, enqueue: &Enqueue) -> Result<(), Failure> {
    let (broker, settings, database) = config::load(invocation.config.as_ref(), |source| {
        (config::broker(source, "enqueue"), config::rulebook(source), config::maybe_database(source))
    })?;
    let engine = super::engine(settings, database, Duration::MAX).await?;
    let documents = files::read(&enqueue.files.files)?;
    let now = Timestamp::now();
    let mut problems = Vec::new();
    let mut seen = BTreeSet::new();
    let mut messages: Vec<OutMessage> = Vec::with_capacity(documents.len());
    for document in documents {
        let job = match Job::decode(&document.body) {
            Ok(job) => job,
            Err(problem) => {
                problems.push(format!("{}: {}: {problem}", document.origin, problem.code()));
                continue;
            }
        };
        let decision = engine.decide(&job, now).await?;
        if !enqueue.anyway && !matches!(decision.verdict, Verdict::Send | Verdict::Postpone) {
            let code =
                decision.code.map_or_else(String::new, |code| format!("{code}: {}", code.remedy_of_draft()));
            problems.push(format!("{}: would not be sent: {code}; --anyway publishes it", document.origin));
            continue;
        }
        if !seen.insert(job.id()) {
            problems.push(format!("{}: job_id {} stands in another document too", document.origin, job.id()));
            continue;
        }
        messages.push(announce::job_message(&job, document.body, Generation::FIRST, None));
    }
    if !problems.is_empty() {
        let list = problems.join("\n  ");
        return Err(Failure::Input(format!(
            "nothing was published; {} problem(s):\n  {list}",
            problems.len()
        )));
    }
    let published = messages.len();
    let lifecycle = Lifecycle::default();
    let publisher = Publisher::start(broker, lifecycle.shutdown.clone(), &lifecycle.tracker);
    for batch in messages.chunks(BATCH_MAX) {
        publisher.publish(batch.to_vec()).await?;
    }
    lifecycle.finish(std::time::Duration::from_secs(5)).await;
    match invocation.style {
        Style::Json => output::json(&json!({ "published": published })),
        Style::Text => output::line(format!("{published} job(s) published and confirmed by the broker")),
    }
    Ok(())
}
