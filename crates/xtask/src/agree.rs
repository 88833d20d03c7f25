//! `cargo xtask agree`: does `fleet explain` say what the workers do, over as many made jobs as one likes.

use std::process::ExitCode;
use std::time::Duration;

use crate::error::Result;
use crate::interrupt::Interrupt;
use crate::packages;
use crate::process::Foreground;
use crate::services::{Leftovers, ServiceOptions, Services};
use crate::test::exit_code;
use crate::test::stage::BINARIES_VARIABLE;
use crate::workspace::{Profile, Workspace};

/// How long the comparison may take.
const RUN_LIMIT: Duration = Duration::from_secs(3 * 60 * 60);

/// The options of `cargo xtask agree`.
#[derive(clap::Args, Debug)]
pub struct Arguments {
    /// How many jobs are explained, carried out and compared
    #[arg(long, default_value_t = 100_000, value_parser = clap::value_parser!(u32).range(1..=10_000_000))]
    jobs: u32,
    /// The same seed makes the same jobs
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Jobs that are under way together
    #[arg(long, default_value_t = 1_500, value_parser = clap::value_parser!(u32).range(1..=20_000))]
    wave: u32,
    /// Only whether the comparison still works: unoptimised binaries
    #[arg(long)]
    smoke: bool,
}

impl Arguments {
    /// What shows in seconds that the comparison still works; the suite itself compares a thousand jobs.
    pub fn smallest() -> Arguments {
        Arguments { jobs: 200, seed: 1, wave: 200, smoke: true }
    }
}

/// Builds for release, starts the services and compares; fails where explain and the workers disagree on a job.
pub fn run(arguments: &Arguments, interrupt: &Interrupt) -> Result<ExitCode> {
    packages::ensure(packages::SERVERS, interrupt)?;
    let workspace = Workspace::find()?;
    let profile = if arguments.smoke { Profile::Development } else { Profile::Release };
    println!("building the fleet …");
    let binaries = workspace.build(profile, interrupt)?;
    println!("starting a private RabbitMQ and a private PostgreSQL …");
    let options = ServiceOptions::quick(Leftovers::Remove);
    let mut services = Services::start(&workspace.services_folder(), options, interrupt)?;
    let mut command = std::process::Command::new(binaries.join("agree"));
    command.env(BINARIES_VARIABLE, &binaries);
    for (name, number) in [
        ("--jobs", u64::from(arguments.jobs)),
        ("--seed", arguments.seed),
        ("--wave", u64::from(arguments.wave)),
    ] {
        command.args([name, &number.to_string()]);
    }
    services.adopt(&mut command);
    let status = Foreground::run(&mut command, RUN_LIMIT, interrupt)?;
    if !status.success() {
        services.leave_folder();
        println!("The logs stay in {} until the next run.", services.folder().display());
    }
    Ok(exit_code(status))
}
