//! The guard: a process that ends a run's services when its owner goes, in whatever way it goes.
//!
//! It waits for the end of its standard input, which is a pipe from the owner.
//! A normal end, a panic, a signal and a SIGKILL of the owner all close the pipe, so there is one way to clean up.

use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::process::{ChildStdin, Command, ExitCode, Stdio};
use std::time::Duration;

use crate::error::{Context, Result};
use crate::process::Running;
use crate::services::folder;
use crate::services::marker::MARKER_VARIABLE;

/// Written to the pipe by an owner that wants the folder left in place.
const LEAVE_FOLDER: &[u8] = b"leave";
/// How long the guard may take to end a run.
const GUARD_LIMIT: Duration = Duration::from_secs(40);

/// What happens to the folder, with data and logs, when a run ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Leftovers {
    /// It is removed.
    Remove,
    /// It stays until the next run starts.
    Leave,
}

/// The owner's side: dropping it ends the run.
pub struct Guard {
    folder: PathBuf,
    /// Decides about the folder at the end of the run.
    pub leftovers: Leftovers,
    pipe: Option<ChildStdin>,
    process: Running,
}

impl Guard {
    /// Starts the guard of the run in `folder`.
    pub fn start(folder: &Path, leftovers: Leftovers) -> Result<Guard> {
        // The link is followed in the child, so it names this program even if a build has replaced its file.
        let mut command = Command::new("/proc/self/exe");
        command.arg("guard").arg(folder).stdin(Stdio::piped()).stdout(Stdio::null());
        // A guard outlives its owner, also one that runs inside the tests of another run.
        command.env_remove(MARKER_VARIABLE);
        std::os::unix::process::CommandExt::process_group(&mut command, 0);
        let mut child = command.spawn().context(|| "cannot start the guard".to_owned())?;
        let pipe = child.stdin.take();
        Ok(Guard { folder: folder.to_owned(), leftovers, pipe, process: Running::watch(child)? })
    }

    fn end(&mut self) -> Result<()> {
        if let Some(mut pipe) = self.pipe.take()
            && self.leftovers == Leftovers::Leave
        {
            // A guard that is gone cannot read this, and the branch below takes its place.
            let _ = pipe.write_all(LEAVE_FOLDER);
        }
        if self.process.ended_within(GUARD_LIMIT) && !self.folder_is_due() {
            return Ok(());
        }
        end(&self.folder, self.leftovers)
    }

    fn folder_is_due(&self) -> bool {
        self.leftovers == Leftovers::Remove && self.folder.exists()
    }
}

impl Drop for Guard {
    fn drop(&mut self) {
        if let Err(error) = self.end() {
            eprintln!("xtask: {error}");
        }
    }
}

/// The guard's side: waits for the end of the owner, then ends its run.
pub fn run(folder: &Path) -> Result<ExitCode> {
    let mut said = Vec::new();
    let limit = u64::try_from(LEAVE_FOLDER.len()).map_or(u64::MAX, |length| length);
    // A broken pipe means the same as a closed one: the owner is gone.
    let _ = std::io::stdin().take(limit).read_to_end(&mut said);
    let leftovers = if said == LEAVE_FOLDER { Leftovers::Leave } else { Leftovers::Remove };
    end(folder, leftovers)?;
    Ok(ExitCode::SUCCESS)
}

fn end(folder: &Path, leftovers: Leftovers) -> Result<()> {
    folder::end_run(folder)?;
    match leftovers {
        Leftovers::Leave => Ok(()),
        Leftovers::Remove => folder::remove(folder),
    }
}
