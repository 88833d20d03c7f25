//! `cargo xtask fuzz`: throws bytes at everything that reads bytes from outside.

use std::collections::HashSet;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

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
const KEPT_BYTES_MAX: usize = 128 * 1024;
/// A target keeps at most this many inputs, because ordinary tests replay each of them.
const KEPT_INPUTS_MAX: usize = 250;

#[path = "../../../tests/fuzz/src/corpus.rs"]
#[expect(unreachable_pub, reason = "the fuzz targets' crate has this module as well")]
mod corpus;

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
    /// Pack the smallest inputs that reach new code into tests/fuzz/corpus, where ordinary tests replay them
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
        let kept = fuzzer.unpack(*target)?;
        fuzzer.fuzz(*target, arguments.seconds, interrupt)?;
        if arguments.keep {
            fuzzer.keep(*target, kept, interrupt)?;
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
    /// Writes what is kept for a target into a folder of its own, a file each, as libFuzzer reads it.
    fn unpack(&self, target: Target) -> Result<HashSet<Vec<u8>>> {
        let inputs = corpus::kept(&self.corpus(), target.name());
        let inputs = inputs.context(|| format!("cannot read the corpus of {}", target.name()))?;
        let folder = self.unpacked(target);
        if folder.exists() {
            std::fs::remove_dir_all(&folder).context(|| format!("cannot remove {}", folder.display()))?;
        }
        std::fs::create_dir_all(&folder).context(|| format!("cannot make {}", folder.display()))?;
        for (index, input) in inputs.iter().enumerate() {
            let file = folder.join(format!("{index:04}"));
            std::fs::write(&file, input).context(|| format!("cannot write {}", file.display()))?;
        }
        Ok(inputs.into_iter().collect())
    }

    fn fuzz(&self, target: Target, seconds: u32, interrupt: &Interrupt) -> Result<()> {
        eprintln!("==== {}: {seconds} s ====", target.name());
        let found = self.found.join(target.name());
        std::fs::create_dir_all(&found).context(|| format!("cannot make {}", found.display()))?;
        let mut command = self.command(target);
        command.arg(&found).arg(self.unpacked(target)).arg("--");
        command.args([
            format!("-max_total_time={seconds}"),
            format!("-timeout={INPUT_SECONDS_MAX}"),
            format!("-max_len={INPUT_BYTES_MAX}"),
            "-print_final_stats=1".to_owned(),
        ]);
        self.finish(target, &mut command, Duration::from_secs(seconds.into()) + BESIDE, interrupt)
    }

    /// Packs, of what was found, the fewest inputs that reach code which no kept one reaches.
    fn keep(&self, target: Target, mut kept: HashSet<Vec<u8>>, interrupt: &Interrupt) -> Result<()> {
        let unpacked = self.unpacked(target);
        let mut command = self.command(target);
        command.arg(&unpacked).arg(self.found.join(target.name()));
        command.args(["--", "-merge=1", &format!("-timeout={INPUT_SECONDS_MAX}")]);
        self.finish(target, &mut command, BESIDE, interrupt)?;
        let mut new = read_files(&unpacked)?;
        new.retain(|input| !kept.contains(input));
        let chosen = chosen(new, &kept);
        let packed = self.corpus().join(format!("{}.base64", target.name()));
        let text =
            std::fs::read_to_string(&packed).context(|| format!("cannot read {}", packed.display()))?;
        std::fs::write(&packed, repacked(&text, &chosen))
            .context(|| format!("cannot write {}", packed.display()))?;
        kept.extend(chosen);
        let bytes: usize = kept.iter().map(Vec::len).sum();
        eprintln!("{}: {} inputs of {bytes} bytes are kept", target.name(), kept.len());
        Ok(())
    }

    fn corpus(&self) -> PathBuf {
        self.folder.join("corpus")
    }

    fn unpacked(&self, target: Target) -> PathBuf {
        self.found.join(format!("{}-kept", target.name()))
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

fn read_files(folder: &Path) -> Result<Vec<Vec<u8>>> {
    let what = || format!("cannot read {}", folder.display());
    let entries = std::fs::read_dir(folder).context(what)?;
    entries.map(|entry| std::fs::read(entry.context(what)?.path()).context(what)).collect()
}

/// As many of the new inputs as there is room for beside what is kept: small ones and large ones alike.
fn chosen(mut new: Vec<Vec<u8>>, kept: &HashSet<Vec<u8>>) -> Vec<Vec<u8>> {
    new.sort_by(|one, other| (one.len(), one).cmp(&(other.len(), other)));
    let room = KEPT_INPUTS_MAX.saturating_sub(kept.len());
    let step = new.len().div_ceil(room.max(1)).max(1);
    let mut bytes: usize = kept.iter().map(Vec::len).sum();
    let fits = |input: &Vec<u8>| {
        bytes += input.len();
        bytes <= KEPT_BYTES_MAX
    };
    new.into_iter().step_by(step).take(room).take_while(fits).collect()
}

/// The lines of a packed file with those of more inputs, sorted.
fn repacked(text: &str, more: &[Vec<u8>]) -> String {
    let mut lines: Vec<String> = text.lines().map(str::to_owned).collect();
    lines.extend(more.iter().map(|input| STANDARD.encode(input)));
    lines.sort();
    lines.iter().flat_map(|line| [line, "\n"]).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A person reads the named inputs of a target; more of them are the fuzzer's.
    const NAMED_MAX: usize = 12;

    fn fuzzer(found: &Path) -> Fuzzer {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/fuzz");
        Fuzzer { program: PathBuf::new(), folder, found: found.to_owned(), target: PathBuf::new() }
    }

    #[test]
    fn what_is_kept_is_unpacked_a_file_each_and_nothing_is_lost_when_it_is_packed_again() {
        let found = tempfile::tempdir().expect("a folder can be made");
        let fuzzer = fuzzer(found.path());
        for target in Target::ALL {
            let kept = fuzzer.unpack(target).expect("it can be unpacked");
            let files = read_files(&fuzzer.unpacked(target)).expect("it was unpacked");
            assert_eq!(files.len(), kept.len(), "{target:?} keeps an input twice");
            assert_eq!(files.into_iter().collect::<HashSet<_>>(), kept, "{target:?}");
            let packed = fuzzer.corpus().join(format!("{}.base64", target.name()));
            let text = std::fs::read_to_string(packed).expect("it has a packed file");
            assert_eq!(repacked(&text, &[]), text, "{target:?} is not sorted");
            let more = repacked(&text, &[b"\0 a find \xff".to_vec()]);
            assert!(text.lines().all(|line| more.contains(&format!("{line}\n"))), "{target:?}");
            assert_eq!(more.lines().count(), text.lines().count() + 1, "{target:?}");
        }
    }

    #[test]
    fn a_target_has_a_few_inputs_whose_names_say_what_they_are() {
        for target in Target::ALL {
            let folder = fuzzer(Path::new("")).corpus().join(target.name());
            let entries = std::fs::read_dir(&folder).expect("the target has a folder").flatten();
            let names: Vec<String> =
                entries.map(|entry| entry.file_name().to_string_lossy().into_owned()).collect();
            assert!((3..=NAMED_MAX).contains(&names.len()), "{target:?}: {names:?}");
            for name in names {
                let is_hash = name.chars().all(|sign| sign.is_ascii_hexdigit());
                assert!(
                    !is_hash,
                    "{name} says nothing; `cargo xtask fuzz --keep` packs what the fuzzer found"
                );
            }
        }
    }

    #[test]
    fn new_inputs_are_taken_while_there_is_room_from_small_ones_to_large_ones() {
        let kept: HashSet<Vec<u8>> = (0..KEPT_INPUTS_MAX - 2).map(|index| vec![0; index]).collect();
        let new = vec![vec![1; 4], vec![1], vec![1; 3], vec![1; 2]];
        assert_eq!(chosen(new.clone(), &kept), [vec![1], vec![1; 3]]);
        assert_eq!(chosen(new.clone(), &HashSet::new()).len(), 4);
        let too_many = HashSet::from([vec![0; KEPT_BYTES_MAX - 3]]);
        assert_eq!(chosen(new, &too_many), [vec![1], vec![1; 2]]);
    }
}
