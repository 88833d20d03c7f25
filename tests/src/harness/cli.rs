//! The command line, run to its end.

use std::{process::Stdio, time::Duration};

use tokio::{io::AsyncWriteExt, process::Command};

use super::environment::binary;

/// No command takes longer.
const COMMAND_MAX: Duration = Duration::from_secs(60);

/// How a command ended.
#[derive(Debug, Clone)]
pub struct Answer {
    /// The exit code.
    pub code: i32,
    /// What it printed as its result.
    pub output: String,
    /// What it said besides.
    pub errors: String,
}

impl Answer {
    /// The result as JSON.
    pub fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.output)
            .unwrap_or_else(|problem| panic!("no JSON ({problem}):\n{}\n{}", self.output, self.errors))
    }

    /// The same, after making sure of the exit code.
    #[track_caller]
    pub fn with_code(self, code: i32) -> Self {
        assert_eq!(self.code, code, "{}\n{}", self.output, self.errors);
        self
    }
}

/// Runs `fleet` with nothing in its environment but these variables.
pub async fn cli(environment: &[(String, String)], arguments: &[&str]) -> Answer {
    cli_with_input(environment, arguments, b"").await
}

/// The same with a text on standard input.
pub async fn cli_with_input(environment: &[(String, String)], arguments: &[&str], input: &[u8]) -> Answer {
    let mut command = Command::new(binary("fleet"));
    command.args(arguments).env_clear().envs(environment.iter().map(|(name, value)| (name, value)));
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).kill_on_drop(true);
    let mut child = command.spawn().expect("fleet can be started");
    let mut stdin = child.stdin.take().expect("standard input is a pipe");
    // Written while the answer is read, because a command that streams stops reading when nobody reads what it says.
    let write = async {
        // A command that reads nothing may close it before everything is written.
        let _closed_early = stdin.write_all(input).await;
        drop(stdin);
    };
    let ended = async { tokio::join!(write, child.wait_with_output()).1 };
    let output = tokio::time::timeout(COMMAND_MAX, ended)
        .await
        .unwrap_or_else(|_| {
            panic!("fleet {} took longer than {} s", arguments.join(" "), COMMAND_MAX.as_secs())
        })
        .expect("the command's end can be read");
    Answer {
        code: output.status.code().expect("the command was not killed"),
        output: String::from_utf8_lossy(&output.stdout).into_owned(),
        errors: String::from_utf8_lossy(&output.stderr).into_owned(),
    }
}
