//! A private RabbitMQ node with its own port mapper, on loopback only.

use std::fmt::Write as _;
use std::io::{Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpStream};
use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::error::{Context, Result};
use crate::process::Launch;
use crate::services::marker::Marker;
use crate::services::ports::Ports;
use crate::services::release::Programs;

/// The server's start script; the one in `/usr/sbin` insists on root and changes the user.
pub const SERVER: &str = "/usr/lib/rabbitmq/bin/rabbitmq-server";
const PORT_MAPPER: &str = "/usr/bin/epmd";

/// The search path of services: nothing of the caller's environment reaches them.
const SEARCH_PATH: &str = "/usr/sbin:/usr/bin:/sbin:/bin";
/// How long one probe may take.
const PROBE_LIMIT: Duration = Duration::from_secs(2);
/// The broker looks again after so many milliseconds at dead letters that it could not route, instead of after its
/// three minutes.
const ADVANCED: &str = "[{rabbit, [{dead_letter_worker_publisher_confirm_timeout, 3000}]}].\n";
/// `guest:guest` for HTTP basic authentication.
const GUEST_AUTHORIZATION: &str = "Z3Vlc3Q6Z3Vlc3Q=";

/// Where a node lives and how it is reached.
pub struct Node {
    /// The node's Erlang name.
    pub name: String,
    /// `amqp://…`, with the guest user.
    pub amqp_url: String,
    /// `http://…`, with the guest user.
    pub api_url: String,
    /// Written by the node itself at each start.
    pub pid_file: PathBuf,
    /// How the port mapper is started.
    pub port_mapper: Launch,
    /// How the node is started.
    pub launch: Launch,
    amqp: SocketAddr,
    api: SocketAddr,
    port_mapper_address: SocketAddr,
}

impl Node {
    /// Writes the node's files into `folder/rabbitmq`.
    pub(super) fn prepare(
        run_id: &str,
        folder: &Path,
        ports: &Ports,
        marker: &Marker,
        programs: &Programs,
    ) -> Result<Node> {
        let home = folder.join("rabbitmq");
        std::fs::create_dir(&home).context(|| format!("cannot create {}", home.display()))?;
        write(&home.join("rabbitmq.conf"), &configuration(ports))?;
        write(&home.join("enabled_plugins"), "[rabbitmq_management].\n")?;
        write(&home.join("rabbitmq-env.conf"), "")?;
        write(&home.join("advanced.config"), ADVANCED)?;
        let name = format!("closure_{run_id}@localhost");
        let environment = environment(&home, &name, ports, marker);
        let launch = |program: &str, arguments: Vec<String>, log: &str| {
            let (program, arguments) = programs.launch(program, arguments);
            let (environment, working_folder) = (environment.clone(), home.clone());
            Launch { program, arguments, environment, working_folder, log_file: folder.join(log) }
        };
        let mapper_arguments = ["-address", "127.0.0.1", "-port"].map(str::to_owned).into_iter();
        Ok(Node {
            amqp_url: format!("amqp://guest:guest@127.0.0.1:{}/", ports.amqp),
            api_url: format!("http://guest:guest@127.0.0.1:{}", ports.api),
            pid_file: home.join("node.pid"),
            port_mapper: launch(
                PORT_MAPPER,
                mapper_arguments.chain([ports.epmd.to_string()]).collect(),
                "epmd.log",
            ),
            launch: launch(SERVER, Vec::new(), "rabbitmq.log"),
            name,
            amqp: SocketAddr::from((Ipv4Addr::LOCALHOST, ports.amqp)),
            api: SocketAddr::from((Ipv4Addr::LOCALHOST, ports.api)),
            port_mapper_address: SocketAddr::from((Ipv4Addr::LOCALHOST, ports.epmd)),
        })
    }

    /// True once the port mapper listens; the node would start one of its own, in the background, otherwise.
    pub fn port_mapper_is_ready(&self) -> bool {
        TcpStream::connect_timeout(&self.port_mapper_address, PROBE_LIMIT).is_ok()
    }

