//! The owner task of a consumer, and the life of one of its connections.

use std::{
    pin::pin,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::Duration,
};

use lapin::{
    Channel,
    options::{BasicConsumeOptions, BasicQosOptions, QueueDeclareOptions},
    types::FieldTable,
};
use tokio::{
    sync::{mpsc, watch},
    time::Instant,
};
use tokio_util::sync::CancellationToken;

use super::{
    ConsumerHealth, ConsumerSettings, Counts, Incoming,
    feeding::{DeliveryFeed, Fed, MessageFactory},
    settling::settle,
    watchdog,
};
use crate::{
    error::BrokerError,
    link::{Link, LinkEvent, LinkEvents},
    supervisor::{Pauses, Resume},
};

/// How long a queue is read one message at a time after one could not be read.
const CAREFUL_FOR_MS: u64 = 60_000;

/// What settlers share with the connection that delivered their messages.
pub(super) struct ConnectionState {
    endpoint: String,
    alive: AtomicBool,
    started: Instant,
    delivered: AtomicU64,
    settled: AtomicU64,
    answered_through: AtomicU64,
    moved_at_ms: AtomicU64,
}

/// The owner task's property, the same over all connections.
pub(super) struct Owner {
    pub(super) settings: ConsumerSettings,
    /// Gone once everything that was delivered has been handed out, so that the receiver sees the end.
    pub(super) out: Option<mpsc::Sender<Incoming>>,
    pub(super) health: watch::Sender<ConsumerHealth>,
    pub(super) counts: Arc<Counts>,
    pub(super) stop: CancellationToken,
    pub(super) shutdown: CancellationToken,
}

/// A connection that consumes.
struct Session {
    link: Link,
    events: LinkEvents,
    consuming: Channel,
    probing: Channel,
    stream: lapin::Consumer,
}

/// How many messages a connection may have in hand.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Care {
    /// As many as the prefetch allows.
    Usual,
    /// One: another one cannot be read, and each failure counts against everything that was in hand.
    OneByOne,
}

/// How a connection's life ended.
enum End {
    /// What was delivered is answered, and nothing more was asked for.
    Finished,
    Lost(BrokerError),
}

impl Owner {
    /// Consumes over one connection after the other, until told to stop.
    pub(super) async fn run(mut self) {
        let mut pauses = Pauses::new(self.settings.broker.backoff_max_ms);
        let mut care = Care::Usual;
        while !self.is_stopping() {
            let prefetch = match care {
                Care::Usual => self.settings.prefetch,
                Care::OneByOne => 1,
            };
            let opened = tokio::select! {
                opened = Session::open(&self.settings, prefetch) => opened,
                () = self.stopping() => break,
            };
            let end = match opened {
                Ok(session) => {
                    pauses.connected(self.settings.queue);
                    self.serve(session, care).await
                }
                Err(error) => End::Lost(error),
            };
            match end {
                // One that read carefully is past what could not be read.
                End::Finished => care = Care::Usual,
                End::Lost(cause) => {
                    if matches!(cause, BrokerError::Unreadable { .. }) && care == Care::Usual {
                        tracing::error!(
                            queue = self.settings.queue,
                            "a message of this queue cannot be read; the queue is read one message at a time, and \
                             docs/runbook.md says how to take the message out"
                        );
                        care = Care::OneByOne;
                    }
                    self.health.send_replace(ConsumerHealth::Disconnected);
                    let stopping = self.stopping();
                    if pauses.pause(self.settings.queue, &cause, stopping).await == Resume::Stop {
                        break;
                    }
                }
            }
        }
    }

    fn is_stopping(&self) -> bool {
        let is_closed = self.out.as_ref().is_none_or(mpsc::Sender::is_closed);
        self.stop.is_cancelled() || self.shutdown.is_cancelled() || is_closed
    }

    async fn stopping(&self) {
        tokio::select! {
            () = self.stop.cancelled() => {}
            () = self.shutdown.cancelled() => {}
            () = closed(self.out.as_ref()) => {}
        }
    }

