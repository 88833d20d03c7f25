//! The command line.

pub mod dead;
mod doctor;
pub mod fallback_hold;
mod find;
pub mod gateways;
pub mod people;
mod signature;
pub mod suppress;
pub mod template;

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};
use clap_complete::Shell;
use closure_contract::{JobId, Language};

pub use self::dead::{Dead, Settle};
pub use self::doctor::{Doctor, Member};
pub use self::fallback_hold::FallbackHoldCommand;
pub use self::find::{Backfill, ChannelName, CountName, Find, History};
pub use self::gateways::Gateways;
pub use self::people::{Acting, Audit, Reveal, Users};
pub use self::suppress::{Cancel, Suppress, Whom};
use self::template::Template;

/// Sends a contact centre's closing replies: the roles that work, and the tools of those who run them.
#[derive(Debug, Parser)]
#[command(name = "fleet", version, about, after_help = EXIT_CODES, arg_required_else_help = true)]
pub struct Cli {
    /// The configuration file (TOML); every key can be set in the environment instead.
    #[arg(long, global = true, env = "FLEET_CONFIG", value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// Print results as JSON.
    #[arg(long, global = true)]
    pub json: bool,
    /// Who acts.
    #[command(flatten)]
    pub acting: Acting,
    /// The language of what people read: ko or en; without it that of LC_ALL, LC_MESSAGES or LANG, or else English.
    #[arg(long, global = true, value_name = "LANGUAGE", value_parser = language)]
    pub lang: Option<Language>,
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// The language of a tag.
fn language(tag: &str) -> Result<Language, String> {
    let known = Language::ALL.into_iter().find(|language| language.tag() == tag);
    known.ok_or_else(|| "the fleet speaks ko and en".to_owned())
}

const EXIT_CODES: &str = "\
Exit codes:
   0  done
   1  refused: the answer is no (a job is refused, a check found something, a letter is not open)
   2  the command line is wrong
  64  the configuration is wrong
  65  the input is wrong (a file that is no job, an unknown id)
  69  a service is away (broker, database)
  70  a fault of ours; report it";

/// What the binary can do.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Run one or several roles in this process until SIGTERM.
    Work(Work),
    /// Take providers' receipts over HTTP.
    Intake,
    /// Answer over HTTP what would happen to a job, for a CRM whose agent still types.
    Advisor,
    /// Check job files and publish them, waiting for the broker's confirm.
    Enqueue(Enqueue),
    /// Say what would happen to jobs, without any effect.
    Explain(Explain),
    /// Tell the whole story of a job or a consultation.
    Show {
        /// A job's UUID, or a consultation's id.
        id: String,
    },
    /// Find what was sent to a customer, by number, address, last digits, consultation or country.
    Find(Find),
    /// Count what was sent by day, country, agent, gateway and state.
    History(History),
    /// The dead-letter desk.
    #[command(subcommand)]
    Dead(Dead),
    /// The templates that carriers approve beforehand.
    #[command(subcommand)]
    Template(Template),
    /// The SMS gateways that are left alone because they fail every job alike.
    #[command(subcommand)]
    Gateways(Gateways),
    /// The emails that are held back while unusually many text messages fail.
    #[command(subcommand, alias = "brake")]
    FallbackHold(FallbackHoldCommand),
    /// The suppression list: numbers and addresses that are not to be contacted.
    #[command(subcommand)]
    Suppress(Suppress),
    /// Take a consultation's answer back, so that what was not sent yet ends as cancelled; or undo that.
    Cancel(Cancel),
    /// The people who work with the fleet, and what each may do.
    #[command(subcommand)]
    Users(Users),
    /// The record of what they did.
    #[command(subcommand)]
    Audit(Audit),
    /// Exchanges and queues.
    #[command(subcommand)]
    Topology(Topology),
    /// Bring the database's schema to this release.
    Migrate,
    /// Read what an earlier release wrote once more, so that it can be found; goes on where it was cut.
    Backfill(Backfill),
    /// Check the configuration, that of the processes that are named, and everything that the fleet needs.
    Doctor(Doctor),
    /// Print outcomes as the CRM hears them, one JSON object a line, until SIGTERM.
    Outcomes(Outcomes),
    /// Print the JSON Schema of every message kind, or write all of docs/contract that is made from types into a folder.
    Schema {
        /// The folder; without one they are printed.
        folder: Option<PathBuf>,
    },
    /// Print the rules: what the guide says, what the fleet does, where it is set and which tests prove it.
    Rules {
        /// Write them into this file as Markdown, with the table of the fallback, instead.
        file: Option<PathBuf>,
    },
    /// Print every configuration key with its environment variable, default and meaning.
    Keys,
    /// Print every documented code of the SMS gateways, and what it becomes, as Markdown.
    Codes,
    /// Print every word that people read, in English and Korean: failure codes with reasons and remedies, states, rules.
    Words {
        /// Write them into this file as Markdown instead.
        file: Option<PathBuf>,
    },
    /// Ask a process for its health: exit 0 if it answers 200.
    Probe {
        /// Its address and path, such as 127.0.0.1:8080/readyz.
        address: String,
    },
    /// Print a completion script for a shell.
    Completions {
        /// The shell.
        shell: Shell,
    },
}

