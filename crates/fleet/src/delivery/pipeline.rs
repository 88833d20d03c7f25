//! The way of one job, the same for every channel: decide, claim, try once, settle, tell.

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::Instant,
};

use bytes::Bytes;
use closure_broker::InMessage;
use closure_contract::{AttemptNumber, Generation, Job, Provider, topology::DelayStep};
use closure_policy::{
    explain::{Decision, Verdict},
    patience::{PatienceRules, backed_off},
    retry::Next,
};
use closure_providers::SendFailure;
use closure_store::{Claim, Ending, Lease, NewClaim, Settled, Settlement, Store};
use serde_json::Value;
use tracing::{debug, info, warn};
use uuid::Uuid;

use super::{
    announce::settled_or_stop,
    channel::{ChannelDriver, Doubt, Passage, Rendering, Way},
    ending::{rules_json, sender_asked, step_until},
    leases::{Kept, Leases},
    patience::{Patiences, Why, capped, left_alone},
    reconcile::{scope, waited_ms},
    refusals::NewerRows,
};
use crate::{
    engine::Engine,
    runtime::{Disposition, InHand, Interrupted},
};

/// The revision that takes nothing's place.
const FIRST_REVISION: u32 = 1;

/// Carries jobs out over one carrier.
pub struct DeliveryPipeline<C> {
    pub(super) carrier: C,
    pub(crate) store: Store,
    pub(super) engine: Engine,
    pub(super) leases: Arc<Leases>,
    pub(super) patience: Patiences,
    pub(super) newer: NewerRows,
}

/// A claimed job on its way.
#[derive(Clone, Copy)]
pub(super) struct Trip<'a> {
    pub(super) hand: &'a InHand<'a>,
    pub(super) job: &'a Job,
    pub(super) decision: &'a Decision,
    /// The right to carry it, kept for as long as that takes.
    pub(super) kept: &'a Kept,
    pub(super) provider: Provider,
    pub(super) passage: &'a Passage,
    /// What the claim is for.
    pub(super) errand: Errand,
    /// How often the provider was asked about this job and knew nothing.
    pub(super) lookups: u32,
    /// For how long it has been put off for failures that cost no try, in milliseconds.
    pub(super) postponed_ms: u64,
}

/// What a claim is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Errand {
    /// To make a try.
    Try,
    /// To learn what became of one.
    FindOut,
}

impl<C: ChannelDriver> DeliveryPipeline<C> {
    /// A courier of one channel.
    pub fn new(
        carrier: C,
        store: Store,
        engine: Engine,
        leases: Arc<Leases>,
        patience: PatienceRules,
    ) -> Self {
        let (patience, newer) = (Patiences::new(patience), NewerRows::default());
        Self { carrier, store, engine, leases, patience, newer }
    }

    /// Does the whole way of one message; what the database refuses for good is kept for a person.
    pub async fn carry(&self, hand: &InHand<'_>) -> Result<Disposition, Interrupted> {
        match self.carry_through(hand).await {
            Err(Interrupted::Refused(problem)) => self.refused(hand, problem).await,
            ended => ended,
        }
    }

    async fn carry_through(&self, hand: &InHand<'_>) -> Result<Disposition, Interrupted> {
        let message = hand.message;
        let job = match Job::decode(&message.body) {
            Ok(job) if job.channel() == self.carrier.channel() => job,
            Ok(job) => {
                warn!(job_id = %job.id(), "a job came through another channel's queue; it goes to the dead queue");
                return Ok(Disposition::Reject);
            }
            Err(problem) => {
                warn!(message_id = message.message_id.as_deref(), %problem, "a message cannot be read; it goes to the dead queue");
                return Ok(Disposition::Reject);
            }
        };
        let first;
        let hand = if self.is_of_its_generation(hand, &job).await? {
            hand
        } else {
            first = InMessage { generation: Generation::FIRST, ..message.clone() };
            &hand.reading(&first)
        };
        let carried = self.carry_job(hand, &job).await?;
        if let Disposition::Again { step, .. } = carried {
            self.note_delay(hand, &job, step).await;
        }
        Ok(carried)
    }

