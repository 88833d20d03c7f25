//! How often a number, its neighbours, an address, a country and the whole fleet were contacted, counted where it cannot be raced (B5).
//!
//! Windows are fixed and begin by the database's clock, so that a counter is one row and a window that is over is
//! removed. A number and an address are kept as hashes alone.

use std::{collections::BTreeMap, fmt};

use closure_contract::{AttemptNumber, FailureCode, Generation, JobId, Timestamp};
use time::OffsetDateTime;
use tokio_postgres::{Row, types::ToSql};

use crate::{
    batch::Batch,
    error::StoreError,
    pool::{Database, query},
    row::{Columns, int, millis},
    standing::UsedWindow,
    store::Store,
    suppression,
};

/// What a cap counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum CapKind {
    /// The contacts with one number.
    Number,
    /// The contacts with numbers that begin alike.
    Prefix,
    /// The emails to one address.
    Address,
    /// The contacts with one country.
    Country,
    /// All contacts.
    Fleet,
}

/// Whose contacts a cap counts.
#[derive(Clone, PartialEq, Eq)]
pub enum Counted {
    /// Those with the number of these digits.
    Number(String),
    /// Those with numbers that begin with these digits and have as many behind them.
    Prefix(String),
    /// The emails to this address, in the form in which it is compared.
    Address(String),
    /// Those with this country.
    Country(u16),
    /// All.
    Fleet,
}

/// A cap that a contact counts towards.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Limit {
    /// Whose contacts.
    pub counted: Counted,
    /// At most so many in a window.
    pub count: u32,
    /// The window's length.
    pub window_ms: u64,
}

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
pub enum Taken {
    /// It is counted towards every cap.
    Granted(Contact),
    /// These caps are reached; nothing was counted.
    Reached(Vec<UsedWindow>),
}

impl Store {
    /// Counts a contact towards every one of its caps, or towards none where one is reached; concurrent contacts
    /// share one commit.
    ///
    /// Asked again after an answer was lost it counts twice: a cap then lets one contact less through, never more.
    pub async fn count_contact(&self, job_id: JobId, limits: Vec<Limit>) -> Result<Taken, StoreError> {
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

    /// Removes windows that have been over for an hour; gives how many.
    pub async fn forget_tallies(&self, limit: i64) -> Result<usize, StoreError> {
        Ok(self.database.query(FORGET, &[&limit]).await?.len())
    }
}

/// A contact that is about to be made.
pub(crate) struct Wish {
    job_id: JobId,
    limits: Vec<Limit>,
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
    type Answer = Taken;

    fn key(item: &Wish) -> JobId {
        item.job_id
    }

    /// Counts every wish first, which locks the counters, and takes back what went beyond before anybody can see it.
    async fn run(&self, items: &[&Wish]) -> Result<Vec<Taken>, StoreError> {
        let mut wanted: BTreeMap<String, (i64, u32)> = BTreeMap::new();
        for limit in items.iter().flat_map(|item| &item.limits) {
            wanted.entry(limit.counter()).or_insert((millis(limit.window_ms), 0)).1 += 1;
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
fn grant(limits: &[Limit], windows: &mut BTreeMap<String, Window>) -> Taken {
    let reached: Vec<UsedWindow> = limits
        .iter()
        .filter_map(|limit| {
            let window = windows.get(&limit.counter())?;
            let count = window.used.saturating_add(window.granted);
            let (cap, window_ms) = (limit.counted.kind(), limit.window_ms);
            let used = UsedWindow { cap, window_ms, count, until: window.until };
            (count >= limit.count).then_some(used)
        })
        .collect();
    if !reached.is_empty() {
        return Taken::Reached(reached);
    }
    let mut contact = Vec::with_capacity(limits.len());
    for limit in limits {
        let counter = limit.counter();
        if let Some(window) = windows.get_mut(&counter) {
            window.granted += 1;
            contact.push((counter, window.start));
        }
    }
    Taken::Granted(Contact(contact))
}

impl Limit {
    /// The counter's name; the window's length is a part of it, so that a changed one begins anew.
    pub(crate) fn counter(&self) -> String {
        match &self.counted {
            Counted::Number(digits) => format!("number:{}:{}", suppression::hex(digits), self.window_ms),
            Counted::Prefix(digits) => format!("prefix:{}:{}", suppression::hex(digits), self.window_ms),
            Counted::Address(address) => format!("address:{}:{}", suppression::hex(address), self.window_ms),
            Counted::Country(country_code) => format!("country:{country_code}:{}", self.window_ms),
            Counted::Fleet => format!("fleet:{}", self.window_ms),
        }
    }
}

impl Counted {
    pub(crate) fn kind(&self) -> CapKind {
        match self {
            Self::Number(_) => CapKind::Number,
            Self::Prefix(_) => CapKind::Prefix,
            Self::Address(_) => CapKind::Address,
            Self::Country(_) => CapKind::Country,
            Self::Fleet => CapKind::Fleet,
        }
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

/// An hour is longer than any try lasts that could still give its contact back.
pub(crate) const FORGET: &str = "
WITH over AS MATERIALIZED (
    SELECT counter, window_start FROM contact_tally
    WHERE window_end < now() - interval '1 hour'
    ORDER BY window_end LIMIT $1
    FOR UPDATE SKIP LOCKED
)
DELETE FROM contact_tally AS t USING over
WHERE t.counter = over.counter AND t.window_start = over.window_start
RETURNING t.counter";

impl fmt::Debug for Counted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Number(_) => f.write_str("Number(masked)"),
            Self::Prefix(_) => f.write_str("Prefix(masked)"),
            Self::Address(_) => f.write_str("Address(masked)"),
            Self::Country(country_code) => f.debug_tuple("Country").field(country_code).finish(),
            Self::Fleet => f.write_str("Fleet"),
        }
    }
}

impl fmt::Debug for Contact {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Contact({} counters)", self.0.len())
    }
}
