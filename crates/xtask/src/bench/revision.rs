//! Another revision of the fleet: checked out beside us, built as we are, and kept by its commit.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use crate::error::{Context, Result, failed};
use crate::interrupt::Interrupt;
use crate::process::{Foreground, run_quietly};
use crate::workspace::{Profile, Workspace};

/// How long compiling may take.
const BUILD_LIMIT: Duration = Duration::from_secs(60 * 60);
/// So much of a commit names it.
const SHORT_CHARS: usize = 10;

/// A revision that is built.
#[derive(Clone, Debug)]
pub struct Revision {
    /// As it was asked for, with its commit.
    pub name: String,
    /// Its sources.
    pub root: PathBuf,
    /// The folder of its `fleet`.
    pub binaries: PathBuf,
}

impl Revision {
    /// Checks it out and builds it, unless that was done before.
    ///
    /// All revisions are built at one place and into one folder, none of it ours: two trees that share a build folder
    /// also share what cargo notes there of their sources, and it then takes one for the other.
    pub fn build(
        asked: &str,
        profile: Profile,
        workspace: &Workspace,
        interrupt: &Interrupt,
    ) -> Result<Revision> {
        let commit = commit(asked, workspace)?;
        let short = commit.get(..SHORT_CHARS).unwrap_or(&commit).to_owned();
        let folder = workspace.target.join("revisions");
        let root = folder.join(&short);
        let binaries = folder.join(format!("{short}-{}", profile.folder()));
        let revision = Revision { name: format!("{asked} ({short})"), root, binaries };
        check_out(&commit, &revision.root, workspace)?;
        let program = revision.binaries.join("fleet");
        if !program.exists() {
            eprintln!("building {} …", revision.name);
            let (tree, target) = (folder.join("tree"), folder.join("build"));
            check_out(&commit, &tree, workspace)?;
            let mut build = workspace.cargo();
            build.args(["build", "--locked", "--package", "closure-fleet", "--bins"]);
            if profile == Profile::Release {
                build.arg("--release");
            }
            build.current_dir(&tree).env("CARGO_TARGET_DIR", &target);
            let built = Foreground::run(&mut build, BUILD_LIMIT, interrupt)?;
            if !built.success() {
                return failed(format!("{} does not build: {built}", revision.name));
            }
            let what = || format!("cannot keep the binary of {}", revision.name);
            std::fs::create_dir_all(&revision.binaries).context(what)?;
            std::fs::copy(target.join(profile.folder()).join("fleet"), &program).context(what)?;
        }
        Ok(revision)
    }
}

/// Puts the commit's sources into a folder; what did not change since the last commit there keeps its time.
fn check_out(commit: &str, root: &Path, workspace: &Workspace) -> Result<()> {
    let mut git = git(workspace);
    if root.join("Cargo.toml").exists() {
        git.arg("-C").arg(root).args(["checkout", "--quiet", "--force", "--detach", commit]);
        return run_quietly(&mut git);
    }
    // A folder that somebody removed is still on the list.
    run_quietly(self::git(workspace).args(["worktree", "prune"]))?;
    git.args(["worktree", "add", "--force", "--detach"]).arg(root).arg(commit);
    run_quietly(&mut git)
}

fn commit(asked: &str, workspace: &Workspace) -> Result<String> {
    let mut git = git(workspace);
    git.args(["rev-parse", "--verify", "--quiet", &format!("{asked}^{{commit}}")]).stdin(Stdio::null());
    let output = git.output().context(|| "cannot start git".to_owned())?;
    if !output.status.success() {
        return failed(format!("git knows no revision {asked}"));
    }
    Ok(String::from_utf8_lossy(&output.stdout).trim().to_owned())
}

fn git(workspace: &Workspace) -> Command {
    let mut git = Command::new("git");
    git.current_dir(&workspace.root);
    git
}
