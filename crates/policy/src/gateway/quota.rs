//! How much of a gateway's monthly quota is used, and whether it lasts.
//!
//! NHN Cloud blocks text messages abroad for the rest of the month once its limit is reached; that is noticed days
//! before or by the customers.

use std::{num::NonZeroU64, time::Duration};

use closure_contract::{Timestamp, facts::quota::Usage};
use serde::Serialize;

/// From so many percent on somebody should look at the quota.
const WATCH_PERCENT: f64 = 70.0;
/// From so many percent on it should be raised.
const LOW_PERCENT: f64 = 90.0;
const DAY_S: f64 = 86_400.0;

/// How a quota stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum QuotaLevel {
    /// It lasts.
    Ample,
    /// It lasts at the present pace, and 70 percent or more are used.
    Watch,
    /// At the present pace it does not last until the month ends, or 90 percent or more are used.
    Low,
    /// Nothing is left.
    UsedUp,
}

/// What is to be expected of a quota.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Forecast {
    /// How it stands.
    pub level: QuotaLevel,
    /// How much of it is used, in percent.
    pub used_percent: f64,
    /// When nothing will be left at the present pace, if that is before the month ends.
    pub runs_out_at: Option<Timestamp>,
}

/// Says how a monthly quota stands, and whether it lasts until the month ends.
pub fn forecast(quota: NonZeroU64, usage: &Usage, now: Timestamp) -> Forecast {
    let used_percent = 100.0 * amount(usage.used) / amount(quota.get());
    let left = quota.get().saturating_sub(usage.used);
    let month_left_s = (usage.month_ends_at.0 - now.0).as_seconds_f64().max(0.0);
    let runs_out_in_s =
        if usage.per_day > 0.0 { amount(left) / usage.per_day * DAY_S } else { f64::INFINITY };
    let runs_out_at =
        (runs_out_in_s < month_left_s).then(|| Timestamp(now.0 + Duration::from_secs_f64(runs_out_in_s)));
    let level = match (left, runs_out_at) {
        (0, _) => QuotaLevel::UsedUp,
        (_, Some(_)) => QuotaLevel::Low,
        (_, None) if used_percent >= LOW_PERCENT => QuotaLevel::Low,
        (_, None) if used_percent >= WATCH_PERCENT => QuotaLevel::Watch,
        (_, None) => QuotaLevel::Ample,
    };
    Forecast { level, used_percent, runs_out_at }
}

#[expect(clippy::cast_precision_loss, reason = "no account sends 2^53 text messages in a month")]
fn amount(count: u64) -> f64 {
    count as f64
}

#[cfg(test)]
mod tests {
    use closure_contract::Provider;
    use time::macros::datetime;

    use super::*;

    const NOW: Timestamp = Timestamp(datetime!(2026-11-21 00:00 +9));
    const MONTH_ENDS: Timestamp = Timestamp(datetime!(2026-12-01 00:00 +9));

    fn of(used: u64, per_day: f64) -> Forecast {
        let quota = NonZeroU64::new(1_000).expect("it is not 0");
        let usage = Usage { provider: Provider::Nhn, used, per_day, month_ends_at: MONTH_ENDS };
        forecast(quota, &usage, NOW)
    }

    #[test]
    fn a_quota_that_lasts_is_ample_until_seventy_percent_and_low_from_ninety_on() {
        for (used, level) in [
            (0, QuotaLevel::Ample),
            (699, QuotaLevel::Ample),
            (700, QuotaLevel::Watch),
            (899, QuotaLevel::Watch),
            (900, QuotaLevel::Low),
            (1_000, QuotaLevel::UsedUp),
            (1_200, QuotaLevel::UsedUp),
        ] {
            let forecast = of(used, 0.0);
            assert_eq!((forecast.level, forecast.runs_out_at), (level, None), "{used}");
        }
    }

    #[test]
    fn at_the_present_pace_it_tells_the_day_on_which_nothing_is_left() {
        assert_eq!(of(500, 50.0).runs_out_at, None, "exactly until the month ends");
        let forecast = of(500, 100.0);
        assert_eq!(forecast.level, QuotaLevel::Low);
        assert_eq!(forecast.runs_out_at, Some(Timestamp(datetime!(2026-11-26 00:00 +9))));
        assert_eq!(of(1_000, 100.0).runs_out_at, Some(NOW), "it is used up already");
    }
}
