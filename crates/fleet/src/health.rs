//! What a process says of its health: alive while its loop turns, ready while it can work.

use std::{
    collections::BTreeMap,
    net::SocketAddr,
    sync::{Arc, Mutex},
};

use axum::{Json, Router, extract::State, http::StatusCode, routing::get};
use closure_broker::{ConsumerHealth, ConsumerMonitor, Publisher, PublisherHealth};
use serde::Serialize;
use tracing::info;

use crate::{
    lifecycle::Lifecycle,
    lock::lock,
    serve::{self, Door},
    services::{Service, Services},
};

/// The health of one process, gathered from its parts.
#[derive(Clone, Default)]
pub struct Health {
    parts: Arc<Mutex<Parts>>,
}

#[derive(Default)]
struct Parts {
    consumers: BTreeMap<&'static str, Consuming>,
    publisher: Option<Publisher>,
    doors: Vec<&'static str>,
    services: Option<Services>,
}

/// What a worker's loop does with its queue.
enum Consuming {
    /// It consumes, and this says how.
    By(ConsumerMonitor),
    /// It leaves the messages where they are, because an outside service is not well.
    Paused,
    /// It takes no messages, because the database is away, and these say why.
    Held(Services),
}

/// One part's word, as the probe shows it.
#[derive(Debug, Serialize)]
pub struct PartHealth {
    part: String,
    state: String,
}

impl Health {
    /// The consumer of a queue; it takes the place of an earlier one.
    pub fn watch_consumer(&self, queue: &'static str, monitor: ConsumerMonitor) {
        self.lock().consumers.insert(queue, Consuming::By(monitor));
    }

    /// A queue is not consumed on purpose: the process is well, and restarting it would mend nothing.
    pub fn pause_consumer(&self, queue: &'static str) {
        self.lock().consumers.insert(queue, Consuming::Paused);
    }

    /// A queue is not consumed while the database is away: the process cannot work, and heals by itself.
    pub fn hold_consumer(&self, queue: &'static str, services: Services) {
        self.lock().consumers.insert(queue, Consuming::Held(services));
    }

    /// What is asked of the process's services, for the reason of what is not well.
    pub fn watch_services(&self, services: Services) {
        self.lock().services = Some(services);
    }

    pub fn watch_publisher(&self, publisher: Publisher) {
        self.lock().publisher = Some(publisher);
    }

    /// Adds a door that needs nothing else to answer.
    pub fn open_door(&self, name: &'static str) {
        self.lock().doors.push(name);
    }

    /// Whether every part can work, and what each says.
    pub fn ready(&self) -> (bool, Vec<PartHealth>) {
        let parts = self.lock();
        // A process that still waits for its services has no parts yet.
        let mut ready = !parts.consumers.is_empty() || parts.publisher.is_some() || !parts.doors.is_empty();
        let mut said: Vec<PartHealth> = parts
            .doors
            .iter()
            .map(|door| PartHealth { part: format!("door {door}"), state: "Open".to_owned() })
            .collect();
        for (queue, consuming) in &parts.consumers {
            let state = match consuming {
                Consuming::Paused => "Paused".to_owned(),
                Consuming::Held(services) => {
                    ready = false;
                    let reason = services.reason(Service::Database);
                    format!("Held: {}", reason.as_deref().unwrap_or("the database was away a moment ago"))
                }
                Consuming::By(monitor) => {
                    let state = monitor.health();
                    ready &= matches!(state, ConsumerHealth::Consuming);
                    format!("{state:?}")
                }
            };
            said.push(PartHealth { part: format!("consumer {queue}"), state });
        }
        let told = [
            Service::Database,
            Service::SideLooks,
            Service::Templates,
            Service::Maildir,
            Service::Webhook,
            Service::Pbx,
            Service::Delays,
        ];
        for service in told {
            let reason = parts.services.as_ref().and_then(|services| services.reason(service));
            let Some(reason) = reason else { continue };
            // What only the outside can mend is told, and so is what no message waits for: restarting mends nothing.
            ready &= !matches!(service, Service::Database | Service::Maildir);
            said.push(PartHealth { part: service.name().to_owned(), state: format!("Away: {reason}") });
        }
        if let Some(publisher) = &parts.publisher {
            let state = publisher.health();
            ready &= matches!(state, PublisherHealth::Connected);
            said.push(PartHealth { part: "publisher".to_owned(), state: format!("{state:?}") });
        }
        (ready, said)
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Parts> {
        lock(&self.parts)
    }
}

/// The two probes as routes.
pub fn routes(health: Health, lifecycle: Lifecycle) -> Router {
    Router::new()
        .route("/livez", get(|| async { "alive\n" }))
        .route("/readyz", get(readyz))
        .with_state((health, lifecycle))
}

async fn readyz(
    State((health, lifecycle)): State<(Health, Lifecycle)>,
) -> (StatusCode, Json<Vec<PartHealth>>) {
    let (ready, parts) = health.ready();
    let status = if ready && !lifecycle.stop.is_cancelled() {
        StatusCode::OK
    } else {
        StatusCode::SERVICE_UNAVAILABLE
    };
    (status, Json(parts))
}

/// Answers the probes until the process stops.
pub async fn serve(listen: SocketAddr, health: Health, lifecycle: &Lifecycle) -> std::io::Result<()> {
    let (listener, address) = serve::bind(listen).await?;
    info!(%address, "answering /livez and /readyz");
    let app = routes(health, lifecycle.clone());
    let ours = lifecycle.clone();
    lifecycle.tracker.spawn(async move {
        serve::serve(listener, app, Door::probes("health"), ours.shutdown.clone(), &ours).await;
    });
    Ok(())
}
