//! What the loop sends and gives back to the broker.

use std::{sync::OnceLock, time::Duration};

use closure_broker::{
    InMessage, OutMessage, PublishError, Publisher, Settler, publisher::MESSAGES_PER_CALL_MAX,
};
use closure_contract::{
    AttemptNumber, Generation, Job,
    topology::{DelayStep, WorkQueue},
};
use closure_store::StoreError;
use tracing::error;

use super::{OUTAGE_PAUSE, OUTAGE_PAUSE_MAX};
use crate::{announce, lifecycle::Lifecycle, services::Service};

/// What the database refused from a dead queue is held for this long before it goes back.
const REFUSED_PAUSE: Duration = Duration::from_secs(30);

/// Why messages were not published.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Unpublished {
    /// The process is stopping; whoever owes them publishes them again.
    Interrupted,
    /// No try will ever succeed.
    Never,
}

/// Publishes until the broker has confirmed every message; a repeat carries the same message ids.
pub async fn publish(
    publisher: &Publisher,
    messages: Vec<OutMessage>,
    lifecycle: &Lifecycle,
) -> Result<(), Unpublished> {
    for part in messages.chunks(MESSAGES_PER_CALL_MAX) {
        publish_part(publisher, part, lifecycle).await?;
    }
    Ok(())
}

async fn publish_part(
    publisher: &Publisher,
    messages: &[OutMessage],
    lifecycle: &Lifecycle,
) -> Result<(), Unpublished> {
    let (mut pause, mut asking) = (OUTAGE_PAUSE, lifecycle.services.ask(Service::Publishing));
    loop {
        match publisher.publish(messages.to_vec()).await {
            Ok(()) => {
                asking.answered();
                return Ok(());
            }
            Err(problem @ (PublishError::Invalid { .. } | PublishError::TooMany { .. })) => {
                error!(%problem, "a message can never be published; what it follows from is given up");
                return Err(Unpublished::Never);
            }
            Err(
                problem @ (PublishError::Unavailable { .. }
                | PublishError::Lost
                | PublishError::Refused { .. }
                | PublishError::Returned { .. }
                | PublishError::Stopped),
            ) => asking.failed(&problem),
        }
        tokio::select! {
            () = tokio::time::sleep(pause) => {}
            () = lifecycle.shutdown.cancelled() => return Err(Unpublished::Interrupted),
        }
        pause = pause.saturating_mul(2).min(OUTAGE_PAUSE_MAX);
    }
}

/// The database will never take what follows from a message: it goes to the dead queue, whose worker keeps its bytes.
///
/// Behind the dead queues there is none, so that what comes from there goes back and is tried again, slowly.
pub(super) async fn refused(
    queue: &'static str,
    message: &InMessage,
    settler: Settler,
    problem: &StoreError,
    lifecycle: &Lifecycle,
) {
    let message_id = message.message_id.as_deref();
    if WorkQueue::ALL.iter().any(|work| work.name() == queue) {
        error!(queue, message_id, %problem, "the database refuses what follows from a message; it goes to the dead queue");
        settler.reject();
        return;
    }
    error!(queue, message_id, %problem, "the database refuses a message of a dead queue; it goes back and is tried again");
    tokio::select! {
        () = tokio::time::sleep(REFUSED_PAUSE) => {}
        () = lifecycle.shutdown.cancelled() => {}
    }
    settler.release();
}

/// A new message with the same content, and nothing else of the old one but its generation and its trace: whatever
/// key, id, kind and headers the sender chose, this one finds its way home; nothing where the content is no job.
pub(super) fn copy_for(
    message: &InMessage,
    generation: &OnceLock<Generation>,
    step: DelayStep,
    attempt: AttemptNumber,
) -> Option<OutMessage> {
    let job = Job::decode(&message.body).ok()?;
    let body = message.body.clone();
    let generation = generation.get().copied().unwrap_or(message.generation);
    let copy = announce::waiting_message(&job, body, generation, step, attempt);
    Some(OutMessage { traceparent: message.traceparent.clone(), ..copy })
}
