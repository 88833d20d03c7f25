//! The suspicion that a connection is alive and nothing moves: it delivers nothing, or what is in hand stays there.

use std::time::Duration;

use lapin::Channel;
use tokio::{sync::watch, time::Instant};

use super::{
    ConsumerHealth, ConsumerSettings,
    session::{ConnectionState, ready_messages},
};
use crate::{error::BrokerError, link::Link};

/// How often the queue is looked at, at most.
const LOOK_EVERY_MS: u64 = 30_000;

/// Looks at the queue from time to time, and returns when the connection has to be rebuilt.
pub(super) async fn watch(
    link: &Link,
    probing: &Channel,
    settings: &ConsumerSettings,
    life: &ConnectionState,
    health: &watch::Sender<ConsumerHealth>,
) -> BrokerError {
    let every_ms = settings.watchdog_ms.min(settings.in_hand_max_ms).clamp(1, LOOK_EVERY_MS);
    let mut oldest = Oldest::default();
    loop {
        tokio::time::sleep(Duration::from_millis(every_ms)).await;
        match oldest.look(life.oldest_in_hand(), settings) {
            Hands::Move => {
                health.send_if_modified(|health| {
                    let was_stuck = matches!(health, ConsumerHealth::Stuck { .. });
                    if was_stuck {
                        *health = ConsumerHealth::Consuming;
                    }
                    was_stuck
                });
            }
            Hands::Stuck { for_ms } => {
                if !matches!(
                    health.send_replace(ConsumerHealth::Stuck { for_ms }),
                    ConsumerHealth::Stuck { .. }
                ) {
                    tracing::error!(queue = settings.queue, for_ms, "a message in hand does not move");
                }
            }
            Hands::StuckForGood { for_ms } => {
                return BrokerError::Stuck { queue: settings.queue, for_ms };
            }
        }
        let ready = match ready_messages(link, probing, settings.queue).await {
            Ok(ready) => ready,
            Err(cause) => return cause,
        };
        let sight = Sight { ready, quiet_ms: life.quiet_ms(), in_hand: life.in_hand() };
        if sight.is_stalled(settings) {
            return BrokerError::Stalled { queue: settings.queue, quiet_ms: sight.quiet_ms, ready };
        }
    }
}

/// The oldest message in hand, as the looks saw it.
#[derive(Debug, Default)]
struct Oldest(Option<(u64, Instant)>);

/// Whether the oldest message in hand moves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Hands {
    /// There is none, or another than a while ago.
    Move,
    /// It has been there for too long.
    Stuck { for_ms: u64 },
    /// It has been there for so long that somebody else is to have it.
    StuckForGood { for_ms: u64 },
}

impl Oldest {
    fn look(&mut self, oldest: Option<u64>, settings: &ConsumerSettings) -> Hands {
        let since = match (self.0, oldest) {
            (Some((before, since)), Some(now)) if before == now => since,
            _ => Instant::now(),
        };
        self.0 = oldest.map(|tag| (tag, since));
        let for_ms = u64::try_from(since.elapsed().as_millis()).unwrap_or(u64::MAX);
        if for_ms < settings.in_hand_max_ms {
            Hands::Move
        } else if for_ms < settings.in_hand_max_ms.saturating_mul(2) {
            Hands::Stuck { for_ms }
        } else {
            Hands::StuckForGood { for_ms }
        }
    }
}

/// What one look saw of the queue.
#[derive(Debug, Clone, Copy)]
struct Sight {
    ready: u32,
    quiet_ms: u64,
    in_hand: u64,
}

impl Sight {
    fn is_stalled(self, settings: &ConsumerSettings) -> bool {
        let has_room = self.in_hand < u64::from(settings.prefetch);
        self.ready > 0 && has_room && self.quiet_ms >= settings.watchdog_ms
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::settings::BrokerSettings;

    fn settings() -> ConsumerSettings {
        ConsumerSettings {
            broker: BrokerSettings::new("amqp://localhost", "test"),
            queue: "closure.sms",
            prefetch: 10,
            watchdog_ms: 60_000,
            in_hand_max_ms: 600_000,
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_consumer_is_stuck_only_while_the_same_message_is_the_oldest_in_hand() {
        let (settings, mut oldest) = (settings(), Oldest::default());
        for (wait_ms, tag, seen) in [
            (0, Some(1), Hands::Move),
            (599_999, Some(1), Hands::Move),
            (1, Some(1), Hands::Stuck { for_ms: 600_000 }),
            (0, Some(2), Hands::Move),
            (600_000, None, Hands::Move),
            (600_000, Some(3), Hands::Move),
            (600_000, Some(3), Hands::Stuck { for_ms: 600_000 }),
            (600_000, Some(3), Hands::StuckForGood { for_ms: 1_200_000 }),
        ] {
            tokio::time::sleep(Duration::from_millis(wait_ms)).await;
            assert_eq!(oldest.look(tag, &settings), seen, "{tag:?} after {wait_ms} ms");
        }
    }

    #[test]
    fn a_consumer_is_stalled_only_if_messages_are_ready_and_there_is_room_and_nothing_moves() {
        let settings = settings();
        for (ready, quiet_ms, in_hand, stalled) in
            [(1, 60_000, 9, true), (0, 60_000, 0, false), (1, 59_999, 0, false), (1, 600_000, 10, false)]
        {
            let sight = Sight { ready, quiet_ms, in_hand };
            assert_eq!(sight.is_stalled(&settings), stalled, "{sight:?}");
        }
    }
}
