//! The yardstick of `cargo xtask bench`: the durable work of a text message in the fewest steps that we know.
//!
//! Each role takes the place of one of the fleet's, between the same queues, and keeps as much on disk before it goes on:
//! a claim before the send, its end before the ack, a receipt and what it means before the word, the word before the ack.
//! It has no rules, no caps, no masks and no templates, and it knows the good way alone: whatever else happens ends the
//! process, and the broker gives what it held to the next one.
//! One thread works, batches are of a hundred, and nothing waits for company while little comes.

#![expect(clippy::print_stderr, reason = "a person reads why it ended")]

mod acks;
mod batches;
mod broker;
mod fallback;
mod gateway;
mod hooks;
mod intake;
mod server;
mod settings;
mod sms;
mod tables;
mod tasks;

use std::process::ExitCode;

use clap::{Parser, Subcommand};
use tokio::signal::unix::{SignalKind, signal};
use tokio_util::sync::CancellationToken;

use crate::tasks::Tasks;

/// Why the process ends.
type Problem = Box<dyn std::error::Error + Send + Sync>;

/// The yardstick of `cargo xtask bench`; it reads the variables of the fleet's roles.
#[derive(Parser)]
#[command(name = "bench_ideal")]
struct Cli {
    #[command(subcommand)]
    role: Role,
}

#[derive(Clone, Copy, Subcommand)]
enum Role {
    /// Make the tables and end, for whoever looks at them before a role has started.
    Tables,
    /// In place of `fleet work sms`.
    Sms,
    /// In place of `fleet intake`.
    Intake,
    /// In place of `fleet work fallback`.
    Fallback,
}

fn main() -> ExitCode {
    let cli = Cli::parse();
    let ended = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(Problem::from)
        .and_then(|runtime| runtime.block_on(run(cli.role)));
    match ended {
        Ok(()) => ExitCode::SUCCESS,
        Err(problem) => {
            eprintln!("{problem}");
            ExitCode::FAILURE
        }
    }
}

/// Works until SIGTERM, then finishes what is in hand.
async fn run(role: Role) -> Result<(), Problem> {
    let (tasks, failure) = Tasks::new();
    let stop = CancellationToken::new();
    let mut terminate = signal(SignalKind::terminate())?;
    let stopping = stop.clone();
    tasks.spawn(async move {
        terminate.recv().await;
        stopping.cancel();
        Ok(())
    });
    let working = async {
        match role {
            Role::Tables => tables::make(&tasks).await,
            Role::Sms => sms::run(&tasks, &stop).await,
            Role::Intake => intake::run(&tasks, &stop).await,
            Role::Fallback => fallback::run(&tasks, &stop).await,
        }
    };
    tokio::select! {
        ended = working => ended,
        problem = failure => Err(problem),
    }
}
