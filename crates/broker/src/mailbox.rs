//! Reading outcomes: the CRM's side of the conversation, for the demo, the tests and `fleet outcomes`.

use std::time::Duration;

use closure_contract::topology::OUTCOMES;
use futures::StreamExt;
use lapin::{
    options::{BasicAckOptions, BasicConsumeOptions, BasicQosOptions, QueueBindOptions, QueueDeclareOptions},
    types::FieldTable,
};
use tokio::time::{Instant, timeout_at};

use crate::{
    error::BrokerError,
    link::{Link, LinkEvent, LinkEvents},
    message::InMessage,
    settings::BrokerSettings,
    topology::quorum,
};

/// So many outcomes may be on their way to the reader.
const PREFETCH: u16 = 100;

/// A queue bound to the exchange of outcomes, and its reader.
///
/// It does not reconnect: an error of [`Mailbox::next`] ends it, and opening it again is the reader's choice.
pub struct Mailbox {
    link: Link,
    events: LinkEvents,
    stream: lapin::Consumer,
}

impl Mailbox {
    /// Listens from now on, with a queue that goes away with the connection; `#` is every outcome.
    pub async fn open(settings: &BrokerSettings, binding_key: &str) -> Result<Self, BrokerError> {
        let options =
            QueueDeclareOptions { exclusive: true, auto_delete: true, ..QueueDeclareOptions::default() };
        Self::listen(settings, "", binding_key, options, FieldTable::default()).await
    }

    /// Reads a durable quorum queue of this name, which keeps outcomes while nobody reads.
    pub async fn open_durable(
        settings: &BrokerSettings,
        queue: &str,
        binding_key: &str,
    ) -> Result<Self, BrokerError> {
        let options = QueueDeclareOptions { durable: true, ..QueueDeclareOptions::default() };
        Self::listen(settings, queue, binding_key, options, quorum()).await
    }

    /// The next outcome, or `None` if none came in time; it is acked before it is returned.
    pub async fn next(&mut self, wait: Duration) -> Result<Option<InMessage>, BrokerError> {
        let deadline = Instant::now() + wait;
        loop {
            tokio::select! {
                delivery = self.stream.next() => {
                    let mut delivery = match delivery {
                        Some(Ok(delivery)) => delivery,
                        Some(Err(error)) => return Err(self.link.error(&error)),
                        None => return Err(self.gone("the mailbox's queue was deleted")),
                    };
                    let acked = self.link.ask("basic.ack", delivery.acker.ack(BasicAckOptions::default())).await?;
                    if !acked {
                        return Err(self.gone("an outcome could not be acked"));
                    }
                    return Ok(Some(InMessage::of(&mut delivery)));
                }
                event = timeout_at(deadline, self.events.next()) => match event {
                    Ok(LinkEvent::Lost(error)) => return Err(error),
                    Ok(LinkEvent::Blocked | LinkEvent::Unblocked) => {}
                    Err(_) => return Ok(None),
                },
            }
        }
    }

    /// Ends the connection.
    pub async fn close(self) {
        let Self { link, events: _, stream } = self;
        link.close().await;
        drop(stream);
    }

    async fn listen(
        settings: &BrokerSettings,
        queue: &str,
        binding_key: &str,
        options: QueueDeclareOptions,
        arguments: FieldTable,
    ) -> Result<Self, BrokerError> {
        if binding_key.len() > crate::message::TEXT_BYTES_MAX || queue.len() > crate::message::TEXT_BYTES_MAX
        {
            return Err(BrokerError::InvalidSettings {
                problem: "a queue's name or key is longer than 255 bytes",
            });
        }
        let (link, events) = Link::open(settings, "mailbox").await?;
        let channel = link.channel().await?;
        let declare = channel.queue_declare(queue.into(), options, arguments);
        let queue = link.ask("queue.declare", declare).await?.name().clone();
        let bind = channel.queue_bind(
            queue.clone(),
            OUTCOMES.into(),
            binding_key.into(),
            QueueBindOptions::default(),
            FieldTable::default(),
        );
        link.ask("queue.bind", bind).await?;
        link.ask("basic.qos", channel.basic_qos(PREFETCH, BasicQosOptions::default())).await?;
        let consume =
            channel.basic_consume(queue, "".into(), BasicConsumeOptions::default(), FieldTable::default());
        let stream = link.ask("basic.consume", consume).await?;
        Ok(Self { link, events, stream })
    }

    fn gone(&self, detail: &str) -> BrokerError {
        BrokerError::Unreachable { endpoint: self.link.endpoint().to_owned(), detail: detail.to_owned() }
    }
}
