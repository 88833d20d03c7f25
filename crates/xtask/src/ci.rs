//! `cargo xtask ci`: everything a change must pass, in the order of what it costs.

use std::process::{Command, ExitCode, Stdio};
use std::time::{Duration, Instant};

use crate::error::{Result, failed};
use crate::interrupt::Interrupt;
use crate::process::Foreground;
use crate::workspace::Workspace;
use crate::{agree, bench, compose, demo, test, tools};

/// How long one step may take; the tests have limits of their own.
const STEP_LIMIT: Duration = Duration::from_secs(30 * 60);
/// The dependency checker; unoptimised it compiles in about two minutes, which is less than it saves.
const CARGO_DENY_VERSION: &str = "0.20.2";

enum Outcome {
    Passed,
    /// The reason is printed: a step that is left out must be seen.
    Skipped(String),
}

type Step = fn(&Workspace, &Interrupt) -> Result<Outcome>;

const STEPS: &[(&str, Step)] = &[
    ("format", format),
    ("compose file", compose_file),
    ("lints", lints),
    ("documentation", documentation),
    ("optimised", optimised),
    ("dependencies", dependencies),
    ("micro-benchmarks", micro_benchmarks),
];

type Advertised = fn(&Interrupt) -> Result<ExitCode>;

/// What the README tells a person to type, in a form that takes seconds; `tests/tests/typed/documented.rs` names the rest.
const ADVERTISED: &[(&str, Advertised)] = &[
    ("tests by name", |interrupt| {
        test::run(&test::Arguments::new(&["a_receipt_that_comes_after_the_email"]), interrupt)
    }),
    ("demo", |interrupt| demo::run(&demo::Arguments::unattended(), interrupt)),
    ("bench", |interrupt| bench::run(&bench::Arguments::smallest(), interrupt)),
    ("agree", |interrupt| agree::run(&agree::Arguments::smallest(), interrupt)),
    ("compose", |interrupt| compose::run(&compose::Arguments::smallest(), interrupt)),
];

/// Runs every step up to the first that fails.
pub fn run(interrupt: &Interrupt) -> Result<ExitCode> {
    let start = Instant::now();
    let workspace = Workspace::find()?;
    for (name, step) in STEPS {
        heading(name);
        let step_start = Instant::now();
        let outcome = step(&workspace, interrupt)?;
        let seconds = step_start.elapsed().as_secs_f64();
        match outcome {
            Outcome::Passed => eprintln!("{name}: passed in {seconds:.1} s"),
            Outcome::Skipped(reason) => eprintln!("{name}: SKIPPED, {reason}"),
        }
    }
    heading("tests");
    let mut code = test::run(&test::Arguments::new(&["--no-fail-fast"]), interrupt)?;
    for (name, command) in ADVERTISED {
        if code == ExitCode::SUCCESS {
            heading(name);
            code = command(interrupt)?;
        }
    }
    eprintln!("xtask ci: {:.1} s in all", start.elapsed().as_secs_f64());
    Ok(code)
}

fn heading(name: &str) {
    eprintln!("\n==== {name} ====");
}

fn format(workspace: &Workspace, interrupt: &Interrupt) -> Result<Outcome> {
    pass(workspace.cargo().args(["fmt", "--all", "--check"]), interrupt)
}

fn compose_file(workspace: &Workspace, interrupt: &Interrupt) -> Result<Outcome> {
    let mut probe = Command::new("docker");
    probe.args(["compose", "version"]).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    if !probe.status().is_ok_and(|status| status.success()) {
        return Ok(Outcome::Skipped("this machine has no `docker compose`".to_owned()));
    }
    let with_tls = ["--file", "docker-compose.yml", "--file", "deploy/compose-tls.yml"];
    for files in [&[][..], &with_tls] {
        let mut command = Command::new("docker");
        command
            .arg("compose")
            .args(files)
            .args(["config", "--quiet"])
            .env("CLOSURE_BROKER_TLS", &workspace.root);
        pass(command.current_dir(&workspace.root), interrupt)?;
    }
    Ok(Outcome::Passed)
}

fn lints(workspace: &Workspace, interrupt: &Interrupt) -> Result<Outcome> {
    let mut command = workspace.cargo();
    pass(
        command.args(["clippy", "--workspace", "--all-targets", "--locked", "--", "-D", "warnings"]),
        interrupt,
    )
}

fn documentation(workspace: &Workspace, interrupt: &Interrupt) -> Result<Outcome> {
    let mut command = workspace.cargo();
    command.args(["doc", "--workspace", "--no-deps", "--document-private-items", "--locked"]);
    pass(command.env("RUSTDOCFLAGS", "-D warnings"), interrupt)
}

/// The largest crate as a release has it: what the compiler says only where it optimises is heard here. The rest of a
/// release is compiled where `cargo xtask compose` makes the image.
fn optimised(workspace: &Workspace, interrupt: &Interrupt) -> Result<Outcome> {
    let mut command = workspace.cargo();
    command.args(["build", "--locked", "--package", "closure-fleet", "--lib"]);
    command.args(["--config", "profile.dev.package.closure-fleet.opt-level=1"]);
    // Compiled by halves it is not looked at as a whole.
    pass(command.env("CARGO_INCREMENTAL", "0"), interrupt)
}

/// Licences, bans and sources need nothing but the registry; advisories need another network and are not asked.
fn dependencies(workspace: &Workspace, interrupt: &Interrupt) -> Result<Outcome> {
    let program = tools::cargo_tool(workspace, "cargo-deny", CARGO_DENY_VERSION, interrupt)?;
    let mut command = Command::new(program);
    command.args([
        "--workspace",
        "--locked",
        "check",
        "--hide-inclusion-graph",
        "bans",
        "licenses",
        "sources",
    ]);
    pass(command.current_dir(&workspace.root), interrupt)
}

/// Each measurement once and unoptimised: that it runs is looked at, and how long it takes is not.
fn micro_benchmarks(workspace: &Workspace, interrupt: &Interrupt) -> Result<Outcome> {
    let mut command = workspace.cargo();
    command.args(["test", "--workspace", "--locked"]);
    command.args(["--bench", "explain", "--bench", "mail", "--", "--test"]);
    pass(&mut command, interrupt)
}

fn pass(command: &mut Command, interrupt: &Interrupt) -> Result<Outcome> {
    let status = Foreground::run(command, STEP_LIMIT, interrupt)?;
    if status.success() {
        return Ok(Outcome::Passed);
    }
    let arguments: Vec<_> = command.get_args().map(|argument| argument.to_string_lossy()).collect();
    let program = command.get_program().to_string_lossy();
    failed(format!("`{program} {}` ended with {status}", arguments.join(" ")))
}
