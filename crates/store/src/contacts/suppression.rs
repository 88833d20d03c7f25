//! Recipients who are not to be contacted (B6).

use std::fmt::{self, Write as _};

use closure_contract::{
    Timestamp,
    facts::{PersonalData, recipients::Recipient},
};
use serde::Serialize;
use sha2::{Digest, Sha256};
use tokio_postgres::Row;

use crate::{
    database::{column_word::column_words, row::Columns, text},
    error::StoreError,
    store::Store,
};

column_words! {
    /// Who or what puts a recipient on the list.
    #[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
    #[serde(rename_all = "snake_case")]
    pub enum SuppressionSource: "source" {
        /// A person at the command line or the console.
        Operator = "operator",
        /// A mail server that said for good that there is no such mailbox.
        HardBounce = "hard_bounce",
        /// The customer, who asked not to be contacted.
        OptOut = "opt_out",
    }
}

/// A recipient to be put on the list.
#[derive(Clone)]
pub struct NewSuppression {
    /// Whom.
    pub recipient: Recipient,
    /// The recipient for people, with the middle hidden.
    pub masked: String,
    /// By whose word.
    pub source: SuppressionSource,
    /// Who did it.
    pub actor: String,
    /// Why.
    pub reason: String,
}

/// One entry of the list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Suppression {
    /// `phone` or `email`.
    pub kind: String,
    /// The recipient, with the middle hidden.
    pub masked: String,
    /// By whose word.
    pub source: SuppressionSource,
    /// Who did it.
    pub actor: String,
    /// Why.
    pub reason: String,
    /// Since when.
    pub since: Timestamp,
}

/// What became of a change of the list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ListChange {
    /// It was made.
    Made,
    /// The list was so before.
    AsBefore,
}

impl Store {
    /// Puts a recipient on the list, with the action on record; one that is on it keeps its first entry.
    pub async fn suppress(&self, new: NewSuppression) -> Result<ListChange, StoreError> {
        let rows = self
            .act(
                ADD,
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
        Ok(change(&rows))
    }

    /// Takes a recipient off the list, with the action on record.
    pub async fn unsuppress(
        &self,
        recipient: &Recipient,
        actor: &str,
        reason: &str,
    ) -> Result<ListChange, StoreError> {
        let values: [&(dyn tokio_postgres::types::ToSql + Sync); 4] =
            [&kind(recipient), &hash_of(recipient), &text::detail(actor), &text::detail(reason)];
        Ok(change(&self.act(REMOVE, &values).await?))
    }

    /// The list, the newest entries first.
    pub async fn suppressions(&self, limit: i64) -> Result<Vec<Suppression>, StoreError> {
        self.database.query(LIST, &[&limit]).await?.iter().map(Suppression::read).collect()
    }
}

fn change(rows: &[Row]) -> ListChange {
    if rows.is_empty() { ListChange::AsBefore } else { ListChange::Made }
}

/// What tells a recipient from any other without being another copy of it.
pub(crate) fn hash(value: &PersonalData) -> Vec<u8> {
    Sha256::digest(&value.0).to_vec()
}

/// The same as text.
pub(crate) fn hex(value: &PersonalData) -> String {
    Sha256::digest(&value.0).iter().fold(String::with_capacity(64), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

pub(crate) fn kind(recipient: &Recipient) -> &'static str {
    match recipient {
        Recipient::Phone(_) => "phone",
        Recipient::Email(_) => "email",
    }
}

pub(crate) fn hash_of(recipient: &Recipient) -> Vec<u8> {
    match recipient {
        Recipient::Phone(value) | Recipient::Email(value) => hash(value),
    }
}

impl Suppression {
    fn read(row: &Row) -> Result<Self, StoreError> {
        let columns = Columns(row);
        Ok(Self {
            kind: columns.get("kind")?,
            masked: columns.get("masked")?,
            source: columns.word("source")?,
            actor: columns.get("actor")?,
            reason: columns.get("reason")?,
            since: columns.time("created_at")?,
        })
    }
}

pub(crate) const ADD: &str = "
WITH added AS (
    INSERT INTO suppression (kind, value_hash, masked, source, actor, reason)
    VALUES ($1, $2, $3, $4, $5, $6)
    ON CONFLICT (kind, value_hash) DO NOTHING
    RETURNING *
)
INSERT INTO suppression_action (action, kind, value_hash, masked, source, actor, reason)
SELECT 'add', kind, value_hash, masked, source, actor, reason FROM added
RETURNING id";

pub(crate) const REMOVE: &str = "
WITH removed AS (
    DELETE FROM suppression WHERE kind = $1 AND value_hash = $2 RETURNING *
)
INSERT INTO suppression_action (action, kind, value_hash, masked, source, actor, reason)
SELECT 'remove', kind, value_hash, masked, source, $3, $4 FROM removed
RETURNING id";

pub(crate) const LIST: &str = "
SELECT kind, masked, source, actor, reason, created_at FROM suppression
WHERE created_at <= now()
ORDER BY created_at DESC, value_hash LIMIT $1";

impl fmt::Debug for NewSuppression {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("NewSuppression")
            .field("recipient", &self.masked)
            .field("source", &self.source)
            .finish_non_exhaustive()
    }
}
