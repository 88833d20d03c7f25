//! Reports about accepted mails: each kept once, and the delivery, the debt to the CRM and the list moved in one commit.
//!
//! Who reads reports reads what strangers send, and therefore sees nothing of a job but whom its mail went to
//! (`migrations/V20__bounce_reader.sql`).

use std::fmt;

use bytes::Bytes;
use closure_contract::{Evidence, FailureCode, Generation, JobId, Provider, ReceiptStatus, Timestamp};
use serde_json::json;
use sha2::{Digest, Sha256};

use crate::{
    contacts::suppression::{NewSuppression, hash_of, kind},
    database::{
        row::{Columns, int},
        text,
    },
    dead_letters::job_letter::LetterKey,
    delivery::state::{DeliveryState, with_worker_states},
    error::StoreError,
    store::Store,
};

/// A report about a mail of ours.
#[derive(Clone)]
pub struct NewBounce {
    /// The email job that it speaks of.
    pub job_id: JobId,
    /// The edition of it.
    pub generation: Generation,
    /// What makes the report unique.
    pub report_id: String,
    /// What it says, in the words of receipts.
    pub status: ReceiptStatus,
    /// Its code, such as 5.1.1.
    pub provider_code: Option<String>,
    /// When it was written, by its writer's clock.
    pub occurred_at: Option<Timestamp>,
    /// When we read it.
    pub received_at: Timestamp,
    /// What follows from it.
    pub effect: BounceEffect,
}

/// What follows from a report.
#[derive(Clone)]
pub enum BounceEffect {
    /// It is on record, and nothing else.
    Recorded,
    /// An accepted mail becomes undelivered.
    Undelivered {
        /// Why, for people.
        detail: String,
        /// The recipient to be put on the list along with it.
        suppress: Option<NewSuppression>,
    },
}

/// What became of a report.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Bounced {
    /// The delivery is undelivered now; the CRM is owed the outcome, which the fallback worker's sweep tells.
    Moved,
    /// It is on record, and the delivery stands as it stood.
    Recorded,
    /// The mail is still on its way out as far as we know; show the report again later. Nothing was written.
    NotYet,
    /// There is no such email, or no such edition of it.
    Unknown,
}

/// An email as a report about it needs it.
#[derive(Clone, PartialEq, Eq)]
pub struct ReportedMail {
    /// Whom it goes to; `None` where the job says nobody that could be read.
    pub recipient: Option<String>,
    /// Which edition says so.
    pub generation: Generation,
}

impl Store {
    /// The email that a report speaks of; `None` if there is no such delivery.
    pub async fn reported_mail(&self, job_id: JobId) -> Result<Option<ReportedMail>, StoreError> {
        let rows = self.database.query(REPORTED, &[&job_id.0]).await?;
        let Some(row) = rows.first() else { return Ok(None) };
        let columns = Columns(row);
        Ok(Some(ReportedMail {
            recipient: columns.get("recipient")?,
            generation: columns.generation("generation")?,
        }))
    }

    /// Puts a report on record, and an accepted mail's end with it.
    ///
    /// The same report again changes nothing: an end is reached once, by comparing the state before.
    pub async fn record_bounce(&self, bounce: NewBounce) -> Result<Bounced, StoreError> {
        let NewBounce { job_id, generation, report_id, status, provider_code, .. } = bounce;
        let (moves, detail, suppress) = match bounce.effect {
            BounceEffect::Recorded => (false, None, None),
            BounceEffect::Undelivered { detail, suppress } => (true, Some(text::detail(&detail)), suppress),
        };
        let listed = suppress.as_ref();
        let rows = self
            .database
            .query(
                RECORD,
                &[
                    &job_id.0,
                    &int(generation.0),
                    &Provider::Smtp.as_str(),
                    &text::reference(&report_id),
                    &status.as_str(),
                    &Evidence::Carrier.as_str(),
                    &text::optional(provider_code.as_deref()),
                    &bounce.occurred_at.map(|at| at.0),
                    &bounce.received_at.0,
                    &moves,
                    &FailureCode::MailBounced.as_str(),
                    &detail,
                    &listed.map(|new| kind(&new.recipient)),
                    &listed.map(|new| hash_of(&new.recipient)),
                    &listed.map(|new| text::detail(&new.masked)),
                    &listed.map(|new| new.source.as_str()),
                    &listed.map(|new| text::detail(&new.actor)),
                    &listed.map(|new| text::detail(&new.reason)),
                ],
            )
            .await?;
        let Some(row) = rows.first() else { return Ok(Bounced::Unknown) };
        let columns = Columns(row);
        let newest = columns.generation("found_generation")?;
        if columns.get("has_moved")? {
            // The sweep finds the debt all the same, after the time that it leaves to others.
            let _ = self.database.query(TELL_AT_ONCE, &[&job_id.0]).await;
            return Ok(Bounced::Moved);
        }
        Ok(match newest.cmp(&generation) {
            std::cmp::Ordering::Less => Bounced::Unknown,
            // The settlement that tells of the acceptance is still to come.
            std::cmp::Ordering::Equal if columns.word::<DeliveryState>("found_state")?.is_with_worker() => {
                Bounced::NotYet
            }
            std::cmp::Ordering::Equal | std::cmp::Ordering::Greater => Bounced::Recorded,
        })
    }
}

