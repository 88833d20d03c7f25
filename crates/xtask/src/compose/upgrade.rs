//! From an older release to this one, as on a host that has it up: `up` with texts under way and texts that wait.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use crate::compose::Inside;
use crate::compose::containers::Containers;
use crate::compose::image;
use crate::compose::outages::{be_patient, count, publish, settle};
use crate::compose::project::Project;
use crate::compose::repeats::end;
use crate::demo::outcome_feed::OutcomeFeed;
use crate::error::{Context, Result, failed};
use crate::interrupt::Interrupt;
use crate::parts::Parts;
use crate::process::Foreground;
use crate::workspace::Workspace;

/// How long taking a tree out of the repository may take.
const ARCHIVE_LIMIT: Duration = Duration::from_secs(60);
/// How long compiling the older release may take.
const BUILD_LIMIT: Duration = Duration::from_secs(40 * 60);
/// What waits for its time comes due after the upgrade.
const WAITING_S: i64 = 60;
/// What the desk is asked.
const DESK: [&str; 8] = ["run", "--rm", "--no-TTY", "operator", "--json", "dead", "list", "--limit=1000"];

/// Takes the tree of a commit out of the repository and builds it; answers its folder.
pub fn prepare(workspace: &Workspace, commit: &str, interrupt: &Interrupt) -> Result<PathBuf> {
    let commit = resolved(workspace, commit)?;
    let folder = workspace.target.join("compose-before").join(&commit);
    let archive = folder.join("tree.tar");
    std::fs::create_dir_all(&folder).context(|| format!("cannot make {}", folder.display()))?;
    let mut take = Command::new("git");
    take.arg("-C").arg(&workspace.root).args(["archive", "--output"]).arg(&archive).arg(&commit);
    let mut unpack = Command::new("tar");
    unpack.arg("--extract").arg("--file").arg(&archive).arg("--directory").arg(&folder);
    let mut build = Command::new("cargo");
    build.args(["build", "--locked", "--bins", "--package", "closure-fleet", "--package"]);
    build.arg("closure-simulators").current_dir(&folder).env("CARGO_TARGET_DIR", folder.join("target"));
    for (command, limit) in
        [(&mut take, ARCHIVE_LIMIT), (&mut unpack, ARCHIVE_LIMIT), (&mut build, BUILD_LIMIT)]
    {
        let status = Foreground::run(command, limit, interrupt)?;
        if !status.success() {
            return failed(format!("{command:?} ended with {status}"));
        }
    }
    Ok(folder)
}

/// The hash of a commit, whatever it is called: a name moves, and the folder of its tree must not.
fn resolved(workspace: &Workspace, commit: &str) -> Result<String> {
    let mut ask = Command::new("git");
    ask.arg("-C").arg(&workspace.root).args(["rev-parse", "--verify", "--quiet", "--end-of-options"]);
    let answer =
        ask.arg(format!("{commit}^{{commit}}")).output().context(|| "cannot start git".to_owned())?;
    if answer.status.success() {
        return Ok(String::from_utf8_lossy(&answer.stdout).trim().to_owned());
    }
    failed(format!("`{commit}` is no commit of this repository; say one that `git log` names"))
}

/// Brings the older release up, publishes, and brings this one up in its place.
pub fn attempt(
    inside: &Inside,
    before: &Path,
    workspace: &Workspace,
    parts: &mut Parts,
    interrupt: &Interrupt,
) -> Result<()> {
    image::of(inside, before, &before.join("target/debug"), interrupt)?;
    let older = Project::new(before, inside.state.join("before"), "", &["demo"], interrupt)?;
    parts.measure("older release up", || older.up(&[]))?;
    be_patient(&older)?;
    let containers = Containers::open(&older, inside.binaries.join("fleet"))?;
    let mut feed = OutcomeFeed::open(&containers)?;
    let mut texts = Vec::new();
    publish(&older, &containers, &mut texts, None)?;
    settle(&older, &mut feed, &texts)?;
    let done = texts.len();
    let later = (OffsetDateTime::now_utc() + time::Duration::seconds(WAITING_S)).format(&Rfc3339);
    let later = later.context(|| "no time can be written".to_owned())?;
    publish(&older, &containers, &mut texts, Some(&later))?;
    let waiting = done..texts.len();
    publish(&older, &containers, &mut texts, None)?;

    image::of(inside, &workspace.root, &inside.binaries, interrupt)?;
    let newer = Project::new(&workspace.root, inside.state.join("after"), "", &["demo"], interrupt)?;
    let took = parts.measure("upgrade", || be_patient(&newer))?;
    println!("  this release is up and well in its place after {} s", took.as_secs());
    let after = texts.len();
    publish(&newer, &containers, &mut texts, None)?;
    settle(&newer, &mut feed, &texts[done..])?;
    // The stand-in for the gateway is new too, and knows nothing of what went out before it.
    for counted in [&texts[waiting], &texts[after..]] {
        count(&containers, counted)?;
    }
    let letters = newer.succeed(&DESK)?.output;
    if letters.trim() != "[]" {
        return failed(format!("the upgrade made letters:\n{letters}"));
    }
    println!("  no letter lies at the desk");
    end(&newer, &["--volumes"])
}
