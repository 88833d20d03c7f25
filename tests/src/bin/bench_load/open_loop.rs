//! How long one job takes from end to end while others come at a fixed rate, whether the fleet keeps up or not.

use std::{
    collections::HashMap,
    sync::Arc,
    time::{Duration, Instant},
};

use closure_broker::{Mailbox, Publisher};
use closure_contract::{JobId, Outcome, Timestamp};
use closure_store::DeliveryState;
use serde_json::json;
use tokio::task::JoinSet;
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use crate::{
    Endpoints, Problem, gateway,
    load::{self, Job},
    millis, tell, wait_for_xtask,
};

/// The CRM's own queue of outcomes.
pub(crate) const CRM_QUEUE: &str = "crm.outcomes";
/// The first jobs are published and checked like the others, and not measured.
const WARM_UP_S: u32 = 2;
/// Every outcome must have come so long after the last job was published.
const OUTCOMES_LIMIT: Duration = Duration::from_secs(60);
/// After the last outcome, none may come for so long.
const QUIET_TIME: Duration = Duration::from_secs(2);

/// Publishes on schedule, listens, and checks what is on record.
pub(crate) async fn run(endpoints: &Endpoints, rate: u32, seconds: u32, block: u16) -> Result<(), Problem> {
    let warm = usize::try_from(rate * WARM_UP_S)?;
    let jobs: Arc<[Job]> = load::make(warm + usize::try_from(rate * seconds)?, block)?.into();
    let stop = CancellationToken::new();
    let publisher = Publisher::start(endpoints.broker.clone(), stop.clone(), &TaskTracker::new());
    let mut mailbox = Mailbox::open_durable(&endpoints.broker, CRM_QUEUE, "#").await?;
    let publishing =
        tokio::spawn(publish_on_schedule(publisher.clone(), Arc::clone(&jobs), f64::from(rate), warm));
    let heard = hear(&mut mailbox, jobs.len(), seconds).await?;
    let schedule = publishing.await??;
    tell("ended", &json!({ "jobs": jobs.len() - warm }));
    wait_for_xtask()?;

    if let Some(surplus) = mailbox.next(QUIET_TIME).await? {
        return Err(format!("an outcome too many: {}", surplus.routing_key).into());
    }
    mailbox.close().await;
    stop.cancel();
    publisher.closed().await;
    load::all_are(&endpoints.store, &jobs, DeliveryState::Delivered).await?;
    let seen = gateway::took_each_once(&endpoints.gateway_url, &jobs, block).await?;
    let mut outcome_ms = Vec::with_capacity(jobs.len());
    let mut gateway_ms = Vec::with_capacity(jobs.len());
    for (job, due) in jobs.iter().zip(&schedule).skip(warm) {
        let Some(at) = heard.get(&job.id) else {
            return Err(format!("the CRM heard no outcome of job {}", job.id).into());
        };
        outcome_ms.push(millis(*at - due.moment));
        if let Some(took) = seen.get(&job.client_ref().to_string()) {
            gateway_ms.push((took.0 - due.wall_clock.0).as_seconds_f64() * 1_000.0);
        }
    }
    tell("checked", &json!({ "outcome_ms": outcome_ms, "gateway_ms": gateway_ms }));
    Ok(())
}

/// When a job is due to be published, by both clocks.
struct Due {
    moment: Instant,
    wall_clock: Timestamp,
}

/// Publishes each job at its own time, however long the ones before it take.
///
/// Times count from the schedule, so that a broker that keeps a publisher waiting is not excused.
async fn publish_on_schedule(
    publisher: Publisher,
    jobs: Arc<[Job]>,
    rate: f64,
    warm: usize,
) -> Result<Vec<Due>, Problem> {
    let start = Instant::now();
    let wall_clock = Timestamp::now();
    let mut publishes = JoinSet::new();
    let mut schedule = Vec::with_capacity(jobs.len());
    for (index, job) in jobs.iter().enumerate() {
        let offset = Duration::from_secs_f64(index as f64 / rate);
        let due = Due { moment: start + offset, wall_clock: Timestamp(wall_clock.0 + offset) };
        tokio::time::sleep_until(due.moment.into()).await;
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

/// When each job's outcome came; fails on a second one of the same job, and on any that is not `sms.delivered`.
async fn hear(
    mailbox: &mut Mailbox,
    wanted: usize,
    seconds: u32,
) -> Result<HashMap<JobId, Instant>, Problem> {
    let deadline = Instant::now() + Duration::from_secs(u64::from(WARM_UP_S + seconds)) + OUTCOMES_LIMIT;
    let mut heard = HashMap::with_capacity(wanted);
    while heard.len() < wanted {
        let left = deadline.saturating_duration_since(Instant::now());
        let Some(message) = mailbox.next(left).await? else {
            return Err(format!("the CRM heard {} outcomes of {wanted} jobs", heard.len()).into());
        };
        let at = Instant::now();
        let outcome = Outcome::decode(&message.body)?;
        if message.routing_key != "sms.delivered" || outcome.attempts != 1 {
            let (key, attempts) = (&message.routing_key, outcome.attempts);
            return Err(format!("job {} ended as {key} after {attempts} attempts", outcome.job_id).into());
        }
        if heard.insert(outcome.job_id, at).is_some() {
            return Err(format!("the CRM heard two outcomes of job {}", outcome.job_id).into());
        }
    }
    Ok(heard)
}
