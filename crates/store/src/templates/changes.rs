//! Changes of the register of templates: each under its lock, with who did it and why in the same commit.

use closure_contract::Timestamp;
use deadpool_postgres::Transaction;

use super::{EDITIONS_MAX, StoredTemplate, TemplateState, edition_columns, no_register};
use crate::{
    database::{
        pool::query,
        row::{Columns, int},
        text,
    },
    error::StoreError,
    people::audit::{AuditVerdict, Effect},
    store::Store,
};

/// An edition that is to be added.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewTemplate {
    /// Its name.
    pub name: String,
    /// Its version; the next one of the name without it.
    pub version: Option<u32>,
    /// The country in which it is meant to be approved.
    pub country_code: u16,
    /// Its text, which somebody has checked.
    pub text: String,
}

/// A change of an edition's state.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TemplateChange {
    /// It was handed to the carrier.
    Submit {
        /// The carrier's own name for it.
        carrier_ref: Option<String>,
    },
    /// The carrier approved it, or approved it anew.
    Approve {
        /// The carrier's own name for it.
        carrier_ref: Option<String>,
        /// The approval begins here; at once without it.
        valid_from: Option<Timestamp>,
        /// The approval ends here; never without it.
        valid_until: Option<Timestamp>,
    },
    /// It may not be sent any more.
    Revoke,
}

/// Who does something, and why.
#[derive(Debug, Clone, Copy)]
pub struct Deed<'a> {
    /// Who.
    pub actor: &'a str,
    /// Why.
    pub reason: &'a str,
}

/// Why the register was not changed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TemplateError {
    /// There is no such edition.
    #[error(
        "there is no template `{name}` version {version}; `fleet template list` shows those that there are"
    )]
    NotFound {
        /// The name.
        name: String,
        /// The version.
        version: u32,
    },
    /// The edition exists with another text or country; editions never change.
    #[error(
        "template `{name}` version {version} exists with another text or country; give this one a new version"
    )]
    Exists {
        /// The name.
        name: String,
        /// The version.
        version: u32,
    },
    /// Its state does not allow that.
    #[error("template `{name}` version {version} is {} by now; nothing was changed", .state.as_str())]
    State {
        /// The name.
        name: String,
        /// The version.
        version: u32,
        /// Where it stands.
        state: TemplateState,
    },
    /// The register is full.
    #[error("the register holds {EDITIONS_MAX} editions, and no more fit")]
    Full,
    /// The database could not do it.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// What became of an edition that was to be added.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Added {
    /// It is new.
    New(StoredTemplate),
    /// It was there already, just so.
    There(StoredTemplate),
}

impl Store {
    /// Adds an edition as a draft; the same edition once more changes nothing.
    pub async fn add_template(&self, new: &NewTemplate, deed: Deed<'_>) -> Result<Added, TemplateError> {
        let work = async {
            let mut session = self.database.session().await?;
            let transaction = session.transaction().await?;
            lock(&transaction).await?;
            let added = add(&transaction, new, deed).await?;
            // Only a change raises the version; dropping the transaction takes the lock's own raise back.
            if matches!(added, Ok(Added::New(_))) {
                self.write_down(&transaction, Effect::of(AuditVerdict::Done)).await?;
                transaction.commit().await?;
            } else {
                transaction.rollback().await?;
            }
            session.done();
            if !matches!(added, Ok(Added::New(_))) {
                self.write_without_effect().await?;
            }
            Ok(added)
        };
        self.database.bounded(work).await?
    }

    /// Changes an edition's state, and writes down who did it and why.
    pub async fn change_template(
        &self,
        name: &str,
        version: u32,
        change: &TemplateChange,
        deed: Deed<'_>,
    ) -> Result<StoredTemplate, TemplateError> {
        let work = async {
            let mut session = self.database.session().await?;
            let transaction = session.transaction().await?;
            lock(&transaction).await?;
            let changed = self::change(&transaction, name, version, change, deed).await?;
            if changed.is_ok() {
                self.write_down(&transaction, Effect::of(AuditVerdict::Done)).await?;
                transaction.commit().await?;
            } else {
                transaction.rollback().await?;
            }
            session.done();
            if changed.is_err() {
                self.write_without_effect().await?;
            }
            Ok(changed)
        };
        self.database.bounded(work).await?
    }
}

/// Takes the register's lock: the next statement sees everything that was committed before.
async fn lock(transaction: &Transaction<'_>) -> Result<(), StoreError> {
    let raised = query(transaction, LOCK, &[]).await?;
    if raised.is_empty() { Err(no_register()) } else { Ok(()) }
}

