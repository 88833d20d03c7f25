//! The exchanges, queues, bindings, headers and limits of the broker, written down once.
//!
//! Every queue is a durable quorum queue with overflow `reject-publish`.
//! Where it has a dead-letter exchange, the dead-letter strategy is `at-least-once`.

use std::{fmt, str::FromStr};

use crate::job::Channel;

/// A job's body has at most this many bytes.
pub const JOB_BYTES_MAX: usize = 64 * 1024;
/// A receipt's body has at most this many bytes.
pub const RECEIPT_BYTES_MAX: usize = 64 * 1024;
/// After this many deliveries without an answer the broker gives a work queue's message to its dead queue.
pub const DELIVERY_LIMIT: u32 = 20;

/// Where the CRM, the fallback worker and the console publish jobs.
pub const JOBS: &str = "closure.jobs";
/// Where jobs with an unknown routing key end up.
pub const UNROUTABLE: &str = "closure.unroutable";
/// Where the intake and the SMS worker publish.
pub const RECEIPTS: &str = "closure.receipts";
/// Where the broker alone sends messages home from the delay queues.
pub const HOME: &str = "closure.home";
/// Where the broker alone puts messages that no worker could take.
pub const DEAD: &str = "closure.dead";
/// Where the CRM listens.
pub const OUTCOMES: &str = "closure.outcomes";

/// Which try this copy of a message asks for, from 1: a signed 32-bit number.
pub const HEADER_ATTEMPT: &str = "x-closure-attempt";
/// Which generation of the job this copy belongs to, from 1: a signed 32-bit number.
pub const HEADER_GENERATION: &str = "x-closure-generation";
/// W3C trace context.
pub const HEADER_TRACEPARENT: &str = "traceparent";

/// A queue that a worker reads.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum WorkQueue {
    /// Closure jobs of one channel.
    Jobs(Channel),
    /// Receipts and submissions.
    Receipts,
    /// The CRM's cancellations.
    Cancels,
}

impl WorkQueue {
    /// Every work queue.
    pub const ALL: [Self; 5] = [
        Self::Jobs(Channel::Sms),
        Self::Jobs(Channel::Email),
        Self::Jobs(Channel::Dial),
        Self::Receipts,
        Self::Cancels,
    ];

    /// The queue's name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Jobs(Channel::Sms) => "closure.sms",
            Self::Jobs(Channel::Email) => "closure.email",
            Self::Jobs(Channel::Dial) => "closure.dial",
            Self::Receipts => "closure.receipts",
            Self::Cancels => "closure.cancel",
        }
    }

    /// Where the broker puts what this queue's workers cannot take.
    pub fn dead_queue(self) -> &'static str {
        match self {
            Self::Jobs(Channel::Sms) => "closure.sms.dead",
            Self::Jobs(Channel::Email) => "closure.email.dead",
            Self::Jobs(Channel::Dial) => "closure.dial.dead",
            Self::Receipts => "closure.receipts.dead",
            Self::Cancels => "closure.cancel.dead",
        }
    }

    /// The routing key that leads here, on the exchange that producers use and on the way home.
    pub fn routing_key(self) -> &'static str {
        match self {
            Self::Jobs(channel) => channel.as_str(),
            Self::Receipts => "receipt",
            Self::Cancels => "cancel",
        }
    }

    /// The exchange that producers publish to in order to reach this queue.
    pub fn exchange(self) -> &'static str {
        match self {
            Self::Jobs(_) | Self::Cancels => JOBS,
            Self::Receipts => RECEIPTS,
        }
    }
}

/// One rung of the ladder: how long a message waits before it goes home.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum DelayStep {
    /// One second.
    Seconds1,
    /// Five seconds.
    Seconds5,
    /// Thirty seconds.
    Seconds30,
    /// Two minutes.
    Minutes2,
    /// Ten minutes.
    Minutes10,
    /// One hour.
    Hours1,
}

impl DelayStep {
    /// Every step, shortest first.
    pub const ALL: [Self; 6] =
        [Self::Seconds1, Self::Seconds5, Self::Seconds30, Self::Minutes2, Self::Minutes10, Self::Hours1];

    /// The delay in milliseconds.
    pub fn millis(self) -> u32 {
        match self {
            Self::Seconds1 => 1_000,
            Self::Seconds5 => 5_000,
            Self::Seconds30 => 30_000,
            Self::Minutes2 => 120_000,
            Self::Minutes10 => 600_000,
            Self::Hours1 => 3_600_000,
        }
    }

