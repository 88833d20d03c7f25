//! Outcomes by webhook: each is posted until the CRM takes it, in order a job.
//!
//! The queue is the store: a message is acked only after a 2xx, and while it waits for another try it stays in hand, so
//! that the broker keeps it whatever becomes of this process. One worker at a time is given messages (a single active
//! consumer), and what it had in hand comes first to its successor; so the order holds with several workers too.

mod aside;
pub(crate) mod endpoint_health;
mod lanes;
mod session;
mod troubles;

use std::time::Duration;

use closure_broker::{BrokerSettings, Publisher};
use closure_policy::patience::PatienceRules;
use closure_providers::Webhook;

pub use aside::Aside;

use endpoint_health::Endpoint;
use session::Session;
use troubles::Troubles;

use crate::{health::Health, lifecycle::Lifecycle};

/// Carries outcomes to the CRM's webhook.
pub struct WebhooksWorker {
    pub webhook: Webhook,
    /// Requests under way at once, each of another job.
    pub connections_max: usize,
    /// How long a message may wait in hand before it is given back with all others, in order, to come again: a broker
    /// ends a connection that holds one for too long.
    pub in_hand_max: Duration,
    /// Messages in hand at once.
    pub prefetch: u16,
    /// When somebody is told of an outcome that fails, and when one that fails alone is set aside.
    pub patience: PatienceRules,
    pub broker: BrokerSettings,
    /// For what is set aside.
    pub publisher: Publisher,
    pub lifecycle: Lifecycle,
    /// Where the consumer's health is told.
    pub health: Health,
}

impl WebhooksWorker {
    /// Works until the process stops.
    pub async fn run(self) {
        let mut endpoint = Endpoint::new(self.lifecycle.services.clone());
        let mut troubles = Troubles::new(self.patience);
        while !self.lifecycle.stop.is_cancelled() {
            Session::new(&self, &mut endpoint, &mut troubles).run().await;
        }
    }
}
