//! What is in hand, a lane for each job: the first of a lane is tried, and the others wait for it.

use std::collections::{BTreeSet, HashMap, VecDeque};

use tokio::time::Instant;
use uuid::Uuid;

/// Messages in hand by what they speak of.
#[derive(Debug)]
pub(super) struct Lanes<T> {
    lanes: HashMap<Uuid, VecDeque<Waiting<T>>>,
    /// Whose first message may be tried, the one that has waited longest in front.
    ready: VecDeque<Uuid>,
    /// Whose first message waits for its time.
    timed: BTreeSet<(Instant, Uuid)>,
}

#[derive(Debug)]
struct Waiting<T> {
    item: T,
    due: Instant,
}

impl<T> Lanes<T> {
    pub(super) fn new() -> Self {
        Self { lanes: HashMap::new(), ready: VecDeque::new(), timed: BTreeSet::new() }
    }

    /// Puts a message behind the others of its subject; it is not tried before `due`.
    pub(super) fn push(&mut self, subject: Uuid, item: T, due: Instant) {
        let lane = self.lanes.entry(subject).or_default();
        lane.push_back(Waiting { item, due });
        if lane.len() == 1 {
            self.timed.insert((due, subject));
        }
    }

    /// Drops those of a lane that wait behind its first message and are not to be kept; the first one may be under way.
    pub(super) fn keep_behind_first(&mut self, subject: Uuid, is_kept: impl Fn(&T) -> bool) {
        let Some(lane) = self.lanes.get_mut(&subject) else { return };
        let mut is_first = true;
        lane.retain(|waiting| std::mem::take(&mut is_first) || is_kept(&waiting.item));
    }

    /// The next lane whose first message may be tried; it is nobody else's until [`Lanes::done`] or [`Lanes::again`].
    pub(super) fn next(&mut self, now: Instant) -> Option<Uuid> {
        while let Some((due, subject)) = self.timed.first().copied()
            && due <= now
        {
            self.timed.remove(&(due, subject));
            self.ready.push_back(subject);
        }
        self.ready.pop_front()
    }

    /// The first message of a lane.
    pub(super) fn first(&self, subject: Uuid) -> Option<&T> {
        self.lanes.get(&subject)?.front().map(|waiting| &waiting.item)
    }

    /// Takes the first message of a lane out, and lets the next one be tried.
    pub(super) fn done(&mut self, subject: Uuid) -> Option<T> {
        let lane = self.lanes.get_mut(&subject)?;
        let done = lane.pop_front();
        match lane.front() {
            Some(next) => drop(self.timed.insert((next.due, subject))),
            None => drop(self.lanes.remove(&subject)),
        }
        done.map(|waiting| waiting.item)
    }

    /// Lets the first message of a lane be tried again, not before `due`.
    pub(super) fn again(&mut self, subject: Uuid, due: Instant) {
        self.timed.insert((due, subject));
    }

    /// When the next lane may be tried; nothing where none waits, or where one may be tried at once.
    pub(super) fn next_due(&self) -> Option<Instant> {
        self.timed.first().map(|(due, _)| *due)
    }

    pub(super) fn is_empty(&self) -> bool {
        self.lanes.is_empty()
    }

    /// Every message in hand.
    pub(super) fn iter(&self) -> impl Iterator<Item = &T> {
        self.lanes.values().flatten().map(|waiting| &waiting.item)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    const JOB: Uuid = Uuid::from_u128(1);
    const OTHER: Uuid = Uuid::from_u128(2);

    #[test]
    fn the_later_messages_of_a_job_wait_for_the_first_one_and_other_jobs_do_not() {
        let (mut lanes, now) = (Lanes::new(), Instant::now());
        lanes.push(JOB, "first", now);
        lanes.push(JOB, "second", now);
        assert_eq!(lanes.next(now), Some(JOB));
        assert_eq!(lanes.next(now), None, "the second one waits");
        let later = now + Duration::from_secs(1);
        lanes.again(JOB, later);
        lanes.push(OTHER, "other", now);
        assert_eq!(lanes.next(now), Some(OTHER));
        assert_eq!(lanes.done(OTHER), Some("other"));
        assert_eq!((lanes.next(now), lanes.next_due()), (None, Some(later)));
        assert_eq!(lanes.next(later), Some(JOB));
        assert_eq!(lanes.first(JOB), Some(&"first"));
        assert_eq!(lanes.done(JOB), Some("first"));
        assert_eq!((lanes.next(later), lanes.done(JOB)), (Some(JOB), Some("second")));
        assert_eq!((lanes.next(later), lanes.iter().count()), (None, 0));
    }

    #[test]
    fn what_came_by_a_connection_that_is_gone_does_not_pile_up_behind_the_first_message_of_a_job() {
        let (mut lanes, now) = (Lanes::new(), Instant::now());
        for connection in 1..=100 {
            lanes.keep_behind_first(JOB, |by: &u32| *by == connection);
            lanes.push(JOB, connection, now);
            lanes.push(JOB, connection, now);
        }
        assert_eq!(lanes.iter().copied().collect::<Vec<_>>(), [1, 100, 100]);
    }

    #[test]
    fn jobs_take_turns_so_that_no_failing_one_is_always_the_next() {
        let (mut lanes, now) = (Lanes::new(), Instant::now());
        lanes.push(JOB, (), now);
        lanes.push(OTHER, (), now + Duration::from_millis(1));
        let now = now + Duration::from_millis(2);
        assert_eq!(lanes.next(now), Some(JOB));
        lanes.again(JOB, now);
        assert_eq!(lanes.next(now), Some(OTHER));
        lanes.again(OTHER, now);
        assert_eq!(lanes.next(now), Some(JOB));
    }
}
