//! Publishing: the call that waits until the broker has every message.

mod lane;
mod owner;

use std::time::Duration;

use tokio::{
    sync::{mpsc, oneshot, watch},
    time::{Instant, timeout, timeout_at},
};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use crate::{error::PublishError, message::OutMessage, settings::BrokerSettings};

/// One call publishes at most this many messages.
pub const MESSAGES_PER_CALL_MAX: usize = 1_000;
/// So many calls may wait for the owner task; further ones wait before the door.
pub const CALLS_WAITING_MAX: usize = 1_024;
/// How long a shut-down waits for the messages that were already taken.
pub const FLUSH_TIMEOUT_MS: u64 = 5_000;

/// How long the connection may take to close after the flush.
const CLOSE_ALLOWANCE_MS: u64 = 5_000;

/// Publishes with confirms, through one owner task with a connection of its own.
///
/// Clones share the task.
/// Calls that come together are published as one batch.
#[derive(Clone, Debug)]
pub struct Publisher {
    calls: mpsc::Sender<Call>,
    health: watch::Receiver<PublisherHealth>,
    confirm_timeout_ms: u64,
}

/// Whether a publish can succeed now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PublisherHealth {
    /// Yes.
    Connected,
    /// The broker has an alarm and takes no publishes.
    Blocked,
    /// There is no connection.
    Disconnected,
}

/// One call of [`Publisher::publish`] on its way to the owner.
#[derive(Debug)]
struct Call {
    messages: Vec<OutMessage>,
    answer: oneshot::Sender<Result<(), PublishError>>,
}

impl Publisher {
    /// Starts the owner task, which connects and reconnects until `shutdown`.
    pub fn start(settings: BrokerSettings, shutdown: CancellationToken, tracker: &TaskTracker) -> Self {
        let (calls, mailbox) = mpsc::channel(CALLS_WAITING_MAX);
        let (health_in, health) = watch::channel(PublisherHealth::Disconnected);
        let confirm_timeout_ms = settings.confirm_timeout_ms;
        tracker.spawn(owner::run(settings, mailbox, health_in, shutdown));
        Self { calls, health, confirm_timeout_ms }
    }

    /// Publishes messages; `Ok` means that the broker confirmed every one and returned none.
    ///
    /// An error means that the outcome is unknown, even if the future is dropped: publish all of them again under the same ids.
    pub async fn publish(&self, messages: Vec<OutMessage>) -> Result<(), PublishError> {
        if messages.is_empty() {
            return Ok(());
        }
        if messages.len() > MESSAGES_PER_CALL_MAX {
            return Err(PublishError::TooMany { messages: messages.len(), limit: MESSAGES_PER_CALL_MAX });
        }
        for message in &messages {
            if let Some(problem) = message.problem() {
                return Err(PublishError::Invalid { message_id: message.message_id.clone(), problem });
            }
        }
        let deadline = Instant::now() + Duration::from_millis(self.confirm_timeout_ms);
        match timeout_at(deadline, self.hand_over(messages)).await {
            Ok(answer) => answer,
            Err(_) => Err(PublishError::Unavailable { waited_ms: self.confirm_timeout_ms }),
        }
    }

    /// Whether a publish can succeed now.
    pub fn health(&self) -> PublisherHealth {
        if self.health.has_changed().is_err() {
            return PublisherHealth::Disconnected;
        }
        *self.health.borrow()
    }

    /// Waits after a shutdown until the taken messages are flushed and the connection is closed.
    pub async fn closed(&self) {
        let mut health = self.health.clone();
        let ended = async { while health.changed().await.is_ok() {} };
        let limit = Duration::from_millis(FLUSH_TIMEOUT_MS + CLOSE_ALLOWANCE_MS);
        if timeout(limit, ended).await.is_err() {
            tracing::warn!(
                "the publisher did not end in time; unconfirmed messages are published again by their owners"
            );
        }
    }

    async fn hand_over(&self, messages: Vec<OutMessage>) -> Result<(), PublishError> {
        let (answer, answered) = oneshot::channel();
        self.calls.send(Call { messages, answer }).await.map_err(|_| PublishError::Stopped)?;
        // The owner drops a call unanswered only together with the connection that carried it.
        answered.await.map_err(|_| PublishError::Lost)?
    }
}
