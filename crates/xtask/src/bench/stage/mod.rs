//! What is measured: the world outside, the services, and the roles of a path.

pub mod outside;
pub mod process;
pub mod settings;

use std::cell::Cell;
use std::fs::File;
use std::net::{Ipv4Addr, TcpListener};
use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;

use serde_json::Value;

use crate::bench::database::Database;
use crate::bench::load::Load;
use crate::deployment::Deployment;
use crate::error::{Context, Result, failed};
use crate::interrupt::Interrupt;
use crate::process::run_quietly;
use crate::services::Services;
use outside::Outside;
use process::Process;

/// What the roles have in hand when no queue holds anything is done by then.
const IN_HAND_PAUSE: Duration = Duration::from_secs(3);
/// The first block: four digits of a phone number that must not begin with a zero.
const FIRST_BLOCK: u16 = 2_000;

/// The programs of one stage, and whose they are.
#[derive(Clone, Debug)]
pub struct Programs {
    /// The root of the revision whose fleet is measured: its settings and its scripts.
    pub root: PathBuf,
    /// The folder of its `fleet`.
    pub fleet: PathBuf,
    /// The folder of this revision's simulators and load generator.
    pub harness: PathBuf,
    /// Who the roles are.
    pub rights: Rights,
    /// Who works.
    pub worker: Worker,
}

/// Who does the work of the roles.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Worker {
    /// The fleet.
    Fleet,
    /// The yardstick: the durable work of a text alone, in the fewest steps that we know.
    Ideal,
}

/// As whom the roles come to broker and database.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rights {
    /// Each as the user of its name, as it is shipped.
    OfEachRole,
    /// All as the owner of tables and queues: another revision has other users, and two are compared as equals.
    Owner,
}

/// The port of each door.
#[derive(Clone, Copy, Debug)]
pub struct Ports {
    /// The gateway's.
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

/// Everything that outlives a single measurement.
pub struct Stage<'a> {
    /// The broker's process.
    pub broker_pid: u32,
    /// The database's first process.
    pub database_pid: u32,
    /// The database.
    pub database: Database,
    /// The simulators.
    pub outside: Outside,
    /// Who the fleet is to others.
    pub deployment: Deployment,
    /// Where everything listens.
    pub ports: Ports,
    services: &'a Services,
    programs: Programs,
    logs: PathBuf,
    environment: Vec<(String, String)>,
    next_block: Cell<u16>,
}

