//! The load and the checks of `cargo xtask bench`: a CRM that publishes many jobs and watches what becomes of them.
//!
//! Each line of its output is one JSON object with an `event`; xtask reads them and looks at the processes' CPU.
//! It reads outcomes as plain JSON and the tables by statements of its own, so that it also measures another revision.

#![expect(clippy::print_stdout, clippy::print_stderr, reason = "xtask reads the output, a person the errors")]

mod crm;
mod database;
mod drain;
mod gateway;
mod load;
mod mail;
mod paced;

use std::{process::ExitCode, time::Duration};

use clap::{Parser, Subcommand};
use closure_broker::{BrokerSettings, topology};
use closure_contract::topology::queues;
use serde_json::{Value, json};

use database::Database;

/// Why a measurement counts for nothing.
type Problem = Box<dyn std::error::Error + Send + Sync>;

/// The load of `cargo xtask bench`.
#[derive(Parser)]
#[command(name = "bench_load")]
struct Cli {
    /// RabbitMQ's address.
    #[arg(long, env = "BENCH_BROKER_URI", hide_env_values = true)]
    broker_uri: String,
    /// PostgreSQL's address.
    #[arg(long, env = "BENCH_DATABASE_URL", hide_env_values = true)]
    database_url: String,
    /// The SMS gateway's address, for its records.
    #[arg(long, env = "BENCH_GATEWAY_URL")]
    gateway_url: String,
    /// The address of the mail server's records.
    #[arg(long, env = "BENCH_MAIL_URL")]
    mail_url: String,
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Publish jobs for workers that are held, then watch them work them off.
    Drain {
        /// What is worked off.
        #[arg(value_enum)]
        work: drain::Work,
        /// How many jobs, besides those that warm the workers.
        #[arg(long)]
        jobs: usize,
        /// The block of phone numbers that no other measurement uses.
        #[arg(long)]
        block: u16,
    },
    /// Publish at a fixed rate and measure how long each job takes until the CRM hears its outcome.
    Paced {
        /// What is published.
        #[arg(value_enum)]
        work: paced::Work,
        /// Jobs a second.
        #[arg(long)]
        rate: u32,
        /// For how many seconds, after a warm-up.
        #[arg(long)]
        seconds: u32,
        /// The block of phone numbers that no other measurement uses.
        #[arg(long)]
        block: u16,
    },
    /// Make sure that no queue holds a message; every role must have ended before.
    Queues,
}

/// What a measurement talks to.
struct Endpoints {
    broker: BrokerSettings,
    database_url: String,
    gateway_url: String,
    mail_url: String,
}

impl Endpoints {
    fn database(&self) -> Result<Database, Problem> {
        Database::open(&self.database_url)
    }
}

fn main() -> ExitCode {
    let cli = Cli::parse();
    let ended = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(Problem::from)
        .and_then(|runtime| runtime.block_on(run(cli)));
    match ended {
        Ok(()) => ExitCode::SUCCESS,
        Err(problem) => {
            eprintln!("{problem}");
            ExitCode::FAILURE
        }
    }
}

async fn run(cli: Cli) -> Result<(), Problem> {
    let endpoints = Endpoints {
        broker: BrokerSettings::new(cli.broker_uri, "bench"),
        database_url: cli.database_url,
        gateway_url: cli.gateway_url,
        mail_url: cli.mail_url,
    };
    match cli.command {
        Command::Drain { work, jobs, block } => drain::run(&endpoints, work, jobs, block).await,
        Command::Paced { work, rate, seconds, block } => {
            paced::run(&endpoints, work, paced::Pace { rate, seconds, block }).await
        }
        Command::Queues => all_queues_are_empty(&endpoints.broker).await,
    }
}

/// With every role ended, what nobody acked is ready again, so that the broker's own count finds it as well.
async fn all_queues_are_empty(broker: &BrokerSettings) -> Result<(), Problem> {
    let names = queues().into_iter().map(|queue| queue.name).chain([crm::QUEUE]);
    for name in names {
        // Another revision may not have this queue.
        let Ok(left) = topology::depth(broker, name).await else { continue };
        if left > 0 {
            return Err(format!("{name} still holds {left} message(s) after every role has ended").into());
        }
    }
    tell("checked", &json!({}));
    Ok(())
}

/// Writes one event.
fn tell(event: &str, facts: &Value) {
    println!("{}", json!({ "event": event, "facts": facts }));
}

/// Waits until xtask has looked at the processes.
fn wait_for_xtask() -> Result<(), Problem> {
    std::io::stdin().read_line(&mut String::new())?;
    Ok(())
}

/// A duration in milliseconds.
fn millis(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1_000.0
}
