//! What one process has seen of jobs that are put off: who came through meanwhile, who is alone, who was told.

use std::{
    collections::HashMap,
    sync::{Mutex, MutexGuard},
    time::{Duration, Instant},
};

use crate::lock::lock;
use closure_contract::{FailureCode, JobId};
use closure_policy::patience::Others;
use closure_store::GatewayScope;

/// What one process has seen of the jobs of one channel.
#[derive(Default)]
pub(super) struct PutOffJobs(Mutex<Seen>);

#[derive(Default)]
struct Seen {
    /// When a job came through, by what fails or works for all jobs alike.
    came_through: HashMap<GatewayScope, Instant>,
    /// When somebody was told last.
    told: Option<Instant>,
    /// The jobs that are put off alone, as far as a line was written, and why.
    alone: HashMap<JobId, Alone>,
}

/// A job that fails while nothing is known to fail for others.
struct Alone {
    code: FailureCode,
    since: Instant,
}

/// One process remembers so many jobs that are put off alone; where there are more it tells of them again.
const ALONE_MAX: usize = 1_000;

impl PutOffJobs {
    /// A provider took this job; says whether it was put off alone before.
    pub(super) fn came_through(&self, scope: GatewayScope, job: JobId) -> bool {
        let mut seen = self.seen();
        seen.came_through.insert(scope, Instant::now());
        seen.alone.remove(&job).is_some()
    }

    /// For how long this process has seen a job put off alone for one reason, in milliseconds; nothing where that is
    /// news, and a line is due.
    ///
    /// An outage that hit everybody before does not count: the job was not alone with it.
    pub(super) fn alone_for(&self, job: JobId, code: FailureCode) -> Option<u64> {
        let alone = &mut self.seen().alone;
        if let Some(known) = alone.get(&job).filter(|known| known.code == code) {
            return Some(u64::try_from(known.since.elapsed().as_millis()).unwrap_or(u64::MAX));
        }
        if alone.len() >= ALONE_MAX
            && let Some(oldest) = alone.iter().min_by_key(|(_, known)| known.since).map(|(job, _)| *job)
        {
            alone.remove(&oldest);
        }
        alone.insert(job, Alone { code, since: Instant::now() });
        None
    }

    /// A job that was put off alone has come to its end, or is alone no more.
    pub(super) fn is_over(&self, job: JobId) {
        self.seen().alone.remove(&job);
    }

    /// Whether others came through within this window.
    pub(super) fn others(&self, scope: GatewayScope, window: Duration) -> Others {
        match self.seen().came_through.get(&scope) {
            Some(at) if at.elapsed() < window => Others::ComeThrough,
            Some(_) | None => Others::FailAlike,
        }
    }

    /// Whether it is time to tell somebody: one line stands for all jobs, and a pause lies between two.
    pub(super) fn may_tell(&self, pause: Duration) -> bool {
        let mut seen = self.seen();
        let is_time = seen.told.is_none_or(|told| told.elapsed() >= pause);
        if is_time {
            seen.told = Some(Instant::now());
        }
        is_time
    }

    fn seen(&self) -> MutexGuard<'_, Seen> {
        // A panic of another holder leaves whole entries.
        lock(&self.0)
    }
}
