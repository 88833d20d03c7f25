//! Quiet hours: no text message and no call at night, by the clock where the customer is (B7).
//!
//! A mobile number tells its country and not its zone, so that in a country of several zones it counts as night while
//! it is night in any of them. `zones.tsv` is IANA's `zone.tab` of tzdata 2026.6, the zones of each country.

use std::{collections::BTreeMap, fmt, str::FromStr, sync::LazyLock};

use closure_contract::{Channel, Facts, FailureCode, RuleEffect, RuleId, Timestamp};
use jiff::{
    SignedDuration,
    civil::Time,
    tz::{TimeZone, TimeZoneDatabase},
};
use serde::{Deserialize, Serialize};

use crate::{findings::Findings, words::words};

/// When nobody is contacted; off while no channel is named.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct QuietHours {
    /// The channels that keep them: `sms`, `dial`; none for no quiet hours.
    pub channels: Vec<Channel>,
    /// They begin at this time of the recipient's day.
    pub from: ClockTime,
    /// They end at this time, on the next day where it is the earlier one.
    pub until: ClockTime,
}

/// A time of day in hours and minutes, such as `21:00`.
#[derive(Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct ClockTime(Time);

/// A text that is no time of day.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is no time of day; write hours and minutes, such as 21:00")]
pub struct NoClockTime(String);

/// Once round the clock and back is more than any country needs until it is day in all of its zones.
const STEPS_MAX: usize = 8;

static ZONES: LazyLock<BTreeMap<&'static str, Vec<TimeZone>>> = LazyLock::new(|| {
    let database = TimeZoneDatabase::bundled();
    include_str!("zones.tsv")
        .lines()
        .filter_map(|line| line.split_once('\t'))
        .map(|(region, names)| {
            (region, names.split(' ').filter_map(|name| database.get(name).ok()).collect())
        })
        .collect()
});

impl Default for QuietHours {
    fn default() -> Self {
        let at = |hour| ClockTime(Time::constant(hour, 0, 0, 0));
        Self { channels: Vec::new(), from: at(21), until: at(8) }
    }
}

impl QuietHours {
    /// The end of the night in a zone at this moment; nothing by day.
    fn end_of_night(&self, now: jiff::Timestamp, zone: &TimeZone) -> Option<jiff::Timestamp> {
        let local = zone.to_datetime(now);
        let (from, until, time) = (self.from.0, self.until.0, local.time());
        let quiet = if from <= until { from <= time && time < until } else { time >= from || time < until };
        if !quiet {
            return None;
        }
        let day = if time < until { local.date() } else { local.date().tomorrow().ok()? };
        zone.to_timestamp(day.to_datetime(until)).ok()
    }

    /// When it is day in every zone of a region; nothing where it is so now.
    fn until(&self, now: jiff::Timestamp, region: &str) -> Until {
        let Some(zones) = ZONES.get(region) else { return Until::NoZone };
        let mut at = now;
        for _ in 0..STEPS_MAX {
            match zones.iter().filter_map(|zone| self.end_of_night(at, zone)).max() {
                Some(end) => at = end,
                None if at == now => return Until::Now,
                None => return Until::Then(at),
            }
        }
        Until::Never
    }
}

/// When a recipient may be contacted.
enum Until {
    Now,
    Then(jiff::Timestamp),
    /// The region has no zone of its own, such as a satellite's.
    NoZone,
    /// It is always night in some zone.
    Never,
}

/// A text message waits for the day; a call is refused, because its agent will not wait for it.
pub(crate) fn check(
    channel: Channel,
    region: Option<&str>,
    rules: &QuietHours,
    now: Timestamp,
    findings: &mut Findings,
) {
    if !rules.channels.contains(&channel) {
        return;
    }
    let (Some(region), Some(at)) = (region, moment(now)) else { return };
    let until = match rules.until(at, region) {
        Until::Now => {
            let detail = words!("it is day in {region}", "현지({region})는 지금 주간입니다");
            findings.note(RuleId::B7, RuleEffect::Pass, detail);
            return;
        }
        Until::NoZone => {
            let detail = words!("no zone is known for {region}", "{region}의 시간대를 알 수 없습니다");
            findings.note(RuleId::B7, RuleEffect::Flag, detail);
            return;
        }
        Until::Never => {
            let detail = words!(
                "the quiet hours leave no hour that is day in all of {region}",
                "야간 시간 설정 때문에 {region} 전역이 주간인 시각이 없습니다"
            );
            findings.note(RuleId::B7, RuleEffect::Flag, detail);
            return;
        }
        Until::Then(until) => until,
    };
    let until = Timestamp(now.0 + time_between(at, until));
    let detail = words!("it is night in {region} until {until}", "현지({region})는 {until}까지 야간입니다");
    match channel {
        Channel::Sms | Channel::Email => {
            let code = Some(FailureCode::QuietHours);
            findings.postpone(RuleId::B7, until, code, detail, Facts::default());
        }
        Channel::Dial => {
            let facts = Facts { until: Some(until), ..Facts::default() };
            findings.refuse_with(RuleId::B7, FailureCode::QuietHours, detail, facts);
        }
    }
}

fn moment(now: Timestamp) -> Option<jiff::Timestamp> {
    jiff::Timestamp::from_second(now.0.unix_timestamp()).ok()
}

fn time_between(from: jiff::Timestamp, to: jiff::Timestamp) -> std::time::Duration {
    let between: SignedDuration = to.duration_since(from);
    between.unsigned_abs()
}

impl FromStr for ClockTime {
    type Err = NoClockTime;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let read = || {
            let (hours, minutes) = text.split_once(':')?;
            let two_digits = |part: &str| (part.len() == 2).then(|| part.parse::<i8>().ok()).flatten();
            Time::new(two_digits(hours)?, two_digits(minutes)?, 0, 0).ok()
        };
        read().map(Self).ok_or_else(|| NoClockTime(text.to_owned()))
    }
}

impl TryFrom<String> for ClockTime {
    type Error = NoClockTime;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

impl From<ClockTime> for String {
    fn from(time: ClockTime) -> Self {
        time.to_string()
    }
}

impl fmt::Display for ClockTime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:02}:{:02}", self.0.hour(), self.0.minute())
    }
}

impl fmt::Debug for ClockTime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_zone_of_every_country_is_in_the_bundled_database() {
        let named: usize = include_str!("zones.tsv")
            .lines()
            .map(|line| line.split_once('\t').map_or(0, |(_, names)| names.split(' ').count()))
            .sum();
        assert_eq!(ZONES.values().map(Vec::len).sum::<usize>(), named);
        assert!(named > 400, "{named}");
    }

    #[test]
    fn a_time_of_day_is_written_in_four_digits() {
        for good in ["00:00", "08:30", "23:59"] {
            assert_eq!(good.parse::<ClockTime>().map(|time| time.to_string()), Ok(good.to_owned()));
        }
        for bad in ["24:00", "8:30", "0830", "08:60", "", "08:30:00", "-1:00", "ab:cd"] {
            assert!(bad.parse::<ClockTime>().is_err(), "{bad}");
        }
    }
}
