//! One connection's outcomes, from the queue to the endpoint.

use std::time::Duration;

use closure_broker::{Consumer, ConsumerHealth, ConsumerSettings, Incoming, OutMessage};
use closure_contract::{
    AttemptNumber, Generation, OutcomeIds,
    topology::{WEBHOOKS_ASIDE, WorkQueue},
};
use closure_policy::webhook::{self, Next};
use closure_providers::WebhookReply;
use futures::{StreamExt, future::BoxFuture, stream::FuturesUnordered};
use tokio::time::{Instant, sleep_until};
use tokio_util::sync::CancellationToken;
use tracing::{debug, error, warn};
use uuid::Uuid;

use super::{
    WebhooksWorker,
    aside::Aside,
    endpoint_health::Endpoint,
    lanes::Lanes,
    troubles::{Alarm, Troubles},
};
use crate::runtime::{self, Unpublished};

/// How often it is looked for what waits in hand for too long, at least.
const LOOK_EVERY_MAX: Duration = Duration::from_secs(30);

/// The outcomes that one connection has brought.
pub(super) struct Session<'a> {
    worker: &'a WebhooksWorker,
    endpoint: &'a mut Endpoint,
    troubles: &'a mut Troubles,
    lanes: Lanes<Held>,
    under_way: FuturesUnordered<BoxFuture<'a, Tried>>,
    /// The ways to the desk, which keep nobody but their own lane: one that the broker does not take for now is dropped
    /// with this session, its message comes again, and the desk knows a repeat by its bytes.
    to_the_desk: FuturesUnordered<BoxFuture<'a, PutAside>>,
    /// Whether there was nothing in hand at the last look, and nothing came since.
    was_idle: bool,
}

/// An outcome in hand.
struct Held {
    outcome_id: Uuid,
    incoming: Incoming,
    received: Instant,
}

/// A try of a lane's first outcome has ended.
struct Tried {
    subject: Uuid,
    reply: WebhookReply,
}

/// The way of a lane's first outcome to the desk has ended.
struct PutAside {
    subject: Uuid,
    published: Result<(), Unpublished>,
}

impl<'a> Session<'a> {
    pub(super) fn new(
        worker: &'a WebhooksWorker,
        endpoint: &'a mut Endpoint,
        troubles: &'a mut Troubles,
    ) -> Self {
        troubles.forget_old(Instant::now());
        Self {
            worker,
            endpoint,
            troubles,
            lanes: Lanes::new(),
            under_way: FuturesUnordered::new(),
            to_the_desk: FuturesUnordered::new(),
            was_idle: false,
        }
    }

    /// Carries outcomes until the process stops, or until one has waited in hand for too long.
    ///
    /// The consumer is never cancelled: the broker would give later outcomes of a job to another worker while this one
    /// holds an earlier one. The tries under way are finished, and then the connection is closed with all that is in hand.
    pub(super) async fn run(mut self) {
        let (lifecycle, queue) = (&self.worker.lifecycle, WorkQueue::Webhooks.name());
        let in_hand_max = self.worker.in_hand_max;
        let closing = lifecycle.shutdown.child_token();
        let settings = ConsumerSettings {
            broker: self.worker.broker.clone(),
            queue,
            prefetch: self.worker.prefetch,
            // Whoever stands by gets nothing although messages are ready.
            watchdog_ms: u64::MAX,
            // It calls itself stuck only where giving back did not help.
            in_hand_max_ms: u64::try_from(in_hand_max.as_millis()).unwrap_or(u64::MAX).saturating_mul(2),
        };
        let never = CancellationToken::new();
        let mut consumer = Consumer::start(settings, never, closing.clone(), &lifecycle.tracker);
        self.worker.health.watch_consumer(queue, consumer.monitor());
        let mut looks = tokio::time::interval(in_hand_max.min(LOOK_EVERY_MAX));
        let mut is_ending = false;
        loop {
            let wake = if is_ending { None } else { self.begin() };
            if is_ending && self.under_way.is_empty() {
                break;
            }
            tokio::select! {
                biased;
                () = closing.cancelled() => break,
                () = lifecycle.stop.cancelled(), if !is_ending => is_ending = true,
                Some(tried) = self.under_way.next() => self.settle(tried),
                Some(put_aside) = self.to_the_desk.next() => self.settle_aside(put_aside),
                incoming = consumer.deliveries.recv(), if !is_ending => match incoming {
                    Some(incoming) => self.take(incoming),
                    None => break,
                },
                () = until(wake) => {}
                _look = looks.tick() => is_ending |= self.look(consumer.health()),
            }
        }
        closing.cancel();
        while consumer.deliveries.recv().await.is_some() {}
    }

    /// Whether something has waited in hand for too long.
    fn look(&mut self, health: ConsumerHealth) -> bool {
        let is_idle = self.lanes.is_empty() && health == ConsumerHealth::Consuming;
        if is_idle && self.was_idle {
            self.endpoint.nothing_to_try(Instant::now());
        }
        self.was_idle = is_idle;
        self.lanes.iter().any(|held| held.received.elapsed() >= self.worker.in_hand_max)
    }

