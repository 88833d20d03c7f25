//! The pause between two attempts to connect: jittered, growing, without an end.

use std::{future::Future, time::Duration};

use backoff::{ExponentialBackoff, ExponentialBackoffBuilder, backoff::Backoff};
use tokio::time::Instant;

use crate::error::{BrokerError, Cure};

/// The first pause; it doubles up to the configured maximum.
const FIRST_PAUSE_MS: u64 = 200;
/// The pause while a person has to act, before jitter.
const PERSON_PAUSE_MS: u64 = 10_000;
/// A connection that held for this long starts the next series of pauses afresh.
const PROVEN_MS: u64 = 5_000;

/// The pauses of one connection's supervisor.
pub(crate) struct Pauses {
    growing: ExponentialBackoff,
    slow: ExponentialBackoff,
    connected_at: Option<Instant>,
}

/// Whether to go on after a pause.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Resume {
    /// Try again.
    Again,
    /// The process is stopping.
    Stop,
}

impl Pauses {
    pub(crate) fn new(backoff_max_ms: u64) -> Self {
        let limit = Duration::from_millis(backoff_max_ms.max(1));
        Self {
            growing: series(Duration::from_millis(FIRST_PAUSE_MS).min(limit), limit),
            slow: series(Duration::from_millis(PERSON_PAUSE_MS).min(limit), limit),
            connected_at: None,
        }
    }

    /// To be called when a connection is ready for work.
    pub(crate) fn connected(&mut self) {
        self.connected_at = Some(Instant::now());
    }

    /// Logs why the connection is gone and waits before the next attempt.
    pub(crate) async fn pause(
        &mut self,
        who: &str,
        cause: &BrokerError,
        stop: impl Future<Output = ()>,
    ) -> Resume {
        let proven =
            self.connected_at.take().is_some_and(|since| since.elapsed() >= Duration::from_millis(PROVEN_MS));
        if proven {
            self.growing.reset();
        }
        let pause = self.next(cause.cure());
        let pause_ms = u64::try_from(pause.as_millis()).unwrap_or(u64::MAX);
        match cause.cure() {
            Cure::Time => tracing::warn!(connection = who, pause_ms, "{cause}"),
            Cure::Person => tracing::error!(connection = who, pause_ms, "{cause}"),
        }
        tokio::select! {
            () = tokio::time::sleep(pause) => Resume::Again,
            () = stop => Resume::Stop,
        }
    }

    fn next(&mut self, cure: Cure) -> Duration {
        let series = match cure {
            Cure::Time => &mut self.growing,
            Cure::Person => &mut self.slow,
        };
        series.next_backoff().expect("a series without a maximum elapsed time never ends")
    }
}

fn series(first: Duration, limit: Duration) -> ExponentialBackoff {
    ExponentialBackoffBuilder::new()
        .with_initial_interval(first)
        .with_multiplier(2.0)
        .with_randomization_factor(0.5)
        .with_max_interval(limit)
        .with_max_elapsed_time(None)
        .build()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_grow_up_to_the_limit_and_never_end() {
        let mut pauses = Pauses::new(10_000);
        let first = pauses.next(Cure::Time);
        assert!(first <= Duration::from_millis(300), "{first:?}");
        let later: Vec<Duration> = (0..10_000).map(|_| pauses.next(Cure::Time)).collect();
        assert!(later.iter().all(|pause| *pause <= Duration::from_millis(15_001)));
        assert!(later.iter().skip(10).all(|pause| *pause >= Duration::from_millis(5_000)));
    }

    #[test]
    fn pauses_are_jittered_so_that_a_fleet_does_not_return_at_once() {
        let firsts: std::collections::BTreeSet<Duration> =
            (0..20).map(|_| Pauses::new(10_000).next(Cure::Time)).collect();
        assert!(firsts.len() > 1);
    }

    #[test]
    fn a_refusal_is_tried_again_slowly_from_the_start() {
        let refused = BrokerError::AccessRefused { detail: "no".to_owned() };
        assert!(Pauses::new(10_000).next(refused.cure()) >= Duration::from_millis(5_000));
    }
}
