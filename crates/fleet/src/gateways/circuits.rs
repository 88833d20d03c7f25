//! Which gateways are left alone, the mail server among them, as this process sees it, and who may try one again (R14e).
//!
//! The database holds the circuits that are open, so that every worker stops together and one of them probes.
//! Failures in a row are counted by each process for itself: a gateway that fails everybody soon fails each.

mod seen;

use std::{
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use closure_contract::{FailureCode, JobId, Provider, topology::DelayStep};
use closure_policy::{
    failure::{Class, class, fault},
    gateway::circuit::{CircuitRules, Extent, Sign, probe_after_ms, sign},
};
use closure_providers::{About, SendFailure};
use closure_store::{GatewayScope, Opened, OpenedBy, Store, StoreError};
use tokio::sync::watch;
use tracing::{debug, error, info, warn};
use uuid::Uuid;

use crate::{lifecycle::Lifecycle, runtime::Flow, services::Service};
use seen::{Failed, Seen, Used};

/// Between two looks at the circuits that are open.
const LOOK_PAUSE: Duration = Duration::from_millis(500);
/// The right to probe lasts so much longer than the slowest request.
const PROBE_MARGIN_MS: u64 = 30_000;

/// The circuits of one process's gateways.
pub struct Circuits {
    me: Uuid,
    store: Store,
    rules: CircuitRules,
    gateways: Vec<Provider>,
    probe_lease_ms: u64,
    seen: Mutex<Seen>,
    flow: watch::Sender<Flow>,
}

/// Whether a job may go to a gateway.
pub enum Pass {
    Free,
    /// It may, as the one job that tries whether the gateway is well again.
    Probe(Probe),
    /// Not before this long.
    In(Duration),
}

/// The right to one try; dropped without a report it may be used by the next job.
pub struct Probe {
    circuits: Arc<Circuits>,
    names: Vec<GatewayScope>,
}

impl Circuits {
    /// The circuits of these gateways, of which none is known to be open.
    pub fn new(
        store: Store,
        rules: CircuitRules,
        gateways: Vec<Provider>,
        longest_send_ms: u64,
    ) -> Arc<Self> {
        Arc::new(Self {
            me: Uuid::new_v4(),
            store,
            rules,
            gateways,
            probe_lease_ms: longest_send_ms.saturating_add(PROBE_MARGIN_MS),
            seen: Mutex::default(),
            flow: watch::Sender::new(Flow::Open),
        })
    }

    /// How jobs are to flow: not at all while no gateway may be asked.
    pub fn flow(&self) -> watch::Receiver<Flow> {
        self.flow.subscribe()
    }

    /// The gateways that carry nothing to this country now, except as a probe.
    pub fn closed_to(&self, country_code: Option<u16>) -> Vec<Provider> {
        let seen = self.seen();
        let shut = |name: &GatewayScope| seen.open.contains_key(name) && !seen.may_probe(name);
        self.gateways
            .iter()
            .copied()
            .filter(|provider| GatewayScope::of(*provider, country_code).any(|lane| shut(&lane)))
            .collect()
    }

    /// Whether a gateway, or its way to this country, is left alone.
    pub fn is_open(&self, provider: Provider, country_code: Option<u16>) -> bool {
        let seen = self.seen();
        GatewayScope::of(provider, country_code).any(|lane| seen.open.contains_key(&lane))
    }

    /// Asks for a job whether it may go; a probe's right is taken with the answer.
    pub fn pass(self: &Arc<Self>, provider: Provider, country_code: Option<u16>) -> Pass {
        let mut seen = self.seen();
        let names: Vec<GatewayScope> =
            GatewayScope::of(provider, country_code).filter(|name| seen.open.contains_key(name)).collect();
        if names.is_empty() {
            return Pass::Free;
        }
        if names.iter().all(|name| seen.may_probe(name)) {
            for name in &names {
                seen.use_right(name, Used::ByAJob);
            }
            return Pass::Probe(Probe { circuits: Arc::clone(self), names });
        }
        let now = Instant::now();
        let waits = names.iter().filter_map(|name| seen.open.get(name));
        Pass::In(waits.map(|open| open.probe_at.saturating_duration_since(now)).max().unwrap_or_default())
    }

    /// The same in steps: a job may go, as a probe where one is due, or waits for this long.
    pub fn admit(
        self: &Arc<Self>,
        provider: Provider,
        country_code: Option<u16>,
    ) -> Result<Option<Probe>, DelayStep> {
        match self.pass(provider, country_code) {
            Pass::Free => Ok(None),
            Pass::Probe(probe) => Ok(Some(probe)),
            Pass::In(wait) => Err(wait_step(wait)),
        }
    }

    /// Hears how a request to a gateway for this job ended.
    pub async fn report(
        &self,
        provider: Provider,
        country_code: Option<u16>,
        job: JobId,
        probe: Option<&Probe>,
        failure: Option<&SendFailure>,
    ) {
        let sign = failure.map_or(Sign::Well, |failure| sign(failure.code));
        let written = match probe {
            Some(probe) => self.probed(probe, sign, failure).await,
            None => self.count(provider, country_code, job, sign, failure).await,
        };
        if let Err(problem) = written {
            warn!(%provider, %problem, "what was learnt of a provider could not be told to the other workers");
        }
        self.update_flow();
    }

    /// A probe ended: what it was about is well again, or is left alone for longer.
    async fn probed(
        &self,
        probe: &Probe,
        sign: Sign,
        failure: Option<&SendFailure>,
    ) -> Result<(), StoreError> {
        for name in &probe.names {
            match (sign, failure) {
                // It says nothing of the others: another job may be the probe.
                (Sign::Unwell(extent), Some(failure))
                    if concerns(extent, *name) && failure.about != About::Provider =>
                {
                    self.seen().use_right(name, Used::NotYet);
                }
                (Sign::Unwell(extent), Some(failure)) if concerns(extent, *name) => {
                    let (by, failed) = self
                        .seen()
                        .open
                        .get(name)
                        .map_or((OpenedBy::Request, 0), |open| (open.by, open.probes_failed));
                    let wait_ms =
                        probe_after_ms(&self.rules, failed.saturating_add(1), failure.retry_after_ms);
                    self.seen().reopen(*name, by, failed.saturating_add(1), wait_ms);
                    debug!(
                        provider = %name.provider, country_code = name.country_code, code = %failure.code, wait_ms,
                        "a provider is still not well; it is left alone"
                    );
                    let said = (failure.code, Some(failure.detail.as_str()));
                    self.store.probe_failed(*name, self.me, said, wait_ms).await?;
                }
                (Sign::Well | Sign::Unwell(_), _) if self.is_open_by_receipt(name) => {
                    let wait_ms = self.rules.probe_after_ms_max;
                    self.seen().reopen(*name, OpenedBy::Receipt, 0, wait_ms);
                    info!(
                        provider = %name.provider, country_code = name.country_code, wait_ms,
                        "the probe was taken; its receipt says whether jobs flow"
                    );
                    self.store.probe_taken(*name, self.me, wait_ms).await?;
                }
                (Sign::Well | Sign::Unwell(_), _) => {
                    self.store.close_circuit(*name).await?;
                    self.seen().close(name);
                    info!(
                        provider = %name.provider, country_code = name.country_code,
                        "a provider is well again; jobs flow"
                    );
                }
            }
        }
        Ok(())
    }

    /// An ordinary request ended: the last of too many failures in a row opens the circuit.
    async fn count(
        &self,
        provider: Provider,
        country_code: Option<u16>,
        job: JobId,
        sign: Sign,
        failure: Option<&SendFailure>,
    ) -> Result<(), StoreError> {
        let (Sign::Unwell(extent), Some(failure)) = (sign, failure) else {
            self.seen().forgive(provider, country_code);
            return Ok(());
        };
        let name = GatewayScope {
            provider,
            country_code: match extent {
                Extent::Gateway => None,
                Extent::Country => country_code,
            },
        };
        let wait_ms = probe_after_ms(&self.rules, 0, failure.retry_after_ms);
        if !self.seen().failed(
            name,
            Failed { job, about: failure.about },
            self.rules.failures_to_open,
            wait_ms,
        ) {
            return Ok(());
        }
        self.update_flow();
        let opened = {
            let said = (failure.code, Some(failure.detail.as_str()));
            self.store.open_circuit(name, said, OpenedBy::Request, wait_ms).await
        };
        if opened.is_err() {
            // What the others cannot know nobody probes, so that it would never close.
            self.seen().close(&name);
        }
        if opened? == Opened::Now {
            // For whoever is woken: the line to alert on.
            error!(
                %provider, country_code = name.country_code, code = %failure.code, wait_ms,
                remedy = failure.code.remedy(),
                "a provider fails every job alike; it is left alone, and its jobs wait"
            );
        }
        Ok(())
    }

    fn is_open_by_receipt(&self, name: &GatewayScope) -> bool {
        self.seen().open.get(name).is_some_and(|open| open.by == OpenedBy::Receipt)
    }

    /// Keeps this process's view true until it stops.
    pub async fn watch(self: Arc<Self>, lifecycle: Lifecycle) {
        lifecycle.poll(Service::SideLooks, LOOK_PAUSE, || self.look()).await;
    }

    async fn look(&self) -> Result<(), StoreError> {
        let asked_at = Instant::now();
        let mut open = self.store.open_circuits().await?;
        open.retain(|circuit| self.gateways.contains(&circuit.name.provider));
        let is_due = open.iter().any(|circuit| circuit.probe_in_ms == 0);
        self.seen().learn(open, asked_at);
        if is_due {
            let taken = self.store.take_probes(self.me, &self.gateways, self.probe_lease_ms).await?;
            self.seen().take(taken, Duration::from_millis(self.probe_lease_ms));
        }
        self.update_flow();
        Ok(())
    }

    fn update_flow(&self) {
        let flow = {
            let seen = self.seen();
            let whole = self.gateways.iter().map(|provider| whole(*provider));
            let open = whole.clone().filter(|name| seen.open.contains_key(name));
            match (
                open.count() < self.gateways.len(),
                whole.clone().any(|name| seen.rights.contains_key(&name)),
            ) {
                (true, _) => Flow::Open,
                (false, true) => Flow::OneByOne,
                (false, false) => Flow::Shut,
            }
        };
        self.flow.send_if_modified(|now| std::mem::replace(now, flow) != flow);
    }

    fn seen(&self) -> MutexGuard<'_, Seen> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Probe {
    fn drop(&mut self) {
        let mut seen = self.circuits.seen();
        for name in &self.names {
            seen.use_right(name, Used::NotYet);
        }
    }
}

/// Whether nothing was sent, for a reason that hits every job alike.
pub(crate) fn hits_everyone(code: FailureCode) -> bool {
    class(code) == Class::Transient && fault(code).hits_everyone()
}

/// A job that comes a little late finds the probe made; one that comes early waits again.
fn wait_step(wait: Duration) -> DelayStep {
    DelayStep::within(u64::try_from(wait.as_millis()).unwrap_or(u64::MAX))
}

fn whole(provider: Provider) -> GatewayScope {
    GatewayScope { provider, country_code: None }
}

/// Whether a failure of this extent says something about what a circuit protects.
fn concerns(extent: Extent, name: GatewayScope) -> bool {
    match extent {
        Extent::Gateway => true,
        Extent::Country => name.country_code.is_some(),
    }
}
