//! The cancel worker: what the CRM takes back is written down where every other worker looks before it sends (B3).

use closure_contract::{Cancel, topology::WorkQueue};
use closure_store::Store;
use tracing::{info, warn};

use crate::runtime::{Disposition, Hand, Interrupted, Worker};

/// Reads the CRM's cancellations.
///
/// It stops nothing itself: a job that was not sent yet meets the tombstone at its claim and once more right before
/// the send, and its own worker tells the CRM how it ended.
pub struct CancelWorker {
    /// Where the tombstones stand.
    pub store: Store,
}

impl Worker for CancelWorker {
    fn queue(&self) -> &'static str {
        WorkQueue::Cancels.name()
    }

    async fn handle(&self, hand: &Hand<'_>) -> Result<Disposition, Interrupted> {
        let message = hand.message;
        let cancel = match Cancel::decode(&message.body) {
            Ok(cancel) => cancel,
            Err(problem) => {
                warn!(message_id = message.message_id.as_deref(), %problem, "a cancellation cannot be read; it goes to the dead queue");
                return Ok(Disposition::Reject);
            }
        };
        hand.may_act()?;
        match hand.until_available(|| self.store.cancel(&cancel)).await? {
            Ok(()) => {
                let consultation = &cancel.consultation;
                info!(consultation = %consultation.id, revision = consultation.revision, "an answer was taken back");
                Ok(Disposition::Done(Vec::new()))
            }
            Err(problem) => Err(Interrupted::Refused(problem)),
        }
    }
}