    /// Delivers and settles until the connection is lost or everything in hand is answered after a stop.
    ///
    /// A connection that reads carefully asks for nothing more after a while, so that the next one reads as usual.
    async fn serve(&mut self, session: Session, care: Care) -> End {
        let Session { link, mut events, consuming, probing, mut stream } = session;
        let life = Arc::new(ConnectionState::new(link.endpoint()));
        let (answers_in, answers) = mpsc::channel(usize::from(self.settings.prefetch));
        let Some(out) = self.out.clone() else {
            return End::Finished;
        };
        let enough = self.stop.child_token();
        let feeder = DeliveryFeed {
            queue: self.settings.queue,
            link: &link,
            channel: &consuming,
            stop: &enough,
            shutdown: &self.shutdown,
            out,
            maker: MessageFactory {
                life: Arc::clone(&life),
                counts: Arc::clone(&self.counts),
                answers: answers_in,
            },
        };
        let end = {
            let mut feeding = pin!(feeder.feed(&mut stream));
            let mut settling = pin!(settle(answers, &consuming, &life, &self.shutdown));
            let mut watching = pin!(watchdog::watch(&link, &probing, &self.settings, &life, &self.health));
            let mut careful = pin!(tokio::time::sleep(Duration::from_millis(CAREFUL_FOR_MS)));
            let mut is_fed = false;
            self.health.send_replace(ConsumerHealth::Consuming);
            loop {
                tokio::select! {
                    biased;
                    event = events.next() => match event {
                        LinkEvent::Lost(cause) => break End::Lost(cause),
                        // Nothing is published here, so a block does not concern this connection.
                        LinkEvent::Blocked | LinkEvent::Unblocked => {}
                    },
                    settled = &mut settling => break settled.map_or_else(End::Lost, |()| End::Finished),
                    outcome = &mut feeding, if !is_fed => match outcome {
                        Fed::Lost(cause) => break End::Lost(cause),
                        Fed::Drained => {
                            is_fed = true;
                            if self.is_stopping() {
                                self.health.send_replace(ConsumerHealth::Draining);
                                self.out = None;
                            }
                        }
                    },
                    () = &mut careful, if care == Care::OneByOne && !enough.is_cancelled() => enough.cancel(),
                    cause = &mut watching, if !is_fed => break End::Lost(cause),
                }
            }
        };
        life.end();
        match &end {
            End::Finished => {}
            End::Lost(_) => drop(self.counts.rebuilds.fetch_add(1, Ordering::Relaxed)),
        }
        link.close().await;
        drop(stream);
        end
    }
}

impl Session {
    async fn open(settings: &ConsumerSettings, prefetch: u16) -> Result<Self, BrokerError> {
        let (link, events) = Link::open(&settings.broker, "consume").await?;
        let probing = link.channel().await?;
        ready_messages(&link, &probing, settings.queue).await?;
        let consuming = link.channel().await?;
        let qos = consuming.basic_qos(prefetch, BasicQosOptions::default());
        link.ask("basic.qos", qos).await?;
        let options = BasicConsumeOptions::default();
        let consume =
            consuming.basic_consume(settings.queue.into(), "".into(), options, FieldTable::default());
        let stream = link.ask("basic.consume", consume).await?;
        Ok(Self { link, events, consuming, probing, stream })
    }
}

async fn closed(out: Option<&mpsc::Sender<Incoming>>) {
    if let Some(out) = out {
        out.closed().await;
    }
}

/// How many messages wait in a queue for somebody; an error if the queue does not exist.
pub(crate) async fn ready_messages(link: &Link, channel: &Channel, queue: &str) -> Result<u32, BrokerError> {
    let options = QueueDeclareOptions { passive: true, ..QueueDeclareOptions::default() };
    let declare = channel.queue_declare(queue.into(), options, FieldTable::default());
    Ok(link.ask("queue.declare", declare).await?.message_count())
}

impl ConnectionState {
    fn new(endpoint: &str) -> Self {
        Self {
            endpoint: endpoint.to_owned(),
            alive: AtomicBool::new(true),
            started: Instant::now(),
            delivered: AtomicU64::new(0),
            settled: AtomicU64::new(0),
            answered_through: AtomicU64::new(0),
            moved_at_ms: AtomicU64::new(0),
        }
    }

    pub(super) fn is_alive(&self) -> bool {
        self.alive.load(Ordering::Acquire)
    }

    pub(super) fn end(&self) {
        self.alive.store(false, Ordering::Release);
    }

    pub(super) fn delivered(&self) {
        self.delivered.fetch_add(1, Ordering::Relaxed);
        self.moved();
    }

    pub(super) fn settled(&self, count: u64) {
        self.settled.fetch_add(count, Ordering::Relaxed);
        self.moved();
    }

    /// Every delivery up to this tag is answered.
    pub(super) fn answered_through(&self, tag: u64) {
        self.answered_through.store(tag, Ordering::Relaxed);
    }

    /// The oldest delivery that is not answered yet.
    pub(super) fn oldest_in_hand(&self) -> Option<u64> {
        let oldest = self.answered_through.load(Ordering::Relaxed) + 1;
        (oldest <= self.delivered.load(Ordering::Relaxed)).then_some(oldest)
    }

    /// How many deliveries are not answered yet.
    pub(super) fn in_hand(&self) -> u64 {
        let settled = self.settled.load(Ordering::Relaxed);
        self.delivered.load(Ordering::Relaxed).saturating_sub(settled)
    }

    /// How long neither a delivery came nor an answer made room for one.
    pub(super) fn quiet_ms(&self) -> u64 {
        self.now_ms().saturating_sub(self.moved_at_ms.load(Ordering::Relaxed))
    }

    pub(super) fn lost(&self, detail: &str) -> BrokerError {
        BrokerError::Unreachable { endpoint: self.endpoint.clone(), detail: detail.to_owned() }
    }

    fn moved(&self) {
        self.moved_at_ms.store(self.now_ms(), Ordering::Relaxed);
    }

    fn now_ms(&self) -> u64 {
        u64::try_from(self.started.elapsed().as_millis()).unwrap_or(u64::MAX)
    }
}
