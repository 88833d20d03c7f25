//! One try of a claimed job: the rules' last word, the request, and what a failure means for it.

use std::sync::Arc;

use closure_contract::FailureCode;
use closure_policy::{
    explain::Verdict,
    failure::{Class, class},
    patience::backed_off,
    retry::{self, Circuit, EarlierRequest, Next, Situation},
};
use closure_providers::{Accepted, Handover, Reached, SendFailure};
use closure_store::{Contact, Ending, Tried};
use tracing::{debug, info, warn};

use super::{DeliveryPipeline, put_off::capped};
use crate::{
    delivery::{
        channel::{ChannelDriver, Claimed, FailedTry},
        ending::{AttemptResult, doubt_code, ending, not_let_pass},
        waits,
    },
    engine::{Admission, ContactUse},
    runtime::{Disposition, Interrupted},
    why::Why,
};

impl<C: ChannelDriver> DeliveryPipeline<C> {
    /// Tries once, after the rules had their last word.
    ///
    /// Much may have changed since the job was read: it may be cancelled by now, or too late, or its template's
    /// approval withdrawn. Where the word cannot be had, the attempt is given back rather than its lease overstayed.
    pub(super) async fn send(&self, claimed: &Claimed<'_>) -> Result<Disposition, Interrupted> {
        if claimed.decision.verdict != Verdict::Send {
            return self.not_let_pass(claimed).await;
        }
        let contact = match claimed.doubt {
            None => ContactUse::New,
            Some(_) => ContactUse::Counted,
        };
        match self.engine.admit(claimed.job, claimed.number, contact).await {
            Ok(Admission { decision, contact }) => {
                self.send_admitted(&Claimed { decision: &decision, ..*claimed }, contact).await
            }
            Err(problem) => self.not_admitted(claimed, &problem).await,
        }
    }

    /// Tries once what the rules let pass.
    async fn send_admitted(
        &self,
        claimed: &Claimed<'_>,
        contact: Option<Contact>,
    ) -> Result<Disposition, Interrupted> {
        let (Verdict::Send, Some(_)) = (claimed.decision.verdict, &claimed.decision.plan) else {
            return self.not_let_pass(claimed).await;
        };
        // A lease taken over while this process stood still must not be used, and the connection's state is the last
        // thing looked at before the provider.
        claimed.hand.may_act()?;
        if claimed.kept.is_over() {
            return self.not_handed_over(claimed, contact).await;
        }
        let handover = Arc::new(Handover::new(claimed.kept.until()));
        let sent = tokio::select! {
            // A process that stood still looks at the clock before it goes on.
            biased;
            () = handover.over() => None,
            sent = self.driver.send(claimed, &handover) => Some(sent),
        };
        match (sent, handover.reached()) {
            (Some(Ok(accepted)), _) => {
                self.came_through(claimed);
                self.settle(claimed, ending(C::CHANNEL, self.taken(claimed, accepted))).await
            }
            (Some(Err(_)), Reached::Refused) | (None, Reached::Nothing | Reached::Refused) => {
                self.not_handed_over(claimed, contact).await
            }
            (Some(Err(failed)), Reached::Nothing | Reached::Begun | Reached::Complete) => {
                let code = failed.failure.code;
                if class(code) != Class::InDoubt {
                    self.give_back(claimed, contact, code).await?;
                }
                self.failed(claimed, failed).await
            }
            (None, Reached::Begun | Reached::Complete) => {
                let detail = "its lease was over before the provider answered, and the request was cut";
                let failure = SendFailure::new(doubt_code(C::CHANNEL), detail);
                self.failed(claimed, failure.into()).await
            }
        }
    }

