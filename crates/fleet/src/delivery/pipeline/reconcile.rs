//! The way out of a doubt: what became of a try whose end is not known.

use closure_contract::FailureCode;
use closure_providers::Accepted;
use closure_store::{Doubt, Ending, Grant, StoreError};
use tracing::info;

use super::DeliveryPipeline;
use crate::{
    delivery::{
        channel::{ChannelDriver, Claimed, Finding},
        ending::{AttemptResult, ending},
        waits::ms_between,
    },
    receipts::intake,
    runtime::{Disposition, Interrupted},
};

impl<C: ChannelDriver> DeliveryPipeline<C> {
    /// A try whose end is not known: look, and never send blindly (invariant 3).
    pub(super) async fn reconcile(
        &self,
        claimed: &Claimed<'_>,
        doubt: Doubt,
    ) -> Result<Disposition, Interrupted> {
        let Doubt { since, lookups, .. } = doubt;
        let waited_ms = ms_between(since, self.engine.now());
        let lost = || ending(C::CHANNEL, AttemptResult::AnswerLost);
        match self.driver.look_up(claimed, doubt, waited_ms).await? {
            Finding::Taken(accepted, _) if self.is_anothers(claimed, &accepted).await? => {
                let detail = format!("in doubt since {since}; what looks like it is another job's");
                self.still_in_doubt(claimed, lookups + 1, detail).await
            }
            Finding::Taken(accepted, receipt) => {
                let taken = ending(C::CHANNEL, self.taken(claimed, accepted));
                let settled = self.settle_found(claimed, taken).await?;
                // Whoever dies before this is told leaves it to the question that is asked before the receipt is overdue.
                Ok(settled.and_tell(receipt.map(|receipt| intake::message(*receipt))))
            }
            Finding::Lost => self.settle_found(claimed, lost()).await,
            Finding::NotYetKnown => {
                let detail = format!("asked {} time(s) since {since}; no trace of it yet", lookups + 1);
                self.still_in_doubt(claimed, lookups + 1, detail).await
            }
            Finding::Unasked if waited_ms >= self.waits.patience.everyone_max_ms => {
                self.settle_found(claimed, lost()).await
            }
            Finding::Unasked => {
                let detail = format!("in doubt since {since}; the provider cannot be asked now");
                self.still_in_doubt(claimed, lookups, detail).await
            }
            Finding::Waiting => {
                let detail = format!("in doubt since {since}; only a receipt can tell");
                self.still_in_doubt(claimed, lookups + 1, detail).await
            }
            Finding::Repeat => self.repeat(claimed, doubt).await,
            Finding::Resend => self.resend(claimed, doubt).await,
        }
    }

    /// Makes the same request under the same name once more.
    async fn repeat(&self, claimed: &Claimed<'_>, doubt: Doubt) -> Result<Disposition, Interrupted> {
        let lease = claimed.grant.lease;
        let repeated =
            self.leased_anew(claimed, "repeat", || self.store.repeat(lease, self.leases.length_ms())).await?;
        let Some(attempt) = repeated else { return self.lease_lost(claimed).await };
        let grant = Grant { attempt, ..claimed.grant.clone() };
        self.send(&Claimed { grant: &grant, doubt: Some(asked_by_nobody(doubt)), ..*claimed }).await
    }

    /// Sends it once more as a new attempt, to the provider that was tried.
    async fn resend(&self, claimed: &Claimed<'_>, doubt: Doubt) -> Result<Disposition, Interrupted> {
        let (lease, provider) = (claimed.grant.lease, claimed.grant.provider);
        let resent = self
            .leased_anew(claimed, "resend", || self.store.resend(lease, provider, self.leases.length_ms()))
            .await?;
        let Some((attempt, client_ref)) = resent else { return self.lease_lost(claimed).await };
        info!(job_id = %claimed.job.id(), %attempt, "no trace of the last try; sending again");
        let grant = Grant { attempt, client_ref, ..claimed.grant.clone() };
        self.send(&Claimed { grant: &grant, doubt: Some(asked_by_nobody(doubt)), ..*claimed }).await
    }

    /// Puts down that it is sent once more, which gives the same lease for its whole length again.
    async fn leased_anew<T, F>(
        &self,
        claimed: &Claimed<'_>,
        what: &str,
        operation: impl Fn() -> F + Send + Sync,
    ) -> Result<Option<T>, Interrupted>
    where
        T: Send,
        F: Future<Output = Result<Option<T>, StoreError>> + Send,
    {
        let asked = || {
            let (until, answer) = (self.leases.end_if_asked_now(), operation());
            async move { answer.await.map(|answer| (answer, until)) }
        };
        let (answer, until) = claimed.hand.stored(what, asked).await?;
        if answer.is_some() {
            claimed.kept.prolong(until);
        }
        Ok(answer)
    }

    /// A gateway that knows no reference of ours may show the message of another job with the same text.
    ///
    /// Where both are in doubt at once neither is on record yet; the receipt, which has our reference, then speaks for
    /// one of them alone, and an email answers for the other.
    async fn is_anothers(&self, claimed: &Claimed<'_>, accepted: &Accepted) -> Result<bool, Interrupted> {
        let Some(provider_ref) = accepted.provider_ref.as_deref() else { return Ok(false) };
        let Grant { provider, client_ref, .. } = *claimed.grant;
        let asked = || self.store.names_another_attempt(provider, provider_ref, client_ref);
        claimed.hand.stored("whose a reference is", asked).await
    }

    async fn still_in_doubt(
        &self,
        claimed: &Claimed<'_>,
        lookups: u32,
        detail: String,
    ) -> Result<Disposition, Interrupted> {
        let ending = Ending::InDoubt { code: FailureCode::AnswerLost, detail, lookups };
        self.settle_found(claimed, ending).await?;
        Ok(Disposition::Again { step: self.waits.in_doubt(lookups), attempt: claimed.grant.attempt })
    }
}

/// After a request was made again nobody has been asked about it, whatever was asked about the one before.
fn asked_by_nobody(doubt: Doubt) -> Doubt {
    Doubt { lookups: 0, ..doubt }
}
