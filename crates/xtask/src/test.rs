//! `cargo xtask test`: the whole test suite on a real broker and a real database of its own.

use std::process::{Command, ExitCode, ExitStatus};
use std::time::Duration;

use crate::asterisk::{self, Pbx};
use crate::error::Result;
use crate::interrupt::Interrupt;
use crate::packages;
use crate::parts::Parts;
use crate::process::Foreground;
use crate::services::release::Release;
use crate::services::{Durability, Leftovers, ServiceOptions, Services};
use crate::tools::Tools;
use crate::workspace::Workspace;

/// How long compiling may take.
const BUILD_LIMIT: Duration = Duration::from_secs(40 * 60);
/// How long the compiled tests may take to say their names.
const LISTING_LIMIT: Duration = Duration::from_secs(10 * 60);
/// How long the tests may take.
const TEST_LIMIT: Duration = Duration::from_secs(60 * 60);
/// Names the folder with the built binaries for tests that run them as processes.
pub const BINARIES_VARIABLE: &str = "CLOSURE_TEST_BINARIES";

/// The options of `cargo xtask test`.
#[derive(clap::Args, Debug, Default)]
pub struct Arguments {
    /// The RabbitMQ that the tests run on; 4.0 and 4.3 are unpacked from newer releases of Debian, which needs root
    #[arg(long, value_enum, default_value_t)]
    rabbitmq: Release,
    /// What `cargo test` gets in addition, such as `-p closure-store claim`; without `-p`, every package is tested
    #[arg(trailing_var_arg = true, allow_hyphen_values = true, value_name = "ARGUMENTS")]
    cargo_test: Vec<String>,
}

impl Arguments {
    /// These arguments for `cargo test`.
    pub fn new(cargo_test: &[&str]) -> Arguments {
        Arguments {
            rabbitmq: Release::Installed,
            cargo_test: cargo_test.iter().map(|&argument| argument.to_owned()).collect(),
        }
    }
}

/// Builds, starts the services, tests and stops; ends as `cargo test` ended.
pub fn run(arguments: &Arguments, interrupt: &Interrupt) -> Result<ExitCode> {
    let mut parts = Parts::default();
    let status = run_parts(arguments, interrupt, &mut parts)?;
    eprintln!("xtask test: {parts}");
    Ok(exit_code(status))
}

fn run_parts(arguments: &Arguments, interrupt: &Interrupt, parts: &mut Parts) -> Result<ExitStatus> {
    parts.measure("packages", || packages::ensure(packages::TESTS, interrupt))?;
    let workspace = Workspace::find()?;
    let tools = parts.measure("tools", || Tools::install(&workspace, interrupt))?;
    for (name, mut build) in builds(&workspace, arguments) {
        let status = parts.measure(name, || Foreground::run(&mut build, BUILD_LIMIT, interrupt))?;
        if !status.success() {
            return Ok(status);
        }
    }
    let options = ServiceOptions { durability: Durability::Unsynced, leftovers: Leftovers::Remove };
    let is_needed = parts.measure("listing", || needs_pbx(&workspace, arguments, interrupt))?;
    let pbx = || parts.measure("Asterisk", || Pbx::find(&workspace, interrupt));
    let pbx = is_needed.then(pbx).transpose()?;
    let programs = parts.measure("RabbitMQ", || arguments.rabbitmq.programs(&workspace, interrupt))?;
    let start = || Services::start_with(&workspace.services_folder(), options, &programs, interrupt);
    let mut services = parts.measure("services", start)?;
    eprintln!("The tests run on RabbitMQ {}.", services.rabbit_version()?);
    let mut command = cargo_test(&workspace, arguments, &[]);
    services.adopt(&mut command);
    command.envs(tools.environment().iter().map(|(name, place)| (name, place)));
    if let Some(pbx) = &pbx {
        tell_tests(&mut command, pbx.left_out());
    }
    command.envs(pbx.as_ref().map(Pbx::variable));
    command.env(BINARIES_VARIABLE, workspace.binaries_folder());
    let status = parts.measure("tests", || Foreground::run(&mut command, TEST_LIMIT, interrupt))?;
    if !status.success() {
        services.leave_folder();
        eprintln!("The services' logs stay in {} until the next run.", services.folder().display());
    }
    parts.measure("stop", || drop(services));
    Ok(status)
}

