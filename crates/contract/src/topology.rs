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
/// Where the fallback worker alone publishes: whatever its key, it leads to the email queue and nowhere else.
pub const FALLBACK: &str = "closure.fallback";
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
/// Where the console alone publishes: what a person sends to the CRM's webhook again, and to nobody else.
pub const WEBHOOKS_AGAIN: &str = "closure.webhooks.again";
/// Where the webhooks worker puts the outcomes that a person must look at; the routing key says why.
pub const WEBHOOKS_ASIDE: &str = "closure.webhooks.aside";
/// An outcome that the CRM's webhook has not taken after this time goes to the dead-letter desk, which keeps it: the
/// disks of a broker are no archive.
pub const WEBHOOK_TTL_MS: u32 = 7 * 24 * 3_600_000;

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
    /// What is told to the CRM's webhook, where it has one.
    Webhooks,
}

impl WorkQueue {
    /// Every work queue.
    pub const ALL: [Self; 6] = [
        Self::Jobs(Channel::Sms),
        Self::Jobs(Channel::Email),
        Self::Jobs(Channel::Dial),
        Self::Receipts,
        Self::Cancels,
        Self::Webhooks,
    ];

    /// The queue's name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Jobs(Channel::Sms) => "closure.sms",
            Self::Jobs(Channel::Email) => "closure.email",
            Self::Jobs(Channel::Dial) => "closure.dial",
            Self::Receipts => "closure.receipts",
            Self::Cancels => "closure.cancel",
            Self::Webhooks => "closure.webhooks",
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
            Self::Webhooks => "closure.webhooks.dead",
        }
    }

    /// The routing key that leads here, on the exchange that producers use and on the way home.
    pub fn routing_key(self) -> &'static str {
        match self {
            Self::Jobs(channel) => channel.as_str(),
            Self::Receipts => "receipt",
            Self::Cancels => "cancel",
            Self::Webhooks => "webhook",
        }
    }

    /// The exchange that producers publish to in order to reach this queue.
    pub fn exchange(self) -> &'static str {
        match self {
            Self::Jobs(_) | Self::Cancels => JOBS,
            Self::Receipts => RECEIPTS,
            Self::Webhooks => WEBHOOKS_AGAIN,
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

    /// The name of both the exchange and the queue in which one channel's jobs wait for this step.
    ///
    /// Where they go from there is fixed in the queue, so that the right to write to one channel's exchanges is the
    /// right to that channel alone.
    pub fn exchange(self, channel: Channel) -> &'static str {
        macro_rules! of_channel {
            ($delay:literal) => {
                match channel {
                    Channel::Sms => concat!("closure.retry.sms.", $delay),
                    Channel::Email => concat!("closure.retry.email.", $delay),
                    Channel::Dial => concat!("closure.retry.dial.", $delay),
                }
            };
        }
        match self {
            Self::Seconds1 => of_channel!("1s"),
            Self::Seconds5 => of_channel!("5s"),
            Self::Seconds30 => of_channel!("30s"),
            Self::Minutes2 => of_channel!("2m"),
            Self::Minutes10 => of_channel!("10m"),
            Self::Hours1 => of_channel!("1h"),
        }
    }

    /// The exchange and queue that earlier releases used for all channels together.
    ///
    /// Nothing declares or writes to them any more; a broker that has them keeps them until a person takes them away.
    pub fn former_exchange(self) -> &'static str {
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
    /// Who publishes to it.
    pub writer: Writer,
}

/// Who publishes to an exchange.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Writer {
    /// Processes: the fleet's own, or the CRM's.
    Processes,
    /// The broker alone, as a dead-letter exchange of queues whose strategy is at-least-once: while the exchange is
    /// gone, what would go there stays in its queue.
    Broker,
}

/// One durable quorum queue.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct QueueSpec {
    /// Its name.
    pub name: &'static str,
    /// Where its dead messages go.
    pub dead_letter_exchange: Option<&'static str>,
    /// The key under which they go there; their own where nothing is given.
    pub dead_letter_routing_key: Option<&'static str>,
    /// How often a message may be delivered before it is dead.
    pub delivery_limit: Option<u32>,
    /// How long a message stays before it is dead, in milliseconds.
    pub message_ttl_ms: Option<u32>,
    /// How many consumers get messages at a time.
    pub consumers: Consumers,
}

