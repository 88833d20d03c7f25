//! Processes that we start: how one is started, and how it is waited for and ended by its id.

use std::fs::{File, OpenOptions};
use std::io::{Read, Seek, SeekFrom};
use std::os::unix::fs::FileExt;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use rustix::fs::{MemfdFlags, memfd_create};
use rustix::io::Errno;
use rustix::process::{Pid, Signal, WaitId, WaitIdOptions, kill_process_group, waitid};

use crate::error::{Context, Error, Result, failed};
use crate::interrupt::Interrupt;

/// How often a wait looks at what it waits for.
pub const POLL_INTERVAL: Duration = Duration::from_millis(50);

/// How long a process that was told to end may take before it is killed.
const END_LIMIT: Duration = Duration::from_secs(5);

/// How much of a log a failure quotes.
const LOG_TAIL_LINES: usize = 15;
const LOG_TAIL_BYTES: u64 = 16 * 1024;

/// Everything needed to start a service, also from another process: nothing else of the environment counts.
#[derive(Clone)]
pub struct Launch {
    /// The program's path.
    pub program: PathBuf,
    /// Its arguments.
    pub arguments: Vec<String>,
    /// Its whole environment.
    pub environment: Vec<(String, String)>,
    /// Its working folder.
    pub working_folder: PathBuf,
    /// The file that its output is appended to.
    pub log_file: PathBuf,
}

impl Launch {
    /// Starts the process in a group of its own, so that a Ctrl-C in the terminal does not reach it.
    pub fn start(&self) -> Result<Running> {
        let log = open_log(&self.log_file)?;
        let log_too = log.try_clone().context(|| format!("cannot open {} twice", self.log_file.display()))?;
        let mut command = Command::new(&self.program);
        command
            .args(&self.arguments)
            .env_clear()
            .envs(self.environment.iter().map(|(name, value)| (name, value)))
            .current_dir(&self.working_folder)
            .stdin(Stdio::null())
            .stdout(log)
            .stderr(log_too);
        Running::spawn(&mut command)
    }

    /// The same facts for `services.json`.
    pub fn to_json(&self) -> serde_json::Value {
        let environment: serde_json::Map<String, serde_json::Value> =
            self.environment.iter().map(|(name, value)| (name.clone(), value.clone().into())).collect();
        serde_json::json!({
            "program": self.program.to_string_lossy(),
            "arguments": self.arguments,
            "environment": environment,
            "working_folder": self.working_folder.to_string_lossy(),
            "log_file": self.log_file.to_string_lossy(),
        })
    }
}

/// A child process in a group of its own; dropping it leaves it running.
pub struct Running {
    pid: Pid,
    status: Arc<Mutex<Option<ExitStatus>>>,
}

impl Running {
    /// Starts a command in a group of its own.
    pub fn spawn(command: &mut Command) -> Result<Running> {
        command.process_group(0);
        let child = command
            .spawn()
            .context(|| format!("cannot start {}", command.get_program().to_string_lossy()))?;
        Running::watch(child)
    }

    /// Watches a child that leads a group of its own, and collects its exit status as soon as there is one.
    pub fn watch(mut child: Child) -> Result<Running> {
        let pid = i32::try_from(child.id()).ok().and_then(Pid::from_raw);
        let Some(pid) = pid else {
            return failed(format!("the system gave a process the impossible id {}", child.id()));
        };
        let status = Arc::new(Mutex::new(None));
        let shared = Arc::clone(&status);
        std::thread::spawn(move || {
            // The child stays unreaped until the lock is held, so that a signal never goes to a recycled id.
            let options = WaitIdOptions::EXITED | WaitIdOptions::NOWAIT;
            while waitid(WaitId::Pid(pid), options).is_err_and(|error| error == Errno::INTR) {}
            let mut status = shared.lock().unwrap_or_else(PoisonError::into_inner);
            *status = child.wait().ok().or(Some(ExitStatus::default()));
        });
        Ok(Running { pid, status })
    }

