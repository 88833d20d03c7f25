//! The fallback worker: reads receipts, and enqueues the email reply where the text message did not do (R14a–R14f).

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU32, Ordering},
    },
    time::Duration,
};

use closure_broker::{OutMessage, Publisher, Redelivered};
use closure_contract::{Channel, JobId, Receipt, ReceiptMessage, topology::WorkQueue};
use closure_store::{
    Debt, DeliveryFacts, DeliveryState, DeliveryUpdate, Evaluated, FallbackRow, Owed, Recorded, Store,
    StoreError, SweepWork,
};
use futures::{StreamExt, TryStreamExt, stream};
use tracing::{debug, error, info, warn};

use crate::{
    announce,
    lifecycle::Lifecycle,
    live_rulebook::Rules,
    repeats::Repeats,
    runtime::{self, Disposition, InHand, Interrupted, Outage as _, Remedy, Told, Worker},
    services::Service,
};
use crate::{
    gateways::{fallback_hold::FallbackHolds, health::GatewayHealth, text_report::TextReport},
    receipts::judgement,
};

/// One sweep takes at most this many deliveries of each sort.
const SWEEP_MAX: i64 = 500;
/// So many of them are looked at at once.
const SWEEP_AT_ONCE: usize = 100;
/// What is owed for longer than this was not told by the process that owed it.
const OWED_FOR_MS: u64 = 15_000;

/// Reads the receipts queue.
#[derive(Clone)]
pub struct FallbackWorker {
    /// The deliveries and their receipts.
    pub store: Store,
    pub rules: Rules,
    /// Whether emails are held back.
    pub holds: Arc<FallbackHolds>,
    /// Whether the gateways carry what they take.
    pub health: Arc<GatewayHealth>,
    /// How often a gateway spoke of another's attempt.
    pub(crate) disbelieved: Arc<Repeats>,
}

/// A receipt that matches nothing is looked at this often before it is left to the sweep.
const RECORD_LOOKS_MAX: u32 = 3;
/// Longer than a settlement's statement takes, and shorter than a person notices.
const RECORD_PAUSE: Duration = Duration::from_millis(25);

/// How sure it is that nobody else is announcing what an earlier commit owes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Pass {
    /// Another may be at it: only what follows from this pass is announced.
    First,
    /// A pass before this one was cut short, or the sweep found the debt: whatever is owed is announced.
    Again,
}

