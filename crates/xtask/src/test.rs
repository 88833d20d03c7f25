//! `cargo xtask test`: the whole test suite, or a part of it, on a real broker and a real database of its own.

mod find;
pub mod program;
pub mod stage;

use std::process::{Command, ExitCode, ExitStatus};
use std::time::Duration;

use crate::asterisk;
use crate::error::{Result, failed};
use crate::interrupt::Interrupt;
use crate::packages;
use crate::parts::Parts;
use crate::process::Foreground;
use crate::services::release::Release;
use crate::workspace::{Workspace, metadata};
use program::{Needs, Program};
use stage::Stage;

/// The programs that tests run.
///
/// There are no examples; asked for them, cargo takes the features that tests need, with which the whole suite has
/// compiled everything.
const PROGRAMS: [&str; 5] = ["--bin", "fleet", "--bin", "simulators", "--examples"];
/// How long compiling may take.
const BUILD_LIMIT: Duration = Duration::from_secs(40 * 60);
/// How long cargo may take to name what it has compiled, or the tests in it.
const LISTING_LIMIT: Duration = Duration::from_secs(10 * 60);
/// How long the tests may take.
const TEST_LIMIT: Duration = Duration::from_secs(60 * 60);

/// The options of `cargo xtask test`.
#[derive(clap::Args, Debug, Default)]
pub struct Arguments {
    /// The RabbitMQ that the tests run on; 4.0 and 4.3 are unpacked from newer releases of Debian, which needs root
    #[arg(long, value_enum, default_value_t)]
    rabbitmq: Release,
    /// A part of a test's name: those tests are found, and nothing is compiled or started that they do not need; or
    /// what `cargo test` gets in addition, such as `-p closure-store`; without `-p`, every package is tested
    #[arg(trailing_var_arg = true, allow_hyphen_values = true, value_name = "NAME|ARGUMENTS")]
    words: Vec<String>,
}

/// What is to be tested.
#[derive(Debug, PartialEq, Eq)]
enum Choice<'a> {
    /// The tests with this in their names; the others are further words for the test programs.
    Named(&'a str, &'a [String]),
    /// Everything.
    Suite,
    /// What `cargo test` makes of these words.
    Cargo,
}

impl Choice<'_> {
    fn of(words: &[String]) -> Choice<'_> {
        match words {
            words if is_whole_suite(words) => Choice::Suite,
            [name] if !name.starts_with('-') => Choice::Named(name, &[]),
            [name, dashes, more @ ..] if !name.starts_with('-') && dashes == "--" => {
                Choice::Named(name, more)
            }
            _ => Choice::Cargo,
        }
    }
}

impl Arguments {
    /// These arguments for `cargo test`.
    pub fn new(words: &[&str]) -> Arguments {
        let words = words.iter().map(|&word| word.to_owned()).collect();
        Arguments { rabbitmq: Release::Installed, words }
    }
}

/// Builds, starts the services, tests and stops; ends as the tests ended.
pub fn run(arguments: &Arguments, interrupt: &Interrupt) -> Result<ExitCode> {
    let workspace = Workspace::find()?;
    let mut run = Run { arguments, interrupt, workspace, parts: Parts::default() };
    let ended = match Choice::of(&arguments.words) {
        Choice::Named(name, more) => run.named(name, more)?,
        choice => run.by_cargo(choice == Choice::Suite)?,
    };
    eprintln!("xtask test: {}", run.parts);
    Ok(exit_code(ended))
}

struct Run<'a> {
    arguments: &'a Arguments,
    interrupt: &'a Interrupt,
    workspace: Workspace,
    parts: Parts,
}

/// What compiling came to: the test programs, or what cargo ended with.
type Compiled = std::result::Result<Vec<Program>, ExitStatus>;

