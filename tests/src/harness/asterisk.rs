//! A real PBX: Asterisk with the files of `deploy/asterisk` as they stand, and `sipp` as the agents' phones and as the
//! carrier, on loopback alone.
//!
//! What a phone does and how a call to a number goes is chosen as at the simulator of the PBX, by the extension and by
//! the last four of the digits.

use std::{
    collections::BTreeSet,
    net::{Ipv4Addr, TcpListener, UdpSocket},
    os::{
        linux::net::SocketAddrExt,
        unix::net::{SocketAddr, UnixListener},
    },
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
};

use nix::{
    sys::signal::{Signal, kill},
    unistd::Pid,
};
use serde_json::json;
use tempfile::TempDir;

use super::{
    asterisk_files::{self, Places},
    configuration::{ARI_PASSWORD, ARI_USER},
    database::Database,
    documented::typed,
    environment::{Services, asterisk},
    http::{HttpAnswer, request},
    logs,
    options::FleetOptions,
    runtime::on_a_lasting_thread,
    wait::{LONG, eventually},
};

/// Outside the range from which the system takes ports for outgoing connections, and beyond the services' own.
const PORTS: std::ops::Range<u16> = 25_000..32_000;
/// So many ports belong to one PBX, most of them for sound.
const PORTS_EACH: u16 = 200;

/// Which of the three processes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Party {
    /// The PBX itself.
    Pbx,
    /// All the agents' phones.
    Phones,
    /// The other end of the trunk.
    Carrier,
}

/// An invitation that reached a phone or the carrier.
#[derive(Clone, PartialEq, Eq)]
pub struct Invite {
    /// The extension, or the digits that the carrier is asked for.
    pub digits: String,
    /// What the caller calls itself: the headers `From` and `P-Asserted-Identity`.
    pub caller: String,
}

/// A PBX of a test's own; its processes end with the value, and with the test's process whatever becomes of that.
pub struct Asterisk {
    folder: TempDir,
    root: PathBuf,
    places: Places,
    processes: Vec<(Party, Child)>,
    _lock: UnixListener,
}

impl Asterisk {
    /// Its files; nothing runs yet.
    pub async fn prepare() -> Self {
        let root = asterisk();
        // Beside the services' own files, so that whoever removes those removes these as well.
        let services = Services::from_environment();
        let beside = services.description.parent().expect("a file lies in a folder");
        let folder =
            tempfile::Builder::new().prefix("asterisk-").tempdir_in(beside).expect("a folder can be made");
        let (first_port, lock) = reserve();
        let places = Places { folder: folder.path().to_owned(), root: root.clone(), first_port };
        let crypted = format!("openssl passwd -6 {ARI_PASSWORD}");
        let crypted = typed(&crypted, folder.path()).await.trim().to_owned();
        asterisk_files::write(&places, &crypted);
        Self { folder, root, places, processes: Vec::new(), _lock: lock }
    }

    /// Makes it the PBX of a fleet.
    pub fn serves(&self, options: FleetOptions) -> FleetOptions {
        options.variable("FLEET_DIAL_ARI_BASE_URL", &self.base_url())
    }

    /// ARI's address, without TLS.
    pub fn base_url(&self) -> String {
        format!("http://127.0.0.1:{}", self.places.http_port())
    }

    /// ARI's address with TLS, whose certificate is `localhost`'s.
    pub fn tls_url(&self) -> String {
        format!("https://localhost:{}", self.places.https_port())
    }

    /// Changes one of its files before it starts.
    pub fn change(&self, file: &str, from: &str, to: &str) {
        let path = self.settings().join(file);
        let text = std::fs::read_to_string(&path).expect("the file was written");
        assert!(text.contains(from), "{file} has no `{from}`");
        std::fs::write(path, text.replace(from, to)).expect("the file can be written");
    }

    /// Gives it so many phones more, which never register, before it starts.
    pub fn add_phones(&self, how_many: u32) {
        asterisk_files::add_phones(&self.places, how_many);
    }

    /// Puts a wrong password for the database into its files, and starts everything.
    pub async fn start_with_wrong_password(&mut self, database: &Database) {
        self.start_with(&database.url_of("pbx").replace("rights-", "wrong-")).await;
    }

    /// Starts everything with this database for its record of calls.
    pub async fn start(&mut self, database: &Database) {
        self.start_with(&database.url_of("pbx")).await;
    }

    async fn start_with(&mut self, database: &str) {
        asterisk_files::write_record(&self.places, database);
        for party in [Party::Phones, Party::Carrier, Party::Pbx] {
            self.start_party(party).await;
        }
        self.answers().await;
    }

