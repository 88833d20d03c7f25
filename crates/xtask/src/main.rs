//! `cargo xtask …`: what a person types.

#![expect(clippy::print_stderr, reason = "this program speaks to the person at the terminal, not to a log")]

use std::process::ExitCode;

use clap::Parser;
use xtask::cli::Cli;

fn main() -> ExitCode {
    Cli::parse().run().unwrap_or_else(|error| {
        eprintln!("xtask: {error}");
        error.exit_code()
    })
}
