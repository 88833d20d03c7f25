//! A real mail server: Debian's Postfix, as an instance of a test's own on loopback alone.
//!
//! Whoever is `@known.example.org` has a mailbox in it; the mail server of `gone.example.org` knows nobody, and that of
//! `silent.example.org` does not answer. What it reports comes back as `docs/operations.md` says.

use std::{
    fs::Permissions,
    net::{Ipv4Addr, TcpListener},
    os::{
        linux::net::SocketAddrExt,
        unix::{
            fs::PermissionsExt,
            net::{SocketAddr, UnixListener},
            process::CommandExt,
        },
    },
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
};

use nix::{
    sys::signal::{Signal, killpg},
    unistd::Pid,
};
use tempfile::TempDir;
use tokio::{
    io::{AsyncBufReadExt, BufReader},
    net::TcpStream,
};

use super::{
    documented::{documented_command, documented_example, typed},
    environment::Services,
    logs,
    options::FleetOptions,
    runtime::on_a_lasting_thread,
    wait::{LONG, eventually},
};

const MAIN: &str = include_str!("../../postfix/main.cf");
const MASTER: &str = include_str!("../../postfix/master.cf");
const PROGRAM: &str = "/usr/lib/postfix/sbin/master";
/// A certificate for `localhost`, whose authority nothing else trusts.
const TLS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../crates/providers/tests/recorded/tls");
/// Outside the range from which the system takes ports for outgoing connections, and beyond the services' own.
const PORTS: std::ops::Range<u16> = 23_000..25_000;
/// Where the guide lets the mail server deliver; a test's own folder takes its place.
const DOCUMENTED_BASE: &str = "/var/mail";

/// The domain of the envelope senders, as the guide writes it.
const BOUNCE_DOMAIN: &str = "bounce.example.com";
const BOUNCE_SECRET: &str = "postfix-bounce-secret-0123456789-0123456789";

/// A running Postfix; it ends with the value, and with the test's process whatever becomes of that.
pub struct Postfix {
    folder: TempDir,
    master: Child,
    ports: Ports,
}

impl Postfix {
    /// Starts it and waits until both its listeners answer.
    pub async fn start() -> Self {
        let user = typed("id --user", Path::new("/")).await;
        assert_eq!(
            user.trim(),
            "0",
            "Postfix runs as several users and needs root; `-- --skip postfix::` leaves it out"
        );
        let services = Services::from_environment();
        // Beside the services' own files, where users other than root may enter.
        let beside = services.description.parent().expect("a file lies in a folder");
        let folder =
            tempfile::Builder::new().prefix("postfix-").tempdir_in(beside).expect("a folder can be made");
        let ports = Ports::reserve();
        configure(folder.path(), &ports).await;
        let settings = folder.path().join("settings");
        typed(&format!("postfix -c {} check", settings.display()), folder.path()).await;
        let mut command = Command::new("setpriv");
        // Its daemons leave by themselves when the first process is gone.
        command.args(["--pdeathsig", "KILL", "--", PROGRAM, "-d", "-c"]).arg(settings);
        let log = std::fs::File::create(folder.path().join("output")).expect("a file can be written");
        command.stdin(Stdio::null()).stdout(log.try_clone().expect("a file can be opened twice")).stderr(log);
        command.process_group(0);
        let master = on_a_lasting_thread(move || command.spawn()).await.expect("Postfix can be started");
        let started = Self { folder, master, ports };
        started.answers(started.ports.first).await;
        started.answers(started.ports.next()).await;
        started
    }

    /// Makes it the mail server of a fleet, and its reports that fleet's to read.
    pub fn serves(&self, options: FleetOptions) -> FleetOptions {
        let variables = [
            ("EMAIL_HOST", "localhost".to_owned()),
            ("EMAIL_PORT", self.ports.first.to_string()),
            ("EMAIL_SECURITY", "starttls".to_owned()),
            ("EMAIL_TLS_CA", format!("{TLS}/ca.pem")),
            // A first connection makes it start programs, which a busy machine takes its time for.
            ("EMAIL_CONNECT_TIMEOUT_MS", "10000".to_owned()),
            ("EMAIL_COMMAND_TIMEOUT_MS", "30000".to_owned()),
            ("EMAIL_DATA_TIMEOUT_MS", "30000".to_owned()),
            ("BOUNCES_DOMAIN", BOUNCE_DOMAIN.to_owned()),
            ("BOUNCES_SECRET", BOUNCE_SECRET.to_owned()),
            ("BOUNCES_MAILDIR", self.bounces().display().to_string()),
            ("BOUNCES_LOOK_MS", "100".to_owned()),
        ];
        let set = |options: FleetOptions, (name, value): (&str, String)| {
            options.variable(&format!("FLEET_{name}"), &value)
        };
        variables.into_iter().fold(options, set)
    }

    /// The mails that a customer at `known.example.org` got, the oldest first, once there are so many of them.
    pub async fn mails_of_customers(&self, count: usize) -> Vec<PathBuf> {
        self.mails(&self.folder.path().join("customers/new"), count).await
    }

