//! The fleet's tables, by statements that hold for every revision: one client that stays, so that a look is cheap.

use std::process::Stdio;

use closure_contract::JobId;
use closure_tests::harness;
use tokio::{
    io::{AsyncBufReadExt, AsyncWriteExt, BufReader, Lines},
    process::{Child, ChildStdin, ChildStdout, Command},
};

use crate::{Problem, load::Job};

/// Stands behind the rows of each answer.
const END: &str = "-- end of the answer";

/// A session of psql.
pub(crate) struct Database {
    input: ChildStdin,
    output: Lines<BufReader<ChildStdout>>,
    _client: Child,
}

impl Database {
    /// Starts it.
    pub(crate) fn open(url: &str) -> Result<Self, Problem> {
        let mut command = Command::new(harness::Database::client());
        command.args(["-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1", "-d", url]).kill_on_drop(true);
        let mut client = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn()?;
        let (Some(input), Some(output)) = (client.stdin.take(), client.stdout.take()) else {
            return Err("psql has no input or no output".into());
        };
        Ok(Self { input, output: BufReader::new(output).lines(), _client: client })
    }

    /// The rows of one statement, fields separated by `|`.
    pub(crate) async fn query(&mut self, sql: &str) -> Result<Vec<String>, Problem> {
        self.input.write_all(format!("{sql};\n\\echo {END}\n").as_bytes()).await?;
        let mut rows = Vec::new();
        while let Some(line) = self.output.next_line().await? {
            if line == END {
                return Ok(rows);
            }
            rows.push(line);
        }
        Err(format!("psql ended at: {sql}").into())
    }

    /// The first number of a statement's answer.
    pub(crate) async fn number(&mut self, sql: &str) -> Result<u64, Problem> {
        let rows = self.query(sql).await?;
        let first = rows.first().and_then(|row| row.parse().ok());
        first.ok_or_else(|| format!("no number is the answer to: {sql}").into())
    }

    /// A job's state, if its delivery has begun.
    pub(crate) async fn state(&mut self, job: JobId) -> Result<Option<String>, Problem> {
        let rows = self.query(&format!("SELECT state FROM delivery WHERE job_id = '{job}'")).await?;
        Ok(rows.into_iter().next())
    }

    /// How many of these jobs are in a state; their ids rise and nobody else's lie between.
    pub(crate) async fn in_state(&mut self, jobs: &[Job], state: &str) -> Result<usize, Problem> {
        let (Some(first), Some(last)) = (jobs.first(), jobs.last()) else { return Ok(0) };
        let sql = format!(
            "SELECT count(*) FROM delivery WHERE job_id BETWEEN '{}' AND '{}' AND state = '{state}'",
            first.id, last.id
        );
        Ok(usize::try_from(self.number(&sql).await?)?)
    }

    /// Makes sure that every delivery is in this state.
    pub(crate) async fn all_are(&mut self, jobs: &[Job], state: &str) -> Result<(), Problem> {
        let found = self.in_state(jobs, state).await?;
        if found == jobs.len() {
            return Ok(());
        }
        Err(format!("{found} jobs of {} are {state}", jobs.len()).into())
    }
}
