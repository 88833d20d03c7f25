//! The Debian packages that a fresh machine lacks.

use std::path::Path;
use std::process::{Command, Stdio};

use crate::error::{Context, Result, failed};
use crate::interrupt::Interrupt;
use crate::services::{postgres, rabbitmq};
use crate::tools::{self, succeeds};

/// One Debian package that we need.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Package {
    /// The broker, with Erlang.
    RabbitMq,
    /// The database server.
    PostgreSql,
    /// Python with virtual environments, for the tests that speak to us as a foreign CRM.
    PythonVenv,
    /// A verifier of DKIM signatures in Python.
    PythonDkim,
    /// The mail server that takes our mail and writes real bounces.
    Postfix,
    /// The proxy that stands before the intake.
    Nginx,
    /// The pooler before the database.
    PgBouncer,
    /// Another time of day for a single process.
    FakeTime,
    /// The AMQP client of the example programs in Python.
    PythonPika,
    /// The client of PostgreSQL for the CRM's relay and inbox in Python.
    PythonPsycopg2,
    /// A client for HTTP on the command line.
    Curl,
    /// Node, for the same in another language and for AsyncAPI's parser.
    Node,
    /// Node's package manager.
    Npm,
    /// A compiler of Java, for the example programs.
    Java,
    /// Their AMQP client.
    JavaAmqp,
    /// Their reader of JSON.
    JavaJackson,
    /// Their client of PostgreSQL.
    JavaPostgreSql,
    /// PHP, for the example programs.
    Php,
    /// Their AMQP client.
    PhpAmqp,
    /// A compiler of Go, for the example programs.
    Go,
    /// Their AMQP client.
    GoAmqp,
}

/// What the services need.
pub const SERVERS: &[Package] = &[Package::RabbitMq, Package::PostgreSql];
/// What the demo needs besides: it runs what it shows to a CRM's programmer.
pub const DEMO: &[Package] = &[Package::RabbitMq, Package::PostgreSql, Package::PythonPika, Package::Curl];
/// What the whole test suite needs.
pub const TESTS: &[Package] = &[
    Package::RabbitMq,
    Package::PostgreSql,
    Package::PythonVenv,
    Package::PythonDkim,
    Package::PythonPika,
    Package::PythonPsycopg2,
    Package::Postfix,
    Package::Nginx,
    Package::PgBouncer,
    Package::FakeTime,
    Package::Node,
    Package::Npm,
    Package::Java,
    Package::JavaAmqp,
    Package::JavaJackson,
    Package::JavaPostgreSql,
    Package::Php,
    Package::PhpAmqp,
    Package::Go,
    Package::GoAmqp,
];

/// Postfix's own first process, below which all of it runs.
const POSTFIX: &str = "/usr/lib/postfix/sbin/master";

/// Debian's own place for it.
const NGINX: &str = "/usr/sbin/nginx";
const PGBOUNCER: &str = "/usr/sbin/pgbouncer";
const PHP_AMQP: &str = "/usr/share/php/PhpAmqpLib/autoload.php";
const GO_AMQP: &str = "/usr/share/gocode/src/github.com/rabbitmq/amqp091-go";

/// Installs packages without starting a server.
///
/// A `policy-rc.d` that answers 101 is Debian's way to keep a package from starting its service; one that exists is
/// left alone. PostgreSQL's package still creates its cluster `main`, which therefore stays stopped: the alternative,
/// a `createcluster.conf` written before the package brings its own, would change the machine's settings for good.
/// Nothing is removed: Debian has one mail server at a time, and one that a person chose must not give way to ours.
/// It is one shell script so that the policy is removed even if we are killed.
const INSTALL_SCRIPT: &str = r#"
policy=/usr/sbin/policy-rc.d
if [ ! -e "$policy" ]; then
    trap 'rm -f "$policy"' EXIT
    trap 'exit 1' HUP INT TERM
    printf '#!/bin/sh\nexit 101\n' > "$policy"
    chmod 755 "$policy"
fi
export DEBIAN_FRONTEND=noninteractive
options="-o DPkg::Lock::Timeout=300 -o Acquire::Retries=3 -o Acquire::http::Timeout=60 -o Dpkg::Use-Pty=0"
apt-get $options --quiet update
apt-get $options --quiet --yes --no-install-recommends --no-remove install "$@"
"#;

