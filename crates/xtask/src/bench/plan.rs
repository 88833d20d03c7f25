//! What is measured, and how often.

/// One way through the fleet that is measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, clap::ValueEnum)]
pub enum Path {
    /// A backlog of texts until the gateway has them, without receipts
    Send,
    /// A backlog of texts until the CRM has the outcome of each, with the gateway's two receipts a text
    LifeDrain,
    /// Texts at a fixed rate until the CRM has the outcome of each
    LifePaced,
}

impl Path {
    /// All of them, in the order in which they are measured.
    pub const ALL: [Path; 3] = [Path::Send, Path::LifeDrain, Path::LifePaced];

    /// As it is typed.
    pub fn name(self) -> &'static str {
        match self {
            Path::Send => "send",
            Path::LifeDrain => "life-drain",
            Path::LifePaced => "life-paced",
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
    /// Messages in hand of each role, if not the fleet's default.
    pub concurrency: Option<u16>,
    /// How long each answer of the gateway takes.
    pub gateway_ms: u64,
    /// Whether the dearest statements are told.
    pub statements: Statements,
}

/// Whether the database's dearest statements are told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Statements {
    /// Those of the last round.
    Told,
    /// None.
    Untold,
}
