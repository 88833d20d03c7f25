//! The SMS worker: text messages over the gateway.

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use bytes::Bytes;
use closure_broker::OutMessage;
use closure_contract::{
    AttemptNumber, Channel, ClientRef, Evidence, FailureCode, Job, Provider, Timestamp,
    topology::{DelayStep, WorkQueue},
};
use closure_policy::{
    explain::{Decision, FallbackEmail, Plan, SmsPlan, Verdict},
    gateway::{
        reconcile::{DoubtSoFar, Duplicates, LookUpBy, Reconcile, Recovery, reconcile},
        route::{Route, route},
    },
    retry::{self, Ladder, Next},
};
use closure_providers::{Accepted, LookUp, LookUpQuery, SendFailure, Sender, SmsGateway, SmsMessage};
use closure_store::{AttemptUse, DeliveryState, EarlyReceipts, Ending, FinalState, Snapshot};
use serde_json::Value;
use tokio::sync::watch;
use tracing::warn;

use super::{
    channel::{Attempt, ChannelDriver, Doubt, Finding, Passage, Rendering, Way},
    pipeline::DeliveryPipeline,
};
use crate::gateways::{
    health::{GatewayHealth, hits_everyone},
    pool::{Gateways, recovery},
    rate_limit::RateLimiter,
};
use crate::{
    announce,
    runtime::{Disposition, Flow, InHand, Interrupted, Worker},
};

pub struct SmsDriver {
    /// The gateways, the preferred one first.
    pub gateways: Arc<Gateways>,
    /// Which of them carry the text messages of which countries.
    pub routes: Vec<Route>,
    /// How well they are.
    pub health: Arc<GatewayHealth>,
    /// How fast they may be asked.
    pub pace: RateLimiter,
    /// The delays between tries.
    pub ladder: Ladder,
    /// How long after the gateway took a message its receipt is due.
    pub receipt_due_ms: u64,
}

impl SmsDriver {
    fn routed(&self, job: &Job, decision: &Decision) -> Option<Provider> {
        let country_code = country_code(decision);
        let unwell = self.health.unwell(country_code);
        route(job.id(), country_code, &self.routes, &self.gateways.names(), &unwell)
    }
}

fn country_code(decision: &Decision) -> Option<u16> {
    match &decision.plan {
        Some(Plan::Sms(plan)) => Some(plan.country_code),
        Some(Plan::Email(_) | Plan::Dial(_)) | None => None,
    }
}

impl ChannelDriver for SmsDriver {
    fn channel(&self) -> Channel {
        Channel::Sms
    }

    /// What the rules do not send needs no gateway, however that is.
    async fn way(&self, job: &Job, decision: &Decision) -> Way {
        let provider = self.routed(job, decision).unwrap_or_else(|| self.gateways.preferred());
        if decision.verdict != Verdict::Send {
            return Way::To(Passage::to(provider));
        }
        let country_code = country_code(decision);
        let probe = match self.health.admit(provider, country_code) {
            Ok(probe) => probe,
            Err(step) => return Way::Later(provider, step),
        };
        let room = self.pace.room(provider, country_code).await;
        Way::To(Passage { provider, probe, room: Mutex::new(room) })
    }

    /// Only a failure that hits every job alike, and after which nothing was sent, is a reason to change the gateway;
    /// where none stands in, the job need not come back before its own may be asked.
    fn next_way(
        &self,
        job: &Job,
        decision: &Decision,
        failed: Provider,
        code: FailureCode,
    ) -> Option<DelayStep> {
        if !hits_everyone(code) {
            return None;
        }
        if let Some(stands_in) = self.routed(job, decision).filter(|next| *next != failed) {
            warn!(%failed, %stands_in, %code, "another gateway stands in");
            return Some(DelayStep::Seconds1);
        }
        self.health.admit(failed, country_code(decision)).err()
    }

    fn next(&self, code: FailureCode, attempt: AttemptNumber, retry_after_ms: Option<u64>) -> Next {
        retry::next_behind_a_circuit(code, attempt, &self.ladder, retry_after_ms)
    }

    fn render(&self, _rendering: Rendering<'_>) -> Result<Option<Bytes>, SendFailure> {
        Ok(None)
    }

    async fn try_once(&self, attempt: &Attempt<'_>) -> Result<Accepted, SendFailure> {
        let Plan::Sms(plan) = attempt.plan else {
            return Err(SendFailure::new(FailureCode::WrongQueue, "the plan is not of this channel"));
        };
        let Some(gateway) = self.gateways.get(attempt.provider) else {
            return Err(SendFailure::new(
                FailureCode::ProviderUnavailable,
                "this gateway is not configured here; nothing was sent",
            ));
        };
        let (provider, country_code) = (attempt.provider, Some(plan.country_code));
        self.pace.slot(provider, country_code).await?;
        attempt.passage.room.lock().unwrap_or_else(PoisonError::into_inner).clear();
        // A job may have waited for its slot while others found out that the gateway is not well.
        if attempt.passage.probe.is_none() && self.health.is_open(provider, country_code) {
            let detail = "the gateway was found to be unwell a moment ago; nothing was sent";
            return Err(SendFailure::new(FailureCode::ProviderUnavailable, detail));
        }
        // A request is not cut in the middle as long as the lease is renewed before it or can be waited for.
        let longest = Duration::from_millis(gateway.longest_send_ms());
        attempt
            .handover
            .begin(longest)
            .await
            .map_err(|late| SendFailure::new(FailureCode::ProviderUnavailable, &late.to_string()))?;
        let sent = gateway.send(&message(plan, attempt.client_ref)).await;
        let probe = attempt.passage.probe.as_ref();
        self.health.report(provider, country_code, attempt.job, probe, sent.as_ref().err()).await;
        sent
    }

