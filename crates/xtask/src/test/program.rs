//! A compiled test program: which tests it has, what they need, and how it is run.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use serde_json::Value;

use crate::error::{Context, Result, failed};
use crate::interrupt::Interrupt;
use crate::process::Foreground;
use crate::workspace::forget_own_package;

/// How long a compiled program may take to say the names of its tests.
const LISTING_LIMIT: Duration = Duration::from_secs(60);

/// A test program that cargo has made.
#[derive(Debug)]
pub struct Program {
    name: String,
    executable: PathBuf,
    package_folder: PathBuf,
}

/// What programs need beside themselves.
///
/// Everything is told to a test in a variable that the environment has, and a program that does not spell a variable
/// reads none; nobody has to keep a list.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Needs {
    /// The fleet's and the simulators' own programs.
    pub binaries: bool,
    /// Debian's packages and those of other languages.
    pub tools: bool,
    /// A broker and a database.
    pub services: bool,
    /// A real PBX, which the names of the tests tell.
    pub pbx: bool,
}

impl Needs {
    /// What any of these programs needs.
    pub fn of(programs: &[Program]) -> Result<Needs> {
        Ok(Needs {
            binaries: any_spells(programs, &["CLOSURE_TEST_BINARIES"])?,
            tools: any_spells(programs, &["CLOSURE_TEST_"])?,
            services: any_spells(programs, &["CLOSURE_TEST_AMQP", "CLOSURE_TEST_PG"])?,
            pbx: false,
        })
    }
}

/// Cargo's programs are large, and grep stops at the first word.
fn any_spells(programs: &[Program], words: &[&str]) -> Result<bool> {
    // Our own tests spell them because we set them.
    let mut others = programs.iter().filter(|program| !program.is_ours()).peekable();
    if others.peek().is_none() {
        return Ok(false);
    }
    let mut grep = Command::new("grep");
    grep.args(["--quiet", "--text", "--fixed-strings"]);
    grep.args(words.iter().flat_map(|word| ["-e", word])).arg("--");
    grep.args(others.map(|program| &program.executable));
    let status = grep.stdin(Stdio::null()).status().context(|| "cannot start grep".to_owned())?;
    match status.code() {
        Some(0) => Ok(true),
        Some(1) => Ok(false),
        _ => failed(format!("grep ended with {status}")),
    }
}

impl Program {
    /// The test programs among what `cargo test --no-run --message-format json` says that it made.
    pub fn made(messages: &str) -> Vec<Program> {
        let read = |line: &str| serde_json::from_str::<Value>(line).ok();
        let messages = messages.lines().filter_map(read);
        let tests = messages.filter(|message| message["profile"]["test"] == true);
        tests.filter_map(|message| Program::of(&message)).collect()
    }

    fn of(message: &Value) -> Option<Program> {
        Some(Program {
            name: message["target"]["name"].as_str()?.to_owned(),
            executable: PathBuf::from(message["executable"].as_str()?),
            package_folder: Path::new(message["manifest_path"].as_str()?).parent()?.to_owned(),
        })
    }

    fn is_ours(&self) -> bool {
        self.package_folder == Path::new(env!("CARGO_MANIFEST_DIR"))
    }

    /// Its own name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The names of its tests that these words choose.
    pub fn tests(&self, words: &[String], interrupt: &Interrupt) -> Result<Vec<String>> {
        let mut command = self.command();
        command.args(words).args(["--list", "--format", "terse"]);
        let said = Foreground::read(&mut command, LISTING_LIMIT, interrupt)?;
        if said.code != Some(0) {
            return failed(format!("{} {}", self.executable.display(), said.complaint()));
        }
        let names = said.output.lines().filter_map(|line| line.strip_suffix(": test"));
        Ok(names.map(str::to_owned).collect())
    }

    /// The program, as `cargo test` starts it.
    pub fn command(&self) -> Command {
        let mut command = Command::new(&self.executable);
        forget_own_package(&mut command);
        command.current_dir(&self.package_folder);
        command
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn program(executable: &Path) -> Program {
        let executable = executable.display();
        let messages = format!(
            r#"{{"reason":"compiler-artifact","executable":null,"profile":{{"test":true}}}}
               not JSON
               {{"target":{{"name":"fleet"}},"executable":"/fleet","profile":{{"test":false}},"manifest_path":"/x/Cargo.toml"}}
               {{"target":{{"name":"one"}},"executable":"{executable}","profile":{{"test":true}},"manifest_path":"/x/Cargo.toml"}}"#
        );
        let mut made = Program::made(&messages);
        assert_eq!(made.len(), 1, "{made:?}");
        made.remove(0)
    }

    #[test]
    fn a_program_needs_what_it_spells_the_variable_of() {
        let folder = tempfile::tempdir().expect("a folder can be made");
        let mut made = Vec::new();
        for (index, (bytes, needs)) in [
            (&b"\x7fELF\0nothing"[..], Needs::default()),
            (b"\0CLOSURE_TEST_PYTHON\0", Needs { tools: true, ..Needs::default() }),
            (b"\xff\nCLOSURE_TEST_PG", Needs { tools: true, services: true, ..Needs::default() }),
            (b"CLOSURE_TEST_BINARIES", Needs { tools: true, binaries: true, ..Needs::default() }),
        ]
        .into_iter()
        .enumerate()
        {
            let path = folder.path().join(index.to_string());
            std::fs::write(&path, bytes).expect("a file can be written");
            made.push(program(&path));
            let own = &made[index..];
            assert_eq!(Needs::of(own).expect("grep reads it"), needs, "{index}");
        }
        let all = Needs { tools: true, services: true, binaries: true, pbx: false };
        assert_eq!(Needs::of(&made).expect("grep reads them"), all);
        assert_eq!(Needs::of(&[]).expect("nothing is read"), Needs::default());
    }
}
