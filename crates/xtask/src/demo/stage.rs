//! The stage: simulators, intake and roles, each a process of its own that ends with the demo.

use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use crate::demo::environment::Environment;
use crate::error::{Context, Result, failed};
use crate::interrupt::Interrupt;
use crate::process::{Foreground, holds_within, log_tail, run_quietly};
use crate::services::Services;
use crate::workspace::Workspace;

/// How long a process may take until it listens.
const READY_LIMIT: Duration = Duration::from_secs(30);
/// Secrets of the stand-ins; nothing outside this machine knows them.
const APP_KEY: &str = "demo-app-key";
const SECRET_KEY: &str = "demo-secret-key";
const WEBHOOK_SECRET: &str = "demo-webhook-secret";
const ARI_USER: &str = "closure";
const ARI_PASSWORD: &str = "demo-ari-password";
/// The CRM's own queue of outcomes.
pub const CRM_QUEUE: &str = "crm.outcomes";
/// The rules' settings of the demo: the shipped ones, with short waits.
pub const RULEBOOK: &str = "tests/scenario/rulebook.toml";
/// The templates of the demo.
const TEMPLATES: &str = "tests/scenario/templates.toml";

/// Where everything listens, and how our own command is called.
pub struct Stage {
    gateway: String,
    mail_records: String,
    pbx: String,
    fleet: PathBuf,
    rabbit_api: String,
    environment: Vec<(String, String)>,
    logs: PathBuf,
    // Dropped in this order: the roles before what they talk to.
    roles: Vec<(String, Foreground)>,
    simulators: Vec<(String, Foreground)>,
}

struct Ports {
    gateway: u16,
    smtp: u16,
    mail_records: u16,
    pbx: u16,
    intake: u16,
}

impl Stage {
    /// Migrates, declares the topology, and starts every process.
    pub fn set(workspace: &Workspace, services: &Services, interrupt: &Interrupt) -> Result<Stage> {
        let binaries = workspace.binaries_folder();
        let [gateway, smtp, mail_records, pbx, intake] = free_ports()?;
        let ports = Ports { gateway, smtp, mail_records, pbx, intake };
        let logs = services.folder().join("fleet");
        std::fs::create_dir_all(&logs).context(|| format!("cannot create {}", logs.display()))?;
        let mut stage = Stage {
            gateway: format!("http://127.0.0.1:{gateway}"),
            mail_records: format!("http://127.0.0.1:{mail_records}"),
            pbx: format!("http://127.0.0.1:{pbx}"),
            fleet: binaries.join("fleet"),
            rabbit_api: services.rabbit_api_url().to_owned(),
            environment: environment(&workspace.root, services, &ports),
            logs,
            roles: Vec::new(),
            simulators: Vec::new(),
        };
        run_quietly(stage.fleet().arg("migrate"))?;
        let import = ["template", "import", "--actor", "demo", "--reason", "the demo's own"];
        run_quietly(stage.fleet().args(import).arg(workspace.root.join(TEMPLATES)))?;
        run_quietly(stage.fleet().args(["topology", "apply"]))?;
        run_quietly(stage.fleet().args(["outcomes", "--queue", CRM_QUEUE, "--count", "0"]))?;
        stage.start_simulators(&binaries.join("simulators"), services, &ports)?;
        stage.start_roles(services)?;
        for port in [gateway, smtp, mail_records, pbx, intake] {
            if !holds_within(READY_LIMIT, || TcpStream::connect((Ipv4Addr::LOCALHOST, port)).is_ok()) {
                return failed(format!(
                    "nothing listens on port {port}; see the logs in {}",
                    stage.logs.display()
                ));
            }
            interrupt.check()?;
            stage.check()?;
        }
        Ok(stage)
    }

    /// Our own command, with the demo's configuration.
    pub fn fleet(&self) -> Command {
        let mut command = Command::new(&self.fleet);
        command.envs(self.environment.iter().map(|(name, value)| (name, value)));
        command
    }

    /// The configuration, as lines for a shell.
    pub fn exports(&self) -> String {
        self.environment.iter().map(|(name, value)| format!("export {name}='{value}'\n")).collect()
    }

    /// Starts a command of our own that ends with the stage, its output in a log of its name.
    fn start(&self, name: &str, command: &mut Command, services: &Services) -> Result<Foreground> {
        let path = self.logs.join(format!("{name}.log"));
        let log = std::fs::File::create(&path).context(|| format!("cannot write {}", path.display()))?;
        let log_too = log.try_clone().context(|| format!("cannot write {}", path.display()))?;
        services.adopt(command);
        Foreground::spawn(command.stdin(Stdio::null()).stdout(log).stderr(log_too))
    }

    fn start_roles(&mut self, services: &Services) -> Result<()> {
        for role in ["sms", "email", "dial", "fallback", "dead", "cancel"] {
            let started = self.start(role, self.fleet().args(["work", role]), services)?;
            self.roles.push((role.to_owned(), started));
        }
        let intake = self.start("intake", self.fleet().arg("intake"), services)?;
        self.roles.push(("intake".to_owned(), intake));
        Ok(())
    }

