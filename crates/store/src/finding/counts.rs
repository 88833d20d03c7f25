//! What was sent, counted: texts, mails and calls by day, country, agent, gateway and state.

use closure_contract::{Channel, Provider, Timestamp};
use schemars::JsonSchema;
use serde::Serialize;
use time::Date;
use tokio_postgres::{Row, types::ToSql};

use crate::{database::row::Columns, delivery::state::DeliveryState, error::StoreError, store::Store};

/// An answer has at most this many rows.
const ROWS_MAX: i64 = 10_000;

/// What deliveries are told apart by, besides their channel.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CountBy {
    /// The day on which they began.
    Day,
    /// The country code of the number.
    Country,
    /// The agent who wrote the reply.
    Agent,
    /// Who carries the latest try.
    Gateway,
    /// Where they stand.
    State,
}

/// What is counted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Counting {
    /// Begun at this moment or later.
    pub since: Timestamp,
    /// Begun before this moment.
    pub until: Timestamp,
    /// Whose midnights part the days, such as `Asia/Seoul`.
    pub time_zone: String,
    /// What they are told apart by.
    pub by: Vec<CountBy>,
    /// Of this channel alone.
    pub channel: Option<Channel>,
    /// Of this country code alone.
    pub country_code: Option<u16>,
    /// Of this agent alone.
    pub agent_id: Option<String>,
}

/// Deliveries that have everything in common that they were told apart by.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct CountedDeliveries {
    /// The day on which they began, as `2026-11-29`.
    pub day: Option<String>,
    /// What carries them.
    pub channel: Channel,
    /// The country code of the number; null for emails, for what could not be read, and where it was not asked for.
    pub country_code: Option<u32>,
    /// The agent who wrote the replies.
    pub agent_id: Option<String>,
    /// Who carries the latest try.
    pub provider: Option<Provider>,
    /// Where they stand.
    pub state: Option<DeliveryState>,
    /// How many there are.
    pub count: u64,
}

impl Store {
    /// Counts deliveries; the second answer says whether there would be more rows than are given.
    pub async fn count_deliveries(
        &self,
        counting: &Counting,
    ) -> Result<(Vec<CountedDeliveries>, bool), StoreError> {
        let by = |wanted| counting.by.contains(&wanted);
        let (days, countries, agents) = (by(CountBy::Day), by(CountBy::Country), by(CountBy::Agent));
        let (gateways, states) = (by(CountBy::Gateway), by(CountBy::State));
        let limit = ROWS_MAX + 1;
        let values: [&(dyn ToSql + Sync); 12] = [
            &counting.since.0,
            &counting.until.0,
            &counting.time_zone,
            &days,
            &countries,
            &agents,
            &gateways,
            &states,
            &counting.channel.map(Channel::as_str),
            &counting.country_code.map(i32::from),
            &counting.agent_id,
            &limit,
        ];
        let rows = self.database.query(COUNT, &values).await?;
        let has_more = rows.len() > usize::try_from(ROWS_MAX).unwrap_or(usize::MAX);
        let given = rows.iter().take(usize::try_from(ROWS_MAX).unwrap_or(usize::MAX));
        Ok((given.map(CountedDeliveries::read).collect::<Result<_, _>>()?, has_more))
    }

    /// When a day begins in a time zone, which the server knows by its name; nothing where it knows none of that name.
    pub async fn midnight(&self, time_zone: &str, day: Date) -> Result<Option<Timestamp>, StoreError> {
        let rows = self.database.query(MIDNIGHT, &[&time_zone, &day]).await?;
        rows.first().map(|row| Columns(row).time("at")).transpose()
    }
}

impl CountedDeliveries {
    fn read(row: &Row) -> Result<Self, StoreError> {
        let columns = Columns(row);
        Ok(Self {
            day: columns.get("day")?,
            channel: columns.word("channel")?,
            country_code: columns.maybe_count("country_code")?,
            agent_id: columns.get("agent_id")?,
            provider: columns.maybe_word("provider")?,
            state: columns.maybe_word("state")?,
            count: u64::try_from(columns.get::<i64>("count")?).unwrap_or(0),
        })
    }
}

/// The days are found by the blocks of rows that were written in them.
pub(crate) const COUNT: &str = "
SELECT
    CASE WHEN $4::boolean THEN to_char(d.created_at AT TIME ZONE $3::text, 'YYYY-MM-DD') END AS day,
    d.channel,
    CASE WHEN $5::boolean THEN d.country_code END AS country_code,
    CASE WHEN $6::boolean THEN d.agent_id END AS agent_id,
    CASE WHEN $7::boolean THEN d.provider END AS provider,
    CASE WHEN $8::boolean THEN d.state END AS state,
    count(*) AS count
FROM delivery AS d
WHERE d.created_at >= $1 AND d.created_at < $2
    AND ($9::text IS NULL OR d.channel = $9)
    AND ($10::integer IS NULL OR d.country_code = $10)
    AND ($11::text IS NULL OR d.agent_id = $11)
GROUP BY 1, 2, 3, 4, 5, 6
ORDER BY 1, 2, 3, 4, 5, 6
LIMIT $12";

const MIDNIGHT: &str =
    "SELECT ($2::date)::timestamp AT TIME ZONE name AS at FROM pg_timezone_names WHERE name = $1";
