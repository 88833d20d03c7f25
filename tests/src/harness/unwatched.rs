//! Jobs in numbers at which the harness does not look for their content in the logs.

use serde_json::Value;

use super::{fleet::Fleet, messages::job_message};

/// One publish takes so many jobs.
const PUBLISH_BATCH: usize = 500;

impl Fleet {
    /// Publishes jobs whose content nobody looks for in the logs: too many for that.
    pub async fn publish_unwatched(&self, list: &[Value]) {
        for part in list.chunks(PUBLISH_BATCH) {
            let messages = part.iter().map(job_message).collect();
            self.publisher.publish(messages).await.expect("the broker confirms");
        }
    }
}
