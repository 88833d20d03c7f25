//! What is known beside a job: one read-only statement for many jobs, and the two ways in which an answer is revoked.

use std::fmt;

use closure_contract::{ConsultationId, JobId, Timestamp, job::Cancel};
use tokio_postgres::Row;

use crate::{
    batch::Batch,
    error::StoreError,
    pool::Database,
    row::{Columns, int},
    store::Store,
    suppression,
    tally::{self, CapKind, Limit},
    text,
};

/// What is asked about a job.
#[derive(Clone)]
pub struct StandingQuestion {
    /// The job; one statement answers for it once.
    pub job_id: JobId,
    /// Whose revisions and cancellations.
    pub consultation_id: ConsultationId,
    /// The digits of the job's number, with its country code.
    pub phone: Option<String>,
    /// The address, in the form in which the list has it.
    pub email: Option<String>,
    /// The caps whose present windows are asked for.
    pub limits: Vec<Limit>,
}

/// The answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StandingFacts {
    /// The newest revision of the consultation's answer that came, where one above the first did.
    pub newest_revision: Option<u32>,
    /// This revision and every older one was cancelled.
    pub cancelled_through: Option<u32>,
    /// Whether the number is on the suppression list.
    pub phone_suppressed: bool,
    /// Whether the address is on the suppression list.
    pub email_suppressed: bool,
    /// What is used of each cap that was asked for.
    pub used: Vec<UsedWindow>,
}

/// What is used of a cap's window.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct UsedWindow {
    /// Which cap.
    pub cap: CapKind,
    /// How much.
    pub count: u32,
    /// When the window ends.
    pub until: Timestamp,
}

impl Store {
    /// What is known beside a job; concurrent questions share one statement, which writes nothing.
    pub async fn standing(&self, question: StandingQuestion) -> Result<StandingFacts, StoreError> {
        self.standings.ask(question).await
    }

    /// A revision of a consultation's answer came: every lower one that was not sent is superseded (B2).
    ///
    /// It may be told again, and in any order: the newest revision counts.
    pub async fn supersede(&self, consultation: &ConsultationId, revision: u32) -> Result<(), StoreError> {
        self.database.query(SUPERSEDE, &[&consultation.as_str(), &int(revision)]).await?;
        Ok(())
    }

    /// The CRM takes a consultation's answer back: this revision and every lower one that was not sent (B3).
    ///
    /// It may be told again, and in any order: the newest revision counts.
    pub async fn cancel(&self, cancel: &Cancel) -> Result<(), StoreError> {
        let consultation = &cancel.consultation;
        self.database
            .query(
                CANCEL,
                &[
                    &consultation.id.as_str(),
                    &int(consultation.revision),
                    &cancel.cancel_id,
                    &text::detail(&cancel.agent.id),
                    &text::optional(cancel.reason.as_deref()),
                ],
            )
            .await?;
        Ok(())
    }
}

pub(crate) const SUPERSEDE: &str = "
INSERT INTO tombstone AS t (consultation_id, newest_revision) VALUES ($1, $2)
ON CONFLICT (consultation_id) DO UPDATE SET newest_revision = excluded.newest_revision, updated_at = now()
WHERE coalesce(t.newest_revision, 0) < excluded.newest_revision";

pub(crate) const CANCEL: &str = "
INSERT INTO tombstone AS t (
    consultation_id, cancelled_through, cancel_id, cancelled_by, cancel_reason, cancelled_at
) VALUES ($1, $2, $3, $4, $5, now())
ON CONFLICT (consultation_id) DO UPDATE SET
    cancelled_through = excluded.cancelled_through, cancel_id = excluded.cancel_id,
    cancelled_by = excluded.cancelled_by, cancel_reason = excluded.cancel_reason,
    cancelled_at = excluded.cancelled_at, updated_at = now()
WHERE coalesce(t.cancelled_through, -1) < excluded.cancelled_through";

/// The batched work.
pub(crate) struct Standings(pub(crate) Database);

impl Batch for Standings {
    type Item = StandingQuestion;
    type Answer = StandingFacts;

    fn key(item: &StandingQuestion) -> JobId {
        item.job_id
    }

