//! What is measured: a gateway that answers at once, and the roles of the way of a text message.

use std::fs::File;
use std::net::{Ipv4Addr, TcpListener};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use rustix::process::Signal;
use serde_json::Value;

use crate::bench::load::Load;
use crate::deployment::Deployment;
use crate::error::{Context, Result, failed};
use crate::http;
use crate::interrupt::Interrupt;
use crate::process::{Running, holds_within, log_tail};
use crate::services::Services;
use crate::workspace::Workspace;

/// How long a process may take until it is ready.
const READY_LIMIT: Duration = Duration::from_secs(60);
/// How long a role may take to finish what is in hand and end.
const END_LIMIT: Duration = Duration::from_secs(40);
/// The stand-in's name of us; nothing outside this machine knows it.
const APP_KEY: &str = "bench-app-key";
/// Many texts go to few numbers here, which the shipped caps exist to stop: an operator who measures turns them off too.
const RULEBOOK: &str = "\
[numbers]
allowed_country_codes = [81]

[caps]
number = { count = 0, window_ms = 3600000 }
number_day = { count = 0, window_ms = 86400000 }
prefix = { count = 0, window_ms = 3600000 }
prefix_day = { count = 0, window_ms = 86400000 }
country = { count = 0, window_ms = 3600000 }
fleet = { count = 0, window_ms = 3600000 }
";
/// The gateway remembers at most so many messages: more than the rounds of one run send.
const MESSAGES_MAX: &str = "4000000";

/// A process of ours with its id; it ends with the value.
pub struct Process {
    /// What it is.
    pub name: &'static str,
    /// Its id.
    pub pid: u32,
    running: Running,
    log: PathBuf,
}

/// Whether the gateway makes receipts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Receipts {
    /// At once.
    On,
    /// Never.
    Off,
}

/// Everything that outlives a single measurement.
pub struct Stage<'a> {
    /// The broker's process.
    pub broker_pid: u32,
    /// The database's first process.
    pub database_pid: u32,
    /// The gateway.
    pub gateway: Process,
    services: &'a Services,
    deployment: Deployment,
    binaries: PathBuf,
    logs: PathBuf,
    environment: Vec<(String, String)>,
    gateway_url: String,
    intake_port: u16,
}

impl<'a> Stage<'a> {
    /// Makes the users, migrates, declares the topology and starts the gateway.
    pub fn set(
        workspace: &Workspace,
        binaries: &Path,
        services: &'a Services,
        interrupt: &Interrupt,
    ) -> Result<Stage<'a>> {
        let (gateway_port, intake_port) = (free_port()?, free_port()?);
        let logs = services.folder().join("fleet");
        std::fs::create_dir_all(&logs).context(|| format!("cannot create {}", logs.display()))?;
        let rulebook = logs.join("rulebook.toml");
        std::fs::write(&rulebook, RULEBOOK).context(|| format!("cannot write {}", rulebook.display()))?;
        let deployment = Deployment::prepare(workspace, services)?;
        deployment.open(&binaries.join("fleet"))?;
        let gateway_url = format!("http://127.0.0.1:{gateway_port}");
        let mut gateway = Command::new(binaries.join("simulators"));
        gateway.args(["nhn", "--listen", &format!("127.0.0.1:{gateway_port}")]);
        gateway.args(["--app-key", APP_KEY, "--secret-key", &deployment.secret("nhn_secret_key")?]);
        gateway.args(["--webhook-secret", &deployment.secret("nhn_webhook_secret")?]);
        gateway.args(["--webhook-url", &format!("http://127.0.0.1:{intake_port}/receipts/nhn")]);
        gateway.args(["--receipt-delay-ms", "0", "--latency-ms", "0", "--messages-max", MESSAGES_MAX]);
        let gateway = Process::start("gateway", &mut gateway, services, &logs)?;
        let pids = service_pids(services)?;
        let stage = Stage {
            broker_pid: pids.0,
            database_pid: pids.1,
            gateway,
            services,
            environment: environment(&deployment, &rulebook, &gateway_url, intake_port),
            deployment,
            binaries: binaries.to_owned(),
            logs,
            gateway_url,
            intake_port,
        };
        stage.gateway.wait_until_ready(&stage.gateway_url, "/_sim/health", interrupt)?;
        Ok(stage)
    }

    /// Switches the gateway's receipts.
    pub fn set_receipts(&self, receipts: Receipts) -> Result<()> {
        let word = match receipts {
            Receipts::On => "on",
            Receipts::Off => "off",
        };
        let body = format!(r#"{{"receipts":"{word}"}}"#);
        let answer = http::request("PUT", &self.gateway_url, "/_sim/receipts", Some(&body))?;
        if answer.status == 204 { Ok(()) } else { failed(format!("the gateway answered {}", answer.status)) }
    }

    /// Starts a worker and waits until it consumes.
    pub fn worker(
        &self,
        role: &'static str,
        concurrency: Option<u16>,
        interrupt: &Interrupt,
    ) -> Result<Process> {
        let port = free_port()?;
        let mut command = self.fleet(role);
        command.args(["work", role]).env("FLEET_HEALTH_LISTEN", format!("127.0.0.1:{port}"));
        if let Some(count) = concurrency {
            command.args(["--concurrency", &count.to_string()]);
        }
        let worker = Process::start(role, &mut command, self.services, &self.logs)?;
        worker.wait_until_ready(&format!("http://127.0.0.1:{port}"), "/readyz", interrupt)?;
        Ok(worker)
    }

    /// Starts the intake and waits until it takes receipts.
    pub fn intake(&self, interrupt: &Interrupt) -> Result<Process> {
        let intake = Process::start("intake", self.fleet("intake").arg("intake"), self.services, &self.logs)?;
        let url = format!("http://127.0.0.1:{}", self.intake_port);
        intake.wait_until_ready(&url, "/readyz", interrupt)?;
        Ok(intake)
    }

    /// Starts a measurement of the load generator.
    ///
    /// It plays the CRM and the operator, and besides looks into every queue, which `topology` alone may.
    pub fn load(&self, arguments: &[String]) -> Result<Load> {
        let mut command = Command::new(self.binaries.join("bench_load"));
        command.env("FLEET_BROKER_URI", self.deployment.secret("broker_uri_topology")?);
        command.env("FLEET_DATABASE_URL", self.deployment.secret("database_url_operator")?);
        command.env("FLEET_SMS_NHN_BASE_URL", &self.gateway_url);
        self.services.adopt(command.args(arguments));
        Load::start(&mut command, self.logs.join("load.log"))
    }

    /// Our own command as the user of this role.
    fn fleet(&self, role: &str) -> Command {
        let mut command = self.deployment.command(&self.binaries.join("fleet"), role);
        command.envs(self.environment.iter().map(|(name, value)| (name, value)));
        command
    }
}

