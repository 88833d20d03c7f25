//! Who works with the fleet.

use std::fmt;

use closure_contract::Timestamp;
use deadpool_postgres::Transaction;
use serde::Serialize;
use sha2::{Digest, Sha256};
use tokio_postgres::Row;

use super::{
    audit::{AuditVerdict, Effect},
    grants::Right,
};
use crate::{
    database::{
        column_word::{ColumnWord as _, column_words},
        pool::query,
        row::Columns,
        text,
    },
    error::StoreError,
    store::Store,
};

/// A user's number in the database.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct UserId(pub i32);

column_words! {
    /// Whether a user may act at all.
    #[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
    #[serde(rename_all = "snake_case")]
    pub enum UserState: "state of a user" {
        /// With the rights that were granted.
        Active = "active",
        /// With none, for ever or until somebody enables the user again.
        Disabled = "disabled",
    }
}

/// One user.
#[derive(Clone, PartialEq, Eq, Serialize)]
pub struct User {
    /// Its number.
    pub id: UserId,
    /// The name by which the user acts.
    pub name: String,
    /// The name as people write it.
    pub display_name: String,
    /// The accounts of the operating system whose processes act as this user.
    pub os_accounts: Vec<String>,
    /// The password as Argon2id keeps it.
    #[serde(skip)]
    pub password_hash: Option<String>,
    /// Whether the user may act.
    pub state: UserState,
    /// What the user may do.
    pub rights: Vec<Right>,
    /// Who made it.
    pub created_by: String,
    /// Since when.
    pub created_at: Timestamp,
    /// Who changed it last.
    pub changed_by: String,
    /// When that was.
    pub changed_at: Timestamp,
}

/// A user who is to be added.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewUser {
    /// The name by which the user acts.
    pub name: String,
    /// The name as people write it.
    pub display_name: String,
    /// The accounts of the operating system.
    pub os_accounts: Vec<String>,
    /// What the user may do.
    pub rights: Vec<Right>,
    /// Only while nobody may change users.
    pub is_first: bool,
}

/// A change of a user.
#[derive(Clone, PartialEq, Eq)]
pub enum UserChange {
    /// May do this from now on.
    Grant(Vec<Right>),
    /// May not do this any more.
    Revoke(Vec<Right>),
    /// May do nothing.
    Disable,
    /// May do again what was granted.
    Enable,
    /// Has this password, as Argon2id keeps it.
    Password(String),
    /// Acts by this account of the operating system too.
    AddAccount(String),
    /// Acts no more by this account of the operating system.
    RemoveAccount(String),
}

