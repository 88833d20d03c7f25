//! How the database is reached, and how long anything may take.

use std::{fmt, net::IpAddr, path::PathBuf, str::FromStr, time::Duration};

use tokio_postgres::config::{Config, Host, SslMode, TargetSessionAttrs};

use super::session::session_settings;
use crate::{error::StoreError, finding::keys::HashKeys};

/// A primary and its standbys are a handful; a longer list would make every wait for a connection endless.
const HOSTS_MAX: usize = 8;

/// How the database is reached.
#[derive(Clone)]
pub struct StoreSettings {
    /// `postgres://user:password@host:port/database`; never shown.
    ///
    /// Several hosts, `a:5432,b:5432`, are tried in turn, and the first that takes writes is used.
    pub url: String,
    /// Connections of this process; all processes together must stay below the server's `max_connections`.
    pub pool_size: usize,
    /// How long to wait for a free connection.
    pub wait_timeout_ms: u64,
    /// How long a new connection may take at each host, its check included.
    pub create_timeout_ms: u64,
    /// How long the check of a used connection may take.
    pub recycle_timeout_ms: u64,
    /// How long the TCP connection may take.
    pub connect_timeout_ms: u64,
    /// How long one statement may take.
    pub statement_timeout_ms: u64,
    /// How long a statement may wait for a lock.
    pub lock_timeout_ms: u64,
    /// How long the server keeps a transaction of ours that does nothing.
    pub idle_in_transaction_timeout_ms: u64,
    /// How long a silent connection goes unprobed.
    pub keepalive_idle_s: u64,
    /// How long sent bytes may stay unacknowledged.
    pub tcp_user_timeout_ms: u64,
    /// Claims or settlements in one statement.
    pub batch_max: usize,
    /// How long a batch waits for company while there is load; an idle one never waits.
    pub batch_linger_ms: u64,
    /// Certificates (PEM) of the authority that signs the server's; without it the public ones count.
    pub ca_file: Option<PathBuf>,
    /// Whether `sslmode=disable` may be said of a server on another machine.
    pub remote_plaintext: RemotePlaintext,
    /// What hashes recipients; with none no hash is written, and nobody is found by a number or an address.
    pub hash_keys: HashKeys,
    /// How statements are planned.
    pub planning: Planning,
}

/// How the statements of a process are planned.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Planning {
    /// By an index, one row at a time: right for a worker, whose statements are prepared while the tables are small.
    ByIndex,
    /// As the server sees fit for the tables as they are: right for a person's search, which is planned when it is asked.
    Free,
}

/// Whether a server on another machine may be spoken to without TLS.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RemotePlaintext {
    /// Never.
    Refused,
    /// Where the address says `sslmode=disable`: for a private network between containers.
    Allowed,
}

impl StoreSettings {
    /// Whether the address can be used, as far as that is known without the server.
    pub fn check(&self) -> Result<(), StoreError> {
        self.config().map(drop)
    }

    /// The address as PostgreSQL's client knows it, with every limit in place.
    pub(crate) fn config(&self) -> Result<Config, StoreError> {
        if has_a_sign_in_its_login(&self.url) {
            return Err(StoreError::Settings(
                "the user's name or the password in the database's address has a sign that ends it; write @ as %40, \
                 : as %3A, / as %2F, ? as %3F, # as %23 and % as %25"
                    .into(),
            ));
        }
        if names_more_than_a_database(&self.url) {
            return Err(StoreError::Settings(
                "the database's address has a comma or an @ in the database's name; several hosts are written \
                 postgres://user:password@a:5432,b:5432/name"
                    .into(),
            ));
        }
        let mut config = Config::from_str(&self.url).map_err(|_| {
            // The parser's own words may repeat a part of the address, which holds the password.
            StoreError::Settings(
                "the database's address cannot be read; write postgres://user:password@host:5432/name, and in the \
                 password @ as %40, / as %2F and % as %25"
                    .into(),
            )
        })?;
        if config.get_hosts().len() > HOSTS_MAX {
            return Err(StoreError::Settings(
                "the database's address names more than 8 hosts; name the primary and its standbys".into(),
            ));
        }
        config.ssl_mode(self.ssl_mode(&config)?);
        let mut options = config.get_options().unwrap_or_default().to_owned();
        for (name, value) in session_settings(self) {
            options.push_str(&format!(" -c {name}={value}"));
        }
        config
            .options(options.trim_start())
            .target_session_attrs(TargetSessionAttrs::ReadWrite)
            .connect_timeout(Duration::from_millis(self.connect_timeout_ms))
            .keepalives(true)
            .keepalives_idle(Duration::from_secs(self.keepalive_idle_s))
            .tcp_user_timeout(Duration::from_millis(self.tcp_user_timeout_ms));
        if config.get_application_name().is_none() {
            config.application_name("closure-fleet");
        }
        Ok(config)
    }

