//! Which letter is whose, and how the letter of a job is opened by its death and resolved by its end.

use std::fmt::Write as _;

use closure_contract::JobId;

/// What there is one letter of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct LetterKey(String);

macro_rules! job_prefix {
    () => {
        "job:"
    };
}

macro_rules! bytes_prefix {
    () => {
        "bytes:"
    };
}

const MAIL_PREFIX: &str = "mail:";

impl LetterKey {
    /// A job's own letter.
    pub(crate) fn of_job(job: JobId) -> Self {
        Self(format!("{}{job}", job_prefix!()))
    }

    /// The letter of a message that is no job's, or that brings other content under a job's id, by the bytes' hash.
    pub(crate) fn of_bytes(hash: &[u8]) -> Self {
        Self(hex(bytes_prefix!(), hash))
    }

    /// The letter of a mail that came back, which is no message and cannot be sent again, by the bytes' hash.
    pub(crate) fn of_mail(hash: &[u8]) -> Self {
        Self(hex(MAIL_PREFIX, hash))
    }

    pub(crate) fn read(column: String) -> Self {
        Self(column)
    }

    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }

    pub(crate) fn is_of_mail(&self) -> bool {
        self.0.starts_with(MAIL_PREFIX)
    }
}

fn hex(prefix: &str, bytes: &[u8]) -> String {
    bytes.iter().fold(prefix.to_owned(), |mut text, byte| {
        // Writing to a string does not fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}

/// The key of the letter of a job, within a statement.
macro_rules! job_key {
    ($job:literal) => {
        concat!("'", crate::dead_letters::job_letter::job_prefix!(), "' || ", $job)
    };
}

/// Opens the letter of each job that a query names, or opens it again.
///
/// The query's columns are `job_id`, `channel`, `queue`, `routing_key`, `code`, `detail`, `body` and `generation`.
macro_rules! open_letters {
    ($dead:literal) => {
        concat!(
            "
    INSERT INTO dead_letter AS l (key, job_id, channel, queue, routing_key, code, detail, body, state, generation)
    SELECT
        ",
            crate::dead_letters::job_letter::job_key!("dead.job_id"),
            ", dead.job_id, dead.channel, dead.queue, dead.routing_key, dead.code, dead.detail, dead.body, 'open',
        dead.generation
    FROM (",
            $dead,
            ") AS dead
    ON CONFLICT (key) DO UPDATE SET
        state = 'open', code = excluded.code, detail = excluded.detail, generation = excluded.generation,
        deaths = l.deaths + 1, last_died_at = now(), settled_at = NULL
"
        )
    };
}

/// Resolves the letter of each job that a query names, as far as the job goes on by a replay; its column is `job_id`.
macro_rules! resolve_letters {
    ($($ended:expr),+) => {
        concat!(
            "
    UPDATE dead_letter SET state = 'resolved', settled_at = now()
    WHERE state = 'replaying' AND key = ANY (ARRAY (
        SELECT ",
            crate::dead_letters::job_letter::job_key!("ended.job_id"),
            " FROM (",
            $($ended),+,
            ") AS ended
    ))
"
        )
    };
}

pub(crate) use {bytes_prefix, job_key, job_prefix, open_letters, resolve_letters};
