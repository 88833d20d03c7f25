//! Declaring and checking what `contract::topology` says.

use closure_contract::topology::{
    self as contract, BindingSpec, Consumers, DelayStep, ExchangeKind, ExchangeSpec, QueueSpec, Writer,
};
use lapin::{
    Channel, Queue,
    options::{ExchangeDeclareOptions, ExchangeDeleteOptions, QueueBindOptions, QueueDeclareOptions},
    types::{AMQPValue, FieldTable},
};

pub use crate::differences::{Difference, Object, Problem};
use crate::{
    error::{BrokerError, TopologyError},
    link::Link,
    settings::BrokerSettings,
};

/// The delivery limit of queues that must not give a message up.
///
/// From 4.0 on a quorum queue without a limit has one of 20, and drops what exceeds it where there is no dead-letter exchange; 3.x does not know `-1`.
const DELIVERIES_UNLIMITED: u32 = i32::MAX as u32;

/// What [`apply`] made sure of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AppliedTopology {
    /// Exchanges that exist as they should.
    pub exchanges: usize,
    /// Queues that exist as they should.
    pub queues: usize,
    /// Bindings that exist.
    pub bindings: usize,
}

/// Declares every exchange, queue and binding; what exists already as it should is left as it is.
///
/// An exchange to which the broker alone publishes is replaced where it differs: what would go there meanwhile stays
/// in its queue, because every such queue's dead-letter strategy is at-least-once.
pub async fn apply(settings: &BrokerSettings) -> Result<AppliedTopology, TopologyError> {
    let mut survey = Survey::open(settings).await?;
    let (exchanges, queues, bindings) = (contract::exchanges(), contract::queues(), contract::bindings());
    for exchange in &exchanges {
        match exchange.writer {
            Writer::Processes => survey.declare_exchange(exchange).await?,
            Writer::Broker => survey.replace_exchange(exchange).await?,
        }
    }
    for queue in &queues {
        survey.declare_queue(queue).await?;
    }
    for binding in &bindings {
        survey.bind(binding).await?;
    }
    survey.finish().await?;
    Ok(AppliedTopology { exchanges: exchanges.len(), queues: queues.len(), bindings: bindings.len() })
}

/// Leads every outcome to the webhooks worker from now on, or none any more; harmless when repeated.
///
/// What waits for it by then still waits for it.
pub async fn feed_webhooks(settings: &BrokerSettings, is_wanted: bool) -> Result<(), TopologyError> {
    let mut survey = Survey::open(settings).await?;
    if is_wanted {
        survey.bind(&contract::WEBHOOKS_FEED).await?;
    } else {
        survey.unbind(&contract::WEBHOOKS_FEED).await?;
    }
    survey.finish().await
}

/// Compares every exchange and queue with what it should be, and changes nothing.
///
/// Where a thing exists it is declared again, which the broker refuses if it differs; this needs the right to configure.
/// Bindings cannot be seen over AMQP; [`apply`] states them again.
pub async fn check(settings: &BrokerSettings) -> Result<(), TopologyError> {
    let mut survey = Survey::open(settings).await?;
    for exchange in contract::exchanges() {
        if survey.exchange_exists(exchange.name).await? {
            survey.declare_exchange(&exchange).await?;
        }
    }
    for queue in contract::queues() {
        if survey.queue_depth(queue.name).await?.is_some() {
            survey.declare_queue(&queue).await?;
        }
    }
    survey.finish().await
}

/// What a user may see of the topology.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Seen {
    /// Whether the arguments of every exchange and queue could be compared; they are this release's.
    pub arguments: bool,
    /// How many messages wait in each queue; `None` where the broker does not tell this user.
    pub depths: Vec<(&'static str, Option<u32>)>,
}