    /// The client's default is to use TLS where the server offers it and to go on in the clear where it does not,
    /// which a man in the middle decides. Here it is either required or, on this machine, left out.
    fn ssl_mode(&self, config: &Config) -> Result<SslMode, StoreError> {
        let local = is_local(config);
        match config.get_ssl_mode() {
            SslMode::Require => Ok(SslMode::Require),
            SslMode::Disable if local => Ok(SslMode::Disable),
            SslMode::Disable => match self.remote_plaintext {
                RemotePlaintext::Allowed => Ok(SslMode::Disable),
                RemotePlaintext::Refused => Err(StoreError::Settings(
                    "the database is on another machine and its address says sslmode=disable; take that out, \
                     or allow it for a private network"
                        .into(),
                )),
            },
            _ if local => Ok(SslMode::Disable),
            _ => Ok(SslMode::Require),
        }
    }

    /// The longest time that one operation of the store may take: a hung server answers no statement timeout.
    pub(crate) fn operation_timeout(&self, config: &Config) -> Duration {
        let statements_max = 3;
        let rest_ms =
            self.wait_timeout_ms + self.recycle_timeout_ms + statements_max * self.statement_timeout_ms;
        self.create_timeout(config) + Duration::from_millis(rest_ms)
    }

    /// How long a new connection may take where every host but the last one is silent.
    pub(crate) fn create_timeout(&self, config: &Config) -> Duration {
        let hosts = config.get_hosts().len().max(config.get_hostaddrs().len()).clamp(1, HOSTS_MAX);
        Duration::from_millis(self.create_timeout_ms) * u32::try_from(hosts).unwrap_or(1)
    }
}

impl Default for StoreSettings {
    fn default() -> Self {
        Self {
            url: String::new(),
            pool_size: 4,
            wait_timeout_ms: 2_000,
            create_timeout_ms: 3_000,
            recycle_timeout_ms: 1_000,
            connect_timeout_ms: 3_000,
            statement_timeout_ms: 5_000,
            lock_timeout_ms: 2_000,
            idle_in_transaction_timeout_ms: 10_000,
            keepalive_idle_s: 10,
            tcp_user_timeout_ms: 10_000,
            batch_max: 100,
            batch_linger_ms: 2,
            ca_file: None,
            remote_plaintext: RemotePlaintext::Refused,
            hash_keys: HashKeys::default(),
            planning: Planning::ByIndex,
        }
    }
}

impl fmt::Debug for StoreSettings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("StoreSettings")
            .field("url", &"masked")
            .field("pool_size", &self.pool_size)
            .field("batch_max", &self.batch_max)
            .finish_non_exhaustive()
    }
}

/// Whether a part of the password would pass for a host: an `@`, or a `/` or `?` before the last one.
///
/// The client takes what follows the first `@` for the host and repeats it in its errors.
fn has_a_sign_in_its_login(url: &str) -> bool {
    let schemes = ["postgres://", "postgresql://"];
    let Some(rest) = schemes.iter().find_map(|scheme| url.strip_prefix(scheme)) else { return false };
    let (authority, beyond) = rest.split_at(rest.find(['/', '?', '#']).unwrap_or(rest.len()));
    match authority.matches('@').count() {
        0 => {
            let port = authority.rsplit_once(':').map(|(_, port)| port);
            // The end of an IPv6 address is no port, and neither is nothing.
            let is_no_port =
                |port: &str| !port.is_empty() && !port.ends_with(']') && port.parse::<u16>().is_err();
            beyond.contains('@') && port.is_some_and(is_no_port)
        }
        1 => false,
        _ => true,
    }
}

/// Whether a second address, or its host, stands where the name of the database does: the server repeats that name, and
/// with it a password, when it knows no such database.
fn names_more_than_a_database(url: &str) -> bool {
    let beyond = url.split_once("://").and_then(|(_, rest)| rest.split_once('/')).map(|(_, beyond)| beyond);
    let name = beyond.and_then(|beyond| beyond.split('?').next()).unwrap_or_default();
    name.contains([',', '@'])
}