    async fn run(&self, items: &[&StandingQuestion]) -> Result<Vec<StandingFacts>, StoreError> {
        self.rows(items).await?.iter().map(facts).collect()
    }
}

impl Standings {
    async fn rows(&self, items: &[&StandingQuestion]) -> Result<Vec<Row>, StoreError> {
        let counters = |cap| -> (Vec<Option<String>>, Vec<Option<i64>>) {
            items.iter().map(|item| tally::counter_of(&item.limits, cap).unzip()).unzip()
        };
        let (numbers, number_ms) = counters(CapKind::Number);
        let (countries, country_ms) = counters(CapKind::Country);
        let (fleets, fleet_ms) = counters(CapKind::Fleet);
        self.0
            .query(
                STANDING,
                &[
                    &column(items, |item| item.consultation_id.as_str()),
                    &column(items, |item| item.phone.as_deref().map(suppression::hash)),
                    &column(items, |item| item.email.as_deref().map(suppression::hash)),
                    &numbers,
                    &number_ms,
                    &countries,
                    &country_ms,
                    &fleets,
                    &fleet_ms,
                ],
            )
            .await
    }
}

fn column<'a, T>(items: &[&'a StandingQuestion], of: impl Fn(&'a StandingQuestion) -> T) -> Vec<T> {
    items.iter().map(|item| of(item)).collect()
}

/// The lateral queries fix the plan: a probe of each primary key for each question.
pub(crate) const STANDING: &str = "
SELECT
    gone.newest_revision, gone.cancelled_through,
    phone.listed IS NOT NULL AS phone_suppressed, email.listed IS NOT NULL AS email_suppressed,
    coalesce(n.count, 0) AS number_used, asked.number_from + asked.number_ms * interval '1 millisecond' AS number_until,
    coalesce(c.count, 0) AS country_used,
    asked.country_from + asked.country_ms * interval '1 millisecond' AS country_until,
    coalesce(f.count, 0) AS fleet_used, asked.fleet_from + asked.fleet_ms * interval '1 millisecond' AS fleet_until
FROM (
    SELECT
        *,
        date_bin(number_ms * interval '1 millisecond', now(), 'epoch') AS number_from,
        date_bin(country_ms * interval '1 millisecond', now(), 'epoch') AS country_from,
        date_bin(fleet_ms * interval '1 millisecond', now(), 'epoch') AS fleet_from
    FROM unnest(
        $1::text[], $2::bytea[], $3::bytea[], $4::text[], $5::bigint[], $6::text[], $7::bigint[], $8::text[],
        $9::bigint[]
    ) WITH ORDINALITY AS item (
        consultation_id, phone, email, number, number_ms, country, country_ms, fleet, fleet_ms, place
    )
) AS asked
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
    SELECT t.count FROM contact_tally AS t WHERE t.counter = asked.number AND t.window_start = asked.number_from
) AS n ON true
LEFT JOIN LATERAL (
    SELECT t.count FROM contact_tally AS t WHERE t.counter = asked.country AND t.window_start = asked.country_from
) AS c ON true
LEFT JOIN LATERAL (
    SELECT t.count FROM contact_tally AS t WHERE t.counter = asked.fleet AND t.window_start = asked.fleet_from
) AS f ON true
ORDER BY asked.place";

fn facts(row: &Row) -> Result<StandingFacts, StoreError> {
    let columns = Columns(row);
    let mut used = Vec::new();
    for (cap, count, until) in [
        (CapKind::Number, "number_used", "number_until"),
        (CapKind::Country, "country_used", "country_until"),
        (CapKind::Fleet, "fleet_used", "fleet_until"),
    ] {
        if let Some(until) = columns.maybe_time(until)? {
            used.push(UsedWindow { cap, count: columns.count(count)?, until });
        }
    }
    Ok(StandingFacts {
        newest_revision: columns.maybe_count("newest_revision")?,
        cancelled_through: columns.maybe_count("cancelled_through")?,
        phone_suppressed: columns.get("phone_suppressed")?,
        email_suppressed: columns.get("email_suppressed")?,
        used,
    })
}

impl fmt::Debug for StandingQuestion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("StandingQuestion")
            .field("job_id", &self.job_id)
            .field("limits", &self.limits)
            .finish_non_exhaustive()
    }
}
