//! What is remembered of outcomes that were not taken, also while their messages are back in the queue.

use std::{collections::HashMap, time::Duration};

use closure_policy::{
    patience::PatienceRules,
    webhook::{self, Alone, Fault, Next},
};
use tokio::time::Instant;
use uuid::Uuid;

/// What was not tried for this long is in other hands by now.
const REMEMBERED: Duration = Duration::from_secs(3_600);

/// The outcomes that were not taken, by their ids.
#[derive(Debug)]
pub(super) struct Troubles {
    rules: PatienceRules,
    by_outcome: HashMap<Uuid, Trouble>,
    last_taken: Option<Instant>,
    /// When the endpoint was seen to be away last.
    last_away: Option<Instant>,
}

/// One outcome that was not taken.
#[derive(Debug, Clone, Copy)]
pub(super) struct Trouble {
    since: Instant,
    failed_at: Instant,
    /// How often it was tried while the endpoint was there.
    pub(super) tries: u32,
    due: Instant,
    /// Whether others were taken between its last two tries.
    is_alone: bool,
    /// All its tries of that kind, and the time between each of them and the one before.
    alone: Alone,
    is_told: bool,
}

/// Whether somebody is to be told of an outcome that waits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Alarm {
    Now,
    /// Not yet, or they were told.
    Silent,
}

impl Troubles {
    pub(super) fn new(rules: PatienceRules) -> Self {
        Self { rules, by_outcome: HashMap::new(), last_taken: None, last_away: None }
    }

    /// Forgets what other workers have dealt with.
    pub(super) fn forget_old(&mut self, now: Instant) {
        self.by_outcome.retain(|_, trouble| now.duration_since(trouble.failed_at) < REMEMBERED);
    }

    /// When an outcome that comes into our hands may be tried.
    pub(super) fn due(&self, outcome: Uuid, now: Instant) -> Instant {
        self.by_outcome.get(&outcome).map_or(now, |trouble| trouble.due)
    }

    /// The endpoint took an outcome.
    pub(super) fn taken(&mut self, outcome: Uuid, now: Instant) {
        self.by_outcome.remove(&outcome);
        self.last_taken = Some(now);
    }

    /// An outcome is no concern of ours any more.
    pub(super) fn forget(&mut self, outcome: Uuid) {
        self.by_outcome.remove(&outcome);
    }

    /// The endpoint did not take an outcome; whether it took others since it was asked to take this one before.
    ///
    /// Only such a try speaks of the outcome: where nothing was taken in between, or the endpoint was seen to be away
    /// after the last one that was, the try speaks of the endpoint, whatever the outcome has come to before.
    pub(super) fn failed(&mut self, outcome: Uuid, now: Instant) -> bool {
        let trouble = self.by_outcome.entry(outcome).or_insert(Trouble {
            since: now,
            failed_at: now,
            tries: 0,
            due: now,
            is_alone: false,
            alone: Alone { tries: 0, for_ms: 0 },
            is_told: false,
        });
        let before = self.last_away.map_or(trouble.failed_at, |away| away.max(trouble.failed_at));
        trouble.is_alone = self.last_taken.is_some_and(|taken| taken > before);
        if trouble.is_alone {
            let Alone { tries, for_ms } = trouble.alone;
            let since_ms = millis(now.duration_since(before));
            trouble.alone = Alone { tries: tries.saturating_add(1), for_ms: for_ms.saturating_add(since_ms) };
        }
        trouble.failed_at = now;
        trouble.is_alone
    }

    /// The endpoint is away: no time before this is held against a single outcome.
    pub(super) fn everyone_fails(&mut self, now: Instant) {
        self.last_away = Some(now);
    }

    /// What becomes of an outcome that [`Troubles::failed`] while the endpoint was there, and whether to tell of it.
    pub(super) fn next(
        &mut self,
        outcome: Uuid,
        fault: Fault,
        asked_ms: Option<u64>,
        now: Instant,
    ) -> (Next, Alarm) {
        let Some(trouble) = self.by_outcome.get_mut(&outcome) else {
            return (Next::Again { after_ms: 0 }, Alarm::Silent);
        };
        trouble.tries = trouble.tries.saturating_add(1);
        let alone = trouble.is_alone.then_some(trouble.alone);
        let next = webhook::next(&self.rules, fault, trouble.tries, alone, asked_ms);
        if let Next::Again { after_ms } = next {
            trouble.due = now + Duration::from_millis(after_ms);
        }
        let is_late = millis(now.duration_since(trouble.since)) >= self.rules.alarm_ms;
        let alarm = if is_late && !trouble.is_told { Alarm::Now } else { Alarm::Silent };
        trouble.is_told |= is_late;
        (next, alarm)
    }

