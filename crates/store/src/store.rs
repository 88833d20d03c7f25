//! The front door.

use std::{fmt, sync::Arc};

use crate::{
    contacts::{caps::Tallies, preconditions::Standings},
    database::{batch::Batcher, migrate, pool::Database, session::session_settings, settings::StoreSettings},
    delivery::{claim::Claims, owed::Payments, settle::Settlements},
    error::StoreError,
    finding::keys::HashKeys,
    people::NewAudit,
    receipts::{evaluate::Judgements, inbox::Inbox},
};

/// The fleet's memory; a clone shares the connections and the batches.
#[derive(Clone)]
pub struct Store {
    pub(crate) database: Database,
    pub(crate) claims: Batcher<Claims>,
    pub(crate) settlements: Batcher<Settlements>,
    pub(crate) standings: Batcher<Standings>,
    pub(crate) tallies: Batcher<Tallies>,
    pub(crate) inbox: Batcher<Inbox>,
    pub(crate) judgements: Batcher<Judgements>,
    pub(crate) payments: Payments,
    /// What each session is told when it connects.
    pub(crate) session: Arc<[(&'static str, String)]>,
    /// Who acts through this store, and how it is to stand on record; nobody where a process does its own work.
    pub(crate) record: Option<Arc<NewAudit>>,
    /// What hashes recipients.
    pub(crate) keys: Arc<HashKeys>,
}

impl Store {
    /// A store that connects when it is first asked; the settings are checked now.
    pub fn new(settings: StoreSettings) -> Result<Self, StoreError> {
        let database = Database::new(&settings)?;
        let keys = Arc::new(settings.hash_keys.clone());
        let (batch_max, linger_ms) = (settings.batch_max, settings.batch_linger_ms);
        Ok(Self {
            claims: Batcher::new(Claims(database.clone()), batch_max, linger_ms),
            settlements: Batcher::new(Settlements(database.clone()), batch_max, linger_ms),
            standings: Batcher::new(Standings(database.clone()), batch_max, linger_ms),
            tallies: Batcher::new(Tallies(database.clone()), batch_max, linger_ms),
            inbox: Batcher::new(Inbox(database.clone()), batch_max, linger_ms),
            judgements: Batcher::new(Judgements(database.clone(), Arc::clone(&keys)), batch_max, linger_ms),
            payments: Payments::new(database.clone()),
            session: session_settings(&settings).into(),
            record: None,
            keys,
            database,
        })
    }

    /// Brings the tables up to this release, one process at a time; gives the names of what was done.
    pub async fn migrate(settings: StoreSettings) -> Result<Vec<String>, StoreError> {
        migrate::run(&settings).await
    }

    /// Whether the database can be reached, takes writes, and has the tables that this release needs.
    pub async fn check(&self) -> Result<(), StoreError> {
        migrate::check(&self.database).await
    }
}

impl fmt::Debug for Store {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Store")
    }
}
