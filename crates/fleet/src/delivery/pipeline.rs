//! The way of one job, the same for every channel: decide, route, claim, try once, settle, tell.
//!
//! Its steps stand in files of their own, and each calls none but those after it: `claim`, `reconcile` where a try is in
//! doubt, `send`, `put_off`, `settle`. What no settlement can say is `dead_letter`'s.

mod claim;
mod dead_letter;
mod put_off;
mod reconcile;
mod send;
mod settle;

use std::sync::Arc;

use closure_broker::InMessage;
use closure_contract::{
    AttemptNumber, Generation, Job,
    topology::{DelayStep, WorkQueue},
};
use closure_policy::explain::Verdict;
use closure_store::{Claim, Store};
use tokio::sync::watch;
use tracing::{debug, info, warn};

use super::{
    channel::{ChannelDriver, Claimed, Decided, Routing},
    leases::Leases,
    newer_rows::NewerRows,
    put_off_jobs::PutOffJobs,
    record,
    waits::{self, Waits},
};
use crate::{
    engine::Engine,
    runtime::{Disposition, Flow, InHand, Interrupted, Worker},
};
use put_off::{capped, left_alone};

/// Carries the jobs of one channel out.
pub struct DeliveryPipeline<C> {
    driver: C,
    store: Store,
    engine: Engine,
    leases: Arc<Leases>,
    waits: Waits,
    flow: Option<watch::Receiver<Flow>>,
    put_off_jobs: PutOffJobs,
    newer: NewerRows,
}

impl<C: ChannelDriver> DeliveryPipeline<C> {
    /// The pipeline of one channel; without a flow its messages always flow.
    pub fn new(
        driver: C,
        (store, engine): (Store, Engine),
        leases: Arc<Leases>,
        waits: Waits,
        flow: Option<watch::Receiver<Flow>>,
    ) -> Self {
        let (put_off_jobs, newer) = (PutOffJobs::default(), NewerRows::default());
        Self { driver, store, engine, leases, waits, flow, put_off_jobs, newer }
    }

    /// Reads the job of a message, and does its whole way.
    async fn run(&self, hand: &InHand<'_>) -> Result<Disposition, Interrupted> {
        let message = hand.message;
        let job = match Job::decode(&message.body) {
            Ok(job) if job.channel() == C::CHANNEL => job,
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
        let disposition = self.deliver(hand, &job).await?;
        if let Disposition::Again { step, .. } = disposition {
            self.note_delay(hand, &job, step).await;
        }
        Ok(disposition)
    }

    /// Decides, routes and claims, and then does what the claim is for.
    async fn deliver(&self, hand: &InHand<'_>, job: &Job) -> Result<Disposition, Interrupted> {
        let InMessage { attempt, generation, .. } = *hand.message;
        self.note_revision(hand, job).await?;
        let number = self.engine.number(job);
        let (decision, at) = hand.stored("decide", || self.engine.decide_now(job, &number)).await?;
        if let (Verdict::Postpone, Some(until)) = (decision.verdict, decision.postpone_until)
            && self.may_wait(hand, job, capped(&decision)).await?
        {
            return again(waits::until(until, at), attempt);
        }
        let decided = Decided { job, generation, decision: &decision, at };
        let route = match self.route(hand, decided).await? {
            Routing::Now(route) => route,
            Routing::Later(route, step) => {
                // It fails for everybody by now.
                self.put_off_jobs.is_over(job.id());
                if self.may_wait(hand, job, Some(left_alone(route.provider))).await? {
                    return again(step, attempt);
                }
                route
            }
        };
        let rules = record::rules(&decision);
        let (claim, kept) = self.claim(hand, decided, &route, &rules).await?;
        let (grant, doubt) = match claim {
            Claim::Granted(grant) => (grant, None),
            Claim::Reconcile(grant, doubt) => (grant, Some(doubt)),
            Claim::Scheduled { next } => return again(self.waits.not_tried(C::CHANNEL), next),
            Claim::Settled(snapshot) => return Ok(self.settled_before(hand.message, &snapshot, &decision)),
            Claim::Leased { remaining_ms } => return again(DelayStep::within(remaining_ms), attempt),
            Claim::Stale { generation } => {
                info!(job_id = %job.id(), %generation, "a message of an older generation; a person's replay took its place");
                return Ok(Disposition::Done(Vec::new()));
            }
            Claim::Conflict => return self.conflict(hand, job).await,
        };
        let claimed = Claimed {
            hand,
            job,
            number: &number,
            decision: &decision,
            rules: &rules,
            route: &route,
            kept: &kept,
            grant: &grant,
            doubt,
        };
        match (doubt, &route.rendered) {
            (Some(doubt), _) => self.reconcile(&claimed, doubt).await,
            (None, Ok(_)) => self.send(&claimed).await,
            (None, Err(unrenderable)) => self.failed(&claimed, unrenderable.clone().into()).await,
        }
    }

    /// The way to the provider; a message whose connection is gone, or whose process stops, waits for none.
    async fn route(&self, hand: &InHand<'_>, decided: Decided<'_>) -> Result<Routing, Interrupted> {
        tokio::select! {
            routing = self.driver.route(decided) => Ok(routing),
            () = hand.interrupted() => Err(Interrupted::Left),
        }
    }

    /// Notes when a job's message is due home, for those who look whether it came.
    ///
    /// No job waits for this note: one that is missing is only not watched.
    async fn note_delay(&self, hand: &InHand<'_>, job: &Job, step: DelayStep) {
        let (id, generation) = (job.id(), hand.message.generation);
        if let Err(problem) = self.store.note_delay(id, generation, u64::from(step.millis())).await {
            debug!(job_id = %id, %problem, "when a job is due home was not noted");
        }
    }
}

impl<C: ChannelDriver> Worker for DeliveryPipeline<C> {
    fn queue(&self) -> &'static str {
        WorkQueue::Jobs(C::CHANNEL).name()
    }

    fn flow(&self) -> Option<watch::Receiver<Flow>> {
        self.flow.clone()
    }

    /// What the database refuses for good is kept for a person.
    async fn handle(&self, hand: &InHand<'_>) -> Result<Disposition, Interrupted> {
        match self.run(hand).await {
            Err(Interrupted::Refused(problem)) => self.refused_by_database(hand, problem).await,
            ended => ended,
        }
    }
}

fn again(step: DelayStep, attempt: AttemptNumber) -> Result<Disposition, Interrupted> {
    Ok(Disposition::Again { step, attempt })
}
