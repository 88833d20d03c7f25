//! The connections that wait for their next mail.

use std::{
    sync::{Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use super::dialogue::Connection;

/// Connections that nobody holds, the one that has waited longest first.
pub(crate) struct Idle {
    waiting: Mutex<Vec<Waiting>>,
    wait_max: Duration,
}

struct Waiting {
    connection: Connection,
    since: Instant,
}

impl Idle {
    pub(crate) fn new(wait_max: Duration) -> Self {
        Self { waiting: Mutex::default(), wait_max }
    }

    /// Lets a connection wait, unless its server has said more than it was asked.
    pub(crate) fn put(&self, mut connection: Connection) {
        if connection.is_quiet() {
            self.lock().push(Waiting { connection, since: Instant::now() });
        }
    }

    /// The connection that was used last, so that those which are not needed grow old; bad ones on the way are closed.
    pub(crate) fn take(&self) -> Option<Connection> {
        let mut waiting = self.lock();
        loop {
            let mut last = waiting.pop()?;
            if !self.is_overdue(&last) && last.connection.is_quiet() {
                return Some(last.connection);
            }
        }
    }

    /// A connection that has waited for too long; those whose server has spoken or gone are closed.
    pub(crate) fn take_overdue(&self) -> Option<Connection> {
        let mut waiting = self.lock();
        waiting.retain_mut(|one| one.connection.is_quiet());
        let overdue = waiting.first().is_some_and(|oldest| self.is_overdue(oldest));
        overdue.then(|| waiting.remove(0).connection)
    }

    fn is_overdue(&self, one: &Waiting) -> bool {
        one.since.elapsed() >= self.wait_max
    }

    fn lock(&self) -> MutexGuard<'_, Vec<Waiting>> {
        // A panic of another holder leaves a list of whole connections.
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