    /// Starts one of the three; of the PBX nobody waits for ARI.
    pub async fn start_party(&mut self, party: Party) {
        let (program, arguments) = match party {
            Party::Pbx => {
                ("/usr/sbin/asterisk", vec!["-f".to_owned(), "-C".to_owned(), self.configuration()])
            }
            Party::Phones => ("/usr/bin/sipp", self.sipp("phones", self.places.phones_port())),
            Party::Carrier => ("/usr/bin/sipp", self.sipp("carrier", self.places.carrier_port())),
        };
        let mut command = self.inside(program);
        let name = format!("{party:?}.output");
        let log = std::fs::File::options().create(true).append(true).open(self.folder.path().join(name));
        let log = log.expect("a file can be written");
        command.args(arguments).stdin(Stdio::null());
        command.stdout(log.try_clone().expect("a file can be opened twice")).stderr(log);
        let child = on_a_lasting_thread(move || command.spawn()).await.expect("it can be started");
        self.processes.push((party, child));
        if party != Party::Pbx {
            self.listens(party).await;
        }
    }

    /// Waits until ARI places calls.
    pub async fn answers(&self) {
        let url = self.url_with_login();
        eventually("ARI to answer", LONG, || async {
            let status = request("GET", &url, &[("connection", "close")], b"").await?.status;
            if status == 200 { Ok(()) } else { Err(format!("it said {status}")) }
        })
        .await;
    }

    /// Ends one of the three without a warning.
    pub fn kill(&mut self, party: Party) {
        let at = self.processes.iter().position(|(one, _)| *one == party).expect("it was started");
        let (_, mut child) = self.processes.swap_remove(at);
        child.kill().expect("our own child can be killed");
        child.wait().expect("a killed child can be waited for");
    }

    /// Holds the PBX, as a machine that stands still would.
    pub fn freeze(&self) {
        self.signal(Signal::SIGSTOP);
    }

    /// Lets it go on.
    pub fn thaw(&self) {
        self.signal(Signal::SIGCONT);
    }

    /// Types a command at its console, and answers what it prints.
    pub async fn console(&self, command: &str) -> String {
        let mut shell = self.inside("/usr/sbin/asterisk");
        shell.args(["-C", &self.configuration(), "-rx", command]).stdin(Stdio::null());
        let mut shell = tokio::process::Command::from(shell);
        // A PBX that stands still answers no console.
        let output = tokio::time::timeout(LONG, shell.kill_on_drop(true).output()).await;
        let output = output.unwrap_or_else(|_| panic!("the console said nothing to `{command}`"));
        let output = output.expect("a console can be opened");
        String::from_utf8_lossy(&output.stdout).into_owned()
    }

    /// Asks it behind the fleet's back to ring a phone and then to dial, under this name of the channel.
    pub async fn originate(&self, channel: &str, phone: &str, digits: &str) -> HttpAnswer {
        let body = json!({
            "endpoint": phone, "context": "closure-dial", "extension": digits, "priority": 1, "channelId": channel,
        });
        let headers = [("content-type", "application/json"), ("connection", "close")];
        let answer = request("POST", &self.url_with_login(), &headers, body.to_string().as_bytes()).await;
        answer.expect("ARI answers")
    }

    /// Asks its web server something behind the fleet's back.
    pub async fn ask(&self, login: &str, path: &str) -> HttpAnswer {
        let url = format!("{}/{path}", self.base_url().replace("http://", &format!("http://{login}@")));
        request("GET", &url, &[("connection", "close")], b"").await.expect("it answers")
    }

    /// The invitations that reached the agents' phones, the oldest first.
    pub fn agent_rings(&self) -> Vec<Invite> {
        self.said(Party::Phones, "INVITE ")
    }

    /// What the agents' phones were told to show during a call, the oldest first.
    pub fn shown_to_agents(&self) -> Vec<Invite> {
        self.said(Party::Phones, "UPDATE ")
    }

    /// The invitations that reached the carrier, the oldest first.
    pub fn customer_rings(&self) -> Vec<Invite> {
        self.said(Party::Carrier, "INVITE ")
    }

    /// How often a customer's phone rang.
    pub fn calls_to(&self, digits: &str) -> usize {
        self.customer_rings().iter().filter(|ring| ring.digits.ends_with(digits)).count()
    }

    /// How often an agent's phone rang.
    pub fn rings_of(&self, extension: &str) -> usize {
        self.agent_rings().iter().filter(|ring| ring.digits == extension).count()
    }

    /// Hangs a call up, as whoever looks after the PBX may.
    pub async fn hang_up(&self, channel: &str) {
        let url = format!("{}/{channel}", self.url_with_login());
        let answer = request("DELETE", &url, &[("connection", "close")], b"").await.expect("ARI answers");
        assert_eq!(answer.status, 204, "there is such a call");
    }

    /// The user and the password of ARI, as an address has them.
    pub fn login() -> String {
        format!("{ARI_USER}:{ARI_PASSWORD}")
    }

    /// What it has logged.
    pub fn log(&self) -> String {
        logs::read(&self.folder.path().join("log/messages"))
    }

    fn url_with_login(&self) -> String {
        let login = format!("http://{}@", Self::login());
        format!("{}/ari/channels", self.base_url().replace("http://", &login))
    }

