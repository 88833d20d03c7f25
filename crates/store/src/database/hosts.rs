//! Several hosts of the database, tried in turn, each for its own time.
//!
//! The client library tries hosts in turn as well, and waits for ever for one that accepts and says nothing: its
//! time-out ends with the TCP connection.

use std::{future::Future, pin::Pin, time::Duration};

use deadpool_postgres::Connect;
use tokio::task::JoinHandle;
use tokio_postgres::{Client, Config, Error, config::Host};
use tokio_postgres_rustls::MakeRustlsConnect;

/// Connects to the first host that takes writes.
pub(crate) struct InTurn {
    pub(crate) tls: MakeRustlsConnect,
    /// How long each host but the last one may take; the pool limits the whole.
    pub(crate) host_timeout: Duration,
}

type Connected = Result<(Client, JoinHandle<()>), Error>;

impl Connect for InTurn {
    fn connect(&self, config: &Config) -> Pin<Box<dyn Future<Output = Connected> + Send + '_>> {
        let hosts = one_by_one(config);
        Box::pin(async move {
            let (last, before) = hosts.split_last().expect("an address without a host is tried as it is");
            for config in before {
                if let Ok(Ok(connected)) =
                    tokio::time::timeout(self.host_timeout, connect(config, self.tls.clone())).await
                {
                    return Ok(connected);
                }
            }
            connect(last, self.tls.clone()).await
        })
    }
}

async fn connect(config: &Config, tls: MakeRustlsConnect) -> Connected {
    let (client, connection) = config.connect(tls).await?;
    let driver = tokio::spawn(async move {
        // What ends a connection is told to whoever uses it.
        let _ = connection.await;
    });
    Ok((client, driver))
}

/// The same settings for each host alone; an address that names its hosts by number stays as it is.
fn one_by_one(config: &Config) -> Vec<Config> {
    let (hosts, ports) = (config.get_hosts(), config.get_ports());
    if hosts.len() < 2 || !config.get_hostaddrs().is_empty() {
        return vec![config.clone()];
    }
    let port_of = |index: usize| ports.get(index).or(ports.first()).copied();
    hosts.iter().enumerate().map(|(index, host)| for_host(config, host, port_of(index))).collect()
}

fn for_host(whole: &Config, host: &Host, port: Option<u16>) -> Config {
    let mut one = Config::new();
    match host {
        Host::Tcp(name) => one.host(name),
        Host::Unix(folder) => one.host_path(folder),
    };
    if let Some(port) = port {
        one.port(port);
    }
    if let Some(user) = whole.get_user() {
        one.user(user);
    }
    if let Some(password) = whole.get_password() {
        one.password(password);
    }
    if let Some(name) = whole.get_dbname() {
        one.dbname(name);
    }
    if let Some(options) = whole.get_options() {
        one.options(options);
    }
    if let Some(name) = whole.get_application_name() {
        one.application_name(name);
    }
    if let Some(timeout) = whole.get_connect_timeout() {
        one.connect_timeout(*timeout);
    }
    if let Some(timeout) = whole.get_tcp_user_timeout() {
        one.tcp_user_timeout(*timeout);
    }
    one.ssl_mode(whole.get_ssl_mode())
        .ssl_negotiation(whole.get_ssl_negotiation())
        .target_session_attrs(whole.get_target_session_attrs())
        .channel_binding(whole.get_channel_binding())
        .keepalives(whole.get_keepalives())
        .keepalives_idle(whole.get_keepalives_idle());
    if let Some(interval) = whole.get_keepalives_interval() {
        one.keepalives_interval(interval);
    }
    if let Some(retries) = whole.get_keepalives_retries() {
        one.keepalives_retries(retries);
    }
    one
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_host_is_asked_with_every_setting_of_the_whole_address() {
        let whole: Config = "postgres://someone:secret@a:1,b:2/closure?sslmode=require&target_session_attrs=read-write\
             &application_name=fleet&options=-c%20x%3D1&connect_timeout=3&keepalives_idle=7&channel_binding=require"
            .parse()
            .expect("a sound address");
        let alone: Vec<Config> = [("a", 1), ("b", 2)]
            .map(|(host, port)| {
                format!(
                    "postgres://someone:secret@{host}:{port}/closure?sslmode=require&target_session_attrs=read-write\
                     &application_name=fleet&options=-c%20x%3D1&connect_timeout=3&keepalives_idle=7&channel_binding=require"
                )
                .parse()
                .expect("a sound address")
            })
            .into();
        assert_eq!(one_by_one(&whole), alone);
    }

    #[test]
    fn a_single_host_is_asked_as_it_is() {
        let single: Config = "postgres://someone@a/closure".parse().expect("a sound address");
        assert_eq!(one_by_one(&single), [single]);
    }
}
