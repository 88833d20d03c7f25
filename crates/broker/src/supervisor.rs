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
    outage: Option<Outage>,
    /// Whether any outage was told.
    has_told: bool,
}

/// A connection that is gone, from its loss until the next one is ready for work.
struct Outage {
    since: Instant,
    /// How often it was tried in vain.
    tries: u64,
    /// What was told of it.
    told: Option<Cure>,
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
            outage: None,
            has_told: false,
        }
    }

    /// To be called when a connection is ready for work.
    pub(crate) fn connected(&mut self, who: &str) {
        self.connected_at = Some(Instant::now());
        let Some(Outage { since, tries, told }) = self.outage.take() else { return };
        let lasted_ms = u64::try_from(since.elapsed().as_millis()).unwrap_or(u64::MAX);
        match told {
            Some(_) => tracing::info!(connection = who, lasted_ms, tries, "the connection is back"),
            None => tracing::debug!(connection = who, lasted_ms, tries, "the connection is back"),
        }
    }

    /// Tells why the connection is gone, where that is news, and waits before the next attempt.
    pub(crate) async fn pause(
        &mut self,
        who: &str,
        cause: &BrokerError,
        stop: impl Future<Output = ()>,
    ) -> Resume {
        let was_connected = self.connected_at.is_some();
        let proven =
            self.connected_at.take().is_some_and(|since| since.elapsed() >= Duration::from_millis(PROVEN_MS));
        if proven {
            self.growing.reset();
        }
        let pause = self.next(cause.cure());
        let pause_ms = u64::try_from(pause.as_millis()).unwrap_or(u64::MAX);
        match self.news(cause.cure(), was_connected && !proven && self.has_told) {
            Some(Cure::Time) => tracing::warn!(connection = who, pause_ms, "{cause}"),
            Some(Cure::Person) => tracing::error!(connection = who, pause_ms, "{cause}"),
            None => tracing::debug!(connection = who, pause_ms, "{cause}"),
        }
        tokio::select! {
            () = tokio::time::sleep(pause) => Resume::Again,
            () = stop => Resume::Stop,
        }
    }

    /// What is to be told of a loss: the first of an outage, and one that needs a person where the others did not.
    ///
    /// A connection that was lost right after it was made belongs to the outage before, which was told; it is news again
    /// once it lasts.
    fn news(&mut self, cure: Cure, flapped: bool) -> Option<Cure> {
        let is_new = self.outage.is_none();
        let outage = self.outage.get_or_insert(Outage { since: Instant::now(), tries: 0, told: None });
        outage.tries = outage.tries.saturating_add(1);
        let is_news = match (outage.told, cure) {
            (Some(Cure::Time), Cure::Person) => true,
            (Some(Cure::Time | Cure::Person), _) => false,
            (None, Cure::Person) => true,
            (None, Cure::Time) => {
                !(is_new && flapped) && (is_new || outage.since.elapsed() >= Duration::from_millis(PROVEN_MS))
            }
        };
        if is_news {
            outage.told = Some(cure);
            self.has_told = true;
        }
        is_news.then_some(cure)
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

    #[tokio::test(start_paused = true)]
    async fn an_outage_is_told_when_it_begins_and_when_only_a_person_can_end_it() {
        let mut pauses = Pauses::new(10_000);
        assert_eq!(pauses.news(Cure::Time, false), Some(Cure::Time));
        assert_eq!((0..1_000).find_map(|_| pauses.news(Cure::Time, false)), None);
        assert_eq!(pauses.news(Cure::Person, false), Some(Cure::Person));
        assert_eq!((0..1_000).find_map(|_| pauses.news(Cure::Person, false)), None);
        assert_eq!(pauses.outage.as_ref().map(|outage| outage.tries), Some(2_002));
        pauses.connected("test");
        assert!(pauses.outage.is_none());
        assert_eq!(pauses.news(Cure::Time, true), None, "it was cut again at once");
        tokio::time::sleep(Duration::from_millis(PROVEN_MS)).await;
        assert_eq!(pauses.news(Cure::Time, false), Some(Cure::Time), "it lasts");
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
