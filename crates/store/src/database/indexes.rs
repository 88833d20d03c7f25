//! The indexes of tables that have grown: built after the migrations, one by one, while everybody goes on writing.
//!
//! A migration is one transaction, and an index that is built in one holds back every writer until it is done: minutes
//! for ten million rows. So these are built concurrently, which needs no transaction and can be cut: what a cut one left
//! behind is invalid, is taken away, and is built again.

use std::time::Duration;

use tokio_postgres::Client;

use super::row::Columns;
use crate::{error::StoreError, store::Store};

/// An index of a table that grows.
struct Index {
    name: &'static str,
    /// Without `CREATE INDEX CONCURRENTLY` and its name.
    on: &'static str,
}

/// None of them has a column, or a predicate on a column, that changes with each claim or settlement: a row whose
/// indexed columns stay is written on its own page (HOT), whatever indexes there are.
const INDEXES: [Index; 10] = [
    Index {
        name: "delivery_recipient",
        on: "delivery (recipient_hash, created_at DESC) WHERE recipient_hash IS NOT NULL",
    },
    Index {
        name: "delivery_tail",
        on: "delivery (recipient_tail, created_at DESC, job_id) WHERE recipient_tail IS NOT NULL",
    },
    Index {
        name: "delivery_country",
        on: "delivery (country_code, created_at DESC, job_id) WHERE country_code IS NOT NULL",
    },
    Index { name: "delivery_doubt_since", on: "delivery (doubt_since) WHERE doubt_since IS NOT NULL" },
    // Rows come in the order of time: a few bytes for each run of pages find a day.
    Index {
        name: "delivery_created",
        on: "delivery USING brin (created_at timestamptz_minmax_multi_ops) WITH (autosummarize = on)",
    },
    Index {
        name: "dead_letter_waiting",
        on: "dead_letter (last_died_at DESC, id DESC) WHERE state IN ('open', 'replaying')",
    },
    Index { name: "dead_letter_died", on: "dead_letter (state, last_died_at DESC, id DESC)" },
    Index {
        name: "dead_letter_recipient",
        on: "dead_letter (recipient_hash) WHERE recipient_hash IS NOT NULL",
    },
    Index { name: "dead_letter_tail", on: "dead_letter (recipient_tail) WHERE recipient_tail IS NOT NULL" },
    Index {
        name: "dead_letter_consultation",
        on: "dead_letter (consultation_id) WHERE consultation_id IS NOT NULL",
    },
];

/// It waits for transactions that began before it, however long those last; no writer waits for it.
const PATIENCE: &str = "SET statement_timeout = 0; SET lock_timeout = 0";

/// Names that are there, and whether each is of use.
const FOUND: &str = "
SELECT c.relname::text AS name, i.indisvalid AS valid
FROM pg_index AS i JOIN pg_class AS c ON c.oid = i.indexrelid
WHERE c.relname = ANY ($1::text[]) AND pg_table_is_visible(c.oid)";

/// Builds what is missing; gives the names of what was built.
pub(crate) async fn build(client: &Client) -> Result<Vec<String>, StoreError> {
    client.batch_execute(PATIENCE).await?;
    let found = found(client).await?;
    let mut built = Vec::new();
    for Index { name, on } in &INDEXES {
        match found.iter().find(|(there, _)| there == name) {
            Some((_, true)) => continue,
            Some((_, false)) => {
                client.batch_execute(&format!("DROP INDEX CONCURRENTLY IF EXISTS {name}")).await?;
            }
            None => {}
        }
        client.batch_execute(&format!("CREATE INDEX CONCURRENTLY {name} ON {on}")).await?;
        built.push(format!("index {name}"));
    }
    Ok(built)
}

async fn found(client: &Client) -> Result<Vec<(String, bool)>, StoreError> {
    let names: Vec<&str> = INDEXES.iter().map(|index| index.name).collect();
    let rows = client.query(FOUND, &[&names]).await?;
    rows.iter().map(|row| Ok((Columns(row).get("name")?, Columns(row).get("valid")?))).collect()
}

impl Store {
    /// The indexes of this release that are missing or half built: what they are for is slow until then.
    pub async fn missing_indexes(&self) -> Result<Vec<&'static str>, StoreError> {
        let names: Vec<&str> = INDEXES.iter().map(|index| index.name).collect();
        let rows = self.database.query(FOUND, &[&names]).await?;
        let mut valid: Vec<String> = Vec::new();
        for row in &rows {
            let columns = Columns(row);
            if columns.get("valid")? {
                valid.push(columns.get("name")?);
            }
        }
        Ok(names.into_iter().filter(|name| !valid.iter().any(|there| there == name)).collect())
    }
}

/// Between two looks for the lock of those who migrate.
const LOOK: Duration = Duration::from_millis(200);

/// Waits for the lock without a transaction: an index that is built concurrently waits for every transaction that is older,
/// one that waits for the lock included, and that would be waiting in a circle.
pub(crate) async fn lock(client: &Client, lock: i64) -> Result<(), StoreError> {
    loop {
        let row = client.query_one("SELECT pg_try_advisory_lock($1) AS held", &[&lock]).await?;
        if Columns(&row).get("held")? {
            return Ok(());
        }
        tokio::time::sleep(LOOK).await;
    }
}
