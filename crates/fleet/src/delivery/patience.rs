//! A failure that costs no try: remembered since when, told, and brought to an end.

use std::{
    collections::HashMap,
    sync::{Mutex, MutexGuard},
    time::{Duration, Instant},
};

use closure_contract::{AttemptNumber, Channel, FailureCode, Job, JobId, Provider, topology::DelayStep};
use closure_policy::{
    explain::{Decision, Verdict},
    patience::{Others, Patience, PatienceRules, patience},
};
use closure_store::{AttemptUse, Ending, NewPostponement, StoreError};
use tracing::{debug, error, info, warn};

use super::{
    announce::settled_or_stop,
    channel::{self, ChannelDriver},
    pipeline::{DeliveryPipeline, Errand, Trip},
};
use crate::lock::lock;
use crate::runtime::{Disposition, InHand, Interrupted, Outage as _, Remedy};

/// A way of jobs that fails or works for all of them alike: a provider, to one country where that is known.
type Way = (Provider, Option<u16>);

/// How patient one process is with the jobs of one channel, and what it has seen.
pub(super) struct Patiences {
    pub(super) rules: PatienceRules,
    seen: Mutex<Seen>,
}

#[derive(Default)]
struct Seen {
    /// When a job came through on each way.
    came_through: HashMap<Way, Instant>,
    /// When somebody was told last.
    told: Option<Instant>,
    /// The jobs that are put off alone, as far as a line was written, and why.
    alone: HashMap<JobId, Alone>,
}

/// A job that fails while nothing is known to fail for others.
struct Alone {
    code: FailureCode,
    since: Instant,
}

/// One process remembers so many jobs that are put off alone; where there are more it tells of them again.
const ALONE_MAX: usize = 1_000;

/// Why a try was given back.
pub(super) struct Why {
    pub(super) code: FailureCode,
    pub(super) detail: String,
}

impl Patiences {
    pub(super) fn new(rules: PatienceRules) -> Self {
        Self { rules, seen: Mutex::default() }
    }

    /// A provider took this job.
    pub(super) fn came_through(&self, trip: &Trip<'_>) {
        let job_id = trip.job.id();
        let was_alone = {
            let mut seen = self.seen();
            seen.came_through.insert(way(trip), Instant::now());
            seen.alone.remove(&job_id).is_some()
        };
        if was_alone {
            info!(%job_id, waited_ms = trip.postponed_ms, "a job that was put off came through");
        }
    }

    /// For how long this process has seen a job put off alone for one reason, in milliseconds; nothing where that is
    /// news, and a line is due.
    ///
    /// An outage that hit everybody before does not count: the job was not alone with it.
    pub(super) fn alone_for(&self, job: JobId, code: FailureCode) -> Option<u64> {
        let alone = &mut self.seen().alone;
        if let Some(known) = alone.get(&job).filter(|known| known.code == code) {
            return Some(u64::try_from(known.since.elapsed().as_millis()).unwrap_or(u64::MAX));
        }
        if alone.len() >= ALONE_MAX
            && let Some(oldest) = alone.iter().min_by_key(|(_, known)| known.since).map(|(job, _)| *job)
        {
            alone.remove(&oldest);
        }
        alone.insert(job, Alone { code, since: Instant::now() });
        None
    }

    /// A job that was put off alone has come to its end, or is alone no more.
    pub(super) fn is_over(&self, job: JobId) {
        self.seen().alone.remove(&job);
    }

    /// Whether others came through a moment ago, and since this job was put off.
    fn others(&self, trip: &Trip<'_>) -> Others {
        let window = Duration::from_millis(trip.postponed_ms.min(self.rules.alarm_ms));
        match self.seen().came_through.get(&way(trip)) {
            Some(at) if at.elapsed() < window => Others::ComeThrough,
            Some(_) | None => Others::FailAlike,
        }
    }

    /// Whether it is time to tell somebody: one line stands for all jobs.
    fn may_tell(&self) -> bool {
        let mut seen = self.seen();
        let pause = Duration::from_millis(self.rules.alarm_ms);
        let is_time = seen.told.is_none_or(|told| told.elapsed() >= pause);
        if is_time {
            seen.told = Some(Instant::now());
        }
        is_time
    }

    fn seen(&self) -> MutexGuard<'_, Seen> {
        // A panic of another holder leaves whole entries.
        lock(&self.seen)
    }
}

impl<C: ChannelDriver> DeliveryPipeline<C> {
    /// Whether a job that was not claimed may go on waiting for this; one that waits by the rules alone always may.
    ///
    /// Where it may not, the claim and what follows from it bring it to its end.
    pub(super) async fn may_wait(
        &self,
        hand: &InHand<'_>,
        job: &Job,
        why: Option<Why>,
    ) -> Result<bool, Interrupted> {
        let Some(Why { code, detail }) = why else { return Ok(true) };
        let (message, consultation) = (hand.message, job.consultation());
        let new = NewPostponement {
            job_id: job.id(),
            channel: job.channel(),
            kind: job.kind().to_owned(),
            consultation_id: consultation.id.clone(),
            revision: consultation.revision,
            generation: message.generation,
            body: message.body.clone(),
            source_job_id: job.fallback_of(),
            traceparent: message.traceparent.clone(),
            code,
            detail,
        };
        hand.may_act()?;
        let waited_ms = settled_or_stop(hand, "put a job off", || self.store.put_off(new.clone())).await?;
        // What has come to its end waits for nothing: the claim says how it ended.
        let Some(waited_ms) = waited_ms else { return Ok(false) };
        if waited_ms >= self.patience.rules.alarm_ms {
            self.tell(code, waited_ms);
        }
        Ok(waited_ms < self.patience.rules.everyone_max_ms)
    }

