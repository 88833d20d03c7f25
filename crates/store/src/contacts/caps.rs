//! How often a number, its neighbours, an address, a country and the whole fleet were contacted, counted where it cannot be raced (B5).
//!
//! Windows are fixed and begin by the database's clock, so that a counter is one row and a window that is over is
//! removed. A number and an address are kept as hashes alone.

use std::{collections::BTreeMap, fmt};

use closure_contract::{
    AttemptNumber, FailureCode, Generation, JobId, Timestamp,
    facts::caps::{CapKey, CapLimit, CapWindow},
};
use time::OffsetDateTime;
use tokio_postgres::{Row, types::ToSql};

use super::suppression;
use crate::{
    database::{
        batch::Batch,
        pool::{Database, query},
        row::{Columns, int, millis},
    },
    error::StoreError,
    store::Store,
};

/// A window that is over is kept for longer than any try lasts that could still give its contact back.
pub(crate) const KEPT_MS: i64 = 3_600_000;

/// A contact that was counted; it can be given back where it did not come about.
#[derive(Clone, PartialEq, Eq)]
pub struct Contact(Vec<(String, OffsetDateTime)>);

/// The try that a contact was counted for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Tried {
    /// The job.
    pub job_id: JobId,
    /// Which edition of it.
    pub generation: Generation,
    /// Which try of that.
    pub attempt: AttemptNumber,
}

/// The answer to a contact that is about to be made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CapGrant {
    /// It is counted towards every cap.
    Granted(Contact),
    /// These caps are reached; nothing was counted.
    Reached(Vec<CapWindow>),
}

impl Store {
    /// Counts a contact towards every one of its caps, or towards none where one is reached; concurrent contacts
    /// share one commit.
    ///
    /// Asked again after an answer was lost it counts twice: a cap then lets one contact less through, never more.
    pub async fn count_contact(&self, job_id: JobId, limits: Vec<CapLimit>) -> Result<CapGrant, StoreError> {
        self.tallies.ask(Wish { job_id, limits }).await
    }

    /// A counted contact did not come about, because its try failed with this code.
    ///
    /// It is given back once, however often that is asked, and only as long as nobody doubts the try: what is sent
    /// again because of a doubt counts towards no cap of its own.
    pub async fn give_back(
        &self,
        tried: Tried,
        code: FailureCode,
        contact: &Contact,
    ) -> Result<(), StoreError> {
        let counters: Vec<&str> = contact.0.iter().map(|(counter, _)| counter.as_str()).collect();
        let starts: Vec<OffsetDateTime> = contact.0.iter().map(|(_, start)| *start).collect();
        let Tried { job_id, generation, attempt } = tried;
        let (generation, attempt) = (int(generation.0), int(attempt.0));
        let values: [&(dyn ToSql + Sync); 6] =
            [&job_id.0, &generation, &attempt, &code.as_str(), &counters, &starts];
        self.database.query(GIVE_BACK, &values).await?;
        Ok(())
    }

    /// Removes windows that have been over for long; gives how many.
    pub async fn forget_tallies(&self, limit: i64) -> Result<usize, StoreError> {
        Ok(self.database.query(FORGET, &[&limit, &KEPT_MS]).await?.len())
    }
}

/// A contact that is about to be made.
pub(crate) struct Wish {
    job_id: JobId,
    limits: Vec<CapLimit>,
}

/// The batched work.
pub(crate) struct Tallies(pub(crate) Database);

/// One counter's window, with what others have used of it and what this batch has granted so far.
struct Window {
    start: OffsetDateTime,
    until: Timestamp,
    used: u32,
    wanted: u32,
    granted: u32,
}

impl Batch for Tallies {
    type Item = Wish;
    type Answer = CapGrant;
    type Key = JobId;

    fn key(item: &Wish) -> JobId {
        item.job_id
    }

    /// Counts every wish first, which locks the counters, and takes back what went beyond before anybody can see it.
    async fn run(&self, items: &[&Wish]) -> Result<Vec<CapGrant>, StoreError> {
        let mut wanted: BTreeMap<String, (i64, u32)> = BTreeMap::new();
        for limit in items.iter().flat_map(|item| &item.limits) {
            wanted.entry(counter(limit)).or_insert((millis(limit.window_ms), 0)).1 += 1;
        }
        let counters: Vec<&str> = wanted.keys().map(String::as_str).collect();
        let windows_ms: Vec<i64> = wanted.values().map(|(window_ms, _)| *window_ms).collect();
        let counts: Vec<i32> = wanted.values().map(|(_, count)| int(*count)).collect();
        self.0
            .bounded(async {
                let mut session = self.0.session().await?;
                let transaction = session.transaction().await?;
                let rows = query(&transaction, RAISE, &[&counters, &windows_ms, &counts]).await?;
                let mut windows = windows(&rows, &wanted)?;
                let answers = items.iter().map(|item| grant(&item.limits, &mut windows)).collect();
                let surplus: Vec<_> = windows.iter().filter(|(_, w)| w.granted < w.wanted).collect();
                if !surplus.is_empty() {
                    let counters: Vec<&str> = surplus.iter().map(|(counter, _)| counter.as_str()).collect();
                    let starts: Vec<OffsetDateTime> = surplus.iter().map(|(_, w)| w.start).collect();
                    let counts: Vec<i32> = surplus.iter().map(|(_, w)| int(w.wanted - w.granted)).collect();
                    query(&transaction, LOWER, &[&counters, &starts, &counts]).await?;
                }
                transaction.commit().await?;
                session.done();
                Ok(answers)
            })
            .await
    }
}

