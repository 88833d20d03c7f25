//! The end of a claim: committed, and told to whoever must know.

use closure_broker::{InMessage, Redelivered};
use closure_contract::topology::OUTCOMES;
use closure_policy::explain::Decision;
use closure_store::{Debt, EarlyReceipts, Ending, JsonText, Settled, Settlement, Snapshot};
use tracing::{info, warn};

use super::DeliveryPipeline;
use crate::{
    delivery::{
        channel::{ChannelDriver, Claimed},
        record,
    },
    runtime::{Disposition, Interrupted, Told},
};

impl<C: ChannelDriver> DeliveryPipeline<C> {
    /// Commits an ending and tells who must be told.
    pub(super) async fn settle(
        &self,
        claimed: &Claimed<'_>,
        ending: Ending,
    ) -> Result<Disposition, Interrupted> {
        let rules = record::rules(claimed.decision);
        // A claim that was granted has put its own on record.
        let is_known = claimed.doubt.is_none() && rules == *claimed.rules;
        self.commit(claimed, ending, (!is_known).then_some(rules)).await
    }

    /// Commits what was found out about a try: what was decided when it was made stays on record, because the rules may
    /// say otherwise of the job by now.
    pub(super) async fn settle_found(
        &self,
        claimed: &Claimed<'_>,
        ending: Ending,
    ) -> Result<Disposition, Interrupted> {
        self.commit(claimed, ending, None).await
    }

    /// Commits an ending, with the rules where they are newer than those on record.
    async fn commit(
        &self,
        claimed: &Claimed<'_>,
        ending: Ending,
        rules: Option<JsonText>,
    ) -> Result<Disposition, Interrupted> {
        let settlement = Settlement {
            lease: claimed.grant.lease,
            generation: claimed.hand.message.generation,
            attempt: claimed.grant.attempt,
            ending,
            rules,
            call: record::planned_call(claimed.decision),
        };
        let settled = claimed.hand.stored("settle", || self.store.settle(settlement.clone())).await?;
        match settled {
            Settled::Done { snapshot, early_receipts } => {
                Ok(self.announced(&snapshot, claimed.decision, early_receipts))
            }
            Settled::LeaseLost => self.lease_lost(claimed).await,
        }
    }

    /// The lease is gone: the settlement was written although its answer was lost, or another took the job over.
    ///
    /// Whoever settled it may not have told; telling it again carries the same ids.
    pub(super) async fn lease_lost(&self, claimed: &Claimed<'_>) -> Result<Disposition, Interrupted> {
        let job = claimed.job.id();
        warn!(job_id = %job, "the lease was over before the settlement was answered; telling what is on record");
        let snapshot = claimed.hand.stored("read a delivery", || self.store.snapshot(job)).await?;
        Ok(snapshot.map_or_else(
            || Disposition::Done(Vec::new()),
            |snapshot| self.announced(&snapshot, claimed.decision, EarlyReceipts::Some),
        ))
    }

    /// A job that was settled before: what was owed then may not have been told.
    ///
    /// A fresh message is the CRM's own repeat of a job, which is answered by the first one's outcome alone.
    pub(super) fn settled_before(
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
        self.announced(snapshot, decision, EarlyReceipts::Some)
    }

    /// What follows from a settlement, told; a word to the CRM is then owed no more.
    ///
    /// A word to the fallback worker pays nothing: what it decides is another word, and its own to tell.
    fn announced(&self, snapshot: &Snapshot, decision: &Decision, early: EarlyReceipts) -> Disposition {
        let messages = self.driver.announce(snapshot, decision, early);
        let is_word = messages.iter().any(|message| message.exchange == OUTCOMES);
        let debts = is_word.then(|| Debt::of(snapshot)).into_iter().collect();
        Disposition::Told(Told { messages, debts, store: self.store.clone() })
    }
}