    /// A try failed: policy says what the code means, and the settlement follows.
    pub(super) async fn failed(
        &self,
        claimed: &Claimed<'_>,
        FailedTry { failure, circuit }: FailedTry,
    ) -> Result<Disposition, Interrupted> {
        let SendFailure { code, detail, retry_after_ms, .. } = failure;
        let (job_id, attempt) = (claimed.job.id(), claimed.grant.attempt);
        let earlier = match claimed.doubt {
            None => EarlierRequest::None,
            Some(_) => EarlierRequest::InDoubt,
        };
        let situation = Situation { channel: C::CHANNEL, earlier, circuit, retry_after_ms };
        let mut next = retry::next(code, attempt, &self.waits.ladder, situation);
        let is_news = match &mut next {
            // One line of the circuit stands for all of its jobs.
            Next::Reroute { .. } => false,
            // The probe of a circuit is rare by itself, and its end is the circuit's.
            Next::Postpone { step } if claimed.route.probe.is_none() => {
                let alone_ms = self.put_off_jobs.alone_for(job_id, code);
                *step = backed_off(*step, alone_ms.unwrap_or_default());
                alone_ms.is_none()
            }
            Next::Retry { .. } | Next::Postpone { .. } | Next::Reconcile { .. } | Next::GiveUp => true,
        };
        if is_news {
            warn!(%job_id, %attempt, %code, %detail, "a try failed");
        } else {
            debug!(%job_id, %attempt, %code, %detail, "a try failed");
        }
        if let (Next::Reroute { .. }, Circuit::Bypassed(stands_in)) = (next, circuit) {
            warn!(failed = %claimed.grant.provider, %stands_in, %code, "another gateway stands in");
        }
        match next {
            Next::Retry { step } => {
                self.settle(claimed, Ending::Waiting { code, detail }).await?;
                Ok(Disposition::Again { step, attempt: attempt.next() })
            }
            Next::Postpone { step } | Next::Reroute { step } => {
                self.put_off(claimed, Why { code, detail }, step).await
            }
            Next::Reconcile { step } => {
                let lookups = claimed.doubt.map_or(0, |doubt| doubt.lookups);
                self.settle(claimed, Ending::InDoubt { code, detail, lookups }).await?;
                Ok(Disposition::Again { step, attempt })
            }
            Next::GiveUp => {
                let failed = AttemptResult::Failed(Why { code, detail });
                self.settle(claimed, ending(C::CHANNEL, failed)).await
            }
        }
    }

    pub(super) fn taken(&self, claimed: &Claimed<'_>, accepted: Accepted) -> AttemptResult {
        AttemptResult::Taken { accepted, receipt_due_ms: self.driver.receipt_due_ms(claimed) }
    }

    fn came_through(&self, claimed: &Claimed<'_>) {
        let job_id = claimed.job.id();
        if self.put_off_jobs.came_through(claimed.scope(), job_id) {
            let waited_ms = claimed.grant.postponed_ms;
            info!(%job_id, waited_ms, "a job that was put off came through");
        }
    }

    /// The rules do not let it pass: it ends, waits for a person, or comes again when its time has come.
    async fn not_let_pass(&self, claimed: &Claimed<'_>) -> Result<Disposition, Interrupted> {
        let ending = not_let_pass(C::CHANNEL, claimed.decision);
        let (Ending::GivenBack { .. }, Some(until)) = (&ending, claimed.decision.postpone_until) else {
            return self.settle(claimed, ending).await;
        };
        let step = waits::until(until, self.engine.now());
        if let Some(why) = capped(claimed.decision) {
            return self.put_off(claimed, why, step).await;
        }
        self.settle(claimed, ending).await?;
        Ok(Disposition::Again { step, attempt: claimed.grant.attempt })
    }

    /// The lease was over before anything was handed over: nothing was sent, and no try is spent.
    async fn not_handed_over(
        &self,
        claimed: &Claimed<'_>,
        contact: Option<Contact>,
    ) -> Result<Disposition, Interrupted> {
        self.give_back(claimed, contact, FailureCode::ProviderUnavailable).await?;
        self.too_late(claimed).await
    }

    /// A contact that surely did not come about counts towards no cap (B5).
    async fn give_back(
        &self,
        claimed: &Claimed<'_>,
        contact: Option<Contact>,
        code: FailureCode,
    ) -> Result<(), Interrupted> {
        let Some(contact) = contact else { return Ok(()) };
        let tried = Tried {
            job_id: claimed.job.id(),
            generation: claimed.hand.message.generation,
            attempt: claimed.grant.attempt,
        };
        claimed.hand.stored("give a contact back", || self.store.give_back(tried, code, &contact)).await
    }
}
