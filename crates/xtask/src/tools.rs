//! What the tests run in other languages: packages for Node and for Python, pinned in the repository and installed
//! below the build output, so that nothing outside the checkout changes.
//!
//! A manifest that has not changed is installed already; a changed one replaces the folder.

use std::fs::{File, TryLockError};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use crate::error::{Context, Result, failed};
use crate::interrupt::Interrupt;
use crate::process::{Foreground, POLL_INTERVAL};
use crate::workspace::Workspace;

/// How long one installer may take.
const INSTALL_LIMIT: Duration = Duration::from_secs(10 * 60);
/// How long compiling a tool may take.
const COMPILE_LIMIT: Duration = Duration::from_secs(30 * 60);
/// Written last, so that an installation that was cut off is done again.
const INSTALLED: &str = "installed";

/// Pythons that we look at, Debian's own first.
const PYTHONS: [&str; 2] = ["/usr/bin/python3", "python3"];
/// The versions whose compiled packages `requirements.txt` pins, with what a virtual environment needs.
const PYTHON_CHECK: &str =
    "import ensurepip, sys, venv; sys.exit(not ((3, 11) <= sys.version_info < (3, 14)))";
/// The oldest Node that the packages of `package.json` support.
const NODE_CHECK: &str = "process.exit(parseInt(process.versions.node) < 18 ? 1 : 0)";

