//! One statement and one commit for the requests of many callers.
//!
//! The first caller to find nobody at work starts a task that takes whatever waits, again and again, until nothing
//! does; the others only wait. So an idle store has no task, a single request goes out at once, and under load a
//! batch grows while the one before it commits. A caller that goes away cancels nothing that others share.

use std::{
    collections::{HashMap, HashSet, VecDeque},
    future::Future,
    hash::Hash,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use closure_contract::JobId;
use tokio::sync::{Notify, oneshot};
use tokio_postgres::Row;

use super::row::Columns;
use crate::error::StoreError;

/// At most this many requests wait; prefetch keeps a worker far below it.
const WAITING_MAX: usize = 10_000;
/// At most this many batches of one kind are under way at once.
const LEADERS_MAX: usize = 2;

/// What is done about a batch whose answer was lost, which may have been done or not.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum LostAnswer {
    /// It is asked for once more: done twice with the same items it does nothing more, and answers the same.
    AskAgain,
    /// Its callers hear of it, because what a second one answers depends on whether the first one was done.
    Tell,
}

/// What is done for many requests at once.
pub(crate) trait Batch: Send + Sync + 'static {
    /// One request.
    type Item: Send + Sync + 'static;
    /// Its answer.
    type Answer: Send + 'static;

    /// What names the row that a request is about.
    type Key: Ord + Hash;

    /// What is done where the database did not answer.
    const LOST_ANSWER: LostAnswer = LostAnswer::AskAgain;

    /// The row that a request is about; one batch holds it once.
    fn key(item: &Self::Item) -> Self::Key;

    /// Does all of it, or nothing; the answers come in the order of the items, which are sorted by key.
    fn run(
        &self,
        items: &[&Self::Item],
    ) -> impl Future<Output = Result<Vec<Self::Answer>, StoreError>> + Send;
}

/// One column of a batch, in the order of its items.
pub(crate) fn column<'a, I, T>(items: &[&'a I], of: impl Fn(&'a I) -> T) -> Vec<T> {
    items.iter().map(|item| of(item)).collect()
}

/// The rows that answer a batch, by the job that each is about.
pub(crate) fn by_job(rows: &[Row]) -> Result<HashMap<JobId, &Row>, StoreError> {
    rows.iter().map(|row| Ok((Columns(row).job("job_id")?, row))).collect()
}

/// Gathers requests into batches.
pub(crate) struct Batcher<B: Batch>(Arc<Shared<B>>);

struct Shared<B: Batch> {
    work: B,
    batch_max: usize,
    linger: Duration,
    queue: Mutex<Queue<B>>,
    full: Notify,
}

struct Queue<B: Batch> {
    waiting: VecDeque<Waiting<B>>,
    leaders: usize,
}

struct Waiting<B: Batch> {
    item: B::Item,
    answer: oneshot::Sender<Result<B::Answer, StoreError>>,
}

/// What the last batch says about the next: alone, it is not worth waiting for company.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Load {
    Idle,
    Busy,
}

/// The place of one leader, given up however it ends.
struct Lead<B: Batch> {
    shared: Arc<Shared<B>>,
    over: bool,
}

impl<B: Batch> Batcher<B> {
    pub(crate) fn new(work: B, batch_max: usize, linger_ms: u64) -> Self {
        Self(Arc::new(Shared {
            work,
            batch_max: batch_max.max(1),
            linger: Duration::from_millis(linger_ms),
            queue: Mutex::new(Queue { waiting: VecDeque::new(), leaders: 0 }),
            full: Notify::new(),
        }))
    }

    /// Waits for the answer to one request.
    pub(crate) async fn ask(&self, item: B::Item) -> Result<B::Answer, StoreError> {
        let (answer, answered) = oneshot::channel();
        {
            let mut queue = self.0.queue();
            if queue.waiting.len() >= WAITING_MAX {
                return Err(StoreError::Unavailable(format!("{WAITING_MAX} requests wait already")));
            }
            queue.waiting.push_back(Waiting { item, answer });
            let full = queue.waiting.len() >= self.0.batch_max;
            if queue.leaders == 0 || (full && queue.leaders < LEADERS_MAX) {
                queue.leaders += 1;
                let lead = Lead { shared: Arc::clone(&self.0), over: false };
                // Every caller awaits its answer, so that whoever waits for the callers waits for this task.
                tokio::spawn(lead.run());
            }
            if full {
                self.0.full.notify_one();
            }
        }
        answered.await.unwrap_or_else(|_| {
            Err(StoreError::Unavailable("the batch ended with the runtime it ran on".into()))
        })
    }
}