    /// Puts an outcome behind the others of its job.
    fn take(&mut self, incoming: Incoming) {
        let Some(ids) = OutcomeIds::decode(&incoming.message.body) else {
            error!(
                message_id = incoming.message.message_id.as_deref(),
                "a message names no outcome_id and no job; it goes to the dead queue"
            );
            incoming.settler.reject();
            return;
        };
        self.was_idle = false;
        let now = Instant::now();
        let due = self.troubles.due(ids.outcome_id, now);
        // What an earlier connection brought of this job comes again by this one.
        self.lanes.keep_behind_first(ids.subject, |held| held.incoming.settler.is_usable());
        let held = Held { outcome_id: ids.outcome_id, incoming, received: now };
        self.lanes.push(ids.subject, held, due);
    }

    /// Begins as many tries as may be under way, and says when the next one may begin.
    fn begin(&mut self) -> Option<Instant> {
        while self.under_way.len() < self.worker.connections_max {
            let now = Instant::now();
            let open_at = self.endpoint.open_at(self.under_way.len(), now)?;
            if open_at > now {
                return Some(open_at);
            }
            let Some(subject) = self.lanes.next(now) else { return self.lanes.next_due() };
            let Some(held) = self.lanes.first(subject) else { continue };
            if !held.incoming.settler.is_usable() {
                // The connection that brought it is gone, and another brings it again.
                self.lanes.done(subject);
                continue;
            }
            let (id, body) = (held.outcome_id.to_string(), held.incoming.message.body.clone());
            let webhook = &self.worker.webhook;
            self.under_way
                .push(Box::pin(async move { Tried { subject, reply: webhook.post(&id, body).await } }));
        }
        None
    }

    fn settle(&mut self, Tried { subject, reply }: Tried) {
        let (status, asked_ms, problem) = match reply {
            WebhookReply::Answered { status, retry_after_ms } => {
                (Some(status), retry_after_ms, format!("it answered {status}"))
            }
            WebhookReply::Silent { what, .. } => (None, None, what.to_owned()),
        };
        let fault = match reply {
            WebhookReply::Answered { status, .. } => webhook::fault(status),
            WebhookReply::Silent { was_sent, .. } => Some(webhook::fault_of_silence(was_sent)),
        };
        match fault {
            None => self.taken(subject),
            Some(fault) => self.failed(subject, fault, status, asked_ms, &problem),
        }
    }

    fn settle_aside(&mut self, PutAside { subject, published }: PutAside) {
        // The process stops, and the outcome comes again.
        if published == Err(Unpublished::Interrupted) {
            return;
        }
        let Some(held) = self.lanes.done(subject) else { return };
        if published.is_ok() {
            self.troubles.forget(held.outcome_id);
            held.incoming.settler.ack();
        } else {
            held.incoming.settler.reject();
        }
    }

    fn taken(&mut self, subject: Uuid) {
        self.endpoint.took();
        if let Some(held) = self.lanes.done(subject) {
            self.troubles.taken(held.outcome_id, Instant::now());
            held.incoming.settler.ack();
        }
    }

    fn failed(
        &mut self,
        subject: Uuid,
        fault: webhook::Fault,
        status: Option<u16>,
        asked_ms: Option<u64>,
        problem: &str,
    ) {
        let now = Instant::now();
        let Some(outcome_id) = self.lanes.first(subject).map(|held| held.outcome_id) else { return };
        debug!(%outcome_id, about = %subject, problem, "the webhook did not take an outcome");
        // One that fails alone says nothing of an endpoint that takes others.
        if !self.troubles.failed(outcome_id, now) {
            self.endpoint.failed(subject, fault, asked_ms, problem, now);
        }
        if let Some(until) = self.endpoint.away_until() {
            self.troubles.everyone_fails(now);
            self.lanes.again(subject, until);
            return;
        }
        let (next, alarm) = self.troubles.next(outcome_id, fault, asked_ms, now);
        let tries = self.troubles.tries(outcome_id);
        if alarm == Alarm::Now {
            warn!(
                %outcome_id, about = %subject, tries, problem,
                "the webhook has not taken an outcome for long; it is tried again, and later ones of its job wait"
            );
        }
        match next {
            Next::Again { after_ms } => self.lanes.again(subject, now + Duration::from_millis(after_ms)),
            Next::Aside => {
                warn!(%outcome_id, about = %subject, tries, problem, "an outcome goes to the dead-letter desk");
                self.put_aside(subject, Aside { status, tries });
            }
        }
    }

    /// Begins to bring the first outcome of a lane to the desk; the next one is tried when it is there.
    fn put_aside(&mut self, subject: Uuid, reason: Aside) {
        let Some(held) = self.lanes.first(subject) else { return };
        let message = &held.incoming.message;
        let copy = OutMessage {
            exchange: WEBHOOKS_ASIDE,
            routing_key: reason.routing_key(),
            message_id: held.outcome_id.to_string(),
            kind: message.kind.clone().unwrap_or_default(),
            attempt: AttemptNumber::FIRST,
            generation: Generation::FIRST,
            traceparent: message.traceparent.clone(),
            body: message.body.clone(),
        };
        let (publisher, lifecycle) = (&self.worker.publisher, &self.worker.lifecycle);
        self.to_the_desk.push(Box::pin(async move {
            PutAside { subject, published: runtime::publish(publisher, vec![copy], lifecycle).await }
        }));
    }
}

async fn until(wake: Option<Instant>) {
    match wake {
        Some(at) => sleep_until(at).await,
        None => std::future::pending().await,
    }
}
