//! The record of what people did: written in the same transaction as what was done.

use std::{fmt::Write as _, sync::Arc};

use closure_contract::Timestamp;
use deadpool_postgres::Transaction;
use serde::Serialize;
use serde_json::{Value, json};
use tokio_postgres::{Row, types::ToSql};

use super::{grants::Right, users::UserId};
use crate::{
    database::{column_word::column_words, pool::query, row::Columns, text},
    error::StoreError,
    store::Store,
};

column_words! {
    /// What proves that it was this account.
    #[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
    #[serde(rename_all = "snake_case")]
    pub enum ActorProof: "proof" {
        /// Nothing: nobody is a user yet, or the account is no user's.
        None = "none",
        /// The account of the operating system, which is this user's alone.
        OsAccount = "os_account",
        /// An account of the operating system that several users share; which of them it was they said themselves.
        SharedAccount = "shared_account",
        /// The user's password.
        Password = "password",
    }
}

column_words! {
    /// What became of an act.
    #[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
    #[serde(rename_all = "snake_case")]
    pub enum AuditVerdict: "verdict" {
        /// It was done.
        Done = "done",
        /// It was allowed, and changed nothing: somebody else had been there, or it was so before.
        WithoutEffect = "without_effect",
        /// The right was missing.
        Denied = "denied",
    }
}

/// What an act is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Subject {
    /// Its kind, such as `letter`.
    pub kind: &'static str,
    /// Which one, without personal data.
    pub id: String,
    /// Whose data it is: the keyed hash of the recipient.
    pub hash: Option<Vec<u8>>,
}

/// An act that is to be on record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewAudit {
    /// The user who acts.
    pub user: Option<UserId>,
    /// The name of the account that acts.
    pub account: String,
    /// What proves it.
    pub proof: ActorProof,
    /// Where the process runs.
    pub place: String,
    /// The right that the act needs.
    pub needs: Right,
    /// What is done, such as `letter.replay`.
    pub act: &'static str,
    /// What it is about.
    pub subject: Subject,
    /// Why.
    pub purpose: Option<String>,
}

/// What an act changed, beside that it was done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Effect<'a> {
    pub(crate) verdict: AuditVerdict,
    pub(crate) before_hash: Option<&'a [u8]>,
    pub(crate) after_hash: Option<&'a [u8]>,
}

impl Effect<'_> {
    /// Of what keeps no hashes.
    pub(crate) fn of(verdict: AuditVerdict) -> Self {
        Self { verdict, before_hash: None, after_hash: None }
    }

    /// Of what either was done or changed nothing.
    pub(crate) fn changed(was_changed: bool) -> Self {
        Self::of(if was_changed { AuditVerdict::Done } else { AuditVerdict::WithoutEffect })
    }
}

/// One row of the record, as it is kept; a word that a newer release wrote is shown as it stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct AuditRow {
    /// Its place in the chain.
    pub id: i64,
    /// How it was hashed.
    #[serde(skip)]
    pub form: i16,
    /// When, by the database's clock.
    pub at: Timestamp,
    /// The user who acted.
    pub user_id: Option<i32>,
    /// The name of the account that acted.
    pub account: String,
    /// What proves it.
    pub proof: String,
    /// Where the process ran.
    pub place: String,
    /// The user of the database, as the database knows it.
    pub database_user: String,
    /// From where the database was asked, as it knows it.
    pub database_address: Option<String>,
    /// The right that the act needs.
    pub needs: String,
    /// What was done.
    pub act: String,
    /// What became of it.
    pub verdict: String,
    /// What it was about.
    pub subject_kind: String,
    /// Which one.
    pub subject_id: String,
    /// Whose data it was, in hexadecimal digits.
    pub subject_hash: Option<String>,
    /// Why.
    pub purpose: Option<String>,
    /// The hash of what was there before, in hexadecimal digits.
    pub before_hash: Option<String>,
    /// The hash of what is there after, in hexadecimal digits.
    pub after_hash: Option<String>,
    /// The hash of the row before.
    #[serde(skip)]
    pub prev_hash: Vec<u8>,
    /// The hash of this row.
    #[serde(skip)]
    pub hash: Vec<u8>,
}

/// Which rows are listed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct AuditFilter {
    /// Those of this account.
    pub account: Option<String>,
    /// Those whose act is this, or begins with it and a dot.
    pub act: Option<String>,
    /// Those about this subject.
    pub subject_id: Option<String>,
    /// Those before this place in the chain.
    pub before: Option<i64>,
    /// At most so many.
    pub limit: i64,
}

/// What one account did of one kind within a time, and what became of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct AuditSummary {
    /// The account.
    pub account: String,
    /// What proved it.
    pub proof: String,
    /// What was done.
    pub act: String,
    /// The right that it needs.
    pub needs: String,
    /// What became of it.
    pub verdict: String,
    /// How often.
    pub count: i64,
    /// Of how many subjects.
    pub subjects: i64,
    /// When for the last time.
    pub latest_at: Timestamp,
}

impl Store {
    /// The store as somebody acts on it: what is changed through it is on record in the same transaction.
    #[must_use]
    pub fn on_record(&self, entry: NewAudit) -> Self {
        Self { record: Some(Arc::new(entry)), ..self.clone() }
    }

    /// Puts an act on record by itself: a reveal, an export, a publish or a refusal, which change no table of ours.
    pub async fn record(&self, entry: &NewAudit, verdict: AuditVerdict) -> Result<(), StoreError> {
        self.database.query(PUT_ON_RECORD, &[&entry.document(Effect::of(verdict))]).await?;
        Ok(())
    }

