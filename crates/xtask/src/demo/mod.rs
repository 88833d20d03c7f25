//! `cargo xtask demo`: the whole fleet on this machine, playing the scenario in front of a person.

pub mod endings;
pub mod environment;
pub mod invitation;
pub mod observe;
pub mod outcome_feed;
pub mod rehearsal;
pub mod report;
pub mod scenario;
pub mod settings;
pub mod stage;

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use crate::error::{Result, failed};
use crate::interrupt::Interrupt;
use crate::packages;
use crate::process::Foreground;
use crate::services::{Leftovers, ServiceOptions, Services};
use crate::workspace::Workspace;

use environment::Environment;
use invitation::Invitation;
use observe::{Observer, Verdict};
use scenario::Scenario;
use stage::Stage;

/// The scenario, from the workspace's root.
pub const SCENARIO: &str = "tests/scenario/kride.json";
/// How long compiling may take.
const BUILD_LIMIT: Duration = Duration::from_secs(40 * 60);
/// The whole scenario has to come to its end in this time.
const SCENARIO_LIMIT: Duration = Duration::from_secs(180);
/// Between two looks at what has happened.
const LOOK_INTERVAL: Duration = Duration::from_millis(500);
/// After everything has come as expected, nothing more may come for this long.
const QUIET_TIME: Duration = Duration::from_secs(8);

/// The options of `cargo xtask demo`.
#[derive(clap::Args, Debug)]
pub struct Arguments {
    /// Stop everything at the end, and fail if any row is not as the scenario expects, or a line that the demo prints
    /// for a look around does not do what it says
    #[arg(long)]
    exit: bool,
}

impl Arguments {
    /// From begin to end without a person.
    pub fn unattended() -> Arguments {
        Arguments { exit: true }
    }
}

/// Plays the scenario; with `--exit` it ends with the last row, otherwise with Ctrl-C.
pub fn run(arguments: &Arguments, interrupt: &Interrupt) -> Result<ExitCode> {
    let begin = Instant::now();
    packages::ensure(packages::DEMO, interrupt)?;
    let workspace = Workspace::find()?;
    let scenario = Scenario::read(&workspace.root.join(SCENARIO))?;
    println!("{}\n", scenario.title);
    println!("building the fleet …");
    build(&workspace, interrupt)?;
    println!("starting a private RabbitMQ and a private PostgreSQL …");
    let options = ServiceOptions::quick(Leftovers::Remove);
    let services = Services::start(&workspace.services_folder(), options, interrupt)?;
    println!("starting simulators, intake, advisor and one process for each role, each as its own user …");
    let stage = Stage::set(&workspace, &services, interrupt)?;
    println!("ready after {} s; publishing {} cases\n", begin.elapsed().as_secs(), scenario.rows.len());
    let verdicts = perform(&scenario, &stage, interrupt)?;
    report::table(&verdicts);
    let wrong = wrong(&verdicts);
    report::summary(verdicts.len(), wrong, begin.elapsed());
    let invitation = Invitation::write(&stage, &workspace, &scenario)?;
    let mut wrong_lines = 0;
    if arguments.exit {
        wrong_lines = rehearsal::run(&invitation, &stage, &services, interrupt)?;
    } else {
        invitation.print();
        interrupt.wait();
        println!("stopping …");
    }
    drop(stage);
    drop(services);
    Ok(if wrong + wrong_lines == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// Builds the fleet and its simulators as the development profile does, and answers the folder that they are in.
pub fn build(workspace: &Workspace, interrupt: &Interrupt) -> Result<PathBuf> {
    let mut build = workspace.cargo();
    build.args([
        "build",
        "--locked",
        "--bins",
        "--package",
        "closure-fleet",
        "--package",
        "closure-simulators",
    ]);
    let built = Foreground::run(&mut build, BUILD_LIMIT, interrupt)?;
    if built.success() {
        return Ok(workspace.binaries_folder());
    }
    failed(format!("the fleet does not build: {built}"))
}

/// Publishes every row and answers how each came out.
pub fn perform(
    scenario: &Scenario,
    environment: &dyn Environment,
    interrupt: &Interrupt,
) -> Result<Vec<Verdict>> {
    let mut observer = Observer::new(environment)?;
    let published = Instant::now();
    for row in &scenario.rows {
        environment::publish(environment, row, row.publish.first())?;
        observer.published(row, published.elapsed());
    }
    // Of two messages about one job that come together either may be the first.
    for row in &scenario.rows {
        environment::publish(environment, row, row.publish.iter().skip(1))?;
    }
    let verdicts = play(scenario, &mut observer, published, interrupt)?;
    println!("  {} outcomes were told again under the id that they had", observer.repeats);
    Ok(verdicts)
}

/// How many rows are not as the scenario expects.
pub fn wrong(verdicts: &[Verdict]) -> usize {
    verdicts.iter().filter(|verdict| !verdict.problems.is_empty()).count()
}

/// Looks until every row is as expected and stays so, or the time is over.
fn play(
    scenario: &Scenario,
    observer: &mut Observer<'_>,
    published: Instant,
    interrupt: &Interrupt,
) -> Result<Vec<Verdict>> {
    let mut quiet_since: Option<Instant> = None;
    let mut shown = usize::MAX;
    loop {
        interrupt.pause(LOOK_INTERVAL)?;
        observer.look(published.elapsed())?;
        let verdicts: Vec<_> = scenario.rows.iter().map(|row| observer.judge(row)).collect();
        let open = verdicts.iter().filter(|verdict| !verdict.problems.is_empty()).count();
        if open != shown {
            shown = open;
            println!(
                "  {:>3} s  {} of {} cases are as the guide asks",
                published.elapsed().as_secs(),
                verdicts.len() - open,
                verdicts.len()
            );
        }
        match quiet_since {
            _ if open > 0 => quiet_since = None,
            None => quiet_since = Some(Instant::now()),
            Some(since) if since.elapsed() >= QUIET_TIME => return Ok(verdicts),
            Some(_) => {}
        }
        if published.elapsed() >= SCENARIO_LIMIT {
            return Ok(verdicts);
        }
    }
}
