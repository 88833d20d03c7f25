//! `cargo xtask compose`: docker-compose.yml on an engine of its own, brought up, tried and judged.

pub mod containers;
pub mod engine;
pub mod image;
pub mod outages;
pub mod project;
pub mod real;
pub mod repeats;
pub mod upgrade;
pub mod webhook;

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Instant;

use crate::demo::scenario::Scenario;
use crate::demo::{self, report};
use crate::error::{Context, Result, failed};
use crate::interrupt::Interrupt;
use crate::parts::Parts;
use crate::services::release::{Release, Root};
use crate::tools;
use crate::workspace::Workspace;

use clap::ValueEnum as _;
use containers::Containers;
use engine::{Engine, Found, Network};
use project::{Project, docker};

/// The options of `cargo xtask compose`.
#[derive(clap::Args, Debug)]
pub struct Arguments {
    /// Put the binaries of the development build into the image instead of compiling in the image
    #[arg(long)]
    prebuilt: bool,
    /// The RabbitMQ that the stand-in for its official image has
    #[arg(long, value_enum, default_value_t = Release::V4_3)]
    rabbitmq: Release,
    /// Only come up, play the scenario and ask the tools; what CI does on every change
    #[arg(long, conflicts_with = "upgrade_from")]
    smoke: bool,
    /// Only bring the release of this commit up, and this one in its place
    #[arg(long, value_name = "COMMIT", requires = "prebuilt")]
    upgrade_from: Option<String>,
}

impl Arguments {
    /// What CI does, on the newest RabbitMQ of a Debian that is released.
    pub fn smallest() -> Arguments {
        Arguments { prebuilt: true, rabbitmq: Release::V4_0, smoke: true, upgrade_from: None }
    }

    fn extent(&self) -> Extent {
        if self.smoke { Extent::Smoke } else { Extent::Whole }
    }
}

/// How much is tried.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Extent {
    /// Everything.
    Whole,
    /// The demo's start, the scenario, and the tools for people.
    Smoke,
}

/// What is done beside the engine.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Task {
    /// Make the image as the Dockerfile compiles it, with the machine's network.
    Compile,
    /// Try everything with the image that was compiled.
    TryCompiled,
    /// Try everything with an image of the binaries that are there.
    TryPrebuilt,
}

/// What the inside of the engine's namespaces is told.
#[derive(clap::Args, Debug)]
pub struct Inside {
    /// The folder for everything that ends with the run
    state: PathBuf,
    /// The folder of root file systems
    images: PathBuf,
    /// The root file system of the broker
    broker: PathBuf,
    /// What is done there
    #[arg(value_enum)]
    task: Task,
    /// The folder of the development build's binaries
    binaries: PathBuf,
    /// How much is tried
    #[arg(value_enum)]
    extent: Extent,
    /// The folder of an older release, where the upgrade from it is what is tried
    before: Option<PathBuf>,
}

/// Tries the file; where no engine can be had it says so and ends well.
pub fn run(arguments: &Arguments, interrupt: &Interrupt) -> Result<ExitCode> {
    let begin = Instant::now();
    let workspace = Workspace::find()?;
    std::fs::create_dir_all(&workspace.target)
        .context(|| format!("cannot make {}", workspace.target.display()))?;
    // A second run at the same time waits for the first.
    let _lock = tools::lock(&workspace.target.join("compose.lock"), interrupt)?;
    let engine = match Engine::find(&workspace, interrupt)? {
        Found::Engine(engine) => engine,
        Found::None(reason) => return Ok(no_engine(&reason)),
    };
    engine.forget()?;
    println!("making root file systems for the images …");
    if let Err(problem) = engine.roots(interrupt)?.settled("the images")? {
        return Ok(no_engine(&format!("the images cannot be made: {problem}")));
    }
    let broker = match broker(arguments.rabbitmq, &engine, interrupt)? {
        Root::Made(root) => root.display().to_string(),
        Root::Missing(problem) => return Ok(no_engine(&format!("there is no broker: {problem}"))),
    };
    println!("building the fleet …");
    let binaries = demo::build(&workspace, interrupt)?;
    let state = engine.state().display().to_string();
    let images = engine.images().display().to_string();
    let binaries = binaries.display().to_string();
    let extent = arguments.extent().to_possible_value().expect("no extent is hidden");
    let before = match &arguments.upgrade_from {
        Some(commit) => {
            println!("building {commit} …");
            Some(upgrade::prepare(&workspace, commit, interrupt)?.display().to_string())
        }
        None => None,
    };
    let inside = |task: &str, network: Network| {
        let mut told = vec!["compose-inside", &state, &images, &broker, task, &binaries, extent.get_name()];
        told.extend(before.as_deref());
        engine.run(network, &told, interrupt)
    };
    let ended = if arguments.prebuilt {
        inside("try-prebuilt", Network::Own)
    } else {
        println!("compiling in the image …");
        match inside("compile", Network::Machine) {
            Ok(Some(0)) => inside("try-compiled", Network::Own),
            other => other,
        }
    };
    engine.forget()?;
    let code = ended?;
    println!("xtask compose: {:.1} s in all", begin.elapsed().as_secs_f64());
    Ok(match code {
        Some(0) => ExitCode::SUCCESS,
        Some(_) => ExitCode::FAILURE,
        None => no_engine("it does not come up; see above"),
    })
}

/// The broker that was asked for; the newest Debian is not always whole, and then the one before stands in.
fn broker(wanted: Release, engine: &Engine, interrupt: &Interrupt) -> Result<Root> {
    match wanted.root(engine, interrupt)? {
        Root::Missing(problem) if wanted == Release::V4_3 => {
            eprintln!("RabbitMQ 4.3 cannot be had, and 4.0 stands in for it: {problem}");
            Release::V4_0.root(engine, interrupt)
        }
        other => Ok(other),
    }
}

