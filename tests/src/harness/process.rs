//! One of our processes: started, watched, stopped politely or killed.

use std::{
    fs::OpenOptions,
    os::unix::process::ExitStatusExt,
    path::{Path, PathBuf},
    process::{Child, Command, ExitStatus, Stdio},
};

use nix::{
    sys::signal::{Signal, kill},
    unistd::Pid,
};
use serde_json::Value;

use super::{
    http::request,
    logs,
    options::ProcessSpec,
    runtime::on_a_lasting_thread,
    wait::{LONG, eventually},
};

/// A process of the fleet, running or not.
pub struct Process {
    spec: ProcessSpec,
    program: PathBuf,
    environment: Vec<(String, String)>,
    /// Its log, appended to by every start.
    pub log: PathBuf,
    log_start: u64,
    child: Option<Child>,
    address: Option<String>,
}

impl Process {
    /// A process that is not started yet.
    pub(super) fn new(
        spec: ProcessSpec,
        program: PathBuf,
        environment: Vec<(String, String)>,
        folder: &Path,
    ) -> Self {
        let log = folder.join(format!("{}.log", spec.name));
        Self { spec, program, environment, log, log_start: 0, child: None, address: None }
    }

    /// Starts it without waiting for anything.
    pub async fn spawn(&mut self) {
        assert!(self.child.is_none(), "{} runs already", self.spec.name);
        let log =
            OpenOptions::new().create(true).append(true).open(&self.log).expect("the log can be written");
        self.log_start = log.metadata().expect("an open file has a length").len();
        let mut command = Command::new("setpriv");
        // Whatever happens to the test, its children end with it.
        command.args(["--pdeathsig", "KILL", "--"]).arg(&self.program).args(&self.spec.arguments);
        command.envs(self.environment.iter().map(|(name, value)| (name, value)));
        command.stdin(Stdio::null());
        command.stdout(log.try_clone().expect("a file can be opened twice")).stderr(log);
        let child = on_a_lasting_thread(move || command.spawn()).await.expect("the process can be started");
        self.child = Some(child);
        self.address = None;
    }

    /// Starts it and waits until it says that it is ready.
    pub async fn start(&mut self) {
        self.spawn().await;
        self.ready().await;
    }

    /// Waits until it says that it is ready.
    pub async fn ready(&mut self) {
        let what = format!("{} to be ready", self.spec.name);
        let start = std::time::Instant::now();
        loop {
            if let Some(status) = self.exit_status() {
                panic!(
                    "{} ended with {status} before it was ready:\n{}",
                    self.spec.name,
                    logs::tail(&self.log)
                );
            }
            match self.is_ready().await {
                Ok(()) => return,
                Err(problem) => assert!(
                    start.elapsed() < LONG,
                    "waited for {what}; last seen: {problem}\n{}",
                    logs::tail(&self.log)
                ),
            }
            tokio::time::sleep(std::time::Duration::from_millis(30)).await;
        }
    }

    /// What it says of its readiness: the status, and each part's word.
    pub async fn readiness(&mut self) -> Result<(u16, Value), String> {
        let address = self.address().ok_or("it has not said where it answers")?;
        let answer = request("GET", &format!("http://{address}/readyz"), &[], b"").await?;
        Ok((answer.status, answer.json()))
    }

    /// Asks it once whether it is ready.
    pub async fn is_ready(&mut self) -> Result<(), String> {
        let (status, parts) = self.readiness().await?;
        let consuming = self.spec.consumers == 0
            || parts.as_array().is_some_and(|parts| parts.len() > self.spec.consumers);
        if status == 200 && consuming { Ok(()) } else { Err(format!("status {status}: {parts}")) }
    }

    /// Where it answers, as its log says since its last start.
    pub fn address(&mut self) -> Option<String> {
        if self.address.is_none() {
            self.address = logs::field(&self.log, self.log_start, &self.spec.address_message, "address");
        }
        self.address.clone()
    }

    /// Its process id.
    pub fn pid(&self) -> Option<u32> {
        self.child.as_ref().map(Child::id)
    }

    /// Ends it without a warning, as the kernel would.
    pub fn kill(&mut self) {
        let Some(mut child) = self.child.take() else { return };
        // It fails only when the process has ended by itself, which the wait tells.
        let _ended_already = child.kill();
        let status = child.wait().expect("a killed child can be waited for");
        assert_eq!(
            status.signal(),
            Some(9),
            "{} had ended by itself: {}",
            self.spec.name,
            logs::tail(&self.log)
        );
    }

    /// Asks it to stop.
    pub fn ask_to_stop(&self) {
        self.signal(Signal::SIGTERM);
    }

    /// Holds it, as a machine that stands still would.
    pub fn freeze(&self) {
        self.signal(Signal::SIGSTOP);
    }

    /// Lets it go on.
    pub fn thaw(&self) {
        self.signal(Signal::SIGCONT);
    }

    /// Asks it to stop, waits for its end, and answers how it ended.
    pub async fn stop(&mut self) -> ExitStatus {
        self.ask_to_stop();
        self.ended().await
    }

    /// Waits for its end.
    pub async fn ended(&mut self) -> ExitStatus {
        let what = format!("{} to end", self.spec.name);
        let child = self.child.as_mut().expect("the process was started");
        let mut look = || child.try_wait().ok().flatten().ok_or_else(|| "it runs".to_owned());
        let status = eventually(&what, LONG, || {
            let seen = look();
            async move { seen }
        })
        .await;
        self.child = None;
        status
    }

    fn exit_status(&mut self) -> Option<ExitStatus> {
        self.child.as_mut().and_then(|child| child.try_wait().ok().flatten())
    }

    fn signal(&self, signal: Signal) {
        let child = self.child.as_ref().expect("the process was started");
        let pid = i32::try_from(child.id()).expect("a process id is a positive i32");
        kill(Pid::from_raw(pid), signal).expect("our own child can be signalled");
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        if let Some(child) = &mut self.child {
            // One that has ended already needs nothing.
            let _ended_already = child.kill();
            let _status = child.wait();
        }
    }
}
