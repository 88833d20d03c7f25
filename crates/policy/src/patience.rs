//! How long a job may be put off for failures that cost no try.
//!
//! Such a failure is not the job's, as far as its code tells: credit, credentials, an outage. Whoever waits for it to
//! pass must remember since when, tell somebody, and come to an end.

use closure_contract::topology::DelayStep;

/// When somebody is told, and when it ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PatienceRules {
    /// After so many milliseconds somebody is told.
    pub alarm_ms: u64,
    /// A job that is put off alone, while others come through, is given up after so many milliseconds.
    pub alone_max_ms: u64,
    /// A job that is put off like every other is given up after so many milliseconds.
    pub everyone_max_ms: u64,
}

impl Default for PatienceRules {
    /// A quarter of an hour is longer than a restart. Six hours are longer than most repairs, and a job that fails alone
    /// will hardly mend itself. Three days bridge a weekend in which nobody tops up an account: an outage must not turn
    /// a backlog into letters (R14e).
    fn default() -> Self {
        const HOUR_MS: u64 = 3_600_000;
        Self { alarm_ms: HOUR_MS / 4, alone_max_ms: 6 * HOUR_MS, everyone_max_ms: 72 * HOUR_MS }
    }
}

/// Whether other jobs come through where this one does not.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Others {
    /// Some did a moment ago.
    ComeThrough,
    /// None did, as far as is known.
    FailAlike,
}

/// What to do with a job that would be put off once more.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Patience {
    /// Put it off for this long.
    Wait(DelayStep),
    /// The same, and tell somebody.
    Alarm(DelayStep),
    /// It was put off for too long: a person must look at it.
    Over,
}

/// After the alarm a job comes back no sooner than this: who asks often is not helped sooner, and block lists mind.
const STEP_AFTER_ALARM: DelayStep = DelayStep::Seconds30;

/// The longest wait between two tries of a job that fails alone.
const STEP_ALONE_MAX: DelayStep = DelayStep::Minutes10;

/// The wait of a job that fails while nothing is known to fail for others: it grows to half of what the job has waited.
///
/// No circuit stands between such a job and the provider, so that nothing else keeps it from being asked every second.
pub fn backed_off(step: DelayStep, waited_ms: u64) -> DelayStep {
    step.max(DelayStep::within(waited_ms / 2).min(STEP_ALONE_MAX))
}

/// What to do with a job that has been put off for `waited_ms`, and would come back after `step`.
pub fn patience(rules: &PatienceRules, waited_ms: u64, others: Others, step: DelayStep) -> Patience {
    let max_ms = match others {
        Others::ComeThrough => rules.alone_max_ms.min(rules.everyone_max_ms),
        Others::FailAlike => rules.everyone_max_ms,
    };
    if waited_ms >= max_ms {
        Patience::Over
    } else if waited_ms >= rules.alarm_ms {
        Patience::Alarm(step.max(STEP_AFTER_ALARM))
    } else {
        Patience::Wait(step)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const RULES: PatienceRules = PatienceRules { alarm_ms: 10, alone_max_ms: 100, everyone_max_ms: 1_000 };

    #[test]
    fn a_job_waits_then_alarms_then_ends_and_one_that_fails_alone_ends_sooner() {
        let step = DelayStep::Seconds5;
        for (waited_ms, others, expected) in [
            (0, Others::FailAlike, Patience::Wait(step)),
            (9, Others::ComeThrough, Patience::Wait(step)),
            (10, Others::FailAlike, Patience::Alarm(DelayStep::Seconds30)),
            (99, Others::ComeThrough, Patience::Alarm(DelayStep::Seconds30)),
            (100, Others::ComeThrough, Patience::Over),
            (100, Others::FailAlike, Patience::Alarm(DelayStep::Seconds30)),
            (1_000, Others::FailAlike, Patience::Over),
            (u64::MAX, Others::FailAlike, Patience::Over),
        ] {
            assert_eq!(patience(&RULES, waited_ms, others, step), expected, "{waited_ms} {others:?}");
        }
        let long = patience(&RULES, 10, Others::FailAlike, DelayStep::Hours1);
        assert_eq!(long, Patience::Alarm(DelayStep::Hours1), "an alarm never shortens a wait");
    }

    #[test]
    fn a_job_that_fails_alone_is_asked_ever_more_rarely_and_a_few_dozen_times_in_all() {
        let rules = PatienceRules::default();
        let (mut waited_ms, mut tries, mut last) = (0, 0, DelayStep::Seconds1);
        while waited_ms < rules.alone_max_ms {
            let step = backed_off(DelayStep::Seconds5, waited_ms);
            assert!(step >= last, "{step} after {last}");
            (waited_ms, tries, last) = (waited_ms + u64::from(step.millis()), tries + 1, step);
        }
        assert_eq!(last, DelayStep::Minutes10);
        assert!(tries < 70, "{tries} tries");
        assert_eq!(backed_off(DelayStep::Hours1, 0), DelayStep::Hours1, "what the provider asks for is kept");
    }

    #[test]
    fn an_outage_of_a_weekend_ends_no_job_that_ships_with_the_defaults() {
        let weekend_ms = 64 * 3_600_000;
        let rules = PatienceRules::default();
        assert_ne!(patience(&rules, weekend_ms, Others::FailAlike, DelayStep::Hours1), Patience::Over);
        assert_eq!(patience(&rules, weekend_ms, Others::ComeThrough, DelayStep::Hours1), Patience::Over);
    }
}