    async fn carry_job(&self, hand: &InHand<'_>, job: &Job) -> Result<Disposition, Interrupted> {
        let message = hand.message;
        self.note_revision(hand, job).await?;
        let (decision, now) = settled_or_stop(hand, "decide", || self.engine.decide_now(job)).await?;
        if let (Verdict::Postpone, Some(until)) = (decision.verdict, decision.postpone_until)
            && self.may_wait(hand, job, capped(&decision)).await?
        {
            return Ok(Disposition::Again { step: step_until(until, now), attempt: message.attempt });
        }
        let rendered = match &decision.plan {
            Some(plan) => {
                self.carrier.render(Rendering { job: job.id(), generation: message.generation, plan, now })
            }
            None => Ok(None),
        };
        let (rendered, unrenderable) = match rendered {
            Ok(rendered) => (rendered, None),
            Err(failure) => (None, Some(failure)),
        };
        let passage = match self.way(hand, job, &decision).await? {
            Way::To(passage) => passage,
            Way::Later(provider, step) => {
                // It fails for everybody by now.
                self.patience.is_over(job.id());
                if self.may_wait(hand, job, Some(left_alone(provider))).await? {
                    return Ok(Disposition::Again { step, attempt: message.attempt });
                }
                Passage::to(provider)
            }
        };
        let provider = passage.provider;
        let (claim, kept) = self.claim(hand, job, &decision, provider, rendered).await?;
        let trip = |provider, errand, lookups, postponed_ms| Trip {
            hand,
            job,
            decision: &decision,
            kept: &kept,
            provider,
            passage: &passage,
            errand,
            lookups,
            postponed_ms,
        };
        match claim {
            Claim::Granted { attempt, client_ref, rendered, postponed_ms, .. } => {
                let trip = trip(provider, Errand::Try, 0, postponed_ms);
                match unrenderable {
                    Some(failure) => self.failed(&trip, attempt, failure).await,
                    None => self.go(&trip, attempt, client_ref, rendered).await,
                }
            }
            Claim::Reconcile {
                attempt,
                client_ref,
                provider,
                lookups,
                resends,
                rendered,
                since,
                postponed_ms,
                ..
            } => {
                let trip = trip(provider, Errand::FindOut, lookups, postponed_ms);
                let (plan, scope) = (decision.plan.as_ref(), scope(job));
                let waited_ms = waited_ms(since, self.engine.now());
                let doubt =
                    Doubt { provider, plan, client_ref, scope, since, waited_ms, lookups, resends, hand };
                self.reconcile(&trip, attempt, doubt, rendered).await
            }
            Claim::Scheduled { next } => {
                let step = self.first_step(next);
                Ok(Disposition::Again { step, attempt: next })
            }
            Claim::Settled(snapshot) => Ok(self.repeat(message, &snapshot, &decision)),
            Claim::Leased { remaining_ms } => {
                Ok(Disposition::Again { step: DelayStep::within(remaining_ms), attempt: message.attempt })
            }
            Claim::Stale { generation } => {
                info!(job_id = %job.id(), %generation, "a message of an older generation; a person's replay took its place");
                Ok(Disposition::Done(Vec::new()))
            }
            Claim::Conflict => self.conflict(hand, job).await,
        }
    }

    /// The way to the provider; a message whose connection is gone, or whose process stops, waits for none.
    async fn way(&self, hand: &InHand<'_>, job: &Job, decision: &Decision) -> Result<Way, Interrupted> {
        tokio::select! {
            way = self.carrier.way(job, decision) => Ok(way),
            () = hand.interrupted() => Err(Interrupted::Left),
        }
    }

    /// Whether the generation that a message names is to be believed: whoever may publish may write any, but only a
    /// person's replay makes one, and that is on record.
    async fn is_of_its_generation(&self, hand: &InHand<'_>, job: &Job) -> Result<bool, Interrupted> {
        let named = hand.message.generation;
        if named == Generation::FIRST || hand.message.is_our_copy() {
            return Ok(true);
        }
        settled_or_stop(hand, "look for a generation", || self.store.has_generation(job.id(), named)).await
    }

    /// B2: that a later revision came is on record before anything becomes of it, whatever that is.
    async fn note_revision(&self, hand: &InHand<'_>, job: &Job) -> Result<(), Interrupted> {
        let consultation = job.consultation();
        if consultation.revision <= FIRST_REVISION {
            return Ok(());
        }
        hand.may_act()?;
        settled_or_stop(hand, "supersede", || self.store.supersede(&consultation.id, consultation.revision))
            .await
    }

