//! How far a send has come towards what cannot be taken back, and until when it may go on.

use std::{
    fmt,
    future::poll_fn,
    pin::pin,
    sync::{Mutex, MutexGuard, PoisonError},
    task::Poll,
    time::{Duration, Instant},
};

use tokio::sync::watch;

/// What a sender asks right before it hands its message over, and what whoever waits for it asks meanwhile.
///
/// The right to send ends at a moment that may be put off while the send is under way. Until the handover begins a send
/// may be dropped, and surely nothing was sent; from then on a send that is dropped is in doubt; and once all is said,
/// and only the answer is missing, there is nothing left that dropping it would spare anybody.
pub struct Handover {
    until: watch::Receiver<Instant>,
    reached: Mutex<Reached>,
}

/// How far a handover has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reached {
    /// Nothing was handed over.
    Nothing,
    /// Nothing was handed over, and nothing will be: the right to send was over.
    Refused,
    /// The provider may have it.
    Begun,
    /// All is said; only the answer is missing.
    Complete,
}

/// The right to send was over before the handover began; nothing was sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the right to send was over before the handover began; nothing was sent")]
pub struct TooLate;

impl Handover {
    /// A handover that may begin until a moment that may be put off.
    pub fn new(until: watch::Receiver<Instant>) -> Self {
        Self { until, reached: Mutex::new(Reached::Nothing) }
    }

    /// A handover that may begin until a moment that nobody puts off.
    pub fn by(until: Instant) -> Self {
        Self::new(watch::channel(until).1)
    }

    /// Begins the handover once there is time for the longest that it takes; waits until the end has been put off so
    /// far, and is refused where it comes.
    pub async fn begin(&self, longest: Duration) -> Result<(), TooLate> {
        let mut until = self.until.clone();
        loop {
            let left = until.borrow_and_update().saturating_duration_since(Instant::now());
            let answer = match left {
                Duration::ZERO => Some((Reached::Refused, Err(TooLate))),
                left if left >= longest => Some((Reached::Begun, Ok(()))),
                _ => None,
            };
            if let Some((reached, answer)) = answer {
                *self.lock() = reached;
                return answer;
            }
            changed(&mut until, left).await;
        }
    }

    /// The right to send is over by somebody else's word: nothing was handed over, and nothing will be.
    pub fn refuse(&self) {
        *self.lock() = Reached::Refused;
    }

    /// All is said.
    pub fn complete(&self) {
        *self.lock() = Reached::Complete;
    }

    /// How far it has come.
    pub fn reached(&self) -> Reached {
        *self.lock()
    }

    /// Returns once the right to send is over, and never while all is said.
    ///
    /// The clock is read whenever somebody looks: a process that stood still must not go on before its timers ring.
    pub async fn over(&self) {
        let mut until = self.until.clone();
        let mut waiting = pin!(async {
            loop {
                let left = until.borrow_and_update().saturating_duration_since(Instant::now());
                if left.is_zero() {
                    return;
                }
                changed(&mut until, left).await;
            }
        });
        poll_fn(|context| {
            if self.reached() == Reached::Complete {
                return Poll::Pending;
            }
            if *self.until.borrow() <= Instant::now() {
                return Poll::Ready(());
            }
            waiting.as_mut().poll(context)
        })
        .await;
    }

    fn lock(&self) -> MutexGuard<'_, Reached> {
        self.reached.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Waits until the end was moved, or has come.
async fn changed(until: &mut watch::Receiver<Instant>, left: Duration) {
    let end = tokio::time::sleep(left);
    tokio::select! {
        changed = until.changed() => {
            if changed.is_err() {
                // Nobody moves it any more.
                tokio::time::sleep(left).await;
            }
        }
        () = end => {}
    }
}

impl fmt::Debug for Handover {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Handover").field("reached", &self.reached()).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOUR: Duration = Duration::from_secs(3_600);

    /// Whether it waits still, after one look.
    async fn waits(future: impl Future) -> bool {
        tokio::time::timeout(Duration::ZERO, future).await.is_err()
    }

    #[tokio::test]
    async fn a_handover_begins_while_there_is_time_for_it_and_never_after_the_end() {
        let in_time = Handover::by(Instant::now() + HOUR);
        assert_eq!(in_time.begin(HOUR / 2).await, Ok(()));
        assert_eq!(in_time.reached(), Reached::Begun);
        let late = Handover::by(Instant::now());
        assert_eq!(late.begin(Duration::ZERO).await, Err(TooLate));
        assert_eq!(late.reached(), Reached::Refused);
    }

    #[tokio::test]
    async fn a_handover_that_is_refused_by_another_was_never_begun() {
        let handover = Handover::by(Instant::now() + HOUR);
        handover.refuse();
        assert_eq!(handover.reached(), Reached::Refused);
    }

    #[tokio::test]
    async fn a_handover_waits_until_its_end_was_put_off_so_far_that_there_is_time_for_it() {
        let (moved, until) = watch::channel(Instant::now() + HOUR);
        let handover = Handover::new(until);
        let mut begin = pin!(handover.begin(2 * HOUR));
        assert!(waits(begin.as_mut()).await, "there is not time enough");
        moved.send_replace(Instant::now() + 3 * HOUR);
        assert_eq!(begin.await, Ok(()));
    }

    #[tokio::test]
    async fn the_end_is_seen_when_it_comes_and_when_it_is_moved_into_the_past() {
        let (moved, until) = watch::channel(Instant::now() + HOUR);
        let handover = Handover::new(until);
        let mut over = pin!(handover.over());
        assert!(waits(over.as_mut()).await);
        moved.send_replace(Instant::now());
        over.await;
        Handover::by(Instant::now() + Duration::from_millis(20)).over().await;
    }

    #[tokio::test]
    async fn where_only_the_answer_is_missing_the_end_is_no_reason_to_leave() {
        let handover = Handover::by(Instant::now() + Duration::from_millis(20));
        handover.begin(Duration::ZERO).await.expect("there is time");
        let mut over = pin!(handover.over());
        assert!(waits(over.as_mut()).await);
        handover.complete();
        tokio::time::sleep(Duration::from_millis(60)).await;
        assert!(waits(over.as_mut()).await, "all is said");
    }
}
