//! Gateways that take every text and turn it back by receipt because of our account (R14e).
//!
//! The SMS worker sees nothing of that: each of its requests is taken. The fallback worker, which hears the receipts,
//! therefore opens the gateway's circuit, and closes it by the receipt of a text that was carried; between the two one
//! probe at a time is at stake, and not the whole queue.

use std::{
    collections::{HashMap, HashSet},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use closure_contract::FailureCode;
use closure_policy::{
    fallback::Signals,
    gateway::circuit::{AccountSignal, CircuitRules, Extent},
};
use closure_store::{GatewayScope, Opened, OpenedBy, Store, StoreError};
use tracing::{error, info, warn};

use crate::{lifecycle::Lifecycle, receipts::judgement::TextReport, services::Service};

/// Between two looks at the circuits that are open.
const LOOK_PAUSE: Duration = Duration::from_secs(1);

/// What the receipts say about our accounts.
pub struct ReceiptHealth {
    store: Store,
    rules: CircuitRules,
    seen: Mutex<Seen>,
}

#[derive(Default)]
struct Seen {
    /// Texts that were turned back in a row.
    turned_back: HashMap<GatewayScope, u32>,
    /// The circuits that a receipt may close.
    open: HashSet<GatewayScope>,
}

impl Seen {
    /// Counts a text that was turned back; after one too many the count begins anew, so that a circuit which another
    /// process closed meanwhile needs as many again.
    fn is_one_too_many(&mut self, lane: GatewayScope, failures_to_open: u32) -> bool {
        let in_a_row = self.turned_back.entry(lane).or_default();
        *in_a_row = in_a_row.saturating_add(1);
        let too_many = *in_a_row >= failures_to_open;
        if too_many {
            self.turned_back.remove(&lane);
        }
        too_many
    }
}

impl ReceiptHealth {
    /// Nothing is known yet.
    pub fn new(store: Store, rules: CircuitRules) -> Arc<Self> {
        Arc::new(Self { store, rules, seen: Mutex::default() })
    }

    /// What the receipts of one text say, if anything.
    pub async fn report_receipt(&self, report: TextReport) {
        let written = match report.signals.account {
            None => return,
            Some(AccountSignal::Works) => self.works(report).await,
            Some(AccountSignal::Fails(code, extent)) => self.fails(report, code, extent).await,
        };
        if let Err(problem) = written {
            let provider = report.provider;
            warn!(%provider, %problem, "what receipts say of a gateway's account could not be told to its workers");
        }
    }

    async fn works(&self, report: TextReport) -> Result<(), StoreError> {
        let TextReport { provider, tried_at, signals: Signals { country_code, .. } } = report;
        let lanes: Vec<GatewayScope> = {
            let mut seen = self.seen();
            let lanes: Vec<GatewayScope> = GatewayScope::of(provider, country_code).collect();
            for lane in &lanes {
                seen.turned_back.remove(lane);
            }
            lanes.into_iter().filter(|lane| seen.open.contains(lane)).collect()
        };
        let Some(tried_at) = tried_at else { return Ok(()) };
        for lane in lanes {
            if self.store.close_by_receipt(lane, tried_at).await? {
                self.seen().open.remove(&lane);
                info!(%provider, country_code = lane.country_code, "a gateway carries texts again; jobs flow");
            }
        }
        Ok(())
    }

    async fn fails(&self, report: TextReport, code: FailureCode, extent: Extent) -> Result<(), StoreError> {
        let provider = report.provider;
        let country_code = match extent {
            Extent::Gateway => None,
            Extent::Country => report.signals.country_code,
        };
        let lane = GatewayScope { provider, country_code };
        if !self.seen().is_one_too_many(lane, self.rules.failures_to_open) {
            return Ok(());
        }
        let wait_ms = self.rules.probe_after_ms_max;
        let opened = self.store.open_circuit(lane, (code, None), OpenedBy::Receipt, wait_ms).await?;
        if opened == Opened::Now {
            // For whoever is woken: the line to alert on.
            error!(
                %provider, country_code, %code, wait_ms, remedy = code.remedy(),
                "a gateway takes every job and turns it back; it is left alone, and its jobs wait"
            );
        }
        self.seen().open.insert(lane);
        Ok(())
    }

    /// Keeps in view which circuits a receipt may close, until the process stops.
    pub async fn watch(self: Arc<Self>, lifecycle: Lifecycle) {
        let mut asking = lifecycle.services.ask(Service::SideLooks);
        loop {
            match self.store.open_circuits().await {
                Ok(open) => {
                    asking.answered();
                    let by_receipt =
                        open.into_iter().filter(|circuit| circuit.opened_by == OpenedBy::Receipt);
                    self.seen().open = by_receipt.map(|circuit| circuit.name).collect();
                }
                // What was known of the circuits stands.
                Err(problem) => asking.failed(&problem),
            }
            tokio::select! {
                () = tokio::time::sleep(LOOK_PAUSE) => {}
                () = lifecycle.stop.cancelled() => return,
            }
        }
    }

    fn seen(&self) -> MutexGuard<'_, Seen> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