/// Everything is compiled before the services start, so that they are fresh and the durations mean something.
///
/// The tests need more features of some dependencies than the binaries alone, so that the whole suite compiles both at
/// once and what they share once; a part of it does not wait for tests that it leaves out.
fn builds(workspace: &Workspace, arguments: &Arguments) -> [(&'static str, Command); 2] {
    let targets = if is_whole_suite(&arguments.cargo_test) { "--all-targets" } else { "--bins" };
    let mut binaries = workspace.cargo();
    binaries.args(["build", "--workspace", targets, "--locked"]);
    let tests = cargo_test(workspace, arguments, &["--no-run", "--quiet"]);
    [("build of binaries", binaries), ("build of tests", tests)]
}

fn cargo_test(workspace: &Workspace, arguments: &Arguments, first: &[&str]) -> Command {
    let mut command = workspace.cargo();
    command.args(["test", "--locked"]).args(first);
    if !chooses_packages(&arguments.cargo_test) {
        command.arg("--workspace");
    }
    command.args(&arguments.cargo_test);
    command
}

/// Whether any test is chosen that needs the PBX; cargo is asked, which alone knows its grammar and the tests theirs.
fn needs_pbx(workspace: &Workspace, arguments: &Arguments, interrupt: &Interrupt) -> Result<bool> {
    if is_whole_suite(&arguments.cargo_test) {
        return Ok(true);
    }
    let mut command = cargo_test(workspace, arguments, &["--quiet"]);
    tell_tests(&mut command, &["--list"]);
    let said = Foreground::read(&mut command, LISTING_LIMIT, interrupt)?;
    // Arguments that cargo or the tests refuse are refused again, aloud, when the tests are to run.
    Ok(said.code == Some(0) && asterisk::is_needed(&said.output))
}

/// Adds to what the tests' own programs are told, beside what a person wrote after the dashes.
fn tell_tests(command: &mut Command, words: &[&str]) {
    if words.is_empty() {
        return;
    }
    let separator = (!command.get_args().any(|argument| argument == "--")).then_some("--");
    command.args(separator).args(words);
}

/// True if nothing is left out.
fn is_whole_suite(arguments: &[String]) -> bool {
    arguments.iter().all(|argument| argument == "--no-fail-fast")
}

/// True if cargo's own arguments, those before `--`, say which packages are meant.
fn chooses_packages(arguments: &[String]) -> bool {
    let mut own = arguments.iter().take_while(|argument| *argument != "--");
    own.any(|argument| {
        argument.starts_with("-p") || argument.starts_with("--package") || argument == "--workspace"
    })
}

/// The code of a process that ended, for our own end; a process that was killed has none.
pub fn exit_code(status: ExitStatus) -> ExitCode {
    let code = status.code().and_then(|code| u8::try_from(code).ok());
    code.map_or(ExitCode::FAILURE, ExitCode::from)
}

#[cfg(test)]
mod tests {
    use std::process::Command;

    use super::{chooses_packages, is_whole_suite, tell_tests};

    fn owned(arguments: &[&str]) -> Vec<String> {
        arguments.iter().map(|&argument| argument.to_owned()).collect()
    }

    fn chooses(arguments: &[&str]) -> bool {
        chooses_packages(&owned(arguments))
    }

    #[test]
    fn only_a_run_that_leaves_nothing_out_is_the_whole_suite() {
        assert!(is_whole_suite(&[]));
        assert!(is_whole_suite(&owned(&["--no-fail-fast"])));
        assert!(!is_whole_suite(&owned(&["--test", "faults"])));
        assert!(!is_whole_suite(&owned(&["--", "claim"])));
    }

    #[test]
    fn the_tests_are_told_more_behind_what_a_person_tells_them() {
        for (typed, told) in [
            (&["test"][..], &["test", "--", "--list"][..]),
            (&["test", "causes"], &["test", "causes", "--", "--list"]),
            (&["test", "--", "--exact", "a"], &["test", "--", "--exact", "a", "--list"]),
        ] {
            let mut command = Command::new("cargo");
            command.args(typed);
            tell_tests(&mut command, &["--list"]);
            assert_eq!(command.get_args().collect::<Vec<_>>(), told);
            tell_tests(&mut command, &[]);
            assert_eq!(command.get_args().count(), told.len(), "no dashes for nothing");
        }
    }

    #[test]
    fn a_package_named_before_the_dashes_limits_the_suite_and_one_after_them_is_a_filter() {
        assert!(chooses(&["-p", "closure-store"]));
        assert!(chooses(&["-pclosure-store"]));
        assert!(chooses(&["--package=closure-store", "claim"]));
        assert!(!chooses(&["claim", "--", "-p"]));
        assert!(!chooses(&[]));
    }
}
