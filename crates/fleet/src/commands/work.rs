//! `fleet work` and `fleet intake`: the processes that stay up.

use std::{collections::BTreeSet, sync::Arc, time::Duration};

use closure_broker::{BrokerSettings, Publisher};
use closure_contract::{Channel, Provider};
use closure_policy::{gateway::circuit::CircuitRules, retry::Ladder, rulebook::SmsRules};
use closure_providers::{AriDial, Sender as _};
use closure_store::Store;
use tokio::sync::watch;
use tracing::{info, warn};

use super::{
    Failure, Invocation, bounces,
    opening::{Awaited, await_services, open_health, open_holds, open_rules},
    roles::{EmailSettings, RoleSettings, SmsSettings, name, role_settings, rulebook_of},
    webhooks,
};
use crate::{
    cli::{Role, Work},
    config::{self, CourierSettings, DialSettings, FallbackSettings},
    delivery::{
        channel::ChannelDriver,
        dial::DialDriver,
        email::{EmailDriver, IdleWatch},
        leases::Leases,
        pipeline::DeliveryPipeline,
        sms::SmsDriver,
        waits::Waits,
    },
    engine::Engine,
    gateways::{
        fallback_hold::FallbackHolds,
        health::{AskedGateways, GatewayHealth},
        quota::QuotaWatch,
        rate_limit::RateLimiter,
    },
    health::Health,
    lifecycle::{Finish, Lifecycle, Signals},
    live_rulebook::Rules,
    receipts::{inquiries::Inquiries, intake, poll::Poll},
    runtime::{self, Flow},
    workers::{
        call_watch::CallWatch,
        cancel::CancelWorker,
        dead::{self, DeadWorker},
        delays::DelayWatch,
        fallback::{FallbackWorker, Sweep},
        pbx_check::PbxCheck,
        returns::Returns,
    },
};

/// After the hard stop, what is left has this long to close its connections.
pub(super) const CLOSING_MAX: Duration = Duration::from_secs(5);
/// The dead worker's messages are few and each is a statement of its own.
const DEAD_PREFETCH: u16 = 20;
/// So are the CRM's cancellations.
const CANCEL_PREFETCH: u16 = 20;

/// A mail may take many minutes, and where its worker dies another one probes sooner than that.
const MAIL_PROBE_MS_MAX: u64 = 30_000;

/// Everything that the roles of one process share.
struct WorkerContext {
    broker: BrokerSettings,
    store: Store,
    rules: Rules,
    engine: Engine,
    receipt_due_ms: u64,
    sms_rules: SmsRules,
    mail_circuit: CircuitRules,
    courier: CourierSettings,
    publisher: Publisher,
    lifecycle: Lifecycle,
    health: Health,
    holds: Option<Arc<FallbackHolds>>,
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
    let (broker, database, rulebook, refresh, courier, health_listen, mut settings) =
        config::load(invocation.config.as_ref(), |source| {
            (
                config::broker(source, &name(&roles)),
                config::database(source),
                rulebook_of(source, &roles),
                config::templates_refresh(source),
                config::courier(source, work.concurrency),
                config::health(source),
                role_settings(source, &roles),
            )
        })?;
    let store = Store::new(database).map_err(|problem| Failure::config(&problem))?;
    let lifecycle = Lifecycle::listen(signals, courier.grace);
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
    let Some(rules) = open_rules(rulebook, &store, refresh, &lifecycle).await? else { return Ok(()) };
    let holds = match settings.fallback {
        Some(_) => match open_holds(&store, sms_rules.fallback_hold, &lifecycle).await? {
            Some(holds) => Some(holds),
            None => return Ok(()),
        },
        None => None,
    };
    let engine = Engine::new(rules.clone(), Some(store.clone()));
    let crew = WorkerContext {
        broker,
        store,
        rules,
        engine,
        receipt_due_ms,
        sms_rules,
        mail_circuit,
        courier,
        publisher,
        lifecycle,
        health,
        holds,
    };
    info!(roles = name(&roles), concurrency = crew.courier.concurrency, "working");
    let mut loops = start(&crew, settings, &roles);
    loops.extend(bounces.map(|(maildir, settings)| -> Loop {
        Box::pin(bounces::reader(maildir, settings, &crew.store, &crew.lifecycle).run())
    }));
    futures::future::join_all(loops).await;
    finish(&crew).await;
    Ok(())
}

/// Waits for what is in hand, and pays what was told last.
async fn finish(crew: &WorkerContext) {
    match crew.lifecycle.finish(CLOSING_MAX).await {
        Finish::Clean => info!("stopped; nothing is left in hand"),
        Finish::Cut => warn!("stopped; what was in hand will be delivered again"),
    }
    // Without it the next process would tell a repeat, which costs the CRM a look at its own record.
    if let Err(problem) =
        tokio::time::timeout(CLOSING_MAX, crew.store.pay_what_waits()).await.unwrap_or(Ok(()))
    {
        warn!(%problem, "what was told last will be told once more");
    }
}

