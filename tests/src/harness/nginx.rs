//! A real proxy: Debian's nginx with the file of `deploy/nginx`, on loopback alone.

use std::{
    path::Path,
    process::{Child, Command, Stdio},
};

use tempfile::TempDir;
use tokio::net::TcpStream;

use super::{
    environment::free_port,
    logs,
    runtime::on_a_lasting_thread,
    wait::{LONG, eventually},
};

const SHIPPED: &str = include_str!("../../../deploy/nginx/closure.conf");
const PROGRAM: &str = "/usr/sbin/nginx";
/// A certificate for `localhost`, whose authority nothing else trusts.
const TLS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../crates/providers/tests/recorded/tls");

/// A running nginx; it ends with the value, and with the test's process whatever becomes of that.
pub struct Nginx {
    folder: TempDir,
    child: Child,
    /// Where it takes TLS connections on 127.0.0.1.
    pub port: u16,
}

impl Nginx {
    /// Starts it before an intake and waits until it listens.
    pub async fn before(intake: &str) -> Self {
        let folder = tempfile::tempdir().expect("a folder can be made");
        let port = free_port();
        let settings = folder.path().join("nginx.conf");
        std::fs::write(&settings, main_file(folder.path(), port, intake)).expect("a file can be written");
        let output = std::fs::File::create(folder.path().join("output")).expect("a file can be written");
        let mut command = Command::new("setpriv");
        command.args(["--pdeathsig", "KILL", "--", PROGRAM, "-e", "stderr", "-c"]).arg(settings);
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(output);
        let child = on_a_lasting_thread(move || command.spawn()).await.expect("nginx can be started");
        let started = Self { folder, child, port };
        let output = started.folder.path().join("output");
        eventually("nginx to listen", LONG, || async {
            let connected = TcpStream::connect(("127.0.0.1", port)).await;
            connected.map(drop).map_err(|problem| format!("{problem}: {}", logs::tail(&output)))
        })
        .await;
        started
    }

    /// The authority of its certificate.
    pub fn authority() -> String {
        format!("{TLS}/ca.pem")
    }
}

impl Drop for Nginx {
    fn drop(&mut self) {
        // One that has ended already needs nothing.
        let _ended_already = self.child.kill();
        let _status = self.child.wait();
    }
}

/// The shipped file within the least that a main file says, with this machine's places; one process, so that nothing
/// outlives the one that we end.
fn main_file(folder: &Path, port: u16, intake: &str) -> String {
    let mut shipped = SHIPPED.to_owned();
    for (ours, theirs) in [
        ("listen 443 ssl;", format!("listen 127.0.0.1:{port} ssl;")),
        ("listen [::]:443 ssl;", String::new()),
        ("/etc/nginx/tls/intake.pem", format!("{TLS}/server.pem")),
        ("/etc/nginx/tls/intake.key", format!("{TLS}/server.key")),
        ("server 127.0.0.1:8081;", format!("server {intake};")),
    ] {
        assert_eq!(shipped.matches(ours).count(), 1, "the shipped file says {ours} once");
        shipped = shipped.replace(ours, &theirs);
    }
    let folder = folder.display();
    let temporary: String = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"]
        .iter()
        .map(|kind| format!("    {kind}_temp_path {folder}/{kind};\n"))
        .collect();
    format!(
        "daemon off;\nmaster_process off;\npid {folder}/pid;\nerror_log stderr warn;\nworker_rlimit_nofile 16384;\n\
         events {{ worker_connections 8192; }}\nhttp {{\n{temporary}{shipped}}}\n"
    )
}
