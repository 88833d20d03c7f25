//! What comes before a try: which generation a message is of, which revision came, and the claim itself.

use std::{sync::Mutex, time::Instant};

use closure_contract::{Generation, Job};
use closure_store::{Claim, JsonText, Lease, NewClaim};
use uuid::Uuid;

use super::DeliveryPipeline;
use crate::{
    delivery::{
        channel::{ChannelDriver, Decided, Route},
        leases::Kept,
        record,
    },
    lock::lock,
    runtime::{InHand, Interrupted},
};

/// The revision that takes nothing's place.
const FIRST_REVISION: u32 = 1;

impl<C: ChannelDriver> DeliveryPipeline<C> {
    /// Whether the generation that a message names is to be believed: whoever may publish may write any, but only a
    /// person's replay makes one, and that is on record.
    pub(super) async fn is_of_its_generation(
        &self,
        hand: &InHand<'_>,
        job: &Job,
    ) -> Result<bool, Interrupted> {
        let named = hand.message.generation;
        if named == Generation::FIRST || hand.message.is_our_copy() {
            return Ok(true);
        }
        hand.stored("look for a generation", || self.store.has_generation(job.id(), named)).await
    }

    /// B2: that a later revision came is on record before anything becomes of it, whatever that is.
    pub(super) async fn note_revision(&self, hand: &InHand<'_>, job: &Job) -> Result<(), Interrupted> {
        let consultation = job.consultation();
        if consultation.revision <= FIRST_REVISION {
            return Ok(());
        }
        hand.may_act()?;
        hand.stored("supersede", || self.store.supersede(&consultation.id, consultation.revision)).await
    }

    /// The answer to a claim, and the lease that it grants if it does, kept from then on.
    pub(super) async fn claim(
        &self,
        hand: &InHand<'_>,
        Decided { job, decision, .. }: Decided<'_>,
        route: &Route,
        rules: &JsonText,
    ) -> Result<(Claim, Kept), Interrupted> {
        let message = hand.message;
        let consultation = job.consultation();
        let claim = NewClaim {
            token: Uuid::new_v4(),
            job_id: job.id(),
            channel: job.channel(),
            kind: job.kind().to_owned(),
            consultation_id: consultation.id.clone(),
            revision: consultation.revision,
            generation: message.generation,
            attempt: message.attempt,
            body: message.body.clone(),
            source_job_id: job.fallback_of(),
            provider: route.provider,
            lease_ms: self.leases.length_ms(),
            rendered: route.rendered.clone().ok().flatten(),
            rules: rules.clone(),
            sender_asked: record::sender_asked(decision),
            traceparent: message.traceparent.clone(),
            found_by: decision.found_by.clone(),
        };
        hand.may_act()?;
        let asked = Mutex::new((claim.token, self.leases.end_if_asked_now()));
        let ask = || {
            let (token, until) = {
                let mut asked = lock(&asked);
                // The lease of an answer that was lost is over by now: another worker may hold the job.
                if asked.1 <= Instant::now() {
                    *asked = (Uuid::new_v4(), self.leases.end_if_asked_now());
                }
                *asked
            };
            let answer = self.store.claim(NewClaim { token, ..claim.clone() });
            async move { answer.await.map(|claim| (claim, token, until)) }
        };
        let (answer, token, until) = hand.stored("claim", ask).await?;
        Ok((answer, self.leases.keep(Lease { job_id: job.id(), token }, until)))
    }
}
