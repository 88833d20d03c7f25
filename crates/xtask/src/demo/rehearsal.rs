//! Every line that is printed for a look around, pasted once as a person would: what nobody ran does not run.

use std::fs::File;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use crate::demo::invitation::{End, Invitation, Line};
use crate::demo::stage::Stage;
use crate::error::{Context, Result};
use crate::interrupt::Interrupt;
use crate::process::{Foreground, POLL_INTERVAL};
use crate::services::Services;

/// How long one line may take.
const LINE_LIMIT: Duration = Duration::from_secs(60);

/// Types every line, says how it went, and answers how many went wrong.
pub fn run(
    invitation: &Invitation,
    stage: &Stage,
    services: &Services,
    interrupt: &Interrupt,
) -> Result<usize> {
    let shell =
        Shell { exports: &invitation.exports, output: stage.folder.join("pasted.log"), services, interrupt };
    println!("\nWhat the demo prints for a look around, each line pasted once:");
    let mut wrong = 0;
    for line in invitation.crm.iter().chain(&invitation.people) {
        match shell.paste(line)? {
            None => println!("  ok  {}", line.command),
            Some(problem) => {
                wrong += 1;
                println!("  NO  {}\n{problem}", line.command);
            }
        }
    }
    Ok(wrong)
}

/// A new shell, which knows what was pasted into it and nothing else.
struct Shell<'a> {
    exports: &'a str,
    output: PathBuf,
    services: &'a Services,
    interrupt: &'a Interrupt,
}

impl Shell<'_> {
    /// Types one line; what is wrong with what came of it.
    fn paste(&self, line: &Line) -> Result<Option<String>> {
        let what = || format!("cannot write {}", self.output.display());
        let output = File::create(&self.output).context(what)?;
        let mut command = Command::new("/bin/bash");
        command.env_clear().env("PATH", "/usr/bin:/bin").current_dir("/").stdin(Stdio::null());
        command.args(["-e", "-u", "-c", &format!("{}\n{}", self.exports, line.command)]);
        command.stderr(output.try_clone().context(what)?).stdout(output);
        self.services.adopt(&mut command);
        let process = Foreground::spawn(&mut command)?;
        let start = Instant::now();
        loop {
            let ended = process.exit_status();
            // It may be read in the middle of a letter of more than one byte.
            let said =
                std::fs::read(&self.output).context(|| format!("cannot read {}", self.output.display()))?;
            let said = String::from_utf8_lossy(&said);
            let has_said = said.contains(line.says.as_str());
            match (line.end, ended) {
                (End::Itself, Some(status)) if status.success() && has_said => return Ok(None),
                (End::Typed(lines), None) if has_said && said.lines().count() >= lines => return Ok(None),
                (_, Some(status)) => {
                    return Ok(Some(format!("it ended with {status}, where {} was due:\n{said}", due(line))));
                }
                (_, None) if start.elapsed() >= LINE_LIMIT => {
                    let limit_s = LINE_LIMIT.as_secs();
                    return Ok(Some(format!("after {limit_s} s {} was still due:\n{said}", due(line))));
                }
                (_, None) => self.interrupt.pause(POLL_INTERVAL)?,
            }
        }
    }
}

/// What a line's output should have been, in words.
fn due(line: &Line) -> String {
    match line.end {
        End::Itself => format!("`{}`", line.says),
        End::Typed(lines) => format!("an output of {lines} lines with `{}`", line.says),
    }
}
