//! Waiting for a condition, with a deadline.

use std::time::{Duration, Instant};

/// Long enough for anything that goes through the ladder, on a busy machine.
pub const LONG: Duration = Duration::from_secs(90);
/// Long enough for one step.
pub const SHORT: Duration = Duration::from_secs(30);

const LOOK_EVERY: Duration = Duration::from_millis(50);

/// Looks until the answer is there; fails with what was seen last if it does not come within `limit`.
pub async fn eventually<T, F>(what: &str, limit: Duration, mut look: impl FnMut() -> F) -> T
where
    F: Future<Output = Result<T, String>>,
{
    let start = Instant::now();
    loop {
        match look().await {
            Ok(found) => return found,
            Err(seen) => {
                assert!(start.elapsed() < limit, "waited {} s for {what}; last seen: {seen}", limit.as_secs())
            }
        }
        tokio::time::sleep(LOOK_EVERY).await;
    }
}
