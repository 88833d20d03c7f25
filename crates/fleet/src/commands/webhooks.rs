//! The webhooks worker as a process of its own, or beside other roles of one.

use std::{collections::BTreeSet, net::SocketAddr};

use closure_broker::{BrokerSettings, Publisher};
use tracing::{info, warn};

use super::{
    Failure, Invocation,
    loops::Loop,
    opening::open_health,
    opening::{Awaited, await_services},
    work::CLOSING_MAX,
};
use crate::{
    cli::{Role, Work},
    config::{self, WebhooksSettings, WorkerSettings},
    health::Health,
    lifecycle::{Finish, Lifecycle, Signals},
    workers::webhooks::WebhooksWorker,
};

/// `fleet work webhooks`: whoever speaks with the CRM's servers needs the broker, and no database.
pub(super) async fn run(invocation: &Invocation, work: &Work, signals: Signals) -> Result<(), Failure> {
    let (broker, (settings, worker_settings, health_listen)) =
        config::load(invocation.config.as_ref(), |source| {
            (config::broker(source, "webhooks"), webhooks_settings(source, work.concurrency))
        })?;
    let lifecycle = Lifecycle::listen(signals, worker_settings.grace);
    let health = open_health(health_listen, &lifecycle).await?;
    match await_services(&broker, None, &BTreeSet::from([Role::Webhooks]), &lifecycle).await? {
        Awaited::There => {}
        Awaited::Stopped => return Ok(()),
    }
    let publisher = Publisher::start(broker.clone(), lifecycle.shutdown.clone(), &lifecycle.tracker);
    health.watch_publisher(publisher.clone());
    if let Some(settings) = settings {
        info!(roles = "webhooks", "working");
        worker(settings, &worker_settings, &broker, publisher, &lifecycle, &health).await;
    }
    match lifecycle.finish(CLOSING_MAX).await {
        Finish::Clean => info!("stopped; nothing is left in hand"),
        Finish::Cut => warn!("stopped; what was in hand will be delivered again"),
    }
    Ok(())
}

/// What the webhooks worker reads of the configuration besides the broker; `concurrency` from the command line wins.
pub(super) fn webhooks_settings(
    source: &mut config::Source<'_>,
    concurrency: Option<u16>,
) -> (Option<WebhooksSettings>, WorkerSettings, Option<SocketAddr>) {
    (config::webhooks(source), config::worker(source, concurrency), config::health(source))
}

/// The loop that carries outcomes to the CRM's webhook.
pub(super) fn worker(
    settings: WebhooksSettings,
    worker_settings: &WorkerSettings,
    broker: &BrokerSettings,
    publisher: Publisher,
    lifecycle: &Lifecycle,
    health: &Health,
) -> Loop {
    let worker = WebhooksWorker {
        webhook: settings.webhook,
        connections_max: settings.connections_max,
        in_hand_max: settings.in_hand_max,
        prefetch: worker_settings.concurrency,
        patience: worker_settings.patience,
        broker: broker.clone(),
        publisher,
        lifecycle: lifecycle.clone(),
        health: health.clone(),
    };
    Box::pin(worker.run())
}
