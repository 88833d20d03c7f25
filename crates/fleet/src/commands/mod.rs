//! One file for each thing that the binary can do.

pub mod advisor;
mod answer_by_email;
pub mod audit;
pub mod backfill;
mod bounces;
pub mod cancel;
pub mod codes;
pub mod dead;
mod dead_diff;
pub mod doctor;
pub mod enqueue;
pub mod explain;
pub mod explain_lines;
pub mod fallback_hold;
pub mod files;
pub mod find;
pub mod gateways;
pub mod history;
mod loops;
mod mail_records;
mod members;
mod opening;
pub mod outcomes;
pub mod printed;
pub mod probe;
mod roles;
pub mod rules;
pub mod setup;
pub mod show;
pub mod suppress;
pub mod template;
pub mod users;
mod webhooks;
pub mod work;

use std::time::Duration;

use clap::CommandFactory;
use closure_broker::{PublishError, TopologyError};
use closure_contract::Language;
use closure_policy::{mask, rulebook::CompiledRulebook};
use closure_store::{Store, StoreError, StoreSettings};

use crate::{
    cli::{Cli, Command},
    config::{self, ConfigError},
    desk::{Denial, Desk, Who},
    engine::Engine,
    lifecycle::Signals,
    live_rulebook::Rules,
    output::{self, Style},
    services::Services,
    telemetry,
    visible::is_hidden,
    words,
};

/// Why a command did not do what it was asked to; the kinds are the documented exit codes.
#[derive(Debug, thiserror::Error)]
pub enum Failure {
    /// The answer is no.
    #[error("{0}")]
    Refused(String),
    /// The configuration is wrong.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// The input is wrong.
    #[error("{0}")]
    Input(String),
    /// A service is away.
    #[error("{0}")]
    Unavailable(String),
    /// A fault of ours.
    #[error("{0}")]
    Internal(String),
}

impl Failure {
    /// The exit code, as `fleet --help` lists them.
    pub fn exit_code(&self) -> u8 {
        match self {
            Self::Refused(_) => 1,
            Self::Config(_) => 64,
            Self::Input(_) => 65,
            Self::Unavailable(_) => 69,
            Self::Internal(_) => 70,
        }
    }
}

impl Failure {
    /// A setting that turned out to be wrong after all of them were read.
    fn config(problem: &dyn std::fmt::Display) -> Self {
        Self::Config(ConfigError { errors: vec![problem.to_string()] })
    }
}

impl From<StoreError> for Failure {
    fn from(problem: StoreError) -> Self {
        match problem {
            problem if problem.is_unavailable() => Self::Unavailable(problem.to_string()),
            StoreError::Settings(_) => Self::config(&problem),
            problem => Self::Refused(problem.to_string()),
        }
    }
}

impl From<Denial> for Failure {
    fn from(problem: Denial) -> Self {
        match problem {
            Denial::Store(problem) => problem.into(),
            Denial::Right(_) => Self::Refused(problem.to_string()),
        }
    }
}

impl From<TopologyError> for Failure {
    fn from(problem: TopologyError) -> Self {
        match problem {
            TopologyError::Broker(problem) => Self::Unavailable(problem.to_string()),
            TopologyError::Differs { .. } => Self::Refused(problem.to_string()),
        }
    }
}

impl From<PublishError> for Failure {
    fn from(problem: PublishError) -> Self {
        Self::Unavailable(problem.to_string())
    }
}

/// What every command knows of how it was called.
#[derive(Debug, Clone)]
pub struct Invocation {
    pub config: Option<std::path::PathBuf>,
    /// How results are printed.
    pub style: Style,
    /// Who says to act.
    pub who: Who,
    /// The language of what is printed for people.
    pub language: Language,
}

impl Invocation {
    /// The desk on the database of the configuration, with whoever acts.
    async fn desk(&self) -> Result<Desk, Failure> {
        let store = Store::new(config::load(self.config.as_ref(), config::database)?)?;
        Ok(Desk::open(store, &self.who).await?)
    }
}

/// The variable that held the name of whoever acts before there were users.
const FORMER_ACTOR: &str = "FLEET_ACTOR";