    /// The answer to a claim, and the lease that it grants if it does, kept from then on.
    async fn claim(
        &self,
        hand: &InHand<'_>,
        job: &Job,
        decision: &Decision,
        provider: Provider,
        rendered: Option<Bytes>,
    ) -> Result<(Claim, Kept), Interrupted> {
        let message = hand.message;
        let consultation = job.consultation();
        let claim = NewClaim {
            token: Uuid::new_v4(),
            job_id: job.id(),
            channel: job.channel(),
            kind: job.kind().to_owned(),
            consultation_id: consultation.id.clone(),
            revision: consultation.revision,
            generation: message.generation,
            attempt: message.attempt,
            body: message.body.clone(),
            source_job_id: job.fallback_of(),
            provider,
            lease_ms: self.leases.length_ms(),
            rendered,
            rules: rules_json(decision),
            sender_asked: sender_asked(decision),
            traceparent: message.traceparent.clone(),
        };
        hand.may_act()?;
        let asked = Mutex::new((claim.token, self.leases.end_if_asked_now()));
        let (answer, token, until) = settled_or_stop(hand, "claim", || {
            let (token, until) = {
                let mut asked = asked.lock().unwrap_or_else(PoisonError::into_inner);
                // The lease of an answer that was lost is over by now: another worker may hold the job.
                if asked.1 <= Instant::now() {
                    *asked = (Uuid::new_v4(), self.leases.end_if_asked_now());
                }
                *asked
            };
            let answer = self.store.claim(NewClaim { token, ..claim.clone() });
            async move { answer.await.map(|claim| (claim, token, until)) }
        })
        .await?;
        Ok((answer, self.leases.keep(Lease { job_id: job.id(), token }, until)))
    }

    /// A try failed: policy says what the code means, and the settlement follows.
    pub(super) async fn failed(
        &self,
        trip: &Trip<'_>,
        attempt: AttemptNumber,
        failure: SendFailure,
    ) -> Result<Disposition, Interrupted> {
        let SendFailure { code, detail, retry_after_ms, .. } = failure;
        // What is in doubt stays with the provider that may have it.
        let next_way = match trip.errand {
            Errand::Try => self.carrier.next_way(trip.job, trip.decision, trip.provider, code),
            Errand::FindOut => None,
        };
        let mut next = next_way
            .map_or_else(|| self.carrier.next(code, attempt, retry_after_ms), |step| Next::Postpone { step });
        let job_id = trip.job.id();
        let is_told = match &mut next {
            // One line of the circuit stands for all of its jobs.
            _ if next_way.is_some() => false,
            // The probe of a circuit is rare by itself, and its end is the circuit's.
            Next::Postpone { step } if trip.passage.probe.is_none() => {
                let alone_ms = self.patience.alone_for(job_id, code);
                *step = backed_off(*step, alone_ms.unwrap_or_default());
                alone_ms.is_none()
            }
            _ => true,
        };
        if is_told {
            warn!(%job_id, %attempt, %code, %detail, "a try failed");
        } else {
            debug!(%job_id, %attempt, %code, %detail, "a try failed");
        }
        match next {
            Next::Retry { step } => {
                self.end(trip, attempt, Ending::Waiting { code, detail }).await?;
                Ok(Disposition::Again { step, attempt: attempt.next() })
            }
            Next::Postpone { step } => self.put_off(trip, attempt, Why { code, detail }, step).await,
            Next::Reconcile { step } => {
                let ending = Ending::InDoubt { code, detail, lookups: trip.lookups };
                self.end(trip, attempt, ending).await?;
                Ok(Disposition::Again { step, attempt })
            }
            Next::GiveUp => self.end(trip, attempt, self.carrier.given_up(code, detail)).await,
        }
    }

    /// Commits an ending and tells who must be told.
    pub(super) async fn end(
        &self,
        trip: &Trip<'_>,
        attempt: AttemptNumber,
        ending: Ending,
    ) -> Result<Disposition, Interrupted> {
        let (rules, call) =
            (Some(rules_json(trip.decision)), self.carrier.call_record(trip.decision.plan.as_ref()));
        self.settle(trip, attempt, ending, (rules, call)).await
    }

    /// Commits what was found out about a try: what was decided when it was made stays on record, because the rules may
    /// say otherwise of the job by now.
    pub(super) async fn found_out(
        &self,
        trip: &Trip<'_>,
        attempt: AttemptNumber,
        ending: Ending,
    ) -> Result<Disposition, Interrupted> {
        let call = self.carrier.call_record(trip.decision.plan.as_ref());
        self.settle(trip, attempt, ending, (None, call)).await
    }

    /// Commits an ending, with the rules where they are newer than those on record, and the call's record where there is none.
    async fn settle(
        &self,
        trip: &Trip<'_>,
        attempt: AttemptNumber,
        ending: Ending,
        (rules, call): (Option<Value>, Option<Value>),
    ) -> Result<Disposition, Interrupted> {
        let settlement = Settlement {
            lease: trip.kept.lease,
            generation: trip.hand.message.generation,
            attempt,
            ending,
            rules,
            call,
        };
        let settled = settled_or_stop(trip.hand, "settle", || self.store.settle(settlement.clone())).await?;
        match settled {
            Settled::Done { snapshot, early_receipts } => {
                Ok(self.tell_of(&snapshot, trip.decision, early_receipts))
            }
            Settled::LeaseLost => self.lease_lost(trip).await,
        }
    }
}
