//! What every session of ours is told when it connects, and whether the server obeys.

use super::{
    row::Columns,
    settings::{Planning, StoreSettings},
};
use crate::{error::StoreError, store::Store};

/// What every session is told about its plans.
///
/// A statement that is prepared while a table is empty keeps its plan while the table grows.
/// So every plan must be the right one for a large table from the start: by an index, one row at a time.
/// The costs that PostgreSQL writes down for a plan that has no other way would start its compiler for nothing.
///
/// A statement is planned once in a session: left to itself the server plans a batch anew each time, because it knows how
/// few rows a small one has and thinks its plan cheaper than the one for any batch. Both are the same, and planning costs
/// more than the work.
const PLANS: [&str; 5] =
    ["enable_seqscan", "enable_bitmapscan", "enable_hashjoin", "enable_mergejoin", "jit"];

/// A setting of a session that is not what this release asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NotInForce {
    /// Its name, as `SHOW` takes it.
    pub name: &'static str,
    /// What it has to be, as `SET` takes it.
    pub wanted: String,
    /// What the server says that it is; a time without its unit is in milliseconds.
    pub found: String,
}

/// Each setting by its name; times are in milliseconds.
pub(crate) fn session_settings(settings: &StoreSettings) -> Vec<(&'static str, String)> {
    let limits = [
        ("statement_timeout", settings.statement_timeout_ms),
        ("lock_timeout", settings.lock_timeout_ms),
        ("idle_in_transaction_session_timeout", settings.idle_in_transaction_timeout_ms),
    ];
    // The database may keep the workers' settings as its own (`deploy/pgbouncer/session.sql`).
    let (plans, mode) = match settings.planning {
        Planning::ByIndex => ("off", "force_generic_plan"),
        Planning::Free => ("on", "auto"),
    };
    let plans = PLANS.map(|name| (name, if name == "jit" { "off" } else { plans }));
    let plans = plans.into_iter().chain([("plan_cache_mode", mode)]).map(|(name, is)| (name, is.to_owned()));
    plans.chain(limits.map(|(name, limit_ms)| (name, limit_ms.to_string()))).collect()
}

/// A pooler between us and the server may swallow what a session is told as it connects.
const IN_FORCE: &str = "SELECT name, setting FROM pg_settings WHERE name = ANY ($1::text[])";

impl Store {
    /// The settings that this release asks for and that are not in force on a connection of the pool.
    ///
    /// A commit that is not on disk when it is answered would let a crash forget a claim whose text has left, so it
    /// is looked at as well: `synchronous_commit` may be anything but `off`.
    pub async fn not_in_force(&self) -> Result<Vec<NotInForce>, StoreError> {
        let mut names: Vec<&str> = self.session.iter().map(|(name, _)| *name).collect();
        names.push(SYNCHRONOUS_COMMIT);
        let rows = self.database.query(IN_FORCE, &[&names]).await?;
        let mut wrong = Vec::new();
        for row in &rows {
            let columns = Columns(row);
            let (name, found): (&str, &str) = (columns.get("name")?, columns.get("setting")?);
            if name == SYNCHRONOUS_COMMIT && found == "off" {
                let (wanted, found) = ("on".to_owned(), found.to_owned());
                wrong.push(NotInForce { name: SYNCHRONOUS_COMMIT, wanted, found });
            }
            let asked = self.session.iter().find(|(asked, wanted)| *asked == name && wanted != found);
            wrong.extend(asked.map(|(name, wanted)| NotInForce {
                name,
                wanted: wanted.clone(),
                found: found.to_owned(),
            }));
        }
        Ok(wrong)
    }
}

const SYNCHRONOUS_COMMIT: &str = "synchronous_commit";
