//! The load generator, a process of its own that tells what it does line by line.

use std::io::{BufRead, BufReader, Write};
use std::os::unix::process::CommandExt;
use std::path::PathBuf;
use std::process::{ChildStdin, Command, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, sync_channel};
use std::time::{Duration, Instant};

use rustix::process::Signal;
use serde_json::Value;

use crate::error::{Context, Result, failed};
use crate::interrupt::Interrupt;
use crate::process::{POLL_INTERVAL, Running, log_tail};

/// No step of a measurement takes longer.
const EVENT_LIMIT: Duration = Duration::from_secs(3_600);
/// How long the process may take to end.
const END_LIMIT: Duration = Duration::from_secs(10);
/// So many events may wait to be read.
const EVENTS_MAX: usize = 16;

/// A measurement under way; it ends with the value.
pub struct Load {
    running: Running,
    input: ChildStdin,
    events: Receiver<String>,
    log: PathBuf,
}

impl Load {
    /// Starts the load generator; what it complains about goes to `log`.
    pub fn start(command: &mut Command, log: PathBuf) -> Result<Load> {
        let errors = std::fs::File::create(&log).context(|| format!("cannot write {}", log.display()))?;
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(errors).process_group(0);
        let mut child = command.spawn().context(|| "cannot start the load generator".to_owned())?;
        let (Some(input), Some(output)) = (child.stdin.take(), child.stdout.take()) else {
            return failed("the load generator has no input or no output");
        };
        let (tell, events) = sync_channel(EVENTS_MAX);
        std::thread::spawn(move || {
            for line in BufReader::new(output).lines().map_while(std::result::Result::ok) {
                if tell.send(line).is_err() {
                    return;
                }
            }
        });
        Ok(Load { running: Running::watch(child)?, input, events, log })
    }

    /// Waits for the next event, which must be this one, and returns its facts.
    pub fn expect(&self, event: &str, interrupt: &Interrupt) -> Result<Value> {
        let start = Instant::now();
        loop {
            match self.events.recv_timeout(POLL_INTERVAL) {
                Ok(line) => return facts(&line, event),
                Err(RecvTimeoutError::Disconnected) => {
                    return failed(format!("the measurement failed: {}", log_tail(&self.log)));
                }
                Err(RecvTimeoutError::Timeout) => interrupt.check()?,
            }
            if start.elapsed() > EVENT_LIMIT {
                return failed(format!("no `{event}` within {} s", EVENT_LIMIT.as_secs()));
            }
        }
    }

    /// Lets it go on after it has said that something ended.
    pub fn go_on(&mut self) -> Result<()> {
        self.input.write_all(b"\n").context(|| "the load generator has ended by itself".to_owned())
    }

    /// Waits until it has ended well.
    pub fn finish(self, interrupt: &Interrupt) -> Result<()> {
        let status = self.running.wait(END_LIMIT, interrupt)?;
        if status.success() {
            return Ok(());
        }
        failed(format!("the measurement failed ({status}): {}", log_tail(&self.log)))
    }
}

impl Drop for Load {
    fn drop(&mut self) {
        self.running.signal(Signal::KILL);
        self.running.ended_within(END_LIMIT);
    }
}

fn facts(line: &str, event: &str) -> Result<Value> {
    let mut said: Value =
        serde_json::from_str(line).context(|| "the load generator did not say JSON".to_owned())?;
    if said.get("event").and_then(Value::as_str) != Some(event) {
        return failed(format!("the load generator said something else than `{event}`"));
    }
    Ok(said.get_mut("facts").map_or(Value::Null, Value::take))
}
