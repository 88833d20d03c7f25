//! The way out of a doubt: what became of a try whose end is not known.

use bytes::Bytes;
use closure_contract::{
    AttemptNumber, ClientRef, FailureCode, Job, Timestamp, job::Scope, topology::DelayStep,
};
use closure_policy::retry::Next;
use closure_providers::Accepted;
use closure_store::{Ending, StoreError};
use tracing::info;

use super::{
    announce::settled_or_stop,
    channel::{ChannelDriver, Doubt, Finding},
    patience::doubt_of,
    pipeline::{DeliveryPipeline, Trip},
};
use crate::{
    receipts::intake,
    runtime::{Disposition, Interrupted},
};

/// After a request was made again nobody has been asked about it, whatever was asked about the one before.
const ANSWERED_ANEW: u32 = 0;

impl<C: ChannelDriver> DeliveryPipeline<C> {
    /// A try whose end is not known: look, and never send blindly (invariant 3).
    pub(super) async fn reconcile(
        &self,
        trip: &Trip<'_>,
        attempt: AttemptNumber,
        doubt: Doubt<'_>,
        rendered: Option<Bytes>,
    ) -> Result<Disposition, Interrupted> {
        let (lookups, since, client_ref) = (doubt.lookups, doubt.since, doubt.client_ref);
        match self.carrier.look(&doubt).await? {
            Finding::Taken(accepted, _) if self.is_anothers(trip, &accepted, client_ref).await? => {
                let detail = format!("in doubt since {since}; what looks like it is another job's");
                self.still_in_doubt(trip, attempt, lookups + 1, detail).await
            }
            Finding::Taken(accepted, word) => {
                let found_out = self.found_out(trip, attempt, self.carrier.taken(accepted)).await?;
                // Whoever dies before this is told leaves it to the question that is asked before the receipt is overdue.
                Ok(found_out.and_tell(word.map(|receipt| intake::message(*receipt))))
            }
            Finding::Lost(code) => self.found_out(trip, attempt, self.carrier.lost(code)).await,
            Finding::NotYetKnown => {
                let detail = format!("asked {} time(s) since {since}; no trace of it yet", lookups + 1);
                self.still_in_doubt(trip, attempt, lookups + 1, detail).await
            }
            Finding::Unasked if doubt.waited_ms >= self.patience.rules.everyone_max_ms => {
                self.found_out(trip, attempt, self.carrier.lost(doubt_of(self.carrier.channel()))).await
            }
            Finding::Unasked => {
                let detail = format!("in doubt since {since}; the provider cannot be asked now");
                self.still_in_doubt(trip, attempt, lookups, detail).await
            }
            Finding::Waiting => {
                let detail = format!("in doubt since {since}; only a receipt can tell");
                self.still_in_doubt(trip, attempt, lookups + 1, detail).await
            }
            Finding::Repeat => {
                let repeated = self
                    .anew(trip, "repeat", || self.store.repeat(trip.kept.lease, self.leases.length_ms()))
                    .await?;
                match repeated {
                    Some(attempt) => {
                        let trip = Trip { lookups: ANSWERED_ANEW, ..*trip };
                        self.go(&trip, attempt, client_ref, rendered).await
                    }
                    None => self.lease_lost(trip).await,
                }
            }
            Finding::Resend => {
                let resent = self
                    .anew(trip, "resend", || {
                        self.store.resend(trip.kept.lease, trip.provider, self.leases.length_ms())
                    })
                    .await?;
                match resent {
                    Some((attempt, client_ref)) => {
                        info!(job_id = %trip.job.id(), %attempt, "no trace of the last try; sending again");
                        let trip = Trip { lookups: ANSWERED_ANEW, ..*trip };
                        self.go(&trip, attempt, client_ref, rendered).await
                    }
                    None => self.lease_lost(trip).await,
                }
            }
        }
    }

    /// Puts down that it is sent once more, which gives the same lease for its whole length again.
    async fn anew<T, F>(
        &self,
        trip: &Trip<'_>,
        what: &str,
        operation: impl Fn() -> F + Send + Sync,
    ) -> Result<Option<T>, Interrupted>
    where
        T: Send,
        F: Future<Output = Result<Option<T>, StoreError>> + Send,
    {
        let (answer, until) = settled_or_stop(trip.hand, what, || {
            let (until, answer) = (self.leases.end_if_asked_now(), operation());
            async move { answer.await.map(|answer| (answer, until)) }
        })
        .await?;
        if answer.is_some() {
            trip.kept.prolong(until);
        }
        Ok(answer)
    }

    /// A gateway that knows no reference of ours may show the message of another job with the same text.
    ///
    /// Where both are in doubt at once neither is on record yet; the receipt, which has our reference, then speaks for
    /// one of them alone, and an email answers for the other.
    async fn is_anothers(
        &self,
        trip: &Trip<'_>,
        accepted: &Accepted,
        client_ref: ClientRef,
    ) -> Result<bool, Interrupted> {
        let Some(provider_ref) = accepted.provider_ref.as_deref() else { return Ok(false) };
        settled_or_stop(trip.hand, "whose a reference is", || {
            self.store.names_another_attempt(trip.provider, provider_ref, client_ref)
        })
        .await
    }

    async fn still_in_doubt(
        &self,
        trip: &Trip<'_>,
        attempt: AttemptNumber,
        lookups: u32,
        detail: String,
    ) -> Result<Disposition, Interrupted> {
        let ending = Ending::InDoubt { code: FailureCode::AnswerLost, detail, lookups };
        self.found_out(trip, attempt, ending).await?;
        Ok(Disposition::Again { step: self.look_step(lookups), attempt })
    }

    fn look_step(&self, lookups: u32) -> DelayStep {
        match self.carrier.next(FailureCode::AnswerLost, AttemptNumber(lookups.saturating_add(2)), None) {
            Next::Retry { step } | Next::Postpone { step } | Next::Reconcile { step } => step,
            Next::GiveUp => DelayStep::Seconds30,
        }
    }

    pub(super) fn first_step(&self, attempt: AttemptNumber) -> DelayStep {
        match self.carrier.next(FailureCode::ProviderFault, attempt, None) {
            Next::Retry { step } | Next::Postpone { step } | Next::Reconcile { step } => step,
            Next::GiveUp => DelayStep::Seconds30,
        }
    }
}

/// How long a doubt has lasted; both times are the database's, because a worker's own clock may be wrong.
pub(super) fn waited_ms(since: Timestamp, now: Timestamp) -> u64 {
    u64::try_from((now.0 - since.0).whole_milliseconds()).unwrap_or(0)
}

pub(crate) fn scope(job: &Job) -> Scope {
    match job {
        Job::Sms(job) => job.scope,
        Job::Email(job) => job.scope,
        Job::Dial(job) => job.scope,
    }
}
