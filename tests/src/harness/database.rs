//! A database of a test's own, copied from a template that is migrated once per test binary.

use std::{
    path::{Path, PathBuf},
    process::Stdio,
};

use tokio::{
    io::AsyncWriteExt,
    process::{Child, Command},
    sync::OnceCell,
};
use uuid::Uuid;

use super::{
    cli::cli_with_input,
    configuration::TEMPLATES,
    environment::{Services, binary},
    wait::{SHORT, eventually},
};

/// Where Debian keeps the client of each version; the one on the path is a slow wrapper.
const VERSIONS: &str = "/usr/lib/postgresql";

/// The password of every database user of a test.
pub(super) const USER_PASSWORD: &str = "rights-0123456789";
/// The users that `roles.sh` makes, without `closure_`.
pub(super) const USERS: [&str; 13] = [
    "owner", "sms", "email", "dial", "fallback", "dead", "cancel", "bounces", "advisor", "operator",
    "doctor", "pbx", "fleet",
];

static TEMPLATE: OnceCell<String> = OnceCell::const_new();

/// A database.
pub struct Database {
    server: String,
    /// Its name.
    pub name: String,
    /// Its address.
    pub url: String,
}

impl Database {
    /// Creates it with this release's schema.
    pub async fn create(services: &Services) -> Self {
        let template = TEMPLATE.get_or_init(|| migrated(services)).await;
        Self::copied(services, template).await
    }

    /// Creates it without any table.
    pub async fn empty(services: &Services) -> Self {
        Self::copied(services, "template1").await
    }

    async fn copied(services: &Services, template: &str) -> Self {
        let name = format!("closure_{}", Uuid::new_v4().simple());
        let database = Self { server: services.postgres.clone(), url: services.postgres_of(&name), name };
        database.on_server(&format!("CREATE DATABASE {} TEMPLATE {template}", database.name)).await;
        database
    }

    /// Runs one statement in it and answers the rows, fields separated by `|`.
    pub async fn query(&self, sql: &str) -> Vec<String> {
        psql(&self.url, sql).await.lines().map(str::to_owned).collect()
    }

    /// Ends every connection to it, as an operator or a failover would.
    pub async fn terminate_connections(&self) {
        self.on_server(&format!(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{}'",
            self.name
        ))
        .await;
    }

    /// Lets nobody but the superuser in, or everybody again, and ends the connections that are there.
    pub async fn set_connections_allowed(&self, allowed: Connections) {
        let word = match allowed {
            Connections::Allowed => "true",
            Connections::Refused => "false",
        };
        self.on_server(&format!("ALTER DATABASE {} ALLOW_CONNECTIONS {word}", self.name)).await;
        self.terminate_connections().await;
    }

    /// Holds a table so that it can be read and not be written, until the answer is dropped.
    pub async fn hold(&self, table: &str) -> Child {
        let mut client = Command::new(client());
        client.args(["-X", "-q", "-d", &self.url]).stdin(Stdio::piped()).stdout(Stdio::null());
        let mut client = client.kill_on_drop(true).spawn().expect("psql can be started");
        let input = client.stdin.as_mut().expect("its input is a pipe");
        let lock = format!("BEGIN; LOCK TABLE {table} IN SHARE MODE;\n");
        input.write_all(lock.as_bytes()).await.expect("psql reads");
        let held = format!(
            "SELECT count(*) FROM pg_locks WHERE relation = '{table}'::regclass AND mode = 'ShareLock' AND granted"
        );
        eventually("the table to be held", SHORT, || async {
            if self.query(&held).await == ["1"] { Ok(()) } else { Err("it is not".to_owned()) }
        })
        .await;
        client
    }

    /// Removes it.
    pub async fn drop(&self) {
        self.on_server(&format!("DROP DATABASE IF EXISTS {} WITH (FORCE)", self.name)).await;
    }

    /// PostgreSQL's own client, the newest of the machine.
    pub fn client() -> PathBuf {
        client()
    }

    /// Its address as the user of a role, `closure_<role>`.
    pub fn url_of(&self, role: &str) -> String {
        let (_, place) = self.url.rsplit_once('@').expect("the address names a user");
        format!("postgres://closure_{role}:{USER_PASSWORD}@{place}")
    }

