//! The binary `fleet`.

use std::process::ExitCode;

use clap::Parser;
use closure_fleet::{cli::Cli, commands, output};

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
        Ok(runtime) => runtime.block_on(commands::run(cli)),
        Err(problem) => Err(commands::Failure::Internal(format!("the runtime cannot start: {problem}"))),
    };
    match ended {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => output::failure(&failure),
    }
}
