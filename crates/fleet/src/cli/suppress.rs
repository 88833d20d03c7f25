//! The command line of the suppression list.

use clap::{Args, Subcommand};

use super::template::By;

/// Recipients who are not to be contacted.
#[derive(Debug, Subcommand)]
pub enum Suppress {
    /// Put a number or an address on the list.
    Add {
        /// Whom.
        #[command(flatten)]
        whom: Whom,
        /// The customer asked for it, so that only the customer may take it back.
        #[arg(long)]
        opt_out: bool,
        /// Why.
        #[command(flatten)]
        by: By,
    },
    /// List the entries, the newest first; recipients are shown with their middle hidden.
    List {
        /// At most this many.
        #[arg(long, default_value_t = 100)]
        limit: i64,
    },
    /// Take a number or an address off the list.
    Remove {
        /// Whom.
        #[command(flatten)]
        whom: Whom,
        /// Why.
        #[command(flatten)]
        by: By,
    },
}

/// A recipient.
#[derive(Debug, Args)]
pub struct Whom {
    /// A number with plus and country code, or an address; `-` reads it from standard input, so that it stands in no
    /// history of commands.
    pub recipient: String,
}

/// What is taken back.
#[derive(Debug, Args)]
pub struct Cancel {
    /// The consultation's id.
    pub consultation: String,
    /// The newest revision that is taken back, with every older one.
    #[arg(
        long,
        value_parser = clap::value_parser!(u32).range(1..=1_000_000),
        required_unless_present = "undo",
        conflicts_with = "undo"
    )]
    pub revision: Option<u32>,
    /// Let the consultation be answered again, whatever revision was taken back or came; what has ended stays ended.
    #[arg(long)]
    pub undo: bool,
    /// Why.
    #[arg(long)]
    pub reason: String,
}
