//! The binary `fleet`.

use std::{process::ExitCode, time::Duration};

use clap::Parser;
use closure_fleet::{cli::Cli, commands, output};

/// How long the end of the process waits for what is still under way on other threads.
const THOUGHT_MAX: Duration = Duration::from_secs(1);

fn main() -> ExitCode {
    rustls::crypto::ring::default_provider()
        .install_default()
        .expect("no other TLS provider is installed before the first line of main");
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(problem) => return output::usage(&problem),
    };
    // One thread carries one pipeline; operations scale by processes, which costs less CPU than stealing work.
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let ended = match runtime {
        Ok(runtime) => {
            let ended = runtime.block_on(commands::run(cli));
            // A question of the advisor that is still thought about has nobody who waits for its answer.
            runtime.shutdown_timeout(THOUGHT_MAX);
            ended
        }
        Err(problem) => Err(commands::Failure::Internal(format!("the runtime cannot start: {problem}"))),
    };
    match ended {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => output::failure(&failure),
    }
}
