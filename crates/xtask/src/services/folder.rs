//! The folder of one run, and the cleaning up after runs that died.

use std::fs::{File, OpenOptions, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::error::{Context, Result, failed};
use crate::process::holds_within;
use crate::services::marker::Marker;
use crate::services::postgres;

/// Held with a lock by the process that owns a run, for as long as it lives.
const OWNER_LOCK: &str = "owner.lock";
/// Held for a moment while a run's folder is created, or those of dead runs are removed.
const RUNS_LOCK: &str = "runs.lock";
/// How long another process may take to remove the same folder.
const REMOVAL_LIMIT: Duration = Duration::from_secs(5);
/// Bytes of randomness in a run's id.
const RUN_ID_BYTES: usize = 4;

/// The folder of one living run.
pub(super) struct RunFolder {
    /// The run's short random id.
    pub id: String,
    /// The folder's absolute path.
    pub path: PathBuf,
    _owner: File,
}

impl RunFolder {
    /// Removes what dead runs left in `parent`, then creates a folder for a new run there.
    ///
    /// Where PostgreSQL's user cannot enter `parent`, the system's temporary folder takes its place.
    pub(super) fn create(parent: &Path) -> Result<RunFolder> {
        let parent = usable_parent(parent)?;
        let runs_lock = open_lock(&parent.join(RUNS_LOCK))?;
        runs_lock.lock().context(|| format!("cannot lock {}", parent.join(RUNS_LOCK).display()))?;
        remove_dead_runs(&parent)?;
        let id = random_hex(RUN_ID_BYTES)?;
        let path = parent.join(&id);
        std::fs::create_dir(&path).context(|| format!("cannot create {}", path.display()))?;
        make_enterable(&path)?;
        let owner = open_lock(&path.join(OWNER_LOCK))?;
        owner.try_lock().context(|| format!("cannot lock {}", path.join(OWNER_LOCK).display()))?;
        Ok(RunFolder { id, path, _owner: owner })
    }
}

/// Random bytes of the system, as hexadecimal digits.
pub(super) fn random_hex(bytes: usize) -> Result<String> {
    use std::io::Read;
    let mut buffer = vec![0_u8; bytes];
    File::open("/dev/urandom")
        .and_then(|mut source| source.read_exact(&mut buffer))
        .context(|| "cannot read /dev/urandom".to_owned())?;
    Ok(buffer.iter().map(|byte| format!("{byte:02x}")).collect())
}

fn usable_parent(wanted: &Path) -> Result<PathBuf> {
    let wanted = create_parent(wanted)?;
    if postgres::server_user_can_enter(&wanted) {
        return Ok(wanted);
    }
    let user = rustix::process::geteuid().as_raw();
    let other = create_parent(&std::env::temp_dir().join(format!("closure-fleet-services-{user}")))?;
    if postgres::server_user_can_enter(&other) {
        return Ok(other);
    }
    failed(format!(
        "PostgreSQL's user can enter neither {} nor {}; make one of them, and all above it, enterable for all",
        wanted.display(),
        other.display()
    ))
}

fn create_parent(path: &Path) -> Result<PathBuf> {
    if !path.exists() {
        std::fs::create_dir_all(path).context(|| format!("cannot create {}", path.display()))?;
        make_enterable(path)?;
    }
    path.canonicalize().context(|| format!("cannot find {}", path.display()))
}

fn make_enterable(path: &Path) -> Result<()> {
    std::fs::set_permissions(path, Permissions::from_mode(0o755))
        .context(|| format!("cannot change the permissions of {}", path.display()))
}

fn remove_dead_runs(parent: &Path) -> Result<()> {
    let entries = std::fs::read_dir(parent).context(|| format!("cannot read {}", parent.display()))?;
    let folders = entries.flatten().map(|entry| entry.path());
    for folder in folders.filter(|folder| folder.join(OWNER_LOCK).exists()) {
        let owner = open_lock(&folder.join(OWNER_LOCK))?;
        if owner.try_lock().is_ok() {
            end_run(&folder)?;
            remove(&folder)?;
        }
    }
    Ok(())
}

/// Ends every process of the run in `folder`.
pub(super) fn end_run(folder: &Path) -> Result<()> {
    let left = Marker::of(folder).end_all();
    if left.is_empty() {
        return Ok(());
    }
    failed(format!("these processes of the run in {} would not end: {left:?}", folder.display()))
}

/// Removes a run's folder with all in it; anything else is left alone.
pub(super) fn remove(folder: &Path) -> Result<()> {
    if !folder.exists() {
        return Ok(());
    }
    if !folder.is_absolute() || !folder.join(OWNER_LOCK).exists() {
        return failed(format!("{} is not the folder of a run; it is not removed", folder.display()));
    }
    let removed = remove_all(folder);
    // A guard and a new run may both be removing the folder of a run that was killed.
    if removed.is_err() && holds_within(REMOVAL_LIMIT, || !folder.exists()) {
        return Ok(());
    }
    removed.context(|| format!("cannot remove {}", folder.display()))
}

/// The lock goes last, so that a removal that was cut short is taken up by the next run.
fn remove_all(folder: &Path) -> std::io::Result<()> {
    for entry in std::fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            std::fs::remove_dir_all(&path)?;
        } else if !path.ends_with(OWNER_LOCK) {
            std::fs::remove_file(&path)?;
        }
    }
    std::fs::remove_dir_all(folder)
}

fn open_lock(path: &Path) -> Result<File> {
    OpenOptions::new()
        .create(true)
        .write(true)
        .truncate(false)
        .open(path)
        .context(|| format!("cannot open {}", path.display()))
}

#[cfg(test)]
mod tests {
    use super::{OWNER_LOCK, RunFolder, remove};
    use crate::services::marker::Marker;

    fn parent(name: &str) -> std::path::PathBuf {
        std::env::temp_dir().join(format!("closure-xtask-{name}-{}", std::process::id()))
    }

    #[test]
    fn a_folder_that_is_not_a_runs_is_never_removed() {
        let folder = parent("foreign");
        std::fs::create_dir_all(&folder).expect("a temporary folder can be created");
        assert!(remove(&folder).is_err());
        assert!(folder.exists());
        std::fs::remove_dir(&folder).expect("the temporary folder is empty");
    }

    #[test]
    fn a_new_run_removes_the_folder_and_ends_the_processes_of_a_dead_one_and_leaves_a_living_one_alone() {
        let parent = parent("runs");
        let living = RunFolder::create(&parent).expect("a run can be created");
        let dead = parent.join("dead");
        std::fs::create_dir(&dead).expect("a folder can be created");
        std::fs::write(dead.join(OWNER_LOCK), "").expect("a file can be written");
        let marker = Marker::of(&dead.canonicalize().expect("the folder exists"));
        let (name, value) = marker.variable();
        let mut command = std::process::Command::new("sleep");
        let mut orphan = command.arg("600").env(name, value).spawn().expect("sleep can be started");

        let next = RunFolder::create(&parent).expect("a second run can be created");

        assert!(!dead.exists());
        assert!(orphan.wait().is_ok_and(|status| !status.success()), "the orphan was killed");
        assert!(living.path.exists() && next.path.exists());
        std::fs::remove_dir_all(&parent).expect("the folders can be removed");
    }
}
