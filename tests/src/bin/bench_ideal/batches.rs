//! What comes one by one, made into batches, with two batches of a stage in hand.

use std::{sync::Arc, time::Duration};

use tokio::{
    sync::{OwnedSemaphorePermit, Semaphore, mpsc},
    time::{Instant, timeout_at},
};

use crate::Problem;

/// A larger batch costs the database no less a row.
pub(crate) const BATCH_MAX: usize = 100;
/// While one batch waits for its commit, the next is made.
const IN_HAND_MAX: u32 = 2;
/// How long a batch waits for company, where the one before had some.
const LINGER: Duration = Duration::from_millis(1);

/// Makes batches.
pub(crate) struct Batches<T> {
    from: mpsc::UnboundedReceiver<T>,
    previous: usize,
    in_hand: Arc<Semaphore>,
}

/// Some of what came, and the right to have it in hand.
pub(crate) struct Batch<T> {
    pub(crate) items: Vec<T>,
    pub(crate) in_hand: OwnedSemaphorePermit,
}

impl<T> Batches<T> {
    pub(crate) fn of(from: mpsc::UnboundedReceiver<T>) -> Self {
        let in_hand = Arc::new(Semaphore::new(IN_HAND_MAX as usize));
        Self { from, previous: 0, in_hand }
    }

    /// The next batch, as soon as fewer than two are in hand.
    ///
    /// After the last one it waits until none is in hand and answers nothing.
    pub(crate) async fn next(&mut self) -> Result<Option<Batch<T>>, Problem> {
        let in_hand = Arc::clone(&self.in_hand).acquire_owned().await?;
        let mut items = Vec::with_capacity(BATCH_MAX);
        self.from.recv_many(&mut items, BATCH_MAX).await;
        if items.is_empty() {
            drop(in_hand);
            drop(self.in_hand.acquire_many(IN_HAND_MAX).await?);
            return Ok(None);
        }
        if self.previous > 1 {
            let end = Instant::now() + LINGER;
            while items.len() < BATCH_MAX {
                let room = BATCH_MAX - items.len();
                match timeout_at(end, self.from.recv_many(&mut items, room)).await {
                    Ok(1..) => {}
                    Ok(0) | Err(_) => break,
                }
            }
        }
        self.previous = items.len();
        Ok(Some(Batch { items, in_hand }))
    }
}