/// The same as [`check`], as far as the user's rights go, and how many messages wait.
///
/// Before 4.2.6 a login is all that it takes to see that a thing exists and how much waits in it; from then on the broker
/// wants some right to the thing itself (rabbitmq-server, pull request 16272).
pub async fn look(settings: &BrokerSettings) -> Result<Seen, TopologyError> {
    let arguments = match check(settings).await {
        Ok(()) => true,
        Err(TopologyError::Broker(BrokerError::AccessRefused { .. })) => false,
        Err(problem) => return Err(problem),
    };
    let mut survey = Survey::open(settings).await?;
    let mut depths = Vec::new();
    for exchange in contract::exchanges() {
        let looked = survey.exchange_exists(exchange.name).await;
        survey.unless_hidden(looked).await?;
    }
    for queue in contract::queues() {
        let looked = survey.queue_depth(queue.name).await;
        depths.push((queue.name, survey.unless_hidden(looked).await?.flatten()));
    }
    survey.finish().await?;
    Ok(Seen { arguments, depths })
}

/// Makes sure that queues exist, with no more rights than a worker has.
pub async fn verify_passively(settings: &BrokerSettings, queues: &[&str]) -> Result<(), TopologyError> {
    let mut survey = Survey::open(settings).await?;
    for queue in queues {
        survey.queue_depth(queue).await?;
    }
    survey.finish().await
}

/// The queues of earlier releases that the broker still has, with how many messages wait in each.
///
/// They go on working: what waits in them goes home by its own key when its time has come.
pub async fn former_queues(settings: &BrokerSettings) -> Result<Vec<(&'static str, u32)>, TopologyError> {
    let mut survey = Survey::open(settings).await?;
    let mut found = Vec::new();
    for queue in DelayStep::ALL.map(DelayStep::former_exchange) {
        found.extend(survey.queue_depth(queue).await?.map(|ready| (queue, ready)));
    }
    // That one is missing is how it should be.
    survey.differences.clear();
    survey.finish().await?;
    Ok(found)
}

/// How many messages wait in a queue; those in the hands of workers are not among them.
pub async fn depth(settings: &BrokerSettings, queue: &str) -> Result<u32, TopologyError> {
    let depths = depths(settings, &[queue]).await?;
    Ok(depths.first().copied().unwrap_or_default())
}

/// The same for several queues, in their order and over one connection.
pub async fn depths(settings: &BrokerSettings, queues: &[&str]) -> Result<Vec<u32>, TopologyError> {
    let mut survey = Survey::open(settings).await?;
    let mut depths = Vec::with_capacity(queues.len());
    for queue in queues {
        depths.push(survey.queue_depth(queue).await?.unwrap_or_default());
    }
    survey.finish().await?;
    Ok(depths)
}

/// How many consume from a queue; none where there is no such queue.
pub async fn consumers(settings: &BrokerSettings, queue: &str) -> Result<u32, TopologyError> {
    let mut survey = Survey::open(settings).await?;
    let found = survey.queue(queue).await?;
    survey.differences.clear();
    survey.finish().await?;
    Ok(found.map_or(0, |queue| queue.consumer_count()))
}

/// A walk over the topology that collects differences.
struct Survey {
    link: Link,
    channel: Channel,
    differences: Vec<Difference>,
}

impl Survey {
    async fn open(settings: &BrokerSettings) -> Result<Self, TopologyError> {
        let (link, _) = Link::open(settings, "topology").await?;
        let channel = link.channel().await?;
        Ok(Self { link, channel, differences: Vec::new() })
    }

    async fn finish(self) -> Result<(), TopologyError> {
        self.link.close().await;
        if self.differences.is_empty() {
            return Ok(());
        }
        Err(TopologyError::Differs { differences: self.differences })
    }

    async fn exchange_exists(&mut self, name: &str) -> Result<bool, TopologyError> {
        let options = ExchangeDeclareOptions { passive: true, ..ExchangeDeclareOptions::default() };
        // The kind of a passive declaration is not looked at.
        let kind = lapin::ExchangeKind::Direct;
        let declare = self.channel.exchange_declare(name.into(), kind, options, FieldTable::default());
        let answer = self.link.ask("exchange.declare", declare).await;
        Ok(self.note(answer, || Object::Exchange(name.to_owned())).await?.is_some())
    }