    /// The reports that `fleet work bounces` has read, the oldest first, once there are so many of them.
    pub async fn reports_read(&self, count: usize) -> Vec<PathBuf> {
        self.mails(&self.bounces().join("cur"), count).await
    }

    /// The reports that `fleet work bounces` left for a person.
    pub fn reports_aside(&self) -> Vec<PathBuf> {
        files(&self.bounces().join(".aside/new"))
    }

    /// Lets it give up the one mail that it still tries to deliver, as it does by itself after days.
    pub async fn gives_up(&self) {
        let settings = self.folder.path().join("settings");
        let command = format!("postsuper -c {} -f ALL 2>&1", settings.display());
        // A mail that moves from one of its queues to another meanwhile may be overlooked.
        eventually("Postfix to give up a mail", LONG, || async {
            let said = typed(&command, self.folder.path()).await;
            if said.contains("Force-expired: 1 ") { Ok(()) } else { Err(said) }
        })
        .await;
    }

    fn bounces(&self) -> PathBuf {
        self.folder.path().join("mail/bounces")
    }

    async fn mails(&self, folder: &Path, count: usize) -> Vec<PathBuf> {
        eventually(&format!("{count} mail(s) in {}", folder.display()), LONG, || async {
            let found = files(folder);
            if found.len() >= count { Ok(found) } else { Err(format!("{} mail(s)", found.len())) }
        })
        .await
    }

    async fn answers(&self, port: u16) {
        eventually(&format!("Postfix to greet at port {port}"), LONG, || async {
            let stream = TcpStream::connect((Ipv4Addr::LOCALHOST, port)).await;
            let mut greeting = String::new();
            let mut stream = BufReader::new(stream.map_err(|problem| problem.to_string())?);
            stream.read_line(&mut greeting).await.map_err(|problem| problem.to_string())?;
            if greeting.starts_with("220 ") { Ok(()) } else { Err(format!("it said {greeting:?}")) }
        })
        .await;
    }

    #[expect(clippy::print_stderr, reason = "this is a failing test's message")]
    fn tell_where_the_log_is(&mut self) {
        for name in ["output", "log"] {
            let log = self.folder.path().join(name);
            eprintln!("--- the end of {}\n{}", log.display(), logs::tail(&log));
        }
        self.folder.disable_cleanup(true);
    }
}

impl Drop for Postfix {
    fn drop(&mut self) {
        // The group keeps our child's number as long as nobody has waited for the child.
        let group = Pid::from_raw(i32::try_from(self.master.id()).expect("a process id is a positive i32"));
        let _ended_already = killpg(group, Signal::SIGKILL);
        let _status = self.master.wait();
        if std::thread::panicking() {
            self.tell_where_the_log_is();
        }
    }
}

/// Two neighbouring ports, which no other test takes as long as the value lives.
struct Ports {
    first: u16,
    _lock: UnixListener,
}

impl Ports {
    fn reserve() -> Self {
        let reserved = PORTS.step_by(2).find_map(|first| {
            let name = SocketAddr::from_abstract_name(format!("closure-fleet-postfix-{first}")).ok()?;
            let lock = UnixListener::bind_addr(&name).ok()?;
            let free = (first..first + 2).all(|port| TcpListener::bind((Ipv4Addr::LOCALHOST, port)).is_ok());
            free.then_some(Self { first, _lock: lock })
        });
        reserved.expect("two of two thousand ports are free")
    }

    fn next(&self) -> u16 {
        self.first + 1
    }
}

/// Its files, owned as Postfix wants them, and the maildir made as the guide tells to.
async fn configure(folder: &Path, ports: &Ports) {
    std::fs::set_permissions(folder, Permissions::from_mode(0o755)).expect("our own folder can be opened");
    typed(
        "install -d queue settings mail && install -d -o postfix data && install -d -o 5000 -g 5000 customers",
        folder,
    )
    .await;
    let base = folder.join("mail").display().to_string();
    typed(&documented_command("install -d ").replace(DOCUMENTED_BASE, &base), folder).await;
    let documented = documented_example("# main.cf").replace(DOCUMENTED_BASE, &base);
    assert!(documented.contains(&base), "the guide delivers elsewhere now:\n{documented}");
    let placed = |text: &str| {
        text.replace("@FOLDER@", &folder.display().to_string())
            .replace("@TLS@", TLS)
            .replace("@PORT@", &ports.first.to_string())
            .replace("@NEXT_PORT@", &ports.next().to_string())
    };
    for (name, text) in [("main.cf", format!("{}{documented}", placed(MAIN))), ("master.cf", placed(MASTER))]
    {
        std::fs::write(folder.join("settings").join(name), text).expect("a file can be written");
    }
}

/// The files of a maildir's folder, by the time that their names begin with; one that is not made yet has none.
fn files(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    let mut files: Vec<PathBuf> = entries.map(|entry| entry.path()).collect();
    files.sort();
    files
}
