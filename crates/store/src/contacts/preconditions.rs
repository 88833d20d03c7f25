//! What is known beside a job: one read-only statement for many jobs; and that a newer revision came.

use closure_contract::{
    ConsultationId, JobId, Timestamp,
    facts::{
        caps::{CapLimit, CapWindow},
        preconditions::{Listing, PreconditionQuery, Preconditions},
    },
};
use serde_json::{Value, json};
use time::OffsetDateTime;
use tokio_postgres::Row;

use super::{caps::counter, suppression};
use crate::{
    database::{
        batch::Batch,
        pool::Database,
        row::{Columns, int},
    },
    error::StoreError,
    store::Store,
};

impl Store {
    /// What is known beside a job, and when that was so by the database's clock; concurrent questions share one
    /// statement, which writes nothing.
    pub async fn standing(
        &self,
        question: PreconditionQuery,
    ) -> Result<(Preconditions, Timestamp), StoreError> {
        self.standings.ask(question).await
    }

    /// A revision of a consultation's answer came: every lower one that was not sent is superseded (B2).
    ///
    /// It may be told again, and in any order: the newest revision counts.
    pub async fn supersede(&self, consultation: &ConsultationId, revision: u32) -> Result<(), StoreError> {
        self.database.query(SUPERSEDE, &[&consultation.as_str(), &int(revision)]).await?;
        Ok(())
    }
}

pub(crate) const SUPERSEDE: &str = "
INSERT INTO tombstone AS t (consultation_id, newest_revision) VALUES ($1, $2)
ON CONFLICT (consultation_id) DO UPDATE SET newest_revision = excluded.newest_revision, updated_at = now()
WHERE coalesce(t.newest_revision, 0) < excluded.newest_revision";

/// The batched work.
pub(crate) struct Standings(pub(crate) Database);

impl Batch for Standings {
    type Item = PreconditionQuery;
    type Answer = (Preconditions, Timestamp);
    type Key = JobId;

    fn key(item: &PreconditionQuery) -> JobId {
        item.job_id
    }

    async fn run(&self, items: &[&PreconditionQuery]) -> Result<Vec<Self::Answer>, StoreError> {
        let rows = self.rows(items).await?;
        items.iter().zip(&rows).map(|(item, row)| facts(&item.limits, row)).collect()
    }
}

impl Standings {
    async fn rows(&self, items: &[&PreconditionQuery]) -> Result<Vec<Row>, StoreError> {
        self.0
            .query(
                STANDING,
                &[
                    &column(items, |item| item.consultation_id.as_str()),
                    &column(items, |item| item.phone.as_ref().map(suppression::hash)),
                    &column(items, |item| item.email.as_ref().map(suppression::hash)),
                    &limits(items),
                ],
            )
            .await
    }
}

/// The counters and windows of each question's caps, in their order.
fn limits(items: &[&PreconditionQuery]) -> Vec<Value> {
    let limit = |limit: &CapLimit| json!({ "counter": counter(limit), "window_ms": limit.window_ms });
    items.iter().map(|item| item.limits.iter().map(limit).collect()).collect()
}

fn column<'a, T>(items: &[&'a PreconditionQuery], of: impl Fn(&'a PreconditionQuery) -> T) -> Vec<T> {
    items.iter().map(|item| of(item)).collect()
}

/// The lateral queries fix the plan: a probe of each primary key for each question.
pub(crate) const STANDING: &str = "
SELECT
    clock_timestamp() AS at, gone.newest_revision, gone.cancelled_through,
    phone.listed IS NOT NULL AS phone_suppressed, email.listed IS NOT NULL AS email_suppressed,
    used.counts, used.ends
FROM unnest($1::text[], $2::bytea[], $3::bytea[], $4::jsonb[])
    WITH ORDINALITY AS asked (consultation_id, phone, email, limits, place)
LEFT JOIN LATERAL (
    SELECT t.newest_revision, t.cancelled_through FROM tombstone AS t WHERE t.consultation_id = asked.consultation_id
) AS gone ON true
LEFT JOIN LATERAL (
    SELECT true AS listed FROM suppression AS s WHERE s.kind = 'phone' AND s.value_hash = asked.phone
) AS phone ON true
LEFT JOIN LATERAL (
    SELECT true AS listed FROM suppression AS s WHERE s.kind = 'email' AND s.value_hash = asked.email
) AS email ON true
LEFT JOIN LATERAL (
    SELECT
        array_agg(coalesce((
            SELECT t.count FROM contact_tally AS t
            WHERE t.counter = cap.counter AND t.window_start = cap.starts
        ), 0) ORDER BY cap.place) AS counts,
        array_agg(cap.starts + cap.window_length ORDER BY cap.place) AS ends
    FROM (
        SELECT counter, window_length, date_bin(window_length, now(), 'epoch') AS starts, place
        FROM (
            SELECT
                item ->> 'counter' AS counter,
                (item ->> 'window_ms')::bigint * interval '1 millisecond' AS window_length,
                place
            FROM jsonb_array_elements(asked.limits) WITH ORDINALITY AS list (item, place)
        ) AS given
    ) AS cap
) AS used ON true
ORDER BY asked.place";

fn facts(limits: &[CapLimit], row: &Row) -> Result<(Preconditions, Timestamp), StoreError> {
    let columns = Columns(row);
    let counts: Vec<i32> = columns.get::<Option<_>>("counts")?.unwrap_or_default();
    let ends: Vec<OffsetDateTime> = columns.get::<Option<_>>("ends")?.unwrap_or_default();
    let windows = limits.iter().zip(counts).zip(ends);
    let used = windows
        .map(|((limit, count), end)| CapWindow {
            key: limit.key.clone(),
            window_ms: limit.window_ms,
            count: u32::try_from(count).unwrap_or(0),
            until: Timestamp(end),
        })
        .collect();
    let listing = |name| -> Result<Listing, StoreError> {
        let is_listed: bool = columns.get(name)?;
        Ok(if is_listed { Listing::Suppressed } else { Listing::Clear })
    };
    let preconditions = Preconditions {
        revocation: columns.revocation()?,
        phone: listing("phone_suppressed")?,
        email: listing("email_suppressed")?,
        used,
    };
    Ok((preconditions, columns.time("at")?))
}
