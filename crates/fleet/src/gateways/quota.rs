//! The gateways' monthly quotas: what was used, what is to be expected, and who is told.

use std::{collections::HashMap, num::NonZeroU64, sync::Mutex, time::Duration};

use closure_contract::{Provider, Timestamp, facts::quota::Usage};
use closure_policy::gateway::quota::{Forecast, QuotaLevel, forecast};
use closure_store::{Store, StoreError};
use serde::Serialize;
use tracing::{error, warn};

use crate::{lifecycle::Lifecycle, lock::lock, services::Service};

/// Between two looks; a look reads a month of attempts.
const LOOK_PAUSE: Duration = Duration::from_secs(600);

#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Month {
    /// What it has taken.
    #[serde(flatten)]
    pub usage: Usage,
    /// How many text messages it may take, where that is known.
    pub quota: Option<NonZeroU64>,
    /// What is to be expected of it.
    pub forecast: Option<Forecast>,
}

/// How each of these gateways stands in its month, in the same order.
pub async fn months(
    store: &Store,
    quotas: &[(Provider, Option<NonZeroU64>)],
) -> Result<Vec<Month>, StoreError> {
    let providers: Vec<Provider> = quotas.iter().map(|(provider, _)| *provider).collect();
    let now = Timestamp::now();
    let months = store.usage(&providers).await?.into_iter().zip(quotas).map(|(usage, (_, quota))| {
        let expected = quota.map(|quota| forecast(quota, &usage, now));
        Month { usage, quota: *quota, forecast: expected }
    });
    Ok(months.collect())
}

/// Tells whoever watches the logs when a quota will not last.
pub struct QuotaWatch {
    /// Where the attempts are on record.
    pub store: Store,
    /// The connected gateways and their quotas.
    pub quotas: Vec<(Provider, Option<NonZeroU64>)>,
    pub lifecycle: Lifecycle,
}

impl QuotaWatch {
    /// Looks from time to time, until the process stops; without any quota there is nothing to look at.
    pub async fn run(mut self) {
        self.quotas.retain(|(_, quota)| quota.is_some());
        if self.quotas.is_empty() {
            return;
        }
        let announced = Mutex::default();
        let look = || async {
            let months = months(&self.store, &self.quotas).await?;
            months.iter().for_each(|month| announce(month, &mut lock(&announced)));
            Ok::<(), StoreError>(())
        };
        self.lifecycle.poll(Service::SideLooks, LOOK_PAUSE, look).await;
    }
}

/// Says once that a quota has come to another level.
fn announce(month: &Month, announced: &mut HashMap<Provider, QuotaLevel>) {
    let Some(Forecast { level, used_percent, runs_out_at }) = month.forecast else { return };
    let provider = month.usage.provider;
    if announced.insert(provider, level) == Some(level) {
        return;
    }
    let used_percent = used_percent.round();
    let runs_out_at = runs_out_at.map(tracing::field::display);
    match level {
        QuotaLevel::Ample => {}
        QuotaLevel::Watch => warn!(%provider, used_percent, "much of a gateway's monthly quota is used"),
        // For whoever can still raise it before customers notice.
        QuotaLevel::Low => {
            error!(%provider, used_percent, runs_out_at, "a gateway's monthly quota will not last; raise it");
        }
        QuotaLevel::UsedUp => {
            error!(%provider, used_percent, "a gateway's monthly quota is used up; raise it");
        }
    }
}
