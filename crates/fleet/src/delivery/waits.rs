//! How long a job waits before it is looked at again.

use closure_contract::{AttemptNumber, Channel, Timestamp, topology::DelayStep};
use closure_policy::{patience::PatienceRules, retry::Ladder};

/// The waits of one channel's jobs.
#[derive(Debug, Clone)]
pub struct Waits {
    /// The delays between tries.
    pub ladder: Ladder,
    /// How long jobs may be put off.
    pub patience: PatienceRules,
}

/// A call waits so long where no try was made; hardly any click is fresh by then.
const CALL_NOT_TRIED: DelayStep = DelayStep::Seconds30;

impl Waits {
    /// Of a job for which nothing was tried, or whose next try another process may have scheduled.
    pub fn not_tried(&self, channel: Channel) -> DelayStep {
        match channel {
            Channel::Sms | Channel::Email => self.ladder.first(),
            Channel::Dial => CALL_NOT_TRIED,
        }
    }

    /// Of a job in doubt, after so many look-ups that found nothing.
    pub fn in_doubt(&self, lookups: u32) -> DelayStep {
        self.ladder.rung_or_last(AttemptNumber(lookups.saturating_add(2)))
    }
}

/// Of a job that was put off: until its time, or for as much of that as a step takes.
pub fn until(time: Timestamp, now: Timestamp) -> DelayStep {
    DelayStep::within(ms_between(now, time))
}

/// The milliseconds from one time to another; both are the database's, because a worker's own clock may be wrong.
pub fn ms_between(from: Timestamp, to: Timestamp) -> u64 {
    u64::try_from((to.0 - from.0).whole_milliseconds()).unwrap_or(0)
}
