//! A container engine of our own: unpacked from Debian's packages, in namespaces of its own, gone with its command.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use crate::error::{Context, Result, failed};
use crate::interrupt::Interrupt;
use crate::process::{Foreground, POLL_INTERVAL};
use crate::tools::{lock, succeeds};
use crate::workspace::Workspace;

/// How long unpacking the engine, or making a root file system, may take.
const PREPARE_LIMIT: Duration = Duration::from_secs(15 * 60);
/// What `engine.sh` ends with where the engine does not come up.
const NO_ENGINE: i32 = 75;
/// What a script ends with where this machine, or Debian, cannot have what is wanted; everything else may pass.
const NOT_TO_BE_HAD: i32 = 69;
/// How often a script is run whose failure may pass: the network or a mirror was away.
const TRIES: u32 = 3;
/// Between two of them.
const BETWEEN_TRIES: Duration = Duration::from_secs(15);

/// Where the engine and the root file systems of its images lie.
pub struct Engine {
    scripts: PathBuf,
    tools: PathBuf,
    state: PathBuf,
    between_tries: Duration,
}

/// What came of the attempt to have something.
#[derive(Debug, PartialEq, Eq)]
pub enum Prepared {
    /// It is here.
    Here,
    /// It cannot be had on this machine, for this reason.
    Impossible(String),
    /// It failed again and again, for this reason, which may pass.
    Failed(String),
}

impl Prepared {
    /// What is here or can never be; a failure that may pass must not look like either.
    pub fn settled(self, what: &str) -> Result<std::result::Result<(), String>> {
        match self {
            Prepared::Here => Ok(Ok(())),
            Prepared::Impossible(reason) => Ok(Err(reason)),
            Prepared::Failed(problem) => failed(format!(
                "{what} could not be unpacked in {TRIES} tries; try again when Debian's mirror answers:\n{problem}"
            )),
        }
    }
}

/// Which network the engine has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Network {
    /// One of its own, from which nothing outside can be reached.
    Own,
    /// The machine's, for building what is fetched from outside.
    Machine,
}

/// What came of the attempt to have an engine.
pub enum Found {
    /// It can be run.
    Engine(Engine),
    /// It cannot, for this reason.
    None(String),
}

impl Engine {
    /// Unpacks the engine, or says why there is none.
    pub fn find(workspace: &Workspace, interrupt: &Interrupt) -> Result<Found> {
        if !rustix::process::geteuid().is_root() {
            return Ok(Found::None("only root may run an engine".to_owned()));
        }
        let namespaces = ["--net", "--mount", "--pid", "--fork", "true"];
        if !succeeds(Command::new("unshare").args(namespaces)) {
            return Ok(Found::None("this machine allows no namespaces".to_owned()));
        }
        let engine = Engine {
            scripts: workspace.root.join("tests/compose"),
            tools: workspace.target.join("tools/compose"),
            state: workspace.target.join("compose"),
            between_tries: BETWEEN_TRIES,
        };
        let mut unpack = engine.script("tools.sh");
        unpack.arg(&engine.tools);
        match engine.prepare(&mut unpack, interrupt)?.settled("the engine")? {
            Ok(()) => Ok(Found::Engine(engine)),
            Err(reason) => Ok(Found::None(format!("it cannot be unpacked: {reason}"))),
        }
    }

    /// The folder for everything that ends with the run.
    pub fn state(&self) -> &Path {
        &self.state
    }

    /// Makes the root file systems of the images, which needs the network that the engine does not have.
    pub fn roots(&self, interrupt: &Interrupt) -> Result<Prepared> {
        let mut roots = self.script("base-images.sh");
        roots.arg("roots").arg(self.images()).env("CLOSURE_DEBOOTSTRAP", self.tools.join("root"));
        self.prepare(&mut roots, interrupt)
    }

    /// Makes one root file system with these packages, unless it is there.
    pub fn root(&self, root: &Path, suite: &str, packages: &str, interrupt: &Interrupt) -> Result<Prepared> {
        let mut script = self.script("root.sh");
        script.arg(root).args([suite, packages]).env("CLOSURE_DEBOOTSTRAP", self.tools.join("root"));
        self.prepare(&mut script, interrupt)
    }

    /// Where the root file systems are.
    pub fn images(&self) -> PathBuf {
        self.tools.join("images")
    }