    /// True once AMQP answers the protocol header and the API answers a request.
    pub fn is_ready(&self) -> bool {
        // Method frames begin with a 1; a node that is still booting does not answer, or closes.
        let amqp = ask(&self.amqp, b"AMQP\x00\x00\x09\x01", 1);
        if !amqp.is_ok_and(|answer| answer == [1]) {
            return false;
        }
        let request = format!(
            "GET /api/overview HTTP/1.1\r\nHost: localhost\r\nAuthorization: Basic {GUEST_AUTHORIZATION}\r\nConnection: close\r\n\r\n"
        );
        let expected = b"HTTP/1.1 200";
        ask(&self.api, request.as_bytes(), expected.len()).is_ok_and(|answer| answer == expected)
    }
}

fn configuration(ports: &Ports) -> String {
    let mut text = format!(
        "listeners.tcp.1 = 127.0.0.1:{}\nmanagement.tcp.ip = 127.0.0.1\nmanagement.tcp.port = {}\n",
        ports.amqp, ports.api
    );
    text.push_str("default_user = guest\ndefault_pass = guest\n");
    text.push_str("log.console = true\nlog.console.level = info\nlog.file = false\n");
    // The API's numbers are at most a second old, so that a test need not wait long for them.
    text.push_str("collect_statistics_interval = 1000\n");
    text.push_str("vm_memory_high_watermark.absolute = 1GB\ndisk_free_limit.absolute = 50MB\n");
    // As in deploy/rabbitmq/rabbitmq.conf: what is larger is refused, by closing the publisher's channel.
    text.push_str("max_message_size = 1048576\n");
    // The default, 512 MB in memory before the log rolls over, would reach the watermark above.
    text.push_str("raft.wal_max_size_bytes = 134217728\n");
    text
}

fn environment(home: &Path, name: &str, ports: &Ports, marker: &Marker) -> Vec<(String, String)> {
    let file = |name: &str| home.join(name).display().to_string();
    let mut arguments = String::from("-kernel inet_dist_use_interface {127,0,0,1}");
    // Idle schedulers sleep instead of spinning: the machine has better uses for its few cores.
    let _ = write!(arguments, " +sbwt none +sbwtdcpu none +sbwtdio none");
    let pairs = [
        ("PATH", SEARCH_PATH.to_owned()),
        ("LANG", "C.UTF-8".to_owned()),
        // The Erlang cookie lives here.
        ("HOME", home.display().to_string()),
        ("ERL_EPMD_PORT", ports.epmd.to_string()),
        ("ERL_EPMD_ADDRESS", "127.0.0.1".to_owned()),
        ("ERL_CRASH_DUMP_SECONDS", "0".to_owned()),
        ("RABBITMQ_NODENAME", name.to_owned()),
        ("RABBITMQ_NODE_IP_ADDRESS", "127.0.0.1".to_owned()),
        ("RABBITMQ_NODE_PORT", ports.amqp.to_string()),
        ("RABBITMQ_DIST_PORT", ports.distribution.to_string()),
        ("RABBITMQ_MNESIA_BASE", file("data")),
        ("RABBITMQ_LOG_BASE", file("log")),
        ("RABBITMQ_PID_FILE", file("node.pid")),
        ("RABBITMQ_CONFIG_FILE", file("rabbitmq.conf")),
        ("RABBITMQ_CONFIG_FILES", file("conf.d")),
        ("RABBITMQ_ADVANCED_CONFIG_FILE", file("advanced.config")),
        ("RABBITMQ_CONF_ENV_FILE", file("rabbitmq-env.conf")),
        ("RABBITMQ_ENABLED_PLUGINS_FILE", file("enabled_plugins")),
        ("RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS", arguments),
        // The script then becomes the node instead of being its parent, so that one id names one process.
        ("RUNNING_UNDER_SYSTEMD", "true".to_owned()),
    ];
    let own = pairs.into_iter().map(|(name, value)| (name.to_owned(), value));
    own.chain([marker.variable()]).collect()
}

fn ask(address: &SocketAddr, question: &[u8], answer_bytes: usize) -> std::io::Result<Vec<u8>> {
    let mut stream = TcpStream::connect_timeout(address, PROBE_LIMIT)?;
    stream.set_read_timeout(Some(PROBE_LIMIT))?;
    stream.set_write_timeout(Some(PROBE_LIMIT))?;
    stream.write_all(question)?;
    let mut answer = vec![0; answer_bytes];
    stream.read_exact(&mut answer)?;
    Ok(answer)
}

fn write(path: &Path, text: &str) -> Result<()> {
    std::fs::write(path, text).context(|| format!("cannot write {}", path.display()))
}
