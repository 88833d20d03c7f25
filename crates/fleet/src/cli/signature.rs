//! Why something is done, as far as a command puts it on record.

use super::{Command, Dead, FallbackHoldCommand, Suppress, template::Template};

impl Command {
    /// The reason or the purpose that goes on record, with the name of its flag, if this command writes any.
    pub fn reason(&self) -> Option<(&'static str, &str)> {
        match self {
            Self::Dead(
                Dead::Replay(settle)
                | Dead::Discard(settle)
                | Dead::Reopen(settle)
                | Dead::AnswerByEmail(settle),
            ) => Some(("--reason", &settle.reason)),
            Self::Template(
                Template::Add { by, .. }
                | Template::Import { by, .. }
                | Template::Submit { by, .. }
                | Template::Approve { by, .. }
                | Template::Revoke { by, .. },
            )
            | Self::FallbackHold(FallbackHoldCommand::Release { by, .. })
            | Self::Suppress(Suppress::Add { by, .. } | Suppress::Remove { by, .. }) => {
                Some(("--reason", &by.reason))
            }
            Self::Cancel(cancel) => Some(("--reason", &cancel.reason)),
            Self::Dead(Dead::Show { reveal, .. }) => {
                reveal.purpose.as_deref().map(|purpose| ("--purpose", purpose))
            }
            Self::Dead(Dead::List { .. } | Dead::Diff { .. })
            | Self::Template(Template::List | Template::Show(_) | Template::Test { .. })
            | Self::FallbackHold(FallbackHoldCommand::List)
            | Self::Suppress(Suppress::List { .. })
            | Self::Work(_)
            | Self::Intake
            | Self::Advisor
            | Self::Enqueue(_)
            | Self::Explain(_)
            | Self::Show { .. }
            | Self::Find(_)
            | Self::History(_)
            | Self::Backfill(_)
            | Self::Gateways(_)
            | Self::Users(_)
            | Self::Audit(_)
            | Self::Topology(_)
            | Self::Migrate
            | Self::Doctor(_)
            | Self::Outcomes(_)
            | Self::Schema { .. }
            | Self::Rules { .. }
            | Self::Keys
            | Self::Codes
            | Self::Words { .. }
            | Self::Probe { .. }
            | Self::Completions { .. } => None,
        }
    }
}
