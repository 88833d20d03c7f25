//! `cargo xtask bench`: how many text messages a second the fleet takes, how long one takes, and what it costs.
//!
//! Broker, database, gateway and fleet share this machine, so that a rate says little by itself.
//! What can be compared are the CPU time a job, and two runs of the same minute.
//! With `--mail` it is the mail adapter alone: mails over fresh connections against mails over one.

pub mod cpu;
pub mod load;
pub mod numbers;
pub mod report;
pub mod rounds;
pub mod stage;

use std::path::Path;
use std::process::ExitCode;
use std::time::Duration;

use crate::error::{Result, failed};
use crate::interrupt::Interrupt;
use crate::packages;
use crate::process::Foreground;
use crate::services::{Durability, Leftovers, ServiceOptions, Services};
use crate::workspace::{Profile, Workspace};

use rounds::Plan;
use stage::Stage;

/// Building and measuring the mail adapter alone may take so long.
const MAIL_LIMIT: Duration = Duration::from_secs(30 * 60);

/// The options of `cargo xtask bench`.
#[derive(clap::Args, Debug)]
pub struct Arguments {
    /// Jobs of one backlog
    #[arg(long, default_value_t = 10_000, value_parser = clap::value_parser!(u32).range(100..=100_000))]
    jobs: u32,
    /// Jobs a second of the measurement from end to end
    #[arg(long, default_value_t = 100, value_parser = clap::value_parser!(u32).range(1..=5_000))]
    rate: u32,
    /// How long the measurement from end to end takes
    #[arg(long, default_value_t = 20, value_parser = clap::value_parser!(u32).range(1..=300))]
    seconds: u32,
    /// How often both measurements are made
    #[arg(long, default_value_t = 3, value_parser = clap::value_parser!(u16).range(1..=20))]
    rounds: u16,
    /// A smoke run: one round, 1000 jobs, 5 seconds
    #[arg(long, conflicts_with_all = ["jobs", "seconds", "rounds"])]
    quick: bool,
    /// Only whether a measurement still works, in seconds: unoptimised binaries, one round, 200 jobs
    #[arg(long, conflicts_with_all = ["jobs", "rate", "seconds", "rounds", "quick"])]
    smoke: bool,
    /// Messages in hand of each role; the fleet's own default without it
    #[arg(long)]
    concurrency: Option<u16>,
    /// Only the mail adapter: what a connection for many mails saves, with TLS and a login; needs no services
    #[arg(long, exclusive = true)]
    mail: bool,
}

/// Builds, measures, prints; fails where a job was lost or done twice, whatever the numbers are.
pub fn run(arguments: &Arguments, interrupt: &Interrupt) -> Result<ExitCode> {
    if arguments.mail {
        return mail(interrupt);
    }
    packages::ensure(packages::SERVERS, interrupt)?;
    let workspace = Workspace::find()?;
    let binaries = match arguments.profile() {
        Profile::Release => {
            println!("building the fleet for release …");
            workspace.build(Profile::Release, interrupt)?
        }
        Profile::Development => {
            println!("building the fleet unoptimised: its numbers say nothing …");
            workspace.build(Profile::Development, interrupt)?
        }
    };
    println!("starting a private RabbitMQ and a private PostgreSQL that waits for the disk …");
    let options = ServiceOptions { durability: Durability::Synced, leftovers: Leftovers::Remove };
    let mut services = Services::start(&workspace.services_folder(), options, interrupt)?;
    let outcome = measure(&arguments.plan(), &workspace, &binaries, &services, interrupt);
    if outcome.is_err() {
        services.leave_folder();
        eprintln!("The logs stay in {} until the next run.", services.folder().display());
    }
    outcome.map(|()| ExitCode::SUCCESS)
}

fn mail(interrupt: &Interrupt) -> Result<ExitCode> {
    let mut command = Workspace::find()?.cargo();
    command.args(["bench", "--quiet", "--workspace", "--locked", "--bench", "mail"]);
    let status = Foreground::run(&mut command, MAIL_LIMIT, interrupt)?;
    if status.success() {
        Ok(ExitCode::SUCCESS)
    } else {
        failed(format!("the measurement ended with {status}"))
    }
}

impl Arguments {
    /// What shows in seconds that a measurement still works.
    pub fn smallest() -> Arguments {
        Arguments {
            jobs: 0,
            rate: 0,
            seconds: 0,
            rounds: 0,
            quick: false,
            smoke: true,
            concurrency: None,
            mail: false,
        }
    }

    fn profile(&self) -> Profile {
        if self.smoke { Profile::Development } else { Profile::Release }
    }

    fn plan(&self) -> Plan {
        let Arguments { jobs, rate, seconds, rounds, quick, smoke, concurrency, mail: _ } = *self;
        match (smoke, quick) {
            (true, _) => Plan { jobs: 200, rate: 20, seconds: 3, rounds: 1, concurrency },
            (false, true) => Plan { jobs: 1_000, rate, seconds: 5, rounds: 1, concurrency },
            (false, false) => Plan { jobs, rate, seconds, rounds, concurrency },
        }
    }
}

fn measure(
    plan: &Plan,
    workspace: &Workspace,
    binaries: &Path,
    services: &Services,
    interrupt: &Interrupt,
) -> Result<()> {
    let stage = Stage::set(workspace, binaries, services, interrupt)?;
    let load_before = numbers::load_average();
    let mut rounds = Vec::with_capacity(usize::from(plan.rounds));
    for number in 1..=plan.rounds {
        println!("round {number} of {}: a backlog of {} jobs …", plan.rounds, plan.jobs);
        let drain = rounds::drain(plan, number, &stage, interrupt)?;
        println!("round {number} of {}: {} jobs a second for {} s …", plan.rounds, plan.rate, plan.seconds);
        let open_loop = rounds::open_loop(plan, number, &stage, interrupt)?;
        rounds.push((drain, open_loop));
    }
    report::print(plan, &rounds, load_before);
    Ok(())
}
