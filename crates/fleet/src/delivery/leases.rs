//! The leases that this process holds: short ones, renewed together as long as their holders need them.
//!
//! A lease that is not renewed any more is over within its length, and another worker takes the job over: so long a job
//! waits whose worker was killed. What a holder whose lease was not renewed in time may still do is said by its
//! [`Handover`](closure_providers::Handover).

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard},
    time::{Duration, Instant},
};

use closure_store::{Lease, Renewal, Store, StoreError};
use tokio::sync::watch;
use uuid::Uuid;

use crate::{lifecycle::Lifecycle, lock::lock, services::Service};

/// Whoever keeps a lease is looked at so often within its length.
const LOOKS: u32 = 10;
/// One statement renews at most so many leases.
const BATCH_MAX: usize = 500;

/// The leases that one process holds.
pub struct Leases {
    store: Store,
    length: Duration,
    held: Mutex<HashMap<Uuid, Held>>,
}

/// One lease of this process.
struct Held {
    lease: Lease,
    until: watch::Sender<Instant>,
}

/// A lease that is renewed until this is dropped.
pub struct Kept {
    leases: Arc<Leases>,
    pub lease: Lease,
    until: watch::Receiver<Instant>,
}

impl Leases {
    /// Leases of so many milliseconds, which are looked after until the process ends.
    pub fn start(store: Store, length_ms: u64, lifecycle: &Lifecycle) -> Arc<Self> {
        let leases =
            Arc::new(Self { store, length: Duration::from_millis(length_ms), held: Mutex::default() });
        lifecycle.tracker.spawn(Arc::clone(&leases).renew_all(lifecycle.clone()));
        leases
    }

    /// How long a claim protects its holder without being renewed, in milliseconds.
    pub fn length_ms(&self) -> u64 {
        u64::try_from(self.length.as_millis()).unwrap_or(u64::MAX)
    }

    /// The end of a lease that is asked for now: counted from before the question, it comes here no later than in the
    /// database.
    pub fn end_if_asked_now(&self) -> Instant {
        Instant::now() + self.length
    }

    /// Keeps a lease that ends at this moment unless it is renewed.
    pub fn keep(self: &Arc<Self>, lease: Lease, until: Instant) -> Kept {
        let (sender, until) = watch::channel(until);
        self.held().insert(lease.token, Held { lease, until: sender });
        Kept { leases: Arc::clone(self), lease, until }
    }

    /// Renews what needs it, until the process ends; a process that was told to stop still works on what it holds.
    async fn renew_all(self: Arc<Self>, lifecycle: Lifecycle) {
        let mut asking = lifecycle.services.ask(Service::SideLooks);
        loop {
            tokio::select! {
                () = tokio::time::sleep(self.length / LOOKS) => {}
                () = lifecycle.shutdown.cancelled() => return,
            }
            for due in self.due().chunks(BATCH_MAX) {
                let asked_now = self.end_if_asked_now();
                match self.renew(due).await {
                    Ok(renewals) => {
                        asking.answered();
                        self.note(due, &renewals, asked_now);
                    }
                    Err(problem) => asking.failed(&problem),
                }
            }
        }
    }

    /// A question that hangs must leave time for another one.
    async fn renew(&self, due: &[Lease]) -> Result<Vec<Renewal>, StoreError> {
        let answer = tokio::time::timeout(self.length / 4, self.store.renew(due, self.length_ms())).await;
        answer.unwrap_or_else(|_| Err(StoreError::Unavailable("a lease was not renewed in time".to_owned())))
    }

    /// The leases of which a third or more has gone by: most sends end before, and cost nothing here.
    fn due(&self) -> Vec<Lease> {
        let soon = Instant::now() + self.length * 2 / 3;
        self.held().values().filter(|held| *held.until.borrow() <= soon).map(|held| held.lease).collect()
    }

    fn note(&self, asked: &[Lease], renewals: &[Renewal], until: Instant) {
        let held = self.held();
        for (lease, renewal) in asked.iter().zip(renewals) {
            let Some(held) = held.get(&lease.token) else { continue };
            match renewal {
                Renewal::Renewed => drop(held.until.send_replace(until)),
                Renewal::Busy => {}
                Renewal::Lost => drop(held.until.send_replace(Instant::now())),
            }
        }
    }

    fn held(&self) -> MutexGuard<'_, HashMap<Uuid, Held>> {
        lock(&self.held)
    }
}

impl Kept {
    /// From which moment on another worker may hold the job, as it is put off.
    pub fn until(&self) -> watch::Receiver<Instant> {
        self.until.clone()
    }

    /// Whether another worker may hold the job by now.
    pub fn is_over(&self) -> bool {
        *self.until.borrow() <= Instant::now()
    }

    /// The same lease was given anew, and ends at this moment unless it is renewed.
    pub fn prolong(&self, until: Instant) {
        if let Some(held) = self.leases.held().get(&self.lease.token) {
            held.until.send_replace(until);
        }
    }
}

impl Drop for Kept {
    fn drop(&mut self) {
        self.leases.held().remove(&self.lease.token);
    }
}
