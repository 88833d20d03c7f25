//! `fleet users`: who works with the fleet, and what each may do.
//!
//! Two locks are on a change: the right `configure`, and the password of the database's owner, without which the tables of
//! the users cannot be written. The first user needs the second alone, while nobody has the first.

use closure_store::{NewUser, Right, Store, StoreError, User, UserChange, UserError, UserState};

use super::{Failure, Invocation, show_as};
use crate::{
    cli::Users,
    desk::{self, Act, Desk, password},
    output,
};

impl From<UserError> for Failure {
    fn from(problem: UserError) -> Self {
        match problem {
            UserError::Store(StoreError::Right(_)) => Self::Refused(
                "users are changed as the database's owner: name closure_owner in database.url".to_owned(),
            ),
            UserError::Store(problem) => problem.into(),
            UserError::NotFound(_) => Self::Input(problem.to_string()),
            UserError::Exists(_) | UserError::NotFirst(_) | UserError::LastOfAll(_) => {
                Self::Refused(problem.to_string())
            }
        }
    }
}

/// Runs one command about the users.
pub async fn run(invocation: &Invocation, what: Users) -> Result<(), Failure> {
    let desk = invocation.desk().await?;
    let (name, act, change) = match what {
        Users::List => return list(invocation, &desk).await,
        Users::Add { name, display_name, os_account, grant, first } => {
            let new = NewUser {
                display_name: display_name.unwrap_or_else(|| name.clone()),
                name,
                os_accounts: os_account,
                rights: grant,
                is_first: first,
            };
            return add(invocation, &desk, new).await;
        }
        Users::Grant { name, rights } => (name, Act::Grant, UserChange::Grant(rights)),
        Users::Revoke { name, rights } => (name, Act::Revoke, UserChange::Revoke(rights)),
        Users::Disable { name } => (name, Act::DisableUser, UserChange::Disable),
        Users::Enable { name } => (name, Act::EnableUser, UserChange::Enable),
        Users::Account { name, account, remove: false } => {
            (name, Act::ChangeAccount, UserChange::AddAccount(account))
        }
        Users::Account { name, account, remove: true } => {
            (name, Act::ChangeAccount, UserChange::RemoveAccount(account))
        }
        Users::Password { name, file } => {
            let password = password::read_new(file.as_deref()).map_err(Failure::Input)?;
            let hash = password::hash(&password).map_err(Failure::Input)?;
            (name, Act::SetPassword, UserChange::Password(hash))
        }
    };
    let store = desk.begin(act, desk::subject("user", &name), None).await?;
    told(invocation, &store.change_user(&name, &change).await?);
    Ok(())
}

async fn add(invocation: &Invocation, desk: &Desk, mut new: NewUser) -> Result<(), Failure> {
    let subject = desk::subject("user", &new.name);
    let store: Store = if new.is_first {
        new.rights.push(Right::Configure);
        desk.begin_as_first(Act::AddUser, subject)
    } else if desk.store().users().await?.is_empty() {
        return Err(Failure::Refused("nobody is a user yet; add the first one with --first".to_owned()));
    } else {
        desk.begin(Act::AddUser, subject, None).await?
    };
    new.rights.sort_unstable();
    new.rights.dedup();
    let added = store.add_user(&new).await?;
    told(invocation, &added);
    Ok(())
}

fn told(invocation: &Invocation, user: &User) {
    show_as(invocation.style, user, |user| output::line(line(user)));
}

async fn list(invocation: &Invocation, desk: &Desk) -> Result<(), Failure> {
    let store = desk.look(Act::ListUsers, desk::subject("user", "all")).await?;
    let users = store.users().await?;
    show_as(invocation.style, &users, |users| {
        if users.is_empty() {
            output::line(
                "nobody is a user yet: whoever runs a command may do everything; fleet users add --first",
            );
        }
        users.iter().for_each(|user| output::line(line(user)));
    });
    Ok(())
}

fn line(user: &User) -> String {
    let rights: Vec<&str> = user.rights.iter().map(|right| right.as_str()).collect();
    let state = match user.state {
        UserState::Active => "",
        UserState::Disabled => "  DISABLED",
    };
    let password = if user.password_hash.is_some() { "  has a password" } else { "" };
    format!(
        "{:<16} {:<20} {}{state}  accounts {}{password}",
        user.name,
        user.display_name,
        or_none(&rights.join(" ")),
        or_none(&user.os_accounts.join(" ")),
    )
}

fn or_none(text: &str) -> &str {
    if text.is_empty() { "none" } else { text }
}
