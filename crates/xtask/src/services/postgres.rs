//! A private PostgreSQL cluster, on loopback only and with a password of its own.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use crate::error::{Context, Result, failed};
use crate::interrupt::Interrupt;
use crate::process::{Launch, log_tail, run_quietly};
use crate::services::folder::random_hex;
use crate::services::marker::Marker;
use crate::services::ports::Ports;
use crate::services::run::ServiceOptions;

/// Where Debian keeps the programs of each major version.
const VERSIONS: &str = "/usr/lib/postgresql";
/// PostgreSQL refuses to run as root; its package brings this user.
const SERVER_USER: &str = "postgres";
/// Enough for several workers and a test suite at the same time.
const MAX_CONNECTIONS: u16 = 300;
const PASSWORD_BYTES: usize = 16;
/// How long the creation of a cluster may take.
const CREATION_LIMIT: Duration = Duration::from_secs(60);

/// Whether a commit waits for the disk.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Durability {
    /// It does; a bench measures what production pays.
    Synced,
    /// It does not; tests and the demo survive a crash of the server, not of the machine.
    Unsynced,
}

/// Whether the server counts what each kind of statement costs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StatementCounts {
    /// It does, with `pg_stat_statements`; a bench tells round trips a job.
    Kept,
    /// It does not.
    NotKept,
}

/// Where a cluster lives and how it is reached.
pub struct Cluster {
    /// `postgres://…`, the superuser in the database `postgres`.
    pub url: String,
    /// Written by the server itself; its first line is the id.
    pub pid_file: PathBuf,
    /// The data folder.
    pub data_folder: PathBuf,
    /// How the server is started.
    pub launch: Launch,
    programs: PathBuf,
    port: u16,
}

impl Cluster {
    /// Creates the cluster in `folder/postgres`.
    pub(super) fn prepare(
        folder: &Path,
        ports: &Ports,
        options: &ServiceOptions,
        marker: &Marker,
        interrupt: &Interrupt,
    ) -> Result<Cluster> {
        let home = Home::create(folder, marker)?;
        let password = random_hex(PASSWORD_BYTES)?;
        let password_file = home.folder.join("password");
        write(&password_file, &format!("{password}\n"))?;
        give_to_server_user(&home.folder)?;
        create(&home, &password_file, interrupt)?;
        std::fs::remove_file(&password_file)
            .context(|| format!("cannot remove {}", password_file.display()))?;
        write(&home.data_folder.join("postgresql.conf"), &configuration(ports.postgres, options))?;
        let arguments = vec!["-D".to_owned(), home.data_folder.display().to_string()];
        Ok(Cluster {
            url: format!("postgres://postgres:{password}@127.0.0.1:{}/postgres", ports.postgres),
            pid_file: home.data_folder.join("postmaster.pid"),
            launch: home.launch("postgres", arguments, "postgres.log"),
            data_folder: home.data_folder,
            programs: home.programs,
            port: ports.postgres,
        })
    }

    /// True once the server accepts connections.
    pub fn is_ready(&self) -> bool {
        Command::new(self.programs.join("pg_isready"))
            .args(["--quiet", "--timeout=2", "--host=127.0.0.1", "--port"])
            .arg(self.port.to_string())
            .stdin(Stdio::null())
            .status()
            .is_ok_and(|status| status.success())
    }
}

/// A cluster that is being created.
struct Home {
    folder: PathBuf,
    data_folder: PathBuf,
    log_folder: PathBuf,
    programs: PathBuf,
    marker: Marker,
}

impl Home {
    fn create(run_folder: &Path, marker: &Marker) -> Result<Home> {
        let Some(programs) = programs() else {
            return failed(format!("there is no PostgreSQL server in {VERSIONS}; install postgresql"));
        };
        let folder = run_folder.join("postgres");
        std::fs::create_dir(&folder).context(|| format!("cannot create {}", folder.display()))?;
        let data_folder = folder.join("data");
        Ok(Home { folder, data_folder, log_folder: run_folder.to_owned(), programs, marker: marker.clone() })
    }

