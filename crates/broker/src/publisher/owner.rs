//! The one task that owns the publishing connection and its channels.

use std::time::Duration;

use futures::{StreamExt, future::BoxFuture, stream::FuturesUnordered};
use tokio::{
    sync::{mpsc, watch},
    time::{Instant, sleep_until},
};
use tokio_util::sync::CancellationToken;

use super::{
    Call, FLUSH_TIMEOUT_MS, PublisherHealth,
    lane::{Lane, Spent},
};
use crate::{
    error::{BrokerError, PublishError},
    link::{Link, LinkEvent, LinkEvents},
    settings::BrokerSettings,
    supervisor::{Pauses, Resume},
};

/// So many batches are in flight at once, each on a channel of its own.
const LANES: usize = 2;
/// A batch is closed when it has at least this many messages.
const BATCH_MESSAGES: usize = 500;

/// How a connection's life ended.
enum End {
    Finished,
    Lost(BrokerError),
}

/// What a connection is doing.
struct Session {
    link: Link,
    events: LinkEvents,
    idle: Vec<Lane>,
    in_flight: FuturesUnordered<BoxFuture<'static, Spent>>,
    confirm_timeout: Duration,
    blocked: Blocked,
    flush_until: Option<Instant>,
}

/// Whether the broker takes publishes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Blocked {
    No,
    /// Nothing can be written.
    Yes,
    /// Nothing can be written, and a batch was given up meanwhile, so that its channel is unusable.
    WithLoss,
}

pub(super) async fn run(
    settings: BrokerSettings,
    mut mailbox: mpsc::Receiver<Call>,
    health: watch::Sender<PublisherHealth>,
    shutdown: CancellationToken,
) {
    let mut pauses = Pauses::new(settings.backoff_max_ms);
    loop {
        let opened = tokio::select! {
            opened = Session::open(&settings) => opened,
            () = shutdown.cancelled() => break,
        };
        let end = match opened {
            Ok(mut session) => {
                pauses.connected(&settings.name);
                health.send_replace(PublisherHealth::Connected);
                let end = session.serve(&mut mailbox, &health, &shutdown).await;
                health.send_replace(PublisherHealth::Disconnected);
                session.close().await;
                end
            }
            Err(error) => End::Lost(error),
        };
        match end {
            End::Finished => break,
            End::Lost(cause) => {
                if pauses.pause(&settings.name, &cause, shutdown.cancelled()).await == Resume::Stop {
                    break;
                }
            }
        }
    }
    mailbox.close();
    while let Ok(call) = mailbox.try_recv() {
        // A caller that no longer waits needs no answer.
        let _ = call.answer.send(Err(PublishError::Stopped));
    }
}

impl Session {
    async fn open(settings: &BrokerSettings) -> Result<Self, BrokerError> {
        let (link, events) = Link::open(settings, "publish").await?;
        let mut idle = Vec::with_capacity(LANES);
        for _ in 0..LANES {
            idle.push(Lane::new(link.confirming_channel().await?));
        }
        Ok(Self {
            link,
            events,
            idle,
            in_flight: FuturesUnordered::new(),
            confirm_timeout: settings.confirm_timeout(),
            blocked: Blocked::No,
            flush_until: None,
        })
    }

    /// Publishes what comes, until the connection is lost or everything is flushed after a shutdown.
    async fn serve(
        &mut self,
        mailbox: &mut mpsc::Receiver<Call>,
        health: &watch::Sender<PublisherHealth>,
        shutdown: &CancellationToken,
    ) -> End {
        let mut drained = false;
        loop {
            if drained && self.in_flight.is_empty() {
                return End::Finished;
            }
            let may_publish = !drained && !self.idle.is_empty() && self.blocked == Blocked::No;
            let flush_until = self.flush_until;
            tokio::select! {
                biased;
                event = self.events.next() => {
                    if let Err(cause) = self.note(event, health) {
                        return End::Lost(cause);
                    }
                }
                Some(spent) = self.in_flight.next() => {
                    if let Err(cause) = self.take_back(spent) {
                        return End::Lost(cause);
                    }
                }
                () = shutdown.cancelled(), if flush_until.is_none() => {
                    mailbox.close();
                    self.flush_until = Some(Instant::now() + Duration::from_millis(FLUSH_TIMEOUT_MS));
                }
                () = until(flush_until), if flush_until.is_some() => return End::Finished,
                call = mailbox.recv(), if may_publish => match call {
                    Some(first) => self.launch(batch(first, mailbox)),
                    None => drained = true,
                },
            }
        }
    }

    fn launch(&mut self, calls: Vec<Call>) {
        if calls.is_empty() {
            return;
        }
        let lane = self.idle.pop().expect("a batch is taken only while a lane is idle");
        self.in_flight.push(Box::pin(lane.carry(calls, self.confirm_timeout)));
    }

    fn note(&mut self, event: LinkEvent, health: &watch::Sender<PublisherHealth>) -> Result<(), BrokerError> {
        match (event, self.blocked) {
            (LinkEvent::Lost(cause), _) => Err(cause),
            (LinkEvent::Blocked, Blocked::No) => {
                tracing::warn!("the broker has an alarm and takes no publishes; free its memory or disk");
                self.blocked = Blocked::Yes;
                health.send_replace(PublisherHealth::Blocked);
                Ok(())
            }
            (LinkEvent::Unblocked, Blocked::Yes) => {
                tracing::info!("the broker takes publishes again");
                self.blocked = Blocked::No;
                health.send_replace(PublisherHealth::Connected);
                Ok(())
            }
            (LinkEvent::Unblocked, Blocked::WithLoss) => Err(self.unknown()),
            (LinkEvent::Blocked, Blocked::Yes | Blocked::WithLoss) | (LinkEvent::Unblocked, Blocked::No) => {
                Ok(())
            }
        }
    }

    /// Takes a lane back; a broken one ends the connection, but only once the broker can be told.
    fn take_back(&mut self, spent: Spent) -> Result<(), BrokerError> {
        match (spent, self.blocked) {
            (Spent::Idle(lane), _) => self.idle.push(lane),
            (Spent::Broken, Blocked::No) => return Err(self.unknown()),
            (Spent::Broken, Blocked::Yes | Blocked::WithLoss) => self.blocked = Blocked::WithLoss,
        }
        Ok(())
    }

    fn unknown(&self) -> BrokerError {
        BrokerError::Unreachable {
            endpoint: self.link.endpoint().to_owned(),
            detail: "confirms of a batch are unknown".to_owned(),
        }
    }

    async fn close(self) {
        let Self { link, idle, in_flight, .. } = self;
        drop((idle, in_flight));
        link.close().await;
    }
}

/// Collects the calls that wait already, without waiting for more.
///
/// A call whose caller gave up is left out: it was told that the outcome is unknown and publishes again itself.
fn batch(first: Call, mailbox: &mut mpsc::Receiver<Call>) -> Vec<Call> {
    let mut calls = Vec::new();
    let mut messages = 0;
    let mut next = Some(first);
    while let Some(call) = next {
        if !call.answer.is_closed() {
            messages += call.messages.len();
            calls.push(call);
        }
        next = if messages < BATCH_MESSAGES { mailbox.try_recv().ok() } else { None };
    }
    calls
}

async fn until(deadline: Option<Instant>) {
    match deadline {
        Some(deadline) => sleep_until(deadline).await,
        None => std::future::pending().await,
    }
}
