//! How well the gateways are, the mail server among them, as this process knows it, and who may try one again (R14e).
//!
//! Requests speak of a gateway at once. The receipts of texts that it took and turned back speak of it later, and only to
//! the fallback worker; both open its circuit. The database holds the circuits that are open, so that every worker stops
//! together and one of them probes. Failures in a row are counted by each process for itself: a gateway that fails
//! everybody soon fails each. One failure that hits every job alike opens nothing yet, but another gateway stands in.

mod known;
mod reports;

use std::{
    sync::{Arc, Mutex, MutexGuard},
    time::{Duration, Instant},
};

use closure_contract::{FailureCode, Provider, topology::DelayStep};
use closure_policy::{
    failure::{Class, class, fault},
    gateway::circuit::CircuitRules,
};
use closure_store::{GatewayScope, Store, StoreError};
use tokio::sync::{Notify, watch};
use tracing::debug;
use uuid::Uuid;

use self::known::{Known, Used};
use crate::{lifecycle::Lifecycle, lock::lock, runtime::Flow, services::Service};

/// Between two polls of the circuits that are open, while that matters to anybody.
const POLL_PAUSE: Duration = Duration::from_millis(500);
/// Between two polls while no circuit is open and nobody asks.
const IDLE_PAUSE: Duration = Duration::from_secs(5);
/// Who asked so lately is likely to ask again.
const BUSY_FOR: Duration = Duration::from_secs(5);
/// The right to probe lasts so much longer than the slowest request.
const PROBE_MARGIN_MS: u64 = 30_000;

/// The health of all gateways that one process asks, or whose receipts it reads.
pub struct GatewayHealth {
    me: Uuid,
    store: Store,
    receipt_rules: CircuitRules,
    asked: Vec<Asked>,
    known: Mutex<Known>,
    looks: Looks,
}

/// The gateways that one worker asks.
pub struct AskedGateways {
    pub providers: Vec<Provider>,
    pub rules: CircuitRules,
    pub longest_send_ms: u64,
}

struct Asked {
    gateways: AskedGateways,
    flow: watch::Sender<Flow>,
}

/// When the circuits were looked at, and who wants to know.
#[derive(Default)]
struct Looks {
    /// Held while one is under way.
    under_way: tokio::sync::Mutex<()>,
    /// When the latest one that is over began.
    latest: Mutex<Option<Instant>>,
    /// When somebody wanted to know last.
    asked: Mutex<Option<Instant>>,
    /// Ends the long pause of a worker that had nothing to do.
    wake: Notify,
}

/// The right to one try; dropped without a report it may be used by the next job.
pub struct Probe {
    health: Arc<GatewayHealth>,
    scopes: Vec<GatewayScope>,
}

impl GatewayHealth {
    /// The health of gateways of which nothing bad is known; `receipt_rules` are those of texts that are turned back.
    pub fn new(store: Store, receipt_rules: CircuitRules, asked: Vec<AskedGateways>) -> Arc<Self> {
        let asked =
            asked.into_iter().map(|gateways| Asked { gateways, flow: watch::Sender::new(Flow::Open) });
        let (me, known) = (Uuid::new_v4(), Mutex::default());
        Arc::new(Self { me, store, receipt_rules, asked: asked.collect(), known, looks: Looks::default() })
    }

    /// How jobs are to flow to the worker that asks this gateway: not at all while it may ask none of its own.
    pub fn flow(&self, provider: Provider) -> Option<watch::Receiver<Flow>> {
        self.asked_with(provider).map(|asked| asked.flow.subscribe())
    }

    /// The gateways that are to carry nothing to this country where another can: those that are left alone, except for a
    /// probe, and those that lately failed in a way that hits every job alike.
    pub fn unwell(&self, country_code: Option<u16>) -> Vec<Provider> {
        let known = self.known();
        let is_unwell = |provider: &Provider| {
            known.failed_lately(*provider)
                || GatewayScope::of(*provider, country_code).any(|scope| known.is_shut(&scope))
        };
        let providers = self.asked.iter().flat_map(|asked| &asked.gateways.providers);
        providers.copied().filter(is_unwell).collect()
    }

    /// Whether a gateway, or its way to this country, is left alone.
    pub fn is_open(&self, provider: Provider, country_code: Option<u16>) -> bool {
        let known = self.known();
        GatewayScope::of(provider, country_code).any(|scope| known.open.contains_key(&scope))
    }

