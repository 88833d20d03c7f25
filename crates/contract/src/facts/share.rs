//! How many text messages end and how many fail, each with a weight that fades with age (R14e).

use std::ops::{Add, Sub};

use serde::Serialize;

/// How many text messages ended, and how many of them failed, each with its weight.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize)]
pub struct FailureShare {
    /// Those that ended.
    pub ended: f64,
    /// Those of them that failed.
    pub failed: f64,
}

/// After how long an end counts half, in milliseconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct HalfLives {
    /// In the share of the moment.
    pub recent_ms: u64,
    /// In the usual share.
    pub usual_ms: u64,
}

impl Add for FailureShare {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        Self { ended: self.ended + other.ended, failed: self.failed + other.failed }
    }
}

impl Sub for FailureShare {
    type Output = Self;

    fn sub(self, part: Self) -> Self {
        Self { ended: self.ended - part.ended, failed: self.failed - part.failed }
    }
}
