//! The SMS worker: text messages over the gateway.

use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use closure_broker::OutMessage;
use closure_contract::{
    Channel, ClientRef, FailureCode, Job, Provider, Timestamp,
    facts::recovery::{Duplicates, LookUpBy, Recovery},
};
use closure_policy::{
    explain::{Decision, FallbackEmail, Plan, SmsPlan, Verdict},
    gateway::{
        reconcile::{DoubtSoFar, Reconcile, reconcile},
        route::{RoutingRule, route},
    },
    retry::Circuit,
};
use closure_providers::{
    Accepted, Handover, LookUp, LookUpQuery, SendFailure, Sender, SmsGateway, SmsMessage,
};
use closure_store::{DeliveryState, Doubt, EarlyReceipts, Grant, Snapshot};
use tracing::warn;

use super::channel::{
    ChannelDriver, Claimed, Decided, FailedTry, Finding, Route, Routing, circuit_of, wrong_plan,
};
use crate::{
    announce,
    gateways::{
        health::{GatewayHealth, hits_everyone},
        pool::Gateways,
        rate_limit::RateLimiter,
        receipt_dues::ReceiptsDue,
    },
    lock::lock,
    runtime::Interrupted,
};

pub struct SmsDriver {
    /// The gateways, the preferred one first.
    pub gateways: Arc<Gateways>,
    /// Which of them carry the text messages of which countries.
    pub routes: Vec<RoutingRule>,
    /// How well they are.
    pub health: Arc<GatewayHealth>,
    /// How fast they may be asked.
    pub pace: RateLimiter,
    /// How long after a gateway took a message its receipt is due.
    pub receipt_dues: ReceiptsDue,
}

impl SmsDriver {
    fn routed(&self, job: &Job, decision: &Decision) -> Option<Provider> {
        let country_code = country_code(decision);
        let unwell = self.health.unwell(country_code);
        let too_short = plan(decision).map_or(&[][..], |plan| &plan.too_short);
        route(job.id(), country_code, &self.routes, &self.gateways.names(), &unwell, too_short)
    }

    /// How the gateway stands that failed a job: only a failure that hits every job alike, and after which nothing was
    /// sent, is a reason to change it.
    fn circuit(&self, claimed: &Claimed<'_>, code: FailureCode) -> Circuit {
        let failed = claimed.grant.provider;
        if !hits_everyone(code) {
            return Circuit::Closed;
        }
        match self.routed(claimed.job, claimed.decision) {
            Some(stands_in) if stands_in != failed => Circuit::Bypassed(stands_in),
            Some(_) | None => circuit_of(self.health.admit(failed, country_code(claimed.decision))),
        }
    }

    fn due_ms(&self, claimed: &Claimed<'_>) -> u64 {
        match claimed.job {
            Job::Sms(job) => self.receipt_dues.ms(claimed.grant.provider, job, plan(claimed.decision)),
            Job::Email(_) | Job::Dial(_) => self.receipt_dues.rulebook_ms,
        }
    }

    async fn try_once(
        &self,
        claimed: &Claimed<'_>,
        handover: &Arc<Handover>,
    ) -> Result<Accepted, SendFailure> {
        let Some(plan) = plan(claimed.decision) else { return Err(wrong_plan()) };
        let (provider, country_code) = (claimed.grant.provider, Some(plan.country_code));
        let Some(gateway) = self.gateways.get(provider) else {
            return Err(SendFailure::new(
                FailureCode::ProviderUnavailable,
                "this gateway is not configured here; nothing was sent",
            ));
        };
        self.pace.slot(provider, country_code).await?;
        lock(&claimed.route.permits).clear();
        // A job may have waited for its slot while others found out that the gateway is not well.
        let probe = claimed.route.probe.as_ref();
        if probe.is_none() && self.health.is_open(provider, country_code) {
            let detail = "the gateway was found to be unwell a moment ago; nothing was sent";
            return Err(SendFailure::new(FailureCode::ProviderUnavailable, detail));
        }
        // A request is not cut in the middle as long as the lease is renewed before it or can be waited for.
        let longest = Duration::from_millis(gateway.longest_send_ms());
        handover
            .begin(longest)
            .await
            .map_err(|late| SendFailure::new(FailureCode::ProviderUnavailable, &late.to_string()))?;
        let sent = gateway.send(&message(plan, claimed.grant.client_ref)).await;
        let (job, failure) = (claimed.job.id(), sent.as_ref().err());
        self.health.report(provider, country_code, job, probe, failure).await;
        sent
    }
}

fn plan(decision: &Decision) -> Option<&SmsPlan> {
    match &decision.plan {
        Some(Plan::Sms(plan)) => Some(plan),
        Some(Plan::Email(_) | Plan::Dial(_)) | None => None,
    }
}

fn country_code(decision: &Decision) -> Option<u16> {
    plan(decision).map(|plan| plan.country_code)
}

impl ChannelDriver for SmsDriver {
    const CHANNEL: Channel = Channel::Sms;

