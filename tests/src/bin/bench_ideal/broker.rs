//! Connections to the broker: one that consumes, one that publishes.

use closure_contract::{Timestamp, topology};
use futures::{StreamExt, future::join_all};
use lapin::{
    BasicProperties, Channel, Confirmation, Connection, ConnectionProperties,
    message::Delivery,
    options::{
        BasicCancelOptions, BasicConsumeOptions, BasicPublishOptions, BasicQosOptions, ConfirmSelectOptions,
    },
    types::{AMQPValue, FieldTable},
};
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use crate::{
    Problem,
    acks::{Acks, Answer},
    settings,
    tasks::Tasks,
};

/// So many messages are in hand at most.
const PREFETCH: u16 = 500;
const PERSISTENT: u8 = 2;

/// A connection with the one channel that is used of it.
pub(crate) struct Link {
    connection: Connection,
    pub(crate) channel: Channel,
}

impl Link {
    async fn open(name: &str) -> Result<Self, Problem> {
        let properties = ConnectionProperties::default().with_connection_name(name.into());
        let connection = Connection::connect(&settings::broker_uri()?, properties).await?;
        let channel = connection.create_channel().await?;
        Ok(Self { connection, channel })
    }

    /// For publishing.
    pub(crate) async fn publishing() -> Result<Self, Problem> {
        let link = Self::open("bench_ideal publish").await?;
        link.channel.confirm_select(ConfirmSelectOptions::default()).await?;
        Ok(link)
    }

    /// Ends the connection once the broker has everything that was written before.
    pub(crate) async fn close(self) -> Result<(), Problem> {
        Ok(self.connection.close(200, "OK".into()).await?)
    }
}

/// Messages of a queue on their way to whoever makes batches of them.
pub(crate) struct Consuming<T> {
    pub(crate) link: Link,
    pub(crate) acks: Acks,
    pub(crate) messages: mpsc::UnboundedReceiver<T>,
    /// To bring one back that is looked at again; gone with the last message after a stop.
    pub(crate) again: mpsc::WeakUnboundedSender<T>,
}

impl<T: Send + 'static> Consuming<T> {
    /// Consumes until the stop; what cannot be read goes to the dead queue.
    pub(crate) async fn of(
        queue: topology::WorkQueue,
        read: fn(Delivery) -> Option<T>,
        tasks: &Tasks,
        stop: &CancellationToken,
    ) -> Result<Self, Problem> {
        let link = Link::open("bench_ideal consume").await?;
        let channel = link.channel.clone();
        channel.basic_qos(PREFETCH, BasicQosOptions::default()).await?;
        let options = BasicConsumeOptions::default();
        let mut stream =
            channel.basic_consume(queue.name().into(), "".into(), options, FieldTable::default()).await?;
        let acks = Acks::start(channel.clone(), tasks);
        let (to, messages) = mpsc::unbounded_channel();
        let again = to.downgrade();
        let (stop, ours) = (stop.clone(), acks.clone());
        tasks.spawn(async move {
            let mut cancelled = false;
            loop {
                let next = tokio::select! {
                    next = stream.next() => next,
                    () = stop.cancelled(), if !cancelled => {
                        channel.basic_cancel(stream.tag(), BasicCancelOptions::default()).await?;
                        cancelled = true;
                        continue;
                    }
                };
                match next {
                    Some(delivery) => {
                        let delivery = delivery?;
                        let tag = delivery.delivery_tag;
                        match read(delivery) {
                            Some(message) => to.send(message).map_err(|_gone| "nobody takes messages")?,
                            None => ours.answer(vec![tag], Answer::Reject)?,
                        }
                    }
                    None if cancelled => return Ok(()),
                    None => return Err("the broker has ended the consumer".into()),
                }
            }
        });
        Ok(Self { link, acks, messages, again })
    }
}

/// A message to publish, with the properties that the fleet gives to its own.
pub(crate) struct Message {
    pub(crate) exchange: &'static str,
    pub(crate) routing_key: String,
    pub(crate) message_id: String,
    pub(crate) kind: &'static str,
    pub(crate) body: Vec<u8>,
}

impl Message {
    fn properties(&self, seconds: u64) -> BasicProperties {
        let mut headers = FieldTable::default();
        headers.insert(topology::HEADER_ATTEMPT.into(), AMQPValue::LongInt(1));
        headers.insert(topology::HEADER_GENERATION.into(), AMQPValue::LongInt(1));
        BasicProperties::default()
            .with_content_type("application/json".into())
            .with_delivery_mode(PERSISTENT)
            .with_app_id("closure-fleet".into())
            .with_message_id(self.message_id.as_str().into())
            .with_type(self.kind.into())
            .with_timestamp(seconds)
            .with_headers(headers)
    }
}

/// Publishes all of them together and waits until the broker has confirmed each.
pub(crate) async fn publish(channel: &Channel, messages: &[Message]) -> Result<(), Problem> {
    let seconds = u64::try_from(Timestamp::now().0.unix_timestamp()).unwrap_or_default();
    let sent = join_all(messages.iter().map(|message| {
        // An outcome may have no listener yet.
        let mandatory = message.exchange != topology::OUTCOMES;
        channel.basic_publish(
            message.exchange.into(),
            message.routing_key.as_str().into(),
            BasicPublishOptions { mandatory, immediate: false },
            &message.body,
            message.properties(seconds),
        )
    }))
    .await;
    let confirms = sent.into_iter().collect::<Result<Vec<_>, _>>()?;
    for confirmed in join_all(confirms).await {
        match confirmed? {
            Confirmation::Ack(None) => {}
            Confirmation::Ack(Some(_)) => return Err("the broker has returned a message".into()),
            Confirmation::Nack(_) | Confirmation::NotRequested => {
                return Err("the broker has not taken a message".into());
            }
        }
    }
    Ok(())
}