impl Worker for FallbackWorker {
    fn queue(&self) -> &'static str {
        WorkQueue::Receipts.name()
    }

    async fn handle(&self, hand: &InHand<'_>) -> Result<Disposition, Interrupted> {
        let message = hand.message;
        let decoded = match ReceiptMessage::decode(&message.body) {
            Ok(decoded) => decoded,
            Err(problem) => {
                warn!(message_id = message.message_id.as_deref(), %problem, "a receipt cannot be read; it goes to the dead queue");
                return Ok(Disposition::Reject);
            }
        };
        hand.may_act()?;
        let job = match decoded {
            ReceiptMessage::Submission(submission) => Some(submission.job_id),
            ReceiptMessage::Receipt(receipt) => self.record(hand, &receipt).await?,
        };
        let Some(job) = job else { return Ok(Disposition::Done(Vec::new())) };
        // A commit whose answer was lost owes what this pass then finds in the record.
        let passes = AtomicU32::new(0);
        let evaluated = hand
            .until_available(|| {
                passes.fetch_add(1, Ordering::Relaxed);
                self.evaluate(job)
            })
            .await?;
        let is_first = passes.into_inner() == 1 && message.redelivered == Redelivered::No;
        let pass = if is_first { Pass::First } else { Pass::Again };
        match evaluated {
            Ok(None) => Ok(Disposition::Done(Vec::new())),
            Ok(Some(evaluated)) => {
                let (messages, debts) = follow_ups(&evaluated, pass);
                Ok(Disposition::Told(Told { messages, debts, store: self.store.clone() }))
            }
            // What was recorded is judged by a process of that release, whose sweep finds it.
            Err(problem) if problem.remedy() == Remedy::NewerRelease => {
                info!(job_id = %job, %problem, "a delivery waits for a process of a newer release");
                hand.stored("look again", || self.store.look_again(job)).await?;
                Ok(Disposition::Done(Vec::new()))
            }
            Err(problem) => Err(Interrupted::Refused(problem)),
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
    async fn record(&self, hand: &InHand<'_>, receipt: &Receipt) -> Result<Option<JobId>, Interrupted> {
        for look in 1..=RECORD_LOOKS_MAX {
            match hand.stored("record a receipt", || self.store.record_receipt(receipt)).await? {
                Recorded::Matched(job) | Recorded::Duplicate(Some(job)) => return Ok(Some(job)),
                Recorded::OnItsWay(_) => return Ok(None),
                Recorded::Anothers(_) => {
                    self.disbelieved.add();
                    return Ok(None);
                }
                Recorded::Unmatched | Recorded::Duplicate(None) if look < RECORD_LOOKS_MAX => {
                    tokio::time::sleep(RECORD_PAUSE).await;
                }
                Recorded::Unmatched | Recorded::Duplicate(None) => {}
            }
        }
        info!(provider = %receipt.provider, "a receipt names no delivery of ours yet; it is kept");
        Ok(None)
    }

    /// Judges a delivery by rules that are no older than what is known of it: the email is made from the template that the
    /// text message named, however new that is.
    async fn evaluate(&self, job: JobId) -> Result<Option<Evaluated<Option<TextReport>>>, StoreError> {
        loop {
            let outdated = Arc::new(AtomicBool::new(false));
            let evaluated = self.store.evaluate(job, self.judge(Arc::clone(&outdated))).await?;
            if outdated.load(Ordering::Relaxed) {
                self.rules.fresh().await?;
                continue;
            }
            if let Some(report) = evaluated.as_ref().and_then(|evaluated| evaluated.beside) {
                self.health.report_receipt(report).await;
                self.holds.count(report);
            }
            return Ok(evaluated);
        }
    }

    /// The judgement as a function of its facts; nothing is decided where the rules are `outdated`.
    fn judge(
        &self,
        outdated: Arc<AtomicBool>,
    ) -> impl Fn(&DeliveryFacts) -> Option<(DeliveryUpdate, Option<TextReport>)> + Send + Sync + use<> {
        let (rules, holds) = (self.rules.clone(), Arc::clone(&self.holds));
        move |facts| {
            let rulebook = rules.since(facts.template_version);
            outdated.store(rulebook.is_none(), Ordering::Relaxed);
            judgement::judge(facts, &*rulebook?, |provider| holds.held(provider))
        }
    }
}

/// What is to be announced after a delivery was judged, and what is owed no more by it: the job of the email that answers, or
/// that nobody can send it, and the word about the text message itself.
fn follow_ups<T>(evaluated: &Evaluated<T>, pass: Pass) -> (Vec<OutMessage>, Vec<Debt>) {
    let (mut messages, mut debts) = (Vec::new(), Vec::new());
    if let Some(FallbackRow { owed, snapshot: Some(email), .. }) = &evaluated.fallback
        && is_due(*owed, pass)
    {
        match email.state {
            DeliveryState::Pending => {
                info!(job_id = %evaluated.after.job_id, email_job_id = %email.job_id, "an email answers");
                messages.extend(announce::email_job(email));
                debts.push(Debt::of(email));
            }
            DeliveryState::Dead => {
                messages.extend(announce::outcome(email));
                debts.push(Debt::of(email));
            }
            // The email worker has it, and owes and tells what comes of it.
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
    if is_due(evaluated.owed, pass) {
        messages.extend(announce::outcome(&evaluated.after));
        debts.push(Debt::of(&evaluated.after));
    }
    (messages, debts)
}

fn is_due(owed: Owed, pass: Pass) -> bool {
    match (owed, pass) {
        (Owed::Now, _) | (Owed::Before, Pass::Again) => true,
        (Owed::Nothing, _) | (Owed::Before, Pass::First) => false,
    }
}

/// One delivery that cannot be written or read must not keep the others from being looked at; an outage does.
fn passed_by(job: JobId, problem: StoreError) -> Result<(), StoreError> {
    match problem.remedy() {
        Remedy::Time => return Err(problem),
        Remedy::None => error!(job_id = %job, %problem, "a delivery could not be looked at"),
        // A process of that release looks at it.
        Remedy::NewerRelease => debug!(job_id = %job, %problem, "a delivery could not be looked at"),
    }
    Ok(())
}

/// Does this for each of the deliveries, many at a time, so that they share commits.
async fn each<F>(jobs: Vec<JobId>, look: impl Fn(JobId) -> F) -> Result<(), StoreError>
where
    F: Future<Output = Result<(), StoreError>>,
{
    let looks = stream::iter(jobs).map(|job| {
        let looked = look(job);
        async move { looked.await.or_else(|problem| passed_by(job, problem)) }
    });
    looks.buffer_unordered(SWEEP_AT_ONCE).try_collect().await
}

/// Finds what no message tells: receipts that are overdue, receipts that came before their delivery was known, letters
/// that were given up for good, and what a process owed when it died.
pub struct Sweep {
    /// The receipts worker's own judgement.
    pub worker: Arc<FallbackWorker>,
    pub publisher: Publisher,
    pub pause: Duration,
    pub lifecycle: Lifecycle,
}

impl Sweep {
    /// Looks at each interval, until the process stops.
    pub async fn run(self) {
        self.lifecycle.poll(Service::SideLooks, self.pause, || self.sweep()).await;
    }

    async fn sweep(&self) -> Result<(), StoreError> {
        let store = &self.worker.store;
        let work = store.sweep_work(OWED_FOR_MS).await?;
        let mut due = Vec::new();
        if work.contains(&SweepWork::Overdue) {
            due.extend(store.overdue(SWEEP_MAX).await?);
        }
        if work.contains(&SweepWork::Inbox) {
            due.extend(store.match_inbox(SWEEP_MAX).await?);
        }
        if work.contains(&SweepWork::Tallies) {
            store.forget_tallies(SWEEP_MAX).await?;
        }
        each(due, |job| self.look(job)).await?;
        if work.contains(&SweepWork::Discards) {
            for given_up in store.discard_due(SWEEP_MAX).await? {
                let messages = announce::outcome(&given_up).into_iter().collect();
                self.announce((messages, vec![Debt::of(&given_up)])).await;
            }
        }
        if work.contains(&SweepWork::Owed) {
            each(store.owed(OWED_FOR_MS, SWEEP_MAX).await?, |job| self.announce_again(job)).await?;
        }
        Ok(())
    }

    async fn look(&self, job: JobId) -> Result<(), StoreError> {
        if let Some(evaluated) = self.worker.evaluate(job).await? {
            self.announce(follow_ups(&evaluated, Pass::First)).await;
        }
        Ok(())
    }

    /// Announces what is owed, from the record as it is: the email that nobody has tried, or the latest word.
    ///
    /// The job of a replayed text message or call is not this role's to publish: the person's own command does, or a
    /// worker of its channel (`owed_replays.rs`), and `fleet doctor` shows what is owed for long.
    async fn announce_again(&self, job: JobId) -> Result<(), StoreError> {
        let Some(snapshot) = self.worker.store.snapshot(job).await? else { return Ok(()) };
        if let Some(message) = announce::email_job(&snapshot) {
            self.announce((vec![message], vec![Debt::of(&snapshot)])).await;
            return Ok(());
        }
        if snapshot.state == DeliveryState::Pending {
            return Ok(());
        }
        match snapshot.channel {
            Channel::Sms => {
                if let Some(evaluated) = self.worker.evaluate(job).await? {
                    self.announce(follow_ups(&evaluated, Pass::Again)).await;
                }
            }
            Channel::Email | Channel::Dial => {
                let messages = announce::outcome(&snapshot).into_iter().collect();
                self.announce((messages, vec![Debt::of(&snapshot)])).await;
            }
        }
        Ok(())
    }

    async fn announce(&self, (messages, debts): (Vec<OutMessage>, Vec<Debt>)) {
        if runtime::publish(&self.publisher, messages, &self.lifecycle).await.is_ok() {
            self.worker.store.pay_later(debts);
        }
    }
}