    /// Runs `roles.sh` as the image of PostgreSQL does: as the superuser, with the secrets in a folder.
    pub async fn make_users(&self) {
        let secrets = tempfile::tempdir().expect("a folder can be made");
        for role in USERS {
            let file = secrets.path().join(format!("database_url_{role}"));
            std::fs::write(file, self.url_of(role)).expect("a secret can be written");
        }
        let (_, rest) = self.url.split_once("://").expect("an address has a scheme");
        let (login, place) = rest.rsplit_once('@').expect("an address names a user");
        let (superuser, password) = login.split_once(':').expect("the superuser has a password");
        let (server, name) = place.split_once('/').expect("an address names a database");
        let (host, port) = server.rsplit_once(':').expect("an address names a port");
        let psql = client();
        let folders = psql.parent().into_iter().chain([Path::new("/usr/bin"), Path::new("/bin")]);
        let path = std::env::join_paths(folders).expect("a path can be joined");
        let output = Command::new("bash")
            .arg(deploy("roles.sh"))
            .env("PATH", path)
            .env("CLOSURE_SECRETS_FOLDER", secrets.path())
            .envs([("POSTGRES_DB", name), ("POSTGRES_USER", superuser)])
            .envs([("PGHOST", host), ("PGPORT", port), ("PGPASSWORD", password)])
            .stdin(Stdio::null())
            .output()
            .await
            .expect("bash can be started");
        assert!(output.status.success(), "roles.sh: {}", String::from_utf8_lossy(&output.stderr));
    }

    /// Gives every user its rights, as the owner of the tables does after `fleet migrate`.
    pub async fn grant(url: &str) {
        Self::run_file(url, &deploy("grants.sql")).await;
    }

    /// Whether the user of this address may do what a statement does.
    pub async fn allows(url: &str, sql: &str) -> bool {
        let output = client_command(url, &["-c", sql]).output().await.expect("psql can be started");
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success() || said.contains("permission denied"), "psql: {sql}: {said}");
        output.status.success()
    }

    /// Runs a file of statements as the user of an address.
    pub async fn run_file(url: &str, file: &Path) {
        let file = file.display().to_string();
        let output = client_command(url, &["-f", &file]).output().await.expect("psql can be started");
        assert!(output.status.success(), "psql -f {file}: {}", String::from_utf8_lossy(&output.stderr));
    }

    async fn on_server(&self, sql: &str) {
        psql(&self.server, sql).await;
    }
}

/// Whether a database takes connections.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Connections {
    /// It does.
    Allowed,
    /// It does not.
    Refused,
}

fn deploy(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../deploy/postgres").join(name)
}

async fn migrated(services: &Services) -> String {
    let template = Database::empty(services).await;
    let output = Command::new(binary("fleet"))
        .arg("migrate")
        .env("FLEET_DATABASE_URL", &template.url)
        .stdin(Stdio::null())
        .output()
        .await
        .expect("fleet can be started");
    assert!(output.status.success(), "fleet migrate: {}", String::from_utf8_lossy(&output.stderr));
    template.make_users().await;
    Database::grant(&template.url).await;
    let environment = [("FLEET_DATABASE_URL".to_owned(), template.url_of("operator"))];
    let import = ["template", "import", "-", "--actor", "harness", "--reason", "the templates of every test"];
    cli_with_input(&environment, &import, TEMPLATES.as_bytes()).await.with_code(0);
    template.name
}

async fn psql(url: &str, sql: &str) -> String {
    let output = client_command(url, &["-c", sql]).output().await.expect("psql can be started");
    assert!(output.status.success(), "psql: {sql}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8_lossy(&output.stdout).into_owned()
}

fn client_command(url: &str, arguments: &[&str]) -> Command {
    let mut command = Command::new(client());
    command.args(["-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1", "-d", url]).args(arguments);
    command.stdin(Stdio::null());
    command
}

fn client() -> PathBuf {
    let versions = std::fs::read_dir(VERSIONS).into_iter().flatten().flatten();
    let clients = versions.map(|version| version.path().join("bin").join("psql"));
    clients.filter(|client| client.exists()).max().unwrap_or_else(|| PathBuf::from("psql"))
}