/// Why users cannot be changed so.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum UserError {
    /// There is no such user.
    #[error("there is no user `{0}`; see fleet users list")]
    NotFound(String),
    /// The name is taken, for ever: the record names people by it.
    #[error("there is a user `{0}` already; a name is given once, because the record names people by it")]
    Exists(String),
    /// Somebody may change users, and is to be asked.
    #[error("`{0}` may change users, so that nobody is the first any more; let `{0}` add users")]
    NotFirst(String),
    /// Nobody would be left who may change users.
    #[error("`{0}` is the last who may change users; grant `configure` to another one first")]
    LastOfAll(String),
    /// The database could not do it.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl Store {
    /// Every user, by name.
    pub async fn users(&self) -> Result<Vec<User>, StoreError> {
        self.database.query(USERS, &[]).await?.iter().map(User::read).collect()
    }

    /// How many users may act; needs no right to know who they are.
    pub async fn active_users(&self) -> Result<i64, StoreError> {
        let rows = self.database.query(ACTIVE, &[]).await?;
        Columns(rows.first().expect("a count has one row")).get("count")
    }

    /// Adds a user, on record; needs the tables' owner.
    pub async fn add_user(&self, new: &NewUser) -> Result<User, UserError> {
        let work = async {
            let mut session = self.database.session().await?;
            let transaction = session.transaction().await?;
            let added = self.add_within(&transaction, new).await?;
            if added.is_ok() {
                transaction.commit().await?;
            } else {
                transaction.rollback().await?;
            }
            session.done();
            if added.is_err() {
                self.write_without_effect().await?;
            }
            Ok(added)
        };
        self.database.bounded(work).await?
    }

    /// Changes a user, on record; needs the tables' owner.
    pub async fn change_user(&self, name: &str, change: &UserChange) -> Result<User, UserError> {
        let work = async {
            let mut session = self.database.session().await?;
            let transaction = session.transaction().await?;
            let changed = self.change_within(&transaction, name, change).await?;
            if changed.is_ok() {
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

    async fn add_within(
        &self,
        transaction: &Transaction<'_>,
        new: &NewUser,
    ) -> Result<Result<User, UserError>, StoreError> {
        let users = lock(transaction).await?;
        if let Some(other) = users.iter().find(|user| new.is_first && user.may(Right::Configure)) {
            return Ok(Err(UserError::NotFirst(other.name.clone())));
        }
        if users.iter().any(|user| user.name == new.name) {
            return Ok(Err(UserError::Exists(new.name.clone())));
        }
        let by = self.account();
        let display_name = text::detail(&new.display_name);
        query(transaction, ADD, &[&new.name, &display_name, &new.os_accounts, &by]).await?;
        query(transaction, GRANT, &[&new.name, &words(&new.rights), &by]).await?;
        let added = one(transaction, &new.name).await?;
        let after = added.digest();
        let effect = Effect { verdict: AuditVerdict::Done, before_hash: None, after_hash: Some(&after) };
        self.write_down(transaction, effect).await?;
        Ok(Ok(added))
    }

    async fn change_within(
        &self,
        transaction: &Transaction<'_>,
        name: &str,
        change: &UserChange,
    ) -> Result<Result<User, UserError>, StoreError> {
        let users = lock(transaction).await?;
        let Some(before) = users.iter().find(|user| user.name == name) else {
            return Ok(Err(UserError::NotFound(name.to_owned())));
        };
        let is_last = before.may(Right::Configure)
            && !users.iter().any(|user| user.name != name && user.may(Right::Configure));
        let takes_away = match change {
            UserChange::Disable => true,
            UserChange::Revoke(rights) => rights.contains(&Right::Configure),
            UserChange::Grant(_)
            | UserChange::Enable
            | UserChange::Password(_)
            | UserChange::AddAccount(_)
            | UserChange::RemoveAccount(_) => false,
        };
        if is_last && takes_away {
            return Ok(Err(UserError::LastOfAll(name.to_owned())));
        }
        let by = self.account();
        match change {
            UserChange::Grant(rights) => query(transaction, GRANT, &[&name, &words(rights), &by]).await?,
            UserChange::Revoke(rights) => query(transaction, REVOKE, &[&name, &words(rights)]).await?,
            UserChange::Disable => query(transaction, STATE, &[&name, &UserState::Disabled.as_str()]).await?,
            UserChange::Enable => query(transaction, STATE, &[&name, &UserState::Active.as_str()]).await?,
            UserChange::Password(hash) => query(transaction, PASSWORD, &[&name, hash]).await?,
            UserChange::AddAccount(account) => query(transaction, ADD_ACCOUNT, &[&name, account]).await?,
            UserChange::RemoveAccount(account) => {
                query(transaction, REMOVE_ACCOUNT, &[&name, account]).await?
            }
        };
        let (before_hash, same) = (before.digest(), one(transaction, name).await?);
        let was_changed = same.digest() != before_hash;
        if was_changed {
            query(transaction, SIGN, &[&name, &by]).await?;
        }
        let after = one(transaction, name).await?;
        let after_hash = after.digest();
        let effect = Effect {
            before_hash: Some(&before_hash),
            after_hash: Some(&after_hash),
            ..Effect::changed(was_changed)
        };
        self.write_down(transaction, effect).await?;
        Ok(Ok(after))
    }

    /// The account that acts through this store.
    fn account(&self) -> String {
        self.record.as_ref().map_or_else(String::new, |entry| entry.account.clone())
    }
}

/// Every user, with none changed by anybody else until the transaction ends.
async fn lock(transaction: &Transaction<'_>) -> Result<Vec<User>, StoreError> {
    query(transaction, LOCK, &[]).await?;
    query(transaction, USERS, &[]).await?.iter().map(User::read).collect()
}

async fn one(transaction: &Transaction<'_>, name: &str) -> Result<User, StoreError> {
    let users = query(transaction, USERS, &[]).await?;
    let users: Vec<User> = users.iter().map(User::read).collect::<Result<_, _>>()?;
    users
        .into_iter()
        .find(|user| user.name == name)
        .ok_or_else(|| StoreError::Schema("a user that was written was not found".to_owned()))
}

fn words(rights: &[Right]) -> Vec<&'static str> {
    rights.iter().map(|right| right.as_str()).collect()
}

impl User {
    /// Whether this user may do something now.
    pub fn may(&self, right: Right) -> bool {
        self.state == UserState::Active && self.rights.contains(&right)
    }

    /// What of a user a change can change, as the record keeps it.
    fn digest(&self) -> Vec<u8> {
        let state = self.state.as_str();
        let rights = words(&self.rights).join(" ");
        let accounts = self.os_accounts.join("\n");
        let password = self.password_hash.as_deref().unwrap_or_default();
        let (name, display_name) = (&self.name, &self.display_name);
        let document = [name.as_str(), display_name, &accounts, state, &rights, password].join("\0");
        Sha256::digest(document).to_vec()
    }

    fn read(row: &Row) -> Result<Self, StoreError> {
        let columns = Columns(row);
        // A right that a newer release has granted is none that this one could ask for.
        let rights: Vec<&str> = columns.get("rights")?;
        let mut rights: Vec<Right> = rights.into_iter().filter_map(|word| Right::read(word).ok()).collect();
        rights.sort_unstable();
        Ok(Self {
            id: UserId(columns.get("id")?),
            name: columns.get("name")?,
            display_name: columns.get("display_name")?,
            os_accounts: columns.get("os_accounts")?,
            password_hash: columns.get("password_hash")?,
            state: columns.word("state")?,
            rights,
            created_by: columns.get("created_by")?,
            created_at: columns.time("created_at")?,
            changed_by: columns.get("changed_by")?,
            changed_at: columns.time("changed_at")?,
        })
    }
}

impl fmt::Debug for User {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("User").field("name", &self.name).field("state", &self.state).finish_non_exhaustive()
    }
}