/// How many consumers of a queue get messages at a time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Consumers {
    /// Every one.
    All,
    /// One, until its connection ends; the others stand by. What it had in hand comes first to its successor, in order.
    OneActive,
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

/// Every channel's every delay step.
fn delays() -> impl Iterator<Item = (Channel, DelayStep)> {
    Channel::ALL.into_iter().flat_map(|channel| DelayStep::ALL.map(|step| (channel, step)))
}

/// Every exchange, those that others name first.
///
/// What the broker alone sends and cannot route becomes a dead letter: a queue whose dead-letter strategy is
/// at-least-once would keep it for ever, and everything behind it too.
pub fn exchanges() -> Vec<ExchangeSpec> {
    let of = |name, kind, alternate, writer| ExchangeSpec { name, kind, alternate, writer };
    let mut exchanges = vec![
        of(UNROUTABLE, ExchangeKind::Fanout, None, Writer::Processes),
        of(JOBS, ExchangeKind::Direct, Some(UNROUTABLE), Writer::Processes),
        of(FALLBACK, ExchangeKind::Fanout, None, Writer::Processes),
        of(RECEIPTS, ExchangeKind::Direct, None, Writer::Processes),
        of(HOME, ExchangeKind::Direct, Some(UNROUTABLE), Writer::Broker),
        of(DEAD, ExchangeKind::Direct, Some(UNROUTABLE), Writer::Broker),
        of(OUTCOMES, ExchangeKind::Topic, None, Writer::Processes),
        of(WEBHOOKS_AGAIN, ExchangeKind::Direct, None, Writer::Processes),
        of(WEBHOOKS_ASIDE, ExchangeKind::Fanout, None, Writer::Processes),
    ];
    exchanges
        .extend(delays().map(|(channel, step)| {
            of(step.exchange(channel), ExchangeKind::Fanout, None, Writer::Processes)
        }));
    exchanges
}

/// Every queue.
pub fn queues() -> Vec<QueueSpec> {
    let plain = |name| QueueSpec {
        name,
        dead_letter_exchange: None,
        dead_letter_routing_key: None,
        delivery_limit: None,
        message_ttl_ms: None,
        consumers: Consumers::All,
    };
    let mut queues = Vec::new();
    for queue in WorkQueue::ALL {
        queues.push(match queue {
            WorkQueue::Jobs(_) | WorkQueue::Receipts | WorkQueue::Cancels => QueueSpec {
                dead_letter_exchange: Some(DEAD),
                delivery_limit: Some(DELIVERY_LIMIT),
                ..plain(queue.name())
            },
            // An outage of the CRM outlasts many deliveries. An outcome keeps the routing key under which it was told,
            // which leads to no dead queue.
            WorkQueue::Webhooks => QueueSpec {
                dead_letter_exchange: Some(DEAD),
                dead_letter_routing_key: Some(queue.routing_key()),
                message_ttl_ms: Some(WEBHOOK_TTL_MS),
                consumers: Consumers::OneActive,
                ..plain(queue.name())
            },
        });
        queues.push(plain(queue.dead_queue()));
    }
    queues.extend(delays().map(|(channel, step)| QueueSpec {
        dead_letter_exchange: Some(HOME),
        dead_letter_routing_key: Some(WorkQueue::Jobs(channel).routing_key()),
        message_ttl_ms: Some(step.millis()),
        ..plain(step.exchange(channel))
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
    bindings.extend(delays().map(|(channel, step)| BindingSpec {
        queue: step.exchange(channel),
        exchange: step.exchange(channel),
        routing_key: "",
    }));
    let email = WorkQueue::Jobs(Channel::Email).name();
    bindings.push(BindingSpec { queue: email, exchange: FALLBACK, routing_key: "" });
    bindings.push(BindingSpec { queue: UNROUTABLE, exchange: UNROUTABLE, routing_key: "" });
    let aside = WorkQueue::Webhooks.dead_queue();
    bindings.push(BindingSpec { queue: aside, exchange: WEBHOOKS_ASIDE, routing_key: "" });
    bindings
}

/// What leads every outcome to the webhooks worker: there only where the CRM has a webhook, so that nothing gathers in a
/// queue that nobody reads.
pub const WEBHOOKS_FEED: BindingSpec =
    BindingSpec { queue: "closure.webhooks", exchange: OUTCOMES, routing_key: "#" };
