//! The fallback worker: reads receipts, and enqueues the email reply where the text message did not do (R14a–R14f).

use std::{sync::Arc, time::Duration};

use closure_broker::{OutMessage, Publisher, Redelivered};
use closure_contract::{Channel, Job, JobId, Receipt, ReceiptMessage, Timestamp, topology::WorkQueue};
use closure_store::{Announce, DeliveryFacts, DeliveryState, Evaluated, Recorded, Store, StoreError};
use tracing::{error, info, warn};

use super::{
    accounts::Accounts,
    brakes::Brakes,
    story::{self, Ended},
};
use crate::{
    announce,
    lifecycle::Lifecycle,
    repeats::Repeats,
    rules::Rules,
    runtime::{self, Disposition, Hand, Interrupted, Worker},
};

/// One sweep takes at most this many deliveries of each sort.
const SWEEP_MAX: i64 = 500;
/// What is owed for longer than this was not told by the process that owed it.
const OWED_FOR_MS: u64 = 15_000;

/// Reads the receipts queue.
#[derive(Clone)]
pub struct FallbackWorker {
    /// The deliveries and their receipts.
    pub store: Store,
    /// The rules.
    pub rules: Rules,
    /// Whether emails are held back.
    pub brakes: Arc<Brakes>,
    /// Whether the gateways carry what they take.
    pub accounts: Arc<Accounts>,
    /// How often a gateway spoke of another's attempt.
    pub(crate) disbelieved: Arc<Repeats>,
}

/// A receipt that matches nothing is looked at this often before it is left to the sweep.
const RECORD_LOOKS_MAX: u32 = 3;
/// Longer than a settlement's statement takes, and shorter than a person notices.
const RECORD_PAUSE: Duration = Duration::from_millis(25);

/// Why a delivery is looked at, which says what the CRM has not heard yet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Occasion {
    /// A receipt came.
    Receipt,
    /// The SMS worker settled it.
    Submission,
    /// The same message once more: what followed from it may not have been told.
    Repeat,
    /// Its receipt is overdue, or a receipt found its delivery late.
    Sweep,
}

impl Worker for FallbackWorker {
    fn queue(&self) -> &'static str {
        WorkQueue::Receipts.name()
    }

    async fn handle(&self, hand: &Hand<'_>) -> Result<Disposition, Interrupted> {
        let message = hand.message;
        let decoded = match ReceiptMessage::decode(&message.body) {
            Ok(decoded) => decoded,
            Err(problem) => {
                warn!(message_id = ?message.message_id, %problem, "a receipt cannot be read; it goes to the dead queue");
                return Ok(Disposition::Reject);
            }
        };
        hand.may_act()?;
        let (job, occasion) = match decoded {
            ReceiptMessage::Submission(submission) => (Some(submission.job_id), Occasion::Submission),
            ReceiptMessage::Receipt(receipt) => (self.record(hand, &receipt).await?, Occasion::Receipt),
        };
        let Some(job) = job else { return Ok(Disposition::Done(Vec::new())) };
        let occasion = if message.redelivered == Redelivered::Maybe { Occasion::Repeat } else { occasion };
        let evaluated = hand.until_available(|| self.evaluate(job, Announce::Now)).await?;
        match evaluated {
            Ok(evaluated) => Ok(Disposition::Done(follow_ups(evaluated.as_ref(), occasion))),
            Err(problem) => {
                error!(%problem, "the database refused a statement; the receipt is left for another try");
                Err(Interrupted)
            }
        }
    }
}

impl FallbackWorker {
    /// The count of receipts that name another gateway's attempt, told to people once a minute at most.
    pub(crate) fn disbelieved(lifecycle: &Lifecycle) -> Arc<Repeats> {
        Repeats::told(lifecycle, |receipts| {
            warn!(
                receipts,
                "receipts name another gateway's attempt; they are kept and not believed, and fleet doctor says whose"
            );
        })
    }

    /// Puts a receipt on record and says whose it is.
    ///
    /// One that comes in the very moment of the settlement that names its reference is seen by neither of the two,
    /// so that it is looked at again after the moment has passed; what still matches nothing is left to the sweep.
    async fn record(&self, hand: &Hand<'_>, receipt: &Receipt) -> Result<Option<JobId>, Interrupted> {
        for look in 1..=RECORD_LOOKS_MAX {
            let recorded = hand.until_available(|| self.store.record_receipt(receipt)).await?;
            match recorded {
                Ok(Recorded::Matched(job) | Recorded::Duplicate(Some(job))) => return Ok(Some(job)),
                Ok(Recorded::Anothers(_)) => {
                    self.disbelieved.add();
                    return Ok(None);
                }
                Ok(Recorded::Unmatched | Recorded::Duplicate(None)) if look < RECORD_LOOKS_MAX => {
                    tokio::time::sleep(RECORD_PAUSE).await;
                }
                Ok(Recorded::Unmatched | Recorded::Duplicate(None)) => {}
                Err(problem) => {
                    error!(%problem, "the database refused a receipt; it is left for another try");
                    return Err(Interrupted);
                }
            }
        }
        info!(provider = %receipt.provider, "a receipt names no delivery of ours yet; it is kept");
        Ok(None)
    }

