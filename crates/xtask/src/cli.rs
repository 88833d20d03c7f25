//! The subcommands.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Parser;

use crate::error::Result;
use crate::interrupt::Interrupt;
use crate::{agree, bench, ci, compose, demo, fuzz, services, test};

/// What can be typed after `cargo xtask`.
#[derive(Parser, Debug)]
#[command(name = "cargo xtask", about = "What a person types to try, test and check closure-fleet")]
pub enum Cli {
    /// Play every rule of the guide and every kind of ending with the whole fleet on this machine
    Demo(demo::Arguments),
    /// Run the whole test suite on a private RabbitMQ and a private PostgreSQL
    Test(test::Arguments),
    /// Measure the SMS path: jobs a second, p50 and p99 from end to end, CPU a job and memory
    Bench(bench::Arguments),
    /// Compare what `fleet explain` says with what the workers do, over many made jobs
    Agree(agree::Arguments),
    /// Throw bytes at everything that reads bytes from outside
    Fuzz(fuzz::Arguments),
    /// Bring docker-compose.yml up on an engine of its own, try it and judge it
    Compose(compose::Arguments),
    /// What `compose` does beside its engine
    #[command(hide = true)]
    ComposeInside(compose::Inside),
    /// Start a private RabbitMQ and a private PostgreSQL, print their environment and wait for Ctrl-C
    Services(services::command::Arguments),
    /// Check format, lints, documentation and dependencies, then run the tests
    Ci,
    /// End the services of the run in FOLDER once standard input closes
    #[command(hide = true)]
    Guard {
        /// The run's folder
        folder: PathBuf,
    },
}

impl Cli {
    /// Does what was typed.
    pub fn run(&self) -> Result<ExitCode> {
        match self {
            // A guard is not told to stop: it ends when its owner does.
            Cli::Guard { folder } => services::guard::run(folder),
            Cli::Demo(arguments) => demo::run(arguments, &Interrupt::listen()?),
            Cli::Test(arguments) => test::run(arguments, &Interrupt::listen()?),
            Cli::Bench(arguments) => bench::run(arguments, &Interrupt::listen()?),
            Cli::Agree(arguments) => agree::run(arguments, &Interrupt::listen()?),
            Cli::Fuzz(arguments) => fuzz::run(arguments, &Interrupt::listen()?),
            Cli::Compose(arguments) => compose::run(arguments, &Interrupt::listen()?),
            Cli::ComposeInside(arguments) => compose::inside(arguments, &Interrupt::listen()?),
            Cli::Services(arguments) => services::command::run(arguments, &Interrupt::listen()?),
            Cli::Ci => ci::run(&Interrupt::listen()?),
        }
    }
}
