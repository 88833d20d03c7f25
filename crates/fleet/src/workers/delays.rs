//! Whether the broker sends home what waited in its delays.
//!
//! Where it does not, jobs that wait for their next try wait for ever, and no queue shows them: what has run out is in
//! no count that a client may read. The record says when each was due, and what is in the work queue has come home.

use std::time::Duration;

use closure_broker::{BrokerSettings, topology};
use closure_contract::{
    Channel,
    topology::{DelayStep, WorkQueue},
};
use closure_store::{NotHome, Store};
use tracing::debug;

use crate::{
    lifecycle::{Lifecycle, Rest},
    services::{Asking, Service},
};

/// Longer than a job stays in the hand of a worker that has not claimed it: after a quarter of an hour it is given back.
pub(crate) const OVERDUE_MS: u64 = 20 * 60_000;
const LOOK_PAUSE: Duration = Duration::from_secs(30);

/// What stands in the delays of one channel, in words; nothing where all that is due may have come home.
///
/// `ready` is how many messages wait in the work queue; where that is not known nothing can be said.
pub(crate) fn standing(jobs: &NotHome, ready: Option<u32>) -> Option<String> {
    let NotHome { channel, count, due_since } = jobs;
    if u64::from(ready?) >= *count {
        return None;
    }
    let queue = WorkQueue::Jobs(*channel).name();
    let delays = DelayStep::Seconds1.exchange(*channel).trim_end_matches(DelayStep::Seconds1.as_str());
    Some(format!(
        "{count} {channel} job(s) should have come home from {delays}* to {queue}, the first at {due_since}: the broker \
         forwards nothing from its delays; the runbook's \"Nothing leaves the delays any more\" has the way out"
    ))
}

/// Looks at the delays beside the messages.
pub struct DelayWatch {
    /// Those whose jobs the process carries: of other work queues its broker user may see nothing.
    pub channels: Vec<Channel>,
    pub store: Store,
    /// What has come home.
    pub broker: BrokerSettings,
    pub lifecycle: Lifecycle,
}

impl DelayWatch {
    /// Looks at each interval, until the process stops; one line when jobs begin to stand, and one when they have come.
    pub async fn run(self) {
        let mut asking = self.lifecycle.services.ask(Service::Delays);
        loop {
            self.look(&mut asking).await;
            if self.lifecycle.rest(LOOK_PAUSE).await == Rest::Stopped {
                return;
            }
        }
    }

    /// A look that fails itself says nothing; others tell that the database or the broker is away.
    async fn look(&self, asking: &mut Asking) {
        if let Err(problem) = self.store.forget_delays().await {
            debug!(%problem, "delays that are over could not be forgotten");
            return;
        }
        let jobs: Vec<NotHome> = match self.store.not_home(OVERDUE_MS).await {
            Ok(jobs) => jobs.into_iter().filter(|jobs| self.channels.contains(&jobs.channel)).collect(),
            Err(problem) => {
                debug!(%problem, "the delays could not be looked at");
                return;
            }
        };
        let queues: Vec<&str> = jobs.iter().map(|jobs| WorkQueue::Jobs(jobs.channel).name()).collect();
        let ready = if queues.is_empty() {
            Vec::new()
        } else {
            match topology::depths(&self.broker, &queues).await {
                Ok(ready) => ready,
                Err(problem) => {
                    debug!(%problem, "the work queues could not be looked at");
                    return;
                }
            }
        };
        let told: Vec<String> =
            jobs.iter().zip(ready).filter_map(|(jobs, ready)| standing(jobs, Some(ready))).collect();
        if told.is_empty() {
            asking.answered();
        } else {
            asking.failed(&told.join("; "));
        }
    }
}

/// How many messages wait in the work queue of each channel, where the topology as a whole could not be looked at; nothing
/// where these cannot be looked at either.
pub(crate) async fn work_queues(broker: &BrokerSettings) -> Vec<(&'static str, Option<u32>)> {
    let queues = Channel::ALL.map(|channel| WorkQueue::Jobs(channel).name());
    match topology::depths(broker, &queues).await {
        Ok(ready) => queues.into_iter().zip(ready.into_iter().map(Some)).collect(),
        Err(problem) => {
            debug!(%problem, "the work queues could not be looked at");
            Vec::new()
        }
    }
}

/// The work queue of a channel's jobs, as many messages as wait in it, out of what was seen of all queues.
pub(crate) fn ready_in(depths: &[(&'static str, Option<u32>)], channel: Channel) -> Option<u32> {
    let queue = WorkQueue::Jobs(channel).name();
    depths.iter().find(|(name, _)| *name == queue).and_then(|(_, ready)| *ready)
}
