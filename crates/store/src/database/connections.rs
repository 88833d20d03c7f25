//! Connections that take writes, and how often they are asked whether they still do.

use std::time::{Duration, Instant};

use deadpool::managed::{self, Metrics, RecycleResult};
use deadpool_postgres::{ClientWrapper, Manager, ManagerConfig, RecyclingMethod};
use tokio_postgres::{Config, Error};

use super::hosts::InTurn;

/// Fails on a standby and on a server that takes no writes, where `SELECT 1` would pass for days.
const WRITABLE: &str =
    "SELECT 1 / (NOT (pg_is_in_recovery() OR current_setting('transaction_read_only')::boolean))::integer";
/// A connection that was asked less than this ago is not asked again: a statement on it fails as well where its server is
/// gone, and so does every write where it was made a standby.
const ASK_AFTER: Duration = Duration::from_secs(1);

/// Makes connections, and looks at one before it is used again.
pub(crate) struct Connections(Manager);

/// A connection, and when its server last showed that it takes writes.
pub(crate) struct Connection {
    client: ClientWrapper,
    writable_at: Instant,
}

impl Connections {
    pub(crate) fn new(config: Config, connect: InTurn) -> Self {
        Self(Manager::from_connect(
            config,
            connect,
            ManagerConfig { recycling_method: RecyclingMethod::Fast },
        ))
    }
}

impl Connection {
    pub(crate) fn client(&self) -> &ClientWrapper {
        &self.client
    }

    pub(crate) fn client_mut(&mut self) -> &mut ClientWrapper {
        &mut self.client
    }
}

impl managed::Manager for Connections {
    type Type = Connection;
    type Error = Error;

    /// A server that takes no writes is refused as it is connected to.
    async fn create(&self) -> Result<Connection, Error> {
        let client = self.0.create().await?;
        Ok(Connection { client, writable_at: Instant::now() })
    }

    async fn recycle(&self, connection: &mut Connection, metrics: &Metrics) -> RecycleResult<Error> {
        self.0.recycle(&mut connection.client, metrics).await?;
        if connection.writable_at.elapsed() >= ASK_AFTER {
            connection.client.simple_query(WRITABLE).await?;
            connection.writable_at = Instant::now();
        }
        Ok(())
    }

    fn detach(&self, connection: &mut Connection) {
        self.0.detach(&mut connection.client);
    }
}
