//! Who answers the questions: the rules with what the database knows, once it has said what the rules rest on.
//!
//! The door is open before that and while the database is away, and then says so. One outage is told once when it begins
//! and once when it ends, however many ask meanwhile, and the advisor finds out by itself that it is over.

use std::{
    sync::{Arc, OnceLock},
    time::Duration,
};

use axum::{
    extract::{Request, State},
    middleware::Next,
    response::Response,
};
use closure_policy::rulebook::CompiledRulebook;
use closure_store::{Store, StoreError};
use tokio::sync::watch;

use super::{language::Asked, refusal::Refusal};
use crate::{
    engine::Engine,
    health::Health,
    lifecycle::Lifecycle,
    live_rulebook::Rules,
    runtime::{Interrupted, until_available},
    services::{Service, Services},
};

/// Between two ends of an outage: where only some questions fail, the log has no line for each of them.
const LOOK_PAUSE: Duration = Duration::from_secs(1);

/// Who answers, as soon as anybody can; a clone shares everything.
#[derive(Clone)]
pub struct Answering {
    engine: Arc<OnceLock<Engine>>,
    pub(super) health: Health,
    services: Services,
}

impl Answering {
    /// Nobody answers yet.
    pub fn new(lifecycle: &Lifecycle) -> Self {
        let health = Health::default();
        health.watch_services(lifecycle.services.clone());
        Self { engine: Arc::default(), health, services: lifecycle.services.clone() }
    }

    /// Reads what the rules rest on, however long the database is away, and looks after the database from then on;
    /// returns only with what no waiting mends. Without a store the rules know no template and nothing beside a job.
    pub async fn attend(
        &self,
        settings: CompiledRulebook,
        store: Option<Store>,
        refresh: Duration,
        lifecycle: &Lifecycle,
    ) -> StoreError {
        let Some(store) = store else {
            self.begin(Engine::new(Rules::without_templates(settings), None));
            return std::future::pending().await;
        };
        let opened = || Rules::open(settings.clone(), store.clone(), refresh, &lifecycle.services);
        let engine = match until_available(lifecycle, opened).await {
            Ok(Ok(rules)) => Engine::new(rules, Some(store)),
            Ok(Err(problem)) | Err(Interrupted::Refused(problem)) => return problem,
            Err(Interrupted::Left) => return std::future::pending().await,
        };
        self.begin(engine.clone());
        look_after(&engine, lifecycle).await
    }

    fn begin(&self, engine: Engine) {
        // It is set once, by the one who attends.
        let _ours = self.engine.set(engine);
        self.health.open_door("advisor");
    }
}

/// Nobody may ask for long, so that the end of an outage is found without a question.
async fn look_after<T>(engine: &Engine, lifecycle: &Lifecycle) -> T {
    let mut away: watch::Receiver<bool> = lifecycle.services.away(Service::Database);
    loop {
        if away.wait_for(|away| *away).await.is_err() {
            return std::future::pending().await;
        }
        // What the database refuses for good is told to whoever asks for it.
        let _looked = until_available(lifecycle, || engine.look()).await;
        tokio::time::sleep(LOOK_PAUSE).await;
    }
}

/// Who answers one question.
#[derive(Clone)]
pub(super) struct Answerer {
    pub(super) engine: Engine,
    services: Services,
}

impl Answerer {
    /// The database could not be asked: one line tells it, and `/readyz` until it is over.
    pub(super) fn away(&self, problem: &StoreError) -> Refusal {
        self.services.ask(Service::Database).failed(problem);
        Refusal::NO_DATABASE
    }
}

/// Gives a question to whoever answers, or says that nobody can yet.
pub(super) async fn hand_on(
    State(answering): State<Answering>,
    mut request: Request,
    next: Next,
) -> Response {
    let Some(engine) = answering.engine.get().cloned() else {
        let Asked(language) = Asked::of(request.headers());
        return Refusal::NO_DATABASE.said(language);
    };
    request.extensions_mut().insert(Answerer { engine, services: answering.services });
    next.run(request).await
}