/// Runs one command to its end.
pub async fn run(cli: Cli) -> Result<(), Failure> {
    // A process that stays up is told to stop by a signal, also while it still reads its configuration.
    let stays_up =
        matches!(cli.command, Command::Work(_) | Command::Intake | Command::Advisor | Command::Outcomes(_));
    let signals = stays_up.then(Signals::hear).transpose();
    let signals = signals.map_err(|problem| Failure::Internal(problem.to_string()))?;
    let heard = || signals.expect("a process that stays up hears the signals");
    let name = cli.acting.acting_as.or_else(|| config::environment(FORMER_ACTOR));
    if let Some(name) = &name {
        signed("--as (--actor, FLEET_USER)", name)?;
    }
    if let Some((flag, reason)) = cli.command.reason() {
        signed(flag, reason)?;
        if mask::names_somebody(reason) {
            return Err(Failure::Input(format!(
                "{flag} names a number or an address, and stays on record for ever; name the letter, the job or the consultation"
            )));
        }
    }
    let invocation = Invocation {
        config: cli.config,
        style: if cli.json { Style::Json } else { Style::Text },
        who: Who { name, password_file: cli.acting.password_file },
        language: words::spoken(cli.lang, config::environment),
    };
    if needs_log(&cli.command) {
        telemetry::start(&config::load(invocation.config.as_ref(), config::log)?);
    }
    match cli.command {
        Command::Completions { shell } => {
            clap_complete::generate(shell, &mut Cli::command(), "fleet", &mut std::io::stdout());
            Ok(())
        }
        Command::Keys => {
            setup::keys(invocation.style);
            Ok(())
        }
        Command::Codes => {
            output::lines(&codes::text(invocation.language));
            Ok(())
        }
        Command::Words { file } => setup::words(file.as_deref()),
        Command::Schema { folder } => setup::schema(folder.as_deref()),
        Command::Rules { file } => rules::run(invocation.style, file.as_deref()),
        Command::Probe { address } => probe::run(&address).await,
        Command::Work(work) => work::run(&invocation, &work, heard()).await,
        Command::Intake => work::intake(&invocation, heard()).await,
        Command::Advisor => advisor::run(&invocation, heard()).await,
        Command::Enqueue(enqueue) => enqueue::run(&invocation, &enqueue).await,
        Command::Explain(explain) => explain::run(&invocation, &explain).await,
        Command::Show { id } => show::run(&invocation, &id).await,
        Command::Find(asked) => find::run(&invocation, &asked).await,
        Command::History(asked) => history::run(&invocation, &asked).await,
        Command::Backfill(asked) => backfill::run(&invocation, &asked).await,
        Command::Dead(dead) => dead::run(&invocation, dead).await,
        Command::Template(template) => template::run(&invocation, template).await,
        Command::FallbackHold(what) => fallback_hold::run(&invocation, what).await,
        Command::Gateways(gateways) => gateways::run(&invocation, gateways).await,
        Command::Suppress(suppress) => suppress::run(&invocation, suppress).await,
        Command::Cancel(asked) => cancel::run(&invocation, &asked).await,
        Command::Users(users) => users::run(&invocation, users).await,
        Command::Audit(audit) => audit::run(&invocation, audit).await,
        Command::Topology(topology) => setup::topology(&invocation, &topology).await,
        Command::Migrate => setup::migrate(&invocation).await,
        Command::Doctor(arguments) => doctor::run(&invocation, &arguments).await,
        Command::Outcomes(outcomes) => outcomes::run(&invocation, &outcomes, heard()).await,
    }
}

/// What prints a table, or asks one process for its health, reads no configuration.
fn needs_log(command: &Command) -> bool {
    !matches!(
        command,
        Command::Completions { .. }
            | Command::Keys
            | Command::Codes
            | Command::Words { .. }
            | Command::Schema { .. }
            | Command::Rules { .. }
            | Command::Probe { .. }
    )
}

/// What goes on record under somebody's name is one line that reads as it stands there.
fn signed(what: &str, text: &str) -> Result<(), Failure> {
    if text.trim().is_empty() {
        return Err(Failure::Input(format!("{what} is empty; the record needs to say who did it and why")));
    }
    match text.chars().find(|character| is_hidden(*character)) {
        None => Ok(()),
        Some(hidden) => Err(Failure::Input(format!(
            "{what} holds {}, which a terminal would obey or hide; write one line of plain text",
            hidden.escape_default()
        ))),
    }
}

/// The engine as the workers have it; without a database it knows no template and nothing beside the job.
async fn engine(
    settings: CompiledRulebook,
    database: Option<StoreSettings>,
    refresh: Duration,
) -> Result<Engine, Failure> {
    let Some(database) = database else { return Ok(Engine::new(Rules::without_templates(settings), None)) };
    let store = Store::new(database)?;
    let rules = Rules::open(settings, store.clone(), refresh, &Services::default()).await?;
    Ok(Engine::new(rules, Some(store)))
}

/// Prints a value as JSON, or as the lines that `text` makes of it.
fn show_as<T: serde::Serialize>(style: Style, value: &T, text: impl FnOnce(&T)) {
    match style {
        Style::Json => output::json(value),
        Style::Text => text(value),
    }
}
