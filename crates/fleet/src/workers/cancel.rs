//! The cancel worker: what the CRM takes back is written down where every other worker looks before it sends (B3).

use closure_broker::OutMessage;
use closure_contract::{Cancel, topology::WorkQueue};
use closure_store::Store;
use tracing::{info, warn};

use crate::{
    announce,
    runtime::{Disposition, InHand, Interrupted, Worker},
};

/// Reads the CRM's cancellations, and answers each with what is known of its jobs.
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

    async fn handle(&self, hand: &InHand<'_>) -> Result<Disposition, Interrupted> {
        let message = hand.message;
        let cancel = match Cancel::decode(&message.body) {
            Ok(cancel) => cancel,
            Err(problem) => {
                warn!(message_id = message.message_id.as_deref(), %problem, "a cancellation cannot be read; it goes to the dead queue");
                return Ok(Disposition::Reject);
            }
        };
        hand.may_act()?;
        hand.stored("write a cancellation down", || self.store.cancel(&cancel)).await?;
        let consultation = &cancel.consultation;
        info!(consultation = %consultation.id, revision = consultation.revision, "an answer was taken back");
        let known = hand.stored("read a cancellation's jobs", || self.store.cancelled_jobs(&cancel)).await?;
        let answer = announce::cancel_outcome(&cancel, &known);
        Ok(Disposition::Done(vec![OutMessage { traceparent: message.traceparent.clone(), ..answer }]))
    }
}
