//! How a callback is brought: what its address says after the `#`, and what Twilio does by itself.
//!
//! Source: Twilio's page "Webhooks connection overrides".

use std::{ops::RangeInclusive, time::Duration};

/// What can go wrong with a try.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fault {
    /// Nobody was there (`ct`).
    NotConnected,
    /// No answer came in time (`rt`).
    NoAnswer,
    /// The answer was a 4xx (`4xx`).
    ClientError,
    /// The answer was a 5xx (`5xx`).
    ServerError,
}

impl Fault {
    const ALL: [Self; 4] = [Self::NotConnected, Self::NoAnswer, Self::ClientError, Self::ServerError];

    fn named(name: &str) -> Option<Self> {
        match name {
            "ct" => Some(Self::NotConnected),
            "rt" => Some(Self::NoAnswer),
            "4xx" => Some(Self::ClientError),
            "5xx" => Some(Self::ServerError),
            _ => None,
        }
    }
}

/// How one callback is brought.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Overrides {
    /// How often it is tried again.
    pub(super) retries_max: u32,
    /// After what it is tried again.
    retried: Vec<Fault>,
    /// How long a connection may take.
    pub(super) connect: Duration,
    /// How long an answer may take.
    pub(super) read: Duration,
    /// How long all tries together may take.
    pub(super) total: Duration,
}

impl Default for Overrides {
    /// What holds where an address says nothing.
    fn default() -> Self {
        Self {
            retries_max: 1,
            retried: vec![Fault::NotConnected],
            connect: Duration::from_secs(5),
            read: Duration::from_secs(15),
            total: Duration::from_secs(15),
        }
    }
}

impl Overrides {
    /// The address without its fragment, and what that says; nothing where a part of it is not as documented.
    pub(super) fn of(address: &str) -> Option<(&str, Self)> {
        let Some((address, fragment)) = address.split_once('#') else {
            return Some((address, Self::default()));
        };
        let mut overrides = Self::default();
        for part in fragment.split('&') {
            let (name, value) = part.split_once('=')?;
            match name {
                "rc" => overrides.retries_max = u32::try_from(within(value, 0..=5)?).ok()?,
                "rp" if value == "all" => overrides.retried = Fault::ALL.to_vec(),
                "rp" => overrides.retried = value.split(',').map(Fault::named).collect::<Option<_>>()?,
                "ct" => overrides.connect = Duration::from_millis(within(value, 100..=10_000)?),
                "rt" => overrides.read = Duration::from_millis(within(value, 100..=15_000)?),
                "tt" => overrides.total = Duration::from_millis(within(value, 100..=15_000)?),
                _ => return None,
            }
        }
        Some((address, overrides))
    }

    /// Whether a try that ended so is followed by another one.
    pub(super) fn retries(&self, fault: Fault) -> bool {
        self.retried.contains(&fault)
    }
}

fn within(value: &str, limits: RangeInclusive<u64>) -> Option<u64> {
    value.parse().ok().filter(|number| limits.contains(number))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn without_a_word_it_is_tried_once_more_and_only_where_nobody_was_there() {
        let (address, overrides) = Overrides::of("https://host/path?ref=1").expect("an address");
        assert_eq!(address, "https://host/path?ref=1");
        let retried: Vec<Fault> = Fault::ALL.into_iter().filter(|fault| overrides.retries(*fault)).collect();
        assert_eq!((overrides.retries_max, retried), (1, vec![Fault::NotConnected]));
    }

    #[test]
    fn an_address_says_how_often_how_long_and_after_what() {
        let (address, overrides) =
            Overrides::of("https://host/?ref=1#rc=5&rp=5xx,rt&ct=100&rt=15000&tt=9000").expect("an address");
        assert_eq!(address, "https://host/?ref=1");
        let expected = Overrides {
            retries_max: 5,
            retried: vec![Fault::ServerError, Fault::NoAnswer],
            connect: Duration::from_millis(100),
            read: Duration::from_secs(15),
            total: Duration::from_secs(9),
        };
        assert_eq!(overrides, expected);
    }

    #[test]
    fn what_is_out_of_its_limits_is_no_override() {
        for bad in ["rc=6", "rc=-1", "rp=never", "ct=99", "rt=15001", "tt=16000", "xy=1", "rc", ""] {
            assert_eq!(Overrides::of(&format!("https://host/#{bad}")), None, "{bad}");
        }
    }
}
