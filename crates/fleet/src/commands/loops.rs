//! The loops of each role, put together from what a process opened.

use std::{collections::BTreeSet, sync::Arc, time::Duration};

use closure_contract::{Channel, Provider, topology::WorkQueue};
use closure_policy::retry::Ladder;
use closure_providers::{AriDial, Sender as _};
use tokio::sync::watch;

use super::{
    roles::{EmailSettings, RoleSettings, SmsSettings},
    webhooks,
    work::WorkerContext,
};
use crate::{
    cli::Role,
    config::{DialSettings, FallbackSettings, WorkerSettings},
    delivery::{
        channel::ChannelDriver,
        dial::DialDriver,
        email::{EmailDriver, IdleWatch},
        leases::Leases,
        pipeline::DeliveryPipeline,
        sms::SmsDriver,
        waits::Waits,
    },
    gateways::{
        fallback_hold::FallbackHolds,
        health::{AskedGateways, GatewayHealth},
        quota::QuotaWatch,
        rate_limit::RateLimiter,
        receipt_dues::ReceiptsDue,
    },
    receipts::inquiries::Inquiries,
    runtime::{self, Flow},
    workers::{
        call_watch::CallWatch,
        cancel::CancelWorker,
        dead::{self, DeadWorker},
        delays::DelayWatch,
        fallback::{FallbackWorker, Sweep},
        owed_replays::OwedReplays,
        pbx_check::PbxCheck,
        returns::Returns,
    },
};

/// The dead worker's messages are few and each is a statement of its own.
const DEAD_PREFETCH: u16 = 20;
/// So are the CRM's cancellations.
const CANCEL_PREFETCH: u16 = 20;

/// A mail may take many minutes, and where its worker dies another one probes sooner than that.
const MAIL_PROBE_MS_MAX: u64 = 30_000;

/// How long a claim lasts without being renewed: a request that is not to be cut begins only with all of its time
/// left, which a lease of twice that has whenever it is renewed.
fn lease_ms(worker_settings: &WorkerSettings, settings: &RoleSettings) -> u64 {
    let sms = settings.sms.as_ref().map_or(0, |sms| sms.gateways.longest_send_ms());
    let dial = settings.dial.as_ref().map_or(0, |(ari, _)| ari.longest_request_ms());
    worker_settings.lease_ms.max(sms.max(dial).saturating_mul(2))
}

/// The health of the gateways that this process asks, or whose receipts it reads.
fn gateway_health(context: &WorkerContext, settings: &RoleSettings) -> Arc<GatewayHealth> {
    let rules = context.sms_rules.circuit;
    let texts = settings.sms.as_ref().map(|sms| AskedGateways {
        providers: sms.gateways.names(),
        rules,
        longest_send_ms: sms.gateways.longest_send_ms(),
    });
    let mail = settings.email.as_ref().map(|email| AskedGateways {
        providers: vec![Provider::Smtp],
        rules: context.mail_circuit,
        longest_send_ms: email.smtp.longest_send_ms().min(MAIL_PROBE_MS_MAX),
    });
    GatewayHealth::new(context.store.clone(), rules, texts.into_iter().chain(mail).collect())
}

/// The loop that carries the jobs of a channel out; while its flow is shut, nobody can be asked.
fn deliver<C: ChannelDriver>(
    context: &WorkerContext,
    leases: &Arc<Leases>,
    driver: C,
    ladder: &Ladder,
    flow: Option<watch::Receiver<Flow>>,
) -> Loop {
    let waits = Waits { ladder: ladder.clone(), patience: context.worker_settings.patience };
    let recorded = (context.store.clone(), context.engine.clone());
    let pipeline = DeliveryPipeline::new(driver, recorded, Arc::clone(leases), waits, flow);
    consume(context, pipeline, context.worker_settings.concurrency)
}

/// The loop that gives a channel's jobs back which the broker gave up.
fn give_back(context: &WorkerContext, channel: Channel) -> Loop {
    let returns = Returns {
        channel,
        store: context.store.clone(),
        publisher: context.publisher.clone(),
        lifecycle: context.lifecycle.clone(),
    };
    Box::pin(returns.run())
}

