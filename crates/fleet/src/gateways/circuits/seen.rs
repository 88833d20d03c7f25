//! What one process knows of the circuits: failures in a row, what is open, and which rights to probe it holds.

use std::{
    collections::HashMap,
    time::{Duration, Instant},
};

use closure_contract::{JobId, Provider};
use closure_providers::About;
use closure_store::{GatewayScope, OpenCircuit, OpenedBy};

/// What this process knows.
#[derive(Default)]
pub(super) struct Seen {
    /// Failures in a row.
    failures: HashMap<GatewayScope, InARow>,
    /// The circuits that are open, with the time of their next probe.
    pub(super) open: HashMap<GatewayScope, Open>,
    /// The rights to probe that this process holds.
    pub(super) rights: HashMap<GatewayScope, Right>,
}

/// A try that failed.
#[derive(Clone, Copy)]
pub(super) struct Failed {
    pub(super) job: JobId,
    /// What it may be about.
    pub(super) about: About,
}

/// At most as many jobs as open a circuit.
#[derive(Default)]
struct InARow {
    count: u32,
    jobs: Vec<JobId>,
    /// Those over which the provider said once what nobody understands.
    puzzling: Vec<JobId>,
}

/// So many are remembered; where so many meet it and none comes through, it is no longer one message's.
const PUZZLING_MAX: usize = 64;

#[derive(Clone, Copy)]
pub(super) struct Open {
    pub(super) by: OpenedBy,
    pub(super) probe_at: Instant,
    pub(super) probes_failed: u32,
    known_since: Instant,
}

#[derive(Clone, Copy)]
pub(super) struct Right {
    until: Instant,
    used: Used,
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Used {
    NotYet,
    ByAJob,
}

impl Seen {
    pub(super) fn may_probe(&self, name: &GatewayScope) -> bool {
        let free = |right: &Right| right.used == Used::NotYet && right.until > Instant::now();
        self.rights.get(name).is_some_and(free)
    }

    pub(super) fn use_right(&mut self, name: &GatewayScope, used: Used) {
        if let Some(right) = self.rights.get_mut(name) {
            right.used = used;
        }
    }

    /// Counts a failure; whether it opens a circuit that was closed until now.
    ///
    /// One message over which a provider fails each time counts once, as often as it comes again; one over which it says
    /// what nobody understands counts when it does so again, or when very many have met it and none came through.
    pub(super) fn failed(
        &mut self,
        name: GatewayScope,
        failed: Failed,
        failures_to_open: u32,
        wait_ms: u64,
    ) -> bool {
        if self.open.contains_key(&name) {
            return false;
        }
        let row = self.failures.entry(name).or_default();
        let is_met_again = row.puzzling.contains(&failed.job);
        if failed.about == About::OneWord && !is_met_again && row.puzzling.len() < PUZZLING_MAX {
            row.puzzling.push(failed.job);
            return false;
        }
        let is_known = row.jobs.contains(&failed.job);
        if failed.about == About::Provider || !is_known {
            row.count = row.count.saturating_add(1);
        }
        if !is_known {
            row.jobs.push(failed.job);
        }
        if row.count < failures_to_open {
            return false;
        }
        self.reopen(name, OpenedBy::Request, 0, wait_ms);
        true
    }

    pub(super) fn forgive(&mut self, provider: Provider, country_code: Option<u16>) {
        for name in GatewayScope::of(provider, country_code) {
            self.failures.remove(&name);
        }
    }

    pub(super) fn reopen(&mut self, name: GatewayScope, by: OpenedBy, probes_failed: u32, wait_ms: u64) {
        self.failures.remove(&name);
        self.rights.remove(&name);
        let known_since = Instant::now();
        let probe_at = known_since + Duration::from_millis(wait_ms);
        self.open.insert(name, Open { by, probe_at, probes_failed, known_since });
    }

    pub(super) fn close(&mut self, name: &GatewayScope) {
        self.failures.remove(name);
        self.rights.remove(name);
        self.open.remove(name);
    }

    /// What the database says of the circuits stands above what this process thought before it asked.
    pub(super) fn learn(&mut self, open: Vec<OpenCircuit>, asked_at: Instant) {
        let now = Instant::now();
        self.open.retain(|_, found_meanwhile| found_meanwhile.known_since >= asked_at);
        for circuit in open {
            let probe_at = now + Duration::from_millis(circuit.probe_in_ms);
            let probes_failed = circuit.probes_failed;
            let known = Open { by: circuit.opened_by, probe_at, probes_failed, known_since: asked_at };
            self.open.entry(circuit.name).or_insert(known);
        }
        let open = &self.open;
        self.rights.retain(|name, right| open.contains_key(name) && right.until > now);
    }

    pub(super) fn take(&mut self, taken: Vec<GatewayScope>, lease: Duration) {
        let until = Instant::now() + lease;
        self.rights.extend(taken.into_iter().map(|name| (name, Right { until, used: Used::NotYet })));
    }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    const MAIL: GatewayScope = GatewayScope { provider: Provider::Smtp, country_code: None };

    /// After how many of these failures a circuit of five opens.
    fn opens_after(failures: impl Iterator<Item = (u128, About)>) -> Option<usize> {
        let mut seen = Seen::default();
        failures
            .map(|(job, about)| Failed { job: JobId(Uuid::from_u128(job)), about })
            .position(|failed| seen.failed(MAIL, failed, 5, 1_000))
            .map(|index| index + 1)
    }

    #[test]
    fn five_failures_of_the_provider_itself_open_a_circuit_even_if_one_job_met_them_all() {
        assert_eq!(opens_after((0..20).map(|_| (1, About::Provider))), Some(5));
    }

    #[test]
    fn one_message_over_which_the_provider_fails_each_time_opens_no_circuit_and_five_do() {
        assert_eq!(opens_after((0..1_000).map(|_| (1, About::Message))), None);
        assert_eq!(opens_after((0..1_000).map(|nth| (nth % 4, About::Message))), None, "four take turns");
        assert_eq!(opens_after((0..20).map(|job| (job, About::Message))), Some(5));
    }

    #[test]
    fn a_word_that_nobody_understands_is_one_messages_until_it_is_said_again_of_the_same_ones() {
        let once = (0..64).map(|job| (job, About::OneWord));
        assert_eq!(opens_after(once), None, "each of them may be sent again, and is then understood");
        let twice = (0..20).map(|nth| (nth / 2, About::OneWord));
        assert_eq!(opens_after(twice), Some(10), "five messages met it twice");
        assert_eq!(opens_after((0..1_000).map(|_| (1, About::OneWord))), None, "one message alone");
        let turns = (0..1_000).map(|nth| (nth % 200, About::OneWord));
        assert_eq!(opens_after(turns), Some(69), "a long queue meets it before any of it comes again");
    }
}
