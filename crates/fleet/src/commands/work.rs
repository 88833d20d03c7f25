//! `fleet work` and `fleet intake`: the processes that stay up.

use std::{collections::BTreeSet, sync::Arc, time::Duration};

use closure_broker::{BrokerSettings, Publisher};
use closure_policy::{gateway::circuit::CircuitRules, rulebook::SmsRules};
use closure_store::Store;
use tracing::{info, warn};

use super::{
    Failure, Invocation, bounces,
    loops::{Loop, start},
    opening::{Awaited, await_services, open_health, open_holds, open_rules},
    roles::{WorkSettings, name, work_settings},
    webhooks,
};
use crate::{
    cli::{Role, Work},
    config::{self, IntakeSettings, WorkerSettings},
    engine::Engine,
    gateways::fallback_hold::FallbackHolds,
    health::Health,
    lifecycle::{Finish, Lifecycle, Signals},
    live_rulebook::Rules,
    receipts::{intake, poll::Poll},
};

/// After the hard stop, what is left has this long to close its connections.
pub(super) const CLOSING_MAX: Duration = Duration::from_secs(5);

/// Everything that the roles of one process share.
pub(super) struct WorkerContext {
    pub(super) broker: BrokerSettings,
    pub(super) store: Store,
    pub(super) rules: Rules,
    pub(super) engine: Engine,
    pub(super) receipt_due_ms: u64,
    pub(super) sms_rules: SmsRules,
    pub(super) mail_circuit: CircuitRules,
    pub(super) worker_settings: WorkerSettings,
    pub(super) publisher: Publisher,
    pub(super) lifecycle: Lifecycle,
    pub(super) health: Health,
    pub(super) holds: Option<Arc<FallbackHolds>>,
}

/// Runs the roles until the process is told to stop.
pub async fn run(invocation: &Invocation, work: &Work, signals: Signals) -> Result<(), Failure> {
    let roles: BTreeSet<Role> = work.roles.iter().copied().collect();
    if roles == BTreeSet::from([Role::Bounces]) {
        return bounces::run(invocation, signals).await;
    }
    if roles == BTreeSet::from([Role::Webhooks]) {
        return webhooks::run(invocation, work, signals).await;
    }
    let (broker, database, own) = config::load(invocation.config.as_ref(), |source| {
        (
            config::broker(source, &name(&roles)),
            config::database(source),
            work_settings(source, &roles, work.concurrency),
        )
    })?;
    let WorkSettings {
        rulebook,
        templates_refresh,
        worker: worker_settings,
        health_listen,
        roles: mut settings,
    } = own;
    let store = Store::new(database).map_err(|problem| Failure::config(&problem))?;
    let lifecycle = Lifecycle::listen(signals, worker_settings.grace);
    let bounces = bounces::open(settings.bounces.take()).await?;
    let health = open_health(health_listen, &lifecycle).await?;
    match await_services(&broker, Some(&store), &roles, &lifecycle).await? {
        Awaited::There => {}
        Awaited::Stopped => return Ok(()),
    }
    let publisher = Publisher::start(broker.clone(), lifecycle.shutdown.clone(), &lifecycle.tracker);
    health.watch_publisher(publisher.clone());
    let receipt_due_ms = rulebook.receipt_due_ms();
    let (sms_rules, mail_circuit) = (rulebook.rules().sms.clone(), rulebook.rules().email.circuit);
    let Some(rules) = open_rules(rulebook, &store, templates_refresh, &lifecycle).await? else {
        return Ok(());
    };
    let holds = match settings.fallback {
        Some(_) => match open_holds(&store, sms_rules.fallback_hold, &lifecycle).await? {
            Some(holds) => Some(holds),
            None => return Ok(()),
        },
        None => None,
    };
    let engine = Engine::new(rules.clone(), Some(store.clone()));
    let context = WorkerContext {
        broker,
        store,
        rules,
        engine,
        receipt_due_ms,
        sms_rules,
        mail_circuit,
        worker_settings,
        publisher,
        lifecycle,
        health,
        holds,
    };
    info!(roles = name(&roles), concurrency = context.worker_settings.concurrency, "working");
    let mut loops = start(&context, settings, &roles);
    loops.extend(bounces.map(|(maildir, settings)| -> Loop {
        Box::pin(bounces::reader(maildir, settings, &context.store, &context.lifecycle).run())
    }));
    futures::future::join_all(loops).await;
    finish(&context).await;
    Ok(())
}

/// Waits for what is in hand, and pays what was told last.
async fn finish(context: &WorkerContext) {
    match context.lifecycle.finish(CLOSING_MAX).await {
        Finish::Clean => info!("stopped; nothing is left in hand"),
        Finish::Cut => warn!("stopped; what was in hand will be delivered again"),
    }
    // Without it the next process would tell a repeat, which costs the CRM a look at its own record.
    if let Err(problem) =
        tokio::time::timeout(CLOSING_MAX, context.store.pay_what_waits()).await.unwrap_or(Ok(()))
    {
        warn!(%problem, "what was told last will be told once more");
    }
}

/// What the intake reads of the configuration besides the broker.
pub(super) fn intake_settings(source: &mut config::Source<'_>) -> (IntakeSettings, Duration) {
    (config::intake(source), config::worker(source, None).grace)
}

/// Takes receipts until the process is told to stop.
pub async fn intake(invocation: &Invocation, signals: Signals) -> Result<(), Failure> {
    let (broker, (settings, grace)) = config::load(invocation.config.as_ref(), |source| {
        (config::broker(source, "intake"), intake_settings(source))
    })?;
    let lifecycle = Lifecycle::listen(signals, grace);
    let publisher = Publisher::start(broker, lifecycle.shutdown.clone(), &lifecycle.tracker);
    let health = Health::default();
    health.watch_publisher(publisher.clone());
    if let Some(polls) = settings.polls {
        for source in polls.sources {
            let (publisher, lifecycle) = (publisher.clone(), lifecycle.clone());
            let poll = Poll { source, pause: polls.pause, publisher, lifecycle: lifecycle.clone() };
            lifecycle.tracker.spawn(poll.run());
        }
    }
    intake::serve(settings.listen, settings.doors, publisher, health, &lifecycle)
        .await
        .map_err(|problem| Failure::Unavailable(format!("`intake.listen`: {problem}")))?;
    lifecycle.finish(CLOSING_MAX).await;
    Ok(())
}
