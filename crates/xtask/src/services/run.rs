//! One run: both services started, watched until they are ready, restarted on request, and ended with the value.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};

use crate::error::{Context, Result, failed};
use crate::http;
use crate::interrupt::Interrupt;
use crate::process::{Launch, POLL_INTERVAL, Running, holds_within, log_tail};
use crate::services::description;
use crate::services::folder::RunFolder;
use crate::services::guard::{Guard, Leftovers};
use crate::services::marker::Marker;
use crate::services::ports::Ports;
use crate::services::postgres::{Cluster, Durability, StatementCounts};
use crate::services::rabbitmq::Node;
use crate::services::release::Programs;

/// How long a service may take to answer after its start; a node on a busy two-core machine takes a quarter of it.
const READY_LIMIT: Duration = Duration::from_secs(120);
/// How long a killed service may take to disappear.
const KILL_LIMIT: Duration = Duration::from_secs(10);

/// How the services are run.
#[derive(Clone, Copy, Debug)]
pub struct ServiceOptions {
    /// Whether PostgreSQL waits for the disk.
    pub durability: Durability,
    /// Whether PostgreSQL counts its statements.
    pub statement_counts: StatementCounts,
    /// What happens to the run's folder at the end.
    pub leftovers: Leftovers,
}

impl ServiceOptions {
    /// Where nothing is measured.
    pub fn quick(leftovers: Leftovers) -> ServiceOptions {
        ServiceOptions {
            durability: Durability::Unsynced,
            statement_counts: StatementCounts::NotKept,
            leftovers,
        }
    }
}

/// A private RabbitMQ node and a private PostgreSQL cluster; dropping the value ends both and removes their files.
pub struct Services {
    // First, because fields are dropped in this order and the guard ends the services.
    guard: Guard,
    node: Node,
    cluster: Cluster,
    marker: Marker,
    environment: Vec<(String, String)>,
    interrupt: Interrupt,
    folder: RunFolder,
    _ports: Ports,
}

impl Services {
    /// Starts both services in a new folder below `parent` and waits until they are ready.
    ///
    /// A run that died is cleaned up first.
    /// A signal that arrives meanwhile ends the start, and what was started.
    pub fn start(parent: &Path, options: ServiceOptions, interrupt: &Interrupt) -> Result<Services> {
        Services::start_with(parent, options, &Programs::Machine, interrupt)
    }

    /// The same with a RabbitMQ of other programs.
    pub fn start_with(
        parent: &Path,
        options: ServiceOptions,
        programs: &Programs,
        interrupt: &Interrupt,
    ) -> Result<Services> {
        interrupt.check()?;
        let ports = Ports::reserve()?;
        let folder = RunFolder::create(parent)?;
        let guard = Guard::start(&folder.path, options.leftovers)?;
        let marker = Marker::of(&folder.path);
        let node = Node::prepare(&folder.id, &folder.path, &ports, &marker, programs)?;
        // The node boots while the cluster is being created.
        let mapper = node.port_mapper.start()?;
        wait_until_ready("the Erlang port mapper", &node.port_mapper, &mapper, interrupt, || {
            node.port_mapper_is_ready()
        })?;
        let broker = node.launch.start()?;
        let cluster = Cluster::prepare(&folder.path, &ports, &options, &marker, interrupt)?;
        let database = cluster.launch.start()?;
        wait_until_ready("PostgreSQL", &cluster.launch, &database, interrupt, || cluster.is_ready())?;
        wait_until_ready("RabbitMQ", &node.launch, &broker, interrupt, || node.is_ready())?;
        let environment = description::write(&folder, &node, &cluster)?;
        let interrupt = interrupt.clone();
        Ok(Services { guard, node, cluster, marker, environment, interrupt, folder, _ports: ports })
    }

    /// What a test process needs to find the services: `CLOSURE_TEST_…`.
    pub fn environment(&self) -> &[(String, String)] {
        &self.environment
    }

    /// `amqp://…`, the guest user on the default virtual host.
    pub fn amqp_url(&self) -> &str {
        &self.node.amqp_url
    }

    /// `http://…`, the guest user of RabbitMQ's HTTP API.
    pub fn rabbit_api_url(&self) -> &str {
        &self.node.api_url
    }

