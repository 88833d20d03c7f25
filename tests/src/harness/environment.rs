//! Where the services, the binaries and the tools of other languages are.

use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::Stdio;

use tokio::process::Command;

use super::{http::request, wait::LONG};

/// The services that `cargo xtask test` started.
#[derive(Clone)]
pub struct Services {
    /// `amqp://user:password@127.0.0.1:port/`
    pub amqp: String,
    /// The management API with user and password.
    pub rabbit_api: String,
    /// The superuser's address of PostgreSQL.
    pub postgres: String,
    /// The file that says how the broker is killed and started.
    pub description: PathBuf,
}

impl Services {
    /// Reads the environment.
    pub fn from_environment() -> Self {
        Self {
            amqp: required("CLOSURE_TEST_AMQP"),
            rabbit_api: required("CLOSURE_TEST_RABBIT_API"),
            postgres: required("CLOSURE_TEST_PG"),
            description: PathBuf::from(required("CLOSURE_TEST_SERVICES")),
        }
    }

    /// The first number of the broker's version.
    pub async fn rabbit_major(&self) -> u32 {
        let url = format!("{}/api/overview", self.rabbit_api.trim_end_matches('/'));
        let overview = request("GET", &url, &[], b"").await.expect("the broker answers").json();
        let major = overview["rabbitmq_version"].as_str().and_then(|version| version.split('.').next());
        major.and_then(|major| major.parse().ok()).expect("the broker tells its version")
    }

    /// The broker's address with a vhost.
    pub fn amqp_of(&self, vhost: &str) -> String {
        format!("{}/{vhost}", self.amqp.trim_end_matches('/'))
    }

    /// The database server's address with a database.
    pub fn postgres_of(&self, database: &str) -> String {
        let (server, _) = self.postgres.rsplit_once('/').expect("the address names a database");
        format!("{server}/{database}")
    }
}

/// The path of one of our binaries: beside this test, or where `CLOSURE_TEST_BINARIES` says.
pub fn binary(name: &str) -> PathBuf {
    let folder = variable("CLOSURE_TEST_BINARIES").map_or_else(beside_this_test, PathBuf::from);
    let path = folder.join(name);
    assert!(path.exists(), "there is no {}; run cargo xtask test, which builds it", path.display());
    path
}

/// A test executable lies in `target/<profile>/deps`, the binaries one folder above.
fn beside_this_test() -> PathBuf {
    let own = std::env::current_exe().expect("a process knows its own path");
    let folder = own.parent().and_then(|deps| deps.parent()).expect("a test lies in target/<profile>/deps");
    folder.to_owned()
}

/// The library that gives a process another time of day.
pub fn faketime() -> String {
    let folders = std::fs::read_dir("/usr/lib").into_iter().flatten().flatten();
    let mut libraries = folders.map(|folder| folder.path().join("faketime/libfaketimeMT.so.1"));
    let library = libraries.find(|library| library.exists());
    library.expect("cargo xtask test installs libfaketime").display().to_string()
}

/// The root file system that has Asterisk and `sipp`.
pub(super) fn asterisk() -> PathBuf {
    if let Some(reason) = variable("CLOSURE_TEST_NO_ASTERISK") {
        panic!("there is no Asterisk here, and `-- --skip real_pbx::` leaves its tests out: {reason}");
    }
    PathBuf::from(required("CLOSURE_TEST_ASTERISK"))
}

/// A Python program, run by the Python that has the packages of `tests/python/requirements.txt`.
pub fn python(program: &Path) -> Command {
    prepared(Command::new(required("CLOSURE_TEST_PYTHON")), program)
}

/// A Python program, run by Debian's own Python, which has Debian's packages.
pub fn debian_python(program: &Path) -> Command {
    prepared(Command::new("/usr/bin/python3"), program)
}

/// A `CommonJS` program, run by a Node that finds the packages of `tests/node/package.json`.
pub fn node(program: &Path) -> Command {
    let mut command = Command::new("node");
    command.env("NODE_PATH", required("CLOSURE_TEST_NODE_MODULES"));
    prepared(command, program)
}

/// A program in PHP, run by Debian's own, which has Debian's packages.
pub fn php(program: &Path) -> Command {
    prepared(Command::new("php"), program)
}

/// It reads nothing, both its outputs are kept, and it ends with the test.
fn prepared(mut command: Command, program: &Path) -> Command {
    command.arg(program);
    kept(command)
}

pub(super) fn kept(mut command: Command) -> Command {
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).kill_on_drop(true);
    command
}

/// How much a generated test is to make: what this variable says, or this many.
pub fn count_from_environment(name: &str, otherwise: u64) -> u64 {
    variable(name).map_or(otherwise, |count| count.parse().expect("a number of messages"))
}

/// A port that was free a moment ago.
pub(super) fn free_port() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").expect("there is a free port");
    listener.local_addr().expect("it has an address").port()
}

fn required(name: &str) -> String {
    variable(name).unwrap_or_else(|| {
        panic!("{name} is not set; run cargo xtask test, which brings the services and the tools")
    })
}

#[expect(
    clippy::disallowed_methods,
    reason = "this is the one place of the harness that reads the environment"
)]
fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}

/// Runs a checker to its end; what it printed, if it was content.
pub async fn content(mut checker: Command) -> String {
    let output = tokio::time::timeout(LONG, checker.output())
        .await
        .expect("a checker ends in time")
        .expect("a checker can be started");
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.success(), "{said}\n{}", String::from_utf8_lossy(&output.stderr));
    said
}
