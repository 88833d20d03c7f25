//! The suspicion that a connection is alive and delivers nothing.

use std::time::Duration;

use lapin::Channel;

use super::{
    ConsumerSettings,
    session::{Life, ready_messages},
};
use crate::{error::BrokerError, link::Link};

/// How often the queue is looked at, at most.
const LOOK_EVERY_MS: u64 = 30_000;

/// Looks at the queue from time to time, and returns when the connection has to be rebuilt.
pub(super) async fn watch(
    link: &Link,
    probing: &Channel,
    settings: &ConsumerSettings,
    life: &Life,
) -> BrokerError {
    let every = Duration::from_millis(settings.watchdog_ms.clamp(1, LOOK_EVERY_MS));
    loop {
        tokio::time::sleep(every).await;
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

/// What one look saw.
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

    #[test]
    fn a_consumer_is_stalled_only_if_messages_are_ready_and_there_is_room_and_nothing_moves() {
        let settings = ConsumerSettings {
            broker: BrokerSettings::new("amqp://localhost", "test"),
            queue: "closure.sms",
            prefetch: 10,
            watchdog_ms: 60_000,
        };
        for (ready, quiet_ms, in_hand, stalled) in
            [(1, 60_000, 9, true), (0, 60_000, 0, false), (1, 59_999, 0, false), (1, 600_000, 10, false)]
        {
            let sight = Sight { ready, quiet_ms, in_hand };
            assert_eq!(sight.is_stalled(&settings), stalled, "{sight:?}");
        }
    }
}
