//! A real pooler before the database: Debian's PgBouncer with the file of `deploy/pgbouncer`, on loopback alone.

use std::{
    fs::Permissions,
    os::unix::fs::PermissionsExt as _,
    path::Path,
    process::{Child, Command, Stdio},
};

use rustix::process::geteuid;
use tempfile::TempDir;
use tokio::net::TcpStream;

use super::{
    database::{Database, USER_PASSWORD, USERS},
    environment::{Services, free_port},
    logs,
    runtime::on_a_lasting_thread,
    wait::{LONG, eventually},
};

const SHIPPED: &str = include_str!("../../../deploy/pgbouncer/pgbouncer.ini");
const PROGRAM: &str = "/usr/sbin/pgbouncer";
const PARAMETERS: &str = "ignore_startup_parameters = options\n";

/// What the file of the test says otherwise than the one that is shipped.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pooling {
    /// Nothing.
    AsShipped,
    /// A server is given to another session after each transaction.
    Transactions,
    /// A session that asks for anything as it connects is refused.
    NoOptions,
}

/// A running PgBouncer; it ends with the value, and with the test's process whatever becomes of that.
pub struct PgBouncer {
    _folder: TempDir,
    child: Child,
    port: u16,
}

impl PgBouncer {
    /// Starts it before a database and waits until it listens.
    pub async fn before(database: &Database, pooling: Pooling) -> Self {
        let services = Services::from_environment();
        // Beside the services' own files, where users other than root may enter.
        let beside = services.description.parent().expect("a file lies in a folder");
        let folder =
            tempfile::Builder::new().prefix("pgbouncer-").tempdir_in(beside).expect("a folder can be made");
        let port = free_port();
        let users: String =
            USERS.iter().map(|role| format!("\"closure_{role}\" \"{USER_PASSWORD}\"\n")).collect();
        for (name, text) in
            [("pgbouncer.ini", settings(database, folder.path(), port, pooling)), ("userlist.txt", users)]
        {
            readable(&folder.path().join(name), &text);
        }
        let anyone = Permissions::from_mode(0o755);
        std::fs::set_permissions(folder.path(), anyone).expect("a folder of ours can be opened");
        let log = folder.path().join("output");
        let output = std::fs::File::create(&log).expect("a file can be written");
        let mut command = Command::new("setpriv");
        if geteuid().is_root() {
            // It refuses to run as root.
            command.args(["--reuid", "nobody", "--regid", "nogroup", "--clear-groups"]);
        }
        command.args(["--pdeathsig", "KILL", "--", PROGRAM]).arg(folder.path().join("pgbouncer.ini"));
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(output);
        let child = on_a_lasting_thread(move || command.spawn()).await.expect("PgBouncer can be started");
        eventually("PgBouncer to listen", LONG, || async {
            let connected = TcpStream::connect(("127.0.0.1", port)).await;
            connected.map(drop).map_err(|problem| format!("{problem}: {}", logs::tail(&log)))
        })
        .await;
        Self { _folder: folder, child, port }
    }

    /// The same login to the same database, through it.
    pub fn instead_of(&self, url: &str) -> String {
        let (login, place) = url.rsplit_once('@').expect("the address names a user");
        let (_, database) = place.split_once('/').expect("the address names a database");
        format!("{login}@127.0.0.1:{}/{database}", self.port)
    }
}

impl Drop for PgBouncer {
    fn drop(&mut self) {
        // One that has ended already needs nothing.
        let _ended_already = self.child.kill();
        let _status = self.child.wait();
    }
}

/// The shipped file with this machine's places.
fn settings(database: &Database, folder: &Path, port: u16, pooling: Pooling) -> String {
    let (_, place) = database.url.rsplit_once('@').expect("the address names a user");
    let (server, name) = place.split_once('/').expect("the address names a database");
    let (host, server_port) = server.rsplit_once(':').expect("the address names a port");
    let users = folder.join("userlist.txt");
    let mut text = SHIPPED.to_owned();
    let mut changes = vec![
        (
            "closure = host=127.0.0.1 port=5432 dbname=closure",
            format!("{name} = host={host} port={server_port} dbname={name}"),
        ),
        ("listen_port = 6432", format!("listen_port = {port}\nunix_socket_dir =")),
        ("/etc/pgbouncer/userlist.txt", users.display().to_string()),
    ];
    match pooling {
        Pooling::AsShipped => {}
        Pooling::Transactions => changes.push(("pool_mode = session", "pool_mode = transaction".to_owned())),
        Pooling::NoOptions => changes.push((PARAMETERS, String::new())),
    }
    for (shipped, ours) in changes {
        assert_eq!(text.matches(shipped).count(), 1, "the shipped file says {shipped} once");
        text = text.replace(shipped, &ours);
    }
    text
}

fn readable(path: &Path, text: &str) {
    std::fs::write(path, text).expect("a file can be written");
    std::fs::set_permissions(path, Permissions::from_mode(0o644)).expect("a file of ours can be opened");
}
