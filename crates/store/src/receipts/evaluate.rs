//! A judgement written to a delivery under its lock; the decision itself is taken elsewhere.
//!
//! Concurrent judgements share one transaction: all deliveries are locked and read, each is judged, and all that was
//! decided is written and committed together.

use std::{
    any::Any,
    collections::HashMap,
    panic::{AssertUnwindSafe, catch_unwind, resume_unwind},
    sync::{Arc, Mutex, PoisonError},
};

use closure_contract::JobId;

use super::{
    apply::{self, Judged},
    facts,
    update::{DeliveryFacts, DeliveryUpdate, Evaluated},
};
use crate::{
    database::{
        batch::{Batch, LostAnswer, column},
        pool::Database,
    },
    error::StoreError,
    finding::keys::HashKeys,
    store::Store,
};

impl Store {
    /// Shows a delivery's facts to `decide` under the delivery's lock, and writes its update in the same commit.
    ///
    /// What it decides beside is given back once that is done. Without a delivery or without an update the answer is
    /// nothing. A delivery that no provider has, or that a person holds, is not moved; terminal states change only as the
    /// update says. Where a commit is tried again, `decide` is asked again with what the facts are by then.
    pub async fn evaluate<F, T>(&self, job_id: JobId, decide: F) -> Result<Option<Evaluated<T>>, StoreError>
    where
        F: Fn(&DeliveryFacts) -> Option<(DeliveryUpdate, T)> + Send + Sync + 'static,
        T: Send + 'static,
    {
        let latest = Arc::new(Mutex::new(None));
        let decided = Arc::clone(&latest);
        let decide = move |facts: &DeliveryFacts| {
            let (update, beside) = decide(facts).unzip();
            *decided.lock().unwrap_or_else(PoisonError::into_inner) = beside;
            update
        };
        let evaluated = match self.judgements.ask(Question { job_id, decide: Box::new(decide) }).await? {
            Answer::Judged(evaluated) => (*evaluated)?,
            // As if it had been decided here.
            Answer::Panicked(panic) => resume_unwind(panic),
        };
        let beside = latest.lock().unwrap_or_else(PoisonError::into_inner).take();
        Ok(evaluated.zip(beside).map(|(evaluated, beside)| evaluated.with(beside)))
    }
}

type Decide = dyn Fn(&DeliveryFacts) -> Option<DeliveryUpdate> + Send + Sync;

/// A delivery that is to be judged.
pub(crate) struct Question {
    job_id: JobId,
    decide: Box<Decide>,
}

/// What came of it; neither a row of a newer release nor a panic keeps another delivery from being judged.
pub(crate) enum Answer {
    Judged(Box<Result<Option<Evaluated>, StoreError>>),
    Panicked(Box<dyn Any + Send>),
}

/// The batched work.
pub(crate) struct Judgements(pub(crate) Database, pub(crate) Arc<HashKeys>);

impl Batch for Judgements {
    type Item = Question;
    type Answer = Answer;
    type Key = JobId;

    /// What follows from a commit is told by the one who made it; whoever finds it made may not know by whom.
    const LOST_ANSWER: LostAnswer = LostAnswer::Tell;

    fn key(item: &Question) -> JobId {
        item.job_id
    }

    async fn run(&self, items: &[&Question]) -> Result<Vec<Answer>, StoreError> {
        self.0
            .bounded(async {
                let mut session = self.0.session().await?;
                let transaction = session.transaction().await?;
                let mut facts = facts::lock(&transaction, &column(items, |item| item.job_id.0)).await?;
                let (mut judged, mut panics) = (Vec::with_capacity(items.len()), HashMap::new());
                for item in items {
                    let Some(Ok(facts)) = facts.get(&item.job_id) else { continue };
                    match catch_unwind(AssertUnwindSafe(|| (item.decide)(facts))) {
                        Ok(Some(update)) => judged.push(Judged { facts, update }),
                        Ok(None) => {}
                        Err(panic) => drop(panics.insert(item.job_id, panic)),
                    }
                }
                let mut written = apply::write(&transaction, judged, &self.1).await?;
                transaction.commit().await?;
                session.done();
                let answer =
                    |item: &&Question| match (panics.remove(&item.job_id), facts.remove(&item.job_id)) {
                        (Some(panic), _) => Answer::Panicked(panic),
                        (None, Some(Err(problem))) => Answer::Judged(Box::new(Err(problem))),
                        (None, Some(Ok(_)) | None) => {
                            Answer::Judged(Box::new(written.remove(&item.job_id).transpose()))
                        }
                    };
                Ok(items.iter().map(answer).collect())
            })
            .await
    }
}
