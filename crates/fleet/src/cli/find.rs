//! The command line of finding and counting what was sent.

use clap::{Args, ValueEnum};

/// What is looked for: at least one of a recipient, a tail, a consultation, a country, and --state in_doubt.
#[derive(Debug, Args)]
pub struct Find {
    /// A number with plus and country code, or an address; `-` reads it from standard input, so that it stands in no
    /// history of commands.
    pub recipient: Option<String>,
    /// The last four digits of the number.
    #[arg(long, value_name = "DIGITS")]
    pub tail: Option<String>,
    /// The consultation's id.
    #[arg(long, value_name = "ID")]
    pub consultation: Option<String>,
    /// The country code of the number, such as 84; without --since, of the last 31 days.
    #[arg(long, value_name = "CODE")]
    pub country: Option<u16>,
    /// Text messages, emails or calls alone.
    #[arg(long)]
    pub channel: Option<ChannelName>,
    /// The agent who wrote the reply.
    #[arg(long, value_name = "ID")]
    pub agent: Option<String>,
    /// The template of the text: its name, or name and version as name/1.
    #[arg(long, value_name = "NAME")]
    pub template: Option<String>,
    /// The state, such as in_doubt or delivered.
    #[arg(long)]
    pub state: Option<String>,
    /// The failure code.
    #[arg(long)]
    pub code: Option<String>,
    /// Begun at this moment or later, such as 2026-11-29T09:00:00+09:00.
    #[arg(long, value_name = "TIME")]
    pub since: Option<String>,
    /// Begun before this moment.
    #[arg(long, value_name = "TIME")]
    pub until: Option<String>,
    /// The page after this one, as the page before names it.
    #[arg(long, value_name = "PAGE")]
    pub after: Option<String>,
    /// At most this many, up to 1000.
    #[arg(long, default_value_t = 50)]
    pub limit: i64,
}

/// A channel.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum ChannelName {
    /// Text messages.
    Sms,
    /// Emails.
    Email,
    /// Calls.
    Dial,
}

/// What is counted.
#[derive(Debug, Args)]
pub struct History {
    /// Begun on this day or later, such as 2026-11-01.
    #[arg(long, value_name = "DAY")]
    pub since: String,
    /// The last day, which counts; without one, the day of --since alone.
    #[arg(long, value_name = "DAY")]
    pub until: Option<String>,
    /// What they are told apart by, besides their channel.
    #[arg(long, value_enum, value_delimiter = ',', default_value = "day,country,agent,gateway,state")]
    pub by: Vec<CountName>,
    /// Text messages, emails or calls alone.
    #[arg(long)]
    pub channel: Option<ChannelName>,
    /// Of this country code alone.
    #[arg(long, value_name = "CODE")]
    pub country: Option<u16>,
    /// Of this agent alone.
    #[arg(long, value_name = "ID")]
    pub agent: Option<String>,
    /// Whose midnights part the days.
    #[arg(long, default_value = "Asia/Seoul", value_name = "ZONE")]
    pub time_zone: String,
    /// Print comma-separated values, for a spreadsheet.
    #[arg(long)]
    pub csv: bool,
}

/// What deliveries are told apart by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum CountName {
    /// The day on which they began.
    Day,
    /// The country code of the number.
    Country,
    /// The agent who wrote the reply.
    Agent,
    /// Who carries the latest try.
    Gateway,
    /// Where they stand.
    State,
}

/// How fast the rows of earlier releases are read again.
#[derive(Debug, Args)]
pub struct Backfill {
    /// Rows of one batch, up to 1000.
    #[arg(long, default_value_t = 200, value_name = "ROWS")]
    pub batch: u32,
    /// Milliseconds between two batches.
    #[arg(long, default_value_t = 50, value_name = "MILLISECONDS")]
    pub pause_ms: u64,
    /// Begin once more, although the last row was reached: after a new key, so that the old one can go.
    #[arg(long)]
    pub again: bool,
}
