//! The worker loop: one message in hand, one answer to the broker.
//!
//! A worker returns a [`Disposition`]; only this loop acks, publishes or waits.
//! The order is always the same: the worker commits its effects, the loop publishes what follows from them and
//! waits for the broker's confirm, and only then the message is acked (invariant 1).

mod movement;
mod publishing;
mod repeat;

use std::{
    pin::pin,
    sync::{Arc, OnceLock},
    time::Duration,
};

use closure_broker::{
    BrokerSettings, Consumer, ConsumerSettings, InMessage, Incoming, OutMessage, Publisher, Settler,
};
use closure_contract::{AttemptNumber, Generation, topology::DelayStep};
use closure_store::{Debt, Store, StoreError};
use futures::FutureExt;
use tokio::sync::{Semaphore, watch};
use tracing::error;

pub use publishing::{Unpublished, publish};
pub use repeat::{Outage, Remedy, until_available};

use movement::{IN_HAND_MAX_MS, Movement};
use publishing::{copy_for, refused};
use repeat::repeat;

use crate::{
    health::Health,
    lifecycle::Lifecycle,
    services::{Asking, Service},
};

/// The first pause before a service that is away is asked again; it doubles up to the longest one.
const OUTAGE_PAUSE: Duration = Duration::from_millis(500);
/// The longest pause before a service that is away is asked again.
const OUTAGE_PAUSE_MAX: Duration = Duration::from_secs(2);
/// A database that is away for longer than this gets no new messages.
const AWAY_GRACE: Duration = Duration::from_secs(1);
/// Without a delivery for this long, while the queue has messages, a consumer is rebuilt.
const WATCHDOG_MS: u64 = 60_000;

/// How messages are to flow to a worker.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Flow {
    /// As many as may be in hand.
    Open,
    /// One at a time: the next one may show whether an outside service is well again.
    OneByOne,
    /// Not at all: they stay in their queue.
    Shut,
}

/// Reads one queue's messages and says what should happen to each.
pub trait Worker: Send + Sync + 'static {
    /// The queue that it reads.
    fn queue(&self) -> &'static str;

    /// How its messages are to flow; without an answer they always do.
    fn flow(&self) -> Option<watch::Receiver<Flow>> {
        None
    }

    /// Does the work of one message.
    ///
    /// An [`Interrupted`] message was left at a point from which another process can go on.
    fn handle(&self, hand: &InHand<'_>) -> impl Future<Output = Result<Disposition, Interrupted>> + Send;
}

/// What should happen to a message.
#[derive(Debug)]
pub enum Disposition {
    /// Publish these, each confirmed, then ack.
    Done(Vec<OutMessage>),
    /// Publish these, each confirmed, then ack, and write down in a moment that they are owed no more.
    Told(Told),
    /// Let a copy come back after a delay, asking for this attempt, then ack.
    Again {
        /// How long it waits.
        step: DelayStep,
        /// The attempt that the copy asks for; the same one when nothing was tried.
        attempt: AttemptNumber,
    },
    /// Give it to the dead queue of its work queue: no version of this worker can read it.
    Reject,
}

impl Disposition {
    /// The same, with this published as well; a message that comes back or is rejected tells nothing yet.
    pub fn and_tell(mut self, message: Option<OutMessage>) -> Self {
        match &mut self {
            Self::Done(messages) => messages.extend(message),
            Self::Told(told) => told.messages.extend(message),
            Self::Again { .. } | Self::Reject => {}
        }
        self
    }
}

/// What is told of deliveries, and the debts that are paid by it.
#[derive(Debug)]
pub struct Told {
    /// What is to be published.
    pub messages: Vec<OutMessage>,
    /// What is owed no more once the broker has confirmed it.
    pub debts: Vec<Debt>,
    /// Where the debts stand.
    pub store: Store,
}

/// Why the work of a message was left.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Interrupted {
    /// The process is stopping, or the message's connection is gone: it will be delivered again.
    Left,
    /// The database takes no such values, however often it is asked, or has a row that this release cannot read: the
    /// message is to be kept for a person.
    Refused(StoreError),
}

/// A message in hand.
pub struct InHand<'a> {
    pub message: &'a InMessage,
    /// The generation that it turned out to be of, where its own was not to be believed; a copy of it carries this.
    generation: &'a OnceLock<Generation>,
    settler: &'a Settler,
    movement: &'a Movement,
    lifecycle: &'a Lifecycle,
}