    async fn evaluate(&self, job: JobId, announce: Announce) -> Result<Option<Evaluated>, StoreError> {
        // The email is made from the template that the text message named, however new that is.
        let rulebook = &self.rules.fresh().await?;
        let (now, brakes) = (Timestamp::now(), &self.brakes);
        let (mut ended, mut heard) = (None, None);
        let decide = |facts: &DeliveryFacts| {
            let judged = story::judge(facts, rulebook, now, announce, brakes)?;
            (ended, heard) = (judged.ended, judged.heard);
            Some(judged.verdict)
        };
        let evaluated = self.store.evaluate(job, decide).await?;
        if let Some(heard) = heard {
            self.accounts.hear(heard).await;
        }
        if let Some(Ended { provider, country_code, ending }) = ended {
            self.brakes.count(provider, country_code, ending);
        }
        Ok(evaluated)
    }
}

/// What follows from a look at a delivery: the fallback email, and the outcome where the CRM has not heard it.
fn follow_ups(evaluated: Option<&Evaluated>, occasion: Occasion) -> Vec<OutMessage> {
    let Some(evaluated) = evaluated else { return Vec::new() };
    let repeat = occasion == Occasion::Repeat;
    let mut messages = Vec::new();
    if let Some(email) = &evaluated.fallback
        && (email.created || repeat)
    {
        match email.state {
            DeliveryState::Pending => match Job::decode(&email.body) {
                Ok(job) => {
                    info!(job_id = %evaluated.after.job_id, email_job_id = %email.job_id, "an email answers");
                    messages.push(announce::fallback_message(&job, email.body.clone()));
                }
                Err(problem) => error!(%problem, "a fallback email that we made cannot be read"),
            },
            DeliveryState::Dead => messages.extend(email.snapshot.as_ref().and_then(announce::outcome)),
            DeliveryState::Sending
            | DeliveryState::InDoubt
            | DeliveryState::Waiting
            | DeliveryState::Accepted
            | DeliveryState::Delivered
            | DeliveryState::Undelivered
            | DeliveryState::Unknown
            | DeliveryState::Refused
            | DeliveryState::Expired
            | DeliveryState::Discarded
            | DeliveryState::Superseded
            | DeliveryState::Cancelled => {}
        }
    }
    let (before, after) = (evaluated.before, evaluated.after.state);
    let settled_unheard =
        occasion == Occasion::Submission && matches!(before, DeliveryState::Refused | DeliveryState::Unknown);
    let released = evaluated.held_before.is_some();
    if repeat || settled_unheard || released || (!before.is_terminal() && after.is_terminal()) {
        messages.extend(announce::outcome(&evaluated.after));
    }
    messages
}

/// Finds what no message tells: receipts that are overdue, receipts that came before their delivery was known, and
/// what a process owed when it died.
pub struct Sweep {
    /// The receipts worker's own judgement.
    pub worker: Arc<FallbackWorker>,
    /// How to tell.
    pub publisher: Publisher,
    /// Between two looks.
    pub pause: Duration,
    /// When to stop.
    pub lifecycle: Lifecycle,
}

impl Sweep {
    /// Looks at each interval, until the process stops.
    pub async fn run(self) {
        loop {
            if let Err(problem) = self.look().await {
                warn!(%problem, "the sweep could not be finished; it begins again");
            }
            tokio::select! {
                () = tokio::time::sleep(self.pause) => {}
                () = self.lifecycle.stop.cancelled() => return,
            }
        }
    }

    async fn look(&self) -> Result<(), StoreError> {
        let store = &self.worker.store;
        let mut due = store.overdue(SWEEP_MAX).await?;
        due.extend(store.match_inbox(SWEEP_MAX).await?);
        store.forget_tallies(SWEEP_MAX).await?;
        for job in due {
            // No message is the outbox here, so the row remembers that something is owed until it was told.
            match self.worker.evaluate(job, Announce::Owed).await {
                Ok(evaluated) => self.tell(job, follow_ups(evaluated.as_ref(), Occasion::Sweep)).await?,
                Err(away) if away.is_unavailable() => return Err(away),
                // One delivery that cannot be written must not keep the others from being looked at.
                Err(problem) => error!(job_id = %job, %problem, "a delivery could not be looked at"),
            }
        }
        for job in store.owed_announcements(OWED_FOR_MS, SWEEP_MAX).await? {
            self.tell_again(job).await?;
        }
        Ok(())
    }

    async fn tell_again(&self, job: JobId) -> Result<(), StoreError> {
        let Some(snapshot) = self.worker.store.snapshot(job).await? else { return Ok(()) };
        let messages = match snapshot.channel {
            Channel::Sms => {
                let evaluated = self.worker.evaluate(job, Announce::Owed).await?;
                follow_ups(evaluated.as_ref(), Occasion::Repeat)
            }
            Channel::Email | Channel::Dial => announce::outcome(&snapshot).into_iter().collect(),
        };
        self.tell(job, messages).await
    }

    async fn tell(&self, job: JobId, messages: Vec<OutMessage>) -> Result<(), StoreError> {
        if runtime::publish(&self.publisher, messages, &self.lifecycle).await.is_ok() {
            self.worker.store.announced(&[job]).await?;
        }
        Ok(())
    }
}