/// Loud, because whoever reads the end of a long log must not take this for a success.
fn no_engine(reason: &str) -> ExitCode {
    eprintln!("\n{}", "!".repeat(78));
    eprintln!("compose: SKIPPED, docker-compose.yml was NOT tried, because there is no engine:");
    eprintln!("{reason}");
    eprintln!("{}\n", "!".repeat(78));
    ExitCode::SUCCESS
}

/// Everything that needs the engine; it runs beside it.
pub fn inside(arguments: &Inside, interrupt: &Interrupt) -> Result<ExitCode> {
    end_with_the_pipe();
    let workspace = Workspace::find()?;
    let mut parts = Parts::default();
    let tried = match arguments.task {
        Task::Compile => parts.measure("image", || image::compile(arguments, &workspace, interrupt)),
        Task::TryCompiled => try_all(arguments, &workspace, &mut parts, interrupt),
        Task::TryPrebuilt => parts
            .measure("images", || image::take(arguments, &workspace, interrupt))
            .and_then(|()| try_all(arguments, &workspace, &mut parts, interrupt)),
    };
    println!("\ncompose: {parts}");
    tried.map(|()| ExitCode::SUCCESS)
}

fn try_all(
    arguments: &Inside,
    workspace: &Workspace,
    parts: &mut Parts,
    interrupt: &Interrupt,
) -> Result<()> {
    let state = arguments.state.as_path();
    if let Some(before) = &arguments.before {
        heading("an older release, and this one in its place");
        upgrade::attempt(arguments, before, workspace, parts, interrupt)?;
        return nothing_is_left(interrupt);
    }
    let demo = Project::new(&workspace.root, state.join("demo"), "", &["demo"], interrupt)?;
    heading("the demo, for the first time");
    let took = parts.measure("first up", || demo.up(&[]))?;
    let version = demo.succeed(&["exec", "--no-TTY", "rabbitmq", "rabbitmqctl", "--quiet", "version"])?;
    println!("  every service is well after {} s, on RabbitMQ {}", took.as_secs(), version.output.trim());
    first_start(&demo)?;
    heading("the scenario");
    let containers = Containers::open(&demo, arguments.binaries.join("fleet"))?;
    let scenario = Scenario::read(&workspace.root.join(demo::SCENARIO))?;
    parts.measure("scenario", || play(&scenario, &containers, interrupt))?;
    heading("operator and doctor");
    parts.measure("tools", || repeats::ask_around(&demo))?;
    if arguments.extent == Extent::Smoke {
        repeats::read_logs(&demo, &scenario, outages::PersonalData::new())?;
        repeats::end(&demo, &["--volumes"])?;
        return nothing_is_left(interrupt);
    }
    heading("three processes of a role");
    parts.measure("scale", || repeats::scale(&demo))?;
    heading("outages with texts under way");
    let personal_data = parts.measure("outages", || outages::bring_about(&demo, &containers))?;
    repeats::read_logs(&demo, &scenario, personal_data)?;
    heading("down, and up again as after an upgrade");
    parts.measure("down and up", || repeats::down_and_up(&demo))?;
    repeats::end(&demo, &["--volumes"])?;
    heading("the real profile");
    let fleet = arguments.binaries.join("fleet");
    let real = || real::bring_up(&workspace.root, &state.join("real"), &fleet, interrupt);
    parts.measure("real profile", real)?;
    nothing_is_left(interrupt)
}

fn heading(text: &str) {
    println!("\n{text}");
}

/// No role had to start twice, and no run left a volume of its own.
fn first_start(demo: &Project) -> Result<()> {
    for service in ["advisor", "sms", "email", "dial", "fallback", "dead", "cancel", "intake"] {
        let restarts = demo.fact(service, "{{.RestartCount}}")?;
        if restarts != "0" {
            return failed(format!("{service} was started again {restarts} times"));
        }
    }
    let volumes = docker(&["volume", "ls", "--quiet"], &demo.interrupt)?;
    if volumes.lines().count() == 3 {
        println!("  no role had to start twice, and there are the three volumes of the file");
        return Ok(());
    }
    failed(format!("there are other volumes than the three of the file:\n{volumes}"))
}

fn play(scenario: &Scenario, containers: &Containers<'_>, interrupt: &Interrupt) -> Result<()> {
    let begin = Instant::now();
    let verdicts = demo::perform(scenario, containers, interrupt)?;
    report::table(&verdicts);
    let wrong = demo::wrong(&verdicts);
    report::summary(verdicts.len(), wrong, begin.elapsed());
    if wrong == 0 { Ok(()) } else { failed(format!("{wrong} cases are not as the guide asks; see above")) }
}

/// Neither containers nor volumes outlive the projects.
fn nothing_is_left(interrupt: &Interrupt) -> Result<()> {
    for arguments in [&["ps", "--all", "--quiet"][..], &["volume", "ls", "--quiet"]] {
        let left = docker(arguments, interrupt)?;
        if !left.is_empty() {
            return failed(format!("`docker {}` still names:\n{left}", arguments.join(" ")));
        }
    }
    println!("\nno container, no network and no volume is left; everything is as it should be");
    Ok(())
}

/// Ends this process, and with it the namespaces, when the one outside is gone.
fn end_with_the_pipe() {
    std::thread::spawn(|| {
        // Nothing is ever written: what ends the read is the end of the pipe.
        let _ = std::io::copy(&mut std::io::stdin(), &mut std::io::sink());
        std::process::exit(1);
    });
}
