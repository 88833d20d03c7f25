//! What is measured, and how often.

use crate::bench::profile::Profiler;

/// One way through the fleet that is measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, clap::ValueEnum)]
pub enum Path {
    /// A backlog of texts until the gateway has them, without receipts
    Send,
    /// A backlog of texts until the CRM has the outcome of each, with the gateway's two receipts a text
    LifeDrain,
    /// Texts at a fixed rate until the CRM has the outcome of each
    LifePaced,
    /// Texts that fail, at a fixed rate, until the mail server has the email in the place of each
    Fallback,
    /// A backlog of emails
    Email,
    /// Calls at a small pace
    Dial,
    /// Emails that die, and the replay of every letter
    Death,
    /// Questions to the advisor, as many as it answers and at five times the rate of jobs
    Advisor,
    /// The rules alone
    Explain,
    /// All roles and nothing to do
    Idle,
    /// Very many receipts within a minute, while jobs go on
    Storm,
}

impl Path {
    /// All of them, in the order in which they are measured.
    pub const ALL: [Path; 11] = [
        Path::Send,
        Path::LifeDrain,
        Path::LifePaced,
        Path::Fallback,
        Path::Email,
        Path::Dial,
        Path::Death,
        Path::Advisor,
        Path::Explain,
        Path::Idle,
        Path::Storm,
    ];

    /// Those that the yardstick knows.
    pub const IDEAL: [Path; 4] = [Path::Send, Path::LifeDrain, Path::LifePaced, Path::Storm];

    /// As it is typed.
    pub fn name(self) -> &'static str {
        match self {
            Path::Send => "send",
            Path::LifeDrain => "life-drain",
            Path::LifePaced => "life-paced",
            Path::Fallback => "fallback",
            Path::Email => "email",
            Path::Dial => "dial",
            Path::Death => "death",
            Path::Advisor => "advisor",
            Path::Explain => "explain",
            Path::Idle => "idle",
            Path::Storm => "storm",
        }
    }
}

/// What is measured, and how often.
#[derive(Clone, Debug)]
pub struct Plan {
    /// The ways.
    pub paths: Vec<Path>,
    /// Jobs of one backlog.
    pub jobs: u32,
    /// Jobs a second.
    pub rate: u32,
    /// For so long.
    pub seconds: u32,
    /// How often.
    pub rounds: u16,
    /// Receipts of a storm.
    pub receipts: u32,
    /// Within so many seconds.
    pub storm_s: u32,
    /// Messages in hand of each role, if not the fleet's default.
    pub concurrency: Option<u16>,
    /// How long each answer of the gateway takes.
    pub gateway_ms: u64,
    /// Whether the dearest statements are told.
    pub statements: Statements,
    /// Old deliveries in the tables.
    pub warm: u64,
    /// What looks where a role's time goes.
    pub profiler: Option<Profiler>,
}

/// Whether the database's dearest statements are told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Statements {
    /// Those of the last round.
    Told,
    /// None.
    Untold,
}