    /// One line for whoever is woken, for all jobs of this process.
    fn tell(&self, code: FailureCode, postponed_ms: u64) {
        if self.patience.may_tell() {
            error!(
                channel = %self.carrier.channel(), %code, remedy = code.remedy(), postponed_ms,
                "jobs have been put off for too long; fleet doctor counts them"
            );
        }
    }

    /// Gives a try back, and lets the job come again, unless it has been put off for too long.
    pub(super) async fn put_off(
        &self,
        trip: &Trip<'_>,
        attempt: AttemptNumber,
        why: Why,
        step: DelayStep,
    ) -> Result<Disposition, Interrupted> {
        let others = self.patience.others(trip);
        let step = match patience(&self.patience.rules, trip.postponed_ms, others, step) {
            Patience::Wait(step) => step,
            Patience::Alarm(step) => {
                self.tell(why.code, trip.postponed_ms);
                step
            }
            Patience::Over => return self.put_off_for_too_long(trip, attempt, why, others).await,
        };
        let Why { code, detail } = why;
        self.end(trip, attempt, Ending::GivenBack { code: Some(code), detail }).await?;
        Ok(Disposition::Again { step, attempt })
    }

    /// The rules could not be asked right before the send, so that nothing was sent.
    ///
    /// Where the database is away it is one outage for all jobs in hand, and the settlement waits until it is over.
    pub(super) async fn unasked(
        &self,
        trip: &Trip<'_>,
        attempt: AttemptNumber,
        problem: &StoreError,
    ) -> Result<Disposition, Interrupted> {
        let job = trip.job.id();
        let mut asking = trip.hand.ask_database();
        match problem.remedy() {
            Remedy::Time => {
                asking.failed(problem);
                debug!(job_id = %job, %problem, "the rules could not be asked again; nothing was sent");
            }
            Remedy::None | Remedy::NewerRelease => {
                warn!(job_id = %job, %problem, "the rules could not be asked again; nothing was sent");
            }
        }
        let detail = "the database could not be asked right before the send".to_owned();
        let why = Why { code: FailureCode::ProviderUnavailable, detail };
        let put_off = self.put_off(trip, attempt, why, self.first_step(attempt)).await;
        if put_off.is_ok() {
            asking.answered();
        }
        put_off
    }

    /// The lease was over before the send: this process stood still, or the database could not be asked for more time.
    /// Whoever holds the job now decides what becomes of it.
    pub(super) async fn too_late(
        &self,
        trip: &Trip<'_>,
        attempt: AttemptNumber,
    ) -> Result<Disposition, Interrupted> {
        let code = FailureCode::ProviderUnavailable;
        let detail = "its lease was over before it was handed over; nothing was sent".to_owned();
        warn!(job_id = %trip.job.id(), %attempt, detail, "a try was not made");
        self.put_off(trip, attempt, Why { code, detail }, DelayStep::Seconds1).await
    }

    /// What was never sent waits for a person; what is in doubt ends as what nobody can tell.
    async fn put_off_for_too_long(
        &self,
        trip: &Trip<'_>,
        attempt: AttemptNumber,
        Why { code, detail }: Why,
        others: Others,
    ) -> Result<Disposition, Interrupted> {
        let minutes = trip.postponed_ms / 60_000;
        let how = match others {
            Others::ComeThrough => "while others came through",
            Others::FailAlike => "like every other job",
        };
        warn!(job_id = %trip.job.id(), %code, minutes, "a job was put off for too long; it is given up");
        self.patience.is_over(trip.job.id());
        let channel = self.carrier.channel();
        match trip.errand {
            Errand::Try => {
                let detail = format!("put off for {minutes} minutes {how}: {detail}");
                self.end(trip, attempt, channel::dead(channel, code, detail, AttemptUse::GivenBack)).await
            }
            Errand::FindOut => self.found_out(trip, attempt, self.carrier.lost(doubt_of(channel))).await,
        }
    }
}

/// Why a job waits for a cap of a country or of the whole fleet; the hours in which it may be sent are no failure.
pub(super) fn capped(decision: &Decision) -> Option<Why> {
    let code = decision.code.filter(|code| {
        decision.verdict == Verdict::Postpone
            && matches!(code, FailureCode::CountryCapReached | FailureCode::FleetCapReached)
    })?;
    Some(Why { code, detail: decision.detail.clone().unwrap_or_else(|| code.what().to_owned()) })
}

/// Why a job waits whose provider nobody may ask.
pub(super) fn left_alone(provider: Provider) -> Why {
    let (code, who) = match provider {
        Provider::Smtp => (FailureCode::MailServerUnavailable, "mail server"),
        Provider::Nhn | Provider::Infobip | Provider::Twilio => (FailureCode::ProviderUnavailable, "gateway"),
        Provider::Asterisk => (FailureCode::PbxUnavailable, "PBX"),
    };
    Why { code, detail: format!("the {who} is left alone until a probe has come through; nothing was sent") }
}

/// The code of a job of which nobody can tell whether it reached the customer.
pub(super) fn doubt_of(channel: Channel) -> FailureCode {
    match channel {
        Channel::Sms => FailureCode::AnswerLost,
        Channel::Email => FailureCode::MailInDoubt,
        Channel::Dial => FailureCode::CallInDoubt,
    }
}

fn way(trip: &Trip<'_>) -> Way {
    let phone = trip.decision.phone.as_ref();
    (trip.provider, phone.and_then(|phone| phone.country_code))
}