fn windows(
    rows: &[Row],
    wanted: &BTreeMap<String, (i64, u32)>,
) -> Result<BTreeMap<String, Window>, StoreError> {
    rows.iter()
        .map(|row| {
            let columns = Columns(row);
            let counter: String = columns.get("counter")?;
            let wanted = wanted.get(&counter).map_or(0, |(_, count)| *count);
            let window = Window {
                start: columns.get("window_start")?,
                until: columns.time("window_end")?,
                used: columns.count("count")?.saturating_sub(wanted),
                wanted,
                granted: 0,
            };
            Ok((counter, window))
        })
        .collect()
}

/// Grants a contact if every one of its windows has room.
fn grant(limits: &[CapLimit], windows: &mut BTreeMap<String, Window>) -> CapGrant {
    let reached: Vec<CapWindow> = limits
        .iter()
        .filter_map(|limit| {
            let window = windows.get(&counter(limit))?;
            let count = window.used.saturating_add(window.granted);
            let used = || CapWindow {
                key: limit.key.clone(),
                window_ms: limit.window_ms,
                count,
                until: window.until,
            };
            (count >= limit.count).then(used)
        })
        .collect();
    if !reached.is_empty() {
        return CapGrant::Reached(reached);
    }
    let mut contact = Vec::with_capacity(limits.len());
    for limit in limits {
        let counter = counter(limit);
        if let Some(window) = windows.get_mut(&counter) {
            window.granted += 1;
            contact.push((counter, window.start));
        }
    }
    CapGrant::Granted(Contact(contact))
}

/// The name of a cap's counter; the window's length is a part of it, so that a changed one begins anew.
pub(crate) fn counter(limit: &CapLimit) -> String {
    let window_ms = limit.window_ms;
    match &limit.key {
        CapKey::Number(digits) => format!("number:{}:{window_ms}", suppression::hex(digits)),
        CapKey::Prefix(digits) => format!("prefix:{}:{window_ms}", suppression::hex(digits)),
        CapKey::Address(address) => format!("address:{}:{window_ms}", suppression::hex(address)),
        CapKey::Country(country_code) => format!("country:{country_code}:{window_ms}"),
        CapKey::Fleet => format!("fleet:{window_ms}"),
    }
}

/// Counters are locked in the order of their names, which is the order of every batch and of what is given back.
pub(crate) const RAISE: &str = "
INSERT INTO contact_tally AS t (counter, window_start, window_end, count)
SELECT counter, window_start, window_start + window_ms * interval '1 millisecond', wanted
FROM (
    SELECT *, date_bin(window_ms * interval '1 millisecond', now(), 'epoch') AS window_start
    FROM unnest($1::text[], $2::bigint[], $3::integer[]) AS item (counter, window_ms, wanted)
) AS asked
ORDER BY counter
ON CONFLICT (counter, window_start) DO UPDATE SET count = t.count + excluded.count
RETURNING counter, window_start, window_end, count";

/// Only of counters that the same transaction has raised, and locked with it.
pub(crate) const LOWER: &str = "
UPDATE contact_tally AS t SET count = greatest(t.count - asked.count, 0)
FROM unnest($1::text[], $2::timestamptz[], $3::integer[]) AS asked (counter, window_start, count)
WHERE t.counter = asked.counter AND t.window_start = asked.window_start";

/// The failure in the attempt is the mark of what was given back, in the same commit; its settlement writes the same one.
/// The counters are locked in the order in which a batch raises them, so that none of the two waits for the other.
pub(crate) const GIVE_BACK: &str = "
WITH failed AS (
    UPDATE attempt SET failure_code = $4
    WHERE job_id = $1 AND generation = $2 AND number = $3 AND state = 'sending' AND failure_code IS NULL
    RETURNING number
), held AS MATERIALIZED (
    SELECT t.counter, t.window_start
    FROM unnest($5::text[], $6::timestamptz[]) AS asked (counter, window_start)
    JOIN contact_tally AS t ON t.counter = asked.counter AND t.window_start = asked.window_start
    WHERE EXISTS (SELECT FROM failed)
    ORDER BY t.counter, t.window_start
    FOR UPDATE OF t
)
UPDATE contact_tally AS t SET count = greatest(t.count - 1, 0)
FROM held WHERE t.counter = held.counter AND t.window_start = held.window_start";

pub(crate) const FORGET: &str = "
WITH over AS MATERIALIZED (
    SELECT counter, window_start FROM contact_tally
    WHERE window_end < now() - $2::bigint * interval '1 millisecond'
    ORDER BY window_end LIMIT $1
    FOR UPDATE SKIP LOCKED
)
DELETE FROM contact_tally AS t USING over
WHERE t.counter = over.counter AND t.window_start = over.window_start
RETURNING t.counter";

impl fmt::Debug for Contact {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Contact({} counters)", self.0.len())
    }
}