    /// The exit status, once the process has ended.
    pub fn exit_status(&self) -> Option<ExitStatus> {
        *self.status.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits for the end of the process, at most for `limit`, or for a signal to us.
    pub fn wait(&self, limit: Duration, interrupt: &Interrupt) -> Result<ExitStatus> {
        let start = Instant::now();
        loop {
            if let Some(status) = self.exit_status() {
                return Ok(status);
            }
            if start.elapsed() >= limit {
                return failed(format!("gave up after {} s", limit.as_secs()));
            }
            interrupt.pause(POLL_INTERVAL)?;
        }
    }

    /// Waits at most `limit`, whatever signals arrive; true if the process has ended.
    pub fn ended_within(&self, limit: Duration) -> bool {
        holds_within(limit, || self.exit_status().is_some())
    }

    /// Sends a signal to the process and everything in its group, unless it has ended.
    pub fn signal(&self, signal: Signal) {
        let status = self.status.lock().unwrap_or_else(PoisonError::into_inner);
        if status.is_none() {
            // It fails only when the group has just ended by itself, which is what we want.
            let _ = kill_process_group(self.pid, signal);
        }
    }
}

/// What a command printed, and how it ended.
#[derive(Debug)]
pub struct Said {
    /// Its exit code, if it was not killed.
    pub code: Option<i32>,
    /// Its standard output.
    pub output: String,
    /// Its standard error.
    pub errors: String,
    /// How long it took.
    pub took: Duration,
}

impl Said {
    /// What it ended with and what it said about it.
    pub fn complaint(&self) -> String {
        format!("ended with {:?}:\n{}{}", self.code, self.output, self.errors)
    }
}

/// A file in memory that a command prints into.
struct Kept(File);

impl Kept {
    fn new() -> Result<Kept> {
        let file = memfd_create("printed", MemfdFlags::CLOEXEC);
        Ok(Kept(File::from(file.context(|| "cannot keep what a command prints".to_owned())?)))
    }

    /// What the command gets.
    fn end(&self) -> Result<File> {
        self.0.try_clone().context(|| "cannot share what a command prints".to_owned())
    }

    /// What was printed so far; read at places, because the place of writing is shared with the command.
    fn text(&self) -> Result<String> {
        let what = || "cannot read what a command printed".to_owned();
        let length = self.0.metadata().context(what)?.len();
        let mut bytes = vec![0; usize::try_from(length).context(what)?];
        self.0.read_exact_at(&mut bytes, 0).context(what)?;
        Ok(String::from_utf8_lossy(&bytes).into_owned())
    }
}

/// A child process that ends with the value: told first, killed after a while.
pub struct Foreground(Running);

impl Foreground {
    /// Starts a command whose end is awaited or forced.
    pub fn spawn(command: &mut Command) -> Result<Foreground> {
        Running::spawn(command).map(Foreground)
    }

    /// The exit status, once the process has ended.
    pub fn exit_status(&self) -> Option<ExitStatus> {
        self.0.exit_status()
    }

    /// Runs a command to its end, or ends it after `limit` or when a signal to us arrives.
    pub fn run(command: &mut Command, limit: Duration, interrupt: &Interrupt) -> Result<ExitStatus> {
        interrupt.check()?;
        let process = Foreground::spawn(command.stdin(Stdio::null()))?;
        process.wait(command, limit, interrupt)
    }

    /// The same, and keeps what the command printed.
    ///
    /// It prints into files without a name: unlike a pipe, they wait for no process that it left behind.
    pub fn read(command: &mut Command, limit: Duration, interrupt: &Interrupt) -> Result<Said> {
        interrupt.check()?;
        let start = Instant::now();
        let (output, errors) = (Kept::new()?, Kept::new()?);
        command.stdin(Stdio::null()).stdout(output.end()?).stderr(errors.end()?);
        let process = Foreground::spawn(command)?;
        let code = process.wait(command, limit, interrupt)?.code();
        Ok(Said { code, output: output.text()?, errors: errors.text()?, took: start.elapsed() })
    }

