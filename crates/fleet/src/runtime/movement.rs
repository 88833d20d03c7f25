//! The limit of a message that is in hand and does not move.

use std::{pin::Pin, sync::Mutex, time::Duration};

use tokio::time::Instant;

use crate::lock::lock;

/// The broker's consumer calls itself stuck once a message has been in hand for this long.
pub(super) const IN_HAND_MAX_MS: u64 = 600_000;
/// A message whose work has not moved for this long is given back: longer than any send, any wait for a slot and any
/// question to a provider, and shorter than it takes the consumer to give its connection up.
const STILL_MAX: Duration = Duration::from_secs(900);

/// When the work of a message last did something.
#[derive(Debug)]
pub(super) struct Movement(Mutex<Instant>);

impl Default for Movement {
    fn default() -> Self {
        Self(Mutex::new(Instant::now()))
    }
}

impl Movement {
    /// It does something now: whoever waits for a service that is away asks it again, and does move.
    pub(super) fn note(&self) {
        *lock(&self.0) = Instant::now();
    }

    /// The work's answer; nothing where it has not moved for too long, and then it is for its owner to drop it where it stands.
    ///
    /// What is dropped is left as a process that dies leaves it, which every step of the work reckons with. The work stays
    /// where its owner has pinned it: a future that takes another by value has room for it twice, for each message in hand.
    pub(super) async fn bounded<T>(&self, mut work: Pin<&mut impl Future<Output = T>>) -> Option<T> {
        loop {
            let until = *lock(&self.0) + STILL_MAX;
            if until <= Instant::now() {
                return None;
            }
            if let Ok(done) = tokio::time::timeout_at(until, work.as_mut()).await {
                return Some(done);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::pin::pin;

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn work_that_stands_still_is_dropped_and_work_that_waits_for_a_service_is_not() {
        let movement = Movement::default();
        let waits = async {
            for _ in 0..100 {
                tokio::time::sleep(STILL_MAX / 2).await;
                movement.note();
            }
        };
        assert_eq!(movement.bounded(pin!(waits)).await, Some(()));
        assert_eq!(movement.bounded(pin!(std::future::pending::<()>())).await, None);
        movement.note();
        assert_eq!(movement.bounded(pin!(async { 7 })).await, Some(7));
    }

    #[test]
    fn the_limit_of_a_message_makes_no_room_for_its_work() {
        let movement = Movement::default();
        let work = pin!(async {
            let room = [0_u8; 10_000];
            std::future::pending::<()>().await;
            std::hint::black_box(room);
        });
        assert!(size_of_val(&movement.bounded(work)) < 1_000, "it holds a pointer alone");
    }
}
