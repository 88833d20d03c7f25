//! How fast a gateway lets itself be asked, and how fast it was asked.

use std::{
    collections::VecDeque,
    sync::{Mutex, PoisonError},
    time::{Duration, Instant},
};

const SECOND: Duration = Duration::from_secs(1);

/// Counts requests over the last second and refuses those beyond a limit.
pub(crate) struct Speed {
    per_second_max: Option<u32>,
    counts: Mutex<Counts>,
}

#[derive(Default)]
struct Counts {
    last_second: VecDeque<Instant>,
    busiest: usize,
    refused: u64,
}

/// Whether a request comes too fast.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Speeding {
    No,
    Yes,
}

impl Speed {
    /// No limit refuses nobody.
    pub(crate) fn new(per_second_max: Option<u32>) -> Self {
        Self { per_second_max, counts: Mutex::default() }
    }

    /// Counts a request; one that is refused counts as well.
    pub(crate) fn request(&self) -> Speeding {
        let mut counts = self.counts.lock().unwrap_or_else(PoisonError::into_inner);
        let now = Instant::now();
        while counts.last_second.front().is_some_and(|at| now.duration_since(*at) >= SECOND) {
            counts.last_second.pop_front();
        }
        counts.last_second.push_back(now);
        counts.busiest = counts.busiest.max(counts.last_second.len());
        let limit = self.per_second_max.and_then(|limit| usize::try_from(limit).ok());
        if limit.is_some_and(|limit| counts.last_second.len() > limit) {
            counts.refused += 1;
            return Speeding::Yes;
        }
        Speeding::No
    }

    /// The most requests that came within any second.
    pub(crate) fn busiest_second(&self) -> usize {
        self.counts.lock().unwrap_or_else(PoisonError::into_inner).busiest
    }

    /// How many requests were refused for their speed.
    pub(crate) fn refused(&self) -> u64 {
        self.counts.lock().unwrap_or_else(PoisonError::into_inner).refused
    }
}

#[cfg(test)]
mod tests {
    use super::{Speed, Speeding};

    #[test]
    fn what_comes_faster_than_the_limit_is_refused_and_counted() {
        let speed = Speed::new(Some(3));
        let answers: Vec<Speeding> = (0..5).map(|_| speed.request()).collect();
        assert_eq!(answers, [Speeding::No, Speeding::No, Speeding::No, Speeding::Yes, Speeding::Yes]);
        assert_eq!((speed.busiest_second(), speed.refused()), (5, 2));
        let unlimited = Speed::new(None);
        assert!((0..50).all(|_| unlimited.request() == Speeding::No));
    }
}