    fn wait(&self, command: &Command, limit: Duration, interrupt: &Interrupt) -> Result<ExitStatus> {
        self.0.wait(limit, interrupt).map_err(|error| match error {
            Error::Interrupted(signal) => Error::Interrupted(signal),
            Error::Failed(text) => {
                Error::Failed(format!("{}: {text}", command.get_program().to_string_lossy()))
            }
        })
    }
}

impl Drop for Foreground {
    fn drop(&mut self) {
        self.0.signal(Signal::TERM);
        if !self.0.ended_within(END_LIMIT) {
            self.0.signal(Signal::KILL);
            self.0.ended_within(END_LIMIT);
        }
    }
}

/// Looks again and again, at most for `limit`, whether something holds; signals do not shorten it.
pub fn holds_within(limit: Duration, mut condition: impl FnMut() -> bool) -> bool {
    let start = Instant::now();
    loop {
        if condition() {
            return true;
        }
        if start.elapsed() >= limit {
            return false;
        }
        std::thread::park_timeout(POLL_INTERVAL);
    }
}

/// Runs a short command to its end and fails with what it printed if it did not succeed.
pub fn run_quietly(command: &mut Command) -> Result<()> {
    let name = command.get_program().to_string_lossy().into_owned();
    let output = command.stdin(Stdio::null()).output().context(|| format!("cannot start {name}"))?;
    if output.status.success() {
        return Ok(());
    }
    let said =
        String::from_utf8_lossy(if output.stderr.is_empty() { &output.stdout } else { &output.stderr });
    failed(format!("{name} ended with {}: {}", output.status, said.trim()))
}

/// The last lines of a log, for a message that says why a service did not start.
pub fn log_tail(path: &Path) -> String {
    let mut text = Vec::new();
    // A log that cannot be read gives an empty quotation; the message around it names the file.
    let _ = File::open(path).and_then(|mut log| {
        let length_bytes = log.metadata()?.len();
        log.seek(SeekFrom::Start(length_bytes.saturating_sub(LOG_TAIL_BYTES)))?;
        log.take(LOG_TAIL_BYTES).read_to_end(&mut text)
    });
    let text = String::from_utf8_lossy(&text);
    let lines: Vec<&str> = text.lines().filter(|line| !line.trim().is_empty()).collect();
    lines[lines.len().saturating_sub(LOG_TAIL_LINES)..].join("\n")
}

fn open_log(path: &Path) -> Result<File> {
    OpenOptions::new()
        .create(true)
        .append(true)
        .open(path)
        .context(|| format!("cannot write the log {}", path.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shell(script: &str) -> Command {
        let mut command = Command::new("sh");
        command.args(["-c", script]);
        command
    }

    #[test]
    fn a_command_that_is_read_has_a_limit_as_every_other() {
        let interrupt = Interrupt::listen().expect("signals can be listened for");
        let read = |script, limit| Foreground::read(&mut shell(script), limit, &interrupt);
        let said = read("echo a test; echo why >&2; exit 3", END_LIMIT).expect("it ends");
        assert_eq!((said.code, said.output.as_str(), said.errors.as_str()), (Some(3), "a test\n", "why\n"));
        let much = read("yes | head -c 1000000", END_LIMIT).expect("more than a pipe holds is read as well");
        assert_eq!(much.output.len(), 1_000_000);
        let given_up = read("echo a test; exec sleep 600", Duration::from_millis(1));
        assert!(matches!(given_up, Err(Error::Failed(text)) if text == "sh: gave up after 0 s"));
    }

    #[test]
    fn a_process_that_a_command_leaves_behind_is_not_waited_for() {
        let interrupt = Interrupt::listen().expect("signals can be listened for");
        let said = Foreground::read(&mut shell("echo begun; sleep 4 & exit 0"), END_LIMIT, &interrupt);
        let said = said.expect("it ends");
        assert_eq!((said.code, said.output.as_str()), (Some(0), "begun\n"));
        assert!(said.took < Duration::from_secs(4), "{said:?}");
    }
}
