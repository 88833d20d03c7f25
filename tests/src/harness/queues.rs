//! What is left in the queues.

use std::time::{Duration, Instant};

use closure_broker::{BrokerSettings, topology};
use closure_contract::topology::queues;

use super::{vhost::Vhost, wait::LONG};

/// What is in a worker's hands is known from statistics that are a second old, and the shortest delay is a second:
/// what stays empty for longer is empty.
const QUIET: Duration = Duration::from_millis(1_300);
const LOOK_EVERY: Duration = Duration::from_millis(200);

/// Waits until every queue of ours is empty, unacked messages included, and stays so.
///
/// The statistics of quorum queues are too old for this (five seconds), so that the queues themselves are asked.
pub(super) async fn are_empty(settings: &BrokerSettings, vhost: &Vhost) {
    let start = Instant::now();
    let mut empty_since: Option<Instant> = None;
    loop {
        let mut left = waiting(settings).await.unwrap_or_else(|problem| vec![problem]);
        match vhost.unacked().await {
            Ok(0) => {}
            Ok(unacked) => left.push(format!("unacked: {unacked}")),
            Err(problem) => left.push(problem),
        }
        if left.is_empty() {
            let since = *empty_since.get_or_insert_with(Instant::now);
            if since.elapsed() >= QUIET {
                return;
            }
        } else {
            empty_since = None;
            assert!(start.elapsed() < LONG, "waited for empty queues; left are {}", left.join(", "));
        }
        tokio::time::sleep(LOOK_EVERY).await;
    }
}

/// Makes sure that nothing is ready in any queue.
///
/// With every process stopped, what nobody acked is ready again, so that this finds it as well.
pub(super) async fn hold_nothing(settings: &BrokerSettings) {
    let left = waiting(settings).await.expect("the queues can be asked");
    assert!(left.is_empty(), "after every process has stopped, there is still {}", left.join(", "));
}

async fn waiting(settings: &BrokerSettings) -> Result<Vec<String>, String> {
    let names: Vec<&str> = queues().iter().map(|queue| queue.name).collect();
    let depths = topology::depths(settings, &names).await.map_err(|problem| problem.to_string())?;
    let filled = names.iter().zip(depths).filter(|(_, depth)| *depth > 0);
    Ok(filled.map(|(name, depth)| format!("{depth} in {name}")).collect())
}
