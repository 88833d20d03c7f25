//! The images: stand-ins for the official ones, and the fleet's own from its Dockerfile.

use std::path::Path;
use std::process::Command;
use std::time::Duration;

use crate::compose::Inside;
use crate::error::{Context, Result, failed};
use crate::interrupt::Interrupt;
use crate::process::Foreground;
use crate::workspace::Workspace;

/// How long making one image may take.
const IMAGE_LIMIT: Duration = Duration::from_secs(600);
/// How long compiling for release in an image may take.
const COMPILE_LIMIT: Duration = Duration::from_secs(60 * 60);
/// The name that docker-compose.yml gives to the fleet's image.
const IMAGE: &str = "closure-fleet:dev";

/// Makes every image that docker-compose.yml names, the fleet's from the development build's binaries.
pub(super) fn take(inside: &Inside, workspace: &Workspace, interrupt: &Interrupt) -> Result<()> {
    base(inside, workspace, "images", interrupt)?;
    of(inside, &workspace.root, &inside.binaries, interrupt)
}

/// Makes the fleet's image from a tree's Dockerfile and the binaries that were built from it.
pub(super) fn of(inside: &Inside, root: &Path, binaries: &Path, interrupt: &Interrupt) -> Result<()> {
    let context = inside.state.join("binaries");
    std::fs::create_dir_all(&context).context(|| format!("cannot create {}", context.display()))?;
    for name in ["fleet", "simulators"] {
        let mut strip = Command::new("strip");
        strip.arg("-o").arg(context.join(name)).arg(binaries.join(name));
        succeed(&mut strip, IMAGE_LIMIT, interrupt)?;
    }
    let mut build = build(root);
    build.args(["--build-arg", "BINARIES=prebuilt"]).arg(&context);
    succeed(&mut build, IMAGE_LIMIT, interrupt)
}

/// Makes the same images, the fleet's compiled as it is shipped; crates and packages are fetched from outside.
pub(super) fn compile(inside: &Inside, workspace: &Workspace, interrupt: &Interrupt) -> Result<()> {
    base(inside, workspace, "images", interrupt)?;
    base(inside, workspace, "compiler", interrupt)?;
    let mut build = build(&workspace.root);
    build.args(["--network", "host"]).arg(&workspace.root);
    succeed(&mut build, COMPILE_LIMIT, interrupt)
}

fn build(root: &Path) -> Command {
    let mut command = Command::new("docker");
    command.args(["build", "--progress", "plain", "--tag", IMAGE, "--file"]);
    command.arg(root.join("deploy/Dockerfile"));
    command
}

/// The stand-ins for official images; the compiler's takes the compiler that the workspace is built with.
fn base(inside: &Inside, workspace: &Workspace, what: &str, interrupt: &Interrupt) -> Result<()> {
    let mut asked = Command::new("rustc");
    asked.args(["--print", "sysroot"]).current_dir(&workspace.root);
    let sysroot = Foreground::read(&mut asked, IMAGE_LIMIT, interrupt)?.output;
    let mut script = Command::new("bash");
    script
        .arg(workspace.root.join("tests/compose/base-images.sh"))
        .arg(what)
        .arg(&inside.images)
        .arg(&inside.broker);
    succeed(script.env("CLOSURE_SYSROOT", sysroot.trim()), IMAGE_LIMIT, interrupt)
}

fn succeed(command: &mut Command, limit: Duration, interrupt: &Interrupt) -> Result<()> {
    let said = Foreground::read(command, limit, interrupt)?;
    if said.code == Some(0) {
        return Ok(());
    }
    failed(format!("{command:?} {}", said.complaint()))
}
