//! Whether the emails in place of text messages are held back, as this process sees it (R14e).
//!
//! The database holds the counts and the brakes of all lanes, so that every fallback worker holds together.
//! Each process adds what it sees end before it tells the others, so that a backlog of failures is stopped by the
//! process that works it off and not a look later.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use closure_contract::Provider;
use closure_policy::gateway::fallback_hold::{
    FailureShare, FallbackHold, FallbackHoldRules, HoldChange, SmsEnd,
};
use closure_store::{Counts, FallbackHoldRow, GatewayScope, HalfLives, Moved, Store, StoreError};
use tracing::{error, info};

use crate::{lifecycle::Lifecycle, services::Service};

/// Between two looks at what the other processes counted.
const LOOK_PAUSE: Duration = Duration::from_secs(1);

/// The brakes of all lanes.
pub struct Brakes {
    store: Store,
    rules: FallbackHoldRules,
    seen: Mutex<HashMap<GatewayScope, Seen>>,
}

/// What this process knows of a lane.
#[derive(Clone, Copy)]
struct Seen {
    brake: FallbackHold,
    recent: FailureShare,
    usual: FailureShare,
    /// What ended here and is not told yet.
    untold: FailureShare,
    /// The brake was put on here, and the others have not heard of it.
    is_news: bool,
}

impl Default for Seen {
    fn default() -> Self {
        let none = FailureShare::default();
        Self { brake: FallbackHold::Off, recent: none, usual: none, untold: none, is_news: false }
    }
}

impl Brakes {
    /// The brakes as the database has them.
    pub async fn open(store: Store, rules: FallbackHoldRules) -> Result<Arc<Self>, StoreError> {
        let brakes = Self { store, rules, seen: Mutex::default() };
        brakes.look().await?;
        Ok(Arc::new(brakes))
    }

    /// Whether the emails in place of text messages of this gateway to this country are held back.
    pub fn holds(&self, provider: Provider, country_code: Option<u16>) -> bool {
        let seen = self.seen();
        GatewayScope::of(provider, country_code)
            .any(|lane| seen.get(&lane).is_some_and(|seen| seen.brake == FallbackHold::On))
    }

    /// Counts the end of a text message.
    pub fn count(&self, provider: Provider, country_code: Option<u16>, ending: SmsEnd) {
        let mut lanes = self.seen();
        for lane in GatewayScope::of(provider, country_code) {
            let seen = lanes.entry(lane).or_default();
            seen.untold = seen.untold.and(FailureShare::of(ending));
            let moves = self.rules.judge(seen.brake, seen.recent.and(seen.untold), seen.usual);
            if moves == HoldChange::Hold {
                seen.brake = FallbackHold::On;
                seen.is_news = true;
            }
        }
    }

    /// Tells the others what ended here, and hears of them, until the process stops.
    pub async fn watch(self: Arc<Self>, lifecycle: Lifecycle) {
        lifecycle.poll(Service::SideLooks, LOOK_PAUSE, || self.look()).await;
    }

    async fn look(&self) -> Result<(), StoreError> {
        self.tell().await?;
        let rows = self.store.brakes(half_lives(&self.rules)).await?;
        let moves: Vec<(FallbackHoldRow, HoldChange)> = rows
            .into_iter()
            .map(|row| {
                let moves = self.rules.judge(brake(&row), share(row.recent), share(row.usual));
                (row, moves)
            })
            .collect();
        for (row, moves) in &moves {
            match moves {
                HoldChange::Stay => {}
                HoldChange::Hold => self.put_on(row.lane).await?,
                HoldChange::Release => {
                    if self.store.release_emails(row.lane).await? == Moved::Now {
                        info!(
                            provider = %row.lane.provider, country_code = row.lane.country_code,
                            "text messages arrive again; the held emails go out where they are still due"
                        );
                    }
                }
            }
        }
        self.learn(&moves);
        Ok(())
    }

    /// Tells what ended here, and which brakes that put on; what could not be told is kept.
    async fn tell(&self) -> Result<(), StoreError> {
        let untold: Vec<(GatewayScope, FailureShare)> = self
            .seen()
            .iter()
            .filter(|(_, seen)| seen.untold.ended > 0.0)
            .map(|(lane, seen)| (*lane, seen.untold))
            .collect();
        if !untold.is_empty() {
            let counts = |(lane, share): &(GatewayScope, FailureShare)| (*lane, counts(*share));
            self.store.count_endings(untold.iter().map(counts).collect(), half_lives(&self.rules)).await?;
        }
        for (lane, told) in untold {
            let mut lanes = self.seen();
            let seen = lanes.entry(lane).or_default();
            // More may have ended meanwhile.
            (seen.untold, seen.recent) = (seen.untold.without(told), seen.recent.and(told));
        }
        let news: Vec<GatewayScope> =
            self.seen().iter().filter(|(_, seen)| seen.is_news).map(|(lane, _)| *lane).collect();
        for lane in news {
            self.put_on(lane).await?;
            if let Some(seen) = self.seen().get_mut(&lane) {
                seen.is_news = false;
            }
        }
        Ok(())
    }

    async fn put_on(&self, lane: GatewayScope) -> Result<(), StoreError> {
        if self.store.hold_emails(lane, half_lives(&self.rules)).await? == Moved::Now {
            let (provider, country_code) = (lane.provider, lane.country_code);
            // For whoever is woken: the line to alert on.
            error!(
                %provider, country_code,
                remedy = "ask the gateway; fleet brake list, and fleet brake release where the failures are real",
                "unusually many text messages fail; the emails in their place are held"
            );
        }
        Ok(())
    }

    /// What the database says stands above what this process thought, but for what it could not know yet.
    fn learn(&self, rows: &[(FallbackHoldRow, HoldChange)]) {
        let mut lanes = self.seen();
        for (row, moves) in rows {
            let seen = lanes.entry(row.lane).or_default();
            seen.recent = share(row.recent);
            seen.usual = share(row.usual);
            seen.brake = match (moves, seen.is_news) {
                (HoldChange::Hold, _) | (HoldChange::Stay | HoldChange::Release, true) => FallbackHold::On,
                (HoldChange::Release, false) => FallbackHold::Off,
                (HoldChange::Stay, false) => brake(row),
            };
        }
    }

    fn seen(&self) -> MutexGuard<'_, HashMap<GatewayScope, Seen>> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The store's counts as policy names them.
pub fn share(counts: Counts) -> FailureShare {
    FailureShare { ended: counts.ended, failed: counts.failed }
}

fn counts(share: FailureShare) -> Counts {
    Counts { ended: share.ended, failed: share.failed }
}

/// The half-lives of the rules, for the store.
pub fn half_lives(rules: &FallbackHoldRules) -> HalfLives {
    HalfLives { recent_ms: rules.recent_half_life_ms, usual_ms: rules.usual_half_life_ms }
}

/// The store's row as policy names it.
fn brake(row: &FallbackHoldRow) -> FallbackHold {
    match (row.held_since, row.overruled_until) {
        (Some(_), _) => FallbackHold::On,
        (None, Some(_)) => FallbackHold::Overruled,
        (None, None) => FallbackHold::Off,
    }
}
