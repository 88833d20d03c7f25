//! The commands of the dead-letter desk.

use std::path::PathBuf;

use clap::{Args, Subcommand};
use closure_store::LetterDeed;

use super::Reveal;

/// The dead-letter desk.
#[derive(Debug, Subcommand)]
pub enum Dead {
    /// List what waits for a person.
    List {
        /// Letters in this state: open, replaying, resolved or discarded.
        #[arg(long, default_value = "open")]
        state: String,
        /// Letters with this failure code.
        #[arg(long)]
        code: Option<String>,
        /// At most this many.
        #[arg(long, default_value_t = 100)]
        limit: i64,
    },
    /// Show one letter with its history, and what it holds: masked, or as it is for a purpose.
    Show {
        /// The letter's number.
        id: i64,
        /// As it is.
        #[command(flatten)]
        reveal: Reveal,
    },
    /// Show what differs between two editions of a letter's message, masked.
    Diff {
        /// The letter's number.
        id: i64,
        /// The edition to begin with, as `show` numbers them; without it the one before the other.
        #[arg(long)]
        from: Option<u32>,
        /// The edition to end with; without it the latest.
        #[arg(long)]
        to: Option<u32>,
    },
    /// Send it again as a new generation of the same job.
    Replay(Settle),
    /// Decide that it will not be sent; for a while that can be undone before the CRM hears of it.
    Discard(Settle),
    /// Open a letter again that was given up: unheard within `dead.undo_ms`, and later to replay it.
    #[command(visible_alias = "undo")]
    Reopen(Settle),
    /// Answer a text message by its email instead, once, and give the text up.
    AnswerByEmail(Settle),
}

/// A person's answer to a letter.
#[derive(Debug, Args)]
pub struct Settle {
    /// The letter's number.
    pub id: i64,
    /// Why.
    #[arg(long)]
    pub reason: String,
    /// A file with the corrected job; the original bytes are kept as they came.
    #[arg(long, value_name = "FILE")]
    pub edit: Option<PathBuf>,
    /// The version of the letter that was read; if it has changed since, nothing is done.
    #[arg(long, value_name = "N")]
    pub expect_version: Option<u32>,
}

impl Settle {
    /// Who decides what, and by which version of the letter.
    pub fn deed<'a>(&'a self, actor: &'a str) -> LetterDeed<'a> {
        LetterDeed { actor, reason: &self.reason, seen: self.expect_version }
    }
}
