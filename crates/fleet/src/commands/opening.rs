//! What a process opens before it begins to work.

use std::{collections::BTreeSet, net::SocketAddr, sync::Arc, time::Duration};

use closure_broker::{BrokerSettings, topology};
use closure_policy::{gateway::fallback_hold::FallbackHoldRules, rulebook::CompiledRulebook};
use closure_store::Store;
use tracing::warn;

use super::{Failure, roles::queues};
use crate::{
    cli::Role,
    gateways::fallback_hold::FallbackHolds,
    health::{self, Health},
    lifecycle::Lifecycle,
    live_rulebook::Rules,
    runtime::{self, Interrupted},
};

/// Between two looks for a broker or a database that is not there yet.
const START_PAUSE: Duration = Duration::from_secs(1);

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

/// Waits for a broker and, where one is needed, a database that are still starting; refuses to work with ones that are not ours.
pub(super) async fn await_services(
    broker: &BrokerSettings,
    store: Option<&Store>,
    roles: &BTreeSet<Role>,
    lifecycle: &Lifecycle,
) -> Result<Awaited, Failure> {
    let queues = queues(roles);
    let mut said = false;
    loop {
        let checked = tokio::select! {
            checked = check_services(broker, store, &queues) => checked,
            () = lifecycle.stop.cancelled() => return Ok(Awaited::Stopped),
        };
        match checked {
            Ok(()) => return Ok(Awaited::There),
            Err(Failure::Unavailable(problem)) if !said => {
                warn!(problem, "a service is not there yet; waiting");
                said = true;
            }
            Err(Failure::Unavailable(_)) => {}
            Err(other) => return Err(other),
        }
        tokio::select! {
            () = tokio::time::sleep(START_PAUSE) => {}
            () = lifecycle.stop.cancelled() => return Ok(Awaited::Stopped),
        }
    }
}

/// How the wait for the services ended.
pub(super) enum Awaited {
    There,
    /// The process was told to stop, with nothing in hand.
    Stopped,
}

async fn check_services(
    broker: &BrokerSettings,
    store: Option<&Store>,
    queues: &[&'static str],
) -> Result<(), Failure> {
    if let Some(store) = store {
        store.check().await?;
        store.register_hash_keys().await?;
    }
    topology::verify_passively(broker, queues).await?;
    Ok(())
}
