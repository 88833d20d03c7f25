//! The images: stand-ins for the official ones, and the fleet's own from its Dockerfile.

use std::path::Path;
use std::process::Command;
use std::time::Duration;

use crate::compose::Inside;
use crate::compose::project::{docker, said};
use crate::error::{Context, Result, failed};
use crate::interrupt::Interrupt;
use crate::workspace::Workspace;

/// How long making one image may take.
const IMAGE_LIMIT: Duration = Duration::from_secs(600);
/// The name that docker-compose.yml gives to the fleet's image.
const IMAGE: &str = "closure-fleet:dev";

/// Makes every image that docker-compose.yml names.
pub(super) fn make(arguments: &Inside, workspace: &Workspace, interrupt: &Interrupt) -> Result<()> {
    let mut script = Command::new("bash");
    script.arg(workspace.root.join("tests/compose/base-images.sh")).arg("images").arg(&arguments.images);
    succeed(&mut script, &arguments.state, interrupt)?;
    let Some(binaries) = &arguments.binaries else {
        return failed("the folder of binaries is not named");
    };
    let context = arguments.state.join("binaries");
    std::fs::create_dir_all(&context).context(|| format!("cannot create {}", context.display()))?;
    for name in ["fleet", "simulators"] {
        let mut strip = Command::new("strip");
        strip.arg("-o").arg(context.join(name)).arg(binaries.join(name));
        succeed(&mut strip, &arguments.state, interrupt)?;
    }
    let dockerfile = workspace.root.join("deploy/Dockerfile").display().to_string();
    let context = context.display().to_string();
    let build = [
        "build",
        "--quiet",
        "--file",
        &dockerfile,
        "--build-arg",
        "BINARIES=prebuilt",
        "--tag",
        IMAGE,
        &context,
    ];
    docker(&build, &arguments.state, interrupt).map(drop)
}

fn succeed(command: &mut Command, folder: &Path, interrupt: &Interrupt) -> Result<()> {
    let said = said(command, folder, IMAGE_LIMIT, interrupt)?;
    if said.code == Some(0) {
        return Ok(());
    }
    failed(format!("{command:?} {}", said.complaint()))
}
