//! The jobs whose rows only a newer release can read.

use std::{
    collections::HashMap,
    sync::Mutex,
    time::{Duration, Instant},
};

use crate::lock::lock;
use closure_contract::JobId;

/// A job whose row only a newer release can read is given back for so long; then a person is asked.
const NEWER_MAX: Duration = Duration::from_secs(600);
/// So many such jobs are remembered; with more of them all begin to wait anew.
const NEWER_JOBS_MAX: usize = 10_000;

/// The jobs whose rows this process could not read, and since when.
#[derive(Debug, Default)]
pub(super) struct NewerRows(Mutex<HashMap<JobId, Instant>>);

impl NewerRows {
    /// Whether a job may wait for a process of a newer release once more.
    pub(super) fn may_wait(&self, job: JobId) -> bool {
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