    /// Runs this program's own command beside the engine; the code that it ended with, or nothing if there was no engine.
    pub fn run(&self, network: Network, arguments: &[&str], interrupt: &Interrupt) -> Result<Option<i32>> {
        // The end of this pipe is the end of the namespaces, however we end.
        let (reader, _writer) = std::io::pipe().context(|| "cannot make a pipe".to_owned())?;
        let program = self.own_program()?;
        let mut command = Command::new("unshare");
        command.args(["--mount", "--pid", "--fork", "--kill-child", "--mount-proc"]);
        let word = match network {
            Network::Own => {
                command.arg("--net");
                "own"
            }
            Network::Machine => "machine",
        };
        command.arg(self.scripts.join("engine.sh")).arg(&self.tools).arg(&self.state).arg(word);
        command.arg(program).args(arguments).stdin(reader);
        for (name, _) in std::env::vars_os() {
            // What a person has set for an installation of their own is not what is tried.
            if ["CLOSURE_", "FLEET_", "COMPOSE_", "DOCKER_"]
                .iter()
                .any(|own| name.to_string_lossy().starts_with(own))
            {
                command.env_remove(&name);
            }
        }
        let process = Foreground::spawn(&mut command)?;
        let status = loop {
            if let Some(status) = process.exit_status() {
                break status;
            }
            interrupt.pause(POLL_INTERVAL)?;
        };
        Ok(status.code().filter(|code| *code != NO_ENGINE))
    }

    /// A copy of this program: a build of the tree may have taken its own file away meanwhile.
    fn own_program(&self) -> Result<PathBuf> {
        std::fs::create_dir_all(&self.state).context(|| format!("cannot make {}", self.state.display()))?;
        let copy = self.state.join("xtask");
        std::fs::copy("/proc/self/exe", &copy).context(|| format!("cannot write {}", copy.display()))?;
        Ok(copy)
    }

    /// Removes everything that a run needs and leaves.
    pub fn forget(&self) -> Result<()> {
        if self.state.exists() {
            std::fs::remove_dir_all(&self.state)
                .context(|| format!("cannot remove {}", self.state.display()))?;
        }
        Ok(())
    }

    fn script(&self, name: &str) -> Command {
        let mut command = Command::new("bash");
        command.arg(self.scripts.join(name));
        command
    }

    /// Runs a script that may fail, and again where its failure may pass; what it said is the reason.
    fn prepare(&self, command: &mut Command, interrupt: &Interrupt) -> Result<Prepared> {
        let beside = self.tools.parent().unwrap_or(&self.tools);
        for folder in [self.state.as_path(), beside] {
            std::fs::create_dir_all(folder).context(|| format!("cannot create {}", folder.display()))?;
        }
        // A second run at the same time finds what the first has made.
        let _lock = lock(&self.tools.with_extension("lock"), interrupt)?;
        let mut tries = 0;
        loop {
            tries += 1;
            let said = Foreground::read(command, PREPARE_LIMIT, interrupt)?;
            let reason = said.errors.trim().to_owned();
            match said.code {
                Some(0) => return Ok(Prepared::Here),
                Some(NOT_TO_BE_HAD) => return Ok(Prepared::Impossible(reason)),
                _ if tries == TRIES => return Ok(Prepared::Failed(reason)),
                _ => eprintln!(
                    "That failed, and is tried again in {} s: {reason}",
                    self.between_tries.as_secs()
                ),
            }
            interrupt.pause(self.between_tries)?;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What comes of a root file system whose script is this one, and how often it was run.
    fn root(script: &str) -> (Prepared, usize) {
        let folder = tempfile::tempdir().expect("a folder can be made");
        let path = |name: &str| folder.path().join(name);
        let counted = format!("echo >>{}\nruns=$(wc -l <{0})\n{script}", path("runs").display());
        std::fs::write(path("root.sh"), counted).expect("a file can be written");
        let engine = Engine {
            scripts: path(""),
            tools: path("tools"),
            state: path("state"),
            between_tries: Duration::ZERO,
        };
        let interrupt = Interrupt::listen().expect("signals can be heard");
        let prepared = engine.root(&path("root"), "sid", "asterisk", &interrupt).expect("bash can be run");
        let runs = std::fs::read_to_string(path("runs")).expect("it was run").lines().count();
        (prepared, runs)
    }

    #[test]
    fn a_failure_that_passes_is_tried_again_and_one_that_stays_is_no_reason_to_leave_anything_out() {
        assert_eq!(root("exit 0"), (Prepared::Here, 1));
        assert_eq!(root("[[ $runs == 3 ]]"), (Prepared::Here, 3));
        let (prepared, runs) = root("echo 'no route to the mirror' >&2; exit 100");
        assert_eq!((&prepared, runs), (&Prepared::Failed("no route to the mirror".to_owned()), 3));
        let problem = prepared.settled("Asterisk").expect_err("the run fails").to_string();
        assert!(problem.contains("no route to the mirror"), "{problem}");
    }

    #[test]
    fn what_debian_does_not_have_is_asked_for_once() {
        let (prepared, runs) = root("echo 'no such package' >&2; exit 69");
        assert_eq!((&prepared, runs), (&Prepared::Impossible("no such package".to_owned()), 1));
        assert_eq!(prepared.settled("Asterisk").expect("this is settled"), Err("no such package".to_owned()));
    }
}
