//! Where a role's time goes: a flame graph by the kernel's own profiler.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use rustix::process::Signal;

use crate::bench::cpu;
use crate::error::{Context, Result, failed};
use crate::interrupt::Interrupt;
use crate::process::{Running, log_tail};
use crate::tools;
use crate::workspace::Workspace;

/// The tools that fold stacks and draw them; their licence (CDDL) keeps them out of what we build, and not out of use.
const INFERNO: (&str, &str) = ("inferno", "0.12.8");
/// Samples a second; no multiple of anything that the fleet does by the clock.
const SAMPLES_PER_S: &str = "299";
/// The frames of a sample are found by the tables of the binary, from so many bytes of its stack.
const CALL_GRAPH: &str = "dwarf,16384";
/// What was recorded is written by then.
const END_LIMIT: Duration = Duration::from_secs(120);

/// What draws a profile.
#[derive(Clone, Debug)]
pub struct Profiler {
    /// The process that is looked at.
    pub role: String,
    folder: PathBuf,
    collapse: PathBuf,
    draw: PathBuf,
}

/// A profile that is being recorded.
pub struct Recording<'a> {
    profiler: &'a Profiler,
    perf: Running,
    data: PathBuf,
    log: PathBuf,
    name: String,
}

impl Profiler {
    /// Makes sure that this machine can record, and installs what draws.
    pub fn prepare(role: &str, workspace: &Workspace, interrupt: &Interrupt) -> Result<Profiler> {
        let mut probe = Command::new("perf");
        probe.args(["record", "-e", "cpu-clock", "-o", "/dev/null", "--", "true"]);
        if !tools::succeeds(&mut probe) {
            return failed(
                "`perf record` does not work here: install linux-perf, and set kernel.perf_event_paranoid to 2 or less",
            );
        }
        let (name, version) = INFERNO;
        let program = |program: &str| tools::cargo_program(workspace, name, program, version, interrupt);
        let folder = workspace.target.join("bench");
        std::fs::create_dir_all(&folder).context(|| format!("cannot make {}", folder.display()))?;
        Ok(Profiler {
            role: role.to_owned(),
            folder,
            collapse: program("inferno-collapse-perf")?,
            draw: program("inferno-flamegraph")?,
        })
    }

    /// Begins to look at a process and all that is below it.
    pub fn record(&self, path: &str, pid: u32) -> Result<Recording<'_>> {
        let name = format!("{path}-{}", self.role);
        let (data, log) = (self.folder.join(format!("{name}.perf")), self.folder.join(format!("{name}.log")));
        let pids: Vec<String> = cpu::tree(pid)?.iter().map(u32::to_string).collect();
        let output = File::create(&log).context(|| format!("cannot write {}", log.display()))?;
        let errors = output.try_clone().context(|| format!("cannot write {}", log.display()))?;
        let mut perf = Command::new("perf");
        perf.args(["record", "-e", "cpu-clock", "-F", SAMPLES_PER_S, "--call-graph", CALL_GRAPH]);
        perf.args(["-p", &pids.join(","), "-o"]).arg(&data);
        let perf = Running::spawn(perf.stdin(Stdio::null()).stdout(output).stderr(errors))?;
        Ok(Recording { profiler: self, perf, data, log, name })
    }
}

impl Recording<'_> {
    /// Ends the recording and draws it.
    pub fn finish(&self, interrupt: &Interrupt) -> Result<()> {
        self.perf.signal(Signal::INT);
        self.perf.wait(END_LIMIT, interrupt)?;
        let Profiler { folder, collapse, draw, .. } = self.profiler;
        let file = |ending: &str| folder.join(format!("{}.{ending}", self.name));
        let (stacks, folded, picture) = (file("stacks"), file("folded"), file("svg"));
        let mut script = Command::new("perf");
        script.args(["script", "--no-inline", "--force", "-i"]).arg(&self.data);
        self.write_to(&mut script, &stacks)?;
        self.write_to(Command::new(collapse).arg(&stacks), &folded)?;
        self.write_to(Command::new(draw).args(["--title", &self.name]).arg(&folded), &picture)?;
        for made in [&self.data, &stacks] {
            std::fs::remove_file(made).context(|| format!("cannot remove {}", made.display()))?;
        }
        eprintln!("flame graph: {} (folded stacks beside it)", picture.display());
        Ok(())
    }

    fn write_to(&self, command: &mut Command, path: &Path) -> Result<()> {
        let file = File::create(path).context(|| format!("cannot write {}", path.display()))?;
        let name = command.get_program().to_string_lossy().into_owned();
        let ended = command.stdin(Stdio::null()).stdout(file).stderr(Stdio::null()).status();
        let status = ended.context(|| format!("cannot start {name}"))?;
        if status.success() {
            return Ok(());
        }
        failed(format!("{name} ended with {status}; perf itself said:\n{}", log_tail(&self.log)))
    }
}

impl Drop for Recording<'_> {
    fn drop(&mut self) {
        self.perf.signal(Signal::KILL);
    }
}