/// Takes receipts until the process is told to stop.
pub async fn intake(invocation: &Invocation, signals: Signals) -> Result<(), Failure> {
    let (broker, settings, grace) = config::load(invocation.config.as_ref(), |source| {
        let broker = config::broker(source, "intake");
        (broker, config::intake(source), config::courier(source, None).grace)
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

/// How long a claim lasts without being renewed: a request that is not to be cut begins only with all of its time
/// left, which a lease of twice that has whenever it is renewed.
fn lease_ms(courier: &CourierSettings, settings: &RoleSettings) -> u64 {
    let sms = settings.sms.as_ref().map_or(0, |sms| sms.gateways.longest_send_ms());
    let dial = settings.dial.as_ref().map_or(0, |(ari, _)| ari.longest_request_ms());
    courier.lease_ms.max(sms.max(dial).saturating_mul(2))
}

/// The health of the gateways that this process asks, or whose receipts it reads.
fn gateway_health(crew: &WorkerContext, settings: &RoleSettings) -> Arc<GatewayHealth> {
    let rules = crew.sms_rules.circuit;
    let texts = settings.sms.as_ref().map(|sms| AskedGateways {
        providers: sms.gateways.names(),
        rules,
        longest_send_ms: sms.gateways.longest_send_ms(),
    });
    let mail = settings.email.as_ref().map(|email| AskedGateways {
        providers: vec![Provider::Smtp],
        rules: crew.mail_circuit,
        longest_send_ms: email.smtp.longest_send_ms().min(MAIL_PROBE_MS_MAX),
    });
    GatewayHealth::new(crew.store.clone(), rules, texts.into_iter().chain(mail).collect())
}

/// The loop that carries the jobs of a channel out; while its flow is shut, nobody can be asked.
fn deliver<C: ChannelDriver>(
    crew: &WorkerContext,
    leases: &Arc<Leases>,
    driver: C,
    ladder: &Ladder,
    flow: Option<watch::Receiver<Flow>>,
) -> Loop {
    let (patience, receipt_due_ms) = (crew.courier.patience, crew.receipt_due_ms);
    let waits = Waits { ladder: ladder.clone(), patience, receipt_due_ms };
    let recorded = (crew.store.clone(), crew.engine.clone());
    let pipeline = DeliveryPipeline::new(driver, recorded, Arc::clone(leases), waits, flow);
    consume(crew, pipeline, crew.courier.concurrency)
}

/// The loop that gives a channel's jobs back which the broker gave up.
fn give_back(crew: &WorkerContext, channel: Channel) -> Loop {
    let returns = Returns {
        channel,
        store: crew.store.clone(),
        publisher: crew.publisher.clone(),
        lifecycle: crew.lifecycle.clone(),
    };
    Box::pin(returns.run())
}

pub(super) type Loop = std::pin::Pin<Box<dyn Future<Output = ()> + Send>>;

/// The loops of every role that was asked for.
fn start(crew: &WorkerContext, settings: RoleSettings, roles: &BTreeSet<Role>) -> Vec<Loop> {
    let lease_ms = lease_ms(&crew.courier, &settings);
    let leases = Leases::start(crew.store.clone(), lease_ms, &crew.lifecycle);
    let mut loops: Vec<Loop> = Vec::new();
    let carried = [(Role::Sms, Channel::Sms), (Role::Email, Channel::Email), (Role::Dial, Channel::Dial)];
    let carried = carried.into_iter().filter(|(role, _)| roles.contains(role));
    let channels: Vec<Channel> = carried.map(|(_, channel)| channel).collect();
    loops.extend(channels.iter().map(|channel| give_back(crew, *channel)));
    if !channels.is_empty() {
        let (store, broker) = (crew.store.clone(), crew.broker.clone());
        let delays = DelayWatch { channels, store, broker, lifecycle: crew.lifecycle.clone() };
        loops.push(Box::pin(delays.run()));
    }
    let gateway_health = gateway_health(crew, &settings);
    if settings.sms.is_some() || settings.email.is_some() || settings.fallback.is_some() {
        loops.push(Box::pin(Arc::clone(&gateway_health).watch(crew.lifecycle.clone())));
    }
    if let Some(settings) = settings.sms {
        loops.extend(start_sms(crew, settings, &leases, &gateway_health));
    }
    if let Some(settings) = settings.email {
        loops.extend(start_email(crew, settings, &leases, &gateway_health));
    }
    if let Some((ari, settings)) = settings.dial {
        loops.extend(start_dial(crew, ari, settings, &leases));
    }
    if let (Some(settings), Some(holds)) = (settings.fallback, crew.holds.clone()) {
        loops.extend(start_fallback(crew, &settings, holds, gateway_health));
    }
    if roles.contains(&Role::Dead) {
        for queue in dead::queues() {
            loops.push(consume(crew, DeadWorker { store: crew.store.clone(), queue }, DEAD_PREFETCH));
        }
    }
    if let Some(settings) = settings.webhooks {
        let (courier, publisher) = (&crew.courier, crew.publisher.clone());
        loops.push(webhooks::carrier(
            settings,
            courier,
            &crew.broker,
            publisher,
            &crew.lifecycle,
            &crew.health,
        ));
    }
    if roles.contains(&Role::Cancel) {
        loops.push(consume(crew, CancelWorker { store: crew.store.clone() }, CANCEL_PREFETCH));
    }
    loops
}

/// The loops of the SMS role.
fn start_sms(
    crew: &WorkerContext,
    settings: SmsSettings,
    leases: &Arc<Leases>,
    gateway_health: &Arc<GatewayHealth>,
) -> Vec<Loop> {
    let SmsSettings { gateways, rates, quotas, inquiries } = settings;
    let mut loops: Vec<Loop> = Vec::new();
    let (store, lifecycle) = (crew.store.clone(), crew.lifecycle.clone());
    loops.push(Box::pin(QuotaWatch { store, quotas, lifecycle }.run()));
    let gateways = Arc::new(gateways);
    let asked = if inquiries.before_due_ms > 0 { gateways.names() } else { Vec::new() };
    for provider in asked {
        let inquiries = Inquiries {
            provider,
            gateways: Arc::clone(&gateways),
            store: crew.store.clone(),
            publisher: crew.publisher.clone(),
            before_ms: inquiries.before_due_ms,
            pause: Duration::from_millis(inquiries.pause_ms.get()),
            lifecycle: crew.lifecycle.clone(),
        };
        loops.push(Box::pin(inquiries.run()));
    }
    let flow = gateway_health.flow(gateways.preferred());
    let driver = SmsDriver {
        gateways,
        routes: crew.sms_rules.routes.clone(),
        health: Arc::clone(gateway_health),
        pace: RateLimiter::new(crew.store.clone(), &rates),
        receipt_due_ms: crew.receipt_due_ms,
    };
    loops.push(deliver(crew, leases, driver, &crew.courier.sms_ladder, flow));
    loops
}

/// The loops of the email role.
fn start_email(
    crew: &WorkerContext,
    settings: EmailSettings,
    leases: &Arc<Leases>,
    gateway_health: &Arc<GatewayHealth>,
) -> Vec<Loop> {
    let EmailSettings { smtp, message_id_domain, bounces, signer } = settings;
    let flow = gateway_health.flow(Provider::Smtp);
    let health = Arc::clone(gateway_health);
    let driver = EmailDriver { smtp: Arc::clone(&smtp), message_id_domain, bounces, signer, health };
    let carry = deliver(crew, leases, driver, &crew.courier.email_ladder, flow);
    let idle = IdleWatch { smtp, lifecycle: crew.lifecycle.clone() };
    vec![carry, Box::pin(idle.run())]
}

/// The loops of the dial role.
fn start_dial(
    crew: &WorkerContext,
    ari: Arc<AriDial>,
    settings: DialSettings,
    leases: &Arc<Leases>,
) -> Vec<Loop> {
    let mut loops: Vec<Loop> = Vec::new();
    let driver = DialDriver { ari: ari.clone(), store: crew.store.clone() };
    loops.push(deliver(crew, leases, driver, &crew.courier.dial_ladder, None));
    let check =
        PbxCheck { ari: ari.clone(), store: crew.store.clone(), record_wait_ms: settings.evidence_wait_ms };
    loops.push(Box::pin(check.watch(crew.lifecycle.clone())));
    let watch = CallWatch {
        ari,
        store: crew.store.clone(),
        publisher: crew.publisher.clone(),
        settings,
        lifecycle: crew.lifecycle.clone(),
    };
    loops.push(Box::pin(watch.run()));
    loops
}

/// The loops of the fallback role.
fn start_fallback(
    crew: &WorkerContext,
    settings: &FallbackSettings,
    holds: Arc<FallbackHolds>,
    health: Arc<GatewayHealth>,
) -> Vec<Loop> {
    let mut loops: Vec<Loop> = Vec::new();
    let (store, rules) = (crew.store.clone(), crew.rules.clone());
    loops.push(Box::pin(Arc::clone(&holds).watch(crew.lifecycle.clone())));
    let disbelieved = FallbackWorker::disbelieved(&crew.lifecycle);
    let worker = FallbackWorker { store, rules, holds, health, disbelieved };
    let sweep = Sweep {
        worker: Arc::new(worker.clone()),
        publisher: crew.publisher.clone(),
        pause: Duration::from_millis(settings.sweep_ms),
        lifecycle: crew.lifecycle.clone(),
    };
    loops.push(consume(crew, worker, crew.courier.concurrency));
    loops.push(Box::pin(sweep.run()));
    loops
}

fn consume<W: runtime::Worker>(crew: &WorkerContext, worker: W, prefetch: u16) -> Loop {
    let around = runtime::ConsumerContext {
        broker: crew.broker.clone(),
        prefetch,
        publisher: crew.publisher.clone(),
        store: crew.store.clone(),
        lifecycle: crew.lifecycle.clone(),
        health: crew.health.clone(),
    };
    Box::pin(runtime::run(Arc::new(worker), around))
}
