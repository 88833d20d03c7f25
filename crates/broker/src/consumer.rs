//! Consuming: deliveries with an answer each, over connections that are rebuilt for ever.

mod feeding;
mod ledger;
mod session;
mod settling;
mod watchdog;

use std::{
    fmt,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

use tokio::sync::{mpsc, watch};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use crate::{message::InMessage, settings::BrokerSettings};
use ledger::Answer;
use session::{ConnectionState, Owner};
use settling::PendingAck;

/// What to consume, and how.
#[derive(Debug, Clone)]
pub struct ConsumerSettings {
    /// The broker.
    pub broker: BrokerSettings,
    /// The queue.
    pub queue: &'static str,
    /// How many messages may be in hand at once, at least 1.
    pub prefetch: u16,
    /// The connection is rebuilt when messages are ready and none came for this time, although there was room.
    pub watchdog_ms: u64,
    /// A consumer is stuck while a message has been in hand for this time without an answer; after twice this time the
    /// connection is rebuilt, so that the broker gives what was in hand to somebody else.
    pub in_hand_max_ms: u64,
}

/// A running consumer.
#[derive(Debug)]
pub struct Consumer {
    /// The messages; it ends after a stop, when everything that was delivered has been taken.
    ///
    /// Dropping it stops consuming, too; what was not taken goes back to the queue.
    pub deliveries: mpsc::Receiver<Incoming>,
    monitor: ConsumerMonitor,
}

/// What can be asked about a consumer while its deliveries are elsewhere.
#[derive(Debug, Clone)]
pub struct ConsumerMonitor {
    health: watch::Receiver<ConsumerHealth>,
    counts: Arc<Counts>,
}

/// What a consumer is doing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ConsumerHealth {
    /// The broker delivers to it.
    Consuming,
    /// A message has been in hand for too long without an answer.
    Stuck {
        /// For how long, at least.
        for_ms: u64,
    },
    /// There is no connection, or no queue.
    Disconnected,
    /// It takes nothing new; what is in hand can still be answered.
    Draining,
    /// It has ended.
    Stopped,
}

/// One message in hand.
#[derive(Debug)]
pub struct Incoming {
    /// The message.
    pub message: InMessage,
    /// Its answer.
    pub settler: Settler,
}

/// The right to answer one message once.
///
/// A settler that is dropped leaves its message with this consumer until the connection ends; then the broker delivers it again.
pub struct Settler {
    settlement: PendingAck,
    life: Arc<ConnectionState>,
    answers: mpsc::Sender<(PendingAck, Answer)>,
}

/// What is counted over all connections of a consumer.
#[derive(Debug, Default)]
struct Counts {
    settlements_lost: AtomicU64,
    rebuilds: AtomicU64,
}

impl Consumer {
    /// Starts the owner task.
    ///
    /// `stop` is soft: nothing new is asked for, and what is in hand can be answered until every settler is used or dropped.
    /// `shutdown` is hard: what was answered is written, and the connection is closed.
    pub fn start(
        mut settings: ConsumerSettings,
        stop: CancellationToken,
        shutdown: CancellationToken,
        tracker: &TaskTracker,
    ) -> Self {
        // A prefetch of 0 would mean no limit at all.
        settings.prefetch = settings.prefetch.max(1);
        let (out, deliveries) = mpsc::channel(usize::from(settings.prefetch));
        let (health_in, health) = watch::channel(ConsumerHealth::Disconnected);
        let counts = Arc::new(Counts::default());
        let monitor = ConsumerMonitor { health, counts: Arc::clone(&counts) };
        let owner = Owner { settings, out: Some(out), health: health_in, counts, stop, shutdown };
        tracker.spawn(owner.run());
        Self { deliveries, monitor }
    }

    /// What the consumer is doing.
    pub fn health(&self) -> ConsumerHealth {
        self.monitor.health()
    }

    /// A handle for health and counts that outlives the move of `deliveries`.
    pub fn monitor(&self) -> ConsumerMonitor {
        self.monitor.clone()
    }
}

impl ConsumerMonitor {
    /// What the consumer is doing.
    pub fn health(&self) -> ConsumerHealth {
        if self.health.has_changed().is_err() {
            return ConsumerHealth::Stopped;
        }
        *self.health.borrow()
    }

    /// How many answers could not be written to the broker, which delivers those messages again.
    pub fn settlements_lost(&self) -> u64 {
        self.counts.settlements_lost.load(Ordering::Relaxed)
    }

    /// How often a connection that had been consuming was lost.
    pub fn rebuilds(&self) -> u64 {
        self.counts.rebuilds.load(Ordering::Relaxed)
    }
}

impl Settler {
    /// Whether the message is still ours to work on.
    ///
    /// It is not, once the connection that delivered it is gone: no side effect may begin then.
    pub fn is_usable(&self) -> bool {
        self.life.is_alive() && self.settlement.is_usable()
    }

    /// The message is done.
    pub fn ack(self) {
        self.answer(Answer::Ack);
    }

    /// The message goes back to its queue, and comes one step nearer to the queue's delivery limit.
    pub fn release(self) {
        self.answer(Answer::Release);
    }

    /// The message goes to the dead queue.
    pub fn reject(self) {
        self.answer(Answer::Reject);
    }

    fn answer(self, answer: Answer) {
        let settlement = self.settlement.answered();
        // There are never more answers on their way than messages in hand, so only a dead connection refuses one.
        // A settlement that is dropped unwritten counts itself as lost.
        if let Err(refused) = self.answers.try_send((settlement, answer)) {
            drop(refused);
        }
    }
}

impl fmt::Debug for Settler {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Settler").field("is_usable", &self.is_usable()).finish_non_exhaustive()
    }
}
