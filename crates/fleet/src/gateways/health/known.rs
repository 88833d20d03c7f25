//! What one process knows of the gateways' health: failures in a row, the circuits that are open, and the rights to
//! probe that it holds.

use std::{
    collections::HashMap,
    time::{Duration, Instant},
};

use closure_contract::{JobId, Provider};
use closure_providers::About;
use closure_store::{GatewayScope, OpenCircuit, OpenedBy};

use crate::runtime::Flow;

/// A gateway that failed in a way that hits every job alike is passed over for so long, where another can stand in.
const UNWELL_FOR: Duration = Duration::from_secs(30);

/// What one process knows.
#[derive(Default)]
pub(super) struct Known {
    /// Failures in a row, of requests and of what receipts say.
    failures: HashMap<(GatewayScope, OpenedBy), InARow>,
    /// When a request failed last in a way that hits every job alike.
    failed_at: HashMap<Provider, Instant>,
    /// The circuits that are open, with the time of their next probe.
    pub(super) open: HashMap<GatewayScope, Open>,
    /// The rights to probe that this process holds.
    rights: HashMap<GatewayScope, Right>,
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
    by: OpenedBy,
    probe_at: Instant,
    probes_failed: u32,
    known_since: Instant,
}

#[derive(Clone, Copy)]
struct Right {
    until: Instant,
    used: Used,
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Used {
    NotYet,
    ByAJob,
}

impl Known {
    /// Whether nothing may go there now, not even a probe.
    pub(super) fn is_shut(&self, scope: &GatewayScope) -> bool {
        let free = |right: &Right| right.used == Used::NotYet && right.until > Instant::now();
        self.open.contains_key(scope) && !self.rights.get(scope).is_some_and(free)
    }

    /// How long it is until the last of these may be probed.
    pub(super) fn longest_wait(&self, scopes: &[GatewayScope]) -> Duration {
        let now = Instant::now();
        let waits = scopes.iter().filter_map(|scope| self.open.get(scope));
        waits.map(|open| open.probe_at.saturating_duration_since(now)).max().unwrap_or_default()
    }

    /// How jobs are to flow to whoever asks these gateways.
    pub(super) fn flow(&self, providers: &[Provider]) -> Flow {
        let whole = providers.iter().map(|provider| GatewayScope { provider: *provider, country_code: None });
        let open = whole.clone().filter(|scope| self.open.contains_key(scope)).count();
        match (open < providers.len(), whole.clone().any(|scope| self.rights.contains_key(&scope))) {
            (true, _) => Flow::Open,
            (false, true) => Flow::OneByOne,
            (false, false) => Flow::Shut,
        }
    }

    pub(super) fn use_right(&mut self, scope: &GatewayScope, used: Used) {
        if let Some(right) = self.rights.get_mut(scope) {
            right.used = used;
        }
    }

    pub(super) fn opened_by(&self, scope: &GatewayScope) -> Option<OpenedBy> {
        self.open.get(scope).map(|open| open.by)
    }

    /// What opened a circuit, and how many probes of it failed in a row.
    pub(super) fn probes_failed(&self, scope: &GatewayScope) -> (OpenedBy, u32) {
        self.open.get(scope).map_or((OpenedBy::Request, 0), |open| (open.by, open.probes_failed))
    }

    pub(super) fn remember_failure(&mut self, provider: Provider) {
        self.failed_at.insert(provider, Instant::now());
    }

    pub(super) fn failed_lately(&self, provider: Provider) -> bool {
        self.failed_at.get(&provider).is_some_and(|at| at.elapsed() < UNWELL_FOR)
    }

    /// Counts a failure; whether it is one too many.
    ///
    /// One message over which a provider fails each time counts once, as often as it comes again; one over which it says
    /// what nobody understands counts when it does so again, or when very many have met it and none came through. A
    /// request that fails behind an open circuit says nothing new; for a receipt the circuit may just have been closed.
    pub(super) fn count(
        &mut self,
        scope: GatewayScope,
        failed: Failed,
        by: OpenedBy,
        failures_to_open: u32,
    ) -> bool {
        if by == OpenedBy::Request && self.open.contains_key(&scope) {
            return false;
        }
        let row = self.failures.entry((scope, by)).or_default();
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
        let too_many = row.count >= failures_to_open;
        if too_many {
            self.failures.remove(&(scope, by));
        }
        too_many
    }

