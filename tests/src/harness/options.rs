//! What a fleet is made of.

use closure_simulators::{NhnSimSettings, PbxSimSettings, SmtpSimSettings};

use super::{commit_faults::Fault, pgbouncer::Pooling};

/// One process.
#[derive(Debug, Clone)]
pub struct ProcessSpec {
    /// The name that tests and log files use.
    pub name: String,
    pub(super) arguments: Vec<String>,
    /// How its log line begins that tells its address.
    pub(super) address_message: String,
    /// How many consumers it has once it works.
    pub(super) consumers: usize,
}

impl ProcessSpec {
    /// A process of `fleet work` with these roles.
    pub fn work(name: &str, roles: &[&str]) -> Self {
        let consumers_of = |role: &&str| match *role {
            "dead" => 7,
            // It reads a maildir.
            "bounces" => 0,
            _ => 1,
        };
        let consumers = roles.iter().map(consumers_of).sum();
        Self {
            name: name.to_owned(),
            arguments: ["work"].iter().chain(roles).map(|word| (*word).to_owned()).collect(),
            address_message: "answering /livez and /readyz".to_owned(),
            consumers,
        }
    }

    /// Whose rights it has in the database: one role's, or `fleet` for several in one process.
    pub(super) fn database_role(&self) -> &str {
        let roles = self.arguments.iter().skip(1).take_while(|word| !word.starts_with("--"));
        match roles.collect::<Vec<_>>()[..] {
            [] => "advisor",
            [role] => role,
            [..] => "fleet",
        }
    }

    /// Whose rights it has at the broker: one role's or the intake's; nobody is made for several roles in one process,
    /// and the advisor and the bounce reader have no broker.
    pub(super) fn broker_role(&self) -> Option<&str> {
        match (self.arguments[0].as_str(), self.database_role()) {
            ("intake", _) => Some("intake"),
            ("advisor", _) | (_, "bounces" | "fleet") => None,
            (_, role) => Some(role),
        }
    }

    /// What it needs of a fleet's environment: the bounce reader has no broker, and the webhooks worker no database.
    fn needed_of(&self, environment: &[(String, String)]) -> Vec<(String, String)> {
        let needless = match self.database_role() {
            "bounces" => "FLEET_BROKER_URI",
            "webhooks" => "FLEET_DATABASE_URL",
            _ => "",
        };
        environment.iter().filter(|(name, _)| name != needless).cloned().collect()
    }

    /// The same with so many messages in hand.
    #[must_use]
    pub fn with_concurrency(mut self, concurrency: u16) -> Self {
        self.arguments.push("--concurrency".to_owned());
        self.arguments.push(concurrency.to_string());
        self
    }

    /// The door for the CRM's questions.
    pub fn advisor() -> Self {
        Self {
            name: "advisor".to_owned(),
            arguments: vec!["advisor".to_owned()],
            address_message: "the advisor answers questions".to_owned(),
            consumers: 0,
        }
    }

    /// The intake.
    pub fn intake() -> Self {
        Self {
            name: "intake".to_owned(),
            arguments: vec!["intake".to_owned()],
            address_message: "the intake takes receipts".to_owned(),
            consumers: 0,
        }
    }
}

/// Whether the exchanges and queues are declared before the processes start.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TopologyState {
    /// `fleet topology apply` has run.
    Applied,
    /// Nothing is declared.
    Missing,
}

/// What a fleet is made of.
pub struct FleetOptions {
    pub(super) name: &'static str,
    pub(super) processes: Vec<ProcessSpec>,
    pub(super) topology: TopologyState,
    pub(super) variables: Vec<(String, String)>,
    pub(super) receipt_due_ms: u64,
    pub(super) sms: NhnSimSettings,
    pub(super) smtp: SmtpSimSettings,
    pub(super) pbx: PbxSimSettings,
    pub(super) rules: String,
    pub(super) hold_ended_min: u32,
    pub(super) database_fault: Option<Fault>,
    pub(super) pooling: Option<Pooling>,
}