/// The installed packages, as the tests are told of them.
pub struct Tools {
    environment: [(&'static str, PathBuf); 2],
}

impl Tools {
    /// Installs what is missing; a second run at the same time waits for the first.
    pub fn install(workspace: &Workspace, interrupt: &Interrupt) -> Result<Tools> {
        let root = workspace.target.join("tools");
        std::fs::create_dir_all(&root).context(|| format!("cannot make {}", root.display()))?;
        let _lock = lock(&root.join("lock"), interrupt)?;
        let node = root.join("node");
        let manifests = workspace.root.join("tests/node");
        let wanted = ["package.json", "package-lock.json"].map(|name| manifests.join(name));
        install(&node, &wanted, || node_packages(&node, interrupt))?;
        let python = root.join("python");
        let wanted = [workspace.root.join("tests/python/requirements.txt")];
        install(&python, &wanted, || python_packages(&python, &wanted[0], interrupt))?;
        Ok(Tools {
            environment: [
                ("CLOSURE_TEST_NODE_MODULES", node.join("node_modules")),
                ("CLOSURE_TEST_PYTHON", python.join("bin/python")),
            ],
        })
    }

    /// The variables that name the tools to the tests.
    pub fn environment(&self) -> &[(&'static str, PathBuf)] {
        &self.environment
    }
}

/// A program of the registry in one version, compiled below the build output: nothing outside the checkout changes.
pub fn cargo_tool(
    workspace: &Workspace,
    name: &str,
    version: &str,
    interrupt: &Interrupt,
) -> Result<PathBuf> {
    cargo_program(workspace, name, name, version, interrupt)
}

/// One program of several that a package of the registry has.
pub fn cargo_program(
    workspace: &Workspace,
    package: &str,
    program: &str,
    version: &str,
    interrupt: &Interrupt,
) -> Result<PathBuf> {
    let root = workspace.target.join("tools").join(format!("{package}-{version}"));
    let path = root.join("bin").join(program);
    if !path.exists() {
        let mut command = workspace.cargo();
        command.args(["install", "--locked", "--debug", package, "--version", version, "--root"]).arg(&root);
        let status = Foreground::run(&mut command, COMPILE_LIMIT, interrupt)?;
        if !status.success() {
            return failed(format!(
                "{package} {version} could not be installed ({status}); see cargo's messages above"
            ));
        }
    }
    Ok(path)
}

/// A Python that can make a virtual environment, if the machine has one.
pub fn python() -> Option<&'static str> {
    PYTHONS.into_iter().find(|program| succeeds(Command::new(program).args(["-c", PYTHON_CHECK])))
}

/// True if Debian's own Python has this module.
pub fn has_python_module(name: &str) -> bool {
    succeeds(Command::new(PYTHONS[0]).args(["-c", &format!("import {name}")]))
}

/// True if Debian's packages of Java have put these libraries into place.
pub fn has_jars(names: &[&str]) -> bool {
    names.iter().all(|name| Path::new("/usr/share/java").join(format!("{name}.jar")).exists())
}

/// True if the machine can give a process another time of day.
pub fn has_faketime() -> bool {
    // Debian's own place for it, below the folder of the machine's architecture.
    let folders = std::fs::read_dir("/usr/lib").into_iter().flatten().flatten();
    folders.map(|folder| folder.path().join("faketime/libfaketimeMT.so.1")).any(|library| library.exists())
}

/// True if the machine has a Node that is new enough.
pub fn has_node() -> bool {
    succeeds(Command::new("node").args(["-e", NODE_CHECK]))
}

/// True if the machine has Node's package manager.
pub fn has_npm() -> bool {
    succeeds(Command::new("npm").arg("--version"))
}

/// Empties `folder`, copies the manifests into it and runs `installer`, unless the same manifests were installed.
fn install(folder: &Path, manifests: &[PathBuf], installer: impl FnOnce() -> Result<()>) -> Result<()> {
    let mut wanted = Vec::new();
    for manifest in manifests {
        let bytes = std::fs::read(manifest).context(|| format!("cannot read {}", manifest.display()))?;
        wanted.extend(bytes);
    }
    let stamp = folder.join(INSTALLED);
    if std::fs::read(&stamp).is_ok_and(|installed| installed == wanted) {
        return Ok(());
    }
    eprintln!("Installing the packages of {} …", manifests[0].display());
    if folder.exists() {
        std::fs::remove_dir_all(folder).context(|| format!("cannot remove {}", folder.display()))?;
    }
    std::fs::create_dir_all(folder).context(|| format!("cannot make {}", folder.display()))?;
    for manifest in manifests {
        let name = manifest.file_name().unwrap_or_default();
        std::fs::copy(manifest, folder.join(name))
            .context(|| format!("cannot copy {}", manifest.display()))?;
    }
    installer()?;
    std::fs::write(&stamp, wanted).context(|| format!("cannot write {}", stamp.display()))
}

/// No package's script is run: what we use is plain JavaScript.
fn node_packages(folder: &Path, interrupt: &Interrupt) -> Result<()> {
    let mut command = Command::new("npm");
    command.args(["ci", "--ignore-scripts", "--no-audit", "--no-fund"]).current_dir(folder);
    succeed(&mut command, interrupt)
}

/// Every file is compared with its pinned hash, and nothing is compiled.
fn python_packages(folder: &Path, requirements: &Path, interrupt: &Interrupt) -> Result<()> {
    let Some(python) = python() else {
        return failed("no Python from 3.11 to 3.13 with the module venv was found; install python3-venv");
    };
    succeed(Command::new(python).args(["-m", "venv"]).arg(folder), interrupt)?;
    let mut command = Command::new(folder.join("bin/python"));
    command.args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check"]);
    command.args(["--only-binary=:all:", "--require-hashes", "--requirement"]).arg(requirements);
    succeed(&mut command, interrupt)
}

fn succeed(command: &mut Command, interrupt: &Interrupt) -> Result<()> {
    let status = Foreground::run(command, INSTALL_LIMIT, interrupt)?;
    if status.success() {
        return Ok(());
    }
    let program = command.get_program().to_string_lossy();
    failed(format!("{program} could not install the tests' packages ({status}); see its messages above"))
}

/// Holds a folder until the value is dropped.
pub fn lock(path: &Path, interrupt: &Interrupt) -> Result<File> {
    let file = File::create(path).context(|| format!("cannot write {}", path.display()))?;
    loop {
        match file.try_lock() {
            Ok(()) => return Ok(file),
            Err(TryLockError::WouldBlock) => interrupt.pause(POLL_INTERVAL)?,
            Err(TryLockError::Error(error)) => {
                return Err(error).context(|| format!("cannot lock {}", path.display()));
            }
        }
    }
}

/// True if a command without input or output ends well.
pub fn succeeds(command: &mut Command) -> bool {
    command
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .is_ok_and(|status| status.success())
}