/// Whether every server that the address names is this machine.
fn is_local(config: &Config) -> bool {
    let local_host = |host: &Host| match host {
        Host::Unix(_) => true,
        Host::Tcp(name) => {
            name == "localhost" || name.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
        }
    };
    config.get_hosts().iter().all(local_host) && config.get_hostaddrs().iter().all(IpAddr::is_loopback)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mode_of(url: &str, remote_plaintext: RemotePlaintext) -> Result<SslMode, StoreError> {
        let settings = StoreSettings { url: url.to_owned(), remote_plaintext, ..StoreSettings::default() };
        settings.config().map(|config| config.get_ssl_mode())
    }

    #[test]
    fn a_server_on_another_machine_is_spoken_to_over_tls_alone() {
        let refused = RemotePlaintext::Refused;
        for (url, wanted) in [
            ("postgres://u:p@127.0.0.1/d", SslMode::Disable),
            ("postgres://u:p@[::1]/d", SslMode::Disable),
            ("postgres://u:p@localhost/d?sslmode=require", SslMode::Require),
            ("host=/run/postgresql user=u", SslMode::Disable),
            ("postgres://u:p@db.example/d", SslMode::Require),
            ("postgres://u:p@db.example/d?sslmode=prefer", SslMode::Require),
            ("postgres://u:p@127.0.0.1,db.example/d", SslMode::Require),
            ("host=localhost hostaddr=192.0.2.7 user=u", SslMode::Require),
        ] {
            assert_eq!(mode_of(url, refused).ok(), Some(wanted), "{url}");
        }
        let plain = "postgres://u:p@db.example/d?sslmode=disable";
        assert!(mode_of(plain, refused).is_err());
        assert_eq!(mode_of(plain, RemotePlaintext::Allowed).ok(), Some(SslMode::Disable));
    }

    #[test]
    fn an_address_that_cannot_be_read_is_refused_without_repeating_it() {
        let settings =
            StoreSettings { url: "postgres://u:hunter2@h:x/d".to_owned(), ..StoreSettings::default() };
        let error = settings.config().expect_err("the port is no number");
        assert!(!error.to_string().contains("hunter2"), "{error}");
        assert!(!format!("{settings:?}").contains("hunter2"));
    }

    #[test]
    fn a_password_with_a_sign_of_the_address_is_told_how_to_be_written_and_never_repeated() {
        for url in [
            "postgres://u:hunt@er2@db.example/d",
            "postgresql://u@corp:hunter2@db.example/d",
            "postgres://u:hunt/er2@db.example/d",
            "postgres://u:hunt?er2@db.example/d",
            "postgres://u:hunt#er2@db.example:5432/d?sslmode=require",
        ] {
            let settings = StoreSettings { url: url.to_owned(), ..StoreSettings::default() };
            let error = settings.config().expect_err(url).to_string();
            assert!(error.contains("@ as %40"), "{url}: {error}");
            assert!(!error.contains("hunt") && !error.contains("er2"), "{error}");
        }
        for url in [
            "postgres://u:hunt%40er2@db.example/d",
            "postgres://db.example/d?user=u&application_name=a@b",
            "postgres://db.example:5432/d?application_name=a@b",
            "postgres://db.example:/d?application_name=a@b",
            "postgres://[::1]/d?application_name=a@b",
            "postgres://u:p@one.example,two.example:5433/d?application_name=a@b",
            "host=db.example user=u password=a@b",
        ] {
            let settings = StoreSettings { url: url.to_owned(), ..StoreSettings::default() };
            assert!(settings.config().is_ok(), "{url}");
        }
    }

    #[test]
    fn a_second_address_is_told_from_the_name_of_the_database_and_never_repeated() {
        for url in [
            "postgres://u:p@one.example:5432/d,postgres://u:hunter2@two.example:5432/d",
            "postgres://u:p@one.example:5432/d, postgres://u:hunter2@two.example:5432/d?sslmode=require",
            "postgres://u:p@one.example/d;postgres://u:hunter2@two.example/d",
            "postgres://u:p@one.example/d postgres://u:hunter2@two.example/d",
            "postgres://u:p@one.example/d,two.example/d",
        ] {
            let settings = StoreSettings { url: url.to_owned(), ..StoreSettings::default() };
            let error = settings.check().expect_err(url).to_string();
            assert!(error.contains("a:5432,b:5432/name"), "{url}: {error}");
            assert!(!error.contains("hunter2"), "{error}");
        }
    }

    #[test]
    fn options_of_the_address_are_kept_beside_ours() {
        let url = "postgres://u@localhost/d?options=-c%20search_path%3Dfleet".to_owned();
        let config = StoreSettings { url, ..StoreSettings::default() }.config().expect("it can be read");
        let options = config.get_options().unwrap_or_default();
        assert!(options.starts_with("-c search_path=fleet -c enable_seqscan=off"), "{options}");
    }
}
