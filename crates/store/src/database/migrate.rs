//! The tables, and whether they are the ones that this release knows.

use refinery::embed_migrations;
use tokio_postgres::Client;

use super::{
    indexes,
    pool::{Database, tls},
    settings::StoreSettings,
};
use crate::error::StoreError;

embed_migrations!("migrations");

/// One process migrates at a time; the number is ours alone and means nothing.
const ADVISORY_LOCK: i64 = 0x0c10_5fee;
/// A migration may take longer than any statement of a worker; for another one, or for a table, it waits a minute.
const PATIENCE: &str = "SET statement_timeout = 0; SET lock_timeout = '60s'";

/// Runs what is missing, on a connection of its own.
pub(crate) async fn run(settings: &StoreSettings) -> Result<Vec<String>, StoreError> {
    let config = settings.config()?;
    let (mut client, connection) = config.connect(tls(settings.ca_file.as_deref())?).await?;
    let connection = tokio::spawn(connection);
    let applied = migrate(&mut client).await;
    drop(client);
    match connection.await {
        Ok(Ok(())) => applied,
        Ok(Err(error)) => applied.and(Err(error.into())),
        Err(error) => applied.and(Err(StoreError::Unavailable(error.to_string()))),
    }
}

async fn migrate(client: &mut Client) -> Result<Vec<String>, StoreError> {
    client.batch_execute(PATIENCE).await?;
    // The lock is the session's and ends with it.
    indexes::lock(client, ADVISORY_LOCK).await?;
    // A release that is rolled back finds the tables of a newer one, which it can live with.
    let runner = migrations::runner().set_abort_missing(false);
    let report = runner
        .run_async(client)
        .await
        .map_err(|error| StoreError::Schema(format!("a migration failed: {error}")))?;
    let mut done: Vec<String> = report.applied_migrations().iter().map(ToString::to_string).collect();
    done.extend(indexes::build(client).await?);
    Ok(done)
}

/// Whether every migration of this release was done, as it stands here.
const APPLIED: &str = "SELECT version, checksum FROM refinery_schema_history";

/// Compares the tables' history with this release.
pub(crate) async fn check(database: &Database) -> Result<(), StoreError> {
    let rows = database.query(APPLIED, &[]).await?;
    let mut applied = Vec::with_capacity(rows.len());
    for row in &rows {
        let version: i32 = row.try_get("version")?;
        let checksum: String = row.try_get("checksum")?;
        applied.push((i64::from(version), checksum));
    }
    for migration in migrations::runner().get_migrations() {
        let version = i64::from(migration.version());
        match applied.iter().find(|(done, _)| *done == version) {
            None => return Err(StoreError::Schema(format!("migration {migration} is missing"))),
            Some((_, checksum)) if *checksum != migration.checksum().to_string() => {
                return Err(StoreError::Schema(format!(
                    "migration {migration} was another one when it was done"
                )));
            }
            Some(_) => {}
        }
    }
    Ok(())
}
