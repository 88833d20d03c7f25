//! Where the workspace and its build output are, and how cargo is called for it.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use crate::error::{Context, Result, failed};
use crate::interrupt::Interrupt;
use crate::process::Foreground;

/// How long compiling for release may take.
const RELEASE_LIMIT: Duration = Duration::from_secs(60 * 60);

/// How binaries are built.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Profile {
    /// Quickly; the suite has built most of it already.
    Development,
    /// As they are shipped.
    Release,
}

impl Profile {
    /// The folder of its binaries within cargo's output.
    pub fn folder(self) -> &'static str {
        match self {
            Profile::Development => "debug",
            Profile::Release => "release",
        }
    }
}

/// The workspace that this program was built from.
pub struct Workspace {
    /// The folder with the workspace's `Cargo.toml`.
    pub root: PathBuf,
    /// Cargo's build output.
    pub target: PathBuf,
}

impl Workspace {
    /// Asks cargo.
    pub fn find() -> Result<Workspace> {
        let metadata = metadata()?;
        let path = |name: &str| metadata.get(name)?.as_str().map(PathBuf::from);
        match (path("workspace_root"), path("target_directory")) {
            (Some(root), Some(target)) => Ok(Workspace { root, target }),
            (_, _) => failed("cargo metadata names no workspace_root or no target_directory"),
        }
    }

    /// Where the folders of service runs are.
    pub fn services_folder(&self) -> PathBuf {
        self.target.join("services")
    }

    /// Where `cargo build` puts the binaries of the development profile.
    pub fn binaries_folder(&self) -> PathBuf {
        self.target.join("debug")
    }

    /// Builds the fleet, the simulators and the measuring programs, and answers the folder that they are in.
    pub fn build(&self, profile: Profile, interrupt: &Interrupt) -> Result<PathBuf> {
        let mut build = self.cargo();
        build.args(["build", "--locked", "--bins"]);
        let folder = match profile {
            Profile::Development => self.binaries_folder(),
            Profile::Release => {
                build.arg("--release");
                self.target.join("release")
            }
        };
        for package in ["closure-fleet", "closure-simulators", "closure-tests"] {
            build.args(["--package", package]);
        }
        let built = Foreground::run(&mut build, RELEASE_LIMIT, interrupt)?;
        if built.success() { Ok(folder) } else { failed(format!("the fleet does not build: {built}")) }
    }

    /// A cargo command in the workspace's root.
    pub fn cargo(&self) -> Command {
        let mut command = cargo();
        command.current_dir(&self.root);
        command
    }
}

/// What cargo knows of our packages and of what can be made of them.
pub fn metadata() -> Result<serde_json::Value> {
    let manifest = Path::new(env!("CARGO_MANIFEST_DIR")).join("Cargo.toml");
    let output = cargo()
        .args(["metadata", "--no-deps", "--format-version=1", "--offline", "--manifest-path"])
        .arg(manifest)
        .stdin(Stdio::null())
        .output()
        .context(|| "cannot start cargo".to_owned())?;
    if !output.status.success() {
        let said = String::from_utf8_lossy(&output.stderr);
        return failed(format!("cargo metadata failed: {}", said.trim()));
    }
    serde_json::from_slice(&output.stdout)
        .context(|| "cargo metadata printed something else than JSON".to_owned())
}

/// The cargo that started us.
fn cargo() -> Command {
    let program = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let mut command = Command::new(program);
    forget_own_package(&mut command);
    command
}

/// Takes out of a command's environment what cargo told us about this package.
///
/// Some build scripts look at these variables, and would otherwise run again whenever a person and we take turns; a test
/// of another package has another folder.
pub fn forget_own_package(command: &mut Command) {
    for (name, _) in std::env::vars_os() {
        let text = name.to_string_lossy();
        if text.starts_with("CARGO_PKG_") || text.starts_with("CARGO_MANIFEST_") {
            command.env_remove(&name);
        }
    }
}