impl<B: Batch> Clone for Batcher<B> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<B: Batch> Shared<B> {
    /// The queue; it is consistent at every point where a panic could leave it.
    fn queue(&self) -> MutexGuard<'_, Queue<B>> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits for company, until a batch is full or the linger is over.
    async fn linger(&self) {
        if self.queue().waiting.len() < self.batch_max {
            // Nothing is lost where the time runs out first: the queue is looked at in either case.
            let _ = tokio::time::timeout(self.linger, self.full.notified()).await;
        }
    }

    /// Runs a part of a batch, and once more where the database did not answer: the connection may have been the
    /// one that a restart, a failover or a migration left behind, and whether it was done is only then known.
    async fn run(&self, part: &[Waiting<B>]) -> Result<Vec<B::Answer>, StoreError> {
        let items: Vec<&B::Item> = part.iter().map(|waiting| &waiting.item).collect();
        match self.work.run(&items).await {
            Err(StoreError::Unavailable(_)) if B::LOST_ANSWER == LostAnswer::AskAgain => {
                self.work.run(&items).await
            }
            answer => answer,
        }
    }

    /// Answers a batch; one that the database cannot take is halved until the one bad request stands alone.
    async fn answer(&self, batch: Vec<Waiting<B>>) {
        let mut parts = vec![batch];
        while let Some(mut part) = parts.pop() {
            match self.run(&part).await {
                Ok(answers) => {
                    for (waiting, answer) in part.into_iter().zip(answers) {
                        // A caller that went away needs no answer.
                        let _ = waiting.answer.send(Ok(answer));
                    }
                }
                Err(problem) if problem.is_of_one_request() && part.len() > 1 => {
                    parts.push(part.split_off(part.len() / 2));
                    parts.push(part);
                }
                Err(error) => {
                    for waiting in part {
                        let _ = waiting.answer.send(Err(error.clone()));
                    }
                }
            }
        }
    }
}

impl<B: Batch> Lead<B> {
    async fn run(mut self) {
        let mut load = Load::Idle;
        loop {
            if load == Load::Busy {
                self.shared.linger().await;
            }
            let Some(batch) = self.next() else { return };
            load = if batch.len() > 1 { Load::Busy } else { Load::Idle };
            self.shared.answer(batch).await;
        }
    }

    /// The next batch, sorted by key; without one the lead is over, under the same lock that new requests need.
    fn next(&mut self) -> Option<Vec<Waiting<B>>> {
        let mut queue = self.shared.queue();
        let batch = queue.take(self.shared.batch_max);
        if batch.is_empty() {
            queue.leaders -= 1;
            self.over = true;
            return None;
        }
        Some(batch)
    }
}

impl<B: Batch> Queue<B> {
    /// Takes at most so many requests about different rows; a second one about a row waits for the next batch.
    fn take(&mut self, batch_max: usize) -> Vec<Waiting<B>> {
        let mut keys = HashSet::new();
        let (mut batch, mut again) = (Vec::new(), Vec::new());
        while batch.len() < batch_max {
            let Some(waiting) = self.waiting.pop_front() else { break };
            if keys.insert(B::key(&waiting.item)) {
                batch.push(waiting);
            } else {
                again.push(waiting);
            }
        }
        for waiting in again.into_iter().rev() {
            self.waiting.push_front(waiting);
        }
        batch.sort_by_key(|waiting| B::key(&waiting.item));
        batch
    }
}

impl<B: Batch> Drop for Lead<B> {
    /// A lead that is dropped at work (a panic, a runtime that shuts down) leaves nobody waiting for ever.
    fn drop(&mut self) {
        if self.over {
            return;
        }
        let mut queue = self.shared.queue();
        queue.leaders -= 1;
        if queue.leaders == 0 {
            queue.waiting.clear();
        }
    }
}
