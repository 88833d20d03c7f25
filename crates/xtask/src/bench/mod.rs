//! `cargo xtask bench`: the judge of speed: what each way through the fleet takes and costs.
//!
//! Broker, database, gateway and fleet share this machine, so that a rate says little by itself.
//! What can be compared are the CPU time a job, and two runs of the same minute.
//! With `--mail` it is the mail adapter alone: mails over fresh connections against mails over one.

pub mod against;
pub mod cpu;
pub mod database;
pub mod difference;
pub mod load;
pub mod measured;
pub mod meter;
pub mod numbers;
pub mod paths;
pub mod plan;
pub mod profile;
pub mod report;
pub mod revision;
pub mod stage;
pub mod warm;

use std::process::ExitCode;
use std::time::Duration;

use crate::deployment::Deployment;
use crate::error::{Result, failed};
use crate::interrupt::Interrupt;
use crate::packages;
use crate::process::Foreground;
use crate::services::{Durability, Leftovers, ServiceOptions, Services, StatementCounts};
use crate::workspace::{Profile, Workspace};

use against::Side;
use paths::Site;
use plan::{Path, Plan, Statements};
use profile::Profiler;
use report::{Form, Rounds};
use revision::Revision;
use stage::{Programs, Rights, Stage, Worker};

/// So many old deliveries show that the tables can be filled.
const SMOKE_WARM: u64 = 1_000;
/// The receipts of a storm come within so many seconds.
const STORM_S: u32 = 60;
/// Building and measuring the mail adapter alone may take so long.
const MAIL_LIMIT: Duration = Duration::from_secs(30 * 60);

/// The options of `cargo xtask bench`.
#[derive(clap::Args, Debug)]
pub struct Arguments {
    /// Only this way through the fleet; may be repeated
    #[arg(long = "path", value_enum)]
    paths: Vec<Path>,
    /// Jobs of one backlog
    #[arg(long, default_value_t = 10_000, value_parser = clap::value_parser!(u32).range(100..=100_000))]
    jobs: u32,
    /// Jobs a second of what is paced
    #[arg(long, default_value_t = 100, value_parser = clap::value_parser!(u32).range(1..=5_000))]
    rate: u32,
    /// How long what is paced takes
    #[arg(long, default_value_t = 20, value_parser = clap::value_parser!(u32).range(1..=300))]
    seconds: u32,
    /// How often each path is measured
    #[arg(long, default_value_t = 3, value_parser = clap::value_parser!(u16).range(1..=50))]
    rounds: u16,
    /// A short run: one round, 1000 jobs, 5 seconds, a tenth of the storm
    #[arg(long, conflicts_with_all = ["jobs", "seconds", "rounds"])]
    quick: bool,
    /// Only whether every measurement still works: unoptimised binaries, one round, 100 jobs
    #[arg(long, conflicts_with_all = ["jobs", "rate", "seconds", "rounds", "quick"])]
    smoke: bool,
    /// Receipts of a storm, which come within a minute
    #[arg(long, default_value_t = 100_000, value_parser = clap::value_parser!(u32).range(100..=1_000_000))]
    receipts: u32,
    /// Messages in hand of each role; the fleet's own default without it
    #[arg(long)]
    concurrency: Option<u16>,
    /// How long each answer of the SMS gateway takes
    #[arg(long, default_value_t = 0, value_name = "MS")]
    gateway_ms: u64,
    /// Tell the statements on which the database spent most of its time
    #[arg(long)]
    statements: bool,
    /// So many old deliveries with their attempts and receipts lie in the tables
    #[arg(long, default_value_t = 0, value_name = "COUNT")]
    warm: u64,
    /// Draw a flame graph of this role, or of broker or database, on each path, into target/bench
    #[arg(long, value_name = "ROLE")]
    profile: Option<String>,
    /// Measure another revision in turn with this one, and say which differences are real
    #[arg(long, value_name = "REV", conflicts_with = "ideal")]
    against: Option<String>,
    /// Measure this revision instead of the tree as it lies here
    #[arg(long, value_name = "REV", requires = "against")]
    of: Option<String>,
    /// Measure the hand-written yardstick in turn with the fleet, on the paths that it knows
    #[arg(long)]
    ideal: bool,
    /// Print one JSON object instead of the table
    #[arg(long)]
    json: bool,
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
    let profiler = match &arguments.profile {
        Some(role) => Some(Profiler::prepare(role, &workspace, interrupt)?),
        None => None,
    };
    let plan = arguments.plan(profiler);
    let built = |asked| Revision::build(asked, arguments.profile(), &workspace, interrupt);
    let other = match (&arguments.against, arguments.ideal) {
        (Some(asked), _) => Some(Other::Revision(built(asked)?)),
        (None, true) => Some(Other::Ideal),
        (None, false) => None,
    };
    let measured = arguments.of.as_deref().map(built).transpose()?;
    match arguments.profile() {
        Profile::Release => eprintln!("building the fleet for release …"),
        Profile::Development => eprintln!("building the fleet unoptimised: its numbers say nothing …"),
    }
    let binaries = workspace.build(arguments.profile(), interrupt)?;
    let ours = Programs {
        root: workspace.root.clone(),
        fleet: binaries.clone(),
        harness: binaries,
        rights: Rights::OfEachRole,
        worker: Worker::Fleet,
    };
    let form = arguments.form();
    let Some(other) = other else {
        return with_services(&workspace, &ours, &plan, interrupt, |stage| {
            measure(&plan, &stage, form, interrupt)
        });
    };
    let (name, theirs, mut ours) = other.sides(ours);
    let mut our_name = "this tree".to_owned();
    if let Some(Revision { name, root, binaries }) = measured {
        (our_name, ours) = (name, Programs { root, fleet: binaries, ..ours });
    }
    with_services(&workspace, &theirs, &plan, interrupt, |stage| {
        let other = Side { name, stage };
        with_services(&workspace, &ours, &plan, interrupt, |stage| {
            let ours = Side { name: our_name, stage };
            against::compare(&plan, &other, &ours, form, interrupt)?;
            Ok(())
        })
        .map(drop)
    })
}