    /// A party that plays a scenario listens before anybody calls it.
    async fn listens(&self, party: Party) {
        let port =
            if party == Party::Phones { self.places.phones_port() } else { self.places.carrier_port() };
        eventually(&format!("{party:?} to listen"), LONG, || async {
            if is_bound(port) {
                return Ok(());
            }
            Err(logs::tail(&self.folder.path().join(format!("{party:?}.output"))))
        })
        .await;
    }

    fn said(&self, party: Party, word: &str) -> Vec<Invite> {
        let name = if party == Party::Phones { "phones" } else { "carrier" };
        let text = logs::read(&self.folder.path().join("log").join(name));
        let mut calls = BTreeSet::new();
        let one = |line: &str| {
            let (digits, rest) = line.strip_prefix(word)?.split_once(' ')?;
            let (call, caller) = rest.split_once(' ')?;
            // An invitation that was sent again has the name of the first.
            let is_new = word != "INVITE " || calls.insert(call.to_owned());
            is_new.then(|| Invite { digits: digits.to_owned(), caller: caller.to_owned() })
        };
        text.lines().filter_map(one).collect()
    }

    fn sipp(&self, name: &str, port: u16) -> Vec<String> {
        let scenario = self.settings().join(format!("{name}.xml")).display().to_string();
        let log = self.folder.path().join("log").join(name).display().to_string();
        let port = port.to_string();
        let mut words = vec!["-sf", &scenario, "-i", "127.0.0.1", "-p", &port, "-nostdin"];
        // A stop and a start go on in the same file.
        words.extend(["-trace_logs", "-log_file", &log, "-log_overwrite", "false"]);
        let errors = format!("{log}.errors");
        words.extend(["-trace_err", "-error_file", &errors]);
        words.into_iter().map(str::to_owned).collect()
    }

    /// One of its programs, in a mount namespace of its own where its `/usr` lies over the machine's; the kernel ends
    /// it with us.
    fn inside(&self, program: &str) -> Command {
        let mut command = Command::new("setpriv");
        let script = r#"mount --rbind "$0" /usr && exec "$@""#;
        command.args(["--pdeathsig", "KILL", "--", "unshare", "--mount", "--", "/bin/sh", "-c", script]);
        command.arg(self.root.join("usr")).arg(program).current_dir(self.folder.path());
        command
    }

    fn settings(&self) -> PathBuf {
        self.folder.path().join("settings")
    }

    fn configuration(&self) -> String {
        self.settings().join("asterisk.conf").display().to_string()
    }

    fn signal(&self, signal: Signal) {
        let (_, child) =
            self.processes.iter().find(|(party, _)| *party == Party::Pbx).expect("the PBX was started");
        let pid = i32::try_from(child.id()).expect("a process id is a positive i32");
        kill(Pid::from_raw(pid), signal).expect("our own child can be signalled");
    }

    #[expect(clippy::print_stderr, reason = "this is a failing test's message")]
    fn tell_where_the_logs_are(&mut self) {
        for name in ["log/messages", "log/phones.errors", "log/carrier.errors", "Pbx.output"] {
            let log = self.folder.path().join(name);
            eprintln!("--- the end of {}\n{}", log.display(), logs::tail(&log));
        }
        self.folder.disable_cleanup(true);
    }
}

impl Drop for Asterisk {
    fn drop(&mut self) {
        for (_, child) in &mut self.processes {
            // One that has ended already needs nothing.
            let _ended_already = child.kill();
            let _status = child.wait();
        }
        if std::thread::panicking() {
            self.tell_where_the_logs_are();
        }
    }
}

/// Whether a process has this port; whoever tried it by binding it would take it from the one that is to have it.
fn is_bound(port: u16) -> bool {
    let sockets = std::fs::read_to_string("/proc/net/udp").expect("Linux lists its sockets");
    // The address in the order of the machine's bytes, and the port.
    let place = format!("{:08X}:{port:04X}", u32::from_ne_bytes(Ipv4Addr::LOCALHOST.octets()));
    sockets.lines().any(|line| line.split_whitespace().nth(1) == Some(place.as_str()))
}

/// The first of neighbouring ports, which no other test takes as long as the lock lives.
fn reserve() -> (u16, UnixListener) {
    let reserved = PORTS.step_by(usize::from(PORTS_EACH)).find_map(|first| {
        let name = SocketAddr::from_abstract_name(format!("closure-fleet-asterisk-{first}")).ok()?;
        let lock = UnixListener::bind_addr(&name).ok()?;
        let free = (first..first + asterisk_files::PORTS_NAMED).all(|port| {
            TcpListener::bind((Ipv4Addr::LOCALHOST, port)).is_ok()
                && UdpSocket::bind((Ipv4Addr::LOCALHOST, port)).is_ok()
        });
        free.then_some((first, lock))
    });
    reserved.expect("some of the thirty-five blocks of ports are free")
}

impl Places {
    /// The last of its ports.
    pub(super) fn last_port(&self) -> u16 {
        self.first_port + PORTS_EACH - 1
    }

    /// Where a file of its own is.
    pub(super) fn setting(&self, name: &str) -> PathBuf {
        Path::new(&self.folder).join("settings").join(name)
    }
}