    /// The broker's version, as it says itself.
    pub fn rabbit_version(&self) -> Result<String> {
        let answer = http::request("GET", &self.node.api_url, "/api/overview", None)?;
        let overview: serde_json::Value =
            serde_json::from_str(&answer.body).context(|| "RabbitMQ's overview is no JSON".to_owned())?;
        let version = overview.get("rabbitmq_version").and_then(serde_json::Value::as_str);
        version.map_or_else(|| failed("RabbitMQ does not say its version"), |version| Ok(version.to_owned()))
    }

    /// `postgres://…`, the superuser in the database `postgres`.
    pub fn postgres_url(&self) -> &str {
        &self.cluster.url
    }

    /// The run's folder: logs, data and `services.json`.
    pub fn folder(&self) -> &Path {
        &self.folder.path
    }

    /// Gives a command the test environment, and makes its process and all its children end with the services.
    pub fn adopt(&self, command: &mut Command) {
        command.envs(self.environment.iter().map(|(name, value)| (name, value)));
        let (name, value) = self.marker.variable();
        command.env(name, value);
    }

    /// Keeps the folder at the end of the run, until the next run starts.
    pub fn leave_folder(&mut self) {
        self.guard.leftovers = Leftovers::Leave;
    }

    /// Kills the RabbitMQ node, as a power cut would; its data stay.
    pub fn kill_rabbitmq(&self) -> Result<()> {
        kill("RabbitMQ", &self.node.pid_file, Signal::KILL, &self.marker)
    }

    /// Starts the RabbitMQ node again, on the same ports and data, and waits until it is ready.
    pub fn start_rabbitmq(&self) -> Result<()> {
        let broker = self.node.launch.start()?;
        wait_until_ready("RabbitMQ", &self.node.launch, &broker, &self.interrupt, || self.node.is_ready())
    }

    /// Kills the RabbitMQ node and starts it again.
    pub fn restart_rabbitmq(&self) -> Result<()> {
        self.kill_rabbitmq()?;
        self.start_rabbitmq()
    }

    /// Ends PostgreSQL without a checkpoint, so that it recovers at its next start; all connections break.
    pub fn kill_postgres(&self) -> Result<()> {
        kill("PostgreSQL", &self.cluster.pid_file, Signal::QUIT, &self.marker)
    }

    /// Starts PostgreSQL again, on the same port and data, and waits until it is ready.
    pub fn start_postgres(&self) -> Result<()> {
        let database = self.cluster.launch.start()?;
        wait_until_ready("PostgreSQL", &self.cluster.launch, &database, &self.interrupt, || {
            self.cluster.is_ready()
        })
    }

    /// Ends PostgreSQL without a checkpoint and starts it again.
    pub fn restart_postgres(&self) -> Result<()> {
        self.kill_postgres()?;
        self.start_postgres()
    }
}

fn wait_until_ready(
    name: &str,
    launch: &Launch,
    process: &Running,
    interrupt: &Interrupt,
    is_ready: impl Fn() -> bool,
) -> Result<()> {
    let start = Instant::now();
    loop {
        if is_ready() {
            return Ok(());
        }
        let log = || format!("the end of {}:\n{}", launch.log_file.display(), log_tail(&launch.log_file));
        if let Some(status) = process.exit_status() {
            return failed(format!("{name} did not start ({status}); {}", log()));
        }
        if start.elapsed() >= READY_LIMIT {
            return failed(format!("{name} is not ready after {} s; {}", READY_LIMIT.as_secs(), log()));
        }
        interrupt.pause(POLL_INTERVAL)?;
    }
}

/// Ends the process that a pid file names, if it is this run's, whoever started it.
fn kill(name: &str, pid_file: &PathBuf, signal: Signal, marker: &Marker) -> Result<()> {
    let text = std::fs::read_to_string(pid_file).unwrap_or_default();
    let pid = text.lines().next().and_then(|line| line.trim().parse().ok()).and_then(Pid::from_raw);
    let Some(pid) = pid.filter(|pid| marker.is_on(*pid)) else {
        return Ok(());
    };
    // It fails only when the process has just ended by itself, which is what we want.
    let _ = kill_process(pid, signal);
    if holds_within(KILL_LIMIT, || !marker.is_on(pid)) {
        return Ok(());
    }
    failed(format!("{name} (process {pid:?}) does not end within {} s of {signal:?}", KILL_LIMIT.as_secs()))
}
