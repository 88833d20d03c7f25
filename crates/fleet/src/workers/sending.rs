//! One try of a claimed job: the rules' last word, the request, and what a lease that ends meanwhile means for it.

use std::sync::Arc;

use bytes::Bytes;
use closure_contract::{AttemptNumber, ClientRef, FailureCode};
use closure_policy::explain::Verdict;
use closure_providers::{Handover, Reached, SendFailure};
use closure_store::Contact;

use super::{
    carrier::{Attempt, Carrier},
    courier::{Courier, Trip},
    patience::doubt_of,
};
use crate::{
    engine::Admission,
    runtime::{Disposition, Interrupted},
};

impl<C: Carrier> Courier<C> {
    /// A granted claim: try once, after the rules had their last word.
    ///
    /// Much may have changed since the job was read: it may be cancelled by now, or too late, or its template's
    /// approval withdrawn. Where the word cannot be had, the attempt is given back rather than its lease overstayed.
    pub(super) async fn go(
        &self,
        trip: &Trip<'_>,
        attempt: AttemptNumber,
        client_ref: ClientRef,
        rendered: Option<Bytes>,
    ) -> Result<Disposition, Interrupted> {
        if trip.decision.verdict != Verdict::Send {
            return self.unsent(trip, attempt).await;
        }
        match self.engine.admit(trip.job).await {
            Ok(Admission { decision, contact }) => {
                let trip = Trip { decision: &decision, ..*trip };
                self.send(&trip, attempt, client_ref, rendered, contact).await
            }
            Err(problem) => self.unasked(trip, attempt, &problem).await,
        }
    }

    /// Tries once what the rules let pass.
    async fn send(
        &self,
        trip: &Trip<'_>,
        attempt: AttemptNumber,
        client_ref: ClientRef,
        rendered: Option<Bytes>,
        contact: Option<Contact>,
    ) -> Result<Disposition, Interrupted> {
        let (Verdict::Send, Some(plan)) = (trip.decision.verdict, &trip.decision.plan) else {
            return self.unsent(trip, attempt).await;
        };
        // A lease taken over while this process stood still must not be used, and the connection's state is the last
        // thing looked at before the provider.
        trip.hand.may_act()?;
        if trip.kept.is_over() {
            return self.not_handed_over(trip, attempt, contact.as_ref()).await;
        }
        let handover = Arc::new(Handover::new(trip.kept.until()));
        let attempted = Attempt {
            job: trip.job.id(),
            generation: trip.hand.message.generation,
            lease: trip.kept.lease,
            hand: trip.hand,
            plan,
            provider: trip.provider,
            client_ref,
            rendered,
            handover: &handover,
            passage: trip.passage,
        };
        let sent = tokio::select! {
            // A process that stood still looks at the clock before it goes on.
            biased;
            () = handover.over() => None,
            sent = self.carrier.try_once(&attempted) => Some(sent),
        };
        match (sent, handover.reached()) {
            (Some(Ok(accepted)), _) => {
                self.patience.came_through(trip);
                self.end(trip, attempt, self.carrier.taken(accepted)).await
            }
            (Some(Err(_)), Reached::Refused) | (None, Reached::Nothing | Reached::Refused) => {
                self.not_handed_over(trip, attempt, contact.as_ref()).await
            }
            (Some(Err(failure)), Reached::Nothing | Reached::Begun | Reached::Complete) => {
                self.give_back(trip, attempt, contact.as_ref(), failure.code).await?;
                self.failed(trip, attempt, failure).await
            }
            (None, Reached::Begun | Reached::Complete) => {
                let detail = "its lease was over before the provider answered, and the request was cut";
                let failure = SendFailure::new(doubt_of(self.carrier.channel()), detail);
                self.failed(trip, attempt, failure).await
            }
        }
    }

    /// The lease was over before anything was handed over: nothing was sent, and no try is spent.
    async fn not_handed_over(
        &self,
        trip: &Trip<'_>,
        attempt: AttemptNumber,
        contact: Option<&Contact>,
    ) -> Result<Disposition, Interrupted> {
        self.give_back(trip, attempt, contact, FailureCode::ProviderUnavailable).await?;
        self.too_late(trip, attempt).await
    }
}
