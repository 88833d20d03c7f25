//! Which processes belong to a run: those that carry its marker in their environment.
//!
//! Children inherit the marker, so that a broker restarted by a test, or a fleet process that a test left behind,
//! is found and ended by its own id, and nothing else is touched.

use std::path::{Path, PathBuf};
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};

use crate::process::holds_within;

/// The environment variable that marks a process; its value is the run's folder.
pub(super) const MARKER_VARIABLE: &str = "CLOSURE_SERVICES_RUN";

/// How long marked processes may take to end before the search gives up.
const SWEEP_LIMIT: Duration = Duration::from_secs(20);

/// How long PostgreSQL may take for an immediate shutdown before it is killed.
const SHUTDOWN_LIMIT: Duration = Duration::from_secs(5);

/// The mark of one run.
#[derive(Clone, Debug)]
pub(super) struct Marker {
    folder: PathBuf,
    bytes: Vec<u8>,
}

impl Marker {
    /// The mark of the run in `folder`, which must be an absolute path.
    pub(super) fn of(folder: &Path) -> Marker {
        let bytes = format!("{MARKER_VARIABLE}={}", folder.display()).into_bytes();
        Marker { folder: folder.to_owned(), bytes }
    }

    /// The variable and its value, for a process that shall end with the run.
    pub(super) fn variable(&self) -> (String, String) {
        (MARKER_VARIABLE.to_owned(), self.folder.display().to_string())
    }

    /// True if a living process carries this mark.
    pub(super) fn is_on(&self, pid: Pid) -> bool {
        let environment = std::fs::read(proc_file(pid, "environ")).unwrap_or_default();
        environment.split(|byte| *byte == 0).any(|variable| variable == self.bytes)
    }

    /// All living processes that carry this mark, except ourselves.
    pub(super) fn processes(&self) -> Vec<Pid> {
        let own = rustix::process::getpid();
        let entries = std::fs::read_dir("/proc").into_iter().flatten().flatten();
        entries
            .filter_map(|entry| entry.file_name().to_str()?.parse().ok())
            .filter_map(Pid::from_raw)
            .filter(|pid| *pid != own && self.is_on(*pid))
            .collect()
    }

    /// Ends all marked processes and waits until none is left; returns those that would not go.
    pub(super) fn end_all(&self) -> Vec<Pid> {
        // A cluster that is being created frees its shared memory only when it is done, whatever the signal.
        holds_within(SHUTDOWN_LIMIT, || !self.processes().into_iter().any(|pid| name(pid) == "initdb"));
        for pid in self.processes() {
            end(pid);
        }
        if !holds_within(SHUTDOWN_LIMIT, || self.processes().is_empty()) {
            holds_within(SWEEP_LIMIT, || {
                let left = self.processes();
                left.iter().for_each(|pid| send(*pid, Signal::KILL));
                left.is_empty()
            });
        }
        self.processes()
    }
}

/// Kills a process; PostgreSQL is shut down at once instead, because it leaves shared memory behind when killed.
fn end(pid: Pid) {
    let signal = if name(pid) == "postgres" { Signal::QUIT } else { Signal::KILL };
    send(pid, signal);
}

fn name(pid: Pid) -> String {
    std::fs::read_to_string(proc_file(pid, "comm")).unwrap_or_default().trim().to_owned()
}

fn send(pid: Pid, signal: Signal) {
    // It fails only when the process has just ended by itself, which is what we want.
    let _ = kill_process(pid, signal);
}

fn proc_file(pid: Pid, name: &str) -> PathBuf {
    PathBuf::from(format!("/proc/{}/{name}", pid.as_raw_nonzero()))
}
