//! Jobs that are put off for failures that cost no try, for whoever must be told.

use closure_contract::{Channel, FailureCode, Timestamp};

use crate::{
    error::StoreError,
    row::{Columns, millis},
    state,
    store::Store,
};

/// Jobs of one channel that are put off for one reason.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Postponed {
    /// What carries them.
    pub channel: Channel,
    /// Why they are put off.
    pub code: FailureCode,
    /// How many they are.
    pub count: u64,
    /// Since when the first of them has been put off.
    pub since: Timestamp,
}

impl Store {
    /// The jobs that have been put off for longer than this, by channel and reason.
    pub async fn postponed(&self, longer_than_ms: u64) -> Result<Vec<Postponed>, StoreError> {
        let rows = self.database.query(POSTPONED, &[&millis(longer_than_ms)]).await?;
        rows.iter()
            .map(|row| {
                let columns = Columns(row);
                Ok(Postponed {
                    channel: columns.word("channel", state::channel)?,
                    code: columns.code("failure_code")?,
                    count: u64::try_from(columns.get::<i64>("jobs")?).unwrap_or_default(),
                    since: columns.time("since")?,
                })
            })
            .collect()
    }
}

pub(crate) const POSTPONED: &str = "
SELECT channel, failure_code, count(*) AS jobs, min(postponed_since) AS since
FROM delivery
WHERE postponed_since < now() - $1::bigint * interval '1 millisecond'
    AND state IN ('pending', 'waiting', 'sending', 'in_doubt') AND failure_code IS NOT NULL
GROUP BY channel, failure_code
ORDER BY channel, failure_code";
