//! The one error of this crate: what a person is told, and the exit code that goes with it.

use std::fmt;
use std::process::ExitCode;

/// What a command of this crate ends with.
pub type Result<T> = std::result::Result<T, Error>;

/// Why a command ended early.
#[derive(Debug)]
pub enum Error {
    /// A signal asked us to stop; the number is the signal's.
    Interrupted(i32),
    /// Something is wrong; the text says what, and what to do about it.
    Failed(String),
}

impl Error {
    /// The exit code a shell expects: 128 plus the signal's number, or 1.
    pub fn exit_code(&self) -> ExitCode {
        match self {
            Error::Interrupted(signal) => {
                u8::try_from(128 + signal).map_or(ExitCode::FAILURE, ExitCode::from)
            }
            Error::Failed(_) => ExitCode::FAILURE,
        }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Error::Interrupted(signal) => write!(formatter, "stopped by signal {signal}"),
            Error::Failed(text) => formatter.write_str(text),
        }
    }
}

impl std::error::Error for Error {}

/// Shorthand for a failure with a text.
pub fn failed<T>(text: impl Into<String>) -> Result<T> {
    Err(Error::Failed(text.into()))
}

/// Says what was being tried when a library call failed.
pub trait Context<T> {
    /// Turns the error into `<what>: <error>`.
    fn context(self, what: impl FnOnce() -> String) -> Result<T>;
}

impl<T, E: fmt::Display> Context<T> for std::result::Result<T, E> {
    fn context(self, what: impl FnOnce() -> String) -> Result<T> {
        self.map_err(|error| Error::Failed(format!("{}: {error}", what())))
    }
}
