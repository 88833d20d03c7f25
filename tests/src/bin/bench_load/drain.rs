//! How fast a worker takes a backlog: jobs a second from the first tenth to the last job.

use std::time::{Duration, Instant};

use closure_broker::Publisher;
use closure_contract::{Channel, JobId};
use closure_store::{DeliveryState, Store};
use serde_json::json;
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use crate::{Endpoints, Problem, gateway, load, millis, tell, wait_for_xtask};

/// The first jobs are not measured: the worker starts, connects and prepares its statements meanwhile.
const WARM_UP_SHARE: usize = 10;
/// Between two looks at one row, which cost the database next to nothing.
const LOOK_INTERVAL: Duration = Duration::from_millis(10);
/// A backlog that is not worked off by then is a fault.
const DRAIN_LIMIT: Duration = Duration::from_secs(600);

/// Publishes, says so, watches, and checks what is on record.
pub(crate) async fn run(endpoints: &Endpoints, count: usize, block: u16) -> Result<(), Problem> {
    let jobs = load::make(count, block)?;
    let (Some(first), Some(last)) = (jobs.get(count / WARM_UP_SHARE), jobs.last()) else {
        return Err("a drain needs at least one job".into());
    };
    let stop = CancellationToken::new();
    let publisher = Publisher::start(endpoints.broker.clone(), stop.clone(), &TaskTracker::new());
    let before = accepted(&endpoints.store).await?;
    load::publish_all(&publisher, &jobs).await?;
    stop.cancel();
    publisher.closed().await;
    tell("preloaded", &json!({ "jobs": count }));

    until_accepted(&endpoints.store, first.id).await?;
    let warm = accepted(&endpoints.store).await? - before;
    let begin = Instant::now();
    tell("begun", &json!({}));

    until_accepted(&endpoints.store, last.id).await?;
    let end = until_all_accepted(&endpoints.store, before + count as u64).await?;
    let measured = count as u64 - warm;
    tell("ended", &json!({ "jobs": measured, "took_ms": millis(end - begin) }));
    wait_for_xtask()?;

    load::all_are(&endpoints.store, &jobs, DeliveryState::Accepted).await?;
    gateway::took_each_once(&endpoints.gateway_url, &jobs, block).await?;
    tell("checked", &json!({}));
    Ok(())
}

/// How many text messages the gateway took, by the database's record.
async fn accepted(store: &Store) -> Result<u64, Problem> {
    let counts = store.counts_by_state().await?;
    let ours = counts
        .iter()
        .find(|counted| counted.channel == Channel::Sms && counted.state == DeliveryState::Accepted);
    Ok(ours.map_or(0, |counted| counted.count))
}

async fn until_accepted(store: &Store, job: JobId) -> Result<(), Problem> {
    let start = Instant::now();
    loop {
        match store.snapshot(job).await?.map(|snapshot| (snapshot.state, snapshot.code)) {
            Some((DeliveryState::Accepted, _)) => return Ok(()),
            Some((state, code)) if state.has_ended(Channel::Sms) => {
                return Err(format!("job {job} is {state} ({code:?}), not accepted").into());
            }
            Some(_) | None => {}
        }
        if start.elapsed() > DRAIN_LIMIT {
            return Err(format!("job {job} is not accepted after {} s", DRAIN_LIMIT.as_secs()).into());
        }
        tokio::time::sleep(LOOK_INTERVAL).await;
    }
}

/// When the last one was accepted; counting costs more than one row, so that it begins with the last job's end.
async fn until_all_accepted(store: &Store, wanted: u64) -> Result<Instant, Problem> {
    let start = Instant::now();
    loop {
        let looked = Instant::now();
        let found = accepted(store).await?;
        if found == wanted {
            return Ok(looked);
        }
        if found > wanted || start.elapsed() > DRAIN_LIMIT {
            return Err(format!("{found} text messages are accepted, not {wanted}").into());
        }
        tokio::time::sleep(LOOK_INTERVAL).await;
    }
}