    /// How one of PostgreSQL's programs is started as its user.
    fn launch(&self, program: &str, arguments: Vec<String>, log: &str) -> Launch {
        let mut words = server_user_words();
        words.push(self.programs.join(program).display().to_string());
        words.extend(arguments);
        let environment = [("PATH", "/usr/bin:/bin"), ("LANG", "C.UTF-8"), ("TZ", "UTC")];
        let environment = environment.map(|(name, value)| (name.to_owned(), value.to_owned()));
        Launch {
            program: PathBuf::from(words.remove(0)),
            arguments: words,
            environment: environment.into_iter().chain([self.marker.variable()]).collect(),
            working_folder: PathBuf::from("/"),
            log_file: self.log_folder.join(log),
        }
    }
}

/// The folder with the programs of the newest installed version.
pub fn programs() -> Option<PathBuf> {
    let versions = std::fs::read_dir(VERSIONS).ok()?.flatten();
    let numbered = versions.filter_map(|entry| entry.file_name().to_str()?.parse::<u32>().ok());
    let folders =
        numbered.map(|version| (version, Path::new(VERSIONS).join(version.to_string()).join("bin")));
    folders.filter(|(_, folder)| folder.join("initdb").exists()).max().map(|(_, folder)| folder)
}

/// True if PostgreSQL's user, which is ourselves unless we are root, can enter a folder.
pub(super) fn server_user_can_enter(folder: &Path) -> bool {
    let mut words = server_user_words();
    words.extend(["/usr/bin/test".to_owned(), "-x".to_owned(), folder.display().to_string()]);
    let mut command = Command::new(words.remove(0));
    run_quietly(command.args(words)).is_ok()
}

/// `setpriv` replaces itself by the program, so that the id we know is the server's; `runuser` would stay its parent.
fn server_user_words() -> Vec<String> {
    if !rustix::process::geteuid().is_root() {
        return Vec::new();
    }
    let user = format!("--reuid={SERVER_USER}");
    let group = format!("--regid={SERVER_USER}");
    ["/usr/bin/setpriv", &user, &group, "--init-groups", "--"].map(str::to_owned).to_vec()
}

fn give_to_server_user(home: &Path) -> Result<()> {
    if !rustix::process::geteuid().is_root() {
        return Ok(());
    }
    run_quietly(Command::new("chown").arg("--recursive").arg(format!("{SERVER_USER}:")).arg(home))?;
    run_quietly(Command::new("chmod").arg("--recursive").arg("go=").arg(home))
}

fn create(home: &Home, password_file: &Path, interrupt: &Interrupt) -> Result<()> {
    let password = format!("--pwfile={}", password_file.display());
    let data = format!("--pgdata={}", home.data_folder.display());
    let fixed =
        ["--username=postgres", "--auth=scram-sha-256", "--encoding=UTF8", "--locale=C.UTF-8", "--no-sync"];
    let mut arguments = fixed.map(str::to_owned).to_vec();
    arguments.extend([password, data]);
    let launch = home.launch("initdb", arguments, "initdb.log");
    let status = launch.start()?.wait(CREATION_LIMIT, interrupt)?;
    if status.success() {
        return Ok(());
    }
    let log = &launch.log_file;
    failed(format!("initdb ended with {status}; the end of {}:\n{}", log.display(), log_tail(log)))
}

fn configuration(port: u16, options: &ServiceOptions) -> String {
    let mut text = String::from("listen_addresses = '127.0.0.1'\n");
    let _ = writeln!(text, "port = {port}\nmax_connections = {MAX_CONNECTIONS}");
    // No socket file: its path has a limit of 107 bytes, and everybody connects over loopback.
    text.push_str("unix_socket_directories = ''\n");
    text.push_str("timezone = 'UTC'\nlog_timezone = 'UTC'\nshared_buffers = '256MB'\n");
    if options.statement_counts == StatementCounts::Kept {
        text.push_str("shared_preload_libraries = 'pg_stat_statements'\n");
    }
    match options.durability {
        Durability::Synced => text.push_str("fsync = on\n"),
        Durability::Unsynced => text.push_str("fsync = off\nfull_page_writes = off\n"),
    }
    text
}

fn write(path: &Path, text: &str) -> Result<()> {
    std::fs::write(path, text).context(|| format!("cannot write {}", path.display()))
}
