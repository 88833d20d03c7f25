//! How many text messages each gateway has taken this month, and at what pace.

use closure_contract::{Provider, facts::quota::Usage};
use tokio_postgres::Row;

use crate::{database::row::Columns, error::StoreError, store::Store};

impl Store {
    /// What each of these gateways has taken, in the same order; what may have been taken counts as well.
    ///
    /// It reads a month of attempts, so it is for people and for a look now and then.
    pub async fn usage(&self, providers: &[Provider]) -> Result<Vec<Usage>, StoreError> {
        let names: Vec<&str> = providers.iter().map(|provider| provider.as_str()).collect();
        let rows = self.database.query(USAGE, &[&names, &ACCOUNT_ZONE]).await?;
        rows.iter().map(read).collect()
    }
}

/// The month of a Korean account begins at midnight in Korea.
const ACCOUNT_ZONE: &str = "Asia/Seoul";

/// Of less than a day there is no pace: an hour's backlog would foretell the end of every quota.
const USAGE: &str = "
WITH month AS MATERIALIZED (
    SELECT date_trunc('month', now(), $2) AS starts,
        (date_trunc('month', now() AT TIME ZONE $2) + interval '1 month') AT TIME ZONE $2 AS ends
), taken AS MATERIALIZED (
    SELECT a.provider,
        count(*) FILTER (WHERE a.started_at >= month.starts) AS used,
        count(*) FILTER (WHERE a.started_at >= now() - interval '7 days') AS week,
        min(a.started_at) FILTER (WHERE a.started_at >= now() - interval '7 days') AS week_starts
    FROM attempt AS a, month
    WHERE a.started_at >= least(month.starts, now() - interval '7 days')
        AND a.provider = ANY ($1::text[]) AND a.state IN ('accepted', 'in_doubt')
    GROUP BY a.provider
)
SELECT asked.provider, coalesce(taken.used, 0) AS used, month.ends AS month_ends_at,
    (CASE WHEN now() - taken.week_starts >= interval '1 day'
        THEN taken.week / (extract(epoch FROM now() - taken.week_starts) / 86400) ELSE 0
    END)::double precision AS per_day
FROM unnest($1::text[]) WITH ORDINALITY AS asked (provider, number)
CROSS JOIN month LEFT JOIN taken ON taken.provider = asked.provider
ORDER BY asked.number";

fn read(row: &Row) -> Result<Usage, StoreError> {
    let columns = Columns(row);
    Ok(Usage {
        provider: columns.word("provider")?,
        used: u64::try_from(columns.get::<i64>("used")?).unwrap_or(0),
        per_day: columns.get("per_day")?,
        month_ends_at: columns.time("month_ends_at")?,
    })
}