impl Run<'_> {
    /// The tests whose names contain a word, in whichever programs they are.
    fn named(&mut self, name: &str, more: &[String]) -> Result<ExitStatus> {
        let words: Vec<String> = std::iter::once(name.to_owned()).chain(more.iter().cloned()).collect();
        let selections = self.parts.measure("search", || find::selections(&metadata()?, name))?;
        let (mut programs, mut tests) = (Vec::new(), Vec::new());
        for selection in &selections {
            let compiled = match self.compile(selection)? {
                Ok(compiled) => compiled,
                Err(status) => return Ok(status),
            };
            for program in compiled {
                let own = program.tests(&words, self.interrupt)?;
                if !own.is_empty() {
                    tests.extend(own);
                    programs.push(program);
                }
            }
        }
        if programs.is_empty() {
            return failed(format!("no test has `{name}` in its name"));
        }
        let needs = Needs { pbx: asterisk::is_needed(&tests.join("\n")), ..Needs::of(&programs)? };
        if needs.binaries {
            let built = self.build_binaries(&PROGRAMS)?;
            if !built.success() {
                return Ok(built);
            }
        }
        self.on_stage(needs, |stage, interrupt| {
            let mut ended = ExitStatus::default();
            for program in &programs {
                eprintln!("\n{}:", program.name());
                let mut command = program.command();
                stage.tell(&mut command);
                command.args(&words).args(stage.left_out());
                let status = Foreground::run(&mut command, TEST_LIMIT, interrupt)?;
                ended = if ended.success() { status } else { ended };
            }
            Ok(ended)
        })
    }

    /// The whole suite, or what cargo makes of a person's words.
    fn by_cargo(&mut self, is_suite: bool) -> Result<ExitStatus> {
        if is_suite {
            // Whoever lacks a package hears it before everything is compiled.
            self.parts.measure("packages", || packages::ensure(packages::TESTS, self.interrupt))?;
        }
        let programs = match self.compile(&self.arguments.words)? {
            Ok(programs) => programs,
            Err(status) => return Ok(status),
        };
        let mut needs = Needs::of(&programs)?;
        if needs.binaries {
            // A part of the suite does not wait for tests that it leaves out.
            let targets: &[&str] = if is_suite { &["--all-targets"] } else { &PROGRAMS };
            let built = self.build_binaries(targets)?;
            if !built.success() {
                return Ok(built);
            }
        }
        needs.pbx = is_suite || (needs.services && self.needs_pbx()?);
        let mut command = self.cargo_test(&self.arguments.words, &[]);
        self.on_stage(needs, |stage, interrupt| {
            stage.tell(&mut command);
            tell_tests(&mut command, stage.left_out());
            Foreground::run(&mut command, TEST_LIMIT, interrupt)
        })
    }

    /// Compiles test programs before any service starts, so that services are fresh and durations mean something.
    fn compile(&mut self, words: &[String]) -> Result<Compiled> {
        let mut build = self.cargo_test(words, &["--no-run"]);
        let build = || Foreground::run(build.arg("--quiet"), BUILD_LIMIT, self.interrupt);
        let status = self.parts.measure("build of tests", build)?;
        if !status.success() {
            return Ok(Err(status));
        }
        let mut ask = self.cargo_test(words, &["--no-run", "--quiet", "--message-format", "json"]);
        let said = Foreground::read(&mut ask, LISTING_LIMIT, self.interrupt)?;
        if said.code != Some(0) {
            return failed(format!("cargo does not name its test programs again: {}", said.complaint()));
        }
        Ok(Ok(Program::made(&said.output)))
    }

    fn build_binaries(&mut self, targets: &[&str]) -> Result<ExitStatus> {
        let mut build = self.workspace.cargo();
        build.args(["build", "--locked", "--workspace"]).args(targets);
        let build = || Foreground::run(&mut build, BUILD_LIMIT, self.interrupt);
        self.parts.measure("build of binaries", build)
    }

    fn cargo_test(&self, words: &[String], first: &[&str]) -> Command {
        let mut command = self.workspace.cargo();
        command.args(["test", "--locked"]).args(first);
        if !chooses_packages(words) {
            command.arg("--workspace");
        }
        command.args(words);
        command
    }

    /// Whether any test is chosen that needs the PBX; cargo is asked, which alone knows its grammar and the tests theirs.
    fn needs_pbx(&self) -> Result<bool> {
        let mut command = self.cargo_test(&self.arguments.words, &["--quiet"]);
        tell_tests(&mut command, &["--list"]);
        let said = Foreground::read(&mut command, LISTING_LIMIT, self.interrupt)?;
        // Arguments that cargo or the tests refuse are refused again, aloud, when the tests are to run.
        Ok(said.code == Some(0) && asterisk::is_needed(&said.output))
    }

    /// Runs tests on what they need, which ends with them.
    fn on_stage(
        &mut self,
        needs: Needs,
        tests: impl FnOnce(&Stage, &Interrupt) -> Result<ExitStatus>,
    ) -> Result<ExitStatus> {
        let release = self.arguments.rabbitmq;
        let stage = Stage::set_up(&self.workspace, release, needs, &mut self.parts, self.interrupt)?;
        let status = self.parts.measure("tests", || tests(&stage, self.interrupt))?;
        stage.strike(status.success(), &mut self.parts);
        Ok(status)
    }
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

    use super::{Choice, chooses_packages, is_whole_suite, tell_tests};

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
    fn a_lone_word_is_a_part_of_a_name_and_everything_else_is_cargos() {
        for (typed, name, more) in [
            (&["fallback"][..], "fallback", &[][..]),
            (
                &["fallback::a_receipt", "--", "--exact", "--nocapture"],
                "fallback::a_receipt",
                &["--exact", "--nocapture"],
            ),
        ] {
            assert_eq!(Choice::of(&owned(typed)), Choice::Named(name, &owned(more)));
        }
        for typed in
            [&["-p", "closure-store", "claim"][..], &["fallback", "-p", "closure-tests"], &["--", "claim"]]
        {
            assert_eq!(Choice::of(&owned(typed)), Choice::Cargo, "{typed:?}");
        }
        assert_eq!(Choice::of(&[]), Choice::Suite);
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
