//! What a process opens before it begins to work.

use std::{net::SocketAddr, sync::Arc, time::Duration};

use closure_policy::{gateway::fallback_hold::FallbackHoldRules, rulebook::CompiledRulebook};
use closure_store::Store;

use super::Failure;
use crate::{
    gateways::fallback_hold::FallbackHolds,
    health::{self, Health},
    lifecycle::Lifecycle,
    live_rulebook::Rules,
    runtime::{self, Interrupted},
};

/// The process's health, told from now on where an address is configured.
pub(super) async fn open_health(
    listen: Option<SocketAddr>,
    lifecycle: &Lifecycle,
) -> Result<Health, Failure> {
    let health = Health::default();
    health.watch_services(lifecycle.services.clone());
    if let Some(listen) = listen {
        health::serve(listen, health.clone(), lifecycle)
            .await
            .map_err(|problem| Failure::Unavailable(format!("`health.listen`: {problem}")))?;
    }
    Ok(health)
}

/// Nothing is decided before the templates are known.
pub(super) async fn open_rules(
    settings: CompiledRulebook,
    store: &Store,
    refresh: Duration,
    lifecycle: &Lifecycle,
) -> Result<Option<Rules>, Failure> {
    let opened = || Rules::open(settings.clone(), store.clone(), refresh, &lifecycle.services);
    match runtime::until_available(lifecycle, opened).await {
        Ok(rules) => Ok(Some(rules?)),
        Err(Interrupted::Refused(problem)) => Err(problem.into()),
        Err(Interrupted::Left) => Ok(None),
    }
}

/// No email is made before it is known whether emails are held back.
pub(super) async fn open_holds(
    store: &Store,
    rules: FallbackHoldRules,
    lifecycle: &Lifecycle,
) -> Result<Option<Arc<FallbackHolds>>, Failure> {
    match runtime::until_available(lifecycle, || FallbackHolds::open(store.clone(), rules)).await {
        Ok(holds) => Ok(Some(holds?)),
        Err(Interrupted::Refused(problem)) => Err(problem.into()),
        Err(Interrupted::Left) => Ok(None),
    }
}
