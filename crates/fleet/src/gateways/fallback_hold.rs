//! Whether the emails in place of text messages are held back, as this process sees it (R14e).
//!
//! The database holds the counts and the holds of all gateways and countries, so that every fallback worker holds
//! together. Each process adds what it sees end before it reports that, so that a backlog of failures is stopped by the
//! process that works it off and not a poll later.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard},
    time::Duration,
};

use closure_contract::{Provider, facts::share::FailureShare};
use closure_policy::gateway::fallback_hold::{
    FallbackHold, FallbackHoldRules, HeldCountries, HoldChange, share_of,
};
use closure_store::{FallbackHoldRow, GatewayScope, Moved, Store, StoreError};
use tracing::{error, info};

use super::text_report::TextReport;
use crate::{lifecycle::Lifecycle, lock::lock, services::Service};

/// Between two polls of what the other processes counted.
const POLL_PAUSE: Duration = Duration::from_secs(1);

/// The holds of all gateways and countries.
pub struct FallbackHolds {
    store: Store,
    rules: FallbackHoldRules,
    scopes: Mutex<HashMap<GatewayScope, ScopeHold>>,
}

/// What this process knows of a gateway, or of its way to a country.
#[derive(Clone, Copy)]
struct ScopeHold {
    hold: FallbackHold,
    recent: FailureShare,
    usual: FailureShare,
    /// What ended here and is not in the database yet.
    unreported: FailureShare,
    /// The hold began here, and is not in the database yet.
    begins_here: bool,
}

impl Default for ScopeHold {
    fn default() -> Self {
        let none = FailureShare::default();
        Self { hold: FallbackHold::Off, recent: none, usual: none, unreported: none, begins_here: false }
    }
}

impl FallbackHolds {
    /// The holds as the database has them.
    pub async fn open(store: Store, rules: FallbackHoldRules) -> Result<Arc<Self>, StoreError> {
        let holds = Self { store, rules, scopes: Mutex::default() };
        holds.poll().await?;
        Ok(Arc::new(holds))
    }

    /// Where the emails in place of this gateway's text messages are held back.
    pub fn held(&self, provider: Provider) -> HeldCountries {
        let scopes = self.scopes();
        let is_held =
            |scope: &GatewayScope| scopes.get(scope).is_some_and(|known| known.hold == FallbackHold::On);
        if is_held(&GatewayScope { provider, country_code: None }) {
            return HeldCountries::All;
        }
        let held = scopes.keys().filter(|scope| scope.provider == provider && is_held(scope));
        HeldCountries::These(held.filter_map(|scope| scope.country_code).collect())
    }

    /// Counts the end of a text message, if it came to one.
    pub fn count(&self, TextReport { provider, signals, .. }: TextReport) {
        let Some(end) = signals.ended else { return };
        let mut scopes = self.scopes();
        for scope in GatewayScope::of(provider, signals.country_code) {
            let known = scopes.entry(scope).or_default();
            known.unreported = known.unreported + share_of(end);
            let change = self.rules.judge(known.hold, known.recent + known.unreported, known.usual);
            if change == HoldChange::Hold {
                known.hold = FallbackHold::On;
                known.begins_here = true;
            }
        }
    }

    /// Reports what ended here and learns what ended elsewhere, until the process stops.
    pub async fn watch(self: Arc<Self>, lifecycle: Lifecycle) {
        lifecycle.poll(Service::SideLooks, POLL_PAUSE, || self.poll()).await;
    }

    async fn poll(&self) -> Result<(), StoreError> {
        self.report_counts().await?;
        self.report_holds().await?;
        let rows = self.store.fallback_holds(self.rules.half_lives()).await?;
        let changes: Vec<(FallbackHoldRow, HoldChange)> = rows
            .into_iter()
            .map(|row| {
                let change = self.rules.judge(hold(&row), row.recent, row.usual);
                (row, change)
            })
            .collect();
        for (row, change) in &changes {
            match change {
                HoldChange::Stay => {}
                HoldChange::Hold => self.hold(row.scope).await?,
                HoldChange::Release => {
                    if self.store.release_emails(row.scope).await? == Moved::Now {
                        info!(
                            provider = %row.scope.provider, country_code = row.scope.country_code,
                            "text messages arrive again; the held emails go out where they are still due"
                        );
                    }
                }
            }
        }
        self.take_over(&changes);
        Ok(())
    }

    /// Reports what ended here; what could not be reported is kept.
    async fn report_counts(&self) -> Result<(), StoreError> {
        let unreported: Vec<(GatewayScope, FailureShare)> = self
            .scopes()
            .iter()
            .filter(|(_, known)| known.unreported.ended > 0.0)
            .map(|(scope, known)| (*scope, known.unreported))
            .collect();
        if unreported.is_empty() {
            return Ok(());
        }
        self.store.count_endings(unreported.clone(), self.rules.half_lives()).await?;
        for (scope, reported) in unreported {
            let mut scopes = self.scopes();
            let known = scopes.entry(scope).or_default();
            // More may have ended meanwhile.
            known.unreported = known.unreported - reported;
            known.recent = known.recent + reported;
        }
        Ok(())
    }

    /// Reports which holds began here.
    async fn report_holds(&self) -> Result<(), StoreError> {
        let begun: Vec<GatewayScope> =
            self.scopes().iter().filter(|(_, known)| known.begins_here).map(|(scope, _)| *scope).collect();
        for scope in begun {
            self.hold(scope).await?;
            if let Some(known) = self.scopes().get_mut(&scope) {
                known.begins_here = false;
            }
        }
        Ok(())
    }

    async fn hold(&self, scope: GatewayScope) -> Result<(), StoreError> {
        if self.store.hold_emails(scope, self.rules.half_lives()).await? == Moved::Now {
            let (provider, country_code) = (scope.provider, scope.country_code);
            // For whoever is woken: the line to alert on.
            error!(
                %provider, country_code,
                remedy = "ask the gateway; fleet fallback-hold list, and fleet fallback-hold release where the failures are real",
                "unusually many text messages fail; the emails in their place are held"
            );
        }
        Ok(())
    }

    /// What the database says stands above what this process thought, but for what it could not know yet.
    fn take_over(&self, rows: &[(FallbackHoldRow, HoldChange)]) {
        let mut scopes = self.scopes();
        for (row, change) in rows {
            let known = scopes.entry(row.scope).or_default();
            known.recent = row.recent;
            known.usual = row.usual;
            known.hold = match (change, known.begins_here) {
                (HoldChange::Hold, _) | (HoldChange::Stay | HoldChange::Release, true) => FallbackHold::On,
                (HoldChange::Release, false) => FallbackHold::Off,
                (HoldChange::Stay, false) => hold(row),
            };
        }
    }

    fn scopes(&self) -> MutexGuard<'_, HashMap<GatewayScope, ScopeHold>> {
        lock(&self.scopes)
    }
}

/// The store's row as policy names it.
fn hold(row: &FallbackHoldRow) -> FallbackHold {
    match (row.held_since, row.overruled_until) {
        (Some(_), _) => FallbackHold::On,
        (None, Some(_)) => FallbackHold::Overruled,
        (None, None) => FallbackHold::Off,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_process_hears_of_a_release_before_the_emails_are_looked_at() {
        assert!(Duration::from_millis(closure_store::RELEASE_LOOK_MS) > 2 * POLL_PAUSE);
    }
}
