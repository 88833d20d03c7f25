//! How fast workers take a backlog.
//!
//! A tenth of it goes through first, so that they have connected and prepared their statements; then xtask holds them,
//! the backlog is published, and the time counts from the moment when they are let go.

use std::time::{Duration, Instant};

use clap::ValueEnum;
use closure_broker::Publisher;
use serde_json::json;
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use crate::{
    Endpoints, Problem,
    crm::Crm,
    database::Database,
    gateway,
    load::{self, Job},
    mail, millis, tell, wait_for_xtask,
};

/// The share of a backlog that warms the workers.
const WARM_UP_SHARE: usize = 10;
/// More than this warms nobody any further.
const WARM_UP_MAX: usize = 1_000;
/// Between two looks at one row, which cost the database next to nothing.
const LOOK_INTERVAL: Duration = Duration::from_millis(10);
/// A backlog that is not worked off by then is a fault.
const DRAIN_LIMIT: Duration = Duration::from_secs(800);

/// What is worked off.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Work {
    /// Text messages until the gateway has them; it makes no receipts.
    Send,
    /// Text messages until the CRM has their outcome.
    Life,
    /// Emails until the CRM has their outcome.
    Email,
    /// Emails that die, until each is a letter on the desk.
    Death,
}

impl Work {
    fn load(self) -> load::Kind {
        match self {
            Self::Send | Self::Life => load::Kind::Text,
            Self::Email => load::Kind::Email,
            Self::Death => load::Kind::DoomedEmail,
        }
    }

    /// The outcome of each job.
    fn key(self) -> Option<&'static str> {
        match self {
            Self::Send => None,
            Self::Life => Some("sms.delivered"),
            Self::Email => Some("email.accepted"),
            Self::Death => Some("email.dead"),
        }
    }

    /// The state of each job in the end.
    fn state(self) -> &'static str {
        match self {
            Self::Send | Self::Email => "accepted",
            Self::Life => "delivered",
            Self::Death => "dead",
        }
    }
}

/// Publishes, says so, watches, and checks what is on record.
pub(crate) async fn run(endpoints: &Endpoints, work: Work, count: usize, block: u16) -> Result<(), Problem> {
    let warm = (count / WARM_UP_SHARE).clamp(1, WARM_UP_MAX);
    let jobs = load::make(work.load(), warm + count, block)?;
    let (first, rest) = jobs.split_at(warm);
    let mut watch = Watch::begin(endpoints, work).await?;
    let stop = CancellationToken::new();
    let publisher = Publisher::start(endpoints.broker.clone(), stop.clone(), &TaskTracker::new());
    load::publish_all(&publisher, first).await?;
    watch.until_all(first).await?;
    tell("warm", &json!({}));
    wait_for_xtask().await?;

    load::publish_all(&publisher, rest).await?;
    stop.cancel();
    publisher.closed().await;
    tell("preloaded", &json!({}));
    wait_for_xtask().await?;

    let begin = Instant::now();
    let end = watch.until_all(rest).await?;
    let (repeats, retries) = watch.crm.as_ref().map_or((0, 0), |crm| (crm.repeats(), crm.retries()));
    tell(
        "ended",
        &json!({ "jobs": count, "took_ms": millis(end - begin), "repeats": repeats, "retries": retries }),
    );
    wait_for_xtask().await?;

    watch.database.all_are(&jobs, work.state()).await?;
    match work {
        Work::Send | Work::Life => {
            gateway::took_each_once(&endpoints.gateway_url, &jobs, block).await?;
        }
        Work::Email => {
            mail::took_each_once(&endpoints.mail_url, &jobs).await?;
        }
        Work::Death => {}
    }
    if let Some(crm) = watch.crm {
        crm.close().await?;
    }
    tell("checked", &json!({}));
    Ok(())
}

/// Sees when jobs have come to their end.
struct Watch {
    work: Work,
    database: Database,
    crm: Option<Crm>,
    letters: u64,
}

impl Watch {
    async fn begin(endpoints: &Endpoints, work: Work) -> Result<Self, Problem> {
        let mut database = endpoints.database()?;
        let crm = match work.key() {
            Some(_) => Some(Crm::listen(&endpoints.broker).await?),
            None => None,
        };
        let letters = letters(&mut database).await?;
        Ok(Self { work, database, crm, letters })
    }

    async fn until_all(&mut self, jobs: &[Job]) -> Result<Instant, Problem> {
        let deadline = Instant::now() + DRAIN_LIMIT;
        let Some((crm, key)) = self.crm.as_mut().zip(self.work.key()) else {
            return self.until_accepted(jobs, deadline).await;
        };
        let heard = crm.hear(jobs.len(), &[key], deadline).await?;
        if self.work != Work::Death {
            return Ok(heard);
        }
        self.letters += jobs.len() as u64;
        loop {
            let looked = Instant::now();
            let found = letters(&mut self.database).await?;
            if found == self.letters {
                return Ok(looked);
            }
            if found > self.letters || looked > deadline {
                return Err(format!("{found} letters are on the desk, not {}", self.letters).into());
            }
            tokio::time::sleep(LOOK_INTERVAL).await;
        }
    }

    /// Counting costs more than one row, so that it begins with the last job's end.
    async fn until_accepted(&mut self, jobs: &[Job], deadline: Instant) -> Result<Instant, Problem> {
        let Some(last) = jobs.last() else { return Err("a drain needs at least one job".into()) };
        let mut alone = true;
        loop {
            let looked = Instant::now();
            if alone {
                alone = match self.database.state(last.id).await?.as_deref() {
                    Some("accepted") => false,
                    Some("pending" | "sending" | "in_doubt" | "waiting") | None => true,
                    Some(state) => return Err(format!("job {} is {state}, not accepted", last.id).into()),
                };
            } else if self.database.in_state(jobs, "accepted").await? == jobs.len() {
                return Ok(looked);
            }
            if looked > deadline {
                let found = self.database.in_state(jobs, "accepted").await?;
                return Err(format!("{found} text messages of {} are accepted", jobs.len()).into());
            }
            tokio::time::sleep(LOOK_INTERVAL).await;
        }
    }
}

async fn letters(database: &mut Database) -> Result<u64, Problem> {
    database.number("SELECT count(*) FROM dead_letter").await
}
