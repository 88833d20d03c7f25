//! What the CRM takes back, what of it was known by then, and how a person undoes it.

use closure_contract::{
    Channel, ConsultationId, JobId, Timestamp, facts::preconditions::RevocationRecord, job::Cancel,
};
use tokio_postgres::{Row, types::ToSql};

use crate::{
    database::{
        row::{Columns, int},
        text,
    },
    delivery::state::DeliveryState,
    error::StoreError,
    store::Store,
};

/// So many jobs of a consultation are listed, those of the newest revisions.
pub const CANCELLED_JOBS_MAX: usize = 100;

/// The jobs that a cancellation speaks of, as they stood once it was written down.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CancelledJobs {
    /// At most [`CANCELLED_JOBS_MAX`], newest revision first, always in the same order.
    pub jobs: Vec<CancelledJob>,
    /// Whether these are all.
    pub complete: bool,
    /// When they stood so, by the database's clock.
    pub at: Timestamp,
}

/// A job of a consultation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CancelledJob {
    /// The job.
    pub job_id: JobId,
    /// Its channel.
    pub channel: Channel,
    /// Its revision of the answer.
    pub revision: u32,
    /// Where it stands; nothing where a newer release wrote a word that this one does not know.
    pub state: Option<DeliveryState>,
    /// Whether a provider has ever taken it.
    pub was_taken: bool,
}

impl Store {
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

    /// The jobs that a cancellation speaks of, to be asked for once [`Store::cancel`] has written it down.
    ///
    /// A job that nobody had claimed by then meets the cancellation before it is sent, whereas one that was read before
    /// that commit, or in it, could still slip through.
    pub async fn cancelled_jobs(&self, cancel: &Cancel) -> Result<CancelledJobs, StoreError> {
        let consultation = &cancel.consultation;
        let one_more = i64::try_from(CANCELLED_JOBS_MAX + 1).unwrap_or(i64::MAX);
        let asked: [&(dyn ToSql + Sync); 3] =
            [&consultation.id.as_str(), &int(consultation.revision), &one_more];
        cancelled_jobs(&self.database.query(JOBS, &asked).await?)
    }

    /// A person lets a consultation be answered again, whatever revision was cancelled or came; gives what no longer stands
    /// in its way, and nothing if nothing did.
    ///
    /// What has ended by it stays ended: the CRM publishes its answer anew.
    pub async fn undo_cancel(
        &self,
        consultation: &ConsultationId,
        actor: &str,
        reason: &str,
    ) -> Result<Option<RevocationRecord>, StoreError> {
        let (actor, reason) = (text::detail(actor), text::detail(reason));
        let rows = self.act(UNDO, &[&consultation.as_str(), &actor, &reason]).await?;
        rows.first().map(|row| Columns(row).revocation()).transpose()
    }
}

pub(crate) const CANCEL: &str = "
INSERT INTO tombstone AS t (
    consultation_id, cancelled_through, cancel_id, cancelled_by, cancel_reason, cancelled_at
) VALUES ($1, $2, $3, $4, $5, now())
ON CONFLICT (consultation_id) DO UPDATE SET
    cancelled_through = excluded.cancelled_through, cancel_id = excluded.cancel_id,
    cancelled_by = excluded.cancelled_by, cancel_reason = excluded.cancel_reason,
    cancelled_at = excluded.cancelled_at, updated_at = now()
WHERE coalesce(t.cancelled_through, -1) < excluded.cancelled_through";

/// The time stands in a row of its own where there is no job.
pub(crate) const JOBS: &str = "
SELECT asked.at, d.job_id, d.channel, d.revision, d.state, d.accepted_at IS NOT NULL AS was_taken
FROM (SELECT now() AS at) AS asked
LEFT JOIN LATERAL (
    SELECT job_id, channel, revision, state, accepted_at FROM delivery
    WHERE consultation_id = $1 AND revision <= $2
    ORDER BY revision DESC, job_id
    LIMIT $3
) AS d ON true
ORDER BY d.revision DESC, d.job_id";

/// Takes both ways back in which a consultation's answer is no longer wanted, and keeps who did it on record.
pub(crate) const UNDO: &str = "
WITH gone AS (
    DELETE FROM tombstone WHERE consultation_id = $1 RETURNING *
), kept AS (
    INSERT INTO tombstone_action (
        consultation_id, action, newest_revision, cancelled_through, cancelled_by, cancel_reason, actor, reason
    )
    SELECT
        consultation_id, 'undo', newest_revision, cancelled_through, cancelled_by, cancel_reason, $2, $3
    FROM gone
)
SELECT newest_revision, cancelled_through FROM gone";

fn cancelled_jobs(rows: &[Row]) -> Result<CancelledJobs, StoreError> {
    let Some(first) = rows.first() else {
        return Err(StoreError::Schema("the jobs of a cancellation came without a time".to_owned()));
    };
    let mut jobs = Vec::with_capacity(rows.len());
    for row in rows {
        let columns = Columns(row);
        let Some(job_id) = columns.maybe_job("job_id")? else { continue };
        jobs.push(CancelledJob {
            job_id,
            channel: columns.word("channel")?,
            revision: columns.count("revision")?,
            state: columns.get::<&str>("state")?.parse().ok(),
            was_taken: columns.get("was_taken")?,
        });
    }
    let complete = jobs.len() <= CANCELLED_JOBS_MAX;
    jobs.truncate(CANCELLED_JOBS_MAX);
    Ok(CancelledJobs { jobs, complete, at: Columns(first).time("at")? })
}