    fn start_simulators(&mut self, program: &Path, services: &Services, ports: &Ports) -> Result<()> {
        let local = |port: u16| format!("127.0.0.1:{port}");
        let webhook = format!("http://127.0.0.1:{}/receipts/nhn", ports.intake);
        let gateway = ["--listen", &local(ports.gateway), "--app-key", APP_KEY, "--secret-key", SECRET_KEY]
            .map(str::to_owned)
            .into_iter()
            .chain(["--webhook-url", &webhook, "--webhook-secret", WEBHOOK_SECRET].map(str::to_owned))
            .chain(["--sender-number", "0234518120", "--sender-number", "KRIDE"].map(str::to_owned))
            .chain(["--receipt-delay-ms", "300", "--late-ms", "20000"].map(str::to_owned))
            .collect::<Vec<_>>();
        let mail =
            ["--listen", &local(ports.smtp), "--http-listen", &local(ports.mail_records)].map(str::to_owned);
        let pbx = ["--listen", &local(ports.pbx), "--username", ARI_USER, "--password", ARI_PASSWORD]
            .map(str::to_owned)
            .into_iter()
            .chain(["--cel-database-url".to_owned(), services.postgres_url().to_owned()])
            .collect::<Vec<_>>();
        for (name, arguments) in [("nhn", gateway), ("smtp", mail.to_vec()), ("pbx", pbx)] {
            let started = self.start(name, Command::new(program).arg(name).args(arguments), services)?;
            self.simulators.push((name.to_owned(), started));
        }
        Ok(())
    }
}

impl Environment for Stage {
    fn gateway(&self) -> &str {
        &self.gateway
    }

    fn mail_records(&self) -> &str {
        &self.mail_records
    }

    fn pbx(&self) -> &str {
        &self.pbx
    }

    fn rabbit_api(&self) -> &str {
        &self.rabbit_api
    }

    fn outcomes(&self) -> Command {
        let mut command = self.fleet();
        command.args(["outcomes", "--queue", CRM_QUEUE]);
        command
    }

    fn desk(&self) -> Command {
        let mut command = self.fleet();
        command.args(["dead", "list", "--json", "--limit", "1000"]);
        command
    }

    fn check(&self) -> Result<()> {
        for (name, process) in self.roles.iter().chain(&self.simulators) {
            if let Some(status) = process.exit_status() {
                let log = log_tail(&self.logs.join(format!("{name}.log")));
                return failed(format!("the process {name} ended by itself ({status}):\n{log}"));
            }
        }
        Ok(())
    }
}

/// Everything that the roles are told; the waits are short, so that a person need not wait for an hour's retry.
fn environment(root: &Path, services: &Services, ports: &Ports) -> Vec<(String, String)> {
    let local = |port: u16| format!("http://127.0.0.1:{port}");
    let settings = [
        ("BROKER_URI", services.amqp_url().trim_end_matches('/').to_owned() + "/%2F"),
        ("DATABASE_URL", services.postgres_url().to_owned()),
        ("RULEBOOK", root.join(RULEBOOK).display().to_string()),
        ("NETWORK_GATEWAY_ADDRESSES", "any".to_owned()),
        ("SMS_NHN_BASE_URL", local(ports.gateway)),
        ("SMS_NHN_APP_KEY", APP_KEY.to_owned()),
        ("SMS_NHN_SECRET_KEY", SECRET_KEY.to_owned()),
        ("SMS_NHN_CONNECT_TIMEOUT_MS", "1000".to_owned()),
        ("SMS_NHN_TOTAL_TIMEOUT_MS", "3000".to_owned()),
        ("SMS_LADDER", "1s,1s,5s".to_owned()),
        ("EMAIL_HOST", "127.0.0.1".to_owned()),
        ("EMAIL_PORT", ports.smtp.to_string()),
        ("EMAIL_SECURITY", "plain".to_owned()),
        ("EMAIL_LADDER", "1s,5s".to_owned()),
        ("DIAL_ARI_BASE_URL", local(ports.pbx)),
        ("DIAL_ARI_USERNAME", ARI_USER.to_owned()),
        ("DIAL_ARI_PASSWORD", ARI_PASSWORD.to_owned()),
        ("INTAKE_LISTEN", format!("127.0.0.1:{}", ports.intake)),
        ("INTAKE_NHN_SECRET", WEBHOOK_SECRET.to_owned()),
        ("WORKER_LEASE_MS", "10000".to_owned()),
        ("FALLBACK_SWEEP_MS", "500".to_owned()),
        ("LOG_FORMAT", "pretty".to_owned()),
    ];
    settings.into_iter().map(|(name, value)| (format!("FLEET_{name}"), value)).collect()
}

/// Ports that are free now, all different.
fn free_ports<const N: usize>() -> Result<[u16; N]> {
    let mut listeners = Vec::with_capacity(N);
    let mut ports = [0; N];
    for port in &mut ports {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).context(|| "no free port".to_owned())?;
        *port = listener.local_addr().context(|| "no free port".to_owned())?.port();
        listeners.push(listener);
    }
    Ok(ports)
}
