//! What is left in the queues.

use std::time::{Duration, Instant};

use closure_broker::{BrokerSettings, topology};
use closure_contract::topology::queues;

use super::{vhost::Vhost, wait::LONG};

/// The statistics are a second old; what stays empty for longer is empty.
const QUIET: Duration = Duration::from_millis(1_300);
const LOOK_EVERY: Duration = Duration::from_millis(100);

/// Waits until every queue of ours is empty, unacked messages included, and stays so.
pub(super) async fn are_empty(vhost: &Vhost) {
    let start = Instant::now();
    let mut empty_since: Option<Instant> = None;
    loop {
        let left = match vhost.queues().await {
            Ok(counts) => counts
                .into_iter()
                .filter(|queue| queue.messages > 0 && queue.name.starts_with("closure"))
                .map(|queue| format!("{}: {}", queue.name, queue.messages))
                .collect(),
            Err(problem) => vec![problem],
        };
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

/// Makes sure, by the broker's own count and not by statistics, that nothing is ready in any queue.
///
/// With every process stopped, what nobody acked is ready again, so that this finds it as well.
pub(super) async fn hold_nothing(settings: &BrokerSettings) {
    for queue in queues() {
        let ready = topology::depth(settings, queue.name).await.expect("the queue exists");
        assert_eq!(ready, 0, "{} still holds messages after every process has stopped", queue.name);
    }
}