impl fmt::Debug for UserChange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Grant(_) => "Grant",
            Self::Revoke(_) => "Revoke",
            Self::Disable => "Disable",
            Self::Enable => "Enable",
            Self::Password(_) => "Password",
            Self::AddAccount(_) => "AddAccount",
            Self::RemoveAccount(_) => "RemoveAccount",
        })
    }
}

const LOCK: &str = "LOCK TABLE app_user, user_right IN SHARE ROW EXCLUSIVE MODE";

/// People are few: a centre has hundreds at most.
const USERS: &str = "
SELECT u.id, u.name, u.display_name, u.os_accounts, u.password_hash, u.state, u.created_by, u.created_at, u.changed_by,
    u.changed_at, ARRAY (SELECT r.name FROM user_right AS r WHERE r.user_id = u.id ORDER BY r.name) AS rights
FROM app_user AS u ORDER BY u.name";

const ACTIVE: &str = "SELECT count(id) AS count FROM app_user WHERE state = 'active'";

const ADD: &str = "
INSERT INTO app_user (name, display_name, os_accounts, created_by, changed_by) VALUES ($1, $2, $3, $4, $4)";

const GRANT: &str = "
INSERT INTO user_right (user_id, name, granted_by)
SELECT u.id, asked.name, $3 FROM app_user AS u, unnest($2::text[]) AS asked (name) WHERE u.name = $1
ON CONFLICT (user_id, name) DO NOTHING";

const REVOKE: &str = "
DELETE FROM user_right AS r USING app_user AS u
WHERE u.name = $1 AND r.user_id = u.id AND r.name = ANY($2::text[])";

const STATE: &str = "UPDATE app_user SET state = $2 WHERE name = $1";

const PASSWORD: &str = "UPDATE app_user SET password_hash = $2 WHERE name = $1";

const ADD_ACCOUNT: &str = "
UPDATE app_user SET os_accounts = array_append(array_remove(os_accounts, $2), $2) WHERE name = $1";

const REMOVE_ACCOUNT: &str =
    "UPDATE app_user SET os_accounts = array_remove(os_accounts, $2) WHERE name = $1";

const SIGN: &str = "UPDATE app_user SET changed_by = $2, changed_at = now() WHERE name = $1";