    /// Says whether a job may go to a gateway: as a probe where one is due, whose right is taken with the answer; or how
    /// long it is to wait.
    pub fn admit(
        self: &Arc<Self>,
        provider: Provider,
        country_code: Option<u16>,
    ) -> Result<Option<Probe>, DelayStep> {
        let mut known = self.known();
        let scopes: Vec<GatewayScope> =
            GatewayScope::of(provider, country_code).filter(|scope| known.open.contains_key(scope)).collect();
        if scopes.is_empty() {
            return Ok(None);
        }
        if scopes.iter().any(|scope| known.is_shut(scope)) {
            return Err(wait_step(known.longest_wait(&scopes)));
        }
        for scope in &scopes {
            known.use_right(scope, Used::ByAJob);
        }
        Ok(Some(Probe { health: Arc::clone(self), scopes }))
    }

    /// Keeps this process's view true until it stops.
    ///
    /// A worker without work looks seldom, because no job waits for what it would see; [`fresh`](Self::fresh) is for the
    /// first one that does.
    pub async fn watch(self: Arc<Self>, lifecycle: Lifecycle) {
        let look = || async {
            let _under_way = self.looks.under_way.lock().await;
            self.poll().await
        };
        let wait = || async {
            tokio::select! {
                () = tokio::time::sleep(self.pause()) => {}
                () = self.looks.wake.notified() => tokio::time::sleep(POLL_PAUSE).await,
            }
        };
        lifecycle.poll_after(Service::SideLooks, look, wait).await;
    }

    /// Looks at the circuits, unless that was done a moment ago: whoever decides by them sees them no older than the polls
    /// of a busy worker, and the first one after a long pause as they are.
    ///
    /// Where the database cannot be asked what was known stands, and the next look says so.
    pub async fn fresh(&self) {
        let was_idle = self.pause() == IDLE_PAUSE;
        *lock(&self.looks.asked) = Some(Instant::now());
        if was_idle {
            *lock(&self.looks.latest) = None;
            self.looks.wake.notify_one();
        }
        if self.is_fresh() {
            return;
        }
        // One look is enough for all who ask meanwhile, whether it succeeds or not.
        let _under_way = self.looks.under_way.lock().await;
        if !self.is_fresh()
            && let Err(problem) = self.poll().await
        {
            debug!(%problem, "the circuits could not be looked at");
        }
    }

    fn is_fresh(&self) -> bool {
        lock(&self.looks.latest).is_some_and(|at| at.elapsed() < POLL_PAUSE * 2)
    }

    /// How long the next look may wait.
    fn pause(&self) -> Duration {
        let is_busy = lock(&self.looks.asked).is_some_and(|at| at.elapsed() < BUSY_FOR);
        if is_busy || !self.known().open.is_empty() { POLL_PAUSE } else { IDLE_PAUSE }
    }

    async fn poll(&self) -> Result<(), StoreError> {
        let asked_at = Instant::now();
        let looked = self.look(asked_at).await;
        *lock(&self.looks.latest) = Some(asked_at);
        self.update_flow();
        looked
    }

    async fn look(&self, asked_at: Instant) -> Result<(), StoreError> {
        let open = self.store.open_circuits().await?;
        let due: Vec<Provider> = open
            .iter()
            .filter(|circuit| circuit.probe_in_ms == 0)
            .map(|circuit| circuit.name.provider)
            .collect();
        self.known().take_over(open, asked_at);
        for Asked { gateways, .. } in &self.asked {
            if due.iter().any(|provider| gateways.providers.contains(provider)) {
                let lease_ms = gateways.longest_send_ms.saturating_add(PROBE_MARGIN_MS);
                let taken = self.store.take_probes(self.me, &gateways.providers, lease_ms).await?;
                self.known().take_rights(taken, Duration::from_millis(lease_ms));
            }
        }
        Ok(())
    }

    fn update_flow(&self) {
        for Asked { gateways, flow } in &self.asked {
            let now = self.known().flow(&gateways.providers);
            flow.send_if_modified(|before| std::mem::replace(before, now) != now);
        }
    }

    fn asked_with(&self, provider: Provider) -> Option<&Asked> {
        self.asked.iter().find(|asked| asked.gateways.providers.contains(&provider))
    }

    fn request_rules(&self, provider: Provider) -> &CircuitRules {
        self.asked_with(provider).map_or(&self.receipt_rules, |asked| &asked.gateways.rules)
    }

    fn known(&self) -> MutexGuard<'_, Known> {
        lock(&self.known)
    }
}

impl Drop for Probe {
    fn drop(&mut self) {
        let mut known = self.health.known();
        for scope in &self.scopes {
            known.use_right(scope, Used::NotYet);
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