impl InHand<'_> {
    /// The same message in hand, read as one of another generation.
    pub fn reading<'b>(&'b self, message: &'b InMessage) -> InHand<'b> {
        let Self { generation, settler, movement, lifecycle, .. } = *self;
        let _first_reading = generation.set(message.generation);
        InHand { message, generation, settler, movement, lifecycle }
    }

    /// Whether a side effect may begin: not once the connection that delivered the message is gone.
    pub fn may_act(&self) -> Result<(), Interrupted> {
        if self.settler.is_usable() && !self.lifecycle.shutdown.is_cancelled() {
            Ok(())
        } else {
            Err(Interrupted::Left)
        }
    }

    /// Begins to ask the database beside [`InHand::until_available`].
    pub fn ask_database(&self) -> Asking {
        self.lifecycle.services.ask(Service::Database)
    }

    /// Waits until nothing more may be begun.
    pub async fn interrupted(&self) {
        self.lifecycle.shutdown.cancelled().await;
    }

    /// Repeats an operation until the service behind it is back.
    ///
    /// An outage spends no attempt and sends no message to the dead (invariant 6): the message waits in hand, the
    /// prefetch bounds how many do, and nothing new is taken. It is given up once the connection that delivered the
    /// message is gone.
    pub async fn until_available<T, E, F>(
        &self,
        operation: impl Fn() -> F + Send,
    ) -> Result<Result<T, E>, Interrupted>
    where
        E: Outage,
        F: Future<Output = Result<T, E>> + Send,
    {
        let still_ours = || self.settler.is_usable();
        repeat(self.lifecycle, &still_ours, self.movement, operation).await
    }
}

/// What a worker's loop needs beside the worker.
#[derive(Clone)]
pub struct ConsumerContext {
    pub broker: BrokerSettings,
    /// How many messages may be in hand at once.
    pub prefetch: u16,
    /// For what follows from a message.
    pub publisher: Publisher,
    /// The database, without which no message can be worked on.
    pub store: Store,
    pub lifecycle: Lifecycle,
    /// Where the consumer's health is told.
    pub health: Health,
}

/// Runs one worker on its queue until the process stops.
pub async fn run<W: Worker>(worker: Arc<W>, around: ConsumerContext) {
    let stop = around.lifecycle.stop.clone();
    // Without a flow of its own a worker's is open for ever; the sender must live as long as the loop.
    let (always, open) = watch::channel(Flow::Open);
    let mut flow = worker.flow().unwrap_or(open);
    let mut away = around.lifecycle.services.away(Service::Database);
    while !stop.is_cancelled() {
        if *away.borrow_and_update() {
            database_is_back(worker.queue(), &around, &mut away).await;
            continue;
        }
        let now = *flow.borrow_and_update();
        match now {
            Flow::Open => consume(&worker, &around, around.prefetch, &mut flow).await,
            Flow::OneByOne => consume(&worker, &around, 1, &mut flow).await,
            Flow::Shut => {
                around.health.pause_consumer(worker.queue());
                tokio::select! {
                    _changed = flow.changed() => {}
                    () = stop.cancelled() => {}
                }
            }
        }
    }
    drop(always);
}

/// Waits without a message in hand until the database is back or the process stops.
///
/// What the broker does not deliver it cannot count as delivered: connections that break meanwhile bring no message
/// nearer to its delivery limit (invariant 6).
async fn database_is_back(queue: &'static str, around: &ConsumerContext, away: &mut watch::Receiver<bool>) {
    let lifecycle = &around.lifecycle;
    around.health.hold_consumer(queue, lifecycle.services.clone());
    tokio::select! {
        // It may be cut short by a stop, which is why its answer is of no interest.
        _probed = until_available(lifecycle, || around.store.check()) => {}
        () = lifecycle.stop.cancelled() => return,
    }
    // Others of this process may still wait for a part of it.
    tokio::select! {
        _changed = away.wait_for(|away| !away) => {}
        () = tokio::time::sleep(OUTAGE_PAUSE_MAX) => {}
        () = lifecycle.stop.cancelled() => {}
    }
}

/// Returns once the database has been away for longer than the grace.
async fn away_for_long(mut away: watch::Receiver<bool>) {
    loop {
        if away.wait_for(|away| *away).await.is_err() {
            // Nobody can tell any more.
            return std::future::pending().await;
        }
        tokio::time::sleep(AWAY_GRACE).await;
        if *away.borrow_and_update() {
            return;
        }
    }
}

