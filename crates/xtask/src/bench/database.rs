//! What PostgreSQL says of itself.

use std::process::{Command, Stdio};

use crate::error::{Context, Result, failed};
use crate::services::postgres;

/// So many of the dearest statements are told.
const STATEMENTS_MAX: usize = 10;
/// So much of a statement's text is told.
const TEXT_CHARS_MAX: usize = 110;
/// Separates the fields of a row: no statement's text has it.
const FIELD: char = '\u{1f}';

/// The fleet's database, as its superuser sees it.
#[derive(Clone)]
pub struct Database {
    url: String,
}

/// How far the server had come.
#[derive(Clone, Copy, Debug)]
pub struct Position {
    wal_bytes: f64,
    writing_transactions: f64,
}

/// What the server did between two positions.
#[derive(Clone, Copy, Debug)]
pub struct Done {
    /// Bytes of the write-ahead log.
    pub wal_bytes: f64,
    /// Transactions that changed something; each waits for the disk.
    pub writing_transactions: f64,
    /// Statements of the fleet, each a round trip.
    pub statements: f64,
}

/// One kind of statement, and what all of its calls took.
#[derive(Clone, Debug)]
pub struct Statement {
    /// Calls.
    pub calls: f64,
    /// Their time in microseconds.
    pub us: f64,
    /// Rows that came or were changed.
    pub rows: f64,
    /// Its text with placeholders, shortened.
    pub text: String,
}

impl Database {
    /// The database of this address, in which a name means what it means in this schema first.
    pub fn new(url: &str, schema: &str) -> Database {
        Database { url: format!("{url}?options=-csearch_path%3D{schema},public") }
    }

    /// Its address.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Runs statements and answers the rows of the last.
    pub fn query(&self, sql: &str) -> Result<Vec<Vec<String>>> {
        let program = postgres::programs().map_or_else(|| "psql".into(), |folder| folder.join("psql"));
        let mut command = Command::new(program);
        command.args(["-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1", "-F", &FIELD.to_string()]);
        let output = command.args(["-d", &self.url, "-c", sql]).stdin(Stdio::null()).output();
        let output = output.context(|| "cannot start psql".to_owned())?;
        if !output.status.success() {
            return failed(format!("psql: {sql}: {}", String::from_utf8_lossy(&output.stderr).trim()));
        }
        let text = String::from_utf8_lossy(&output.stdout);
        Ok(text.lines().map(|line| line.split(FIELD).map(str::to_owned).collect()).collect())
    }

    /// The single number that a statement answers.
    pub fn number(&self, sql: &str) -> Result<f64> {
        numbers(&self.query(sql)?).first().copied().map_or_else(|| failed(format!("no number: {sql}")), Ok)
    }

    /// Begins to count statements.
    pub fn count_statements(&self) -> Result<()> {
        self.query("CREATE EXTENSION IF NOT EXISTS pg_stat_statements SCHEMA public").map(drop)
    }

    /// Forgets all statements so far, and looks how far the server has come.
    pub fn begin(&self) -> Result<Position> {
        self.query("SELECT pg_stat_statements_reset()")?;
        self.position()
    }

    /// What was done since then.
    pub fn done_since(&self, begin: Position) -> Result<Done> {
        let end = self.position()?;
        let statements = self.number(&format!("SELECT coalesce(sum(calls), 0) {OURS}"))?;
        Ok(Done {
            wal_bytes: end.wal_bytes - begin.wal_bytes,
            writing_transactions: end.writing_transactions - begin.writing_transactions,
            statements,
        })
    }

    /// The statements that took most of the server's time.
    pub fn dearest(&self) -> Result<Vec<Statement>> {
        let rows = self.query(&format!(
            "SELECT calls, total_exec_time * 1000, rows, \
                left(regexp_replace(query, '\\s+', ' ', 'g'), {TEXT_CHARS_MAX}) \
             {OURS} ORDER BY total_exec_time DESC LIMIT {STATEMENTS_MAX}"
        ))?;
        let statement = |row: &Vec<String>| {
            let [calls, us, rows, text] = row.as_slice() else { return None };
            Some(Statement {
                calls: calls.parse().ok()?,
                us: us.parse().ok()?,
                rows: rows.parse().ok()?,
                text: text.clone(),
            })
        };
        Ok(rows.iter().filter_map(statement).collect())
    }

    fn position(&self) -> Result<Position> {
        let rows = self.query(
            "SELECT pg_current_wal_insert_lsn() - '0/0'::pg_lsn, pg_snapshot_xmax(pg_current_snapshot())",
        )?;
        match numbers(&rows).as_slice() {
            [wal_bytes, writing_transactions] => {
                Ok(Position { wal_bytes: *wal_bytes, writing_transactions: *writing_transactions })
            }
            _ => failed("PostgreSQL does not say how far its log is"),
        }
    }
}

/// The fleet's own users; the load generator and we are the superuser, whose id is 10.
const OURS: &str = "FROM pg_stat_statements WHERE userid <> 10 \
    AND dbid = (SELECT oid FROM pg_database WHERE datname = current_database())";

fn numbers(rows: &[Vec<String>]) -> Vec<f64> {
    rows.first().into_iter().flatten().filter_map(|field| field.parse().ok()).collect()
}
