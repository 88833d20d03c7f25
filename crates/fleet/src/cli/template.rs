//! The command line of the register of templates.

use std::path::PathBuf;

use clap::{Args, Subcommand};
use closure_contract::Timestamp;

/// The templates that carriers approve beforehand.
#[derive(Debug, Subcommand)]
pub enum Template {
    /// Add an edition as a draft, after checking it.
    Add {
        /// Its name, as jobs will name it.
        name: String,
        /// Its text: literals and variables {name:class:max}.
        #[arg(long, conflicts_with = "file", required_unless_present = "file")]
        text: Option<String>,
        /// A file with its text; `-` is standard input.
        #[arg(long, value_name = "FILE")]
        file: Option<PathBuf>,
        /// The country in which it is meant to be approved.
        #[arg(long, default_value_t = 84)]
        country: u16,
        /// Its version; the next one of the name without it.
        #[arg(long)]
        version: Option<u32>,
        /// Why.
        #[command(flatten)]
        by: By,
    },
    /// Add the editions of a file with `[[templates]]`, and approve the new ones that it calls approved.
    Import {
        /// The TOML file; other tables in it are not looked at.
        file: PathBuf,
        /// Why.
        #[command(flatten)]
        by: By,
    },
    /// List the editions.
    List,
    /// Show an edition with its history.
    Show(Edition),
    /// Write down that the carrier has it.
    Submit {
        /// The edition.
        #[command(flatten)]
        edition: Edition,
        /// The carrier's own name for it.
        #[arg(long)]
        reference: Option<String>,
        /// Why.
        #[command(flatten)]
        by: By,
    },
    /// Write down that the carrier approved it; from then on it may be sent.
    Approve {
        /// The edition.
        #[command(flatten)]
        edition: Edition,
        /// The carrier's own name for it.
        #[arg(long)]
        reference: Option<String>,
        /// The approval begins here (RFC 3339); at once without it.
        #[arg(long, value_parser = time)]
        from: Option<Timestamp>,
        /// The approval ends here (RFC 3339); never without it.
        #[arg(long, value_parser = time)]
        until: Option<Timestamp>,
        /// Why.
        #[command(flatten)]
        by: By,
    },
    /// Take the approval back; from then on it is not sent.
    Revoke {
        /// The edition.
        #[command(flatten)]
        edition: Edition,
        /// Why.
        #[command(flatten)]
        by: By,
    },
    /// Hold a text against the approved templates, or make a text from one.
    Test {
        /// Only this template, approved or not; needed for variables.
        #[arg(long)]
        name: Option<String>,
        /// The text.
        #[arg(long, conflicts_with = "variables")]
        text: Option<String>,
        /// A variable's value, as NAME=VALUE.
        #[arg(long = "var", value_name = "NAME=VALUE", requires = "name")]
        variables: Vec<String>,
        /// The country.
        #[arg(long, default_value_t = 84)]
        country: u16,
    },
}

/// One edition.
#[derive(Debug, Args)]
pub struct Edition {
    /// The template's name.
    pub name: String,
    /// Its version.
    pub version: u32,
}

/// Why somebody does something; who it is stands before.
#[derive(Debug, Args)]
pub struct By {
    /// Why.
    #[arg(long)]
    pub reason: String,
}

fn time(text: &str) -> Result<Timestamp, String> {
    serde_json::from_value(serde_json::Value::String(text.to_owned()))
        .map_err(|_| "write an RFC 3339 time, such as 2026-11-01T00:00:00+09:00".to_owned())
}
