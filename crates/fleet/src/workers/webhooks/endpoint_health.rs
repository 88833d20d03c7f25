//! Whether the CRM's endpoint is there: while it is away, one outcome at a time shows whether it is back.

use std::{collections::HashSet, time::Duration};

use closure_policy::webhook::{self, FAILING_IN_A_ROW, Fault};
use tokio::time::Instant;
use uuid::Uuid;

use crate::services::{Asking, Service, Services};

/// What is known of the endpoint.
#[derive(Debug)]
pub(super) struct Endpoint {
    services: Services,
    state: State,
}

#[derive(Debug)]
enum State {
    /// It takes outcomes; these jobs failed since the last one that it took.
    There {
        failing: HashSet<Uuid>,
    },
    Away {
        tries: u32,
        until: Instant,
        asking: Asking,
    },
}

impl Endpoint {
    pub(super) fn new(services: Services) -> Self {
        Self { services, state: State::There { failing: HashSet::new() } }
    }

    /// When an outcome may be tried, with so many requests under way; nothing while one of them is to show more.
    pub(super) fn open_at(&self, under_way: usize, now: Instant) -> Option<Instant> {
        match &self.state {
            State::There { .. } => Some(now),
            State::Away { until, .. } => (under_way == 0).then_some(*until),
        }
    }

    /// Until when it is left alone, while it is away.
    pub(super) fn away_until(&self) -> Option<Instant> {
        match &self.state {
            State::There { .. } => None,
            State::Away { until, .. } => Some(*until),
        }
    }

    /// It took an outcome.
    pub(super) fn took(&mut self) {
        match &mut self.state {
            State::There { failing } => failing.clear(),
            State::Away { asking, .. } => {
                asking.answered();
                self.state = State::There { failing: HashSet::new() };
            }
        }
    }

    /// Nothing is left to be tried by this process, and nothing came for a while: whether it is back shows another who
    /// works on, or the next outcome that comes.
    pub(super) fn nothing_to_try(&mut self, now: Instant) {
        match &mut self.state {
            State::There { .. } => {}
            State::Away { until, .. } if now < *until => {}
            State::Away { asking, .. } => {
                asking.answered();
                self.state = State::There { failing: HashSet::new() };
            }
        }
    }

    /// It did not take an outcome of a job.
    pub(super) fn failed(
        &mut self,
        job: Uuid,
        fault: Fault,
        asked_ms: Option<u64>,
        problem: &str,
        now: Instant,
    ) {
        let pause = |tries| Duration::from_millis(webhook::endpoint_pause_ms(tries, asked_ms));
        match &mut self.state {
            State::There { failing } => {
                failing.insert(job);
                if fault == Fault::Endpoint || failing.len() >= FAILING_IN_A_ROW {
                    let mut asking = self.services.ask(Service::Webhook);
                    asking.failed(&problem);
                    self.state = State::Away { tries: 1, until: now + pause(1), asking };
                }
            }
            // A request from before it went away says nothing new.
            State::Away { until, .. } if now < *until => {}
            State::Away { tries, until, asking } => {
                *tries = tries.saturating_add(1);
                *until = now + pause(*tries);
                asking.failed(&problem);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn endpoint() -> (Endpoint, Services, Instant) {
        let services = Services::default();
        (Endpoint::new(services.clone()), services, Instant::now())
    }

    #[test]
    fn three_jobs_that_fail_in_a_row_or_one_refused_signature_mean_that_it_is_away() {
        let (mut endpoint, services, now) = endpoint();
        let mut fail =
            |job, fault| endpoint.failed(Uuid::from_u128(job), fault, None, "it answered 500", now);
        for _ in 0..9 {
            fail(1, Fault::Moment);
        }
        fail(2, Fault::Outcome);
        assert_eq!(services.reason(Service::Webhook), None, "two jobs may have a fault of their own");
        fail(3, Fault::Moment);
        assert_eq!(services.reason(Service::Webhook).as_deref(), Some("it answered 500"));
        endpoint.took();
        assert_eq!(services.reason(Service::Webhook), None);
        endpoint.failed(Uuid::from_u128(1), Fault::Endpoint, None, "it answered 401", now);
        assert_eq!(services.reason(Service::Webhook).as_deref(), Some("it answered 401"));
    }

    #[test]
    fn an_endpoint_to_which_nothing_is_left_to_be_sent_is_not_called_away_for_ever() {
        let (mut endpoint, services, now) = endpoint();
        endpoint.failed(Uuid::from_u128(1), Fault::Endpoint, None, "it answered 401", now);
        endpoint.nothing_to_try(now);
        assert!(services.reason(Service::Webhook).is_some(), "it is left alone for a second");
        endpoint.nothing_to_try(now + Duration::from_secs(1));
        assert_eq!(services.reason(Service::Webhook), None);
        assert_eq!(endpoint.away_until(), None);
    }

    #[test]
    fn while_it_is_away_one_outcome_at_a_time_is_tried_after_pauses_that_grow() {
        let (mut endpoint, _services, now) = endpoint();
        assert_eq!(endpoint.open_at(7, now), Some(now));
        let second = |count| now + Duration::from_secs(count);
        let job = Uuid::from_u128(1);
        endpoint.failed(job, Fault::Endpoint, None, "it answered 401", now);
        endpoint.failed(job, Fault::Endpoint, None, "it answered 401", now);
        assert_eq!(endpoint.open_at(0, now), Some(second(1)), "the second one was under way before");
        assert_eq!(endpoint.open_at(1, second(1)), None);
        endpoint.failed(job, Fault::Moment, None, "it answered 500", second(1));
        assert_eq!(endpoint.open_at(0, second(1)), Some(second(3)));
        endpoint.failed(job, Fault::Moment, Some(30_000), "it answered 503", second(3));
        assert_eq!(endpoint.away_until(), Some(second(33)));
        endpoint.took();
        assert_eq!(endpoint.open_at(7, now), Some(now));
    }
}
