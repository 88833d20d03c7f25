//! Gives jobs back to their work queue that the broker gave up although no worker failed over them.

use std::time::Duration;

use closure_broker::Publisher;
use closure_contract::{
    AttemptNumber, Channel, Job,
    topology::{DelayStep, WorkQueue},
};
use closure_store::{Store, StoreError};
use tracing::{error, info};

use crate::{
    announce,
    lifecycle::Lifecycle,
    runtime::{self, Unpublished},
    services::Service,
};

/// Between two looks: what comes back has waited through an outage already.
const LOOK_EVERY: Duration = Duration::from_secs(5);
/// One look takes at most this many.
const RETURNS_MAX: i64 = 100;

/// The channel's own publisher of what the dead worker may not publish.
pub struct Returns {
    pub channel: Channel,
    /// Where what is to come back stands.
    pub store: Store,
    /// To the channel's own delays.
    pub publisher: Publisher,
    pub lifecycle: Lifecycle,
}

impl Returns {
    /// Looks at each interval, until the process stops.
    pub async fn run(self) {
        self.lifecycle.poll(Service::SideLooks, LOOK_EVERY, || self.look()).await;
    }

    async fn look(&self) -> Result<(), StoreError> {
        let queue = WorkQueue::Jobs(self.channel).name();
        for due in self.store.due_returns(queue, RETURNS_MAX).await? {
            let Ok(job) = Job::decode(&due.body) else {
                error!(queue, "what is to come back is no job; it is left out");
                self.store.returned(&due).await?;
                continue;
            };
            let (step, attempt) = (DelayStep::Seconds1, AttemptNumber::FIRST);
            let message = announce::waiting_message(&job, due.body.clone(), due.generation, step, attempt);
            match runtime::publish(&self.publisher, vec![message], &self.lifecycle).await {
                Ok(()) => info!(job_id = %job.id(), "a job that the broker gave up is back in its queue"),
                Err(Unpublished::Interrupted) => return Ok(()),
                Err(Unpublished::Never) => {}
            }
            self.store.returned(&due).await?;
        }
        Ok(())
    }
}