    /// What the rules do not send needs no gateway, however that is.
    async fn route(&self, Decided { job, decision, .. }: Decided<'_>) -> Routing {
        self.health.fresh().await;
        let provider = self.routed(job, decision).unwrap_or_else(|| self.gateways.preferred());
        let route = Route::to(provider);
        if decision.verdict != Verdict::Send {
            return Routing::Now(route);
        }
        let country_code = country_code(decision);
        let probe = match self.health.admit(provider, country_code) {
            Ok(probe) => probe,
            Err(step) => return Routing::Later(route, step),
        };
        let permits = Mutex::new(self.pace.room(provider, country_code).await);
        Routing::Now(Route { probe, permits, ..route })
    }

    async fn send(&self, claimed: &Claimed<'_>, handover: &Arc<Handover>) -> Result<Accepted, FailedTry> {
        self.try_once(claimed, handover)
            .await
            .map_err(|failure| FailedTry { circuit: self.circuit(claimed, failure.code), failure })
    }

    fn receipt_due_ms(&self, claimed: &Claimed<'_>) -> Option<u64> {
        Some(self.due_ms(claimed))
    }

    async fn look_up(
        &self,
        claimed: &Claimed<'_>,
        doubt: Doubt,
        waited_ms: u64,
    ) -> Result<Finding, Interrupted> {
        let gateway = self.gateways.get(claimed.grant.provider);
        let so_far = DoubtSoFar {
            lookups_missed: doubt.lookups,
            resends: doubt.resends,
            waited_ms,
            receipt_due_ms: self.due_ms(claimed),
        };
        let next = reconcile(gateway.map_or(UNASKABLE, |gateway| gateway.capabilities().recovery), so_far);
        match (next, gateway) {
            (Reconcile::GiveUp, _) => Ok(Finding::Lost),
            // The rules would not send it any more, so that it is not sent again; what became of it stays unknown.
            (Reconcile::Repeat | Reconcile::Resend, _) if claimed.decision.plan.is_none() => {
                Ok(Finding::Lost)
            }
            (Reconcile::Repeat, _) => Ok(Finding::Repeat),
            (Reconcile::Resend, _) => Ok(Finding::Resend),
            (Reconcile::Wait | Reconcile::LookUp, None) | (Reconcile::Wait, Some(_)) => Ok(Finding::Waiting),
            (Reconcile::LookUp, Some(gateway)) => Ok(ask(gateway, claimed, doubt.since).await),
        }
    }

    /// The CRM hears the end of a text message from the fallback worker, which knows whether an email answers;
    /// only what needs no email (too late, or waiting for a person) is told from here.
    fn announce(&self, snapshot: &Snapshot, decision: &Decision, early: EarlyReceipts) -> Vec<OutMessage> {
        let email_at_once =
            decision.fallback.as_ref().is_some_and(|fallback| fallback.email == FallbackEmail::Always);
        match snapshot.state {
            DeliveryState::Refused | DeliveryState::Unknown => vec![announce::submission(snapshot)],
            DeliveryState::Accepted | DeliveryState::InDoubt
                if email_at_once || early == EarlyReceipts::Some =>
            {
                vec![announce::submission(snapshot)]
            }
            DeliveryState::Expired
            | DeliveryState::Dead
            | DeliveryState::Superseded
            | DeliveryState::Cancelled => announce::outcome(snapshot).into_iter().collect(),
            DeliveryState::Accepted
            | DeliveryState::InDoubt
            | DeliveryState::Pending
            | DeliveryState::Sending
            | DeliveryState::Waiting
            | DeliveryState::Delivered
            | DeliveryState::Undelivered
            | DeliveryState::Discarded => Vec::new(),
        }
    }
}

/// A gateway that is no longer configured: only a receipt can tell.
const UNASKABLE: Recovery = Recovery { look_up: LookUpBy::Nothing, duplicates: Duplicates::Carried };

/// Asks a gateway about an attempt.
async fn ask(gateway: &SmsGateway, claimed: &Claimed<'_>, since: Timestamp) -> Finding {
    let Grant { provider, client_ref, .. } = *claimed.grant;
    let message = plan(claimed.decision).map(|plan| message(plan, client_ref));
    let scope = claimed.job.scope();
    let query = LookUpQuery { client_ref, scope, since, message: message.as_ref() };
    match gateway.look_up(&query).await {
        Ok(looked) => finding(looked, provider, client_ref),
        Err(problem) => {
            // A look-up that fails has found nothing out, so that it does not count as a miss.
            warn!(%problem, "the gateway could not be asked about a message in doubt");
            Finding::Unasked
        }
    }
}

fn finding(looked: LookUp, provider: Provider, client_ref: ClientRef) -> Finding {
    let receipt = looked.receipt(provider, client_ref, Timestamp::now());
    match looked {
        LookUp::Found { provider_ref, reported_sender, .. } => {
            let accepted = Accepted { provider_ref: Some(provider_ref), reported_sender };
            Finding::Taken(accepted, receipt.map(Box::new))
        }
        LookUp::NotFound => Finding::NotYetKnown,
        LookUp::CannotTell => Finding::Waiting,
    }
}

fn message(plan: &SmsPlan, client_ref: ClientRef) -> SmsMessage {
    SmsMessage {
        client_ref,
        to_digits: plan.to.digits().to_owned(),
        country_code: plan.country_code,
        sender: plan.sender.clone(),
        text: plan.text.clone(),
        scope: plan.scope,
        subject: plan.subject.clone(),
    }
}