impl Package {
    fn name(self) -> &'static str {
        match self {
            Package::RabbitMq => "rabbitmq-server",
            Package::PostgreSql => "postgresql",
            Package::PythonVenv => "python3-venv",
            Package::PythonDkim => "python3-dkim",
            Package::Postfix => "postfix",
            Package::Nginx => "nginx",
            Package::PgBouncer => "pgbouncer",
            Package::FakeTime => "libfaketime",
            Package::PythonPika => "python3-pika",
            Package::PythonPsycopg2 => "python3-psycopg2",
            Package::Curl => "curl",
            Package::Node => "nodejs",
            Package::Npm => "npm",
            Package::Java => "default-jdk-headless",
            Package::JavaAmqp => "librabbitmq-client-java",
            Package::JavaJackson => "libjackson2-databind-java",
            Package::JavaPostgreSql => "libpostgresql-jdbc-java",
            Package::Php => "php-cli",
            Package::PhpAmqp => "php-amqplib",
            Package::Go => "golang-go",
            Package::GoAmqp => "golang-github-rabbitmq-amqp091-go-dev",
        }
    }

    fn is_installed(self) -> bool {
        match self {
            Package::RabbitMq => Path::new(rabbitmq::SERVER).exists(),
            Package::PostgreSql => postgres::programs().is_some(),
            Package::PythonVenv => tools::python().is_some(),
            Package::PythonDkim => tools::has_python_module("dkim"),
            Package::Postfix => Path::new(POSTFIX).exists(),
            Package::Nginx => Path::new(NGINX).exists(),
            Package::PgBouncer => Path::new(PGBOUNCER).exists(),
            Package::FakeTime => tools::has_faketime(),
            Package::PythonPika => tools::has_python_module("pika"),
            Package::PythonPsycopg2 => tools::has_python_module("psycopg2"),
            Package::Curl => succeeds(Command::new("/usr/bin/curl").arg("--version")),
            Package::Node => tools::has_node(),
            Package::Npm => tools::has_npm(),
            Package::Java => succeeds(Command::new("javac").arg("--version")),
            Package::JavaAmqp => tools::has_jars(&["amqp-client", "slf4j-nop"]),
            Package::JavaJackson => tools::has_jars(&["jackson-databind", "jackson-core"]),
            Package::JavaPostgreSql => tools::has_jars(&["postgresql"]),
            Package::Php => succeeds(Command::new("php").arg("--version")),
            Package::PhpAmqp => Path::new(PHP_AMQP).exists(),
            Package::Go => succeeds(Command::new("go").arg("version")),
            Package::GoAmqp => Path::new(GO_AMQP).exists(),
        }
    }
}

/// Installs those of `packages` that are missing, or says how to.
pub fn ensure(packages: &[Package], interrupt: &Interrupt) -> Result<()> {
    let names = missing(packages);
    if names.is_empty() {
        return Ok(());
    }
    let Some(mut command) = root_shell() else {
        return failed(format!(
            "these Debian packages are missing, and installing them needs root; run this once, then try again:\n\n    sudo apt-get install --no-install-recommends {}\n",
            names.join(" ")
        ));
    };
    eprintln!("Installing {} (their servers stay stopped) …", names.join(", "));
    // Not ended by a signal: a package manager that is stopped half-way leaves half a package.
    let status = command
        .args(["-e", "-u", "-c", INSTALL_SCRIPT, "install"])
        .args(&names)
        .stdin(Stdio::null())
        .status()
        .context(|| "cannot start the package manager".to_owned())?;
    interrupt.check()?;
    let left = missing(packages);
    if !status.success() || !left.is_empty() {
        return failed(format!(
            "installing {} failed ({status}); see apt's messages above",
            names.join(", ")
        ));
    }
    if Path::new("/run/systemd/system").exists() {
        eprintln!(
            "Debian starts newly installed servers at the next boot; `systemctl disable` keeps them stopped."
        );
    }
    Ok(())
}

/// The names of those of `packages` that are missing.
pub fn missing(packages: &[Package]) -> Vec<&'static str> {
    packages.iter().filter(|package| !package.is_installed()).map(|package| package.name()).collect()
}

/// A shell as root: directly, or by a `sudo` that asks no password.
fn root_shell() -> Option<Command> {
    if rustix::process::geteuid().is_root() {
        return Some(Command::new("/bin/sh"));
    }
    let mut command = Command::new("sudo");
    command.args(["--non-interactive", "/bin/sh"]);
    succeeds(Command::new("sudo").args(["--non-interactive", "true"])).then_some(command)
}