impl Store {
    /// Puts the recipient of a mail that somebody complained of on the list, with the action on record; one that is on
    /// it keeps its first entry.
    pub async fn suppress_after_complaint(&self, new: NewSuppression) -> Result<(), StoreError> {
        self.database
            .query(
                LIST_AFTER_COMPLAINT,
                &[
                    &kind(&new.recipient),
                    &hash_of(&new.recipient),
                    &text::detail(&new.masked),
                    &new.source.as_str(),
                    &text::detail(&new.actor),
                    &text::detail(&new.reason),
                ],
            )
            .await?;
        Ok(())
    }
}

/// A mail about one of ours that no program could read.
#[derive(Clone)]
pub struct UnreadMail {
    /// The email job whose bounce address it came to.
    pub job_id: JobId,
    /// The edition of it.
    pub generation: Generation,
    /// Why it could not be read, for people.
    pub detail: String,
    /// Its bytes, or their beginning.
    pub body: Bytes,
    /// Where the mail itself is kept.
    pub file: String,
}

impl Store {
    /// Keeps a mail that nobody but a person can read in the dead-letter desk, once; the delivery stands as it stood.
    pub async fn keep_unread_bounce(&self, unread: UnreadMail) -> Result<(), StoreError> {
        let UnreadMail { job_id, generation, detail, body, file } = unread;
        self.database
            .query(
                KEEP_UNREAD,
                &[
                    &LetterKey::of_mail(&Sha256::digest(&body)).as_str(),
                    &job_id.0,
                    &BOUNCES,
                    &FailureCode::BounceUnread.as_str(),
                    &text::detail(&detail),
                    &&body[..],
                    &text::json(json!({ "file": file, "generation": generation })),
                    &int(generation.0),
                ],
            )
            .await?;
        Ok(())
    }
}

/// Where such letters come from, in place of a work queue.
const BOUNCES: &str = "bounces";

/// Without a word about the conflict's columns, so that whoever may only insert can say it.
pub(crate) const KEEP_UNREAD: &str = "
INSERT INTO dead_letter (key, job_id, channel, queue, routing_key, code, detail, body, headers, state, generation)
VALUES ($1, $2, 'email', $3, '', $4, $5, $6, $7, 'open', $8)
ON CONFLICT DO NOTHING";

/// `found` holds the row from here on, so that what it says is what `moved` finds.
///
/// A recipient is put on the list only where the delivery moves: a report about an older edition may speak of an
/// address that a person has corrected since.
pub(crate) const RECORD: &str = concat!(
    "
WITH found AS MATERIALIZED (
    SELECT
        d.job_id, d.state, d.generation, d.attempts,
        d.generation > $2 OR (
            d.generation = $2 AND d.state NOT IN (",
    with_worker_states!(),
    ")
        ) AS known
    FROM delivery AS d
    WHERE d.job_id = $1 AND d.channel = 'email'
    FOR UPDATE
), heard AS (
    INSERT INTO receipt (
        provider, receipt_id, status, evidence, provider_code, occurred_at, received_at, job_id, generation, number
    )
    SELECT $3, $4, $5, $6, $7, $8, $9, f.job_id, $2, CASE WHEN f.generation = $2 THEN f.attempts END
    FROM found AS f WHERE f.known
    ON CONFLICT DO NOTHING
), moved AS (
    UPDATE delivery AS d SET
        state = 'undelivered',
        failure_code = $11,
        detail = $12,
        evidence = $6,
        ended_at = now(),
        updated_at = now()
    FROM found AS f
    WHERE d.job_id = f.job_id AND f.generation = $2 AND f.state = 'accepted' AND $10
    RETURNING d.job_id
), listed AS (
    INSERT INTO suppression (kind, value_hash, masked, source, actor, reason)
    SELECT $13, $14, $15, $16, $17, $18 FROM moved WHERE $13::text IS NOT NULL
    ON CONFLICT DO NOTHING
    RETURNING *
), acted AS (
    INSERT INTO suppression_action (action, kind, value_hash, masked, source, actor, reason)
    SELECT 'add', kind, value_hash, masked, source, actor, reason FROM listed
)
SELECT f.state AS found_state, f.generation AS found_generation, m.job_id IS NOT NULL AS has_moved
FROM found AS f LEFT JOIN moved AS m ON m.job_id = f.job_id"
);

/// Answers nothing, because the reader of bounces may see no action.
pub(crate) const LIST_AFTER_COMPLAINT: &str = "
WITH added AS (
    INSERT INTO suppression (kind, value_hash, masked, source, actor, reason)
    VALUES ($1, $2, $3, $4, $5, $6)
    ON CONFLICT DO NOTHING
    RETURNING *
)
INSERT INTO suppression_action (action, kind, value_hash, masked, source, actor, reason)
SELECT 'add', kind, value_hash, masked, source, actor, reason FROM added";

pub(crate) const REPORTED: &str =
    "SELECT mail_recipient(d.job_id) AS recipient, d.generation FROM delivery AS d WHERE d.job_id = $1";

/// The debt is as young as the commit that made it, and a sweep leaves young ones to whoever made them; here nobody
/// else tells.
pub(crate) const TELL_AT_ONCE: &str = "UPDATE owed SET looked_at = '-infinity' WHERE job_id = $1";

impl fmt::Debug for NewBounce {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("NewBounce")
            .field("job_id", &self.job_id)
            .field("generation", &self.generation)
            .field("status", &self.status)
            .field("provider_code", &self.provider_code)
            .finish_non_exhaustive()
    }
}

impl fmt::Debug for ReportedMail {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ReportedMail").finish_non_exhaustive()
    }
}

impl fmt::Debug for UnreadMail {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("UnreadMail")
            .field("job_id", &self.job_id)
            .field("generation", &self.generation)
            .field("bytes", &self.body.len())
            .finish_non_exhaustive()
    }
}
