//! What becomes of a job that the database refuses for good, or whose row this release cannot read.

use std::{
    collections::HashMap,
    sync::Mutex,
    time::{Duration, Instant},
};

use closure_contract::{FailureCode, Job, JobId, topology::DelayStep, topology::WorkQueue};
use closure_store::{NewDeadLetter, StoreError};
use serde_json::json;
use tracing::{error, info};

use super::{channel::ChannelDriver, pipeline::DeliveryPipeline};
use crate::lock::lock;
use crate::runtime::{Disposition, InHand, Interrupted, Outage as _, Remedy};
use crate::workers::dead;

/// A job whose row only a newer release can read is given back for so long; then a person is asked.
const NEWER_MAX: Duration = Duration::from_secs(600);
/// Between two looks at such a job; any process of a newer release takes it meanwhile.
const NEWER_STEP: DelayStep = DelayStep::Seconds30;
/// So many such jobs are remembered; with more of them all begin to wait anew.
const NEWER_JOBS_MAX: usize = 10_000;

/// The jobs whose rows this process could not read, and since when.
#[derive(Debug, Default)]
pub(super) struct NewerRows(Mutex<HashMap<JobId, Instant>>);

impl NewerRows {
    /// Whether a job may wait for a process of a newer release once more.
    fn may_wait(&self, job: JobId) -> bool {
        let mut since = lock(&self.0);
        if since.len() >= NEWER_JOBS_MAX {
            since.clear();
        }
        let may_wait = since.entry(job).or_insert_with(Instant::now).elapsed() < NEWER_MAX;
        if !may_wait {
            since.remove(&job);
        }
        may_wait
    }
}

impl<C: ChannelDriver> DeliveryPipeline<C> {
    /// Gives a job back to a newer release, or keeps it for a person with the reason that the database gave.
    ///
    /// Where the letter is refused as well, the message goes to the dead queue with all its bytes.
    pub(super) async fn refused(
        &self,
        hand: &InHand<'_>,
        problem: StoreError,
    ) -> Result<Disposition, Interrupted> {
        let message = hand.message;
        let Ok(job) = Job::decode(&message.body) else { return Err(Interrupted::Refused(problem)) };
        let is_newer = problem.remedy() == Remedy::NewerRelease;
        if is_newer && self.newer.may_wait(job.id()) {
            info!(job_id = %job.id(), %problem, "a job waits for a process of a newer release");
            return Ok(Disposition::Again { step: NEWER_STEP, attempt: message.attempt });
        }
        error!(job_id = %job.id(), %problem, "a job is given up; its letter says why");
        let (queue, code) = (WorkQueue::Jobs(self.carrier.channel()), FailureCode::GivenUp);
        let letter = NewDeadLetter {
            queue: queue.name().to_owned(),
            routing_key: queue.routing_key().to_owned(),
            code,
            detail: format!("{problem}; a try may have gone out: see `fleet show` before it is replayed"),
            body: message.body.clone(),
            headers: json!({ "attempt": message.attempt, "generation": message.generation }),
            job_id: Some(job.id()),
            about_job: None,
            message_id: message.message_id.clone(),
        };
        hand.may_act()?;
        let recorded = hand.until_available(|| self.store.record_dead_letter(letter.clone())).await?;
        let buried = recorded.map_err(Interrupted::Refused)?;
        if is_newer {
            // How the job stands is for a newer release to tell.
            return Ok(Disposition::Done(Vec::new()));
        }
        Ok(dead::told(&self.store, message, code, &letter.detail, &job, &buried))
    }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    #[test]
    fn a_job_of_a_newer_release_waits_and_the_memory_of_such_jobs_is_bounded() {
        let rows = NewerRows::default();
        for _ in 0..=NEWER_JOBS_MAX {
            assert!(rows.may_wait(JobId(Uuid::new_v4())));
        }
        assert!(rows.0.lock().expect("no test panics with it").len() <= NEWER_JOBS_MAX);
        let job = JobId(Uuid::new_v4());
        let long_ago = Instant::now().checked_sub(NEWER_MAX).expect("the machine runs for longer");
        rows.0.lock().expect("no test panics with it").insert(job, long_ago);
        assert!(!rows.may_wait(job), "a person is asked");
        assert!(rows.may_wait(job), "a person's replay begins anew");
    }
}
