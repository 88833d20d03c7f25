//! The SMS worker: text messages over the gateway.

use bytes::Bytes;
use closure_broker::OutMessage;
use closure_contract::{AttemptNumber, Channel, Evidence, FailureCode, Provider, topology::WorkQueue};
use closure_policy::{
    explain::{Decision, FallbackEmail, Plan},
    reconcile::{LookUpCapability, Reconcile, reconcile},
    retry::{self, Ladder, Next},
};
use closure_providers::{Accepted, LookUp, SendFailure, Sender, SmsGateway, SmsMessage};
use closure_store::{AttemptUse, DeliveryState, EarlyReceipts, Ending, FinalState, Snapshot};
use serde_json::Value;
use tracing::warn;

use super::{
    carrier::{Attempt, Carrier, Doubt, Finding, Rendering},
    courier::Courier,
};
use crate::{
    announce,
    runtime::{Disposition, Hand, Interrupted, Worker},
};

/// Carries text messages.
pub struct SmsCarrier {
    /// The gateway.
    pub gateway: SmsGateway,
    /// The delays between tries.
    pub ladder: Ladder,
    /// How long a claim protects one try.
    pub lease_ms: u64,
    /// How long after the gateway took a message its receipt is due.
    pub receipt_due_ms: u64,
}

impl Carrier for SmsCarrier {
    fn channel(&self) -> Channel {
        Channel::Sms
    }

    fn provider(&self) -> Provider {
        self.gateway.provider()
    }

    fn lease_ms(&self) -> u64 {
        self.lease_ms
    }

    fn next(&self, code: FailureCode, attempt: AttemptNumber, retry_after_ms: Option<u64>) -> Next {
        retry::next(code, attempt, &self.ladder, retry_after_ms)
    }

    fn render(&self, _rendering: Rendering<'_>) -> Result<Option<Bytes>, SendFailure> {
        Ok(None)
    }

    async fn try_once(&self, attempt: &Attempt<'_>) -> Result<Accepted, SendFailure> {
        let Plan::Sms(plan) = attempt.plan else {
            return Err(SendFailure::new(FailureCode::WrongQueue, "the plan is not of this channel"));
        };
        let message = SmsMessage {
            client_ref: attempt.client_ref,
            to_digits: plan.to.digits().to_owned(),
            country_code: plan.country_code,
            sender: plan.sender.clone(),
            text: plan.text.clone(),
            scope: plan.scope,
            subject: plan.subject.clone(),
        };
        self.gateway.send(&message).await
    }

    async fn look(&self, doubt: &Doubt<'_>) -> Result<Finding, Interrupted> {
        match reconcile(LookUpCapability::ByClientReference, doubt.lookups, doubt.resends) {
            Reconcile::Resend => Ok(Finding::Resend),
            Reconcile::GiveUp => Ok(Finding::Lost(FailureCode::AnswerLost)),
            Reconcile::LookUp => match self.gateway.look_up(doubt.client_ref, doubt.scope, doubt.since).await
            {
                Ok(LookUp::Found { provider_ref, .. }) => {
                    Ok(Finding::Taken(Accepted { provider_ref: Some(provider_ref) }))
                }
                Ok(LookUp::NotFound) => Ok(Finding::NotYetKnown),
                Err(problem) => {
                    // A look-up that fails has found nothing out, so that it does not count as a miss.
                    warn!(%problem, "the gateway could not be asked about a message in doubt");
                    Ok(Finding::Unasked)
                }
            },
        }
    }

    fn taken(&self, accepted: Accepted) -> Ending {
        Ending::Accepted { provider_ref: accepted.provider_ref, receipt_due_in_ms: Some(self.receipt_due_ms) }
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
            DeliveryState::Expired | DeliveryState::Dead => announce::outcome(snapshot).into_iter().collect(),
            DeliveryState::Accepted
            | DeliveryState::InDoubt
            | DeliveryState::Pending
            | DeliveryState::Sending
            | DeliveryState::Waiting
            | DeliveryState::Delivered
            | DeliveryState::Undelivered
            | DeliveryState::Discarded
            | DeliveryState::Superseded
            | DeliveryState::Cancelled => Vec::new(),
        }
    }
}

impl Worker for Courier<SmsCarrier> {
    fn queue(&self) -> &'static str {
        WorkQueue::Jobs(Channel::Sms).name()
    }

    async fn handle(&self, hand: &Hand<'_>) -> Result<Disposition, Interrupted> {
        self.carry(hand).await
    }
}
