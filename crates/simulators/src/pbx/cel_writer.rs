//! Writes channel events into PostgreSQL, in order, and waits while the database is away.

use std::{
    io,
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use serde::{Deserialize, Serialize};
use tokio::sync::mpsc;
use tokio_postgres::{Client, Config, NoTls};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use super::cel::CelRow;
use crate::lock::locked;

/// So many rows wait for the database; further ones are lost, which is logged.
const ROWS_PENDING_MAX: usize = 100_000;
/// One statement carries at most this many rows.
const ROWS_PER_STATEMENT_MAX: usize = 500;
/// How long the writer waits before it tries a database again that failed.
const RETRY_MS: u64 = 100;
/// How long one attempt to connect or to write may take.
const TRY_MS: u64 = 5_000;
/// How long a PBX that stops tries to write what is left.
const LAST_WRITE_MS: u64 = 5_000;

/// Whether call records are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CelSwitch {
    /// They are.
    On,
    /// They are silently thrown away, as by a PBX whose configuration lost them.
    Off,
    /// They are kept back until they are written again, as by a PBX whose records come late.
    Held,
}

/// The end that calls hand their rows to.
pub(super) struct CelWriter {
    rows: Option<mpsc::Sender<CelRow>>,
    valve: Mutex<Valve>,
    pending: Arc<AtomicUsize>,
}

/// Whether rows go on, and those that are kept back.
struct Valve {
    switch: CelSwitch,
    held: Vec<CelRow>,
}

impl CelWriter {
    /// Starts the writing task, if there is a database.
    pub(super) fn start(url: Option<&str>, tasks: &TaskTracker, stop: CancellationToken) -> io::Result<Self> {
        let pending = Arc::new(AtomicUsize::new(0));
        let rows = match url {
            None => None,
            Some(url) => {
                // The library's error may quote the URL, which has a password in it.
                let config = url.parse::<Config>().map_err(|_| {
                    io::Error::other("the URL of the call records' database cannot be read; write postgres://user:password@host:port/database")
                })?;
                let (sender, receiver) = mpsc::channel(ROWS_PENDING_MAX);
                tasks.spawn(write_all(config, receiver, Arc::clone(&pending), stop));
                Some(sender)
            }
        };
        let valve = Valve { switch: CelSwitch::On, held: Vec::new() };
        Ok(Self { rows, valve: Mutex::new(valve), pending })
    }

    pub(super) fn set(&self, switch: CelSwitch) {
        let mut valve = locked(&self.valve);
        valve.switch = switch;
        if switch == CelSwitch::On {
            for row in std::mem::take(&mut valve.held) {
                self.hand_over(row);
            }
        }
    }

    pub(super) fn pending(&self) -> usize {
        self.pending.load(Ordering::Acquire)
    }

    /// Takes one row.
    pub(super) fn write(&self, row: CelRow) {
        let mut valve = locked(&self.valve);
        match valve.switch {
            CelSwitch::On => self.hand_over(row),
            CelSwitch::Off => {}
            CelSwitch::Held => valve.held.push(row),
        }
    }

    fn hand_over(&self, row: CelRow) {
        let Some(rows) = &self.rows else { return };
        self.pending.fetch_add(1, Ordering::AcqRel);
        if rows.try_send(row).is_err() {
            self.pending.fetch_sub(1, Ordering::AcqRel);
            tracing::warn!(
                ROWS_PENDING_MAX,
                "the call records' database is away for too long; a row is lost"
            );
        }
    }
}

async fn write_all(
    config: Config,
    mut rows: mpsc::Receiver<CelRow>,
    pending: Arc<AtomicUsize>,
    stop: CancellationToken,
) {
    let mut database = Database { config, client: None };
    let mut batch = Vec::new();
    loop {
        tokio::select! {
            biased;
            received = rows.recv_many(&mut batch, ROWS_PER_STATEMENT_MAX) => {
                if received == 0 {
                    return;
                }
            }
            () = stop.cancelled() => return,
        }
        let written = async { database.write_until_done(&batch).await };
        tokio::select! {
            () = written => {}
            () = last_moment(&stop) => {
                tracing::warn!(rows = batch.len(), "the call records' database is away; the last rows are lost");
                return;
            }
        }
        pending.fetch_sub(batch.len(), Ordering::AcqRel);
        batch.clear();
    }
}

/// Ends a bounded time after the stop.
async fn last_moment(stop: &CancellationToken) {
    stop.cancelled().await;
    tokio::time::sleep(Duration::from_millis(LAST_WRITE_MS)).await;
}

struct Database {
    config: Config,
    client: Option<Client>,
}

impl Database {
    async fn write_until_done(&mut self, batch: &[CelRow]) {
        let json = serde_json::to_value(batch).expect("a row holds only strings and numbers");
        loop {
            let limit = Duration::from_millis(TRY_MS);
            match tokio::time::timeout(limit, self.try_write(&json)).await {
                Ok(Ok(())) => return,
                Ok(Err(error)) => {
                    let code = error.code().map(|code| code.code().to_owned());
                    tracing::warn!(sqlstate = code, "call records cannot be written yet; trying again");
                }
                Err(_) => tracing::warn!("the call records' database does not answer; trying again"),
            }
            self.client = None;
            tokio::time::sleep(Duration::from_millis(RETRY_MS)).await;
        }
    }

    async fn try_write(&mut self, json: &serde_json::Value) -> Result<(), tokio_postgres::Error> {
        let client = match &mut self.client {
            Some(client) if !client.is_closed() => client,
            closed_or_none => closed_or_none.insert(connect(&self.config).await?),
        };
        // The table's column is a timestamp without zone or with one; the session's zone makes both UTC.
        let statement = "INSERT INTO cel (eventtype, eventtime, userdeftype, cid_name, cid_num, cid_ani, \
             cid_rdnis, cid_dnid, exten, context, channame, appname, appdata, amaflags, accountcode, \
             uniqueid, linkedid, userfield, peer, extra) \
             SELECT eventtype, eventtime, userdeftype, cid_name, cid_num, cid_ani, \
             cid_rdnis, cid_dnid, exten, context, channame, appname, appdata, amaflags, accountcode, \
             uniqueid, linkedid, userfield, peer, extra \
             FROM jsonb_to_recordset($1::jsonb) AS event (eventtype text, eventtime timestamptz, \
             userdeftype text, cid_name text, cid_num text, cid_ani text, cid_rdnis text, cid_dnid text, \
             exten text, context text, channame text, appname text, appdata text, amaflags integer, \
             accountcode text, uniqueid text, linkedid text, userfield text, peer text, extra text)";
        client.execute(statement, &[json]).await?;
        Ok(())
    }
}

async fn connect(config: &Config) -> Result<Client, tokio_postgres::Error> {
    let (client, connection) = config.connect(NoTls).await?;
    // The connection's task ends by itself when the client is dropped.
    tokio::spawn(async move {
        if connection.await.is_err() {
            tracing::debug!("the connection to the call records' database broke");
        }
    });
    client.batch_execute("SET TIME ZONE 'UTC'").await?;
    Ok(client)
}