/// The loop that publishes replays which a person's command left owed to the queues that these channels may write to.
fn publish_owed_replays(context: &WorkerContext, channels: &[Channel]) -> Loop {
    let mut queues: Vec<WorkQueue> = channels.iter().copied().map(WorkQueue::Jobs).collect();
    if channels.contains(&Channel::Sms) {
        queues.push(WorkQueue::Receipts);
    }
    let replays = OwedReplays {
        queues,
        store: context.store.clone(),
        publisher: context.publisher.clone(),
        lifecycle: context.lifecycle.clone(),
    };
    Box::pin(replays.run())
}

pub(super) type Loop = std::pin::Pin<Box<dyn Future<Output = ()> + Send>>;

/// The loops of every role that was asked for.
pub(super) fn start(context: &WorkerContext, settings: RoleSettings, roles: &BTreeSet<Role>) -> Vec<Loop> {
    let lease_ms = lease_ms(&context.worker_settings, &settings);
    let leases = Leases::start(context.store.clone(), lease_ms, &context.lifecycle);
    let mut loops: Vec<Loop> = Vec::new();
    let carried = [(Role::Sms, Channel::Sms), (Role::Email, Channel::Email), (Role::Dial, Channel::Dial)];
    let carried = carried.into_iter().filter(|(role, _)| roles.contains(role));
    let channels: Vec<Channel> = carried.map(|(_, channel)| channel).collect();
    loops.extend(channels.iter().map(|channel| give_back(context, *channel)));
    if !channels.is_empty() {
        loops.push(publish_owed_replays(context, &channels));
        let (store, broker) = (context.store.clone(), context.broker.clone());
        let delays = DelayWatch { channels, store, broker, lifecycle: context.lifecycle.clone() };
        loops.push(Box::pin(delays.run()));
    }
    let gateway_health = gateway_health(context, &settings);
    if settings.sms.is_some() || settings.email.is_some() || settings.fallback.is_some() {
        loops.push(Box::pin(Arc::clone(&gateway_health).watch(context.lifecycle.clone())));
    }
    if let Some(settings) = settings.sms {
        loops.extend(start_sms(context, settings, &leases, &gateway_health));
    }
    if let Some(settings) = settings.email {
        loops.extend(start_email(context, settings, &leases, &gateway_health));
    }
    if let Some((ari, settings)) = settings.dial {
        loops.extend(start_dial(context, ari, settings, &leases));
    }
    if let (Some(settings), Some(holds)) = (settings.fallback, context.holds.clone()) {
        loops.extend(start_fallback(context, &settings, holds, gateway_health));
    }
    if roles.contains(&Role::Dead) {
        for queue in dead::queues() {
            let (store, engine) = (context.store.clone(), context.engine.clone());
            loops.push(consume(context, DeadWorker { store, engine, queue }, DEAD_PREFETCH));
        }
    }
    if let Some(settings) = settings.webhooks {
        let (worker_settings, publisher) = (&context.worker_settings, context.publisher.clone());
        loops.push(webhooks::worker(
            settings,
            worker_settings,
            &context.broker,
            publisher,
            &context.lifecycle,
            &context.health,
        ));
    }
    if roles.contains(&Role::Cancel) {
        loops.push(consume(context, CancelWorker { store: context.store.clone() }, CANCEL_PREFETCH));
    }
    loops
}

