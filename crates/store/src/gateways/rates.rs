//! How fast an account may be asked, over all processes: each takes a block of slots, and no slot is given twice.
//!
//! A bucket holds nothing but the time of its next free slot (the generic cell rate algorithm, ITU-T I.371), so that
//! an idle one costs nothing and no clock but the database's counts.

use std::time::Duration;

use crate::{
    database::row::{Columns, int, millis},
    error::StoreError,
    store::Store,
};

/// What became of a wish for slots.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Slots {
    /// They are ours: the first begins after this long, and each of the others one interval later.
    Given {
        /// From now until the first.
        begin_in: Duration,
    },
    /// The next free one is further away than was asked for; nothing was taken.
    TooLate {
        /// From now until the next free one.
        free_in: Duration,
    },
}

impl Store {
    /// Takes `count` slots of a bucket that has one each `interval`, if the first of them begins within `wait_max`.
    pub async fn take_slots(
        &self,
        bucket: &str,
        count: u32,
        interval: Duration,
        wait_max: Duration,
    ) -> Result<Slots, StoreError> {
        let interval_us = i64::try_from(interval.as_micros()).unwrap_or(i64::MAX);
        let wait_max_ms = millis(u64::try_from(wait_max.as_millis()).unwrap_or(u64::MAX));
        let rows = self.database.query(TAKE, &[&bucket, &int(count), &interval_us, &wait_max_ms]).await?;
        if let Some(row) = rows.first() {
            return Ok(Slots::Given { begin_in: micros(Columns(row).get("begin_in_us")?) });
        }
        let rows = self.database.query(FREE_IN, &[&bucket]).await?;
        let free_in_us = rows.first().map_or(Ok(0), |row| Columns(row).get("free_in_us"))?;
        Ok(Slots::TooLate { free_in: micros(free_in_us) })
    }
}

fn micros(count: i64) -> Duration {
    Duration::from_micros(u64::try_from(count).unwrap_or(0))
}

/// `clock_timestamp`, because a statement that waited for another's lock must not give slots of the past.
pub(crate) const TAKE: &str = "
INSERT INTO sending_rate AS r (bucket, next_at)
VALUES ($1, clock_timestamp() + $2::integer * $3::bigint * interval '1 microsecond')
ON CONFLICT (bucket) DO UPDATE SET
    next_at = greatest(r.next_at, clock_timestamp()) + $2::integer * $3::bigint * interval '1 microsecond'
    WHERE r.next_at <= clock_timestamp() + $4::bigint * interval '1 millisecond'
RETURNING (extract(epoch FROM next_at - clock_timestamp()) * 1000000)::bigint
    - $2::integer * $3::bigint AS begin_in_us";

pub(crate) const FREE_IN: &str = "
SELECT (extract(epoch FROM next_at - clock_timestamp()) * 1000000)::bigint AS free_in_us
FROM sending_rate WHERE bucket = $1";
