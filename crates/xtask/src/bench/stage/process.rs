//! A process of the stage: started, waited for, held, and ended by its id.

use std::fs::File;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use rustix::process::Signal;

use crate::error::{Context, Result, failed};
use crate::http;
use crate::interrupt::Interrupt;
use crate::process::{Running, holds_within, log_tail};
use crate::services::Services;

/// How long a process may take until it is ready.
const READY_LIMIT: Duration = Duration::from_secs(60);
/// How long a role may take to finish what is in hand and end.
const END_LIMIT: Duration = Duration::from_secs(40);

/// A process of ours with its id; it ends with the value.
pub struct Process {
    /// What it is.
    pub name: &'static str,
    /// Its id.
    pub pid: u32,
    running: Running,
    log: PathBuf,
}

impl Process {
    /// Starts a command, with its output in a log of its name.
    pub fn start(
        name: &'static str,
        command: &mut Command,
        services: &Services,
        logs: &Path,
    ) -> Result<Process> {
        let log = logs.join(format!("{name}.log"));
        let file = File::options().create(true).append(true).open(&log);
        let output = file.context(|| format!("cannot write {}", log.display()))?;
        let errors = output.try_clone().context(|| format!("cannot write {}", log.display()))?;
        services.adopt(command);
        command.stdin(Stdio::null()).stdout(output).stderr(errors).process_group(0);
        let child = command.spawn().context(|| format!("cannot start {name}"))?;
        let pid = child.id();
        Ok(Process { name, pid, running: Running::watch(child)?, log })
    }

    /// Holds it where it is, so that a backlog can be made before it takes any of it.
    pub fn hold(&self) {
        self.running.signal(Signal::STOP);
    }

    /// Lets it go on.
    pub fn let_go(&self) {
        self.running.signal(Signal::CONT);
    }

    /// Ends it, and fails if it does not end well by itself: what it holds would not be finished.
    pub fn stop(self, interrupt: &Interrupt) -> Result<()> {
        self.running.signal(Signal::TERM);
        let status = self.running.wait(END_LIMIT, interrupt)?;
        if status.success() {
            return Ok(());
        }
        failed(format!("{} ended with {status}:\n{}", self.name, log_tail(&self.log)))
    }

    /// Waits until it answers 200 there.
    pub fn wait_until_ready(&self, base_url: &str, path: &str, interrupt: &Interrupt) -> Result<()> {
        let answers = || http::request("GET", base_url, path, None).is_ok_and(|answer| answer.status == 200);
        let over = || answers() || self.running.exit_status().is_some() || interrupt.check().is_err();
        holds_within(READY_LIMIT, over);
        interrupt.check()?;
        if answers() {
            return Ok(());
        }
        failed(format!("{} is not ready:\n{}", self.name, log_tail(&self.log)))
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.running.signal(Signal::KILL);
        self.running.ended_within(END_LIMIT);
    }
}
