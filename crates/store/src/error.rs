//! What can go wrong with the database, by what the caller has to do about it.

use deadpool_postgres::{HookError, PoolError, TimeoutType};
use tokio_postgres::{error::SqlState, types::WrongType};

/// Why the store could not do what it was asked.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum StoreError {
    /// The database cannot serve now: wait, spend nothing, and ask the same again.
    #[error("the database is unavailable ({0}); wait and ask again, nothing was spent")]
    Unavailable(String),
    /// Another has held a row for too long: ask the same again, nothing was spent.
    #[error("another holds a row of the database for long ({0}); ask again, nothing was spent")]
    Locked(String),
    /// The tables are not the ones that this release knows.
    #[error(
        "the database's schema does not fit this release ({0}); run `fleet migrate` as the tables' owner"
    )]
    Schema(String),
    /// A right is missing.
    #[error(
        "the database's user lacks a right ({0}); each role has a user of its own, and commands of the desk are for closure_operator (docs/operations.md): name it in database.url; if it is that one, run deploy/postgres/grants.sql as the tables' owner, and see `fleet doctor`"
    )]
    Right(String),
    /// One row holds what this release cannot read; every other row is as good as before.
    #[error(
        "a row was written by a newer release ({0}); leave it to a process of that release, or upgrade this one"
    )]
    NewerRow(String),
    /// The database cannot take these values, and never will.
    #[error("the database refuses these values (SQLSTATE {code}{}); keep the message for a person", place(.constraint.as_deref()))]
    BadData {
        /// The SQLSTATE.
        code: String,
        /// The constraint or the column, if one was named.
        constraint: Option<String>,
    },
    /// The settings contradict themselves or cannot be used.
    #[error("{0}")]
    Settings(String),
}

impl StoreError {
    /// Whether the same request will succeed later, as it is.
    pub fn is_unavailable(&self) -> bool {
        match self {
            Self::Unavailable(_) | Self::Locked(_) => true,
            Self::Schema(_)
            | Self::Right(_)
            | Self::NewerRow(_)
            | Self::BadData { .. }
            | Self::Settings(_) => false,
        }
    }

    /// Whether one request of a batch is to blame, so that the others are to be asked for without it.
    pub(crate) fn is_of_one_request(&self) -> bool {
        match self {
            Self::BadData { .. } | Self::NewerRow(_) | Self::Locked(_) => true,
            Self::Unavailable(_) | Self::Schema(_) | Self::Right(_) | Self::Settings(_) => false,
        }
    }

    /// Whether these values were refused by one constraint.
    pub(crate) fn violates(&self, wanted: &str) -> bool {
        match self {
            Self::BadData { constraint, .. } => constraint.as_deref() == Some(wanted),
            Self::Unavailable(_)
            | Self::Locked(_)
            | Self::Schema(_)
            | Self::Right(_)
            | Self::NewerRow(_)
            | Self::Settings(_) => false,
        }
    }
}

fn place(constraint: Option<&str>) -> String {
    constraint.map(|name| format!(", {name}")).unwrap_or_default()
}

impl From<tokio_postgres::Error> for StoreError {
    fn from(error: tokio_postgres::Error) -> Self {
        let Some(answer) = error.as_db_error() else { return without_answer(&error) };
        let code = answer.code().code();
        if *answer.code() == SqlState::INSUFFICIENT_PRIVILEGE {
            return Self::Right(format!("SQLSTATE {code}: {}", answer.message()));
        }
        if *answer.code() == SqlState::LOCK_NOT_AVAILABLE {
            return Self::Locked(format!("SQLSTATE {code}: {}", answer.message()));
        }
        match code.get(..2).unwrap_or_default() {
            // The server's words about values may repeat them, so they are left out.
            "22" | "23" | "54" => Self::BadData {
                code: code.to_owned(),
                constraint: answer.constraint().or(answer.column()).map(str::to_owned),
            },
            // Before the class that says that a table is not as it should be: no migration cures these.
            _ if POOLED.contains(&code) => {
                Self::Unavailable(format!("SQLSTATE {code}: {}; {STATEMENTS_LOST}", answer.message()))
            }
            "42" | "3F" => Self::Schema(format!("SQLSTATE {code}: {}", answer.message())),
            // A prepared statement that a migration made stale (0A000) is among these: its connection is not used
            // again, and the next one prepares it anew.
            _ => Self::Unavailable(format!("SQLSTATE {code}: {}", answer.message())),
        }
    }
}

/// The server knows the user, its password or the database otherwise.
const LOGIN_REMEDY: &str = "correct user, password and database of database.url, or run deploy/postgres/roles.sh, \
                             which writes the passwords of the secrets";

/// A statement that was prepared is gone, or another of its name is there: the server behind the connection changed.
const POOLED: [&str; 2] = ["26000", "42P05"];
const STATEMENTS_LOST: &str = "a pooler gave this connection another one's server: let it pool sessions, or, from \
                               PgBouncer 1.21 on, set max_prepared_statements (docs/pgbouncer.md)";
/// What PgBouncer says of what it does not know.
const UNKNOWN_PARAMETER: &str = "unsupported startup parameter";
const PARAMETER_REMEDY: &str = "write ignore_startup_parameters = options into PgBouncer's settings, and let the \
                                database keep ours (docs/pgbouncer.md)";

/// An error that the server did not send: of the network, or between our types and the columns'.
fn without_answer(error: &tokio_postgres::Error) -> StoreError {
    let mut source = std::error::Error::source(error);
    while let Some(cause) = source {
        if cause.is::<WrongType>() {
            return StoreError::Schema(cause.to_string());
        }
        source = cause.source();
    }
    StoreError::Unavailable(explained(error))
}

/// An error with its causes, which the client's own text leaves out.
fn explained(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        let cause_text = cause.to_string();
        if !text.contains(&cause_text) {
            text = format!("{text}: {cause_text}");
        }
        source = cause.source();
    }
    text
}

impl From<PoolError> for StoreError {
    fn from(error: PoolError) -> Self {
        let late = |what: &str| Self::Unavailable(format!("no connection in time: {what}"));
        match error {
            PoolError::Timeout(TimeoutType::Wait) => late("all of the pool's are busy"),
            PoolError::Timeout(TimeoutType::Create) => late("the server does not answer"),
            PoolError::Timeout(TimeoutType::Recycle) => late("a used one does not answer"),
            PoolError::Backend(error) | PoolError::PostCreateHook(HookError::Backend(error)) => {
                refused(error)
            }
            PoolError::PostCreateHook(HookError::Message(message)) => Self::Unavailable(message.into_owned()),
            PoolError::Closed | PoolError::NoRuntimeSpecified => Self::Unavailable(error.to_string()),
        }
    }
}

/// Whatever keeps us from connecting is an outage, a wrong password included: the message is not to blame.
fn refused(error: tokio_postgres::Error) -> StoreError {
    let Some(answer) = error.as_db_error() else { return without_answer(&error) };
    let (code, message) = (answer.code().code(), answer.message());
    let remedy = match code.get(..2) {
        _ if message.starts_with(UNKNOWN_PARAMETER) => format!("; {PARAMETER_REMEDY}"),
        Some("28" | "3D") => format!("; {LOGIN_REMEDY}"),
        Some(_) | None => String::new(),
    };
    StoreError::Unavailable(format!("SQLSTATE {code}: {message}{remedy}"))
}
