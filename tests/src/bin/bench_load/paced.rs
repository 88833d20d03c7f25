//! How long one job takes from end to end while others come at a fixed rate, whether the fleet keeps up or not.

use std::{
    collections::HashMap,
    sync::Arc,
    time::{Duration, Instant},
};

use clap::ValueEnum;
use closure_broker::Publisher;
use closure_contract::{JobId, Timestamp};
use serde_json::{Map, Value, json};
use tokio::task::JoinSet;
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use crate::{
    Endpoints, Problem,
    crm::Crm,
    gateway,
    load::{self, Job},
    mail, millis, tell, wait_for_xtask,
};

/// The first jobs are published and checked like the others, and not measured.
const WARM_UP_S: u32 = 2;
/// Every outcome must have come so long after the last job was published.
const OUTCOMES_LIMIT: Duration = Duration::from_secs(60);

/// What is published.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Work {
    /// Texts that are delivered.
    Life,
    /// Texts that are not, and an email in the place of each.
    Fallback,
    /// Calls that are answered.
    Dial,
}

impl Work {
    fn load(self) -> load::Kind {
        match self {
            Self::Life | Self::Fallback => load::Kind::Text,
            Self::Dial => load::Kind::Call,
        }
    }

    /// The outcomes of each job, the last one last.
    fn keys(self) -> &'static [&'static str] {
        match self {
            Self::Life => &["sms.delivered"],
            Self::Fallback => &["sms.undelivered", "email.accepted"],
            Self::Dial => &["dial.answered"],
        }
    }

    /// The state of each job in the end.
    fn state(self) -> &'static str {
        match self {
            Self::Life | Self::Dial => "delivered",
            Self::Fallback => "undelivered",
        }
    }
}

/// How fast, and for how long.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Pace {
    /// Jobs a second.
    pub(crate) rate: u32,
    /// Seconds, after a warm-up.
    pub(crate) seconds: u32,
    /// The block of phone numbers.
    pub(crate) block: u16,
}

/// Publishes on schedule, listens, and checks what is on record.
pub(crate) async fn run(endpoints: &Endpoints, work: Work, pace: Pace) -> Result<(), Problem> {
    let Pace { rate, seconds, block } = pace;
    let warm = usize::try_from(rate * WARM_UP_S)?;
    let jobs: Arc<[Job]> = load::make(work.load(), warm + usize::try_from(rate * seconds)?, block)?.into();
    let stop = CancellationToken::new();
    let publisher = Publisher::start(endpoints.broker.clone(), stop.clone(), &TaskTracker::new());
    let mut crm = Crm::listen(&endpoints.broker).await?;
    let (publishes, all) = (publisher.clone(), CancellationToken::new());
    let publishing =
        tokio::spawn(publish_on_schedule(publishes, Arc::clone(&jobs), f64::from(rate), warm, all));
    let deadline = Instant::now() + Duration::from_secs(u64::from(WARM_UP_S + seconds)) + OUTCOMES_LIMIT;
    crm.hear(jobs.len() * work.keys().len(), work.keys(), deadline).await?;
    let schedule = publishing.await??;
    tell("ended", &json!({ "jobs": jobs.len() - warm, "repeats": crm.repeats(), "retries": crm.retries() }));
    wait_for_xtask().await?;

    let heard = crm.close().await?;
    stop.cancel();
    publisher.closed().await;
    endpoints.database()?.all_are(&jobs, work.state()).await?;
    let mut facts = Map::new();
    let measured = || jobs.iter().zip(&schedule).skip(warm);
    facts.insert("outcome_ms".to_owned(), outcome_ms(measured(), &heard, work)?.into());
    if work != Work::Dial {
        let seen = gateway::took_each_once(&endpoints.gateway_url, &jobs, block).await?;
        let taken = |job: &Job| seen.get(&job.id);
        let gateway = measured().filter_map(|(job, due)| Some(span_ms(due.wall_clock, taken(job)?.at)));
        facts.insert("gateway_ms".to_owned(), gateway.collect::<Vec<f64>>().into());
        if work == Work::Fallback {
            let mails = mail::took_each_once(&endpoints.mail_url, &jobs).await?;
            let mail = measured()
                .filter_map(|(job, _)| Some(span_ms(taken(job)?.receipt_at?, *mails.get(&job.address)?)));
            facts.insert("receipt_to_mail_ms".to_owned(), mail.collect::<Vec<f64>>().into());
        }
    }
    tell("checked", &Value::Object(facts));
    Ok(())
}

/// From when each job was due until its last outcome.
fn outcome_ms<'a>(
    measured: impl Iterator<Item = (&'a Job, &'a Due)>,
    heard: &HashMap<(JobId, String), Instant>,
    work: Work,
) -> Result<Vec<f64>, Problem> {
    let key = work.keys().last().copied().unwrap_or_default();
    measured
        .map(|(job, due)| match heard.get(&(job.id, key.to_owned())) {
            Some(at) => Ok(millis(at.saturating_duration_since(due.moment))),
            None => Err(format!("the CRM heard no {key} of job {}", job.id).into()),
        })
        .collect()
}

fn span_ms(from: Timestamp, to: Timestamp) -> f64 {
    (to.0 - from.0).as_seconds_f64() * 1_000.0
}

/// When a job is due to be published, by both clocks.
pub(crate) struct Due {
    /// For what is measured in this process.
    pub(crate) moment: Instant,
    /// For what others wrote down.
    pub(crate) wall_clock: Timestamp,
}

/// Publishes each job at its own time, however long the ones before it take, until it is told to stop.
///
/// Times count from the schedule, so that a broker that keeps a publisher waiting is not excused.
pub(crate) async fn publish_on_schedule(
    publisher: Publisher,
    jobs: Arc<[Job]>,
    rate: f64,
    warm: usize,
    until: CancellationToken,
) -> Result<Vec<Due>, Problem> {
    let start = Instant::now();
    let wall_clock = Timestamp::now();
    let mut publishes = JoinSet::new();
    let mut schedule = Vec::with_capacity(jobs.len());
    for (index, job) in jobs.iter().enumerate() {
        let offset = Duration::from_secs_f64(index as f64 / rate);
        let due = Due { moment: start + offset, wall_clock: Timestamp(wall_clock.0 + offset) };
        tokio::select! {
            () = tokio::time::sleep_until(due.moment.into()) => {}
            () = until.cancelled() => break,
        }
        if index == warm {
            tell("begun", &json!({}));
        }
        let (publisher, message) = (publisher.clone(), job.message());
        publishes.spawn(async move { publisher.publish(vec![message]).await });
        schedule.push(due);
    }
    while let Some(published) = publishes.join_next().await {
        published??;
    }
    Ok(schedule)
}
