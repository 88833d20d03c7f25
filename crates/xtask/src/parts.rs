//! How long each part of a command took.

use std::fmt;
use std::time::{Duration, Instant};

/// The parts of a command, in order, with their durations.
#[derive(Debug, Default)]
pub struct Parts {
    parts: Vec<(&'static str, Duration)>,
}

impl Parts {
    /// Does one part and notes how long it took, whether it succeeded or not.
    pub fn measure<T>(&mut self, name: &'static str, part: impl FnOnce() -> T) -> T {
        let start = Instant::now();
        let value = part();
        self.parts.push((name, start.elapsed()));
        value
    }
}

impl fmt::Display for Parts {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, (name, duration)) in self.parts.iter().enumerate() {
            let separator = if index == 0 { "" } else { ", " };
            write!(formatter, "{separator}{name} {:.1} s", duration.as_secs_f64())?;
        }
        Ok(())
    }
}
