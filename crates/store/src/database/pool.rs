//! Connections, and the rule that one whose work did not end well is not used again.

use std::{future::Future, path::Path, sync::Arc, time::Duration};

use deadpool::managed::{Object, Pool};
use deadpool_postgres::{ClientWrapper, Runtime, Transaction};
use rustls::{
    ClientConfig, RootCertStore,
    pki_types::{CertificateDer, pem::PemObject},
};
use tokio_postgres::{Row, error::SqlState, types::ToSql};
use tokio_postgres_rustls::MakeRustlsConnect;

use super::{connections::Connections, hosts::InTurn, settings::StoreSettings};
use crate::error::StoreError;

/// The database, as every operation of the store reaches it.
#[derive(Clone)]
pub(crate) struct Database {
    pool: Pool<Connections>,
    operation_timeout: Duration,
}

/// A connection for one piece of work.
///
/// It goes back to the pool only by [`Session::done`].
/// After an error, a time-out or a dropped future nobody knows what the connection still has under way: the next
/// borrower would queue behind it, and a commit may or may not have happened. So it is closed.
pub(crate) struct Session {
    object: Option<Object<Connections>>,
}

impl Database {
    /// A pool that connects when it is first used.
    pub(crate) fn new(settings: &StoreSettings) -> Result<Self, StoreError> {
        let config = settings.config()?;
        let (create_timeout, operation_timeout) =
            (settings.create_timeout(&config), settings.operation_timeout(&config));
        let connect = InTurn {
            tls: tls(settings.ca_file.as_deref())?,
            host_timeout: Duration::from_millis(settings.create_timeout_ms),
        };
        let pool = Pool::builder(Connections::new(config, connect))
            .max_size(settings.pool_size.max(1))
            .wait_timeout(Some(Duration::from_millis(settings.wait_timeout_ms)))
            .create_timeout(Some(create_timeout))
            .recycle_timeout(Some(Duration::from_millis(settings.recycle_timeout_ms)))
            .runtime(Runtime::Tokio1)
            .build()
            .map_err(|error| StoreError::Settings(error.to_string()))?;
        Ok(Self { pool, operation_timeout })
    }

    /// A checked connection that takes writes.
    pub(crate) async fn session(&self) -> Result<Session, StoreError> {
        Ok(Session { object: Some(self.pool.get().await?) })
    }

    /// Does one operation, and gives it up when the server is silent: a frozen server obeys no time-out of its own.
    ///
    /// The session that the operation holds is dropped with it, and with it the connection.
    pub(crate) async fn bounded<T>(
        &self,
        work: impl Future<Output = Result<T, StoreError>>,
    ) -> Result<T, StoreError> {
        tokio::time::timeout(self.operation_timeout, work).await.unwrap_or_else(|_| {
            let waited_ms = self.operation_timeout.as_millis();
            Err(StoreError::Unavailable(format!("no answer within {waited_ms} ms")))
        })
    }

    /// One statement in its own transaction.
    ///
    /// A server that takes no writes any more did nothing, so that another one is asked the same.
    pub(crate) async fn query(
        &self,
        sql: &'static str,
        values: &[&(dyn ToSql + Sync)],
    ) -> Result<Vec<Row>, StoreError> {
        self.bounded(async {
            match self.session().await?.query(sql, values).await {
                Err(refused) if refused.code() == Some(&SqlState::READ_ONLY_SQL_TRANSACTION) => {
                    Ok(self.session().await?.query(sql, values).await?)
                }
                answer => Ok(answer?),
            }
        })
        .await
    }
}

impl Session {
    pub(crate) fn client(&self) -> &ClientWrapper {
        self.object.as_ref().expect("a session holds its connection until it is dropped").client()
    }

    async fn query(
        self,
        sql: &'static str,
        values: &[&(dyn ToSql + Sync)],
    ) -> Result<Vec<Row>, tokio_postgres::Error> {
        let statement = self.client().prepare_cached(sql).await?;
        let rows = self.client().query(&statement, values).await?;
        self.done();
        Ok(rows)
    }

    /// Begins a transaction; one that is dropped is rolled back, and its connection closed.
    pub(crate) async fn transaction(&mut self) -> Result<Transaction<'_>, StoreError> {
        let object = self.object.as_mut().expect("a session holds its connection until it is dropped");
        Ok(object.client_mut().transaction().await?)
    }

    /// Everything was answered; the connection may be used again.
    pub(crate) fn done(mut self) {
        drop(self.object.take());
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        if let Some(object) = self.object.take() {
            drop(Object::take(object));
        }
    }
}

/// One statement of a transaction.
pub(crate) async fn query(
    transaction: &Transaction<'_>,
    sql: &'static str,
    values: &[&(dyn ToSql + Sync)],
) -> Result<Vec<Row>, StoreError> {
    let statement = transaction.prepare_cached(sql).await?;
    Ok(transaction.query(&statement, values).await?)
}

/// TLS with the server's name verified, always: there is no mode that encrypts without knowing to whom.
pub(crate) fn tls(ca_file: Option<&Path>) -> Result<MakeRustlsConnect, StoreError> {
    let roots = match ca_file {
        None => RootCertStore { roots: webpki_roots::TLS_SERVER_ROOTS.to_vec() },
        Some(path) => roots(path).map_err(|error| {
            StoreError::Settings(format!("the certificates in {} cannot be used: {error}", path.display()))
        })?,
    };
    // The provider is named, because a process may have two of them compiled in and then has no default.
    let config = ClientConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
        .with_safe_default_protocol_versions()
        .map_err(|error| StoreError::Settings(error.to_string()))?
        .with_root_certificates(roots)
        .with_no_client_auth();
    Ok(MakeRustlsConnect::new(config))
}

fn roots(path: &Path) -> Result<RootCertStore, String> {
    let mut roots = RootCertStore::empty();
    for certificate in CertificateDer::pem_file_iter(path).map_err(|error| error.to_string())? {
        let certificate = certificate.map_err(|error| error.to_string())?;
        roots.add(certificate).map_err(|error| error.to_string())?;
    }
    if roots.is_empty() { Err("there is none".to_owned()) } else { Ok(roots) }
}