    /// How often an outcome was tried while the endpoint was there.
    pub(super) fn tries(&self, outcome: Uuid) -> u32 {
        self.by_outcome.get(&outcome).map_or(0, |trouble| trouble.tries)
    }
}

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    const OUTCOME: Uuid = Uuid::from_u128(1);
    const OTHER: Uuid = Uuid::from_u128(2);

    struct Setting {
        troubles: Troubles,
        start: Instant,
    }

    impl Setting {
        fn new() -> Self {
            let rules = PatienceRules { alarm_ms: 10_000, alone_max_ms: 60_000, everyone_max_ms: u64::MAX };
            Self { troubles: Troubles::new(rules), start: Instant::now() }
        }

        fn at(&self, second: u64) -> Instant {
            self.start + Duration::from_secs(second)
        }

        /// The outcome fails in this second.
        fn fails(&mut self, second: u64, fault: Fault) -> (Next, Alarm) {
            let now = self.at(second);
            self.troubles.failed(OUTCOME, now);
            self.troubles.next(OUTCOME, fault, None, now)
        }
    }

    #[test]
    fn an_outcome_is_set_aside_at_the_third_refusal_between_which_others_were_taken() {
        let mut setting = Setting::new();
        setting.troubles.taken(OTHER, setting.at(0));
        for second in [1, 2, 3, 4] {
            assert_ne!(setting.fails(second, Fault::Outcome).0, Next::Aside, "nothing was taken since");
        }
        for second in [10, 20] {
            setting.troubles.taken(OTHER, setting.at(second - 1));
            assert_ne!(setting.fails(second, Fault::Outcome).0, Next::Aside);
        }
        for second in [21, 22, 23] {
            assert_ne!(setting.fails(second, Fault::Outcome).0, Next::Aside, "nothing was taken since");
        }
        setting.troubles.taken(OTHER, setting.at(29));
        assert_eq!(setting.fails(30, Fault::Outcome).0, Next::Aside);
    }

    #[test]
    fn an_outcome_that_failed_alone_speaks_of_the_endpoint_again_once_nothing_is_taken_any_more() {
        let mut setting = Setting::new();
        assert!(!setting.troubles.failed(OUTCOME, setting.at(1)));
        setting.troubles.taken(OTHER, setting.at(2));
        assert!(setting.troubles.failed(OUTCOME, setting.at(3)));
        assert!(!setting.troubles.failed(OUTCOME, setting.at(4)), "nothing was taken since");
        assert_ne!(setting.fails(100_000, Fault::Moment).0, Next::Aside, "nobody was taken all the while");
    }

    #[test]
    fn an_outage_in_which_everyone_fails_makes_nobodys_patience_shorter() {
        let mut setting = Setting::new();
        setting.fails(1, Fault::Moment);
        setting.troubles.taken(OTHER, setting.at(2));
        setting.troubles.everyone_fails(setting.at(3));
        assert!(!setting.troubles.failed(OUTCOME, setting.at(4)), "the endpoint went away since");
        setting.troubles.everyone_fails(setting.at(100_000));
        setting.troubles.taken(OTHER, setting.at(100_001));
        assert_ne!(setting.fails(100_002, Fault::Moment).0, Next::Aside);
        setting.troubles.taken(OTHER, setting.at(100_010));
        assert_ne!(setting.fails(100_059, Fault::Moment).0, Next::Aside, "59 s, and none of the outage");
        setting.troubles.taken(OTHER, setting.at(100_060));
        assert_eq!(setting.fails(100_061, Fault::Moment).0, Next::Aside);
    }

    #[test]
    fn somebody_is_told_once_of_an_outcome_that_waits_and_again_only_after_it_was_taken() {
        let mut setting = Setting::new();
        let alarms: Vec<Alarm> =
            [1, 10, 11, 12].map(|second| setting.fails(second, Fault::Moment).1).to_vec();
        assert_eq!(alarms, [Alarm::Silent, Alarm::Silent, Alarm::Now, Alarm::Silent]);
        setting.troubles.taken(OUTCOME, setting.at(13));
        assert_eq!(setting.fails(20, Fault::Moment).1, Alarm::Silent);
    }

    #[test]
    fn its_pause_is_remembered_while_its_message_is_back_in_the_queue_and_not_for_ever() {
        let mut setting = Setting::new();
        setting.fails(1, Fault::Moment);
        setting.fails(2, Fault::Moment);
        assert_eq!(setting.troubles.due(OUTCOME, setting.at(3)), setting.at(4));
        assert_eq!(setting.troubles.due(OTHER, setting.at(3)), setting.at(3));
        setting.troubles.forget_old(setting.at(3_601));
        assert_eq!(setting.troubles.tries(OUTCOME), 2);
        setting.troubles.forget_old(setting.at(3_602));
        assert_eq!(setting.troubles.tries(OUTCOME), 0);
    }
}
