//! The register of templates: editions that never change, their approvals, and who gave them (R14a).

pub(crate) mod changes;

use closure_contract::Timestamp;
use serde::{Deserialize, Serialize};
use tokio_postgres::Row;

use crate::{
    database::{
        column_word::column_words,
        row::{Columns, int},
    },
    error::StoreError,
    store::Store,
};

/// The register holds at most this many editions, because every process keeps all of them in memory.
pub(crate) const EDITIONS_MAX: i64 = 5_000;
/// One edition shows at most this many actions, the latest ones.
const ACTIONS_MAX: i64 = 200;

column_words! {
    /// Where an edition stands.
    #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
    #[serde(rename_all = "snake_case")]
    pub enum TemplateState: "template's state" {
        /// It is written down.
        Draft = "draft",
        /// The carrier has it.
        Submitted = "submitted",
        /// It may be sent while it is valid.
        Approved = "approved",
        /// It may not be sent any more.
        Revoked = "revoked",
    }
}

/// Every edition, and the number that tells whether this is still so.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TemplateRegister {
    /// It rises with every change.
    pub version: i64,
    /// Every edition, by name and version.
    pub templates: Vec<StoredTemplate>,
}

/// One edition of a template.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct StoredTemplate {
    /// Its name, as a job names it.
    pub name: String,
    /// Its version, from 1.
    pub version: u32,
    /// The country in which it is approved.
    pub country_code: u16,
    /// Literals and variables `{name:class:max}`.
    pub text: String,
    /// Where it stands.
    pub state: TemplateState,
    /// Who wrote the latest approval down.
    pub approved_by: Option<String>,
    /// When.
    pub approved_at: Option<Timestamp>,
    /// The carrier's own name for it.
    pub carrier_ref: Option<String>,
    /// The approval begins here.
    pub valid_from: Option<Timestamp>,
    /// The approval ends here.
    pub valid_until: Option<Timestamp>,
    /// Who added it.
    pub added_by: String,
    /// When.
    pub added_at: Timestamp,
}

/// What somebody did to an edition.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct TemplateAction {
    /// `add`, `submit`, `approve` or `revoke`.
    pub action: String,
    /// Who.
    pub actor: String,
    /// Why.
    pub reason: String,
    /// The carrier's own name for it, where one was given.
    pub carrier_ref: Option<String>,
    /// The approval's begin, where one was given.
    pub valid_from: Option<Timestamp>,
    /// The approval's end, where one was given.
    pub valid_until: Option<Timestamp>,
    /// When.
    pub at: Timestamp,
}

impl Store {
    /// The register's version: the cheapest way to learn that nothing has changed.
    pub async fn template_register_version(&self) -> Result<i64, StoreError> {
        let rows = self.database.query(VERSION, &[]).await?;
        rows.first().map_or_else(|| Err(no_register()), |row| Columns(row).get("version"))
    }

    /// Every edition, together with the version of the register in which they stand so.
    pub async fn template_register(&self) -> Result<TemplateRegister, StoreError> {
        let rows = self.database.query(REGISTER, &[&EDITIONS_MAX]).await?;
        let Some(first) = rows.first() else { return Err(no_register()) };
        let version = Columns(first).get("register_version")?;
        let editions = rows.iter().filter(|row| matches!(row.try_get("name"), Ok(Some::<&str>(_))));
        Ok(TemplateRegister {
            version,
            templates: editions.map(StoredTemplate::read).collect::<Result<_, _>>()?,
        })
    }

    /// What was done to an edition, the latest last.
    pub async fn template_actions(
        &self,
        name: &str,
        version: u32,
    ) -> Result<Vec<TemplateAction>, StoreError> {
        let rows = self.database.query(ACTIONS, &[&name, &int(version), &ACTIONS_MAX]).await?;
        rows.iter().map(TemplateAction::read).collect()
    }
}

pub(crate) fn no_register() -> StoreError {
    StoreError::Schema("the register of templates has no row".to_owned())
}

macro_rules! edition_columns {
    () => {
        "t.name, t.version, t.country_code, t.text, t.state, t.approved_by, t.approved_at, t.carrier_ref, \
         t.valid_from, t.valid_until, t.added_by, t.added_at"
    };
}

pub(crate) use edition_columns;

pub(crate) const VERSION: &str = "SELECT version FROM template_register WHERE id = 1";

/// One statement, so that the editions and the version are of the same moment; it reads the whole register, whose
/// size is bounded.
const REGISTER: &str = concat!(
    "SELECT r.version AS register_version, ",
    edition_columns!(),
    " FROM template_register AS r LEFT JOIN template AS t ON true WHERE r.id = 1 ORDER BY t.name, t.version LIMIT $1"
);

pub(crate) const ACTIONS: &str = "
SELECT * FROM (
    SELECT id, action, actor, reason, carrier_ref, valid_from, valid_until, at FROM template_action
    WHERE name = $1 AND version = $2 ORDER BY id DESC LIMIT $3
) AS latest ORDER BY id";

impl StoredTemplate {
    pub(crate) fn read(row: &Row) -> Result<Self, StoreError> {
        let columns = Columns(row);
        let country_code: i32 = columns.get("country_code")?;
        Ok(Self {
            name: columns.get("name")?,
            version: columns.count("version")?,
            country_code: u16::try_from(country_code).unwrap_or_default(),
            text: columns.get("text")?,
            state: columns.word("state")?,
            approved_by: columns.get("approved_by")?,
            approved_at: columns.maybe_time("approved_at")?,
            carrier_ref: columns.get("carrier_ref")?,
            valid_from: columns.maybe_time("valid_from")?,
            valid_until: columns.maybe_time("valid_until")?,
            added_by: columns.get("added_by")?,
            added_at: columns.time("added_at")?,
        })
    }
}

impl TemplateAction {
    fn read(row: &Row) -> Result<Self, StoreError> {
        let columns = Columns(row);
        Ok(Self {
            action: columns.get("action")?,
            actor: columns.get("actor")?,
            reason: columns.get("reason")?,
            carrier_ref: columns.get("carrier_ref")?,
            valid_from: columns.maybe_time("valid_from")?,
            valid_until: columns.maybe_time("valid_until")?,
            at: columns.time("at")?,
        })
    }
}