    /// How many messages wait, or `None` if there is no such queue.
    async fn queue_depth(&mut self, name: &str) -> Result<Option<u32>, TopologyError> {
        Ok(self.queue(name).await?.map(|queue| queue.message_count()))
    }

    async fn queue(&mut self, name: &str) -> Result<Option<Queue>, TopologyError> {
        let options = QueueDeclareOptions { passive: true, ..QueueDeclareOptions::default() };
        let declare = self.channel.queue_declare(name.into(), options, FieldTable::default());
        let answer = self.link.ask("queue.declare", declare).await;
        self.note(answer, || Object::Queue(name.to_owned())).await
    }

    async fn declare_exchange(&mut self, spec: &ExchangeSpec) -> Result<(), TopologyError> {
        let kind = match spec.kind {
            ExchangeKind::Direct => lapin::ExchangeKind::Direct,
            ExchangeKind::Fanout => lapin::ExchangeKind::Fanout,
            ExchangeKind::Topic => lapin::ExchangeKind::Topic,
        };
        let options = ExchangeDeclareOptions { durable: true, ..ExchangeDeclareOptions::default() };
        let mut arguments = FieldTable::default();
        if let Some(alternate) = spec.alternate {
            arguments.insert("alternate-exchange".into(), text(alternate));
        }
        let declare = self.channel.exchange_declare(spec.name.into(), kind, options, arguments);
        let answer = self.link.ask("exchange.declare", declare).await;
        self.note(answer, || Object::Exchange(spec.name.to_owned())).await?;
        Ok(())
    }

    /// Declares an exchange; one that is different is deleted and made anew.
    async fn replace_exchange(&mut self, spec: &ExchangeSpec) -> Result<(), TopologyError> {
        let known = self.differences.len();
        self.declare_exchange(spec).await?;
        if self.differences.len() == known {
            return Ok(());
        }
        self.differences.truncate(known);
        let delete = self.channel.exchange_delete(spec.name.into(), ExchangeDeleteOptions::default());
        self.link.ask("exchange.delete", delete).await?;
        self.declare_exchange(spec).await
    }

    async fn declare_queue(&mut self, spec: &QueueSpec) -> Result<(), TopologyError> {
        let options = QueueDeclareOptions { durable: true, ..QueueDeclareOptions::default() };
        let declare = self.channel.queue_declare(spec.name.into(), options, arguments(spec));
        let answer = self.link.ask("queue.declare", declare).await;
        self.note(answer, || Object::Queue(spec.name.to_owned())).await?;
        Ok(())
    }

    async fn bind(&mut self, spec: &BindingSpec) -> Result<(), TopologyError> {
        let BindingSpec { queue, exchange, routing_key } = *spec;
        let bind = self.channel.queue_bind(
            queue.into(),
            exchange.into(),
            routing_key.into(),
            QueueBindOptions::default(),
            FieldTable::default(),
        );
        let answer = self.link.ask("queue.bind", bind).await;
        let object = || Object::Binding {
            exchange: exchange.to_owned(),
            queue: queue.to_owned(),
            routing_key: routing_key.to_owned(),
        };
        self.note(answer, object).await?;
        Ok(())
    }

    async fn unbind(&mut self, spec: &BindingSpec) -> Result<(), TopologyError> {
        let BindingSpec { queue, exchange, routing_key } = *spec;
        let arguments = FieldTable::default();
        let unbind = self.channel.queue_unbind(queue.into(), exchange.into(), routing_key.into(), arguments);
        Ok(self.link.ask("queue.unbind", unbind).await?)
    }

    /// What was seen; nothing where the broker refuses this user the look, after which it has closed the channel.
    async fn unless_hidden<T>(
        &mut self,
        looked: Result<T, TopologyError>,
    ) -> Result<Option<T>, TopologyError> {
        match looked {
            Err(TopologyError::Broker(BrokerError::AccessRefused { .. })) => {
                self.channel = self.link.channel().await?;
                Ok(None)
            }
            seen => seen.map(Some),
        }
    }