    /// The step's name in configuration, such as `30s`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Seconds1 => "1s",
            Self::Seconds5 => "5s",
            Self::Seconds30 => "30s",
            Self::Minutes2 => "2m",
            Self::Minutes10 => "10m",
            Self::Hours1 => "1h",
        }
    }

    /// The name of both the exchange and the queue of this step.
    pub fn exchange(self) -> &'static str {
        match self {
            Self::Seconds1 => "closure.retry.1s",
            Self::Seconds5 => "closure.retry.5s",
            Self::Seconds30 => "closure.retry.30s",
            Self::Minutes2 => "closure.retry.2m",
            Self::Minutes10 => "closure.retry.10m",
            Self::Hours1 => "closure.retry.1h",
        }
    }

    /// The longest step that does not overshoot a wait, or the shortest one.
    pub fn within(wait_ms: u64) -> Self {
        Self::ALL.into_iter().rev().find(|step| u64::from(step.millis()) <= wait_ms).unwrap_or(Self::Seconds1)
    }
}

impl fmt::Display for DelayStep {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A text that names no delay step.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not a delay step; the steps are 1s, 5s, 30s, 2m, 10m and 1h")]
pub struct UnknownDelayStep(pub String);

impl FromStr for DelayStep {
    type Err = UnknownDelayStep;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::ALL
            .into_iter()
            .find(|step| step.as_str() == text)
            .ok_or_else(|| UnknownDelayStep(text.to_owned()))
    }
}

/// How an exchange routes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ExchangeKind {
    /// By the exact routing key.
    Direct,
    /// To every bound queue.
    Fanout,
    /// By a pattern over the routing key's words.
    Topic,
}

/// One durable exchange.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ExchangeSpec {
    /// Its name.
    pub name: &'static str,
    /// How it routes.
    pub kind: ExchangeKind,
    /// Where messages go that it cannot route.
    pub alternate: Option<&'static str>,
}

/// One durable quorum queue.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct QueueSpec {
    /// Its name.
    pub name: &'static str,
    /// Where its dead messages go, under their own routing key.
    pub dead_letter_exchange: Option<&'static str>,
    /// How often a message may be delivered before it is dead.
    pub delivery_limit: Option<u32>,
    /// How long a message stays before it is dead, in milliseconds.
    pub message_ttl_ms: Option<u32>,
}

/// One binding of a queue to an exchange.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BindingSpec {
    /// The queue.
    pub queue: &'static str,
    /// The exchange.
    pub exchange: &'static str,
    /// The key; empty for a fanout.
    pub routing_key: &'static str,
}

/// Every exchange, those that others name first.
pub fn exchanges() -> Vec<ExchangeSpec> {
    let direct = |name| ExchangeSpec { name, kind: ExchangeKind::Direct, alternate: None };
    let fanout = |name| ExchangeSpec { name, kind: ExchangeKind::Fanout, alternate: None };
    let mut exchanges = vec![
        fanout(UNROUTABLE),
        ExchangeSpec { name: JOBS, kind: ExchangeKind::Direct, alternate: Some(UNROUTABLE) },
        direct(RECEIPTS),
        direct(HOME),
        direct(DEAD),
        ExchangeSpec { name: OUTCOMES, kind: ExchangeKind::Topic, alternate: None },
    ];
    exchanges.extend(DelayStep::ALL.map(|step| fanout(step.exchange())));
    exchanges
}

/// Every queue.
pub fn queues() -> Vec<QueueSpec> {
    let plain =
        |name| QueueSpec { name, dead_letter_exchange: None, delivery_limit: None, message_ttl_ms: None };
    let mut queues = Vec::new();
    for queue in WorkQueue::ALL {
        queues.push(QueueSpec {
            name: queue.name(),
            dead_letter_exchange: Some(DEAD),
            delivery_limit: Some(DELIVERY_LIMIT),
            message_ttl_ms: None,
        });
        queues.push(plain(queue.dead_queue()));
    }
    queues.extend(DelayStep::ALL.map(|step| QueueSpec {
        name: step.exchange(),
        dead_letter_exchange: Some(HOME),
        delivery_limit: None,
        message_ttl_ms: Some(step.millis()),
    }));
    queues.push(plain(UNROUTABLE));
    queues
}

/// Every binding.
pub fn bindings() -> Vec<BindingSpec> {
    let mut bindings = Vec::new();
    for queue in WorkQueue::ALL {
        let routing_key = queue.routing_key();
        bindings.push(BindingSpec { queue: queue.name(), exchange: queue.exchange(), routing_key });
        bindings.push(BindingSpec { queue: queue.name(), exchange: HOME, routing_key });
        bindings.push(BindingSpec { queue: queue.dead_queue(), exchange: DEAD, routing_key });
    }
    bindings.extend(DelayStep::ALL.map(|step| BindingSpec {
        queue: step.exchange(),
        exchange: step.exchange(),
        routing_key: "",
    }));
    bindings.push(BindingSpec { queue: UNROUTABLE, exchange: UNROUTABLE, routing_key: "" });
    bindings
}