/// The roles of a process.
#[derive(Debug, Args)]
pub struct Work {
    /// The roles.
    #[arg(required = true, value_enum)]
    pub roles: Vec<Role>,
    /// Messages in hand at once, for each role.
    #[arg(long, value_name = "COUNT")]
    pub concurrency: Option<u16>,
}

/// One role; each can be scaled alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, ValueEnum)]
pub enum Role {
    /// Text messages.
    Sms,
    /// Emails.
    Email,
    /// Calls.
    Dial,
    /// Receipts, and the emails that answer for failed text messages.
    Fallback,
    /// What the broker gave up.
    Dead,
    /// What the CRM takes back.
    Cancel,
    /// Mails that came back after they were accepted.
    Bounces,
    /// Outcomes, to a CRM that has a webhook in the place of a consumer.
    Webhooks,
}

/// Job files.
#[derive(Debug, Args)]
pub struct Files {
    /// Files with one job, a list of jobs, or one job a line; `-` is standard input.
    #[arg(required = true, value_name = "FILE")]
    pub files: Vec<PathBuf>,
}

/// Which jobs are explained.
#[derive(Debug, Args)]
pub struct Explain {
    /// Files with one job, a list of jobs, or one job a line; `-` is standard input.
    #[arg(required_unless_present = "jsonl", conflicts_with = "jsonl", value_name = "FILE")]
    pub files: Vec<PathBuf>,
    /// Read jobs from standard input, one a line, and write one answer a line until it ends.
    #[arg(long)]
    pub jsonl: bool,
    /// Ask no database: every template is unknown then, and nothing that stands beside a job is known.
    #[arg(long)]
    pub offline: bool,
}

/// What is published.
#[derive(Debug, Args)]
pub struct Enqueue {
    /// The job files.
    #[command(flatten)]
    pub files: Files,
    /// Publish jobs that the rules will refuse or hold, too.
    #[arg(long)]
    pub anyway: bool,
}

/// Exchanges and queues.
#[derive(Debug, Subcommand)]
pub enum Topology {
    /// Declare them; harmless when they are there.
    Apply,
    /// Say how the broker's differ from this release's.
    Check,
}

/// Which outcomes.
#[derive(Debug, Args)]
pub struct Outcomes {
    /// The routing key's pattern, such as `sms.*`.
    #[arg(long, default_value = "#")]
    pub key: String,
    /// A durable queue of this name that goes on collecting between runs; without it only what comes from now on.
    #[arg(long)]
    pub queue: Option<String>,
    /// End after this many outcomes.
    #[arg(long)]
    pub count: Option<usize>,
}

/// An id of the `show` command.
pub enum ShownId {
    /// A job's.
    Job(JobId),
    /// A consultation's.
    Consultation(String),
}

impl ShownId {
    /// A UUID is a job's id, anything else a consultation's.
    pub fn read(text: &str) -> Self {
        text.parse().map_or_else(|_| Self::Consultation(text.to_owned()), Self::Job)
    }
}

#[cfg(test)]
mod tests {
    use clap::{CommandFactory, Parser};

    #[test]
    fn the_command_line_is_consistent() {
        super::Cli::command().debug_assert();
    }

    #[test]
    fn what_every_command_takes_is_of_no_name_that_one_of_them_has() {
        let command = super::Cli::command();
        let global: Vec<_> = command.get_arguments().map(|one| one.get_id().clone()).collect();
        let mut below: Vec<&clap::Command> = command.get_subcommands().collect();
        while let Some(command) = below.pop() {
            let own = command.get_arguments().find(|one| global.contains(one.get_id()));
            assert!(own.is_none(), "{} {own:?}", command.get_name());
            below.extend(command.get_subcommands());
        }
    }

    #[test]
    fn the_commands_of_the_hold_are_still_called_brake_too() {
        for name in ["fallback-hold", "brake"] {
            let called = super::Cli::try_parse_from(["fleet", name, "list"]);
            let called = called.map(|cli| cli.command);
            assert!(
                matches!(called, Ok(super::Command::FallbackHold(super::FallbackHoldCommand::List))),
                "{name}"
            );
        }
    }
}
