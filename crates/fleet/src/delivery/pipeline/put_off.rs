//! A failure that costs no try: remembered since when, told, and brought to an end.

use std::time::Duration;

use closure_contract::{FailureCode, Job, Provider, topology::DelayStep};
use closure_policy::{
    explain::{Decision, Verdict},
    patience::{Others, Patience, patience},
};
use closure_store::{Ending, NewPostponement, StoreError};
use tracing::{debug, error, warn};

use super::DeliveryPipeline;
use crate::{
    delivery::{
        channel::{ChannelDriver, Claimed},
        ending::{AttemptResult, ending},
    },
    runtime::{Disposition, InHand, Interrupted, Outage as _, Remedy},
    why::Why,
};

impl<C: ChannelDriver> DeliveryPipeline<C> {
    /// Whether a job that was not claimed may go on waiting for this; one that waits by the rules alone always may.
    ///
    /// Where it may not, the claim and what follows from it bring it to its end.
    pub(super) async fn may_wait(
        &self,
        hand: &InHand<'_>,
        job: &Job,
        why: Option<Why>,
    ) -> Result<bool, Interrupted> {
        let Some(Why { code, detail }) = why else { return Ok(true) };
        let (message, consultation) = (hand.message, job.consultation());
        let new = NewPostponement {
            job_id: job.id(),
            channel: job.channel(),
            kind: job.kind().to_owned(),
            consultation_id: consultation.id.clone(),
            revision: consultation.revision,
            generation: message.generation,
            body: message.body.clone(),
            source_job_id: job.fallback_of(),
            traceparent: message.traceparent.clone(),
            code,
            detail,
        };
        hand.may_act()?;
        let waited_ms = hand.stored("put a job off", || self.store.put_off(new.clone())).await?;
        // What has come to its end waits for nothing: the claim says how it ended.
        let Some(waited_ms) = waited_ms else { return Ok(false) };
        if waited_ms >= self.waits.patience.alarm_ms {
            self.alarm(code, waited_ms);
        }
        Ok(waited_ms < self.waits.patience.everyone_max_ms)
    }

    /// Gives a try back, and lets the job come again, unless it has been put off for too long.
    pub(super) async fn put_off(
        &self,
        claimed: &Claimed<'_>,
        why: Why,
        step: DelayStep,
    ) -> Result<Disposition, Interrupted> {
        let (rules, postponed_ms) = (&self.waits.patience, claimed.grant.postponed_ms);
        // Who came through before this job was put off says nothing of it.
        let window = Duration::from_millis(postponed_ms.min(rules.alarm_ms));
        let others = self.put_off_jobs.others(claimed.scope(), window);
        let step = match patience(rules, postponed_ms, others, step) {
            Patience::Wait(step) => step,
            Patience::Alarm(step) => {
                self.alarm(why.code, postponed_ms);
                step
            }
            Patience::Over => return self.put_off_for_too_long(claimed, why, others).await,
        };
        let Why { code, detail } = why;
        self.settle(claimed, Ending::GivenBack { code: Some(code), detail }).await?;
        Ok(Disposition::Again { step, attempt: claimed.grant.attempt })
    }

    /// The rules could not be asked right before the send, so that nothing was sent.
    ///
    /// Where the database is away it is one outage for all jobs in hand, and the settlement waits until it is over.
    pub(super) async fn not_admitted(
        &self,
        claimed: &Claimed<'_>,
        problem: &StoreError,
    ) -> Result<Disposition, Interrupted> {
        let job = claimed.job.id();
        let mut asking = claimed.hand.ask_database();
        match problem.remedy() {
            Remedy::Time => {
                asking.failed(problem);
                debug!(job_id = %job, %problem, "the rules could not be asked again; nothing was sent");
            }
            Remedy::None | Remedy::NewerRelease => {
                warn!(job_id = %job, %problem, "the rules could not be asked again; nothing was sent");
            }
        }
        let detail = "the database could not be asked right before the send".to_owned();
        let why = Why { code: FailureCode::ProviderUnavailable, detail };
        let put_off = self.put_off(claimed, why, self.waits.not_tried(C::CHANNEL)).await;
        if put_off.is_ok() {
            asking.answered();
        }
        put_off
    }

    /// The lease was over before the send: this process stood still, or the database could not be asked for more time.
    /// Whoever holds the job now decides what becomes of it.
    pub(super) async fn too_late(&self, claimed: &Claimed<'_>) -> Result<Disposition, Interrupted> {
        let code = FailureCode::ProviderUnavailable;
        let detail = "its lease was over before it was handed over; nothing was sent".to_owned();
        let attempt = claimed.grant.attempt;
        warn!(job_id = %claimed.job.id(), %attempt, detail, "a try was not made");
        self.put_off(claimed, Why { code, detail }, DelayStep::Seconds1).await
    }

    /// What was never sent waits for a person; what is in doubt ends as what nobody can tell.
    async fn put_off_for_too_long(
        &self,
        claimed: &Claimed<'_>,
        Why { code, detail }: Why,
        others: Others,
    ) -> Result<Disposition, Interrupted> {
        let minutes = claimed.grant.postponed_ms / 60_000;
        let how = match others {
            Others::ComeThrough => "while others came through",
            Others::FailAlike => "like every other job",
        };
        let job_id = claimed.job.id();
        warn!(%job_id, %code, minutes, "a job was put off for too long; it is given up");
        self.put_off_jobs.is_over(job_id);
        if claimed.doubt.is_some() {
            return self.settle_found(claimed, ending(C::CHANNEL, AttemptResult::AnswerLost)).await;
        }
        let detail = format!("put off for {minutes} minutes {how}: {detail}");
        self.settle(claimed, ending(C::CHANNEL, AttemptResult::NeedsPerson(Why { code, detail }))).await
    }

    /// One line for whoever is woken, for all jobs of this process.
    fn alarm(&self, code: FailureCode, postponed_ms: u64) {
        if self.put_off_jobs.may_tell(Duration::from_millis(self.waits.patience.alarm_ms)) {
            error!(
                channel = %C::CHANNEL, %code, remedy = code.remedy(), postponed_ms,
                "jobs have been put off for too long; fleet doctor counts them"
            );
        }
    }
}

/// Why a job waits for a cap of a country or of the whole fleet; the hours in which it may be sent are no failure.
pub(super) fn capped(decision: &Decision) -> Option<Why> {
    let code = decision.code.filter(|code| {
        decision.verdict == Verdict::Postpone
            && matches!(code, FailureCode::CountryCapReached | FailureCode::FleetCapReached)
    })?;
    Some(Why { code, detail: decision.detail.clone().unwrap_or_else(|| code.what().to_owned()) })
}

/// Why a job waits whose provider nobody may ask.
pub(super) fn left_alone(provider: Provider) -> Why {
    let (code, who) = match provider {
        Provider::Smtp => (FailureCode::MailServerUnavailable, "mail server"),
        Provider::Asterisk => (FailureCode::PbxUnavailable, "PBX"),
        // Every other provider is a gateway for text messages.
        _ => (FailureCode::ProviderUnavailable, "gateway"),
    };
    Why { code, detail: format!("the {who} is left alone until a probe has come through; nothing was sent") }
}