impl<'a> Stage<'a> {
    /// Makes the users, migrates, declares the topology and starts the simulators.
    pub fn set(
        deployment: Deployment,
        programs: Programs,
        gateway_ms: u64,
        services: &'a Services,
        interrupt: &Interrupt,
    ) -> Result<Stage<'a>> {
        let [gateway, smtp, mail_records, pbx, intake, advisor] = free_ports()?;
        let ports = Ports { gateway, smtp, mail_records, pbx, intake, advisor };
        let logs = services.folder().join("fleet");
        std::fs::create_dir_all(&logs).context(|| format!("cannot create {}", logs.display()))?;
        let shipped = programs.root.join("deploy/rulebook.toml");
        let shipped_text =
            std::fs::read_to_string(&shipped).context(|| format!("cannot read {}", shipped.display()))?;
        let rulebook = logs.join("rulebook.toml");
        std::fs::write(&rulebook, settings::rulebook(&shipped_text))
            .context(|| format!("cannot write {}", rulebook.display()))?;
        let fleet = programs.fleet.join("fleet");
        match programs.rights {
            Rights::OfEachRole => deployment.open(&fleet)?,
            Rights::Owner => deployment.open_to_owner(&fleet)?,
        }
        let simulators = programs.harness.join("simulators");
        let outside =
            Outside::start(&simulators, gateway_ms, &deployment, &ports, services, &logs, interrupt)?;
        let pids = service_pids(services)?;
        // The yardstick keeps its record in a schema of its own, in the fleet's words.
        let schema = match programs.worker {
            Worker::Fleet => "public",
            Worker::Ideal => "ideal",
        };
        let database = Database::new(&deployment.superuser_url(services)?, schema);
        database.count_statements()?;
        if programs.worker == Worker::Ideal {
            let mut tables = Command::new(programs.harness.join("bench_ideal"));
            tables.env("BENCH_IDEAL_DATABASE_URL_FILE", deployment.file("database_url_owner"));
            run_quietly(tables.arg("tables"))?;
        }
        Ok(Stage {
            broker_pid: pids.0,
            database_pid: pids.1,
            database,
            outside,
            environment: settings::environment(&deployment, &rulebook, &ports),
            deployment,
            ports,
            services,
            programs,
            logs,
            next_block: Cell::new(FIRST_BLOCK),
        })
    }

    /// A block of phone numbers that no other measurement of this stage uses.
    pub fn new_block(&self) -> String {
        let block = self.next_block.get();
        self.next_block.set(block + 1);
        block.to_string()
    }

    /// Starts a role and waits until it works.
    pub fn role(
        &self,
        name: &'static str,
        concurrency: Option<u16>,
        interrupt: &Interrupt,
    ) -> Result<Process> {
        let door = match name {
            "intake" => Some(self.ports.intake),
            "advisor" => Some(self.ports.advisor),
            _ => None,
        };
        let mut command = match self.programs.worker {
            Worker::Fleet => self.fleet(name),
            Worker::Ideal => self.ideal(name),
        };
        let port = match door {
            Some(port) => port,
            None => {
                let [port] = free_ports()?;
                command.env("FLEET_HEALTH_LISTEN", local(port));
                port
            }
        };
        match (self.programs.worker, door) {
            (Worker::Ideal, _) => {}
            (Worker::Fleet, Some(_)) => {
                command.arg(name);
            }
            (Worker::Fleet, None) => {
                command.args(["work", name]);
                if let Some(count) = concurrency {
                    command.args(["--concurrency", &count.to_string()]);
                }
            }
        }
        let role = Process::start(name, &mut command, self.services, &self.logs)?;
        role.wait_until_ready(&at(port), "/readyz", interrupt)?;
        Ok(role)
    }

    /// Starts a measurement of the load generator.
    ///
    /// It plays the CRM and the operator, and besides looks into every queue, which `topology` alone may.
    pub fn load(&self, arguments: &[String]) -> Result<Load> {
        let mut command = self.load_command()?;
        self.services.adopt(command.args(arguments));
        Load::start(&mut command, self.logs.join("load.log"))
    }

    fn load_command(&self) -> Result<Command> {
        let mut command = Command::new(self.programs.harness.join("bench_load"));
        command.env("BENCH_BROKER_URI", self.deployment.secret("broker_uri_topology")?);
        command.env("BENCH_DATABASE_URL", self.database.url());
        command.env("BENCH_GATEWAY_URL", &self.outside.gateway_url);
        command.env("BENCH_MAIL_URL", &self.outside.mail_url);
        command.env("BENCH_ADVISOR_URL", at(self.ports.advisor));
        command.env("BENCH_ADVISOR_TOKEN", self.deployment.secret("advisor_token")?.trim());
        Ok(command)
    }

    /// Writes so many texts into a file, one a line.
    pub fn write_lines(&self, jobs: u32) -> Result<PathBuf> {
        let path = self.logs.join("jobs.jsonl");
        let file = File::create(&path).context(|| format!("cannot write {}", path.display()))?;
        let mut command = self.load_command()?;
        command.args(["lines", "--jobs", &jobs.to_string(), "--block", &self.new_block()]).stdout(file);
        match command.status().context(|| "cannot start the load generator".to_owned())?.success() {
            true => Ok(path),
            false => failed("the load generator wrote no jobs"),
        }
    }

    /// Our own command as the user of this role.
    pub fn fleet(&self, role: &str) -> Command {
        let program = self.programs.fleet.join("fleet");
        let mut command = self.deployment.command(&program, role);
        if self.programs.rights == Rights::Owner {
            command.env("FLEET_BROKER_URI_FILE", self.deployment.file("broker_uri_topology"));
            command.env("FLEET_DATABASE_URL_FILE", self.deployment.file("database_url_owner"));
        }
        command.envs(self.environment.iter().map(|(name, value)| (name, value)));
        command
    }

    /// A role of the yardstick, with the variables of the fleet's; it makes tables of its own.
    fn ideal(&self, role: &str) -> Command {
        let mut command = Command::new(self.programs.harness.join("bench_ideal"));
        for (name, value) in self.fleet(role).get_envs() {
            match value {
                Some(value) => command.env(name, value),
                None => command.env_remove(name),
            };
        }
        command.arg(role);
        command.env("BENCH_IDEAL_DATABASE_URL_FILE", self.deployment.file("database_url_owner"));
        command
    }

    /// Ends the roles, while the CRM still hears what they say last.
    pub fn stop(&self, roles: Vec<Process>, interrupt: &Interrupt) -> Result<()> {
        // The CRM may have heard all before the last receipt of a text was read.
        self.queues(&["--within-s", "60"], interrupt)?;
        // What they hold is in no queue, and a role that ends gives back what it has not begun.
        interrupt.pause(IN_HAND_PAUSE)?;
        roles.into_iter().try_for_each(|role| role.stop(interrupt))
    }

    /// With no role left, every queue must be empty.
    pub fn queues_are_empty(&self, interrupt: &Interrupt) -> Result<()> {
        self.queues(&[], interrupt)
    }

    fn queues(&self, options: &[&str], interrupt: &Interrupt) -> Result<()> {
        let words = ["queues"].iter().chain(options).map(|&word| word.to_owned());
        let queues = self.load(&words.collect::<Vec<_>>())?;
        queues.expect("checked", interrupt)?;
        queues.finish(interrupt)
    }

    /// Runs one of our own commands to its end.
    pub fn run(&self, role: &str, arguments: &[&str]) -> Result<()> {
        run_quietly(self.fleet(role).args(arguments))
    }
}

/// An address on this machine.
pub fn local(port: u16) -> String {
    format!("127.0.0.1:{port}")
}

/// The same for HTTP.
pub fn at(port: u16) -> String {
    format!("http://{}", local(port))
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