    pub(super) fn forgive(&mut self, provider: Provider, country_code: Option<u16>, by: OpenedBy) {
        for scope in GatewayScope::of(provider, country_code) {
            self.failures.remove(&(scope, by));
        }
    }

    /// Leaves a gateway alone, or its way to a country, until its next probe.
    pub(super) fn leave_alone(
        &mut self,
        scope: GatewayScope,
        by: OpenedBy,
        probes_failed: u32,
        wait_ms: u64,
    ) {
        self.rights.remove(&scope);
        self.failures.remove(&(scope, OpenedBy::Request));
        let known_since = Instant::now();
        let probe_at = known_since + Duration::from_millis(wait_ms);
        self.open.insert(scope, Open { by, probe_at, probes_failed, known_since });
    }

    pub(super) fn close(&mut self, scope: &GatewayScope) {
        self.failures.remove(&(*scope, OpenedBy::Request));
        self.rights.remove(scope);
        self.open.remove(scope);
    }

    /// What the database says of the circuits stands above what this process thought before it asked.
    pub(super) fn take_over(&mut self, open: Vec<OpenCircuit>, asked_at: Instant) {
        let now = Instant::now();
        self.open.retain(|_, found_meanwhile| found_meanwhile.known_since >= asked_at);
        for circuit in open {
            let probe_at = now + Duration::from_millis(circuit.probe_in_ms);
            let probes_failed = circuit.probes_failed;
            let known = Open { by: circuit.opened_by, probe_at, probes_failed, known_since: asked_at };
            self.open.entry(circuit.name).or_insert(known);
        }
        let open = &self.open;
        self.rights.retain(|scope, right| open.contains_key(scope) && right.until > now);
    }

    pub(super) fn take_rights(&mut self, taken: Vec<GatewayScope>, lease: Duration) {
        let until = Instant::now() + lease;
        self.rights.extend(taken.into_iter().map(|scope| (scope, Right { until, used: Used::NotYet })));
    }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    const MAIL: GatewayScope = GatewayScope { provider: Provider::Smtp, country_code: None };

    /// After how many of these failures a circuit of five opens.
    fn opens_after(failures: impl Iterator<Item = (u128, About)>) -> Option<usize> {
        let mut known = Known::default();
        failures
            .map(|(job, about)| Failed { job: JobId(Uuid::from_u128(job)), about })
            .position(|failed| known.count(MAIL, failed, OpenedBy::Request, 5))
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

    #[test]
    fn requests_that_are_taken_do_not_make_up_for_texts_that_are_turned_back() {
        let mut known = Known::default();
        let turned_back = |known: &mut Known, job| {
            let failed = Failed { job: JobId(Uuid::from_u128(job)), about: About::Provider };
            known.count(MAIL, failed, OpenedBy::Receipt, 5)
        };
        for job in 0..4 {
            assert!(!turned_back(&mut known, job));
            known.forgive(MAIL.provider, MAIL.country_code, OpenedBy::Request);
        }
        assert!(turned_back(&mut known, 4));
        assert!((5..9).all(|job| !turned_back(&mut known, job)), "it begins anew");
        known.forgive(MAIL.provider, MAIL.country_code, OpenedBy::Receipt);
        assert!(
            (9..13).all(|job| !turned_back(&mut known, job)),
            "one that was carried makes up for the others"
        );
    }

    #[test]
    fn jobs_stop_once_no_gateway_may_be_asked_and_flow_one_by_one_with_the_right_to_probe() {
        let (providers, scope) =
            ([Provider::Nhn, Provider::Infobip], |provider| GatewayScope { provider, country_code: None });
        let mut known = Known::default();
        assert_eq!(known.flow(&providers), Flow::Open);
        known.leave_alone(scope(Provider::Nhn), OpenedBy::Request, 0, 1_000);
        assert_eq!(known.flow(&providers), Flow::Open, "the other one may be asked");
        known.leave_alone(scope(Provider::Infobip), OpenedBy::Receipt, 0, 1_000);
        assert_eq!(known.flow(&providers), Flow::Shut);
        known.take_rights(vec![scope(Provider::Nhn)], Duration::from_secs(60));
        assert_eq!(known.flow(&providers), Flow::OneByOne);
        known.close(&scope(Provider::Nhn));
        assert_eq!(known.flow(&providers), Flow::Open);
        assert_eq!(known.flow(&[Provider::Infobip]), Flow::Shut, "each worker by its own gateways");
    }
}