impl FleetOptions {
    /// All roles in one process, and the intake.
    pub fn together(name: &'static str) -> Self {
        let workers = ProcessSpec::work("workers", &["sms", "email", "dial", "fallback", "dead", "cancel"]);
        Self::with(name, vec![workers, ProcessSpec::intake()])
    }

    /// Each role as a process of its own.
    pub fn apart(name: &'static str) -> Self {
        let roles = ["sms", "email", "dial", "fallback", "dead", "cancel"];
        let mut processes: Vec<ProcessSpec> =
            roles.iter().map(|role| ProcessSpec::work(role, &[role])).collect();
        processes.push(ProcessSpec::intake());
        Self::with(name, processes)
    }

    /// No process at all: for the command line.
    pub fn without_processes(name: &'static str) -> Self {
        Self::with(name, Vec::new())
    }

    /// These processes.
    pub fn with(name: &'static str, processes: Vec<ProcessSpec>) -> Self {
        Self {
            name,
            processes,
            topology: TopologyState::Applied,
            variables: Vec::new(),
            receipt_due_ms: 600_000,
            sms: NhnSimSettings::default(),
            smtp: SmtpSimSettings::default(),
            pbx: PbxSimSettings::default(),
            rules: String::new(),
            // Most texts of a test fail on purpose, which would hold the emails of all others.
            hold_ended_min: 0,
            database_fault: None,
            pooling: None,
        }
    }

    /// What a process is told: what all are, and the addresses of its own users, unless the test says others.
    pub(super) fn environment_of(
        &self,
        spec: &ProcessSpec,
        environment: &[(String, String)],
        database: String,
        broker: Option<String>,
    ) -> Vec<(String, String)> {
        let mut told = spec.needed_of(environment);
        let database = (spec.database_role() != "webhooks").then_some(database);
        let own = [("FLEET_DATABASE_URL", database), ("FLEET_BROKER_URI", broker)];
        for (name, address) in own {
            let address = address.filter(|_| self.variables.iter().all(|(set, _)| set != name));
            told.extend(address.map(|address| (name.to_owned(), address)));
        }
        told
    }

    /// Sets an environment variable of every process.
    #[must_use]
    pub fn variable(mut self, name: &str, value: &str) -> Self {
        self.variables.push((name.to_owned(), value.to_owned()));
        self
    }

    /// Receipts are due after so many milliseconds, and late ones come after `late_ms`.
    #[must_use]
    pub fn receipts_due(mut self, due_ms: u64, late_ms: u64) -> Self {
        self.receipt_due_ms = due_ms;
        self.sms.late_ms = late_ms;
        self
    }

    /// Changes the gateway's settings.
    #[must_use]
    pub fn gateway(mut self, change: impl FnOnce(&mut NhnSimSettings)) -> Self {
        change(&mut self.sms);
        self
    }

    /// Changes the mail server's settings.
    #[must_use]
    pub fn mail_server(mut self, change: impl FnOnce(&mut SmtpSimSettings)) -> Self {
        change(&mut self.smtp);
        self
    }

    /// Changes the PBX's settings.
    #[must_use]
    pub fn exchange(mut self, change: impl FnOnce(&mut PbxSimSettings)) -> Self {
        change(&mut self.pbx);
        self
    }

    /// Holds emails back once so many texts have ended and unusually many of them failed; without it none is held.
    #[must_use]
    pub fn fallback_hold(mut self, ended_min: u32) -> Self {
        self.hold_ended_min = ended_min;
        self
    }

    /// Something happens to each kind of statement on the way of the processes to the database.
    #[must_use]
    pub fn database_fault(mut self, fault: Fault) -> Self {
        self.database_fault = Some(fault);
        self
    }

    /// The processes reach the database through a pooler.
    #[must_use]
    pub fn pooled(mut self, pooling: Pooling) -> Self {
        self.pooling = Some(pooling);
        self
    }

    /// Adds tables to the rulebook, as TOML.
    #[must_use]
    pub fn rules(mut self, toml: &str) -> Self {
        self.rules.push_str(toml);
        self
    }

    /// Declares nothing before the processes start.
    #[must_use]
    pub fn without_topology(mut self) -> Self {
        self.topology = TopologyState::Missing;
        self
    }
}