    async fn look(&self, doubt: &Doubt<'_>) -> Result<Finding, Interrupted> {
        let gateway = self.gateways.get(doubt.provider);
        let so_far = DoubtSoFar {
            lookups_missed: doubt.lookups,
            resends: doubt.resends,
            waited_ms: doubt.waited_ms,
            receipt_due_ms: self.receipt_due_ms,
        };
        let next = reconcile(gateway.map_or(UNASKABLE, |gateway| recovery(&gateway.capabilities())), so_far);
        match (next, gateway) {
            (Reconcile::GiveUp, _) => Ok(Finding::Lost(FailureCode::AnswerLost)),
            // The rules would not send it any more, so that it is not sent again; what became of it stays unknown.
            (Reconcile::Repeat | Reconcile::Resend, _) if doubt.plan.is_none() => {
                Ok(Finding::Lost(FailureCode::AnswerLost))
            }
            (Reconcile::Repeat, _) => Ok(Finding::Repeat),
            (Reconcile::Resend, _) => Ok(Finding::Resend),
            (Reconcile::Wait | Reconcile::LookUp, None) | (Reconcile::Wait, Some(_)) => Ok(Finding::Waiting),
            (Reconcile::LookUp, Some(gateway)) => Ok(ask(gateway, doubt).await),
        }
    }

    fn taken(&self, accepted: Accepted) -> Ending {
        Ending::Accepted {
            provider_ref: accepted.provider_ref,
            receipt_due_in_ms: Some(self.receipt_due_ms),
            reported_sender: accepted.reported_sender,
        }
    }

    fn given_up(&self, code: FailureCode, detail: String) -> Ending {
        Ending::Final {
            state: FinalState::Refused,
            code: Some(code),
            detail: Some(detail),
            evidence: Evidence::None,
            provider_ref: None,
            attempt_use: AttemptUse::Spent,
        }
    }

    fn lost(&self, code: FailureCode) -> Ending {
        Ending::Final {
            state: FinalState::Unknown,
            code: Some(code),
            detail: Some(code.what().to_owned()),
            evidence: Evidence::None,
            provider_ref: None,
            attempt_use: AttemptUse::Spent,
        }
    }

    fn call_record(&self, _plan: Option<&Plan>) -> Option<Value> {
        None
    }

    /// The CRM hears the end of a text message from the fallback worker, which knows whether an email answers;
    /// only what needs no email (too late, or waiting for a person) is told from here.
    fn tell(&self, snapshot: &Snapshot, decision: &Decision, early: EarlyReceipts) -> Vec<OutMessage> {
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
async fn ask(gateway: &SmsGateway, doubt: &Doubt<'_>) -> Finding {
    let message = match doubt.plan {
        Some(Plan::Sms(plan)) => Some(message(plan, doubt.client_ref)),
        Some(Plan::Email(_) | Plan::Dial(_)) | None => None,
    };
    let query = LookUpQuery {
        client_ref: doubt.client_ref,
        scope: doubt.scope,
        since: doubt.since,
        message: message.as_ref(),
    };
    match gateway.look_up(&query).await {
        Ok(looked) => finding(looked, doubt),
        Err(problem) => {
            // A look-up that fails has found nothing out, so that it does not count as a miss.
            warn!(%problem, "the gateway could not be asked about a message in doubt");
            Finding::Unasked
        }
    }
}

fn finding(looked: LookUp, doubt: &Doubt<'_>) -> Finding {
    let word = looked.receipt(doubt.provider, doubt.client_ref, Timestamp::now());
    match looked {
        LookUp::Found { provider_ref, reported_sender, .. } => {
            let accepted = Accepted { provider_ref: Some(provider_ref), reported_sender };
            Finding::Taken(accepted, word.map(Box::new))
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

impl Worker for DeliveryPipeline<SmsDriver> {
    fn queue(&self) -> &'static str {
        WorkQueue::Jobs(Channel::Sms).name()
    }

    fn flow(&self) -> Option<watch::Receiver<Flow>> {
        self.carrier.health.flow(self.carrier.gateways.preferred())
    }

    async fn handle(&self, hand: &InHand<'_>) -> Result<Disposition, Interrupted> {
        self.carry(hand).await
    }
}
