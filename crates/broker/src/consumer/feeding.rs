//! From the broker's stream into the hands of the worker loop.

use std::{sync::Arc, time::Duration};

use futures::StreamExt;
use lapin::{Channel, message::Delivery, options::BasicCancelOptions};
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use super::{Counts, Incoming, Settler, ledger::Answer, session::ConnectionState, settling::PendingAck};
use crate::{error::BrokerError, link::Link, message::InMessage};

/// How long the broker may take to end the consumer after a stop.
const CANCEL_TIMEOUT_MS: u64 = 2_000;

/// How the stream of deliveries ended.
pub(super) enum Fed {
    /// Everything that was delivered has been handed out, or nobody takes it any more.
    Drained,
    /// The stream is dead.
    Lost(BrokerError),
}

/// One connection's way to hand out deliveries.
pub(super) struct DeliveryFeed<'a> {
    pub(super) queue: &'static str,
    pub(super) link: &'a Link,
    pub(super) channel: &'a Channel,
    pub(super) stop: &'a CancellationToken,
    pub(super) shutdown: &'a CancellationToken,
    pub(super) out: mpsc::Sender<Incoming>,
    pub(super) maker: MessageFactory,
}

/// What turns deliveries of one connection into messages that can be answered.
pub(super) struct MessageFactory {
    pub(super) life: Arc<ConnectionState>,
    pub(super) counts: Arc<Counts>,
    pub(super) answers: mpsc::Sender<(PendingAck, Answer)>,
}

/// Whether the broker was asked to deliver no more.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Asked {
    ForMore,
    ToEnd,
}

impl DeliveryFeed<'_> {
    /// Hands out deliveries until a stop has taken effect, nobody takes them, or the stream dies.
    pub(super) async fn feed(self, stream: &mut lapin::Consumer) -> Fed {
        let mut asked = Asked::ForMore;
        loop {
            tokio::select! {
                biased;
                () = self.out.closed() => {
                    return match asked {
                        Asked::ForMore => self.cancel(stream).await.map_or_else(Fed::Lost, |()| Fed::Drained),
                        Asked::ToEnd => Fed::Drained,
                    };
                }
                () = self.stop.cancelled(), if asked == Asked::ForMore => {
                    if let Err(cause) = self.cancel(stream).await {
                        return Fed::Lost(cause);
                    }
                    asked = Asked::ToEnd;
                }
                () = self.shutdown.cancelled() => return Fed::Drained,
                next = next_with_room(&self.out, stream) => match next {
                    // The receiver is gone, which the first branch deals with.
                    None => {}
                    Some((room, Some(Ok(delivery)))) => {
                        if let Some(incoming) = self.maker.incoming(delivery) {
                            room.send(incoming);
                        }
                    }
                    Some((_, Some(Err(error)))) => return Fed::Lost(self.link.error(&error)),
                    Some((_, None)) => {
                        return match asked {
                            Asked::ToEnd => Fed::Drained,
                            Asked::ForMore => Fed::Lost(BrokerError::Cancelled { queue: self.queue }),
                        };
                    }
                },
            }
        }
    }

    async fn cancel(&self, stream: &lapin::Consumer) -> Result<(), BrokerError> {
        let cancelling = self.channel.basic_cancel(stream.tag(), BasicCancelOptions::default());
        match tokio::time::timeout(Duration::from_millis(CANCEL_TIMEOUT_MS), cancelling).await {
            Ok(cancelled) => cancelled.map_err(|error| self.link.error(&error)),
            Err(_) => Err(BrokerError::TimedOut { what: "basic.cancel", waited_ms: CANCEL_TIMEOUT_MS }),
        }
    }
}

impl MessageFactory {
    /// A delivery that can still be answered; the stream also yields those of a dead connection.
    fn incoming(&self, mut delivery: Delivery) -> Option<Incoming> {
        if !delivery.acker.usable() {
            return None;
        }
        self.life.delivered();
        let message = InMessage::of(&mut delivery);
        let counts = Arc::clone(&self.counts);
        let settlement = PendingAck::new(delivery.delivery_tag, delivery.acker, counts);
        let settler = Settler { settlement, life: Arc::clone(&self.life), answers: self.answers.clone() };
        Some(Incoming { message, settler })
    }
}

/// The stream's next item, once there is room for it; can be dropped without losing one.
async fn next_with_room<'a>(
    out: &'a mpsc::Sender<Incoming>,
    stream: &mut lapin::Consumer,
) -> Option<(mpsc::Permit<'a, Incoming>, Option<lapin::Result<Delivery>>)> {
    let room = out.reserve().await.ok()?;
    Some((room, stream.next().await))
}
