//! The load and the checks of `cargo xtask bench`: a CRM that publishes many jobs and watches what becomes of them.
//!
//! Each line of its output is one JSON object with an `event`; xtask reads them and looks at the processes' CPU.
//! It reads outcomes as plain JSON and the tables by statements of its own, so that it also measures another revision.

#![expect(clippy::print_stdout, clippy::print_stderr, reason = "xtask reads the output, a person the errors")]

mod advisor;
mod crm;
mod database;
mod drain;
mod gateway;
mod http;
mod load;
mod mail;
mod paced;
mod storm;

use std::{
    io::Write,
    process::ExitCode,
    time::{Duration, Instant},
};

use clap::{Parser, Subcommand};
use closure_broker::{BrokerSettings, topology};
use closure_contract::topology::queues;
use serde_json::{Value, json};

use database::Database;

/// Between two looks at a queue that is still worked off.
const QUEUE_PAUSE: Duration = Duration::from_millis(50);
/// Outcomes that are waited for may take so long.
const HEAR_LIMIT: Duration = Duration::from_secs(1_800);

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
    /// Let many receipts come at once while jobs go on, and measure both.
    Storm(storm::Storm),
    /// Ask the advisor.
    Advisor {
        /// Its address.
        #[arg(long, env = "BENCH_ADVISOR_URL")]
        url: String,
        /// The bearer token.
        #[arg(long, env = "BENCH_ADVISOR_TOKEN", hide_env_values = true)]
        token: String,
        /// Questions a second; without it as many as are answered.
        #[arg(long)]
        rate: Option<u32>,
        /// For how many seconds.
        #[arg(long)]
        seconds: u32,
        /// The block of phone numbers that no other measurement uses.
        #[arg(long)]
        block: u16,
    },
    /// Wait until the CRM has heard so many outcomes under a key.
    Hear {
        /// How many.
        #[arg(long)]
        count: usize,
        /// The key.
        #[arg(long)]
        key: String,
    },
    /// Print jobs, one a line.
    Lines {
        /// How many.
        #[arg(long)]
        jobs: usize,
        /// The block of phone numbers that no other measurement uses.
        #[arg(long)]
        block: u16,
    },
    /// Make sure that no queue holds a message: at the end, or once the roles have worked off what is left.
    Queues {
        /// How long they may still be worked off
        #[arg(long, default_value_t = 0)]
        within_s: u64,
    },
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
        Command::Storm(storm) => storm::run(&endpoints, storm).await,
        Command::Advisor { url, token, rate, seconds, block } => {
            let pace = rate.map_or(advisor::Pace::AsFastAsAnswered, advisor::Pace::Rate);
            advisor::run(&advisor::Door { url, token }, pace, seconds, block).await
        }
        Command::Hear { count, key } => hear(&endpoints, count, &key).await,
        Command::Lines { jobs, block } => lines(jobs, block),
        Command::Queues { within_s } => {
            all_queues_are_empty(&endpoints.broker, Duration::from_secs(within_s)).await
        }
    }
}

/// Listens, says so, and says when all have come.
async fn hear(endpoints: &Endpoints, count: usize, key: &str) -> Result<(), Problem> {
    let mut crm = crm::Crm::listen(&endpoints.broker).await?;
    tell("begun", &json!({}));
    crm.hear(count, &[key], Instant::now() + HEAR_LIMIT).await?;
    tell("ended", &json!({ "jobs": count }));
    wait_for_xtask().await?;
    crm.close().await?;
    tell("checked", &json!({}));
    Ok(())
}

fn lines(jobs: usize, block: u16) -> Result<(), Problem> {
    let mut output = std::io::stdout().lock();
    for job in load::make(load::Kind::Text, jobs, block)? {
        output.write_all(&job.message().body)?;
        output.write_all(b"\n")?;
    }
    Ok(())
}

/// With every role ended, what nobody acked is ready again, so that the broker's own count finds it as well.
async fn all_queues_are_empty(broker: &BrokerSettings, within: Duration) -> Result<(), Problem> {
    let names = queues().into_iter().map(|queue| queue.name).chain([crm::QUEUE]);
    let deadline = Instant::now() + within;
    for name in names {
        loop {
            // Another revision may not have this queue.
            let Ok(left) = topology::depth(broker, name).await else { break };
            if left == 0 {
                break;
            }
            if Instant::now() >= deadline {
                return Err(format!("{name} still holds {left} message(s)").into());
            }
            tokio::time::sleep(QUEUE_PAUSE).await;
        }
    }
    tell("checked", &json!({}));
    Ok(())
}

/// Writes one event.
fn tell(event: &str, facts: &Value) {
    println!("{}", json!({ "event": event, "facts": facts }));
}

/// Waits until xtask has looked at the processes, while the connections stay alive.
async fn wait_for_xtask() -> Result<(), Problem> {
    tokio::task::spawn_blocking(|| std::io::stdin().read_line(&mut String::new())).await??;
    Ok(())
}

/// A duration in milliseconds.
fn millis(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1_000.0
}