    /// Notes a difference, after which the broker has closed the channel; any other error ends the walk.
    async fn note<T>(
        &mut self,
        answer: Result<T, BrokerError>,
        object: impl FnOnce() -> Object,
    ) -> Result<Option<T>, TopologyError> {
        let problem = match answer {
            Ok(value) => return Ok(Some(value)),
            Err(BrokerError::NotFound { .. }) => Problem::Missing,
            Err(BrokerError::Different { detail }) => Problem::Otherwise(detail),
            Err(error) => return Err(error.into()),
        };
        self.differences.push(Difference { object: object(), problem });
        self.channel = self.link.channel().await?;
        Ok(None)
    }
}

/// The arguments that make a queue what its specification says, on every version of the broker.
fn arguments(spec: &QueueSpec) -> FieldTable {
    let QueueSpec {
        name: _,
        dead_letter_exchange,
        dead_letter_routing_key,
        delivery_limit,
        message_ttl_ms,
        consumers,
    } = *spec;
    let mut arguments = quorum();
    arguments.insert("x-overflow".into(), text("reject-publish"));
    if let Some(exchange) = dead_letter_exchange {
        arguments.insert("x-dead-letter-exchange".into(), text(exchange));
        arguments.insert("x-dead-letter-strategy".into(), text("at-least-once"));
    }
    if let Some(key) = dead_letter_routing_key {
        arguments.insert("x-dead-letter-routing-key".into(), text(key));
    }
    if let Some(limit) = delivery_limit {
        arguments.insert("x-delivery-limit".into(), number(limit));
    }
    if let Some(ttl_ms) = message_ttl_ms {
        arguments.insert("x-message-ttl".into(), number(ttl_ms));
    }
    match consumers {
        Consumers::All => {}
        Consumers::OneActive => {
            arguments.insert("x-single-active-consumer".into(), AMQPValue::Boolean(true));
        }
    }
    arguments
}

/// The arguments of a quorum queue that never gives a message up.
pub(crate) fn quorum() -> FieldTable {
    let mut arguments = FieldTable::default();
    arguments.insert("x-queue-type".into(), text("quorum"));
    arguments.insert("x-delivery-limit".into(), number(DELIVERIES_UNLIMITED));
    arguments
}

fn text(value: &str) -> AMQPValue {
    AMQPValue::LongString(value.into())
}

fn number(value: u32) -> AMQPValue {
    AMQPValue::LongLongInt(i64::from(value))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_queue_with_a_dead_letter_exchange_loses_nothing_on_the_way_there() {
        for spec in contract::queues() {
            let arguments = arguments(&spec);
            let value = |name: &str| arguments.inner().get(name).cloned();
            assert_eq!(value("x-queue-type"), Some(text("quorum")), "{}", spec.name);
            assert_eq!(value("x-overflow"), Some(text("reject-publish")), "{}", spec.name);
            assert_eq!(
                value("x-dead-letter-strategy"),
                spec.dead_letter_exchange.map(|_| text("at-least-once")),
                "{}",
                spec.name
            );
            let is_single = (spec.consumers == Consumers::OneActive).then_some(AMQPValue::Boolean(true));
            assert_eq!(value("x-single-active-consumer"), is_single, "{}", spec.name);
            assert_eq!(value("x-message-ttl"), spec.message_ttl_ms.map(number), "{}", spec.name);
            assert_eq!(
                value("x-dead-letter-routing-key"),
                spec.dead_letter_routing_key.map(text),
                "{}",
                spec.name
            );
        }
    }

    #[test]
    fn every_queue_states_its_delivery_limit_so_that_no_default_of_a_newer_broker_drops_messages() {
        for spec in contract::queues() {
            let limit = spec.delivery_limit.unwrap_or(DELIVERIES_UNLIMITED);
            let arguments = arguments(&spec);
            assert_eq!(arguments.inner().get("x-delivery-limit"), Some(&number(limit)), "{}", spec.name);
        }
    }
}