impl Process {
    fn start(name: &'static str, command: &mut Command, services: &Services, logs: &Path) -> Result<Process> {
        let log = logs.join(format!("{name}.log"));
        let file = File::options().create(true).append(true).open(&log);
        let output = file.context(|| format!("cannot write {}", log.display()))?;
        let errors = output.try_clone().context(|| format!("cannot write {}", log.display()))?;
        services.adopt(command);
        command.stdin(Stdio::null()).stdout(output).stderr(errors).process_group(0);
        let child = command.spawn().context(|| format!("cannot start {name}"))?;
        let pid = child.id();
        Ok(Process { name, pid, running: Running::watch(child)?, log })
    }

    /// Ends it, and fails if it does not end well by itself: what it holds would not be finished.
    pub fn stop(self, interrupt: &Interrupt) -> Result<()> {
        self.running.signal(Signal::TERM);
        let status = self.running.wait(END_LIMIT, interrupt)?;
        if status.success() {
            return Ok(());
        }
        failed(format!("{} ended with {status}:\n{}", self.name, log_tail(&self.log)))
    }

    fn wait_until_ready(&self, base_url: &str, path: &str, interrupt: &Interrupt) -> Result<()> {
        let answers = || http::request("GET", base_url, path, None).is_ok_and(|answer| answer.status == 200);
        let over = || answers() || self.running.exit_status().is_some() || interrupt.check().is_err();
        holds_within(READY_LIMIT, over);
        interrupt.check()?;
        if answers() {
            return Ok(());
        }
        failed(format!("{} is not ready:\n{}", self.name, log_tail(&self.log)))
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.running.signal(Signal::KILL);
        self.running.ended_within(END_LIMIT);
    }
}

/// What every role is told; all but the caps is as it is shipped.
fn environment(
    deployment: &Deployment,
    rulebook: &Path,
    gateway_url: &str,
    intake_port: u16,
) -> Vec<(String, String)> {
    let file = |name: &str| deployment.file(name).display().to_string();
    let settings = [
        ("RULEBOOK", rulebook.display().to_string()),
        ("NETWORK_GATEWAY_ADDRESSES", "any".to_owned()),
        ("SMS_NHN_BASE_URL", gateway_url.to_owned()),
        ("SMS_NHN_APP_KEY", APP_KEY.to_owned()),
        ("SMS_NHN_SECRET_KEY_FILE", file("nhn_secret_key")),
        ("INTAKE_LISTEN", format!("127.0.0.1:{intake_port}")),
        ("INTAKE_NHN_SECRET_FILE", file("nhn_webhook_secret")),
        ("LOG_FORMAT", "json".to_owned()),
    ];
    settings.into_iter().map(|(name, value)| (format!("FLEET_{name}"), value)).collect()
}

/// The ids of broker and database, from the run's own description of itself.
fn service_pids(services: &Services) -> Result<(u32, u32)> {
    let path = services.folder().join("services.json");
    let text = std::fs::read_to_string(&path).context(|| format!("cannot read {}", path.display()))?;
    let description: Value =
        serde_json::from_str(&text).context(|| format!("{} is no JSON", path.display()))?;
    let pid = |service: &str| u32::try_from(description.get(service)?.get("pid")?.as_u64()?).ok();
    match (pid("rabbitmq"), pid("postgres")) {
        (Some(broker), Some(database)) => Ok((broker, database)),
        (_, _) => failed(format!("{} names no ids of broker and database", path.display())),
    }
}

fn free_port() -> Result<u16> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).context(|| "no free port".to_owned())?;
    let address = listener.local_addr().context(|| "no free port".to_owned())?;
    Ok(address.port())
}