async fn add(
    transaction: &Transaction<'_>,
    new: &NewTemplate,
    deed: Deed<'_>,
) -> Result<Result<Added, TemplateError>, StoreError> {
    let version = match new.version {
        Some(version) => version,
        None => {
            let rows = query(transaction, NEWEST, &[&new.name]).await?;
            rows.first().map_or(Ok(0), |row| Columns(row).count("version"))? + 1
        }
    };
    if let Some(row) = query(transaction, EDITION, &[&new.name, &int(version)]).await?.first() {
        let there = StoredTemplate::read(row)?;
        let same = there.text == new.text && there.country_code == new.country_code;
        let exists = TemplateError::Exists { name: new.name.clone(), version };
        return Ok(if same { Ok(Added::There(there)) } else { Err(exists) });
    }
    let full = query(transaction, FULL, &[&(EDITIONS_MAX - 1)]).await?;
    if !full.is_empty() {
        return Ok(Err(TemplateError::Full));
    }
    let rows = query(
        transaction,
        ADD,
        &[
            &new.name,
            &int(version),
            &i32::from(new.country_code),
            &new.text,
            &text::detail(deed.actor),
            &text::detail(deed.reason),
        ],
    )
    .await?;
    let row = rows.first().ok_or_else(|| StoreError::Schema("an added row was not given back".to_owned()))?;
    Ok(Ok(Added::New(StoredTemplate::read(row)?)))
}

async fn change(
    transaction: &Transaction<'_>,
    name: &str,
    version: u32,
    change: &TemplateChange,
    deed: Deed<'_>,
) -> Result<Result<StoredTemplate, TemplateError>, StoreError> {
    let rows = query(transaction, EDITION, &[&name, &int(version)]).await?;
    let Some(row) = rows.first() else {
        return Ok(Err(TemplateError::NotFound { name: name.to_owned(), version }));
    };
    let state = StoredTemplate::read(row)?.state;
    let (action, next, allowed, carrier_ref, valid_from, valid_until) = match change {
        TemplateChange::Submit { carrier_ref } => (
            "submit",
            TemplateState::Submitted,
            state == TemplateState::Draft,
            carrier_ref.as_deref(),
            None,
            None,
        ),
        TemplateChange::Approve { carrier_ref, valid_from, valid_until } => {
            ("approve", TemplateState::Approved, true, carrier_ref.as_deref(), *valid_from, *valid_until)
        }
        TemplateChange::Revoke => {
            ("revoke", TemplateState::Revoked, state != TemplateState::Revoked, None, None, None)
        }
    };
    if !allowed {
        return Ok(Err(TemplateError::State { name: name.to_owned(), version, state }));
    }
    let rows = query(
        transaction,
        CHANGE,
        &[
            &name,
            &int(version),
            &next.as_str(),
            &action,
            &text::detail(deed.actor),
            &text::detail(deed.reason),
            &text::optional(carrier_ref),
            &valid_from.map(|at| at.0),
            &valid_until.map(|at| at.0),
        ],
    )
    .await?;
    let row =
        rows.first().ok_or_else(|| StoreError::Schema("a changed row was not given back".to_owned()))?;
    Ok(Ok(StoredTemplate::read(row)?))
}

pub(crate) const LOCK: &str =
    "UPDATE template_register SET version = version + 1 WHERE id = 1 RETURNING version";

pub(crate) const NEWEST: &str = "SELECT version FROM template WHERE name = $1 ORDER BY version DESC LIMIT 1";

const FULL: &str = "SELECT 1 FROM template OFFSET $1 LIMIT 1";

pub(crate) const EDITION: &str =
    concat!("SELECT ", edition_columns!(), " FROM template AS t WHERE t.name = $1 AND t.version = $2");

pub(crate) const ADD: &str = concat!(
    "
WITH t AS (
    INSERT INTO template (name, version, country_code, text, added_by) VALUES ($1, $2, $3, $4, $5) RETURNING *
), action AS (
    INSERT INTO template_action (name, version, action, actor, reason) VALUES ($1, $2, 'add', $5, $6)
)
SELECT ",
    edition_columns!(),
    " FROM t"
);

/// A revocation keeps the facts of the approval that it ends.
pub(crate) const CHANGE: &str = concat!(
    "
WITH action AS (
    INSERT INTO template_action (name, version, action, actor, reason, carrier_ref, valid_from, valid_until)
    VALUES ($1, $2, $4, $5, $6, $7, $8, $9)
)
UPDATE template AS t SET
    state = $3,
    carrier_ref = coalesce($7, t.carrier_ref),
    approved_by = CASE WHEN $3 = 'approved' THEN $5 ELSE t.approved_by END,
    approved_at = CASE WHEN $3 = 'approved' THEN now() ELSE t.approved_at END,
    valid_from = CASE WHEN $3 = 'approved' THEN $8 ELSE t.valid_from END,
    valid_until = CASE WHEN $3 = 'approved' THEN $9 ELSE t.valid_until END
WHERE t.name = $1 AND t.version = $2
RETURNING ",
    edition_columns!()
);
