//! What strangers can make happen as often as they like: told at once, and then once a minute with the count.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use tokio::sync::Notify;

use crate::lifecycle::Lifecycle;

/// Between two lines about the same thing.
const TOLD_EVERY: Duration = Duration::from_secs(60);

/// A count of what happened since it was told last.
#[derive(Debug, Default)]
pub(crate) struct Repeats {
    count: AtomicU64,
    happened: Notify,
}

impl Repeats {
    /// A count that `say` is told of: the first one at once, what comes after it together.
    pub(crate) fn told(lifecycle: &Lifecycle, say: impl Fn(u64) + Send + 'static) -> Arc<Self> {
        let repeats = Arc::new(Self::default());
        let ours = Arc::clone(&repeats);
        let stop = lifecycle.stop.clone();
        lifecycle.tracker.spawn(async move {
            while !stop.is_cancelled() {
                tokio::select! {
                    () = ours.happened.notified() => ours.tell(&say),
                    () = stop.cancelled() => {}
                }
                tokio::select! {
                    () = tokio::time::sleep(TOLD_EVERY) => {}
                    () = stop.cancelled() => {}
                }
            }
            ours.tell(&say);
        });
        repeats
    }

    /// It happened once more.
    pub(crate) fn add(&self) {
        self.count.fetch_add(1, Ordering::Relaxed);
        self.happened.notify_one();
    }

    fn tell(&self, say: &impl Fn(u64)) {
        match self.count.swap(0, Ordering::Relaxed) {
            0 => {}
            count => say(count),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use super::{Repeats, TOLD_EVERY};
    use crate::lifecycle::Lifecycle;

    #[tokio::test(start_paused = true)]
    async fn the_first_is_told_at_once_and_what_follows_together_and_nothing_is_left_untold_at_the_end() {
        let (lifecycle, told) = (Lifecycle::default(), Arc::new(Mutex::new(Vec::new())));
        let ours = Arc::clone(&told);
        let say = move |count| ours.lock().expect("no test panics with it").push(count);
        let repeats = Repeats::told(&lifecycle, say);
        let seen = || told.lock().expect("no test panics with it").clone();
        repeats.add();
        tokio::task::yield_now().await;
        assert_eq!(seen(), [1]);
        for _ in 0..10_000 {
            repeats.add();
        }
        tokio::time::sleep(TOLD_EVERY * 3).await;
        assert_eq!(
            seen(),
            [1, 10_000],
            "one line a minute, however often it happens, and none without a cause"
        );
        repeats.add();
        tokio::time::sleep(TOLD_EVERY * 3).await;
        assert_eq!(seen(), [1, 10_000, 1]);
        repeats.add();
        tokio::task::yield_now().await;
        repeats.add();
        lifecycle.stop.cancel();
        lifecycle.tracker.close();
        lifecycle.tracker.wait().await;
        assert_eq!(seen().iter().sum::<u64>(), 10_004);
    }
}
