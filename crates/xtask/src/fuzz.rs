//! `cargo xtask fuzz`: throws bytes at everything that reads bytes from outside.

use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};
use std::time::Duration;

use crate::error::{Context, Result, failed};
use crate::interrupt::Interrupt;
use crate::process::Foreground;
use crate::tools;
use crate::workspace::Workspace;

const CARGO_FUZZ_VERSION: &str = "0.13.2";
/// Building the targets, and looking back over what was found, may take this long beside the time that was asked for.
const BESIDE: Duration = Duration::from_secs(30 * 60);
/// One input may take this many seconds; a linear parser needs milliseconds.
const INPUT_SECONDS_MAX: u32 = 10;
/// An input has at most this many bytes: those of a job, and one more.
const INPUT_BYTES_MAX: usize = 64 * 1024 + 1;
/// A target's kept inputs have at most this many bytes together.
const KEPT_BYTES_MAX: u64 = 128 * 1024;
/// A target keeps at most this many inputs, because ordinary tests replay each of them.
const KEPT_INPUTS_MAX: usize = 250;

/// What is thrown at.
#[derive(clap::ValueEnum, Clone, Copy, Debug, PartialEq, Eq)]
pub enum Target {
    /// Jobs, cancellations and outcomes, and every rule over what can be read
    Message,
    /// Numbers in all their forms
    Phone,
    /// Templates, and texts against them
    Template,
    /// Receipts at the door of each gateway
    Receipt,
}

/// The options of `cargo xtask fuzz`.
#[derive(clap::Args, Debug)]
pub struct Arguments {
    /// The targets; all of them without one
    targets: Vec<Target>,
    /// How long each target is fuzzed, in seconds
    #[arg(long, default_value_t = 60, value_parser = clap::value_parser!(u32).range(1..=86_400))]
    seconds: u32,
    /// Keep the smallest inputs that reach new code in tests/fuzz/corpus, where ordinary tests replay them
    #[arg(long)]
    keep: bool,
}

impl Target {
    const ALL: [Target; 4] = [Target::Message, Target::Phone, Target::Template, Target::Receipt];

    fn name(self) -> &'static str {
        match self {
            Target::Message => "message",
            Target::Phone => "phone",
            Target::Template => "template",
            Target::Receipt => "receipt",
        }
    }
}

/// Fuzzes each target in turn; ends with the first that finds something, whose input is named.
pub fn run(arguments: &Arguments, interrupt: &Interrupt) -> Result<ExitCode> {
    let workspace = Workspace::find()?;
    let fuzzer = Fuzzer {
        program: tools::cargo_tool(&workspace, "cargo-fuzz", CARGO_FUZZ_VERSION, interrupt)?,
        folder: workspace.root.join("tests/fuzz"),
        found: workspace.target.join("fuzz-corpus"),
        target: workspace.target.join("fuzz"),
    };
    // Built from the fleet's own versions, to which cargo adds the fuzzer's.
    let lock = fuzzer.folder.join("Cargo.lock");
    std::fs::copy(workspace.root.join("Cargo.lock"), &lock)
        .context(|| format!("cannot write {}", lock.display()))?;
    let targets = if arguments.targets.is_empty() { &Target::ALL[..] } else { &arguments.targets };
    for target in targets {
        fuzzer.fuzz(*target, arguments.seconds, interrupt)?;
        if arguments.keep {
            fuzzer.keep(*target, interrupt)?;
        }
    }
    Ok(ExitCode::SUCCESS)
}

struct Fuzzer {
    program: PathBuf,
    folder: PathBuf,
    found: PathBuf,
    target: PathBuf,
}

impl Fuzzer {
    fn fuzz(&self, target: Target, seconds: u32, interrupt: &Interrupt) -> Result<()> {
        eprintln!("==== {}: {seconds} s ====", target.name());
        let found = self.found.join(target.name());
        std::fs::create_dir_all(&found).context(|| format!("cannot make {}", found.display()))?;
        let mut command = self.command(target);
        command.arg(&found).arg(self.seeds(target)).arg("--");
        command.args([
            format!("-max_total_time={seconds}"),
            format!("-timeout={INPUT_SECONDS_MAX}"),
            format!("-max_len={INPUT_BYTES_MAX}"),
            "-print_final_stats=1".to_owned(),
        ]);
        self.finish(target, &mut command, Duration::from_secs(seconds.into()) + BESIDE, interrupt)
    }

    /// Of what was found, the fewest inputs that reach as much code; of too many of those, small ones and large ones alike.
    fn keep(&self, target: Target, interrupt: &Interrupt) -> Result<()> {
        let merged = self.found.join(format!("{}-merged", target.name()));
        if merged.exists() {
            std::fs::remove_dir_all(&merged).context(|| format!("cannot remove {}", merged.display()))?;
        }
        std::fs::create_dir_all(&merged).context(|| format!("cannot make {}", merged.display()))?;
        let mut command = self.command(target);
        command.arg(&merged).arg(self.seeds(target)).arg(self.found.join(target.name()));
        command.args(["--", "-merge=1", &format!("-timeout={INPUT_SECONDS_MAX}")]);
        self.finish(target, &mut command, BESIDE, interrupt)?;
        let mut inputs = files(&merged)?;
        inputs.sort();
        let seeds = files(&self.seeds(target))?;
        let mut bytes: u64 = seeds.iter().map(|(size, _)| size).sum();
        let room = KEPT_INPUTS_MAX.saturating_sub(seeds.len()).max(1);
        let step = inputs.len().div_ceil(room).max(1);
        for (size, path) in inputs.into_iter().step_by(step) {
            bytes += size;
            if bytes > KEPT_BYTES_MAX {
                break;
            }
            let kept = self.seeds(target).join(path.file_name().unwrap_or_default());
            std::fs::copy(&path, &kept).context(|| format!("cannot write {}", kept.display()))?;
        }
        Ok(())
    }

    fn seeds(&self, target: Target) -> PathBuf {
        self.folder.join("corpus").join(target.name())
    }

    fn command(&self, target: Target) -> Command {
        let mut command = Command::new(&self.program);
        command.args(["run", "--sanitizer", "none", "--fuzz-dir"]).arg(&self.folder);
        command.arg("--target-dir").arg(&self.target).arg(target.name());
        // The stable compiler can count edges, but asks to be told that one means it.
        command.env("RUSTC_BOOTSTRAP", "1");
        command
    }

    fn finish(
        &self,
        target: Target,
        command: &mut Command,
        limit: Duration,
        interrupt: &Interrupt,
    ) -> Result<()> {
        let status = Foreground::run(command, limit, interrupt)?;
        if status.success() {
            return Ok(());
        }
        failed(format!(
            "{} ended with {status}; an input that it found lies in {}",
            target.name(),
            self.folder.join("artifacts").join(target.name()).display()
        ))
    }
}

/// The files of a folder with their sizes.
fn files(folder: &Path) -> Result<Vec<(u64, PathBuf)>> {
    let entries = std::fs::read_dir(folder).context(|| format!("cannot read {}", folder.display()))?;
    let mut files = Vec::new();
    for entry in entries.flatten() {
        let size = entry.metadata().map_or(0, |metadata| metadata.len());
        files.push((size, entry.path()));
    }
    Ok(files)
}
