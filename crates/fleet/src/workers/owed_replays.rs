//! Publishes replays whose command ended between its commit and its publish.

use std::time::Duration;

use closure_broker::Publisher;
use closure_contract::topology::WorkQueue;
use closure_store::{Debt, Store, StoreError};
use tracing::{info, warn};

use crate::{
    lifecycle::Lifecycle,
    replays,
    runtime::{self, Unpublished},
    services::Service,
};

/// Between two looks: a replay is owed for half a minute before anybody but its own command publishes it.
const LOOK_EVERY: Duration = Duration::from_secs(5);
/// One look takes at most this many.
const REPLAYS_MAX: i32 = 100;

/// The publisher of what people's commands left owed to the queues that this process may write to.
///
/// Every process of a channel looks, and the database gives each replay to one of them at a time.
pub struct OwedReplays {
    pub queues: Vec<WorkQueue>,
    /// Where the letters stand.
    pub store: Store,
    pub publisher: Publisher,
    pub lifecycle: Lifecycle,
}

impl OwedReplays {
    /// Looks at each interval, until the process stops.
    pub async fn run(self) {
        self.lifecycle.poll(Service::SideLooks, LOOK_EVERY, || self.look()).await;
    }

    async fn look(&self) -> Result<(), StoreError> {
        let queues: Vec<&str> = self.queues.iter().map(|queue| queue.name()).collect();
        for replay in self.store.owed_replays(&queues, REPLAYS_MAX).await? {
            let Some(message) = replays::message_by_worker(&replay) else {
                // It stays owed and comes back in half a minute, which is how often this is said.
                warn!(dead_letter = %replay.id, "a replay is owed that no worker may publish: give the same command again");
                continue;
            };
            match runtime::publish(&self.publisher, vec![message], &self.lifecycle).await {
                Ok(()) => info!(dead_letter = %replay.id, "a replay that its command left owed is published"),
                Err(Unpublished::Interrupted) => return Ok(()),
                // It comes back, and is told again until a person has dealt with the letter.
                Err(Unpublished::Never) => continue,
            }
            self.store.replay_published(replay.id, replay.generation).await?;
            let job = replay.job_id;
            self.store.pay_later(
                job.map(|job_id| Debt { job_id, generation: replay.generation, word: 0 })
                    .into_iter()
                    .collect(),
            );
        }
        Ok(())
    }
}