/// What this tree is measured against.
enum Other {
    Revision(Revision),
    Ideal,
}

impl Other {
    /// Its name, its programs, and ours as they are compared with them.
    fn sides(self, ours: Programs) -> (String, Programs, Programs) {
        match self {
            Other::Revision(Revision { name, root, binaries }) => {
                let ours = Programs { rights: Rights::Owner, ..ours };
                (name, Programs { root, fleet: binaries, ..ours.clone() }, ours)
            }
            Other::Ideal => ("ideal".to_owned(), Programs { worker: Worker::Ideal, ..ours.clone() }, ours),
        }
    }
}

/// Starts services of their own for these programs, and sets the stage on them.
fn with_services(
    workspace: &Workspace,
    programs: &Programs,
    plan: &Plan,
    interrupt: &Interrupt,
    measure: impl FnOnce(Stage<'_>) -> Result<()>,
) -> Result<ExitCode> {
    eprintln!("starting a private RabbitMQ and a private PostgreSQL that waits for the disk …");
    let mut services = Services::start(&workspace.services_folder(), SERVICES, interrupt)?;
    let outcome = Deployment::prepare(workspace, &services)
        .and_then(|deployment| {
            Stage::set(deployment, programs.clone(), plan.gateway_ms, &services, interrupt)
        })
        .and_then(measure);
    if outcome.is_err() {
        services.leave_folder();
        eprintln!("The logs stay in {} until the next run.", services.folder().display());
    }
    outcome.map(|()| ExitCode::SUCCESS)
}

/// What production pays is paid here too.
const SERVICES: ServiceOptions = ServiceOptions {
    durability: Durability::Synced,
    statement_counts: StatementCounts::Kept,
    leftovers: Leftovers::Remove,
};

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
    /// What shows in little time that every measurement still works.
    pub fn smallest() -> Arguments {
        Arguments {
            paths: Vec::new(),
            jobs: 0,
            rate: 0,
            seconds: 0,
            rounds: 0,
            receipts: 0,
            quick: false,
            smoke: true,
            concurrency: None,
            gateway_ms: 0,
            statements: true,
            warm: 0,
            profile: None,
            against: None,
            of: None,
            ideal: false,
            json: false,
            mail: false,
        }
    }

    fn profile(&self) -> Profile {
        if self.smoke { Profile::Development } else { Profile::Release }
    }

    fn form(&self) -> Form {
        if self.json { Form::Json } else { Form::Table }
    }

    fn plan(&self, profiler: Option<Profiler>) -> Plan {
        let known = if self.ideal { Path::IDEAL.to_vec() } else { Path::ALL.to_vec() };
        let asked = |path: &Path| self.paths.is_empty() || self.paths.contains(path);
        let paths = known.into_iter().filter(asked).collect();
        let (jobs, rate, seconds, rounds) = match (self.smoke, self.quick) {
            (true, _) => (100, 20, 2, 1),
            (false, true) => (1_000, self.rate, 5, 1),
            (false, false) => (self.jobs, self.rate, self.seconds, self.rounds),
        };
        let (receipts, storm_s) = match (self.smoke, self.quick) {
            (true, _) => (200, 2),
            (false, true) => (self.receipts / 10, STORM_S / 10),
            (false, false) => (self.receipts, STORM_S),
        };
        Plan {
            paths,
            jobs,
            rate,
            seconds,
            rounds,
            receipts,
            storm_s,
            concurrency: self.concurrency,
            gateway_ms: self.gateway_ms,
            statements: if self.statements { Statements::Told } else { Statements::Untold },
            warm: if self.smoke { SMOKE_WARM } else { self.warm },
            profiler,
        }
    }
}

/// Fills the tables, from a few texts that go their real way first.
fn warm_up(plan: &Plan, stage: &Stage<'_>, interrupt: &Interrupt) -> Result<()> {
    if plan.warm == 0 {
        return Ok(());
    }
    eprintln!("filling the tables with {} old deliveries …", plan.warm);
    let few = Plan { jobs: 1, profiler: None, ..plan.clone() };
    paths::measure(Site { stage, path: Path::LifeDrain, plan: &few, interrupt })?;
    warm::fill(&stage.database, plan.warm, interrupt)
}

/// Every path in every round; a path's rounds lie apart, so that a busy minute does not hit one path alone.
fn measure(plan: &Plan, stage: &Stage<'_>, form: Form, interrupt: &Interrupt) -> Result<()> {
    warm_up(plan, stage, interrupt)?;
    let load_before = numbers::load_average();
    let mut rounds = Rounds::new();
    for number in 1..=plan.rounds {
        for path in &plan.paths {
            eprintln!("round {number} of {}: {} …", plan.rounds, path.name());
            let measured = paths::measure(Site { stage, path: *path, plan, interrupt })?;
            rounds.entry(*path).or_default().push(measured);
        }
    }
    report::print(plan, &rounds, load_before, form);
    Ok(())
}
