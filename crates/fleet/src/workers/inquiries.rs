//! Asks gateways about texts whose receipt is nearly overdue, so that an intake that was away, or a webhook that nobody
//! registered, costs no customer a needless email.

use std::{sync::Arc, time::Duration};

use closure_broker::Publisher;
use closure_contract::{Job, JobId, Provider, Timestamp};
use closure_providers::{LookUp, SendFailure, SmsGateway, StatusQuery};
use closure_store::{Store, StoreError, Unheard};
use futures::{StreamExt as _, stream};
use tracing::{info, warn};

use super::{doubt::scope, gateways::Gateways};
use crate::{intake, lifecycle::Lifecycle, runtime, services::Service};

/// One look takes at most this many.
const LOOK_MAX: i64 = 200;
/// So many questions are under way at once: sending must not wait for them.
const QUESTIONS_MAX: usize = 4;

/// Asks about what nobody is told of.
pub struct Inquiries {
    /// Where the text messages stand.
    pub store: Store,
    /// Who is asked.
    pub gateways: Arc<Gateways>,
    /// To the receipts queue: an answer is judged as the receipt that says the same.
    pub publisher: Publisher,
    /// How long before a receipt is overdue.
    pub before_ms: u64,
    /// Between two looks.
    pub pause: Duration,
    /// When to stop.
    pub lifecycle: Lifecycle,
}

/// What came of one question.
enum Asked {
    /// The gateway answered; its final word, if it has one, is with the broker.
    Answered(JobId),
    /// It has to be asked again.
    NotAnswered,
}

impl Inquiries {
    /// Looks at each interval, until the process stops.
    pub async fn run(self) {
        let mut asking = self.lifecycle.services.ask(Service::SideLooks);
        let names = self.gateways.names();
        loop {
            match self.look(&names).await {
                Ok(()) => asking.answered(),
                // Whoever was not marked as answered is handed out again in a minute.
                Err(problem) => asking.failed(&problem),
            }
            tokio::select! {
                () = tokio::time::sleep(self.pause) => {}
                () = self.lifecycle.stop.cancelled() => return,
            }
        }
    }

    async fn look(&self, names: &[Provider]) -> Result<(), StoreError> {
        let unheard = self.store.unheard(self.before_ms, names, LOOK_MAX).await?;
        if unheard.is_empty() {
            return Ok(());
        }
        let texts = unheard.len();
        let answered: Vec<JobId> = stream::iter(unheard)
            .map(|text| async move { self.ask(&text).await })
            .buffer_unordered(QUESTIONS_MAX)
            .filter_map(async |asked| match asked {
                Asked::Answered(job) => Some(job),
                Asked::NotAnswered => None,
            })
            .collect()
            .await;
        info!(
            texts,
            answered = answered.len(),
            "gateways were asked about texts whose receipts are nearly overdue"
        );
        self.store.answered(&answered).await
    }

    async fn ask(&self, text: &Unheard) -> Asked {
        if self.lifecycle.stop.is_cancelled() {
            return Asked::NotAnswered;
        }
        let (Some(gateway), Ok(job)) = (self.gateways.get(text.provider), Job::decode(&text.body)) else {
            return Asked::NotAnswered;
        };
        let looked = match status(gateway, text, &job).await {
            Ok(looked) => looked,
            Err(problem) => {
                warn!(job_id = %text.job_id, %problem, "the gateway could not be asked about a text without a receipt");
                return Asked::NotAnswered;
            }
        };
        let Some(receipt) = looked.receipt(text.provider, text.client_ref, Timestamp::now()) else {
            return Asked::Answered(text.job_id);
        };
        match runtime::publish(&self.publisher, vec![intake::message(receipt)], &self.lifecycle).await {
            Ok(()) => Asked::Answered(text.job_id),
            Err(_) => Asked::NotAnswered,
        }
    }
}

async fn status(gateway: &SmsGateway, text: &Unheard, job: &Job) -> Result<LookUp, SendFailure> {
    gateway
        .status(&StatusQuery {
            client_ref: text.client_ref,
            provider_ref: &text.provider_ref,
            scope: scope(job),
        })
        .await
}
