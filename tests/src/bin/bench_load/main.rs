//! The load and the checks of `cargo xtask bench`: a CRM that publishes many jobs and watches what becomes of them.
//!
//! Each line of its output is one JSON object with an `event`; xtask reads them and looks at the processes' CPU.

#![expect(clippy::print_stdout, clippy::print_stderr, reason = "xtask reads the output, a person the errors")]

mod drain;
mod gateway;
mod load;
mod open_loop;

use std::{process::ExitCode, time::Duration};

use clap::{Parser, Subcommand};
use closure_broker::{BrokerSettings, topology};
use closure_contract::topology::queues;
use closure_store::{Store, StoreSettings};
use serde_json::{Value, json};

/// Why a measurement counts for nothing.
type Problem = Box<dyn std::error::Error + Send + Sync>;

/// The load of `cargo xtask bench`.
#[derive(Parser)]
#[command(name = "bench_load")]
struct Cli {
    /// RabbitMQ's address.
    #[arg(long, env = "FLEET_BROKER_URI", hide_env_values = true)]
    broker_uri: String,
    /// PostgreSQL's address.
    #[arg(long, env = "FLEET_DATABASE_URL", hide_env_values = true)]
    database_url: String,
    /// The SMS gateway's address, for its records.
    #[arg(long, env = "FLEET_SMS_NHN_BASE_URL")]
    gateway_url: String,
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Publish jobs for a worker that is not there yet, then watch it work them off.
    Drain {
        /// How many jobs.
        #[arg(long)]
        jobs: usize,
        /// The block of phone numbers that no other measurement uses.
        #[arg(long)]
        block: u16,
    },
    /// Publish at a fixed rate and measure how long each job takes until the CRM hears its outcome.
    OpenLoop {
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
    store: Store,
    gateway_url: String,
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
        store: Store::new(StoreSettings { url: cli.database_url, ..StoreSettings::default() })?,
        gateway_url: cli.gateway_url,
    };
    match cli.command {
        Command::Drain { jobs, block } => drain::run(&endpoints, jobs, block).await,
        Command::OpenLoop { rate, seconds, block } => open_loop::run(&endpoints, rate, seconds, block).await,
        Command::Queues => all_queues_are_empty(&endpoints.broker).await,
    }
}

/// With every role ended, what nobody acked is ready again, so that the broker's own count finds it as well.
async fn all_queues_are_empty(broker: &BrokerSettings) -> Result<(), Problem> {
    let names = queues().into_iter().map(|queue| queue.name).chain([open_loop::CRM_QUEUE]);
    for name in names {
        let left = topology::depth(broker, name).await?;
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
