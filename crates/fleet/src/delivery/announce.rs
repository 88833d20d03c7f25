//! What is told of a settled job, and what the database is asked for until it answers.

use closure_broker::{InMessage, Redelivered};
use closure_contract::topology::OUTCOMES;
use closure_policy::explain::Decision;
use closure_store::{Debt, EarlyReceipts, Snapshot, StoreError};
use tracing::{info, warn};

use super::{
    channel::ChannelDriver,
    pipeline::{DeliveryPipeline, Trip},
};
use crate::runtime::{Disposition, InHand, Interrupted, Told};

impl<C: ChannelDriver> DeliveryPipeline<C> {
    /// What follows from a settlement, told; a word to the CRM is then owed no more.
    ///
    /// A word to the fallback worker pays nothing: what it decides is another word, and its own to tell.
    pub(super) fn tell_of(
        &self,
        snapshot: &Snapshot,
        decision: &Decision,
        early: EarlyReceipts,
    ) -> Disposition {
        let messages = self.carrier.tell(snapshot, decision, early);
        let is_word = messages.iter().any(|message| message.exchange == OUTCOMES);
        let debts = is_word.then(|| Debt::of(snapshot)).into_iter().collect();
        Disposition::Told(Told { messages, debts, store: self.store.clone() })
    }

    /// A job that was settled before: what was owed then may not have been told.
    ///
    /// A fresh message is the CRM's own repeat of a job, which is answered by the first one's outcome alone.
    pub(super) fn repeat(
        &self,
        message: &InMessage,
        snapshot: &Snapshot,
        decision: &Decision,
    ) -> Disposition {
        let fresh = message.redelivered == Redelivered::No && message.death.is_none();
        if fresh {
            info!(job_id = %snapshot.job_id, "the same job once more; the first one stands");
            return Disposition::Done(Vec::new());
        }
        self.tell_of(snapshot, decision, EarlyReceipts::Some)
    }

    /// The lease is gone: the settlement was written although its answer was lost, or another took the job over.
    ///
    /// Whoever settled it may not have told; telling it again carries the same ids.
    pub(super) async fn lease_lost(&self, trip: &Trip<'_>) -> Result<Disposition, Interrupted> {
        let job = trip.job.id();
        warn!(job_id = %job, "the lease was over before the settlement was answered; telling what is on record");
        let snapshot = settled_or_stop(trip.hand, "read a delivery", || self.store.snapshot(job)).await?;
        Ok(snapshot.map_or_else(
            || Disposition::Done(Vec::new()),
            |snapshot| self.tell_of(&snapshot, trip.decision, EarlyReceipts::Some),
        ))
    }
}

/// Repeats a store operation through an outage; what the database refuses for good ends this message.
pub(crate) async fn settled_or_stop<T, F>(
    hand: &InHand<'_>,
    what: &str,
    operation: impl Fn() -> F + Send,
) -> Result<T, Interrupted>
where
    F: Future<Output = Result<T, StoreError>> + Send,
{
    hand.until_available(operation).await?.map_err(|problem| {
        tracing::error!(%problem, what, "the database refuses a statement; its message is kept for a person");
        Interrupted::Refused(problem)
    })
}
