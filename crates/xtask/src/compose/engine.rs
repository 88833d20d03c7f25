//! A container engine of our own: unpacked from Debian's packages, in namespaces of its own, gone with its command.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use crate::compose::project::said;
use crate::error::{Context, Result};
use crate::interrupt::Interrupt;
use crate::process::{Foreground, POLL_INTERVAL};
use crate::tools::succeeds;
use crate::workspace::Workspace;

/// How long unpacking the engine, or making a root file system, may take.
const PREPARE_LIMIT: Duration = Duration::from_secs(15 * 60);
/// What `engine.sh` ends with where the engine does not come up.
const NO_ENGINE: i32 = 75;

/// Where the engine and the root file systems of its images lie.
pub struct Engine {
    scripts: PathBuf,
    tools: PathBuf,
    state: PathBuf,
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
        };
        let mut unpack = engine.script("tools.sh");
        unpack.arg(&engine.tools);
        match engine.prepare(&mut unpack, interrupt)? {
            None => Ok(Found::Engine(engine)),
            Some(problem) => Ok(Found::None(format!("it cannot be unpacked: {problem}"))),
        }
    }

    /// The folder for everything that ends with the run.
    pub fn state(&self) -> &Path {
        &self.state
    }

    /// Makes the root file systems of the images, which needs the network that the engine does not have.
    pub fn roots(&self, interrupt: &Interrupt) -> Result<Option<String>> {
        let mut roots = self.script("base-images.sh");
        roots.arg("roots").arg(self.images()).env("CLOSURE_DEBOOTSTRAP", self.tools.join("root"));
        self.prepare(&mut roots, interrupt)
    }

    /// Makes one root file system with these packages, unless it is there; answers why there is none.
    pub fn root(
        &self,
        root: &Path,
        suite: &str,
        packages: &str,
        interrupt: &Interrupt,
    ) -> Result<Option<String>> {
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

    /// Runs a script that may fail; what it said is the reason.
    fn prepare(&self, command: &mut Command, interrupt: &Interrupt) -> Result<Option<String>> {
        std::fs::create_dir_all(&self.state).context(|| format!("cannot create {}", self.state.display()))?;
        let said = said(command.stdin(Stdio::null()), &self.state, PREPARE_LIMIT, interrupt)?;
        Ok((said.code != Some(0)).then(|| said.errors.trim().to_owned()))
    }
}