/// Consumes until the process stops or the messages are to flow in another way, and ends with nothing in hand.
async fn consume<W: Worker>(
    worker: &Arc<W>,
    around: &ConsumerContext,
    prefetch: u16,
    flow: &mut watch::Receiver<Flow>,
) {
    let ConsumerContext { lifecycle, publisher, .. } = around;
    let queue = worker.queue();
    let settings = ConsumerSettings {
        broker: around.broker.clone(),
        queue,
        prefetch,
        watchdog_ms: WATCHDOG_MS,
        in_hand_max_ms: IN_HAND_MAX_MS,
    };
    let enough = lifecycle.stop.child_token();
    let mut consumer =
        Consumer::start(settings, enough.clone(), lifecycle.shutdown.clone(), &lifecycle.tracker);
    around.health.watch_consumer(queue, consumer.monitor());
    let slots = Arc::new(Semaphore::new(usize::from(prefetch)));
    let mut away = pin!(away_for_long(lifecycle.services.away(Service::Database)));
    loop {
        let incoming = tokio::select! {
            biased;
            () = &mut away, if !enough.is_cancelled() => {
                enough.cancel();
                continue;
            }
            changed = flow.changed(), if !enough.is_cancelled() => {
                // What was delivered by then is still handled: a message that is given back counts as delivered
                // once more, and the broker keeps too many of those from everybody.
                drop(changed);
                enough.cancel();
                continue;
            }
            incoming = consumer.deliveries.recv() => incoming,
        };
        let Some(incoming) = incoming else { break };
        if lifecycle.stop.is_cancelled() {
            continue;
        }
        let slot = slots.clone().acquire_owned().await.expect("the semaphore is never closed");
        let (worker, publisher, lifecycle) = (worker.clone(), publisher.clone(), lifecycle.clone());
        lifecycle.tracker.clone().spawn(async move {
            one(worker.as_ref(), incoming, &publisher, &lifecycle).await;
            drop(slot);
        });
    }
    // What is in hand still runs; the slots are free again when all of it has ended, or it is left at the hard stop.
    tokio::select! {
        _all_done = slots.acquire_many(u32::from(prefetch)) => {}
        () = lifecycle.shutdown.cancelled() => {}
    }
}

/// Handles one message and carries its disposition out.
async fn one<W: Worker>(worker: &W, incoming: Incoming, publisher: &Publisher, lifecycle: &Lifecycle) {
    let Incoming { message, settler } = incoming;
    if !settler.is_usable() {
        return;
    }
    let (generation, movement) = (OnceLock::new(), Movement::default());
    let hand = InHand {
        message: &message,
        generation: &generation,
        settler: &settler,
        movement: &movement,
        lifecycle,
    };
    let handled = {
        let handling = pin!(std::panic::AssertUnwindSafe(worker.handle(&hand)).catch_unwind());
        movement.bounded(handling).await
    };
    let disposition = match handled {
        Some(Ok(Ok(disposition))) => disposition,
        Some(Ok(Err(Interrupted::Left))) => return,
        Some(Ok(Err(Interrupted::Refused(problem)))) => {
            refused(worker.queue(), &message, settler, &problem, lifecycle).await;
            return;
        }
        // The message goes back; the broker's delivery limit ends a crash loop in the dead queue.
        Some(Err(_panic)) => {
            error!(
                queue = worker.queue(),
                message_id = message.message_id.as_deref(),
                "a worker panicked over a message"
            );
            settler.release();
            return;
        }
        None => {
            error!(
                queue = worker.queue(),
                message_id = message.message_id.as_deref(),
                "the work of a message stood still; it goes back"
            );
            settler.release();
            return;
        }
    };
    let (follow_ups, payment) = match disposition {
        Disposition::Done(follow_ups) => (follow_ups, None),
        Disposition::Told(Told { messages, debts, store }) => (messages, Some((store, debts))),
        Disposition::Again { step, attempt } => match copy_for(&message, &generation, step, attempt) {
            Some(copy) => (vec![copy], None),
            None => {
                error!(queue = worker.queue(), "what is no job cannot wait; it goes to the dead queue");
                settler.reject();
                return;
            }
        },
        Disposition::Reject => {
            settler.reject();
            return;
        }
    };
    match publish(publisher, follow_ups, lifecycle).await {
        Ok(()) => {
            settler.ack();
            if let Some((store, debts)) = payment {
                store.pay_later(debts);
            }
        }
        Err(Unpublished::Interrupted) => {}
        // What must follow can never follow: a person has to look.
        Err(Unpublished::Never) => settler.reject(),
    }
}
