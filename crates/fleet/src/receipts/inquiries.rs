//! Asks gateways about texts whose receipt is nearly overdue, so that an intake that was away, or a webhook that nobody
//! registered, costs no customer a needless email.

use std::{sync::Arc, time::Duration};

use closure_broker::Publisher;
use closure_contract::{Job, JobId, Provider, Timestamp};
use closure_providers::{LookUp, SendFailure, SmsGateway, StatusQuery};
use closure_store::{Store, StoreError, Unheard};
use futures::future::join_all;
use tracing::{info, warn};

use super::intake;
use crate::gateways::pool::Gateways;
use crate::{
    lifecycle::{Lifecycle, Rest},
    runtime,
    services::{Asking, Service},
};

/// One look takes at most this many, so that they are asked about before they are handed out again.
const LOOK_MAX: usize = 20;
/// So many questions are under way at once: sending must not wait for them.
const QUESTIONS_MAX: usize = 4;

/// Asks one gateway about what nobody is told of; others do not wait for it.
pub struct Inquiries {
    pub provider: Provider,
    /// The gateways that are configured.
    pub gateways: Arc<Gateways>,
    /// Where the text messages stand.
    pub store: Store,
    /// To the receipts queue: an answer is judged as the receipt that says the same.
    pub publisher: Publisher,
    /// How long before a receipt is overdue.
    pub before_ms: u64,
    pub pause: Duration,
    pub lifecycle: Lifecycle,
}

/// What came of one question.
enum Asked {
    /// The gateway answered, if only that it does not know the message; its final word, if it has one, is with the broker.
    Answered(JobId),
    /// It could not be asked, and is left alone for a while where it answered about no other either.
    Away(SendFailure),
    Left,
}

impl Inquiries {
    /// Looks at each interval, and at once where there is more, until the process stops.
    pub async fn run(self) {
        let mut asking = self.lifecycle.services.ask(Service::SideLooks);
        let mut asking_gateway = self.lifecycle.services.ask(Service::ReceiptPull);
        loop {
            let pause = match self.look(&mut asking_gateway).await {
                Ok(More::AtOnce) => {
                    asking.answered();
                    Duration::ZERO
                }
                Ok(More::Later) => {
                    asking.answered();
                    self.pause
                }
                // Whoever was not marked as answered is handed out again in a minute.
                Err(problem) => {
                    asking.failed(&problem);
                    self.pause
                }
            };
            if self.lifecycle.rest(pause).await == Rest::Stopped {
                return;
            }
        }
    }

    async fn look(&self, asking: &mut Asking) -> Result<More, StoreError> {
        let Some(gateway) = self.gateways.get(self.provider) else { return Ok(More::Later) };
        let texts = self.store.unheard(self.before_ms, self.provider, LOOK_MAX).await?;
        if texts.is_empty() {
            return Ok(More::Later);
        }
        let mut answered = Vec::new();
        for some in texts.chunks(QUESTIONS_MAX) {
            let asked = join_all(some.iter().map(|text| self.ask(gateway, text))).await;
            let (before, mut away) = (answered.len(), None);
            for asked in asked {
                match asked {
                    Asked::Answered(job) => answered.push(job),
                    Asked::Away(problem) => away = Some(problem),
                    Asked::Left => {}
                }
            }
            if answered.len() > before {
                asking.answered();
            } else {
                if let Some(problem) = away {
                    asking.failed(&format_args!("{}: {problem}", self.provider));
                }
                break;
            }
        }
        if answered.is_empty() {
            return Ok(More::Later);
        }
        let (provider, count) = (self.provider, texts.len());
        info!(%provider, texts = count, answered = answered.len(), "a gateway was asked about texts whose receipts are nearly overdue");
        self.store.answered(&answered).await?;
        let is_more = answered.len() == LOOK_MAX;
        Ok(if is_more { More::AtOnce } else { More::Later })
    }

    async fn ask(&self, gateway: &SmsGateway, text: &Unheard) -> Asked {
        if self.lifecycle.stop.is_cancelled() {
            return Asked::Left;
        }
        let job = match Job::decode(&text.body) {
            Ok(job) => job,
            Err(problem) => {
                warn!(job_id = %text.job_id, %problem, "a stored job cannot be read; nobody is asked about it");
                return Asked::Answered(text.job_id);
            }
        };
        let looked = match status(gateway, text, &job).await {
            Ok(looked) => looked,
            Err(problem) if problem.is_outage() => return Asked::Away(problem),
            // What it says of this text alone must not keep it from being asked about the others.
            Err(problem) => {
                warn!(job_id = %text.job_id, %problem, "the gateway could not be asked about a text without a receipt");
                return Asked::Answered(text.job_id);
            }
        };
        let Some(receipt) = looked.receipt(text.provider, text.client_ref, Timestamp::now()) else {
            return Asked::Answered(text.job_id);
        };
        match runtime::publish(&self.publisher, vec![intake::message(receipt)], &self.lifecycle).await {
            Ok(()) => Asked::Answered(text.job_id),
            Err(_) => Asked::Left,
        }
    }
}

/// Whether more texts wait to be asked about.
enum More {
    AtOnce,
    Later,
}

async fn status(gateway: &SmsGateway, text: &Unheard, job: &Job) -> Result<LookUp, SendFailure> {
    gateway
        .status(&StatusQuery {
            client_ref: text.client_ref,
            provider_ref: &text.provider_ref,
            scope: job.scope(),
        })
        .await
}
