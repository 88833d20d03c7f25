//! The stage: simulators, intake, advisor and roles, each a process of its own that ends with the demo.

use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use crate::demo::environment::Environment;
use crate::demo::settings::{self, APP_KEY, ARI_USER};
use crate::deployment::Deployment;
use crate::error::{Context, Result, failed};
use crate::interrupt::Interrupt;
use crate::process::{Foreground, holds_within, log_tail, run_quietly};
use crate::services::Services;
use crate::workspace::Workspace;

/// How long a process may take until it listens.
const READY_LIMIT: Duration = Duration::from_secs(30);
/// The demo's own queue of outcomes, beside the CRM's: what it hears is heard by the CRM as well.
const OWN_QUEUE: &str = "crm.demo";
/// The templates of the demo.
const TEMPLATES: &str = "tests/scenario/templates.toml";

/// Where everything listens, and how our own command is called.
pub struct Stage {
    /// Secrets and users.
    pub deployment: Deployment,
    /// Our own program.
    pub fleet: PathBuf,
    /// The settings of every process.
    pub config: PathBuf,
    /// Logs, and what a person may use.
    pub folder: PathBuf,
    gateway: String,
    mail_records: String,
    pbx: String,
    advisor: String,
    rabbit_api: String,
    // Dropped in this order: the roles before what they talk to.
    roles: Vec<(String, Foreground)>,
    simulators: Vec<(String, Foreground)>,
}

/// The port of each door.
pub struct Ports {
    /// The SMS gateway's.
    pub gateway: u16,
    /// The mail server's.
    pub smtp: u16,
    /// Where the mail server shows what it took.
    pub mail_records: u16,
    /// The PBX's.
    pub pbx: u16,
    /// The intake's.
    pub intake: u16,
    /// The advisor's.
    pub advisor: u16,
}

impl Stage {
    /// Makes the users, migrates, declares the topology, and starts every process.
    pub fn set(workspace: &Workspace, services: &Services, interrupt: &Interrupt) -> Result<Stage> {
        let binaries = workspace.binaries_folder();
        let [gateway, smtp, mail_records, pbx, intake, advisor] = free_ports()?;
        let ports = Ports { gateway, smtp, mail_records, pbx, intake, advisor };
        let folder = services.folder().join("fleet");
        std::fs::create_dir_all(&folder).context(|| format!("cannot create {}", folder.display()))?;
        let deployment = Deployment::prepare(workspace, services)?;
        let config = folder.join("fleet.toml");
        let text = settings::toml(&workspace.root, &deployment, &ports);
        std::fs::write(&config, text).context(|| format!("cannot write {}", config.display()))?;
        let fleet = binaries.join("fleet");
        deployment.open(&fleet)?;
        deployment.declare(&fleet, OWN_QUEUE)?;
        let mut stage = Stage {
            gateway: format!("http://127.0.0.1:{gateway}"),
            mail_records: format!("http://127.0.0.1:{mail_records}"),
            pbx: format!("http://127.0.0.1:{pbx}"),
            advisor: format!("http://127.0.0.1:{advisor}"),
            rabbit_api: deployment.open_api("crm")?,
            deployment,
            fleet,
            config,
            folder,
            roles: Vec::new(),
            simulators: Vec::new(),
        };
        let import = ["template", "import", "--actor", "demo", "--reason", "the demo's own"];
        run_quietly(stage.fleet("operator").args(import).arg(workspace.root.join(TEMPLATES)))?;
        stage.start_simulators(&binaries.join("simulators"), services, &ports)?;
        stage.start_roles(services)?;
        for port in [gateway, smtp, mail_records, pbx, intake, advisor] {
            if !holds_within(READY_LIMIT, || TcpStream::connect((Ipv4Addr::LOCALHOST, port)).is_ok()) {
                return failed(format!(
                    "nothing listens on port {port}; see the logs in {}",
                    stage.folder.display()
                ));
            }
            interrupt.check()?;
            stage.check()?;
        }
        Ok(stage)
    }

    /// The advisor's address.
    pub fn advisor(&self) -> &str {
        &self.advisor
    }

    /// Our own command as this user, with the demo's settings.
    fn fleet(&self, user: &str) -> Command {
        let mut command = self.deployment.command(&self.fleet, user);
        command.env("FLEET_CONFIG", &self.config);
        command
    }

    /// Starts a command of our own that ends with the stage, its output in a log of its name.
    fn start(&self, name: &str, command: &mut Command, services: &Services) -> Result<Foreground> {
        let path = self.folder.join(format!("{name}.log"));
        let log = std::fs::File::create(&path).context(|| format!("cannot write {}", path.display()))?;
        let log_too = log.try_clone().context(|| format!("cannot write {}", path.display()))?;
        services.adopt(command);
        Foreground::spawn(command.stdin(Stdio::null()).stdout(log).stderr(log_too))
    }

    /// One process for each role, as the user of its name at broker and database.
    fn start_roles(&mut self, services: &Services) -> Result<()> {
        for role in ["sms", "email", "dial", "fallback", "dead", "cancel"] {
            let started = self.start(role, self.fleet(role).args(["work", role]), services)?;
            self.roles.push((role.to_owned(), started));
        }
        for door in ["intake", "advisor"] {
            let started = self.start(door, self.fleet(door).arg(door), services)?;
            self.roles.push((door.to_owned(), started));
        }
        Ok(())
    }

    fn start_simulators(&mut self, program: &Path, services: &Services, ports: &Ports) -> Result<()> {
        let local = |port: u16| format!("127.0.0.1:{port}");
        let secret = |name: &str| self.deployment.secret(name);
        let webhook = format!("http://127.0.0.1:{}/receipts/nhn", ports.intake);
        let mut gateway = Command::new(program);
        gateway.args(["nhn", "--listen", &local(ports.gateway), "--app-key", APP_KEY]);
        gateway.args(["--secret-key", &secret("nhn_secret_key")?, "--webhook-url", &webhook]);
        gateway.args(["--webhook-secret", &secret("nhn_webhook_secret")?]);
        gateway.args(["--sender-number", "0234518120", "--sender-number", "KRIDE"]);
        gateway.args(["--receipt-delay-ms", "300", "--late-ms", "20000"]);
        let mut mail = Command::new(program);
        mail.args(["smtp", "--listen", &local(ports.smtp), "--http-listen", &local(ports.mail_records)]);
        let mut pbx = Command::new(program);
        pbx.args(["pbx", "--listen", &local(ports.pbx), "--username", ARI_USER]);
        pbx.args(["--password", &secret("ari_password")?]);
        pbx.env("SIMULATORS_CEL_DATABASE_URL", secret("database_url_pbx")?);
        for (name, mut command) in [("nhn", gateway), ("smtp", mail), ("pbx", pbx)] {
            let started = self.start(name, &mut command, services)?;
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
        // The CRM's user may read its own queue alone, and that one is the CRM's.
        let mut command = self.fleet("topology");
        command.args(["outcomes", "--queue", OWN_QUEUE]);
        command
    }

    fn desk(&self) -> Command {
        let mut command = self.fleet("operator");
        command.args(["dead", "list", "--json", "--limit", "1000"]);
        command
    }

    fn check(&self) -> Result<()> {
        for (name, process) in self.roles.iter().chain(&self.simulators) {
            if let Some(status) = process.exit_status() {
                let log = log_tail(&self.folder.join(format!("{name}.log")));
                return failed(format!("the process {name} ended by itself ({status}):\n{log}"));
            }
        }
        Ok(())
    }
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