/// The loops of the SMS role.
fn start_sms(
    context: &WorkerContext,
    settings: SmsSettings,
    leases: &Arc<Leases>,
    gateway_health: &Arc<GatewayHealth>,
) -> Vec<Loop> {
    let SmsSettings { gateways, rates, quotas, inquiries, receipt_dues } = settings;
    let mut loops: Vec<Loop> = Vec::new();
    let (store, lifecycle) = (context.store.clone(), context.lifecycle.clone());
    loops.push(Box::pin(QuotaWatch { store, quotas, lifecycle }.run()));
    let gateways = Arc::new(gateways);
    let asked = if inquiries.before_due_ms > 0 { gateways.names() } else { Vec::new() };
    for provider in asked {
        let inquiries = Inquiries {
            provider,
            gateways: Arc::clone(&gateways),
            store: context.store.clone(),
            publisher: context.publisher.clone(),
            before_ms: inquiries.before_due_ms,
            pause: Duration::from_millis(inquiries.pause_ms.get()),
            lifecycle: context.lifecycle.clone(),
        };
        loops.push(Box::pin(inquiries.run()));
    }
    let flow = gateway_health.flow(gateways.preferred());
    let driver = SmsDriver {
        gateways,
        routes: context.sms_rules.routes.clone(),
        health: Arc::clone(gateway_health),
        pace: RateLimiter::new(context.store.clone(), &rates),
        receipt_dues: ReceiptsDue { rulebook_ms: context.receipt_due_ms, gateways: receipt_dues },
    };
    loops.push(deliver(context, leases, driver, &context.worker_settings.sms_ladder, flow));
    loops
}

/// The loops of the email role.
fn start_email(
    context: &WorkerContext,
    settings: EmailSettings,
    leases: &Arc<Leases>,
    gateway_health: &Arc<GatewayHealth>,
) -> Vec<Loop> {
    let EmailSettings { smtp, message_id_domain, bounces, signer } = settings;
    let flow = gateway_health.flow(Provider::Smtp);
    let health = Arc::clone(gateway_health);
    let driver = EmailDriver { smtp: Arc::clone(&smtp), message_id_domain, bounces, signer, health };
    let carry = deliver(context, leases, driver, &context.worker_settings.email_ladder, flow);
    let idle = IdleWatch { smtp, lifecycle: context.lifecycle.clone() };
    vec![carry, Box::pin(idle.run())]
}

/// The loops of the dial role.
fn start_dial(
    context: &WorkerContext,
    ari: Arc<AriDial>,
    settings: DialSettings,
    leases: &Arc<Leases>,
) -> Vec<Loop> {
    let mut loops: Vec<Loop> = Vec::new();
    let driver = DialDriver { ari: ari.clone(), store: context.store.clone() };
    loops.push(deliver(context, leases, driver, &context.worker_settings.dial_ladder, None));
    let check = PbxCheck {
        ari: ari.clone(),
        store: context.store.clone(),
        record_wait_ms: settings.evidence_wait_ms,
    };
    loops.push(Box::pin(check.watch(context.lifecycle.clone())));
    let watch = CallWatch {
        ari,
        store: context.store.clone(),
        publisher: context.publisher.clone(),
        settings,
        lifecycle: context.lifecycle.clone(),
    };
    loops.push(Box::pin(watch.run()));
    loops
}

/// The loops of the fallback role.
fn start_fallback(
    context: &WorkerContext,
    settings: &FallbackSettings,
    holds: Arc<FallbackHolds>,
    health: Arc<GatewayHealth>,
) -> Vec<Loop> {
    let mut loops: Vec<Loop> = Vec::new();
    let (store, rules) = (context.store.clone(), context.rules.clone());
    loops.push(Box::pin(Arc::clone(&holds).watch(context.lifecycle.clone())));
    let disbelieved = FallbackWorker::disbelieved(&context.lifecycle);
    let worker = FallbackWorker { store, rules, holds, health, disbelieved };
    let sweep = Sweep {
        worker: Arc::new(worker.clone()),
        publisher: context.publisher.clone(),
        pause: Duration::from_millis(settings.sweep_ms),
        lifecycle: context.lifecycle.clone(),
    };
    loops.push(consume(context, worker, context.worker_settings.concurrency));
    loops.push(Box::pin(sweep.run()));
    loops
}

fn consume<W: runtime::Worker>(context: &WorkerContext, worker: W, prefetch: u16) -> Loop {
    let around = runtime::ConsumerContext {
        broker: context.broker.clone(),
        prefetch,
        publisher: context.publisher.clone(),
        store: context.store.clone(),
        lifecycle: context.lifecycle.clone(),
        health: context.health.clone(),
    };
    Box::pin(runtime::run(Arc::new(worker), around))
}