    /// Rows of the record, the latest first.
    pub async fn audit(&self, filter: &AuditFilter) -> Result<Vec<AuditRow>, StoreError> {
        let values: [&(dyn ToSql + Sync); 5] =
            [&filter.account, &filter.act, &filter.subject_id, &filter.before, &filter.limit];
        self.database.query(LIST, &values).await?.iter().map(AuditRow::read).collect()
    }

    /// What each account did from one time to another, for whoever reviews it.
    pub async fn audit_review(
        &self,
        from: Timestamp,
        to: Timestamp,
    ) -> Result<Vec<AuditSummary>, StoreError> {
        self.database.query(REVIEW, &[&from.0, &to.0]).await?.iter().map(AuditSummary::read).collect()
    }

    /// Puts what this store does for somebody on record, as the last statement of its transaction.
    ///
    /// A store of a process that acts for nobody writes nothing.
    pub(crate) async fn write_down(
        &self,
        transaction: &Transaction<'_>,
        effect: Effect<'_>,
    ) -> Result<(), StoreError> {
        if let Some(entry) = &self.record {
            query(transaction, PUT_ON_RECORD, &[&entry.document(effect)]).await?;
        }
        Ok(())
    }

    /// Puts on record that what somebody asked for changed nothing; its own transaction is rolled back by then.
    pub(crate) async fn write_without_effect(&self) -> Result<(), StoreError> {
        match &self.record {
            Some(entry) => self.record(entry, AuditVerdict::WithoutEffect).await,
            None => Ok(()),
        }
    }

    /// One statement that changes something if it gives rows, on record where somebody acts.
    pub(crate) async fn act(
        &self,
        sql: &'static str,
        values: &[&(dyn ToSql + Sync)],
    ) -> Result<Vec<Row>, StoreError> {
        if self.record.is_none() {
            return self.database.query(sql, values).await;
        }
        let work = async {
            let mut session = self.database.session().await?;
            let transaction = session.transaction().await?;
            let rows = query(&transaction, sql, values).await?;
            self.write_down(&transaction, Effect::changed(!rows.is_empty())).await?;
            transaction.commit().await?;
            session.done();
            Ok(rows)
        };
        self.database.bounded(work).await
    }
}

impl NewAudit {
    fn document(&self, effect: Effect<'_>) -> Value {
        text::json(json!({
            "user_id": self.user.map(|user| user.0),
            "account": self.account,
            "proof": self.proof.as_str(),
            "place": text::detail(&self.place),
            "needs": self.needs.as_str(),
            "act": self.act,
            "verdict": effect.verdict.as_str(),
            "subject_kind": self.subject.kind,
            "subject_id": text::detail(&self.subject.id),
            "subject_hash": self.subject.hash.as_deref().map(hex),
            "purpose": text::optional(self.purpose.as_deref()),
            "before_hash": effect.before_hash.map(hex),
            "after_hash": effect.after_hash.map(hex),
        }))
    }
}

impl AuditRow {
    pub(super) fn read(row: &Row) -> Result<Self, StoreError> {
        let columns = Columns(row);
        let digits = |name: &str| Ok::<_, StoreError>(columns.get::<Option<&[u8]>>(name)?.map(hex));
        Ok(Self {
            id: columns.get("id")?,
            form: columns.get("form")?,
            at: columns.time("at")?,
            user_id: columns.get("user_id")?,
            account: columns.get("account")?,
            proof: columns.get("proof")?,
            place: columns.get("place")?,
            database_user: columns.get("database_user")?,
            database_address: columns.get("database_address")?,
            needs: columns.get("needs")?,
            act: columns.get("act")?,
            verdict: columns.get("verdict")?,
            subject_kind: columns.get("subject_kind")?,
            subject_id: columns.get("subject_id")?,
            subject_hash: digits("subject_hash")?,
            purpose: columns.get("purpose")?,
            before_hash: digits("before_hash")?,
            after_hash: digits("after_hash")?,
            prev_hash: columns.get::<&[u8]>("prev_hash")?.to_vec(),
            hash: columns.get::<&[u8]>("hash")?.to_vec(),
        })
    }
}

impl AuditSummary {
    fn read(row: &Row) -> Result<Self, StoreError> {
        let columns = Columns(row);
        Ok(Self {
            account: columns.get("account")?,
            proof: columns.get("proof")?,
            act: columns.get("act")?,
            needs: columns.get("needs")?,
            verdict: columns.get("verdict")?,
            count: columns.get("count")?,
            subjects: columns.get("subjects")?,
            latest_at: columns.time("latest_at")?,
        })
    }
}

/// Bytes in hexadecimal digits.
pub(super) fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

pub(crate) const PUT_ON_RECORD: &str = "SELECT put_on_record($1::jsonb)";

macro_rules! audit_columns {
    () => {
        "id, form, at, user_id, account, proof, place, database_user, database_address, needs, act, verdict, \
         subject_kind, subject_id, subject_hash, purpose, before_hash, after_hash, prev_hash, hash"
    };
}
pub(super) use audit_columns;

pub(crate) const LIST: &str = concat!(
    "SELECT ",
    audit_columns!(),
    "
FROM audit
WHERE ($1::text IS NULL OR account = $1)
    AND ($2::text IS NULL OR act = $2 OR starts_with(act, $2 || '.'))
    AND ($3::text IS NULL OR subject_id = $3)
    AND id < coalesce($4::bigint, 9223372036854775807)
ORDER BY id DESC LIMIT $5"
);

/// A report reads a month of what people did, once a month.
const REVIEW: &str = "
SELECT account, proof, act, needs, verdict, count(*) AS count,
    count(DISTINCT (subject_kind, subject_id)) AS subjects, max(at) AS latest_at
FROM audit WHERE at >= $1 AND at < $2
GROUP BY account, proof, act, needs, verdict
ORDER BY account, act, verdict, proof";
