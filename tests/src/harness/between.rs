//! What stands between the processes and their database.

use super::{commit_faults::CommitFaults, database::Database, options::FleetOptions, pgbouncer::PgBouncer};

/// Nothing, a way on which something happens, or a pooler.
pub struct Between {
    faults: Option<CommitFaults>,
    pooler: Option<PgBouncer>,
}

impl Between {
    /// Brings up what the options ask for.
    pub(super) async fn open(options: &FleetOptions, database: &Database) -> Self {
        let faults = match options.database_fault {
            Some(fault) => Some(CommitFaults::open(&database.url, fault).await),
            None => None,
        };
        let pooler = match options.pooling {
            Some(pooling) => Some(PgBouncer::before(database, pooling).await),
            None => None,
        };
        Self { faults, pooler }
    }

    /// The way on which something happens.
    pub fn faults(&self) -> &CommitFaults {
        self.faults.as_ref().expect("something happens on the way to the database")
    }

    /// The same login to the same database, through what stands between.
    pub fn instead_of(&self, url: &str) -> String {
        match (&self.faults, &self.pooler) {
            (Some(faults), _) => faults.instead_of(url),
            (None, Some(pooler)) => pooler.instead_of(url),
            (None, None) => url.to_owned(),
        }
    }
}
